//! Whether a document is a JSON Resume (G1), and the form it is stored in.
//!
//! Real CVs are irregular, so the check is about *shape*: sections have the type that everything downstream relies on
//! (objects, lists of objects, texts), unknown keys are kept, missing sections are fine, dates are texts of any form.
//! What older versions of the format and well-known generators write differently is **normalised** instead of refused:
//!
//! | found | stored |
//! |---|---|
//! | `basics.firstname`/`firstName`, `lastname`/`lastName` without `name` | `basics.name` |
//! | `basics.location` as a text | `{"address": …}` |
//! | `basics.website`, `work[].website`, `volunteer[].website`, `publications[].website` | `url` |
//! | `basics.picture` | `image` |
//! | `work[].company` | `work[].name` |
//! | `skills[].group` | `skills[].name` |
//! | a skill, interest, language or keyword list given as plain texts | objects with `name` (`language`) |
//! | `endDate` of "Present", "aujourd'hui", "heute", … | absent, which is how the format says "until now" |
//! | `null` in place of a section or a text | absent |
//! | a number in place of an entry's text (a mark, a year) | the number as text |
//! | the place of an entry as an object | its parts as one text |
//!
//! Everything else of the wrong type is refused with the path of the offending field.

use crate::cv::brain::text::lang::Lang;
use serde_json::{Map, Value, json};

/// Bytes of a CV as JSON.
pub const MAX_CV_BYTES: usize = 512 * 1024;
/// Nesting of a CV.
pub const MAX_CV_DEPTH: usize = 16;
/// Entries of one list or map of a CV.
pub const MAX_CV_ENTRIES: usize = 500;
/// Bytes of one text of a CV.
pub const MAX_CV_TEXT_BYTES: usize = 64 * 1024;

/// Sections that are lists of objects.
pub const LIST_SECTIONS: &[&str] = &[
    "work",
    "volunteer",
    "education",
    "awards",
    "certificates",
    "publications",
    "skills",
    "languages",
    "interests",
    "references",
    "projects",
];

/// Why a document is not a JSON Resume.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", if path.is_empty() { "the document" } else { path })]
pub struct NotAResume {
    /// JSON pointer to the offending field, empty for the whole document.
    pub path: String,
    /// What is wrong and what was expected.
    pub problem: String,
}

fn refuse(path: &str, problem: impl Into<String>) -> NotAResume {
    NotAResume { path: path.to_owned(), problem: problem.into() }
}

/// Normalises and checks a document that somebody brings.
///
/// # Errors
/// [`NotAResume`] with the path of the first offending field.
pub fn parse(document: Value) -> Result<Value, NotAResume> {
    check_bounds(&document, "", 0)?;
    let Value::Object(mut map) = document else {
        return Err(refuse("", format!("a JSON Resume is an object, this is {}", kind(&document))));
    };
    normalise(&mut map);
    let document = Value::Object(map);
    check(&document)?;
    Ok(document)
}

/// Checks a document without changing it.
///
/// # Errors
/// [`NotAResume`] with the path of the first offending field.
pub fn check(document: &Value) -> Result<(), NotAResume> {
    check_bounds(document, "", 0)?;
    let size = serde_json::to_string(document).map_or(usize::MAX, |text| text.len());
    if size > MAX_CV_BYTES {
        return Err(refuse("", format!("a CV has at most {} KiB as JSON, this has {size} bytes", MAX_CV_BYTES / 1024)));
    }
    let Value::Object(map) = document else {
        return Err(refuse("", format!("a JSON Resume is an object, this is {}", kind(document))));
    };
    if !map.contains_key("basics") && !LIST_SECTIONS.iter().any(|section| map.contains_key(*section)) {
        return Err(refuse(
            "",
            format!("has none of the sections of a JSON Resume (basics, {})", LIST_SECTIONS.join(", ")),
        ));
    }
    if let Some(basics) = map.get("basics") {
        check_basics(basics)?;
    }
    for section in LIST_SECTIONS {
        let Some(value) = map.get(*section) else { continue };
        let path = format!("/{section}");
        let items = value
            .as_array()
            .ok_or_else(|| refuse(&path, format!("must be a list of objects, this is {}", kind(value))))?;
        for (index, item) in items.iter().enumerate() {
            check_item(section, item, &format!("{path}/{index}"))?;
        }
    }
    if let Some(meta) = map.get("meta")
        && !meta.is_object()
    {
        return Err(refuse("/meta", format!("must be an object, this is {}", kind(meta))));
    }
    Ok(())
}

