//! Manual edits: JSON patches (RFC 6902) against a revision (R12, G15).

use super::resume::{self, NotAResume};
use json_patch::{Patch, PatchOperation};
use serde_json::Value;

/// Operations of one patch.
pub const MAX_PATCH_OPS: usize = 200;
/// Bytes of one patch as JSON.
pub const MAX_PATCH_BYTES: usize = 192 * 1024;

/// Why an edit is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditRefused {
    /// Not a JSON patch, or more than the bounds allow.
    #[error("{0}")]
    BadPatch(String),
    /// The caller edits another state than the one that is there (G15).
    #[error("the CV is at rev {current}, the edit is for rev {given}: rebase it on the newer patches")]
    Stale {
        /// The rev of the CV.
        current: i64,
        /// The caller's.
        given: i64,
    },
    /// An operation does not apply (a path that is not there, a failed test).
    #[error("the patch does not apply: {0}")]
    DoesNotApply(String),
    /// The result would not be a JSON Resume.
    #[error("the result would not be a JSON Resume: {0}")]
    NotAResume(#[from] NotAResume),
}

/// Reads a patch, within its bounds.
///
/// # Errors
/// [`EditRefused::BadPatch`].
pub fn parse(patch: &Value) -> Result<Patch, EditRefused> {
    let bad = |text: String| EditRefused::BadPatch(text);
    let Value::Array(operations) = patch else {
        return Err(bad("a patch is a list of operations (RFC 6902)".to_owned()));
    };
    if operations.len() > MAX_PATCH_OPS {
        return Err(bad(format!("a patch has at most {MAX_PATCH_OPS} operations")));
    }
    let bytes = serde_json::to_string(patch).map_or(usize::MAX, |text| text.len());
    if bytes > MAX_PATCH_BYTES {
        return Err(bad(format!("a patch has at most {} KiB", MAX_PATCH_BYTES / 1024)));
    }
    let patch: Patch =
        serde_json::from_value(patch.clone()).map_err(|error| bad(format!("not a JSON patch (RFC 6902): {error}")))?;
    // No state would allow it: a caller who rebased it as after a conflict would never end.
    if patch.0.iter().any(|operation| matches!(operation, PatchOperation::Remove(remove) if remove.path.is_root())) {
        return Err(bad("a patch cannot remove the whole document: use cv.delete".to_owned()));
    }
    Ok(patch)
}

/// R12: applies a manual edit. `None`: it changes nothing, and no revision is spent on it.
///
/// # Errors
/// [`EditRefused`]; the content stays as it was.
pub fn edit(content: &Value, current_rev: i64, given_rev: i64, patch: &Patch) -> Result<Option<Value>, EditRefused> {
    if current_rev != given_rev {
        return Err(EditRefused::Stale { current: current_rev, given: given_rev });
    }
    let mut edited = content.clone();
    // `copy` can double a document with each operation: the size is looked at after each of them.
    for operation in &patch.0 {
        let one = std::slice::from_ref(operation);
        json_patch::patch(&mut edited, one).map_err(|error| EditRefused::DoesNotApply(error.to_string()))?;
        if matches!(operation, PatchOperation::Copy(_)) {
            resume::check(&edited)?;
        }
    }
    resume::check(&edited)?;
    Ok((edited != *content).then_some(edited))
}

/// The patch that leads from one content to another.
pub fn between(from: &Value, to: &Value) -> Patch {
    json_patch::diff(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn patch(value: Value) -> Patch {
        parse(&value).unwrap()
    }

    #[test]
    fn r12_an_edit_needs_the_current_rev() {
        let content = json!({"basics": {"name": "A"}});
        let edit_name = patch(json!([{"op": "replace", "path": "/basics/name", "value": "B"}]));
        assert_eq!(edit(&content, 3, 3, &edit_name).unwrap().unwrap(), json!({"basics": {"name": "B"}}));
        assert_eq!(edit(&content, 4, 3, &edit_name), Err(EditRefused::Stale { current: 4, given: 3 }));
    }

    #[test]
    fn r12_an_edit_that_changes_nothing_costs_no_rev() {
        let content = json!({"basics": {"name": "A"}});
        let same = patch(json!([{"op": "replace", "path": "/basics/name", "value": "A"}]));
        assert_eq!(edit(&content, 0, 0, &same).unwrap(), None);
        assert_eq!(edit(&content, 0, 0, &patch(json!([]))).unwrap(), None);
    }

    #[test]
    fn patches_are_bounded_and_must_apply() {
        let content = json!({"basics": {"name": "A"}, "work": []});
        for bad in [
            json!({}),
            json!([{"op": "explode", "path": ""}]),
            json!([{"op": "add", "path": "x", "value": 1}]),
            json!(["x"]),
        ] {
            assert!(matches!(parse(&bad), Err(EditRefused::BadPatch(_))), "{bad}");
        }
        let many = Value::Array(vec![json!({"op": "test", "path": "", "value": 1}); MAX_PATCH_OPS + 1]);
        assert!(parse(&many).is_err());
        let missing = patch(json!([{"op": "remove", "path": "/work/3"}]));
        assert!(matches!(edit(&content, 0, 0, &missing), Err(EditRefused::DoesNotApply(_))));
        let broken = patch(json!([{"op": "replace", "path": "/work", "value": 3}]));
        assert!(matches!(edit(&content, 0, 0, &broken), Err(EditRefused::NotAResume(_))));
        assert!(parse(&json!([{"op": "remove", "path": ""}])).is_err());
    }

    #[test]
    fn a_patch_cannot_blow_up_by_copying() {
        let content = json!({"basics": {"a": ["x".repeat(1000)]}});
        let bomb: Vec<Value> =
            (0..60).map(|i| json!({"op": "copy", "from": "/basics", "path": format!("/basics/c{i}")})).collect();
        assert!(matches!(edit(&content, 0, 0, &patch(Value::Array(bomb))), Err(EditRefused::NotAResume(_))));
    }

    proptest! {
        #[test]
        fn g15_the_patch_between_two_states_leads_from_one_to_the_other(
            a in prop::collection::btree_map("[a-c]", "[x-z]{0,2}", 0..4),
            b in prop::collection::btree_map("[a-c]", "[x-z]{0,2}", 0..4),
        ) {
            let (from, to) = (json!({"basics": a}), json!({"basics": b}));
            let mut replica = from.clone();
            json_patch::patch(&mut replica, &between(&from, &to)).unwrap();
            prop_assert_eq!(replica, to);
        }
    }
}
