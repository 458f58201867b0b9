//! Proposals held against the CV: what becomes of them, field by field. What a proposal invents is left out, what it does
//! not change makes no modification, and no two modifications touch the same place.

use super::context::Context;
use super::skills;
use super::text::fold;
use super::truth::Facts;
use super::types::{
    ChangeAction, Classification, EntryEdit, ExperienceProposal, ExtrasProposal, Fate, ListEdit, Modification,
    OrderEdit, Outcome, ProjectProposal, SkillsProposal, StepInput, SummaryProposal, TextEdit, Verdict,
};
use super::view::MAX_ENTRIES;
use serde_json::{Map, Value, json};
use std::cell::LazyCell;
use std::collections::BTreeSet;

/// Longest text that a proposal may bring, in characters.
const MAX_TEXT: usize = 6_000;
/// Longest name of a new group of skills, in characters.
const MAX_GROUP_NAME: usize = 60;
/// Sections whose order may change.
const ORDERED: [&str; 5] = ["languages", "certificates", "awards", "publications", "interests"];

/// The classification, one verdict for each entry of the CV in its order; a missing one keeps the entry.
pub fn classification(input: &StepInput, mut found: Classification) -> Classification {
    let count =
        |section: &str| input.cv.get(section).and_then(Value::as_array).map_or(0, |items| items.len().min(MAX_ENTRIES));
    found.experiences = complete(&found.experiences, count("work"));
    found.projects = complete(&found.projects, count("projects"));
    if found.target_language.is_empty() {
        found.target_language = Context::of(input).target;
    }
    // An offer does not empty a section, and a CV without experiences has its career in its projects.
    let all = found.projects.iter().all(|verdict| verdict.action == Fate::Remove);
    if all || count("work") == 0 {
        for verdict in found.projects.iter_mut().filter(|verdict| verdict.action == Fate::Remove) {
            verdict.action = Fate::Keep;
        }
    }
    found
}

fn complete(found: &[Verdict], count: usize) -> Vec<Verdict> {
    let indices = (0..count).filter_map(|index| u32::try_from(index).ok());
    indices
        .map(|index| {
            let verdict = found.iter().find(|verdict| verdict.index == index).cloned();
            let mut verdict =
                verdict.unwrap_or(Verdict { index, action: Fate::Keep, relevance: 0.5, reason: String::new() });
            verdict.relevance = if verdict.relevance.is_finite() { verdict.relevance.clamp(0.0, 1.0) } else { 0.0 };
            verdict
        })
        .collect()
}

/// What becomes of an experience.
pub fn experience(input: &StepInput, proposal: &ExperienceProposal) -> Outcome {
    let mut judge = Judge::new(input, "work", input.index);
    judge.text("summary", proposal.summary.as_ref());
    judge.list("highlights", proposal.highlights.as_ref());
    judge.list("keywords", proposal.keywords.as_ref());
    judge.outcome()
}

/// What becomes of a project.
pub fn project(input: &StepInput, proposal: &ProjectProposal) -> Outcome {
    let mut judge = Judge::new(input, "projects", input.index);
    judge.text("description", proposal.description.as_ref());
    judge.list("highlights", proposal.highlights.as_ref());
    judge.list("keywords", proposal.keywords.as_ref());
    judge.outcome()
}

/// What becomes of headline and summary.
pub fn summary(input: &StepInput, proposal: &SummaryProposal) -> Outcome {
    let mut judge = Judge::new(input, "basics", None);
    judge.text("label", proposal.label.as_ref());
    judge.text("summary", proposal.summary.as_ref());
    judge.outcome()
}

/// What becomes of the other sections. `after` has those that changed.
pub fn extras(input: &StepInput, proposal: &ExtrasProposal) -> Outcome {
    let mut outcome = Outcome { after: Value::Object(Map::new()), modifications: Vec::new() };
    for (section, field, edits) in
        [("education", "courses", &proposal.courses), ("volunteer", "highlights", &proposal.volunteer_highlights)]
    {
        let mut seen = BTreeSet::new();
        for EntryEdit { index, items, reason } in edits {
            if seen.insert(*index) {
                let mut judge = Judge::new(input, section, Some(*index));
                judge.permutation(field, &ListEdit { items: items.clone(), reason: reason.clone() });
                outcome.modifications.append(&mut judge.modifications);
            }
        }
        if !outcome.modifications.is_empty() {
            put(&mut outcome.after, section, with_all(&input.cv, section, &outcome.modifications));
        }
    }
    let orders =
        [&proposal.languages, &proposal.certificates, &proposal.awards, &proposal.publications, &proposal.interests];
    for (section, order) in ORDERED.into_iter().zip(orders) {
        if let Some(modification) = order.as_ref().and_then(|order| reorder(&input.cv, section, order)) {
            put(&mut outcome.after, section, modification.after.clone());
            outcome.modifications.push(modification);
        }
    }
    outcome
}

fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

fn with_all(cv: &Value, section: &str, modifications: &[Modification]) -> Value {
    let mut copy = json!({});
    put(&mut copy, section, cv.get(section).cloned().unwrap_or_default());
    for modification in modifications {
        if let Some(value) = copy.pointer_mut(&modification.path) {
            *value = modification.after.clone();
        }
    }
    copy.get(section).cloned().unwrap_or_default()
}

/// A section in a new order: every entry once, those that are not named behind.
fn reorder(cv: &Value, section: &str, order: &OrderEdit) -> Option<Modification> {
    let items = cv.get(section)?.as_array()?;
    let mut places: Vec<usize> = Vec::with_capacity(items.len());
    let mut seen = BTreeSet::new();
    let named = order.order.iter().filter_map(|at| usize::try_from(*at).ok()).take(items.len());
    for at in named.chain(0..items.len()) {
        if at < items.len() && seen.insert(at) {
            places.push(at);
        }
    }
    let after: Vec<Value> = places.iter().filter_map(|at| items.get(*at).cloned()).collect();
    whole(cv, section, Value::Array(after), &order.reason)
}

fn whole(cv: &Value, section: &str, after: Value, reason: &str) -> Option<Modification> {
    let before = cv.get(section);
    if before == Some(&after) {
        return None;
    }
    Some(Modification {
        section: section.to_owned(),
        field: section.to_owned(),
        item_index: None,
        path: format!("/{section}"),
        action: if before.is_some() { ChangeAction::Modify } else { ChangeAction::Add },
        before: before.cloned().unwrap_or_default(),
        after,
        reason: reason.to_owned(),
    })
}

/// What becomes of the skills: groups of the CV keep all their skills, new ones hold only what the CV names elsewhere.
pub fn skills(input: &StepInput, proposal: &SkillsProposal) -> Outcome {
    let untouched = Outcome { after: input.cv.get("skills").cloned().unwrap_or_default(), modifications: Vec::new() };
    let Some(groups) = &proposal.groups else { return untouched };
    let items = match input.cv.get("skills") {
        None => &[][..],
        Some(Value::Array(items)) => items.as_slice(),
        Some(_) => return untouched,
    };
    let context = Context::of(input);
    let facts = Facts::of(&context);
    let mut after: Vec<Value> = Vec::with_capacity(items.len() + 1);
    let mut seen = BTreeSet::new();
    for group in groups.iter().take(MAX_ENTRIES) {
        match group.index.and_then(|index| usize::try_from(index).ok()) {
            Some(index) => {
                let Some(item) = items.get(index).filter(|_| seen.insert(index)) else { continue };
                after.push(with_keywords(item, group.keywords.as_deref()));
            }
            None => after.extend(new_group(
                &facts,
                group.name.as_deref(),
                group.keywords.as_deref().unwrap_or_default(),
                &context,
            )),
        }
    }
    let rest = items.iter().enumerate().filter(|(index, _)| !seen.contains(index));
    // Groups that the proposal does not name follow as they are, before what is new.
    let at = after.iter().position(|group| !items.iter().any(|item| same_group(item, group))).unwrap_or(after.len());
    let rest: Vec<Value> = rest.map(|(_, item)| item.clone()).collect();
    after.splice(at..at, rest);
    let after = Value::Array(after);
    let modification = whole(&input.cv, "skills", after.clone(), &proposal.reason).filter(|_| after != json!([]));
    match modification {
        Some(modification) => Outcome { after, modifications: vec![modification] },
        None => untouched,
    }
}

fn same_group(item: &Value, group: &Value) -> bool {
    item == group
        || item.is_object()
            && item.get("name").is_some()
            && item.get("name") == group.get("name")
            && item.get("level") == group.get("level")
}

/// The group with its keywords in the order given; those that are not named follow, those it does not have are left out.
fn with_keywords(item: &Value, keywords: Option<&[String]>) -> Value {
    let (Some(keywords), Some(own)) = (keywords, item.get("keywords").and_then(Value::as_array)) else {
        return item.clone();
    };
    let mut copy = item.clone();
    put(&mut copy, "keywords", Value::Array(permuted(own, keywords)));
    copy
}

/// The entries of `own`, first those named by `order`.
fn permuted(own: &[Value], order: &[String]) -> Vec<Value> {
    let mut rest: Vec<&Value> = own.iter().collect();
    let mut after = Vec::with_capacity(own.len());
    for word in order.iter().take(MAX_ENTRIES) {
        let exact = rest.iter().position(|value| value.as_str() == Some(word.as_str()));
        let at =
            exact.or_else(|| rest.iter().position(|value| value.as_str().is_some_and(|own| fold(own) == fold(word))));
        if let Some(at) = at {
            after.push(rest.remove(at).clone());
        }
    }
    after.extend(rest.into_iter().cloned());
    after
}

