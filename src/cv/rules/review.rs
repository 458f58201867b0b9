//! Decisions about proposed changes (R29, R30), and what a manual edit does to them (G11).

use super::{change, patch};
use chrono::{DateTime, Utc};
use estafette_protocol::Timestamp;
use estafette_protocol::cv::ChangeId;
use estafette_protocol::cv::change::{Change, ReviewDecision};
use estafette_protocol::cv::status::{ChangeAction, ChangeStatus, Decision};
use json_patch::{Patch, PatchOperation};
use serde_json::Value;

/// Decisions of one call.
pub const MAX_DECISIONS: usize = 1000;

/// Why a review is refused; nothing of it is done then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewRefused {
    /// More than the bound.
    #[error("a review has 1 to {MAX_DECISIONS} decisions")]
    Count,
    /// No such change is under review.
    #[error("there is no change {0} under review")]
    Unknown(ChangeId),
    /// It was decided the other way before.
    #[error("change {id} was {status} before")]
    Decided {
        /// The change.
        id: ChangeId,
        /// How it was decided.
        status: ChangeStatus,
    },
}

/// One decision that took effect: one revision (R29).
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The change, as it is now.
    pub change: Change,
    /// How.
    pub decision: Decision,
    /// What it did to the content; `None`: nothing.
    pub patch: Option<Patch>,
    /// Changes that still wait.
    pub remaining: u32,
}

/// A review's outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Reviewed {
    /// The content after it.
    pub content: Value,
    /// All changes, the decided ones included.
    pub changes: Vec<Change>,
    /// What took effect, in order. Empty for a repetition.
    pub decided: Vec<Decided>,
}

impl Reviewed {
    /// R30: whether nothing waits any more.
    pub fn is_over(&self) -> bool {
        remaining(&self.changes) == 0
    }
}

/// Changes that wait for a decision.
pub fn remaining(changes: &[Change]) -> u32 {
    let waiting = changes.iter().filter(|change| change.status == ChangeStatus::Pending).count();
    u32::try_from(waiting).unwrap_or(u32::MAX)
}

/// R29: applies decisions in order. A repetition of the same decision changes nothing; so does any decision about a
/// change that was superseded, as nothing is left to decide.
///
/// # Errors
/// [`ReviewRefused`].
pub fn decide(
    content: &Value,
    changes: &[Change],
    decisions: &[ReviewDecision],
    now: DateTime<Utc>,
) -> Result<Reviewed, ReviewRefused> {
    if decisions.is_empty() || decisions.len() > MAX_DECISIONS {
        return Err(ReviewRefused::Count);
    }
    let mut state = Reviewed { content: content.clone(), changes: changes.to_vec(), decided: Vec::new() };
    for decision in decisions {
        let Some(at) = state.changes.iter().position(|change| change.id == decision.change_id) else {
            return Err(ReviewRefused::Unknown(decision.change_id.clone()));
        };
        let Some(change) = state.changes.get(at) else { continue };
        match (change.status, decision.accept) {
            (ChangeStatus::Pending, accept) => one(&mut state, at, accept, now),
            (ChangeStatus::Accepted, true) | (ChangeStatus::Rejected, false) | (ChangeStatus::Superseded, _) => {}
            (status, _) => return Err(ReviewRefused::Decided { id: change.id.clone(), status }),
        }
    }
    Ok(state)
}

fn one(state: &mut Reviewed, at: usize, accept: bool, now: DateTime<Utc>) {
    let Some(change) = state.changes.get(at).cloned() else { return };
    let mut undone = None;
    let decision = if !change::still_there(&state.content, &change) {
        Decision::Superseded
    } else if accept {
        Decision::Accepted
    } else {
        let before = state.content.clone();
        let back = change::undo(&mut state.content, &change);
        undone = Some(patch::between(&before, &state.content));
        if let Some((list, place)) = back {
            shift(&mut state.changes, at, &list, place);
        }
        Decision::Rejected
    };
    settle(state, at, decision, undone, now);
}

