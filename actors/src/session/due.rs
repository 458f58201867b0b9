//! When a session wants to be woken: one clock looks for all of them, so that a session has no timer of its own.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Not at all.
const NEVER: u64 = u64::MAX;

/// The moment at which a session wants to be woken, if any.
#[derive(Debug)]
pub struct Due(AtomicU64);

impl Default for Due {
    fn default() -> Self {
        Self(AtomicU64::new(NEVER))
    }
}

fn millis(at: Instant) -> u64 {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    let since = at.saturating_duration_since(*BEGIN.get_or_init(Instant::now));
    u64::try_from(since.as_millis()).unwrap_or(NEVER - 1)
}

impl Due {
    /// Wakes then, or not at all.
    pub fn set(&self, at: Option<Instant>) {
        self.0.store(at.map_or(NEVER, millis), Ordering::Release);
    }

    /// Whether it is time now; says so once.
    pub fn take(&self, now: Instant) -> bool {
        self.0.load(Ordering::Acquire) <= millis(now) && self.0.swap(NEVER, Ordering::AcqRel) != NEVER
    }
}

/// The moment after so long, or never when that is beyond the clock.
pub(super) fn after(wait: Duration) -> Option<Instant> {
    Instant::now().checked_add(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_time_once() {
        let (due, now) = (Due::default(), Instant::now());
        assert!(!due.take(now + Duration::from_secs(1_000_000)), "never");
        due.set(Some(now + Duration::from_millis(100)));
        assert!(!due.take(now) && due.take(now + Duration::from_millis(100)));
        assert!(!due.take(now + Duration::from_secs(1)), "said already");
    }
}
