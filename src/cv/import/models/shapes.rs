//! What JSON columns must look like, so that the server can read what was imported.

use crate::cv::import::model::Shape;
use crate::cv::rules::resume;
use estafette_protocol::cv::change::Change;
use estafette_protocol::cv::offer::JobOfferContent;
use estafette_protocol::cv::score::{ScoreBreakdown, Suggestion};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// A CV: normalised as an import by hand would be (G1).
pub(super) fn resume(value: Value) -> Shape {
    if value.is_null() {
        return Shape::Fits(value);
    }
    match resume::parse(value) {
        Ok(value) => Shape::Fits(value),
        Err(error) => Shape::Bad(format!("is no JSON Resume: {error}")),
    }
}

fn typed<T: DeserializeOwned>(value: Value) -> Shape {
    match serde_json::from_value::<Option<T>>(value.clone()) {
        Ok(_) => Shape::Fits(value),
        Err(error) => Shape::Bad(error.to_string()),
    }
}

/// Points by section (R35). Fractions are rounded, a missing part is 0.
pub(super) fn breakdown(value: Value) -> Shape {
    let Value::Object(map) = &value else { return typed::<ScoreBreakdown>(value) };
    let parts = ["technical_skills", "experience", "education", "projects", "soft_skills"];
    if !parts.iter().any(|part| map.get(*part).is_some_and(Value::is_number)) {
        return Shape::Bad("has none of the parts of a score".to_owned());
    }
    let mut whole = Map::new();
    for part in parts {
        #[allow(clippy::cast_possible_truncation)]
        let points = map.get(part).and_then(Value::as_f64).map_or(0, |points| points.clamp(0.0, 100.0).round() as i64);
        whole.insert(part.to_owned(), points.into());
    }
    let whole = Value::Object(whole);
    if whole == value {
        Shape::Fits(value)
    } else {
        Shape::Mended(whole, "parts were missing, fractions or unknown".to_owned())
    }
}

/// Proposals for a better score.
pub(super) fn suggestions(value: Value) -> Shape {
    list(value, |item| match item {
        Value::String(text) => Some(json!({"priority": "medium", "suggestion": text, "impact": ""})),
        Value::Object(map) => {
            let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let priority = text("priority").to_lowercase();
            let priority =
                if ["high", "medium", "low"].contains(&priority.as_str()) { priority } else { "medium".to_owned() };
            let impact =
                map.get("impact").map(|impact| impact.as_str().map_or_else(|| impact.to_string(), ToOwned::to_owned));
            let made =
                json!({"priority": priority, "suggestion": text("suggestion"), "impact": impact.unwrap_or_default()});
            (!text("suggestion").is_empty() && serde_json::from_value::<Suggestion>(made.clone()).is_ok())
                .then_some(made)
        }
        _ => None,
    })
}

/// Skills by name.
pub(super) fn names(value: Value) -> Shape {
    list(value, |item| match item {
        Value::String(text) => Some(text.as_str().into()),
        Value::Object(map) => map.get("name").or_else(|| map.get("skill")).filter(|name| name.is_string()).cloned(),
        _ => None,
    })
}

fn list(value: Value, of: impl Fn(&Value) -> Option<Value>) -> Shape {
    let items = match &value {
        Value::Null => return Shape::Fits(value),
        Value::Array(items) => items,
        _ => return Shape::Bad("is no list".to_owned()),
    };
    let made: Vec<Value> = items.iter().filter_map(&of).collect();
    let lost = items.len() - made.len();
    let made = Value::Array(made);
    if made == value {
        Shape::Fits(value)
    } else if lost == 0 {
        // Another way to write the same.
        Shape::Fits(made)
    } else {
        Shape::Mended(made, format!("{lost} entries could not be read"))
    }
}

