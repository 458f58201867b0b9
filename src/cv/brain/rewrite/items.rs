//! Experiences and projects: what answers the offer first, what does not is shortened.

use super::super::context::Context;
use super::super::say;
use super::super::text::sentences;
use super::super::types::{ExperienceProposal, ListEdit, ProjectProposal, TextEdit};
use super::super::view::Entry;
use super::{by_weight, keep_sentences};

/// Highlights that an entry keeps however little they say to the offer.
const FEW: usize = 5;
/// The same for an entry that says nothing to the offer.
const FEWEST: usize = 2;
/// What figures are worth: less than any skill, so that they only decide between equals.
const FIGURES: f64 = 0.25;
/// Sentences beyond which a text is shortened.
const LONG: usize = 5;
/// The same for an entry that says nothing to the offer.
const LONG_REDUCED: usize = 2;

/// The proposal for an experience; `reduce`: it says nothing to the offer.
pub(in super::super) fn experience_of(context: &Context<'_>, entry: Entry<'_>, reduce: bool) -> ExperienceProposal {
    ExperienceProposal {
        summary: shorter(context, entry, "summary", reduce),
        highlights: highlights(context, entry, "highlights", if reduce { FEWEST } else { FEW }),
        keywords: keywords(context, entry, "keywords"),
    }
}

/// The proposal for a project.
pub(in super::super) fn project_of(context: &Context<'_>, entry: Entry<'_>) -> ProjectProposal {
    ProjectProposal {
        description: shorter(context, entry, "description", false),
        highlights: highlights(context, entry, "highlights", FEW),
        keywords: keywords(context, entry, "keywords"),
    }
}

/// The most telling first; beyond `few`, what says nothing to the offer is left out.
pub(super) fn highlights(context: &Context<'_>, entry: Entry<'_>, field: &str, few: usize) -> Option<ListEdit> {
    if !entry.is_text_list(field) {
        return None;
    }
    let items = entry.list(field);
    let for_offer = context.offer.is_some();
    let weights: Vec<f64> = items
        .iter()
        .map(|item| {
            let figures = if item.chars().any(|c| c.is_ascii_digit()) { FIGURES } else { 0.0 };
            context.weight_of(item, false) + figures
        })
        .collect();
    let order = by_weight(&weights).unwrap_or_else(|| (0..items.len()).collect());
    let mut kept = Vec::new();
    let mut left_out = 0;
    for (place, at) in order.iter().enumerate() {
        let Some(item) = items.get(*at) else { continue };
        if for_offer && place >= few && context.wanted_in(item, false).is_empty() {
            left_out += 1;
        } else {
            kept.push((*item).to_owned());
        }
    }
    if kept.iter().map(String::as_str).eq(items.iter().copied()) {
        return None;
    }
    let first: Vec<usize> = kept.iter().take(2).flat_map(|item| context.wanted_in(item, false)).collect();
    let reason = say::reordered(context.lang, &context.names(&unique(first), 3), left_out, for_offer);
    Some(ListEdit { items: kept, reason })
}

/// A list of keywords, those of the offer first.
pub(super) fn keywords(context: &Context<'_>, entry: Entry<'_>, field: &str) -> Option<ListEdit> {
    if !entry.is_text_list(field) || context.offer.is_none() {
        return None;
    }
    let items = entry.list(field);
    let weights: Vec<f64> = items.iter().map(|item| context.weight_of(item, true)).collect();
    let order = by_weight(&weights)?;
    let sorted: Vec<String> = order.iter().filter_map(|at| items.get(*at)).map(|item| (*item).to_owned()).collect();
    let first: Vec<usize> = sorted.iter().take(3).flat_map(|item| context.wanted_in(item, true)).collect();
    let reason = say::reordered(context.lang, &context.names(&unique(first), 3), 0, true);
    Some(ListEdit { items: sorted, reason })
}

/// A long text with its first sentence and those that say something to the offer.
fn shorter(context: &Context<'_>, entry: Entry<'_>, field: &str, reduce: bool) -> Option<TextEdit> {
    let text = entry.value.get(field)?.as_str()?.trim();
    let count = sentences(text).len();
    if context.offer.is_none() || count <= if reduce { LONG_REDUCED } else { LONG } {
        return None;
    }
    let mut idle = 0;
    let allowed = if reduce { LONG_REDUCED } else { 3 };
    let short = keep_sentences(text, |_, sentence| {
        if !context.wanted_in(sentence, false).is_empty() {
            return true;
        }
        idle += 1;
        idle <= allowed
    });
    if short == text || short.is_empty() {
        return None;
    }
    let wanted = context.wanted_in(&short, false);
    Some(TextEdit { reason: say::shortened(context.lang, &context.names(&wanted, 4)), text: short })
}

/// Each once, in order.
pub(super) fn unique(mut wants: Vec<usize>) -> Vec<usize> {
    wants.sort_unstable();
    wants.dedup();
    wants
}

/// How well an entry of any section answers the offer.
pub(super) fn weight_of_entry(context: &Context<'_>, section: &str, entry: Entry<'_>) -> f64 {
    context.weigh(&context.wanted_by(section, entry))
}
