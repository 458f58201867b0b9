//! Headline and summary: joined from what the CV says.

use super::super::classify::SAME_ROLE;
use super::super::context::{Context, How, ids_of, ids_of_all};
use super::super::dates;
use super::super::say::{Listed, either, list, listed_in, listing, years};
use super::super::skills::{self, Kind, SkillId};
use super::super::text::{Lang, Pattern, fold, sentences, squeeze};
use super::super::types::{SummaryProposal, TextEdit};
use super::super::view::Entry;
use super::super::wants::Tier;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Longest headline, in characters.
const MAX_LABEL: usize = 110;
/// Skills in the headline.
const LABEL_SKILLS: usize = 3;
/// Skills in the summary beside those that it had to keep.
const SUMMARY_SKILLS: usize = 6;
/// The person's own sentences that stay beside those that say something to the offer.
const OWN_SENTENCES: usize = 3;
/// Social skills in the summary.
const STRENGTHS: usize = 3;
/// Parts the headline from its skills.
pub(in super::super) const MARK: &str = " · ";

static YEARS: LazyLock<Pattern> =
    LazyLock::new(|| Pattern::new(r"\b\d{1,2}\s*\+?\s*(years?|yrs|ans|annees?|jahren?|anos|rok[uy]?|let|lat)\b|\d年"));

/// The proposal for headline and summary.
pub(super) fn propose(context: &Context<'_>) -> SummaryProposal {
    if context.cv.root.get("basics").is_some_and(|basics| !basics.is_object()) {
        return SummaryProposal::default();
    }
    let skills = top_skills(context);
    SummaryProposal { label: label(context, &skills), summary: summary(context, &skills) }
}

/// The skills to name: of the offer and shown by the CV, the best first; without an offer, those that most experiences show.
fn top_skills(context: &Context<'_>) -> Vec<String> {
    if context.offer.is_some() {
        let mut wants: Vec<usize> = (0..context.wants.len())
            .filter(|at| {
                context.wants.get(*at).is_some_and(|want| !want.soft && want.ids.len() == 1 && is_nameable(&want.ids))
            })
            .filter(|at| context.spots.get(*at).is_some_and(|spots| spots.iter().any(|spot| spot.how != How::Said)))
            .collect();
        let key = |at: &usize| (context.wants.get(*at).map(|want| want.tier), context.grade(*at) < 0.8, *at);
        wants.sort_by_key(key);
        return dedup(wants.iter().filter_map(|at| context.wants.get(*at)).map(|want| want.name_in(context.lang)));
    }
    let mut counts: BTreeMap<SkillId, usize> = BTreeMap::new();
    for section in ["work", "projects"] {
        for entry in context.cv.entries(section) {
            let leaves = entry.leaves(section == "projects").into_iter();
            let found: BTreeSet<SkillId> = leaves
                .flat_map(|leaf| if leaf.listed { skills::find_in_list(leaf.text) } else { skills::find(leaf.text) })
                .map(|found| found.skill)
                .collect();
            for id in found {
                *counts.entry(id).or_default() += 1;
            }
        }
    }
    let entries = context.cv.entries("skills").into_iter();
    let listed = ids_of_all(entries.flat_map(|entry| entry.leaves(true)).map(|leaf| (leaf.text, true)));
    let fits =
        |(id, count): &(SkillId, usize)| is_nameable(&BTreeSet::from([*id])) && (*count > 1 || listed.contains(id));
    let mut best: Vec<(SkillId, usize)> = counts.into_iter().filter(fits).collect();
    best.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    dedup(best.into_iter().filter_map(|(id, _)| skills::get(id)).map(|skill| skill.name_in(context.lang).to_owned()))
}

fn is_nameable(ids: &BTreeSet<SkillId>) -> bool {
    ids.iter().all(|id| skills::get(*id).is_some_and(|skill| matches!(skill.kind, Kind::Technical | Kind::Trade)))
}

fn dedup(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(fold(name))).take(12).collect()
}

/// The experience that says most about who the person is for this offer: the newest with a close title, else the newest.
fn telling<'a>(context: &Context<'a>) -> Option<Entry<'a>> {
    let (_, entries) = context.cv.career();
    let newest = |entry: &Entry<'_>| {
        let span = dates::span(*entry, context.today);
        span.map_or((i32::MIN, false, i32::MIN), |span| (span.to, span.ongoing, span.from))
    };
    let titled: Vec<Entry<'a>> = entries.into_iter().filter(|entry| !entry.position().is_empty()).collect();
    let best = |close: bool| {
        let fitting = titled.iter().copied().filter(|entry| !close || context.closeness(entry.position()) >= SAME_ROLE);
        // Of two that are equally new the first counts: CVs begin with the newest.
        fitting.reduce(|best, entry| if newest(&entry) > newest(&best) { entry } else { best })
    };
    best(true).or_else(|| best(false))
}

