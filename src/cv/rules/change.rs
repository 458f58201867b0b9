//! One proposed change (R28): how changes are found between a source and a result, and how one is undone.
//!
//! Changes never overlap: inside `basics`, `work` and `projects` there is one a field, elsewhere one a section, and an
//! entry that was left out is one change of its own. So the decision about one never touches another, except that an
//! entry that comes back moves the entries after it, and their paths with them.

use super::resume::{LIST_SECTIONS, escape};
use estafette_protocol::cv::ChangeId;
use estafette_protocol::cv::change::Change;
use estafette_protocol::cv::status::{ChangeAction, ChangeStatus};
use serde_json::{Map, Value};

/// Changes of one review.
pub const MAX_CHANGES: usize = 1000;

/// Which entries of a list section the result kept: `kept[i]` is the source index of the result's entry `i`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// `work` or `projects`.
    pub section: &'static str,
    /// Source indices, ascending.
    pub indices: Vec<usize>,
}

/// Where a reason is looked up: `(section, source item index, field)`.
pub trait Reasons {
    /// Why a field was changed.
    fn reason(&self, section: &str, item: Option<usize>, field: Option<&str>) -> String;
}

impl<F: Fn(&str, Option<usize>, Option<&str>) -> String> Reasons for F {
    fn reason(&self, section: &str, item: Option<usize>, field: Option<&str>) -> String {
        self(section, item, field)
    }
}

/// The changes that lead from `source` to `result`, in the order of the document. `ids` makes their ids.
pub fn between(
    source: &Value,
    result: &Value,
    kept: &[Kept],
    reasons: &impl Reasons,
    ids: &mut impl FnMut() -> Option<ChangeId>,
) -> Vec<Change> {
    let empty = Map::new();
    let (from, to) = (source.as_object().unwrap_or(&empty), result.as_object().unwrap_or(&empty));
    let mut found = Vec::new();
    let mut sections: Vec<&str> = keys(from, to).collect();
    // The order in which a CV is read, whatever the order of its keys.
    sections.sort_by_key(|section| place_of(section));
    for section in sections {
        let (before, after) = (from.get(section), to.get(section));
        if let Some(kept) = kept.iter().find(|kept| kept.section == section) {
            entries(section, before, after, &kept.indices, reasons, &mut found);
        } else if section == "basics" {
            fields(
                section,
                None,
                "/basics",
                before,
                after,
                &|field| reasons.reason(section, None, Some(field)),
                &mut found,
            );
        } else if before != after {
            let path = format!("/{}", escape(section));
            found.push(Draft {
                section: section.to_owned(),
                field: section.to_owned(),
                item_index: None,
                path,
                before: before.cloned(),
                after: after.cloned(),
                reason: reasons.reason(section, None, None),
            });
        }
    }
    found.into_iter().take(MAX_CHANGES).filter_map(|draft| draft.finish(ids()?)).collect()
}

fn place_of(section: &str) -> usize {
    let list = LIST_SECTIONS.iter().position(|known| *known == section).map(|at| at + 1);
    if section == "basics" { 0 } else { list.unwrap_or(usize::MAX) }
}

struct Draft {
    section: String,
    field: String,
    item_index: Option<u32>,
    path: String,
    before: Option<Value>,
    after: Option<Value>,
    reason: String,
}

impl Draft {
    fn finish(self, id: ChangeId) -> Option<Change> {
        let action = match (&self.before, &self.after) {
            (None, None) => return None,
            (None, Some(_)) => ChangeAction::Add,
            (Some(_), None) => ChangeAction::Remove,
            (Some(_), Some(_)) => ChangeAction::Modify,
        };
        Some(Change {
            id,
            section: self.section,
            field: self.field,
            item_index: self.item_index,
            path: self.path,
            before: self.before.unwrap_or(Value::Null),
            after: self.after.unwrap_or(Value::Null),
            reason: self.reason,
            action,
            status: ChangeStatus::Pending,
            decided_at: None,
        })
    }
}

/// The keys of both, in the order of the first, then of the second.
fn keys<'a>(from: &'a Map<String, Value>, to: &'a Map<String, Value>) -> impl Iterator<Item = &'a str> {
    from.keys().chain(to.keys().filter(|key| !from.contains_key(*key))).map(String::as_str)
}

fn fields(
    section: &str,
    item_index: Option<u32>,
    path: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    reason: &dyn Fn(&str) -> String,
    found: &mut Vec<Draft>,
) {
    let empty = Map::new();
    let from = before.and_then(Value::as_object).unwrap_or(&empty);
    let to = after.and_then(Value::as_object).unwrap_or(&empty);
    for field in keys(from, to) {
        if from.get(field) != to.get(field) {
            found.push(Draft {
                section: section.to_owned(),
                field: field.to_owned(),
                item_index,
                path: format!("{path}/{}", escape(field)),
                before: from.get(field).cloned(),
                after: to.get(field).cloned(),
                reason: reason(field),
            });
        }
    }
}

fn entries(
    section: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    kept: &[usize],
    reasons: &impl Reasons,
    found: &mut Vec<Draft>,
) {
    let none = Vec::new();
    let from = before.and_then(Value::as_array).unwrap_or(&none);
    let to = after.and_then(Value::as_array).unwrap_or(&none);
    let mut place = 0;
    for (index, item) in from.iter().enumerate() {
        let item_index = u32::try_from(index).ok();
        if kept.contains(&index) {
            fields(
                section,
                item_index,
                &format!("/{section}/{place}"),
                Some(item),
                to.get(place),
                &|field| reasons.reason(section, Some(index), Some(field)),
                found,
            );
            place += 1;
        } else {
            found.push(Draft {
                section: section.to_owned(),
                field: section.to_owned(),
                item_index,
                path: format!("/{section}/{place}"),
                before: Some(item.clone()),
                after: None,
                reason: reasons.reason(section, Some(index), None),
            });
        }
    }
}

