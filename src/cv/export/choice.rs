//! Which sections, entries and fields a document has.

use crate::cv::rules::resume::LIST_SECTIONS;
use estafette_protocol::cv::call::SectionChoice;
use serde_json::Value;
use std::collections::BTreeMap;

/// Sections with what becomes of them; one that is not named is in the document.
pub type Choices = BTreeMap<String, SectionChoice>;

/// Characters of a heading that somebody chose.
const TITLE_CHARS: usize = 60;
/// Entries that a section may be cut to, at most.
const ITEMS_MAX: u64 = 500;
/// Fields that a section may hide.
const HIDDEN_MAX: usize = 20;

/// Checks what somebody chose.
///
/// # Errors
/// A sentence that names the section and what is wrong.
pub fn check(choices: &Choices) -> Result<(), String> {
    for (section, choice) in choices {
        if section != "basics" && !LIST_SECTIONS.contains(&section.as_str()) {
            return Err(format!("`{section}` is no section: there are basics, {}", LIST_SECTIONS.join(", ")));
        }
        let options = match &choice.options {
            Value::Null => continue,
            Value::Object(options) => options,
            _ => return Err(format!("the options of `{section}` must be an object")),
        };
        for (name, value) in options {
            let fits = match name.as_str() {
                "max_items" => value.as_u64().is_some_and(|n| (1..=ITEMS_MAX).contains(&n)),
                "title" => value.as_str().is_some_and(|title| {
                    !title.trim().is_empty()
                        && title.chars().count() <= TITLE_CHARS
                        && !title.chars().any(char::is_control)
                }),
                "hide" => value
                    .as_array()
                    .is_some_and(|fields| fields.len() <= HIDDEN_MAX && fields.iter().all(Value::is_string)),
                _ => return Err(format!("`{section}` has no option `{name}`: there are max_items, title, hide")),
            };
            if !fits {
                return Err(format!(
                    "`{section}.{name}`: max_items is 1 to {ITEMS_MAX}, title 1 to {TITLE_CHARS} characters, hide a list of \
                     at most {HIDDEN_MAX} names of fields"
                ));
            }
        }
    }
    Ok(())
}

/// The heading that somebody chose for a section.
pub fn title<'a>(choices: &'a Choices, section: &str) -> Option<&'a str> {
    choices.get(section)?.options.get("title")?.as_str().map(str::trim)
}

/// The document with what was chosen. The name stays: a CV without it is nobody's.
pub fn apply(mut content: Value, choices: &Choices) -> Value {
    let Some(map) = content.as_object_mut() else { return content };
    for (section, choice) in choices {
        let hidden: Vec<&str> = choice
            .options
            .get("hide")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if section == "basics" {
            if let Some(Value::Object(basics)) = map.get_mut("basics") {
                basics.retain(|field, _| field == "name" || choice.enabled && !hidden.contains(&field.as_str()));
            }
            continue;
        }
        if !choice.enabled {
            map.remove(section);
            continue;
        }
        let Some(Value::Array(items)) = map.get_mut(section) else { continue };
        if let Some(max) = choice.options.get("max_items").and_then(Value::as_u64) {
            items.truncate(usize::try_from(max).unwrap_or(usize::MAX));
        }
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            item.retain(|field, _| !hidden.contains(&field.as_str()));
        }
    }
    content
}