/// Changes that await review (R28). What the old rows do not say (an id, the state) is filled in; without the place a
/// change cannot be undone.
pub(super) fn changes(value: Value) -> Shape {
    let items = match &value {
        Value::Null => return Shape::Fits(value),
        Value::Array(items) if items.is_empty() => return Shape::Fits(Value::Null),
        Value::Array(items) => items,
        _ => return Shape::Bad("is no list of changes".to_owned()),
    };
    let mut made = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut item = item.clone();
        if let Value::Object(map) = &mut item {
            let section =
                map.get("path").and_then(Value::as_str).and_then(|path| path.split('/').nth(1)).unwrap_or_default();
            let section = section.to_owned();
            let mut fill = |key: &str, value: Value| {
                if map.get(key).is_none_or(Value::is_null) {
                    map.insert(key.to_owned(), value);
                }
            };
            fill("id", format!("c{index}").into());
            fill("section", section.into());
            fill("field", "".into());
            fill("reason", "".into());
            fill("action", "modify".into());
            fill("status", "pending".into());
            for key in ["item_index", "decided_at", "before", "after"] {
                fill(key, Value::Null);
            }
        }
        match serde_json::from_value::<Change>(item.clone()) {
            Ok(change) if change.path.starts_with('/') => made.push(item),
            Ok(_) => return Shape::Bad("a change does not say its place (path)".to_owned()),
            Err(error) => return Shape::Bad(format!("a change cannot be read: {error}")),
        }
    }
    Shape::Fits(Value::Array(made))
}

/// An extracted job offer (R15): parts that cannot be read are left out, everything else is kept, unknown keys too.
pub(super) fn offer(value: Value) -> Shape {
    let Value::Object(map) = value else { return Shape::Bad("is no extracted offer".to_owned()) };
    let reads = |value: &Value| serde_json::from_value::<JobOfferContent>(value.clone()).is_ok();
    let mut lost = Vec::new();
    let mut made = Map::new();
    for (key, value) in map {
        if value.is_null() {
            continue;
        }
        let mut value = value;
        if !reads(&json!({ &key: value })) {
            value = match value {
                Value::Object(parts) => {
                    let kept = |(part, value): &(String, Value)| {
                        let reads = reads(&json!({ &key: { part: value } }));
                        if !reads && !value.is_null() {
                            lost.push(format!("{key}.{part}"));
                        }
                        reads
                    };
                    Value::Object(parts.into_iter().filter(kept).collect())
                }
                Value::Array(items) => {
                    let before = items.len();
                    let items: Vec<Value> = items.into_iter().filter(|item| reads(&json!({ &key: [item] }))).collect();
                    if items.len() < before {
                        lost.push(key.clone());
                    }
                    Value::Array(items)
                }
                _ => {
                    lost.push(key.clone());
                    continue;
                }
            };
        }
        made.insert(key, value);
    }
    let made = Value::Object(made);
    if !reads(&made) {
        return Shape::Bad("is no extracted offer".to_owned());
    }
    if lost.is_empty() { Shape::Fits(made) } else { Shape::Mended(made, format!("left out: {}", lost.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(shape: Shape) -> Value {
        match shape {
            Shape::Fits(value) => value,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn r28_old_changes_get_what_they_lack_and_need_their_place() {
        let made = fits(changes(json!([{"path": "/work/0/summary", "before": "a", "after": "b", "reason": "r"}])));
        assert_eq!(made[0]["status"], "pending");
        assert_eq!(made[0]["section"], "work");
        assert!(matches!(changes(json!([{"field": "summary", "before": "a"}])), Shape::Bad(_)));
        assert!(fits(changes(json!([]))).is_null());
    }

    #[test]
    fn r15_parts_of_an_offer_that_cannot_be_read_are_left_out() {
        let old = json!({"title": "Dev", "contract": "Interim", "languages": null, "extra": 1,
            "salary": {"min": 40000, "period": "fortnight"}, "skills": {"required": ["Rust"], "nice_to_have": null}});
        let Shape::Mended(made, lost) = offer(old) else { panic!() };
        assert_eq!(
            made,
            json!({"title": "Dev", "extra": 1, "salary": {"min": 40000}, "skills": {"required": ["Rust"]}})
        );
        assert_eq!(lost, "left out: contract, salary.period");
    }

    #[test]
    fn r35_scores_and_their_lists() {
        let Shape::Mended(made, _) = breakdown(json!({"technical_skills": 28.4, "experience": 22})) else { panic!() };
        assert_eq!((made["technical_skills"].as_i64(), made["soft_skills"].as_i64()), (Some(28), Some(0)));
        assert!(matches!(breakdown(json!({"total": 3})), Shape::Bad(_)));
        assert_eq!(fits(names(json!(["Rust", {"name": "Go"}]))), json!(["Rust", "Go"]));
        let Shape::Mended(made, _) =
            suggestions(json!(["Do it", {"priority": "HIGH", "suggestion": "x", "impact": 8}, 3]))
        else {
            panic!()
        };
        assert_eq!(made[1], json!({"priority": "high", "suggestion": "x", "impact": "8"}));
    }
}
