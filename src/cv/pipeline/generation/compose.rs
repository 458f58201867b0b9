//! The result of a generation out of its steps' modifications: deterministic, checked, and kept apart from every
//! side effect.

use crate::cv::brain::types::{Classification, Fate, Modification};
use crate::cv::rules::change::{self, Kept};
use crate::cv::rules::resume;
use estafette_protocol::cv::ChangeId;
use estafette_protocol::cv::change::Change;
use estafette_protocol::cv::status::ChangeAction;
use estafette_protocol::ids::new_cuid2;
use serde_json::Value;
use std::collections::BTreeSet;

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Composed {
    /// The new content.
    pub content: Value,
    /// The changes that lead there, for review (R28).
    pub changes: Vec<Change>,
}

/// Applies modifications to the source and finds the changes. Modifications name places in the *source*; one that does
/// not fit there (another value stands at its path) is left out, so that nothing is overwritten by mistake.
///
/// # Errors
/// A sentence, when the result would not be a JSON Resume.
pub fn compose(
    source: &Value,
    classification: &Classification,
    modifications: &[Modification],
) -> Result<Composed, String> {
    let composed = unchecked(source, classification, modifications);
    resume::check(&composed.content).map_err(|error| format!("the result is not a JSON Resume: {error}"))?;
    Ok(composed)
}

/// [`compose`] without the check of the result, for documents that are no JSON Resume to begin with.
pub(crate) fn unchecked(source: &Value, classification: &Classification, modifications: &[Modification]) -> Composed {
    let mut content = source.clone();
    let mut removed: BTreeSet<(String, usize)> = BTreeSet::new();
    for modification in modifications {
        match entry_of(&modification.path) {
            Some((section, index)) if modification.action == ChangeAction::Remove && is_list(source, &section) => {
                // Only projects go: a career with holes would be another career.
                if section == "projects" {
                    removed.insert((section, index));
                }
            }
            _ => apply(&mut content, modification),
        }
    }
    for verdict in classification.projects.iter().filter(|verdict| verdict.action == Fate::Remove) {
        removed.insert(("projects".to_owned(), usize::try_from(verdict.index).unwrap_or(usize::MAX)));
    }
    let kept = [leave_out(&mut content, "work", &removed), leave_out(&mut content, "projects", &removed)];
    let reasons = |section: &str, item: Option<usize>, field: Option<&str>| {
        reason(classification, modifications, section, item, field)
    };
    let mut ids = || ChangeId::parse(new_cuid2()).ok();
    let changes = change::between(source, &content, &kept, &reasons, &mut ids);
    Composed { content, changes }
}

/// Brings a result that was made from `source` onto a content that was edited meanwhile: what was edited by hand stays.
///
/// # Errors
/// As [`compose`].
pub fn rebase(
    current: &Value,
    source: &Value,
    classification: &Classification,
    modifications: &[Modification],
) -> Result<Composed, String> {
    if current == source {
        return compose(source, classification, modifications);
    }
    let mut verdicts = classification.clone();
    // Entries may have moved: nothing is taken away from a document that is not the one that was looked at.
    for verdict in &mut verdicts.projects {
        verdict.action = Fate::Keep;
    }
    let fitting: Vec<Modification> = modifications
        .iter()
        .filter(|modification| modification.action != ChangeAction::Remove || entry_of(&modification.path).is_none())
        .cloned()
        .collect();
    compose(current, &verdicts, &fitting)
}

fn is_list(document: &Value, section: &str) -> bool {
    document.get(section).is_some_and(Value::is_array)
}

/// `/projects/3` names an entry as a whole.
fn entry_of(path: &str) -> Option<(String, usize)> {
    let (section, index) = path.strip_prefix('/')?.split_once('/')?;
    Some((section.to_owned(), index.parse().ok()?))
}

fn apply(content: &mut Value, modification: &Modification) {
    let path = &modification.path;
    let Some((parent, field)) = path.rsplit_once('/') else { return };
    // The entries of these are looked at one by one; a document that is no object has no fields at all.
    let whole = parent.is_empty() && (["work", "projects"].contains(&field) || !content.is_object());
    let fits = !whole
        && match modification.action {
            ChangeAction::Add => content.pointer(path).is_none_or(Value::is_null),
            ChangeAction::Modify | ChangeAction::Remove => content.pointer(path) == Some(&modification.before),
        };
    if !fits {
        tracing::debug!(path, "a modification does not fit and is left out");
        return;
    }
    let field = field.replace("~1", "/").replace("~0", "~");
    // A section that is not there yet (a CV without basics) is made.
    if parent == "/basics"
        && content.get("basics").is_none()
        && let Some(document) = content.as_object_mut()
    {
        document.insert("basics".to_owned(), Value::Object(serde_json::Map::new()));
    }
    match content.pointer_mut(parent) {
        Some(Value::Object(map)) if modification.action == ChangeAction::Remove => {
            map.remove(&field);
        }
        Some(Value::Object(map)) => {
            map.insert(field, modification.after.clone());
        }
        Some(Value::Array(items)) if modification.action == ChangeAction::Modify => {
            if let Some(item) = field.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                *item = modification.after.clone();
            }
        }
        _ => {}
    }
}