/// The newest experience that lasts.
fn employed<'a>(context: &Context<'a>) -> Option<Entry<'a>> {
    let (_, entries) = context.cv.career();
    let lasting = entries.into_iter().filter_map(|entry| {
        let span = dates::span(entry, context.today).filter(|span| span.ongoing)?;
        Some((span.from, entry))
    });
    lasting.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, entry)| entry)
}

/// What the person calls themselves: the headline without skills that were added to it, else the telling title.
fn role(context: &Context<'_>) -> String {
    let label = squeeze(context.cv.label());
    let bare = match label.split_once(MARK) {
        Some((role, rest)) if rest.split(',').all(|word| skills::lookup(word.trim()).is_some()) => role.to_owned(),
        _ => label,
    };
    if bare.is_empty() { telling(context).map(|entry| squeeze(entry.position())).unwrap_or_default() } else { bare }
}

fn label(context: &Context<'_>, skills: &[String]) -> Option<TextEdit> {
    let role = role(context);
    if role.is_empty() {
        return None;
    }
    let said = ids_of(&role, true);
    let fresh = skills.iter().filter(|name| skills::lookup(name).is_none_or(|id| !said.contains(&id)));
    let mut text = role;
    let mut chosen: Vec<String> = Vec::new();
    for name in fresh.take(LABEL_SKILLS) {
        let longer = if chosen.is_empty() { format!("{text}{MARK}{name}") } else { format!("{text}, {name}") };
        if longer.chars().count() <= MAX_LABEL {
            text = longer;
            chosen.push(name.clone());
        }
    }
    if text == context.cv.label() || chosen.is_empty() && !context.cv.label().is_empty() {
        return None;
    }
    let names = list(context.lang, &chosen);
    let reason = match (context.lang, context.offer.is_some(), chosen.is_empty()) {
        (Lang::Fr, true, false) => {
            format!("Annonce dès le titre ce que l'offre demande et que votre parcours montre : {names}.")
        }
        (Lang::Fr, false, false) => format!("Annonce dès le titre ce que votre parcours montre le plus : {names}."),
        (Lang::Fr, _, true) => "Donne au CV un titre, celui de votre poste le plus proche.".to_owned(),
        (_, true, false) => format!("The headline now says what the offer asks for and your career shows: {names}."),
        (_, false, false) => format!("The headline now says what your career shows most: {names}."),
        (_, _, true) => "Gives the CV a headline: that of your closest position.".to_owned(),
    };
    Some(TextEdit { text, reason })
}

fn summary(context: &Context<'_>, skills: &[String]) -> Option<TextEdit> {
    let own = context.cv.summary();
    let same_language = own.is_empty() || Lang::of(own).or(context.own).is_none_or(|lang| lang == context.lang);
    let kept = if same_language { own_part(context, own) } else { String::new() };
    let mut parts = Vec::new();
    parts.extend(lead(context, &kept));
    if !kept.is_empty() {
        parts.push(kept.clone());
    }
    parts.extend(named_skills(context, own, &kept, skills));
    parts.extend(strengths(context, own, &kept));
    let text = parts.join(if kept.contains('\n') { "\n\n" } else { " " });
    // What the summary says of the offer's skills it keeps saying.
    let says: BTreeSet<usize> = context.wanted_in_summary(&text).into_iter().collect();
    let loses = context.wanted_in_summary(own).iter().any(|want| !says.contains(want));
    if text.is_empty() || loses || squeeze(&text) == squeeze(own) {
        return None;
    }
    let reason = match (context.offer.is_some(), same_language) {
        (true, true) => either(
            context.lang,
            "Brings out what your CV shows of what the offer asks for; everything in it comes from your CV.",
            "Met en avant ce que votre CV montre de ce que l'offre demande ; tout vient de votre CV.",
        ),
        (true, false) => either(
            context.lang,
            "Written in the offer's language, only from facts of your CV.",
            "Rédigé dans la langue de l'offre, uniquement à partir de votre CV.",
        ),
        (false, _) => either(
            context.lang,
            "Says at a glance your job, your years of experience and the skills that your career shows.",
            "Dit d'un coup d'œil votre métier, vos années d'expérience et les compétences que votre parcours montre.",
        ),
    };
    Some(TextEdit { text, reason: reason.to_owned() })
}

