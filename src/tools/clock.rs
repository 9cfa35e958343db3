//! The clock of the machine.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
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

    fn today(&self, time_zone: &str) -> Date {
        let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
        self.now().to_zoned(zone).date()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_civil_date_is_that_of_the_zone() {
        // 25 hours lie between these two, so their dates never agree.
        assert_ne!(SystemClock.today("Pacific/Kiritimati"), SystemClock.today("Pacific/Pago_Pago"));
        assert_eq!(SystemClock.today("Nowhere/At_All"), SystemClock.today("UTC"));
    }

    #[test]
    fn gives_whole_microseconds_of_this_century() {
        let now = SystemClock.now();
        assert_eq!(now.as_nanosecond() % 1_000, 0);
        assert!(now > Timestamp::from_second(1_577_836_800).unwrap(), "{now}");
    }
}