/// Whether the value at the change's path is still what the change left there (R29). An entry that was left out of a
/// list leaves no trace to compare: it can come back as long as there is a list.
pub fn still_there(content: &Value, change: &Change) -> bool {
    match (change.action, list_place(content, &change.path)) {
        (ChangeAction::Remove, Some((list, _))) => content.pointer(list).is_some_and(Value::is_array),
        (ChangeAction::Remove, None) => {
            content.pointer(&change.path).is_none()
                && parent(&change.path).is_some_and(|parent| content.pointer(parent).is_some_and(Value::is_object))
        }
        _ => content.pointer(&change.path) == Some(&change.after),
    }
}

/// Puts `before` back at `path` (R29). Only for changes that are [`still_there`]. Returns the list and the place where
/// an entry came back, for [`moved`].
pub fn undo(content: &mut Value, change: &Change) -> Option<(String, usize)> {
    let back = list_place(content, &change.path).map(|(list, place)| (list.to_owned(), place));
    match change.action {
        ChangeAction::Modify => {
            if let Some(value) = content.pointer_mut(&change.path) {
                *value = change.before.clone();
            }
            None
        }
        ChangeAction::Remove => match back {
            Some((list, place)) => {
                let items = content.pointer_mut(&list)?.as_array_mut()?;
                let place = place.min(items.len());
                items.insert(place, change.before.clone());
                Some((list, place))
            }
            None => {
                let (parent, field) = split(&change.path)?;
                content.pointer_mut(parent)?.as_object_mut()?.insert(field, change.before.clone());
                None
            }
        },
        ChangeAction::Add => {
            let (parent, field) = split(&change.path)?;
            content.pointer_mut(parent)?.as_object_mut()?.remove(&field);
            None
        }
    }
}

/// The path after an entry came back at `place` of `list`. An entry that was itself left out at the same place stays
/// before it when it is `earlier` in the document.
pub fn moved(path: &str, list: &str, place: usize, earlier: bool) -> Option<String> {
    let rest = path.strip_prefix(list)?.strip_prefix('/')?;
    let (index, tail) = match rest.split_once('/') {
        Some((index, tail)) => (index, Some(tail)),
        None => (rest, None),
    };
    let index: usize = index.parse().ok()?;
    if index < place || (index == place && earlier) {
        return None;
    }
    let index = index + 1;
    Some(tail.map_or_else(|| format!("{list}/{index}"), |tail| format!("{list}/{index}/{tail}")))
}

fn parent(path: &str) -> Option<&str> {
    path.rfind('/').and_then(|at| path.get(..at))
}

fn split(path: &str) -> Option<(&str, String)> {
    let at = path.rfind('/')?;
    let field = path.get(at + 1..)?.replace("~1", "/").replace("~0", "~");
    Some((path.get(..at)?, field))
}

/// The list and the index that a path ends in, if it ends in a list.
fn list_place<'a>(content: &Value, path: &'a str) -> Option<(&'a str, usize)> {
    let at = path.rfind('/')?;
    let list = path.get(..at)?;
    let index = path.get(at + 1..)?.parse().ok()?;
    content.pointer(list).is_some_and(Value::is_array).then_some((list, index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn counter() -> impl FnMut() -> Option<ChangeId> {
        let mut n = 0;
        move || {
            n += 1;
            ChangeId::parse(format!("c{n}")).ok()
        }
    }

    fn no_reason(_: &str, _: Option<usize>, _: Option<&str>) -> String {
        String::new()
    }

    #[test]
    fn r28_each_changed_field_is_one_change() {
        let source = json!({
            "basics": {"name": "A", "summary": "old"},
            "work": [{"name": "x", "summary": "s"}, {"name": "y"}, {"name": "z", "highlights": ["a"]}],
            "skills": [{"name": "b"}, {"name": "a"}],
        });
        let result = json!({
            "basics": {"name": "A", "summary": "new", "label": "L"},
            "work": [{"name": "x", "summary": "t"}, {"name": "z", "highlights": ["b"]}],
            "skills": [{"name": "a"}, {"name": "b"}],
        });
        let kept = [Kept { section: "work", indices: vec![0, 2] }];
        let changes = between(&source, &result, &kept, &no_reason, &mut counter());
        let seen: Vec<(&str, &str, &str)> =
            changes.iter().map(|c| (c.path.as_str(), c.action.as_str(), c.field.as_str())).collect();
        assert_eq!(
            seen,
            vec![
                ("/basics/summary", "modify", "summary"),
                ("/basics/label", "add", "label"),
                ("/work/0/summary", "modify", "summary"),
                ("/work/1", "remove", "work"),
                ("/work/1/highlights", "modify", "highlights"),
                ("/skills", "modify", "skills"),
            ]
        );
        assert!(changes.iter().all(|change| still_there(&result, change)));
    }

    #[test]
    fn r28_the_path_is_a_json_pointer() {
        let changes = between(
            &json!({"basics": {"a/b~c": 1}}),
            &json!({"basics": {"a/b~c": 2}}),
            &[],
            &no_reason,
            &mut counter(),
        );
        assert_eq!(changes[0].path, "/basics/a~1b~0c");
        let mut content = json!({"basics": {"a/b~c": 2}});
        undo(&mut content, &changes[0]);
        assert_eq!(content, json!({"basics": {"a/b~c": 1}}));
    }
}
