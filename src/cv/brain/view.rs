//! A CV as the rules see it: a JSON Resume that may lack anything and name things its own way. Nothing here fails; what
//! is not there is empty.

use super::text::squeeze;
use serde_json::Value;

/// Entries of a section that are looked at.
pub(super) const MAX_ENTRIES: usize = 500;
/// Texts of one entry that are looked at.
const MAX_LEAVES: usize = 600;
/// Depth to which an entry's own keys are followed.
const MAX_DEPTH: usize = 6;

/// Keys whose texts say nothing about what a person can do.
const SILENT: &[&str] = &[
    "url",
    "website",
    "image",
    "picture",
    "photo",
    "email",
    "phone",
    "startDate",
    "endDate",
    "date",
    "releaseDate",
    "username",
    "network",
    "address",
    "postalCode",
    "countryCode",
    "$schema",
    "id",
    "location",
    "score",
    "gpa",
    "profiles",
    "level",
    "fluency",
];
/// Keys whose texts are entries of a list rather than sentences.
const LISTS: &[&str] =
    &["keywords", "courses", "tags", "languages", "platforms", "tools", "technologies", "stack", "env"];

/// The sections that people know, in the order of the schema.
pub(super) const SECTIONS: &[&str] = &[
    "work",
    "projects",
    "volunteer",
    "skills",
    "education",
    "certificates",
    "awards",
    "publications",
    "languages",
    "interests",
    "references",
];

/// The CV.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cv<'a> {
    /// The document.
    pub(super) root: &'a Value,
}

/// One entry of a section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    /// Its place in the section.
    pub(super) index: usize,
    /// The entry; usually an object.
    pub(super) value: &'a Value,
}

/// A text of the CV.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf<'a> {
    /// The text.
    pub(super) text: &'a str,
    /// It is an entry of a list (`keywords`), no sentence.
    pub(super) listed: bool,
}

impl<'a> Cv<'a> {
    /// The entries of a section. A section that is no list has none.
    pub(super) fn entries(self, section: &str) -> Vec<Entry<'a>> {
        let items = self.root.get(section).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().take(MAX_ENTRIES).enumerate().map(|(index, value)| Entry { index, value }).collect()
    }

    /// One entry.
    pub(super) fn entry(self, section: &str, index: usize) -> Option<Entry<'a>> {
        let value = self.root.get(section)?.as_array()?.get(index)?;
        Some(Entry { index, value })
    }

    /// The headline.
    pub(super) fn label(self) -> &'a str {
        self.basics("label")
    }

    /// The text about the person.
    pub(super) fn summary(self) -> &'a str {
        self.basics("summary")
    }

    fn basics(self, field: &str) -> &'a str {
        self.root.pointer("/basics").and_then(|basics| basics.get(field)).and_then(Value::as_str).unwrap_or("").trim()
    }

    /// What counts as the career: the experiences, or the projects of a CV that has none.
    pub(super) fn career(self) -> (&'static str, Vec<Entry<'a>>) {
        let work = self.entries("work");
        if work.is_empty() { ("projects", self.entries("projects")) } else { ("work", work) }
    }
}

impl<'a> Entry<'a> {
    /// The first of these fields that has a text.
    pub(super) fn text(self, fields: &[&str]) -> &'a str {
        fields
            .iter()
            .filter_map(|field| self.value.get(*field).and_then(Value::as_str))
            .map(str::trim)
            .find(|text| !text.is_empty())
            .unwrap_or("")
    }

    /// The job's title.
    pub(super) fn position(self) -> &'a str {
        self.text(&["position", "title", "role", "jobTitle"])
    }

    /// For whom: the company, the client, the school.
    pub(super) fn company(self) -> &'a str {
        self.text(&["name", "company", "organization", "entity", "institution"])
    }

    /// The texts of a list.
    pub(super) fn list(self, field: &str) -> Vec<&'a str> {
        let items = self.value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().take(MAX_ENTRIES).filter_map(Value::as_str).collect()
    }

    /// Whether a field is a list of texts and of nothing else.
    pub(super) fn is_text_list(self, field: &str) -> bool {
        let items = self.value.get(field).and_then(Value::as_array);
        items.is_some_and(|items| items.len() <= MAX_ENTRIES && items.iter().all(Value::is_string))
    }

    /// The texts that may show a skill. `named`: the entry's name says what it is about, not for whom it was.
    pub(super) fn leaves(self, named: bool) -> Vec<Leaf<'a>> {
        let mut found = Vec::new();
        collect(self.value, false, named, 0, &mut found);
        found
    }
}

fn collect<'a>(value: &'a Value, listed: bool, named: bool, depth: usize, found: &mut Vec<Leaf<'a>>) {
    if found.len() >= MAX_LEAVES || depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::String(text) if !text.trim().is_empty() => found.push(Leaf { text, listed }),
        Value::Array(items) => items.iter().for_each(|item| collect(item, listed, named, depth + 1, found)),
        Value::Object(map) => {
            for (key, value) in map {
                let silent = SILENT.contains(&key.as_str())
                    || !named
                        && depth == 0
                        && ["name", "company", "organization", "entity", "institution"].contains(&key.as_str());
                if !silent {
                    collect(value, listed || LISTS.contains(&key.as_str()), named, depth + 1, found);
                }
            }
        }
        _ => {}
    }
}

/// A text short enough to be quoted.
pub(super) fn quote(text: &str) -> String {
    super::text::shorten(&squeeze(text), 120)
}
