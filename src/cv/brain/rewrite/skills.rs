//! The skills: what the offer asks for first, and what the experiences show but the list does not name added to it.

use super::super::context::{Context, How, ids_of_all};
use super::super::say;
use super::super::skills::{self, Kind, SkillId};
use super::super::text::fold;
use super::super::types::{SkillGroup, SkillsProposal};
use super::super::wants::{Tier, contains_words};
use super::by_weight;
use std::collections::{BTreeMap, BTreeSet};

/// Skills of a new group.
const MAX_ADDED: usize = 10;

/// The proposal for the skills.
pub(super) fn propose(context: &Context<'_>) -> SkillsProposal {
    if !context.cv.root.get("skills").is_none_or(serde_json::Value::is_array) {
        return SkillsProposal::default();
    }
    let worth = Worth::of(context);
    let entries = context.cv.entries("skills");
    let mut groups = Vec::with_capacity(entries.len());
    let mut weights = Vec::with_capacity(entries.len());
    let mut changed = false;
    for entry in &entries {
        let name = entry.value.as_str().unwrap_or_else(|| entry.text(&["name", "group", "category"]));
        let keywords = entry.list("keywords");
        let each: Vec<f64> = keywords.iter().map(|keyword| worth.of_text(context, keyword)).collect();
        let order = by_weight(&each).filter(|_| entry.is_text_list("keywords"));
        changed |= order.is_some();
        let keywords =
            order.map(|order| order.iter().filter_map(|at| keywords.get(*at)).map(|word| (*word).to_owned()).collect());
        groups.push(SkillGroup { index: u32::try_from(entry.index).ok(), name: None, keywords });
        weights.push(each.iter().sum::<f64>() + worth.of_text(context, name));
    }
    let added = added(context);
    if !added.is_empty() {
        changed = true;
        let name = if entries.is_empty() {
            say::either(context.lang, "Key skills", "Compétences clés")
        } else {
            say::either(context.lang, "Also practised", "Également pratiqué")
        };
        groups.push(SkillGroup { index: None, name: Some(name.to_owned()), keywords: Some(added.clone()) });
        weights.push(added.iter().map(|name| worth.of_text(context, name)).sum::<f64>() + worth.of_text(context, name));
    }
    // Without an offer only the skills within a group move: the order of the groups is the person's.
    if context.offer.is_some()
        && let Some(order) = by_weight(&weights)
    {
        changed = true;
        groups = order.iter().filter_map(|at| groups.get(*at).cloned()).collect();
    }
    if !changed {
        return SkillsProposal::default();
    }
    let first = worth.first(context);
    let reason = say::skills_reordered(context.lang, &first, &added, context.offer.is_some());
    SkillsProposal { groups: Some(groups), reason }
}

/// What the experiences show of the offer's skills and no list names.
fn added(context: &Context<'_>) -> Vec<String> {
    let missing = |at: &usize| {
        let spots = context.spots.get(*at).map(Vec::as_slice).unwrap_or_default();
        let technical =
            context.wants.get(*at).is_some_and(|want| !want.soft && want.tier != Tier::Task && want.ids.len() == 1);
        technical
            && spots.iter().any(|spot| spot.how == How::Shown && ["work", "projects"].contains(&spot.section))
            && !spots.iter().any(|spot| spot.how == How::Listed)
    };
    let wants = (0..context.wants.len()).filter(missing).filter_map(|at| context.wants.get(at));
    let entries = context.cv.entries("skills").into_iter();
    let listed: Vec<String> = entries.flat_map(|entry| entry.leaves(true)).map(|leaf| fold(leaf.text)).collect();
    // "REST APIs" says API already.
    let says = |name: &str| {
        let name = fold(name);
        listed.iter().any(|text| contains_words(text, &name) || contains_words(text, &format!("{name}s")))
    };
    let mut seen = BTreeSet::new();
    wants
        .map(|want| want.name_in(context.lang))
        .filter(|name| !says(name) && seen.insert(name.clone()))
        .take(MAX_ADDED)
        .collect()
}

/// What a skill is worth: to the offer, or by the experiences that show it.
struct Worth {
    shown: BTreeMap<SkillId, f64>,
}

impl Worth {
    fn of(context: &Context<'_>) -> Self {
        let mut shown: BTreeMap<SkillId, f64> = BTreeMap::new();
        if context.offer.is_none() {
            for section in ["work", "projects"] {
                for entry in context.cv.entries(section) {
                    let leaves = entry.leaves(section == "projects").into_iter();
                    for id in ids_of_all(leaves.map(|leaf| (leaf.text, leaf.listed))) {
                        *shown.entry(id).or_default() += 1.0;
                    }
                }
            }
        }
        Self { shown }
    }

    fn of_text(&self, context: &Context<'_>, text: &str) -> f64 {
        if context.offer.is_some() {
            return context.weight_of(text, true);
        }
        let own = skills::recognise(text);
        own.and_then(|id| self.shown.get(&id)).copied().unwrap_or(0.0)
    }

    /// The names that explain the order.
    fn first(&self, context: &Context<'_>) -> Vec<String> {
        if context.offer.is_some() {
            let in_skills = |at: &usize| {
                context.spots.get(*at).is_some_and(|spots| spots.iter().any(|spot| spot.section == "skills"))
            };
            let listed: Vec<usize> = (0..context.wants.len()).filter(in_skills).collect();
            return context.names(&listed, 4);
        }
        let mut best: Vec<(&SkillId, &f64)> = self.shown.iter().collect();
        best.sort_by(|a, b| b.1.total_cmp(a.1).then(a.0.cmp(b.0)));
        let technical =
            |id: &SkillId| skills::get(*id).filter(|skill| matches!(skill.kind, Kind::Technical | Kind::Trade));
        let entries = context.cv.entries("skills");
        let listed: BTreeSet<SkillId> =
            entries.iter().flat_map(|entry| entry.list("keywords")).filter_map(skills::recognise).collect();
        let names = best.into_iter().filter(|(id, _)| listed.contains(id)).filter_map(|(id, _)| technical(id));
        names.map(|skill| skill.name_in(context.lang).to_owned()).take(4).collect()
    }
}
