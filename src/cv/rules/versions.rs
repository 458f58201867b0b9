//! Numbers of versions: what is saved, what the result is called, what is pruned (R25–R27, R31, R32).

/// Changelog of an adaptation.
pub const CHANGELOG_ADAPTATION: &str = "Adaptation IA";
/// Changelog of an optimisation.
pub const CHANGELOG_OPTIMIZATION: &str = "Optimisation IA";

/// Changelog of a restore (R31).
pub fn changelog_restore(version: i32) -> String {
    format!("Restauration depuis v{version}")
}

/// The two rows of R25: the state before is saved under its own number, the result under the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Row to insert or replace with the content before.
    pub save_as: i32,
    /// Row of the result, and the file's new `content_version`.
    pub result: i32,
}

/// R25. `newest` is the highest row there is: an accepted history never loses its numbers, even where `content_version`
/// lags behind (imported rows).
pub fn step(content_version: i32, newest: Option<i32>) -> Step {
    let save_as = content_version.max(1);
    Step { save_as, result: save_as.max(newest.unwrap_or(0)).saturating_add(1) }
}

/// R27: which rows go so that at most `max` stay, oldest first; never the row that pending changes are shown against,
/// never the newest.
pub fn prune(versions: &[i32], max: usize, pending_source: Option<i32>) -> Vec<i32> {
    let mut sorted = versions.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let newest = sorted.last().copied();
    let mut excess = sorted.len().saturating_sub(max.max(1));
    let mut pruned = Vec::new();
    for version in sorted {
        if excess == 0 {
            break;
        }
        if Some(version) == pending_source || Some(version) == newest {
            continue;
        }
        pruned.push(version);
        excess -= 1;
    }
    pruned
}

/// Why a version cannot be restored (R32).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreRefused {
    /// It never existed or was pruned.
    #[error("there is no version {0} of this CV (any more)")]
    Gone(i32),
    /// It is the current one.
    #[error("version {0} is the current one")]
    Current(i32),
}

/// R32. The current version is restorable no more than it differs: it is the one `content_version` names.
///
/// # Errors
/// [`RestoreRefused`].
pub fn check_restore(version: i32, content_version: i32, versions: &[i32]) -> Result<(), RestoreRefused> {
    if version == content_version {
        return Err(RestoreRefused::Current(version));
    }
    if !versions.contains(&version) {
        return Err(RestoreRefused::Gone(version));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn r25_the_state_before_keeps_its_number() {
        assert_eq!(step(1, None), Step { save_as: 1, result: 2 });
        assert_eq!(step(2, Some(2)), Step { save_as: 2, result: 3 });
        assert_eq!(step(2, Some(4)), Step { save_as: 2, result: 5 });
    }

    #[test]
    fn r27_the_oldest_go_and_the_one_under_review_stays() {
        assert_eq!(prune(&[1, 2, 3, 4, 5, 6], 5, None), vec![1]);
        assert_eq!(prune(&[1, 2, 3, 4, 5, 6], 5, Some(1)), vec![2]);
        assert_eq!(prune(&[1, 2], 1, Some(1)), Vec::<i32>::new());
        assert_eq!(prune(&[1, 2, 3], 5, None), Vec::<i32>::new());
    }

    #[test]
    fn r32_the_current_and_the_pruned_cannot_be_restored() {
        assert_eq!(check_restore(3, 3, &[1, 2, 3]), Err(RestoreRefused::Current(3)));
        assert_eq!(check_restore(1, 3, &[2, 3]), Err(RestoreRefused::Gone(1)));
        assert_eq!(check_restore(2, 3, &[2, 3]), Ok(()));
    }

    proptest! {
        #[test]
        fn r27_prunes_to_the_bound_and_keeps_what_must_stay(
            versions in prop::collection::btree_set(1_i32..60, 1..30), max in 1_usize..10, pick in 0_usize..30,
        ) {
            let versions: Vec<i32> = versions.into_iter().collect();
            let source = versions.get(pick % (versions.len() + 1)).copied();
            let pruned = prune(&versions, max, source);
            let kept: Vec<i32> = versions.iter().copied().filter(|v| !pruned.contains(v)).collect();
            prop_assert!(kept.len() <= max.max(2));
            prop_assert!(kept.contains(versions.last().unwrap()));
            if let Some(source) = source { prop_assert!(kept.contains(&source)); }
            if versions.len() <= max { prop_assert!(pruned.is_empty()); }
        }
    }
}
