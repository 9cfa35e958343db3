//! A circuit breaker: after several failures in a row an endpoint is left alone, then tried with one question, and trusted again when that
//! is answered. Without it, an import of a thousand files would wait a thousand times for an endpoint that is down.

use std::time::Duration;

use tokio::time::Instant;

/// Longest rest.
const REST_MAX: Duration = Duration::from_secs(600);

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Questions go through; so many failures in a row.
    Closed { failures: u32 },
    /// None goes through before this instant; it has rested so long.
    Open { until: Instant, rest: Duration },
    /// One question is under way to see whether it answers again.
    Trying { rest: Duration },
}

/// See the module.
#[derive(Debug)]
pub(super) struct Breaker {
    failures_max: u32,
    rest: Duration,
    state: State,
}

impl Breaker {
    pub(super) fn new(failures_max: u32, rest: Duration) -> Self {
        Self { failures_max: failures_max.max(1), rest, state: State::Closed { failures: 0 } }
    }

    /// Whether a question may go through; otherwise how long it still rests.
    pub(super) fn begin(&mut self, now: Instant) -> Result<(), Duration> {
        match self.state {
            State::Closed { .. } => Ok(()),
            State::Open { until, rest } if now >= until => {
                self.state = State::Trying { rest };
                Ok(())
            }
            State::Open { until, .. } => Err(until.saturating_duration_since(now)),
            State::Trying { rest } => Err(rest),
        }
    }

    /// How a question ended.
    pub(super) fn end(&mut self, now: Instant, answered: bool) {
        self.state = match (self.state, answered) {
            (_, true) => State::Closed { failures: 0 },
            (State::Closed { failures }, false) if failures.saturating_add(1) < self.failures_max => {
                State::Closed { failures: failures.saturating_add(1) }
            }
            (State::Closed { .. }, false) => State::Open { until: now + self.rest, rest: self.rest },
            (State::Trying { rest }, false) => {
                let rest = rest.saturating_mul(2).min(REST_MAX);
                State::Open { until: now + rest, rest }
            }
            // One that began before it opened.
            (open @ State::Open { .. }, false) => open,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_opens_tries_again_and_closes() {
        let start = Instant::now();
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        let mut breaker = Breaker::new(3, Duration::from_secs(30));
        for _ in 0..2 {
            assert_eq!(breaker.begin(start), Ok(()));
            breaker.end(start, false);
        }
        breaker.end(start, true);
        for _ in 0..3 {
            assert_eq!(breaker.begin(start), Ok(()), "an answer in between begins the count anew");
            breaker.end(start, false);
        }
        assert_eq!(breaker.begin(after(10)), Err(Duration::from_secs(20)));
        // One that was under way when it opened does not prolong the rest.
        breaker.end(after(10), false);
        assert_eq!(breaker.begin(after(30)), Ok(()));
        assert_eq!(breaker.begin(after(30)), Err(Duration::from_secs(30)), "one at a time while it is tried");
        breaker.end(after(30), false);
        assert_eq!(breaker.begin(after(89)), Err(Duration::from_secs(1)), "the second rest is twice as long");
        assert_eq!(breaker.begin(after(90)), Ok(()));
        breaker.end(after(90), true);
        assert_eq!(breaker.begin(after(90)), Ok(()));
        assert_eq!(breaker.begin(after(90)), Ok(()));
    }
}
