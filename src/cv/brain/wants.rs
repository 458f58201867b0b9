//! What an offer asks for, as things that can be looked for in a CV.

use super::skills::{self, Kind, SkillId};
use super::text::{Lang, fold, squeeze};
use super::types::JobOffer;
use std::collections::BTreeSet;

/// Skills of an offer that are looked for.
pub(super) const MAX_WANTS: usize = 60;
/// Longest name of a skill, in characters; longer ones are sentences.
const MAX_NAME: usize = 80;

/// How much a skill is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// Asked for.
    Required,
    /// Welcome.
    Nice,
    /// Named by the tasks only.
    Task,
}

/// A skill that the offer asks for.
#[derive(Debug, Clone)]
pub(super) struct Want {
    /// As the offer names it.
    pub(super) name: String,
    /// How much.
    pub(super) tier: Tier,
    /// The entries of the vocabulary that satisfy it, any of them; empty: its words are looked for.
    pub(super) ids: BTreeSet<SkillId>,
    /// Folded words, for a name that the vocabulary does not know.
    pub(super) phrase: String,
    /// It is about how a person works with others.
    pub(super) soft: bool,
}

impl Want {
    fn new(name: &str, tier: Tier) -> Option<Self> {
        let name = squeeze(name);
        if name.is_empty() {
            return None;
        }
        let mut ids: BTreeSet<SkillId> = skills::lookup(&name).into_iter().collect();
        if ids.is_empty() {
            ids = skills::find_in_list(&name).into_iter().map(|found| found.skill).collect();
        }
        let phrase = fold(&name).trim().to_owned();
        if ids.is_empty() && (phrase.chars().count() > MAX_NAME || phrase.chars().count() < 2) {
            return None;
        }
        let soft = !ids.is_empty() && ids.iter().all(|id| is_soft(*id));
        Some(Self { name, tier, ids, phrase, soft })
    }

    /// How much it counts.
    pub(super) const fn weight(&self) -> f64 {
        match self.tier {
            Tier::Required => 3.0,
            Tier::Nice => 1.5,
            Tier::Task => 1.0,
        }
    }

    /// Its name in a language, where the vocabulary knows one thing by it.
    pub(super) fn name_in(&self, lang: Lang) -> String {
        match self.ids.iter().next().filter(|_| self.ids.len() == 1).and_then(|id| skills::get(*id)) {
            Some(skill) => skill.name_in(lang).to_owned(),
            None => self.name.clone(),
        }
    }

    /// Whether one of these skills (with what they imply) is it.
    pub(super) fn is_among(&self, ids: &BTreeSet<SkillId>) -> bool {
        !self.ids.is_disjoint(ids)
    }

    /// Whether a folded text names it, for a name that the vocabulary does not know.
    pub(super) fn is_said_in(&self, folded: &str) -> bool {
        self.ids.is_empty() && contains_words(folded, &self.phrase)
    }
}

/// Whether the vocabulary says that a skill is a social one.
pub(super) fn is_soft(id: SkillId) -> bool {
    skills::get(id).is_some_and(|skill| skill.kind == Kind::Soft)
}

/// Whether a folded text has these words, at the borders of words.
pub(super) fn contains_words(text: &str, words: &str) -> bool {
    if words.is_empty() {
        return false;
    }
    text.match_indices(words).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + words.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// The skills of an offer, those asked for first, each once.
pub(super) fn of(offer: &JobOffer) -> Vec<Want> {
    let mut wants: Vec<Want> = Vec::new();
    let mut seen: BTreeSet<SkillId> = BTreeSet::new();
    let mut phrases: BTreeSet<String> = BTreeSet::new();
    let mut add = |want: Option<Want>| {
        let Some(want) = want else { return };
        let known = if want.ids.is_empty() {
            !phrases.insert(want.phrase.clone())
        } else {
            want.ids.iter().all(|id| seen.contains(id))
        };
        if !known && wants.len() < MAX_WANTS {
            seen.extend(&want.ids);
            wants.push(want);
        }
    };
    for name in &offer.skills.required {
        add(Want::new(name, Tier::Required));
    }
    for name in &offer.skills.nice_to_have {
        add(Want::new(name, Tier::Nice));
    }
    let tasks: Vec<&str> = offer.title.iter().chain(&offer.responsibilities).map(String::as_str).collect();
    for found in tasks.iter().take(MAX_WANTS).flat_map(|text| skills::find(text)) {
        let Some(skill) = skills::get(found.skill) else { continue };
        if skill.kind != Kind::Field {
            let ids = BTreeSet::from([found.skill]);
            let soft = skill.kind == Kind::Soft;
            add(Some(Want { name: skill.name.clone(), tier: Tier::Task, ids, phrase: fold(&skill.name), soft }));
        }
    }
    wants
}
