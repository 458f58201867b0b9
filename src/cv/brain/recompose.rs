//! Step `recompose`: the source with all modifications applied (cv P1, R28, R29). Deterministic; keys that no rule knows stay.
//!
//! No path of the result's changes begins with another's, and no change moves the entries of a list that another change
//! points into: so any of them can be undone, in any order, by putting its `before` back.

use super::types::{ChangeAction, Classification, Fate, Modification};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Changes of one result.
pub const MAX_CHANGES: usize = 1_000;

/// The new content, and the changes that lead there.
#[derive(Debug, Clone, PartialEq)]
pub struct Recomposed {
    /// The content.
    pub content: Value,
    /// The changes, in the order in which they were proposed; no path begins with another's.
    pub changes: Vec<Modification>,
}

/// Applies the modifications of the steps. One that does not fit the source (another value stands at its path), or that
/// overlaps an earlier one, is left out. Projects that the classification removes become one change of the section,
/// together with the changes within it.
pub fn recompose(cv: &Value, classification: &Classification, modifications: &[Modification]) -> Recomposed {
    let mut content = cv.clone();
    let mut changes: Vec<Modification> = Vec::new();
    for modification in modifications.iter().take(MAX_CHANGES) {
        let overlaps = changes
            .iter()
            .any(|other| within(&other.path, &modification.path) || within(&modification.path, &other.path));
        if !overlaps && fits(cv, modification) && apply(&mut content, modification) {
            changes.push(modification.clone());
        }
    }
    remove_projects(cv, &mut content, classification, &mut changes);
    Recomposed { content, changes }
}

/// Puts a change's `before` back at its path (cv R29). Returns whether the value there was the change's `after`.
pub fn undo(content: &mut Value, change: &Modification) -> bool {
    let stands = content.pointer(&change.path);
    let is_there = match change.action {
        ChangeAction::Remove => stands.is_none(),
        ChangeAction::Add | ChangeAction::Modify => stands == Some(&change.after),
    };
    if !is_there {
        return false;
    }
    let Some((parent, field)) = split(&change.path) else { return false };
    match (content.pointer_mut(parent), change.action) {
        (Some(Value::Object(map)), ChangeAction::Add) => map.remove(&field).is_some(),
        (Some(Value::Object(map)), _) => {
            map.insert(field, change.before.clone());
            true
        }
        (Some(Value::Array(items)), ChangeAction::Modify) => {
            let item = field.parse::<usize>().ok().and_then(|at| items.get_mut(at));
            item.map(|item| *item = change.before.clone()).is_some()
        }
        _ => false,
    }
}

fn within(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn split(path: &str) -> Option<(&str, String)> {
    let (parent, field) = path.rsplit_once('/')?;
    Some((parent, field.replace("~1", "/").replace("~0", "~")))
}

fn fits(cv: &Value, modification: &Modification) -> bool {
    let stands = cv.pointer(&modification.path);
    // An empty document, or one that is no object, has no fields.
    let parent =
        split(&modification.path).and_then(|(parent, _)| if parent.is_empty() { Some(cv) } else { cv.pointer(parent) });
    let owned = modification.path.starts_with("/basics/") || parent.is_some_and(Value::is_object);
    match modification.action {
        ChangeAction::Add => owned && stands.is_none(),
        ChangeAction::Modify => stands == Some(&modification.before),
        ChangeAction::Remove => owned && stands == Some(&modification.before),
    }
}

fn apply(content: &mut Value, modification: &Modification) -> bool {
    let Some((parent, field)) = split(&modification.path) else { return false };
    if parent == "/basics"
        && let Some(document) = content.as_object_mut()
        && !document.contains_key("basics")
    {
        document.insert("basics".to_owned(), Value::Object(Map::new()));
    }
    match content.pointer_mut(parent) {
        Some(Value::Object(map)) if modification.action == ChangeAction::Remove => map.remove(&field).is_some(),
        Some(Value::Object(map)) => {
            map.insert(field, modification.after.clone());
            true
        }
        Some(Value::Array(items)) if modification.action == ChangeAction::Modify => {
            let item = field.parse::<usize>().ok().and_then(|at| items.get_mut(at));
            item.map(|item| *item = modification.after.clone()).is_some()
        }
        _ => false,
    }
}

fn remove_projects(cv: &Value, content: &mut Value, classification: &Classification, changes: &mut Vec<Modification>) {
    let gone: BTreeSet<usize> = classification
        .projects
        .iter()
        .filter(|verdict| verdict.action == Fate::Remove)
        .filter_map(|verdict| usize::try_from(verdict.index).ok())
        .collect();
    let Some(items) = content.get("projects").and_then(Value::as_array) else { return };
    let kept: Vec<Value> =
        items.iter().enumerate().filter(|(at, _)| !gone.contains(at)).map(|(_, item)| item.clone()).collect();
    if kept.len() == items.len() {
        return;
    }
    let mut reasons: Vec<String> = Vec::new();
    let verdicts = classification.projects.iter().filter(|verdict| verdict.action == Fate::Remove);
    let within_projects = changes.iter().filter(|change| within("/projects", &change.path));
    for reason in verdicts.map(|verdict| &verdict.reason).chain(within_projects.map(|change| &change.reason)) {
        if !reason.is_empty() && !reasons.contains(reason) {
            reasons.push(reason.clone());
        }
    }
    changes.retain(|change| !within("/projects", &change.path));
    let after = Value::Array(kept);
    changes.push(Modification {
        section: "projects".to_owned(),
        field: "projects".to_owned(),
        item_index: None,
        path: "/projects".to_owned(),
        before: cv.get("projects").cloned().unwrap_or_default(),
        after: after.clone(),
        reason: reasons.join(" "),
        action: ChangeAction::Modify,
    });
    if let Some(document) = content.as_object_mut() {
        document.insert("projects".to_owned(), after);
    }
}
