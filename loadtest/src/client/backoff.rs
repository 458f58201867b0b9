//! Full jitter: a random wait between nothing and a bound that doubles, so that clients of a restarted server do not
//! come back all at once.

use rand::RngExt as _;
use std::time::Duration;

/// The first bound.
const FIRST: Duration = Duration::from_millis(200);
/// The last bound.
const LAST: Duration = Duration::from_secs(5);

/// The bound of an attempt, from 0.
fn bound(attempt: u32) -> Duration {
    FIRST.saturating_mul(1 << attempt.min(16)).min(LAST)
}

/// The wait before an attempt, from 0.
pub(super) fn wait(attempt: u32) -> Duration {
    let most = u64::try_from(bound(attempt).as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(rand::rng().random_range(0..=most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_its_last() {
        assert_eq!((bound(0), bound(1), bound(2)), (FIRST, FIRST * 2, FIRST * 4));
        assert_eq!((bound(10), bound(u32::MAX)), (LAST, LAST));
        assert!((0..100).all(|_| wait(3) <= bound(3)));
    }
}