/// The person's own sentences, without what was added here before; a long text keeps what says something to the offer.
fn own_part(context: &Context<'_>, own: &str) -> String {
    // The lead of an earlier rewriting goes, and comes back as it was: it takes no sentence's place.
    let lead = lead(context, "");
    let added =
        |sentence: &str| listed_in(sentence).is_some() || lead.as_deref().is_some_and(|lead| squeeze(sentence) == lead);
    let count = sentences(own).iter().filter(|sentence| !added(sentence)).count();
    let mut idle = 0;
    super::keep_sentences(own, |_, sentence| {
        if added(sentence) {
            return false;
        }
        if count <= OWN_SENTENCES + 1 || context.offer.is_none() || !context.wanted_in(sentence, false).is_empty() {
            return true;
        }
        idle += 1;
        idle <= OWN_SENTENCES
    })
}

/// `Web developer with 7 years of experience, currently at X.`; nothing where the person's own words say so.
fn lead(context: &Context<'_>, kept: &str) -> Option<String> {
    let folded = fold(kept);
    let role = role(context);
    if role.is_empty() || YEARS.is_in(&folded) {
        return None;
    }
    let count = context.years();
    let fr = context.lang == Lang::Fr;
    let mut text = match (count >= 1, fr) {
        (true, true) => format!("{role} avec {}", years(context.lang, count)),
        (true, false) => format!("{role} with {}", years(context.lang, count)),
        (false, _) => role,
    };
    let (career, _) = context.cv.career();
    let entry =
        employed(context).or_else(|| telling(context)).filter(|entry| career == "work" && !entry.company().is_empty());
    match entry.filter(|entry| !folded.contains(fold(entry.company()).trim())) {
        Some(entry) => {
            let ongoing = dates::span(entry, context.today).is_some_and(|span| span.ongoing);
            let company = squeeze(entry.company());
            text.push_str(&match (ongoing, fr) {
                (true, true) => format!(", actuellement chez {company}"),
                (true, false) => format!(", currently at {company}"),
                (false, true) if count < 1 => format!(", avec une expérience chez {company}"),
                (false, false) if count < 1 => format!(", with experience at {company}"),
                (false, true) => format!(", notamment chez {company}"),
                (false, false) => format!(", including at {company}"),
            });
        }
        None if count < 1 => return None,
        None => {}
    }
    if !text.ends_with('.') {
        text.push('.');
    }
    Some(text)
}

/// The skills that the rest of the summary does not name yet; all that the summary before named are among them.
fn named_skills(context: &Context<'_>, own: &str, kept: &str, skills: &[String]) -> Option<String> {
    let said = ids_of(kept, false);
    let unsaid = |name: &&String| skills::lookup(name).is_none_or(|id| !said.contains(&id));
    let mut names: Vec<String> = skills.iter().filter(unsaid).take(SUMMARY_SKILLS).cloned().collect();
    let after: BTreeSet<usize> = context.wanted_in_summary(kept).into_iter().collect();
    for at in context.wanted_in_summary(own).into_iter().filter(|at| !after.contains(at)) {
        let Some(want) = context.wants.get(at).filter(|want| !want.soft) else { continue };
        let name = want.name_in(context.lang);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return None;
    }
    let what = if context.offer.is_some() { Listed::ForOffer } else { Listed::Main };
    Some(listing(context.lang, what, &names))
}

/// Social skills that the offer asks for and the CV shows; all that the summary before named are among them.
fn strengths(context: &Context<'_>, own: &str, kept: &str) -> Option<String> {
    let after: BTreeSet<usize> = context.wanted_in_summary(kept).into_iter().collect();
    let before: BTreeSet<usize> = context.wanted_in_summary(own).into_iter().collect();
    let fits = |at: &usize| {
        let asked =
            context.wants.get(*at).is_some_and(|want| want.soft && (want.tier != Tier::Task || before.contains(at)));
        asked && context.has(*at) && !after.contains(at)
    };
    let (must, may): (Vec<usize>, Vec<usize>) =
        (0..context.wants.len()).filter(fits).partition(|at| before.contains(at));
    let room = STRENGTHS.saturating_sub(must.len());
    let wants = must.into_iter().chain(may.into_iter().take(room));
    let names = dedup(wants.filter_map(|at| context.wants.get(at)).map(|want| want.name_in(context.lang)));
    (!names.is_empty()).then(|| listing(context.lang, Listed::Strengths, &names))
}
