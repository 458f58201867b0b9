//! Whether a new text says only what the CV says. A rule keeps to that by itself; a model is held to it here.

use super::context::{Context, ids_of, ids_of_all};
use super::skills::{self, Kind, SkillId};
use super::text::fold;
use super::view::{Cv, SECTIONS};
use super::wants::contains_words;
use serde_json::Value;
use std::collections::BTreeSet;

/// Texts of a CV that are read.
const MAX_TEXTS: usize = 20_000;

/// What a CV says.
pub(super) struct Facts {
    skills: BTreeSet<SkillId>,
    numbers: BTreeSet<String>,
    folded: String,
    company: Option<String>,
}

impl Facts {
    /// What the CV of a context says.
    pub(super) fn of(context: &Context<'_>) -> Self {
        let mut texts = Vec::new();
        all_texts(context.cv.root, 0, &mut texts);
        let mut numbers: BTreeSet<String> = texts.iter().flat_map(|text| numbers_in(text)).collect();
        // Years are counted from dates.
        let years = context.years();
        numbers.extend([years.to_string(), (years + 1).to_string()]);
        let folded = fold(&texts.join("\n"));
        let company = context.offer.and_then(|offer| offer.company.as_deref()).map(|name| fold(name).trim().to_owned());
        Self {
            skills: skills_of(context.cv, &texts),
            numbers,
            company: company.filter(|name| !name.is_empty()),
            folded,
        }
    }

    /// Whether a text names no skill, number or (the offer's) company that the CV does not name.
    pub(super) fn cover(&self, text: &str, listed: bool) -> bool {
        let found = if listed { skills::find_in_list(text) } else { skills::find(text) };
        let invents = |id: SkillId| {
            let hard = skills::get(id)
                .is_some_and(|skill| matches!(skill.kind, Kind::Technical | Kind::Trade | Kind::Certificate));
            hard && !self.skills.contains(&id)
        };
        if found.iter().any(|found| invents(found.skill))
            || numbers_in(text).iter().any(|number| !self.numbers.contains(number))
        {
            return false;
        }
        let folded = fold(text);
        let foreign = |name: &String| contains_words(&folded, name) && !contains_words(&self.folded, name);
        !self.company.as_ref().is_some_and(foreign)
    }

    /// Whether the CV names an entry of a list of skills: by the vocabulary, else by its words.
    pub(super) fn name(&self, skill: &str) -> bool {
        match skills::recognise(skill) {
            Some(id) if self.skills.contains(&id) => self.cover(skill, true),
            Some(_) => false,
            None => contains_words(&self.folded, fold(skill).trim()) && self.cover(skill, true),
        }
    }
}

fn skills_of(cv: Cv<'_>, texts: &[&str]) -> BTreeSet<SkillId> {
    let mut found = ids_of_all(texts.iter().map(|text| (*text, false)));
    for section in SECTIONS {
        for leaf in cv.entries(section).into_iter().flat_map(|entry| entry.leaves(true)) {
            if leaf.listed || leaf.text.len() <= 80 {
                found.extend(ids_of(leaf.text, true).iter());
            }
        }
    }
    found
}

fn all_texts<'a>(value: &'a Value, depth: usize, found: &mut Vec<&'a str>) {
    if depth > 16 || found.len() >= MAX_TEXTS {
        return;
    }
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| all_texts(item, depth + 1, found)),
        Value::Object(map) => map.values().for_each(|value| all_texts(value, depth + 1, found)),
        _ => {}
    }
}

fn numbers_in(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    parts
        .map(|part| part.trim_start_matches('0').to_owned())
        .map(|n| if n.is_empty() { "0".into() } else { n })
        .collect()
}
