//! The clock of the machine.

use jiff::Timestamp;
use quittance_agent::ports::Clock;

/// The clock of the operating system, cut to whole microseconds: what the store keeps is then exactly what was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock port's one real implementation")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_whole_microseconds_of_this_century() {
        let now = SystemClock.now();
        assert_eq!(now.as_nanosecond() % 1_000, 0);
        assert!(now > Timestamp::from_second(1_577_836_800).unwrap(), "{now}");
    }
}
