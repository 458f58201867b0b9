//! When a writer begins its next transaction. A transaction costs the database about the same for one commit as for
//! twenty, and tasks whose steps are quick come back a moment after their commit. A writer that began at once would take
//! only those that came meanwhile, and two half groups would take turns for ever. So it waits for those that it has just
//! let go on, for [`GATHER_FOR`] at most, and stops to when they do not come. A task that has ended does not come back:
//! waiting for it would make each wait the longest one.

use crate::limits::{GATHER_FOR, GATHER_SKIPS};
use std::time::Duration;

/// Decides whether it pays to wait.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// As many are enough.
    expected: usize,
    /// How many waited when the wait began.
    waited: usize,
    /// Times that no wait is tried, and times that were skipped before that.
    skip: u32,
    skipped: u32,
}

impl Gather {
    /// A group was written of which so many go on, and so many wait. How long to wait for those that go on; none: not at
    /// all.
    pub(super) fn after(&mut self, going_on: usize, waiting: usize) -> Option<Duration> {
        if going_on == 0 || going_on + waiting < 2 {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        (self.expected, self.waited) = (going_on + waiting, waiting);
        Some(GATHER_FOR)
    }

    /// Whether the wait is over with so many.
    pub(super) const fn is_enough(&mut self, waiting: usize) -> bool {
        let enough = waiting >= self.expected;
        if enough {
            self.skipped = 0;
        }
        enough
    }

    /// The time is over. Nobody came: the next waits are left out, twice as many each time.
    pub(super) fn expired(&mut self, waiting: usize) {
        self.skipped = if waiting > self.waited { 0 } else { (self.skipped * 2 + 1).min(GATHER_SKIPS) };
        self.skip = self.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_never_waits() {
        assert_eq!(Gather::default().after(1, 0), None);
    }

    #[test]
    fn nobody_waits_for_tasks_that_have_ended() {
        assert_eq!(Gather::default().after(0, 9), None);
    }

    #[test]
    fn those_that_come_back_at_once_are_waited_for() {
        let mut gather = Gather::default();
        assert_eq!(gather.after(12, 13), Some(GATHER_FOR));
        assert!(!gather.is_enough(24) && gather.is_enough(25));
        assert_eq!(gather.after(25, 0), Some(GATHER_FOR), "and again");
    }

    #[test]
    fn who_waits_for_nobody_soon_stops_to_and_tries_again_later() {
        let mut gather = Gather::default();
        let mut waits = 0;
        for _ in 0..1_000 {
            if gather.after(4, 3).is_some() {
                waits += 1;
                gather.expired(3);
            }
        }
        assert!((20..60).contains(&waits), "{waits}");
        while gather.after(4, 3).is_none() {}
        gather.expired(5);
        assert_eq!(gather.after(4, 3), Some(GATHER_FOR), "somebody came");
    }
}
