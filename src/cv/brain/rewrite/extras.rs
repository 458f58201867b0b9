//! The other sections: nothing is left out, what answers the offer comes first.

use super::super::context::Context;
use super::super::offer::language_code;
use super::super::say;
use super::super::text::fold;
use super::super::types::{EntryEdit, ExtrasProposal, ListEdit, OrderEdit};
use super::super::view::Entry;
use super::by_weight;
use super::items::{highlights, keywords, weight_of_entry};

/// The proposal for the sections that have no step of their own.
pub(super) fn propose(context: &Context<'_>) -> ExtrasProposal {
    if context.offer.is_none() {
        return ExtrasProposal::default();
    }
    ExtrasProposal {
        courses: edits(context, "education", |entry| keywords(context, entry, "courses")),
        volunteer_highlights: edits(context, "volunteer", |entry| highlights(context, entry, "highlights", usize::MAX)),
        languages: languages(context),
        certificates: order(context, "certificates"),
        awards: order(context, "awards"),
        publications: order(context, "publications"),
        interests: order(context, "interests"),
    }
}

fn edits<'a>(context: &Context<'a>, section: &str, edit: impl Fn(Entry<'a>) -> Option<ListEdit>) -> Vec<EntryEdit> {
    let found = context.cv.entries(section).into_iter().filter_map(|entry| {
        let edit = edit(entry)?;
        Some(EntryEdit { index: u32::try_from(entry.index).ok()?, items: edit.items, reason: edit.reason })
    });
    found.collect()
}

fn order(context: &Context<'_>, section: &str) -> Option<OrderEdit> {
    let entries = context.cv.entries(section);
    let weights: Vec<f64> = entries.iter().map(|entry| weight_of_entry(context, section, *entry)).collect();
    let order = by_weight(&weights)?;
    let first = entries.get(*order.first()?)?.text(&["name", "title"]);
    Some(OrderEdit { order: numbers(&order), reason: say::section_reordered(context.lang, first) })
}

/// The languages that the offer asks for first, in its order.
fn languages(context: &Context<'_>) -> Option<OrderEdit> {
    let asked: Vec<String> = context.offer?.languages.iter().map(|asked| tongue(&asked.language)).collect();
    let entries = context.cv.entries("languages");
    let weight = |entry: &Entry<'_>| {
        let spoken = tongue(entry.text(&["language", "name"]));
        let place = asked.iter().position(|asked| *asked == spoken)?;
        u32::try_from(asked.len() - place).ok()
    };
    let weights: Vec<f64> = entries.iter().map(|entry| weight(entry).map_or(0.0, f64::from)).collect();
    let order = by_weight(&weights)?;
    let first = entries.get(*order.first()?)?.text(&["language", "name"]);
    Some(OrderEdit { order: numbers(&order), reason: say::section_reordered(context.lang, first) })
}

fn numbers(order: &[usize]) -> Vec<u32> {
    order.iter().filter_map(|at| u32::try_from(*at).ok()).collect()
}

/// One name per language, whatever it is called in: its ISO code; an unknown one keeps its own name.
pub(in super::super) fn tongue(name: &str) -> String {
    language_code(name).map_or_else(|| fold(name).trim().to_owned(), str::to_owned)
}