/// An entry came back: the paths of what stands after it move by one.
fn shift(changes: &mut [Change], at: usize, list: &str, place: usize) {
    for (index, other) in changes.iter_mut().enumerate() {
        let left_out = other.action == ChangeAction::Remove && other.path == format!("{list}/{place}");
        if index != at
            && let Some(path) = change::moved(&other.path, list, place, left_out && index < at)
        {
            other.path = path;
        }
    }
}

fn settle(state: &mut Reviewed, at: usize, decision: Decision, patch: Option<Patch>, now: DateTime<Utc>) {
    let Some(change) = state.changes.get_mut(at) else { return };
    change.status = match decision {
        Decision::Accepted => ChangeStatus::Accepted,
        Decision::Rejected => ChangeStatus::Rejected,
        Decision::Superseded => ChangeStatus::Superseded,
    };
    change.decided_at = Some(Timestamp::new(now));
    let change = change.clone();
    let remaining = remaining(&state.changes);
    state.decided.push(Decided { change, decision, patch, remaining });
}

/// G11: after a manual edit, changes whose value is no longer what they left are superseded. Entries that the edit added
/// to a list or took from it move the paths of the others along. `content` is the content after the edit.
pub fn after_edit(content: &Value, changes: &[Change], edit: &Patch, now: DateTime<Utc>) -> Reviewed {
    let mut state = Reviewed { content: content.clone(), changes: changes.to_vec(), decided: Vec::new() };
    let mut gone = vec![false; changes.len()];
    for operation in &edit.0 {
        follow(&mut state.changes, &mut gone, operation, content);
    }
    let pending: Vec<usize> = state
        .changes
        .iter()
        .enumerate()
        .filter(|(_, change)| change.status == ChangeStatus::Pending)
        .map(|(at, _)| at)
        .collect();
    for at in pending {
        let lost = gone.get(at).copied().unwrap_or(false)
            || state.changes.get(at).is_some_and(|change| !change::still_there(content, change));
        if lost {
            settle(&mut state, at, Decision::Superseded, None, now);
        }
    }
    state
}

/// All pending changes are superseded: a version was restored (R31).
pub fn supersede_all(content: &Value, changes: &[Change], now: DateTime<Utc>) -> Reviewed {
    let mut state = Reviewed { content: content.clone(), changes: changes.to_vec(), decided: Vec::new() };
    for at in 0..changes.len() {
        if state.changes.get(at).is_some_and(|change| change.status == ChangeStatus::Pending) {
            settle(&mut state, at, Decision::Superseded, None, now);
        }
    }
    state
}

