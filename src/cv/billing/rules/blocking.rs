//! Which CVs a plan keeps open (R52, P9).

use chrono::{DateTime, Utc};

/// Why a CV is blocked by a plan.
pub const PLAN_LIMIT: &str = "plan_limit";

/// A CV as blocking sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: String,
    /// Whether a credit paid for it: never blocked.
    pub created_with_credit: bool,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Why it is blocked now, if it is.
    pub blocked: Option<String>,
}

/// What becomes of the CVs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blocking {
    /// To be blocked.
    pub block: Vec<String>,
    /// To be unblocked.
    pub unblock: Vec<String>,
}

/// Decides for a plan that keeps `limit` CVs; `None`: as many as one likes. CVs that a credit paid for count, and stay
/// open; of the others the most recently changed stay open as far as there is room. What an administrator blocked stays
/// blocked, and counts.
pub fn decide(cvs: &[Stored], limit: Option<u32>) -> Blocking {
    let by_admin = |cv: &Stored| cv.blocked.as_deref().is_some_and(|reason| reason != PLAN_LIMIT);
    let fixed = cvs.iter().filter(|cv| cv.created_with_credit || by_admin(cv)).count();
    let room = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(fixed));
    let mut others: Vec<&Stored> = cvs.iter().filter(|cv| !cv.created_with_credit && !by_admin(cv)).collect();
    others.sort_by(|a, b| b.updated_at.cmp(&a.updated_at).then_with(|| b.id.cmp(&a.id)));
    let mut blocking = Blocking::default();
    for (place, cv) in others.iter().enumerate() {
        match (place < room, cv.blocked.is_some()) {
            (true, true) => blocking.unblock.push(cv.id.clone()),
            (false, false) => blocking.block.push(cv.id.clone()),
            _ => {}
        }
    }
    // One that a credit paid for and that was blocked all the same (a row taken over from elsewhere) is set free.
    let paid = cvs.iter().filter(|cv| cv.created_with_credit && cv.blocked.as_deref() == Some(PLAN_LIMIT));
    blocking.unblock.extend(paid.map(|cv| cv.id.clone()));
    blocking
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cv(id: &str, at: i64, credit: bool, blocked: Option<&str>) -> Stored {
        Stored {
            id: id.to_owned(),
            created_with_credit: credit,
            updated_at: DateTime::from_timestamp(at, 0).unwrap(),
            blocked: blocked.map(str::to_owned),
        }
    }

    #[test]
    fn r52_the_most_recently_changed_stay_and_those_of_credits_are_never_blocked() {
        let cvs = [
            cv("old", 1, false, None),
            cv("paid", 0, true, None),
            cv("new", 9, false, None),
            cv("mid", 5, false, None),
        ];
        assert_eq!(decide(&cvs, Some(3)).block, ["old"]);
        assert_eq!(decide(&cvs, Some(2)).block, ["mid", "old"]);
        assert_eq!(decide(&cvs, Some(0)).block, ["new", "mid", "old"]);
        assert_eq!(decide(&cvs, Some(4)), Blocking::default());
        assert_eq!(decide(&cvs, None), Blocking::default());
    }

    #[test]
    fn r52_an_upgrade_unblocks_what_a_plan_blocked_and_nothing_else() {
        let cvs = [cv("a", 1, false, Some(PLAN_LIMIT)), cv("b", 2, false, Some("spam")), cv("c", 3, false, None)];
        assert_eq!(decide(&cvs, None), Blocking { block: vec![], unblock: vec!["a".to_owned()] });
        assert_eq!(decide(&cvs, Some(2)), Blocking::default());
        assert_eq!(decide(&cvs, Some(3)).unblock, ["a"]);
    }

    proptest! {
        #[test]
        fn r52_open_ones_fit_the_plan_and_deciding_again_changes_nothing(
            cvs in prop::collection::vec((0_i64..50, any::<bool>(), 0_u8..3), 0..12), limit in 0_u32..10,
        ) {
            let mut cvs: Vec<Stored> = cvs.iter().enumerate().map(|(n, (at, credit, blocked))| {
                let reason = match blocked { 1 => Some(PLAN_LIMIT), 2 => Some("other"), _ => None };
                cv(&format!("{n:02}"), *at, *credit, reason)
            }).collect();
            let decided = decide(&cvs, Some(limit));
            for cv in &mut cvs {
                if decided.block.contains(&cv.id) { cv.blocked = Some(PLAN_LIMIT.to_owned()); }
                if decided.unblock.contains(&cv.id) { cv.blocked = None; }
            }
            prop_assert_eq!(decide(&cvs, Some(limit)), Blocking::default());
            let open = cvs.iter().filter(|cv| cv.blocked.is_none() && !cv.created_with_credit).count();
            prop_assert!(open <= limit as usize);
            prop_assert!(cvs.iter().all(|cv| !cv.created_with_credit || cv.blocked.as_deref() != Some(PLAN_LIMIT)));
        }
    }
}