/// Fields that are texts wherever they occur in a section.
const TEXTS: &[&str] = &[
    "name",
    "label",
    "image",
    "email",
    "phone",
    "url",
    "summary",
    "position",
    "startDate",
    "endDate",
    "releaseDate",
    "date",
    "location",
    "description",
    "institution",
    "area",
    "studyType",
    "score",
    "title",
    "awarder",
    "issuer",
    "publisher",
    "level",
    "language",
    "fluency",
    "reference",
    "organization",
    "entity",
    "type",
    "network",
    "username",
];
/// Fields that are lists of texts wherever they occur in a section.
const TEXT_LISTS: &[&str] = &["highlights", "keywords", "courses", "roles"];

fn check_basics(basics: &Value) -> Result<(), NotAResume> {
    let Value::Object(map) = basics else {
        return Err(refuse("/basics", format!("must be an object, this is {}", kind(basics))));
    };
    for (field, value) in map {
        let path = format!("/basics/{}", escape(field));
        match field.as_str() {
            "location" if !value.is_object() => {
                return Err(refuse(&path, format!("must be an object, this is {}", kind(value))));
            }
            "location" => {
                let parts = value.as_object().into_iter().flatten();
                for (part, value) in parts.filter(|(part, _)| PLACE.contains(&part.as_str())) {
                    if !value.is_string() && !value.is_null() {
                        let path = format!("{path}/{part}");
                        return Err(refuse(&path, format!("must be a text, this is {}", kind(value))));
                    }
                }
            }
            "profiles" => {
                let items = value
                    .as_array()
                    .ok_or_else(|| refuse(&path, format!("must be a list, this is {}", kind(value))))?;
                for (index, item) in items.iter().enumerate() {
                    check_item("profiles", item, &format!("{path}/{index}"))?;
                }
            }
            field if TEXTS.contains(&field) && !value.is_string() => {
                return Err(refuse(&path, format!("must be a text, this is {}", kind(value))));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_item(section: &str, item: &Value, path: &str) -> Result<(), NotAResume> {
    let Value::Object(map) = item else {
        return Err(refuse(path, format!("an entry of {section} must be an object, this is {}", kind(item))));
    };
    for (field, value) in map {
        let path = format!("{path}/{}", escape(field));
        if TEXTS.contains(&field.as_str()) && !value.is_string() {
            return Err(refuse(&path, format!("must be a text, this is {}", kind(value))));
        }
        if TEXT_LISTS.contains(&field.as_str()) {
            let items = value
                .as_array()
                .ok_or_else(|| refuse(&path, format!("must be a list of texts, this is {}", kind(value))))?;
            if let Some(index) = items.iter().position(|item| !item.is_string()) {
                return Err(refuse(&format!("{path}/{index}"), "must be a text"));
            }
        }
    }
    Ok(())
}

fn check_bounds(value: &Value, path: &str, depth: usize) -> Result<(), NotAResume> {
    if depth > MAX_CV_DEPTH {
        return Err(refuse(path, format!("is nested deeper than {MAX_CV_DEPTH} levels")));
    }
    match value {
        Value::String(text) => check_text(text, path),
        Value::Array(items) => {
            if items.len() > MAX_CV_ENTRIES {
                return Err(refuse(path, format!("has more than {MAX_CV_ENTRIES} entries")));
            }
            items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| check_bounds(item, &format!("{path}/{index}"), depth + 1))
        }
        Value::Object(map) => {
            if map.len() > MAX_CV_ENTRIES {
                return Err(refuse(path, format!("has more than {MAX_CV_ENTRIES} entries")));
            }
            map.iter().try_for_each(|(key, item)| {
                check_text(key, path)?;
                check_bounds(item, &format!("{path}/{}", escape(key)), depth + 1)
            })
        }
        _ => Ok(()),
    }
}

fn check_text(text: &str, path: &str) -> Result<(), NotAResume> {
    if text.len() > MAX_CV_TEXT_BYTES {
        return Err(refuse(path, format!("is a text of more than {} KiB", MAX_CV_TEXT_BYTES / 1024)));
    }
    if text.contains('\0') {
        return Err(refuse(path, "contains a zero character"));
    }
    Ok(())
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// One token of a JSON pointer.
pub fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

const UNTIL_NOW: &[&str] = &[
    "present",
    "current",
    "now",
    "today",
    "ongoing",
    "aujourd'hui",
    "aujourd’hui",
    "présent",
    "en cours",
    "à ce jour",
    "heute",
    "bis heute",
    "actualidad",
    "現在",
];

fn normalise(map: &mut Map<String, Value>) {
    map.retain(|_, value| !value.is_null());
    if let Some(Value::Object(basics)) = map.get_mut("basics") {
        basics.retain(|_, value| !value.is_null());
        if !basics.contains_key("name") {
            let part = |names: [&str; 2]| {
                names
                    .iter()
                    .find_map(|name| basics.get(*name).and_then(Value::as_str))
                    .map(str::trim)
                    .map(str::to_owned)
            };
            let parts = [part(["firstname", "firstName"]), part(["lastname", "lastName"])];
            let name = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
            if !name.is_empty() {
                for old in ["firstname", "firstName", "lastname", "lastName"] {
                    basics.remove(old);
                }
                basics.insert("name".to_owned(), Value::String(name));
            }
        }
        rename(basics, "website", "url");
        rename(basics, "picture", "image");
        if let Some(location) = basics.get_mut("location")
            && location.is_string()
        {
            *location = json!({"address": location.take()});
        }
        if let Some(Value::Object(location)) = basics.get_mut("location") {
            texts_in(location, PLACE);
        }
        for profile in basics.get_mut("profiles").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Value::Object(profile) = profile {
                texts_in(profile, TEXTS);
            }
        }
    }
    for section in LIST_SECTIONS {
        let Some(Value::Array(items)) = map.get_mut(*section) else { continue };
        for item in items {
            if item.is_string() && matches!(*section, "skills" | "interests" | "languages") {
                let field = if *section == "languages" { "language" } else { "name" };
                *item = json!({field: item.take()});
            }
            let Value::Object(item) = item else { continue };
            item.retain(|_, value| !value.is_null());
            texts_in(item, TEXTS);
            if matches!(*section, "work" | "volunteer" | "publications") {
                rename(item, "website", "url");
            }
            match *section {
                "work" => rename(item, "company", "name"),
                "skills" => rename(item, "group", "name"),
                _ => {}
            }
            let until_now = item
                .get("endDate")
                .and_then(Value::as_str)
                .is_some_and(|end| UNTIL_NOW.contains(&end.trim().to_lowercase().as_str()));
            if until_now {
                item.remove("endDate");
            }
        }
    }
}

/// The parts of a place, in the order in which people write them.
const PLACE: &[&str] = &["address", "postalCode", "city", "region", "countryCode", "country"];

/// Makes texts of the fields that are to be texts, as far as they can be.
fn texts_in(map: &mut Map<String, Value>, fields: &[&str]) {
    for (field, value) in map.iter_mut().filter(|(field, _)| fields.contains(&field.as_str())) {
        if let Some(text) = as_text(field, value) {
            *value = Value::String(text);
        }
    }
}

/// What generators write otherwise in place of a text: a mark or a year as a number, the place of a job as an object.
fn as_text(field: &str, value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::Object(parts) if field == "location" => {
            let (known, other): (Vec<_>, Vec<_>) = parts.iter().partition(|(part, _)| PLACE.contains(&part.as_str()));
            let rank = |part: &str| PLACE.iter().position(|known| *known == part);
            let mut known = known;
            known.sort_by_key(|(part, _)| rank(part));
            let texts: Option<Vec<String>> = known
                .into_iter()
                .chain(other)
                .filter(|(_, value)| !value.is_null())
                .map(|(_, value)| match value {
                    Value::String(text) => Some(text.trim().to_owned()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                })
                .collect();
            let texts: Vec<String> = texts?.into_iter().filter(|text| !text.is_empty()).collect();
            Some(texts.join(", "))
        }
        _ => None,
    }
}

/// Moves a field to its present name, unless something is there already.
fn rename(map: &mut Map<String, Value>, old: &str, new: &str) {
    if map.contains_key(new) || !map.get(old).is_some_and(Value::is_string) {
        return;
    }
    if let Some(value) = map.remove(old) {
        map.insert(new.to_owned(), value);
    }
}

/// The language a CV says it is written in, if it does: `meta.language` or `basics.language`, two letters.
pub fn declared_language(document: &Value) -> Option<String> {
    ["/meta/language", "/basics/language"]
        .iter()
        .find_map(|path| document.pointer(path).and_then(Value::as_str))
        .map(|language| language.chars().take(2).collect::<String>().to_lowercase())
        .filter(|language| language.len() == 2 && language.chars().all(|c| c.is_ascii_lowercase()))
}

/// The language a CV is written in, ISO 639-1: what it declares, else what its sentences are.
pub fn language(document: &Value) -> Option<String> {
    declared_language(document).or_else(|| {
        let mut text = String::new();
        for path in ["/basics/summary", "/basics/label"] {
            text.extend(document.pointer(path).and_then(Value::as_str).into_iter().chain([" "]));
        }
        for section in ["work", "projects", "volunteer"] {
            let items = document.get(section).and_then(Value::as_array).into_iter().flatten();
            for item in items {
                let texts =
                    ["summary", "description", "position"].into_iter().filter_map(|field| item.get(field)?.as_str());
                let highlights = item.get("highlights").and_then(Value::as_array).into_iter().flatten();
                text.extend(texts.chain(highlights.filter_map(Value::as_str)).flat_map(|text| [text, " "]));
            }
        }
        Lang::of(&text).map(|lang| lang.code().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn g1_what_is_no_resume_is_refused_with_the_path() {
        let path = |document: Value| parse(document).unwrap_err().path;
        assert_eq!(path(json!([1])), "");
        assert_eq!(path(json!("text")), "");
        assert_eq!(path(json!({"hello": 1})), "");
        assert_eq!(path(json!({"basics": []})), "/basics");
        assert_eq!(path(json!({"basics": {"name": 3}})), "/basics/name");
        assert_eq!(path(json!({"work": {"name": "x"}})), "/work");
        assert_eq!(path(json!({"work": ["x"]})), "/work/0");
        assert_eq!(path(json!({"work": [{}, {"highlights": "x"}]})), "/work/1/highlights");
        assert_eq!(path(json!({"skills": [{"keywords": [1]}]})), "/skills/0/keywords/0");
        assert_eq!(path(json!({"basics": {"summary": "a\u{0}b"}})), "/basics/summary");
        assert_eq!(path(json!({"basics": {}, "work": vec![json!({}); MAX_CV_ENTRIES + 1]})), "/work");
    }

    #[test]
    fn g1_numbers_and_places_of_entries_become_texts() {
        let found = parse(json!({"education": [{"score": 1.5, "endDate": 2019}],
            "work": [{"location": {"countryCode": "FR", "city": "Lyon", "region": null, "geo": 3}}, {"location": {}}],
            "basics": {"location": {"postalCode": 69001, "city": null}, "profiles": [{"username": 7}]}}));
        let stored = json!({"education": [{"score": "1.5", "endDate": "2019"}],
            "work": [{"location": "Lyon, FR, 3"}, {"location": ""}],
            "basics": {"location": {"postalCode": "69001", "city": null}, "profiles": [{"username": "7"}]}});
        assert_eq!(found.unwrap(), stored);
        // What was stored otherwise, or is edited to be so, is refused: the wire says text.
        assert_eq!(check(&json!({"education": [{"score": 1.5}]})).unwrap_err().path, "/education/0/score");
        let deep = json!({"work": [{"location": {"geo": {"lat": 1}}}]});
        assert_eq!(parse(deep).unwrap_err().path, "/work/0/location");
    }

    #[test]
    fn g1_unknown_keys_are_preserved() {
        let document = json!({"basics": {"name": "A", "pronouns": "x"}, "work": [{"name": "B", "env": {"os": ["linux"]}}], "extra": {"a": [1]}});
        assert_eq!(parse(document.clone()).unwrap(), document);
    }

    #[test]
    fn irregular_cvs_are_normalised_as_documented() {
        let stored = parse(json!({
            "basics": {"firstname": "Alexandre", "lastname": "Durand", "location": "Lyon, France", "website": "https://a.example", "summary": null},
            "skills": [{"group": "Frontend", "keywords": ["React"]}, "Rust"],
            "work": [{"company": "X", "startDate": "2020-01", "endDate": "Present"}],
        }))
        .unwrap();
        assert_eq!(
            stored,
            json!({
                "basics": {"name": "Alexandre Durand", "location": {"address": "Lyon, France"}, "url": "https://a.example"},
                "skills": [{"name": "Frontend", "keywords": ["React"]}, {"name": "Rust"}],
                "work": [{"name": "X", "startDate": "2020-01"}],
            })
        );
    }

    #[test]
    fn the_example_cvs_are_taken_as_they_are_and_their_language_is_known() {
        for example in crate::demo::CVS {
            let document: Value = serde_json::from_str(example.content).unwrap();
            let stored = parse(document).unwrap_or_else(|error| panic!("{}: {error}", example.name));
            let expected = example.name.get(..2);
            assert_eq!(language(&stored).as_deref(), expected, "{}", example.name);
        }
    }

    #[test]
    fn depth_is_bounded() {
        let mut deep = json!(1);
        for _ in 0..40 {
            deep = json!([deep]);
        }
        assert!(parse(json!({"basics": {}, "x": deep})).is_err());
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(name in "[a-z]{0,8}", end in "(Present|2020|heute)", place in "[a-z, ]{0,12}") {
            let once = parse(json!({
                "basics": {"firstName": name, "location": place, "picture": "x"},
                "work": [{"company": "c", "endDate": end, "website": "w"}], "languages": ["fr"],
            })).unwrap();
            prop_assert_eq!(parse(once.clone()).unwrap(), once);
        }
    }
}