fn new_group(facts: &Facts, name: Option<&str>, keywords: &[String], context: &Context<'_>) -> Option<Value> {
    let mut seen = BTreeSet::new();
    let words: Vec<&str> = keywords
        .iter()
        .take(MAX_ENTRIES)
        .map(|word| word.trim())
        .filter(|word| !word.is_empty() && word.chars().count() <= 80 && facts.name(word) && seen.insert(fold(word)))
        .collect();
    if words.is_empty() {
        return None;
    }
    let fallback = super::say::either(context.lang, "Key skills", "Compétences clés");
    let name = name.map(str::trim).filter(|name| !name.is_empty() && name.chars().count() <= MAX_GROUP_NAME);
    let name = name.filter(|name| skills::recognise(name).is_none_or(|_| facts.name(name))).unwrap_or(fallback);
    Some(json!({"name": name, "keywords": words}))
}

/// Judges the fields of one entry, or of `basics`.
struct Judge<'a> {
    input: &'a StepInput,
    facts: LazyCell<Facts, Box<dyn FnOnce() -> Facts + 'a>>,
    section: &'static str,
    item: Option<u32>,
    path: String,
    target: Option<&'a Value>,
    modifications: Vec<Modification>,
}

impl<'a> Judge<'a> {
    fn new(input: &'a StepInput, section: &'static str, item: Option<u32>) -> Self {
        let path = item.map_or_else(|| format!("/{section}"), |item| format!("/{section}/{item}"));
        let target = if section != "basics" && item.is_none() { None } else { input.cv.pointer(&path) };
        let facts: LazyCell<Facts, Box<dyn FnOnce() -> Facts + 'a>> =
            LazyCell::new(Box::new(|| Facts::of(&Context::of(input))));
        Self { input, facts, section, item, path, target, modifications: Vec::new() }
    }

    /// Whether the field can be set at all: its owner is an object (or may be made).
    fn is_settable(&self) -> bool {
        self.target.map_or(self.section == "basics" && self.input.cv.is_object(), Value::is_object)
    }

    fn field(&self, field: &str) -> Option<&'a Value> {
        self.target.and_then(|target| target.get(field))
    }

    fn push(&mut self, field: &str, after: Value, reason: &str) {
        let before = self.field(field);
        if before == Some(&after) {
            return;
        }
        let before = before.filter(|before| !before.is_null());
        self.modifications.push(Modification {
            section: self.section.to_owned(),
            field: field.to_owned(),
            item_index: self.item,
            path: format!("{}/{field}", self.path),
            action: if before.is_some() { ChangeAction::Modify } else { ChangeAction::Add },
            before: before.cloned().unwrap_or_default(),
            after,
            reason: reason.to_owned(),
        });
    }

    fn text(&mut self, field: &str, edit: Option<&TextEdit>) {
        let Some(edit) = edit else { return };
        let text = edit.text.trim();
        let fits = !text.is_empty() && text.chars().count() <= MAX_TEXT && self.is_settable();
        let replaces_text = self.field(field).is_none_or(|before| before.is_string() || before.is_null());
        if fits && replaces_text && self.facts.cover(text, false) {
            self.push(field, json!(text), &edit.reason);
        }
    }

    /// A list of sentences or keywords: entries that invent something are left out; an empty list changes nothing.
    fn list(&mut self, field: &str, edit: Option<&ListEdit>) {
        let Some(edit) = edit else { return };
        let own: Vec<&str> = match self.field(field) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).collect()
            }
            Some(_) => return,
        };
        let is_true = |item: &&str| {
            own.contains(item)
                || if field == "keywords" { self.facts.name(item) } else { self.facts.cover(item, false) }
        };
        let mut seen = BTreeSet::new();
        let items: Vec<&str> = edit
            .items
            .iter()
            .take(MAX_ENTRIES)
            .map(String::as_str)
            .filter(|item| !item.trim().is_empty() && item.chars().count() <= MAX_TEXT)
            .filter(is_true)
            .filter(|item| own.contains(item) || seen.insert(fold(item)))
            .collect();
        if !items.is_empty() && self.is_settable() {
            self.push(field, json!(items), &edit.reason);
        }
    }

    /// A list in a new order.
    fn permutation(&mut self, field: &str, edit: &ListEdit) {
        let Some(Value::Array(own)) = self.field(field) else { return };
        let after = permuted(own, &edit.items);
        self.push(field, Value::Array(after), &edit.reason);
    }

    fn outcome(self) -> Outcome {
        let mut after =
            self.target.cloned().unwrap_or_else(|| if self.section == "basics" { json!({}) } else { Value::Null });
        for modification in &self.modifications {
            put(&mut after, &modification.field, modification.after.clone());
        }
        Outcome { after, modifications: self.modifications }
    }
}