fn follow(changes: &mut [Change], gone: &mut [bool], operation: &PatchOperation, after: &Value) {
    let (path, delta) = match operation {
        PatchOperation::Add(add) => (add.path.to_string(), 1),
        PatchOperation::Remove(remove) => (remove.path.to_string(), -1),
        // What moves entries about in other ways is judged by the values alone.
        _ => return,
    };
    let Some((list, index)) =
        path.rsplit_once('/').and_then(|(list, index)| Some((list, index.parse::<usize>().ok()?)))
    else {
        return;
    };
    if !after.pointer(list).is_some_and(Value::is_array) {
        return;
    }
    for (change, gone) in changes.iter_mut().zip(gone) {
        let Some(rest) = change.path.strip_prefix(list).and_then(|rest| rest.strip_prefix('/')) else { continue };
        let (head, tail) = rest.split_once('/').map_or((rest, ""), |(head, tail)| (head, tail));
        let Ok(at) = head.parse::<usize>() else { continue };
        let left_out = change.action == ChangeAction::Remove && tail.is_empty();
        if delta < 0 && at == index && !left_out {
            *gone = true;
            continue;
        }
        let moves = if delta > 0 && !left_out { at >= index } else { at > index };
        if moves {
            let at = if delta > 0 { at + 1 } else { at.saturating_sub(1) };
            change.path = if tail.is_empty() { format!("{list}/{at}") } else { format!("{list}/{at}/{tail}") };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cv::rules::change::Kept;
    use proptest::prelude::*;
    use serde_json::json;

    fn setup() -> (Value, Value, Vec<Change>) {
        let source = json!({
            "basics": {"name": "A", "summary": "old"},
            "work": [{"name": "a"}, {"name": "b"}, {"name": "c", "summary": "s"}, {"name": "d"}],
            "skills": [{"name": "x"}, {"name": "y"}],
        });
        let result = json!({
            "basics": {"name": "A", "summary": "new", "label": "L"},
            "work": [{"name": "c", "summary": "t"}, {"name": "d", "summary": "added"}],
            "skills": [{"name": "y"}, {"name": "x"}],
        });
        let mut n = 0;
        let changes = change::between(
            &source,
            &result,
            &[Kept { section: "work", indices: vec![2, 3] }],
            &|_: &str, _: Option<usize>, _: Option<&str>| "because".to_owned(),
            &mut || {
                n += 1;
                ChangeId::parse(format!("c{n}")).ok()
            },
        );
        (source, result, changes)
    }

    fn decision(change: &Change, accept: bool) -> ReviewDecision {
        ReviewDecision { change_id: change.id.clone(), accept }
    }

    fn find<'a>(changes: &'a [Change], path: &str) -> &'a Change {
        changes.iter().find(|change| change.path == path).unwrap()
    }

    #[test]
    fn r29_reject_puts_before_back() {
        let (_, result, changes) = setup();
        let summary = find(&changes, "/basics/summary");
        let done = decide(&result, &changes, &[decision(summary, false)], Utc::now()).unwrap();
        assert_eq!(done.content.pointer("/basics/summary").unwrap(), "old");
        let mut replica = result.clone();
        json_patch::patch(&mut replica, done.decided[0].patch.as_ref().unwrap()).unwrap();
        assert_eq!(replica, done.content);
        assert_eq!(done.decided[0].remaining, u32::try_from(changes.len()).unwrap() - 1);
    }

    #[test]
    fn r29_accept_marks_and_leaves_the_content() {
        let (_, result, changes) = setup();
        let done = decide(&result, &changes, &[decision(&changes[0], true)], Utc::now()).unwrap();
        assert_eq!(done.content, result);
        assert_eq!(done.changes[0].status, ChangeStatus::Accepted);
        assert!(done.changes[0].decided_at.is_some());
    }

    #[test]
    fn r29_a_decision_is_idempotent_and_terminal() {
        let (_, result, changes) = setup();
        let once = decide(&result, &changes, &[decision(&changes[0], false)], Utc::now()).unwrap();
        let twice = decide(&once.content, &once.changes, &[decision(&changes[0], false)], Utc::now()).unwrap();
        assert!(twice.decided.is_empty());
        assert_eq!(twice.content, once.content);
        assert!(matches!(
            decide(&once.content, &once.changes, &[decision(&changes[0], true)], Utc::now()),
            Err(ReviewRefused::Decided { .. })
        ));
    }

    #[test]
    fn r29_a_value_that_moved_on_is_superseded_and_stays() {
        let (_, mut result, changes) = setup();
        result["basics"]["summary"] = json!("by hand");
        let summary = find(&changes, "/basics/summary");
        let done = decide(&result, &changes, &[decision(summary, false)], Utc::now()).unwrap();
        assert_eq!(done.decided[0].decision, Decision::Superseded);
        assert_eq!(done.content["basics"]["summary"], "by hand");
    }

    #[test]
    fn r29_unknown_changes_refuse_the_whole_review() {
        let (_, result, changes) = setup();
        let unknown = ReviewDecision { change_id: ChangeId::parse("nope").unwrap(), accept: true };
        let both = [decision(&changes[0], true), unknown];
        assert!(matches!(decide(&result, &changes, &both, Utc::now()), Err(ReviewRefused::Unknown(_))));
        assert!(matches!(decide(&result, &changes, &[], Utc::now()), Err(ReviewRefused::Count)));
    }

    #[test]
    fn r30_the_last_decision_ends_the_review() {
        let (_, result, changes) = setup();
        let all: Vec<ReviewDecision> = changes.iter().map(|change| decision(change, true)).collect();
        assert!(decide(&result, &changes, &all, Utc::now()).unwrap().is_over());
        assert!(!decide(&result, &changes, &all[1..], Utc::now()).unwrap().is_over());
    }

    #[test]
    fn r31_a_restore_supersedes_what_is_open() {
        let (source, result, changes) = setup();
        let some = decide(&result, &changes, &[decision(&changes[0], true)], Utc::now()).unwrap();
        let done = supersede_all(&source, &some.changes, Utc::now());
        assert!(done.is_over());
        assert_eq!(done.decided.len(), changes.len() - 1);
    }

    #[test]
    fn g11_an_edit_supersedes_what_it_touches_and_moves_the_rest() {
        let (_, result, changes) = setup();
        let edit = patch::parse(&json!([
            {"op": "add", "path": "/work/0", "value": {"name": "new"}},
            {"op": "replace", "path": "/basics/summary", "value": "mine"},
        ]))
        .unwrap();
        let edited = patch::edit(&result, 0, 0, &edit).unwrap().unwrap();
        let after = after_edit(&edited, &changes, &edit, Utc::now());
        assert_eq!(after.decided.len(), 1);
        assert_eq!(after.decided[0].change.path, "/basics/summary");
        let moved = find(&after.changes, "/work/1/summary");
        let done = decide(&edited, &after.changes, &[decision(moved, false)], Utc::now()).unwrap();
        assert_eq!(done.content["work"][1], json!({"name": "c", "summary": "s"}));
    }

    #[test]
    fn g11_taking_an_entry_away_supersedes_its_changes() {
        let (_, result, changes) = setup();
        let edit = patch::parse(&json!([{"op": "remove", "path": "/work/0"}])).unwrap();
        let edited = patch::edit(&result, 0, 0, &edit).unwrap().unwrap();
        let after = after_edit(&edited, &changes, &edit, Utc::now());
        let lost: Vec<&str> = after.decided.iter().map(|decided| decided.change.field.as_str()).collect();
        assert_eq!(lost, vec!["summary"]);
        assert!(after.changes.iter().any(|c| c.path == "/work/0/summary" && c.status == ChangeStatus::Pending));
    }

    proptest! {
        /// Rejecting everything, in whatever order, leads back to the source; every patch leads a replica along.
        #[test]
        fn r29_rejecting_all_in_any_order_restores_the_source(order in Just((0..7_usize).collect::<Vec<_>>()).prop_shuffle()) {
            let (source, result, changes) = setup();
            prop_assert_eq!(changes.len(), 7);
            let (mut content, mut open, mut replica) = (result.clone(), changes.clone(), result);
            for at in order {
                let done = decide(&content, &open, &[decision(&changes[at], false)], Utc::now()).unwrap();
                prop_assert_eq!(done.decided.len(), 1);
                prop_assert_eq!(done.decided[0].decision, Decision::Rejected);
                json_patch::patch(&mut replica, done.decided[0].patch.as_ref().unwrap()).unwrap();
                content = done.content;
                open = done.changes;
            }
            prop_assert_eq!(&replica, &content);
            prop_assert_eq!(content, source);
        }

        /// Whatever mixture of decisions: what was accepted is the result's, what was rejected the source's.
        #[test]
        fn r29_decisions_are_independent(choices in prop::collection::vec(any::<bool>(), 7), order in Just((0..7_usize).collect::<Vec<_>>()).prop_shuffle()) {
            let (_, result, changes) = setup();
            let in_order: Vec<ReviewDecision> = (0..7).map(|at| decision(&changes[at], choices[at])).collect();
            let shuffled: Vec<ReviewDecision> = order.iter().map(|&at| decision(&changes[at], choices[at])).collect();
            let a = decide(&result, &changes, &in_order, Utc::now()).unwrap();
            let b = decide(&result, &changes, &shuffled, Utc::now()).unwrap();
            prop_assert_eq!(a.content, b.content);
            prop_assert!(a.decided.iter().all(|d| d.decision != Decision::Superseded));
        }
    }
}