fn leave_out(content: &mut Value, section: &'static str, removed: &BTreeSet<(String, usize)>) -> Kept {
    let Some(items) = content.get_mut(section).and_then(Value::as_array_mut) else {
        return Kept { section, indices: Vec::new() };
    };
    let indices: Vec<usize> =
        (0..items.len()).filter(|index| !removed.contains(&(section.to_owned(), *index))).collect();
    let mut index = 0;
    items.retain(|_| {
        let keep = indices.contains(&index);
        index += 1;
        keep
    });
    Kept { section, indices }
}

fn reason(
    classification: &Classification,
    modifications: &[Modification],
    section: &str,
    item: Option<usize>,
    field: Option<&str>,
) -> String {
    let item = item.and_then(|item| u32::try_from(item).ok());
    let same = |modification: &&Modification| {
        modification.section == section && (modification.item_index == item || item.is_none())
    };
    let exact = modifications
        .iter()
        .filter(same)
        .find(|modification| field.is_none_or(|field| modification.field == field))
        .or_else(|| modifications.iter().find(same));
    if let Some(modification) = exact {
        return modification.reason.clone();
    }
    let verdicts = if section == "projects" { &classification.projects } else { &classification.experiences };
    verdicts
        .iter()
        .find(|verdict| Some(verdict.index) == item)
        .map(|verdict| verdict.reason.clone())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cv::brain::types::Verdict;
    use serde_json::json;

    fn modification(path: &str, before: Value, after: Value, action: ChangeAction) -> Modification {
        let mut parts = path.split('/').skip(1);
        let section = parts.next().unwrap_or_default().to_owned();
        let rest: Vec<&str> = parts.collect();
        let item_index = rest.first().and_then(|index| index.parse().ok());
        let field = rest.last().map_or_else(|| section.clone(), |field| (*field).to_owned());
        Modification { section, field, item_index, path: path.to_owned(), before, after, reason: "why".into(), action }
    }

    fn source() -> Value {
        json!({
            "basics": {"name": "A", "summary": "old"},
            "work": [{"name": "x", "summary": "s"}, {"name": "y"}],
            "projects": [{"name": "p"}, {"name": "q", "description": "d"}],
            "extra": [1],
        })
    }

    fn without_first_project() -> Classification {
        let verdict = Verdict { index: 0, action: Fate::Remove, relevance: 0.0, reason: "unrelated".into() };
        Classification { projects: vec![verdict], ..Classification::default() }
    }

    #[test]
    fn r28_each_modification_becomes_a_change_with_its_reason() {
        let modifications = [
            modification("/basics/summary", json!("old"), json!("new"), ChangeAction::Modify),
            modification("/work/0/summary", json!("s"), json!("t"), ChangeAction::Modify),
            modification("/projects/1/description", json!("d"), json!("e"), ChangeAction::Modify),
        ];
        let composed = compose(&source(), &without_first_project(), &modifications).unwrap();
        assert_eq!(composed.content["projects"], json!([{"name": "q", "description": "e"}]));
        let seen: Vec<(&str, &str)> =
            composed.changes.iter().map(|change| (change.path.as_str(), change.reason.as_str())).collect();
        assert_eq!(
            seen,
            vec![
                ("/basics/summary", "why"),
                ("/work/0/summary", "why"),
                ("/projects/0", "unrelated"),
                ("/projects/0/description", "why"),
            ]
        );
        assert_eq!(composed.content["extra"], json!([1]));
    }

    #[test]
    fn a_career_keeps_all_its_entries() {
        let remove = modification("/work/0", json!({"name": "x", "summary": "s"}), Value::Null, ChangeAction::Remove);
        let composed = compose(&source(), &Classification::default(), &[remove]).unwrap();
        assert_eq!(composed.content, source());
        assert!(composed.changes.is_empty());
    }

    #[test]
    fn a_modification_of_another_value_is_left_out() {
        let stale = modification("/basics/summary", json!("something else"), json!("new"), ChangeAction::Modify);
        assert!(compose(&source(), &Classification::default(), &[stale]).unwrap().changes.is_empty());
    }

    #[test]
    fn r25_what_was_edited_by_hand_meanwhile_stays() {
        let modifications = [
            modification("/basics/summary", json!("old"), json!("new"), ChangeAction::Modify),
            modification("/work/0/summary", json!("s"), json!("t"), ChangeAction::Modify),
        ];
        let mut current = source();
        current["basics"]["summary"] = json!("mine");
        let composed = rebase(&current, &source(), &without_first_project(), &modifications).unwrap();
        assert_eq!(composed.content["basics"]["summary"], "mine");
        assert_eq!(composed.content["work"][0]["summary"], "t");
        assert_eq!(composed.content["projects"].as_array().unwrap().len(), 2);
        assert_eq!(composed.changes.len(), 1);
    }
}
