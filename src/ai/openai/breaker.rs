//! The circuit breaker: after too many failures in a row nobody asks for a while, then one probe does. An endpoint that
//! says when to come back (429 with Retry-After) is left alone by everybody until then. One to an endpoint's base address.

use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// All pass; so many failures in a row.
    Closed { failures: u32 },
    /// Nobody passes before this time.
    Open { until: Instant, why: Why },
    /// One probe is under way.
    Probing(Why),
}

/// Why nobody passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Too many failures in a row.
    Failures,
    /// The endpoint asked for it.
    Throttled,
}

/// A call that may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// When to try again.
    pub(super) after: Duration,
    /// Why.
    pub(super) why: Why,
}

/// Shared by all calls to one endpoint.
#[derive(Debug)]
pub(super) struct Breaker {
    state: Mutex<State>,
    failures_max: u32,
    open_for: Duration,
}

impl Breaker {
    /// Opens after `failures_max` failures in a row (at least 1), for `open_for`.
    pub(super) fn new(failures_max: u32, open_for: Duration) -> Self {
        Self { state: Mutex::new(State::Closed { failures: 0 }), failures_max: failures_max.max(1), open_for }
    }

    /// Lets a call pass, or says after what time to try again.
    pub(super) fn pass(&self) -> Result<Pass<'_>, Held> {
        let mut state = self.state.lock();
        match *state {
            State::Closed { .. } => Ok(Pass { breaker: self, probe: false, judged: false }),
            State::Open { until, why } => {
                let left = until.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return Err(Held { after: left, why });
                }
                *state = State::Probing(why);
                Ok(Pass { breaker: self, probe: true, judged: false })
            }
            // The probe decides soon; asking again after a part of the pause does not miss much.
            State::Probing(why) => Err(Held { after: self.open_for / 4, why }),
        }
    }

    /// Whether calls pass: for `/ready` and tests.
    pub(super) fn is_open(&self) -> bool {
        !matches!(*self.state.lock(), State::Closed { .. })
    }
}

/// A call that was let through. Dropped without a verdict (its caller went away), it changes nothing but sets a probe
/// free.
pub(super) struct Pass<'a> {
    breaker: &'a Breaker,
    probe: bool,
    judged: bool,
}

impl Pass<'_> {
    /// The endpoint answered as an endpoint should.
    pub(super) fn succeeded(mut self) {
        self.judged = true;
        *self.breaker.state.lock() = State::Closed { failures: 0 };
    }

    /// The endpoint is not well.
    pub(super) fn failed(mut self) {
        self.judged = true;
        let mut state = self.breaker.state.lock();
        let open = State::Open { until: Instant::now() + self.breaker.open_for, why: Why::Failures };
        *state = match *state {
            State::Probing(_) if self.probe => open,
            State::Closed { failures } if failures + 1 >= self.breaker.failures_max => open,
            State::Closed { failures } => State::Closed { failures: failures + 1 },
            // A call from before the breaker opened says nothing new.
            other => other,
        };
    }

    /// The endpoint asks to be left alone for this time.
    pub(super) fn throttled(mut self, after: Duration) {
        self.judged = true;
        let mut state = self.breaker.state.lock();
        let until = Instant::now() + after;
        let until = match *state {
            State::Open { until: known, .. } => until.max(known),
            State::Closed { .. } | State::Probing(_) => until,
        };
        *state = State::Open { until, why: Why::Throttled };
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.probe && !self.judged {
            *self.breaker.state.lock() = State::Open { until: Instant::now(), why: Why::Failures };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(10);

    fn opened() -> Breaker {
        let breaker = Breaker::new(2, PAUSE);
        breaker.pass().unwrap().failed();
        breaker.pass().unwrap().failed();
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_says_when_it_tries_again() {
        let breaker = Breaker::new(2, PAUSE);
        breaker.pass().unwrap().failed();
        breaker.pass().unwrap().succeeded();
        breaker.pass().unwrap().failed();
        assert!(!breaker.is_open(), "the failures were not in a row");
        breaker.pass().unwrap().failed();
        assert_eq!(breaker.pass().err(), Some(Held { after: PAUSE, why: Why::Failures }));
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_says_when_to_come_back_is_left_alone_until_then() {
        let breaker = Breaker::new(8, PAUSE);
        let (one, two) = (breaker.pass().unwrap(), breaker.pass().unwrap());
        one.throttled(PAUSE * 3);
        two.throttled(PAUSE);
        assert_eq!(breaker.pass().err(), Some(Held { after: PAUSE * 3, why: Why::Throttled }), "the longest counts");
        tokio::time::advance(PAUSE * 3).await;
        let probe = breaker.pass().unwrap();
        assert_eq!(breaker.pass().err().map(|held| held.why), Some(Why::Throttled));
        probe.succeeded();
        assert!(breaker.pass().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_decides() {
        let breaker = opened();
        tokio::time::advance(PAUSE).await;
        let probe = breaker.pass().unwrap();
        assert!(breaker.pass().is_err(), "a second probe");
        probe.failed();
        assert!(breaker.pass().is_err());
        tokio::time::advance(PAUSE).await;
        breaker.pass().unwrap().succeeded();
        assert!(!breaker.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_probe_lets_the_next_one_try() {
        let breaker = opened();
        tokio::time::advance(PAUSE).await;
        drop(breaker.pass().unwrap());
        assert!(breaker.pass().is_ok());
    }
}
