//! Step `match_score` (cv R35, P7): how well a CV answers an offer, 0 to 100, and what would raise it.
//!
//! | part | at most | from |
//! |---|---|---|
//! | technical skills | 40 | the asked skills that the CV shows, and whether a reader sees them at once |
//! | experience | 30 | titles, years that count for the offer, tasks done before |
//! | education | 10 | the degree asked for, its subject |
//! | projects | 10 | projects (or experiences) with the asked skills |
//! | soft skills | 10 | the asked ones, and the languages |
//!
//! Every part grows with what the CV shows and never falls when texts are reordered or what is unrelated leaves: an
//! adapted CV scores at least as much as its source.

use super::classify::{CLOSE_ROLE, SAME_ROLE};
use super::context::{Context, How, SAME_FIELD};
use super::dates;
use super::education;
use super::rewrite::tongue;
use super::suggest;
use super::types::{Score, ScoreBreakdown, ScoreInput};
use super::wants::Tier;
use std::collections::BTreeSet;

/// The most that each part can be.
pub(super) const TECHNICAL: f64 = 40.0;
const EXPERIENCE: f64 = 30.0;
const EDUCATION: f64 = 10.0;
const PROJECTS: f64 = 10.0;
const SOFT: f64 = 10.0;
/// What the CV of another trade keeps of each part, at least.
const OTHER_TRADE: f64 = 0.6;
/// Points of the technical part for what a reader sees at once.
const PROMINENT: f64 = 9.0;
/// Skills at the head of the list that a reader sees at once.
const AT_ONCE: usize = 12;
/// Skills of an offer up to which all are expected.
const SHORT_LIST: usize = 5;
/// Highlights of an entry that most readers read.
const READ: usize = 2;
/// Skills that are named as missing or matching.
const MAX_NAMED: usize = 30;

/// The score of a CV for an offer.
pub fn score(input: &ScoreInput) -> Score {
    let context = Context::new(&input.cv, Some(&input.offer), input.language.as_deref(), input.today.as_deref());
    let breakdown = breakdown(&context);
    let named = |has: bool| -> Vec<String> {
        let mut wants: Vec<usize> = (0..context.wants.len())
            .filter(|at| context.wants.get(*at).is_some_and(|want| want.tier != Tier::Task) && context.has(*at) == has)
            .collect();
        wants.sort_by_key(|at| (context.wants.get(*at).map(|want| want.tier), *at));
        wants.into_iter().filter_map(|at| context.wants.get(at)).map(|want| want.name.clone()).take(MAX_NAMED).collect()
    };
    Score {
        total: breakdown.total(),
        breakdown,
        missing_skills: named(false),
        matching_skills: named(true),
        suggestions: suggest::suggestions(&context),
    }
}

fn breakdown(context: &Context<'_>) -> ScoreBreakdown {
    let kept = kinship(context);
    ScoreBreakdown {
        technical_skills: points(TECHNICAL, kept * technical(context, &BTreeSet::new())),
        experience: points(EXPERIENCE, kept * experience(context)),
        education: points(EDUCATION, kept * education::fit(context)),
        projects: points(PROJECTS, kept * projects(context)),
        soft_skills: points(SOFT, kept * soft(context)),
    }
}

#[allow(clippy::cast_possible_truncation)]
fn points(most: f64, share: f64) -> i32 {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    (most * share).round() as i32
}

/// The technical part, 0 to 1, if the CV also showed these skills.
pub(super) fn technical(context: &Context<'_>, granted: &BTreeSet<usize>) -> f64 {
    let (mut all, mut got, mut seen) = (0.0, 0.0, 0.0);
    let prominent = prominent(context);
    for (at, want) in context.wants.iter().enumerate().filter(|(_, want)| !want.soft && want.tier != Tier::Task) {
        all += want.weight();
        let grade = if granted.contains(&at) { 1.0 } else { context.grade(at) };
        got += want.weight() * grade;
        if prominent.contains(&at) || granted.contains(&at) {
            seen += want.weight();
        }
    }
    if all == 0.0 {
        // The offer names no skill: its title and tasks are all there is to go by.
        return 0.7 * (0.5 * closest_title(context) + 0.5 * tasks(context));
    }
    // Nobody has all of a long list, and nobody expects it.
    let count = context.wants.iter().filter(|want| !want.soft && want.tier != Tier::Task).count();
    let expected = all * (1.0 - 0.02 * ratio(count.saturating_sub(SHORT_LIST), 1)).clamp(0.65, 1.0);
    let coverage: f64 = (got / expected).min(1.0);
    ((TECHNICAL - PROMINENT) * coverage.powf(0.85) + PROMINENT * (seen / expected).min(1.0)) / TECHNICAL
}

/// The wanted skills in the headline, the summary and at the head of the list.
fn prominent(context: &Context<'_>) -> BTreeSet<usize> {
    let mut found: BTreeSet<usize> = context.wanted_in(context.cv.label(), true).into_iter().collect();
    found.extend(context.wanted_in_summary(context.cv.summary()));
    let entries = context.cv.entries("skills").into_iter();
    let listed = entries.flat_map(|entry| {
        let keywords = entry.list("keywords");
        let name = entry.value.as_str().unwrap_or_else(|| entry.text(&["name"]));
        if keywords.is_empty() { vec![name] } else { keywords }
    });
    for text in listed.take(AT_ONCE) {
        found.extend(context.wanted_in(text, true));
    }
    found
}

fn closest_title(context: &Context<'_>) -> f64 {
    let (_, career) = context.cv.career();
    let newest = career
        .iter()
        .filter_map(|entry| dates::span(*entry, context.today))
        .map(|span| span.to)
        .max()
        .unwrap_or(context.today);
    let titles = career.iter().map(|entry| {
        let age = dates::span(*entry, context.today).map_or(48, |span| (newest - span.to).max(0));
        // A job of eight years ago says three quarters of what it said then.
        context.trade(entry.position()) * 0.75_f64.powf(f64::from(age) / 96.0)
    });
    titles.chain([0.85 * context.trade(bare_label(context.cv.label()))]).fold(0.0, f64::max)
}

/// What the CV of another trade keeps of each part: schools, languages and good manners fit everywhere, and say little
/// of whether somebody can do a job that they never did. 1 for the offer's own trade, related ones, and where nobody can
/// say which trade it is.
pub(super) fn kinship(context: &Context<'_>) -> f64 {
    if !context.has_trade() || context.is_technical() {
        return 1.0;
    }
    let (_, career) = context.cv.career();
    let titles = career.iter().map(|entry| context.trade(entry.position()));
    let closest = titles.chain([context.trade(bare_label(context.cv.label()))]).fold(0.0, f64::max);
    OTHER_TRADE + (1.0 - OTHER_TRADE) * (closest / SAME_FIELD).min(1.0)
}

/// The headline without skills that were added to it.
fn bare_label(label: &str) -> &str {
    label.split(" · ").next().unwrap_or(label).trim()
}

/// Years that the offer asks for, by number or by level.
pub(super) fn years_needed(context: &Context<'_>) -> f64 {
    let Some(offer) = context.offer else { return 2.0 };
    if let Some(years) = offer.experience.min_years.filter(|years| years.is_finite() && (0.0..60.0).contains(years)) {
        return years.max(1.0);
    }
    let said = format!("{} {}", offer.experience.level.as_deref().unwrap_or(""), offer.title.as_deref().unwrap_or(""))
        .to_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if any(&["intern", "stage", "stagiaire", "alternan", "apprenti", "débutant"])
        && !any(&["internal", "international"])
    {
        0.5
    } else if any(&["junior", "entry"]) {
        1.0
    } else if any(&["principal", "staff", "lead", "head", "director", "directeur"]) {
        7.0
    } else if any(&["senior", "confirmé", "expert", "expériment"]) {
        5.0
    } else {
        2.5
    }
}

/// Years of experience that count for the offer: those in a close job fully, in a related one or with its skills half,
/// others a tenth.
pub(super) fn years_that_count(context: &Context<'_>) -> f64 {
    let (section, career) = context.cv.career();
    let mut same = Vec::new();
    let mut related = Vec::new();
    let mut all = Vec::new();
    for entry in career {
        let Some(span) = dates::span(entry, context.today) else { continue };
        let role = context.trade(entry.position());
        let skilled = context.weigh(&context.wanted_by(section, entry)) >= 6.0;
        all.push(span);
        if role >= SAME_ROLE || role >= CLOSE_ROLE && skilled {
            same.push(span);
        }
        if role >= CLOSE_ROLE || skilled {
            related.push(span);
        }
    }
    let (all, same) = (dates::months(all), dates::months(same));
    let related = dates::months(related).max(same);
    (f64::from(same) + 0.5 * f64::from(related - same) + 0.1 * f64::from((all - related).max(0))) / 12.0
}

/// How much of what the offer asks for was done in experiences and projects, 0 to 1.
fn tasks(context: &Context<'_>) -> f64 {
    let (mut all, mut got) = (0.0, 0.0);
    for (at, want) in context.wants.iter().enumerate().filter(|(_, want)| !want.soft) {
        all += want.weight();
        let done = context.spots.get(at).is_some_and(|spots| spots.iter().any(|spot| spot.how == How::Shown));
        if done {
            got += want.weight();
        }
    }
    // Nobody did everything before.
    if all == 0.0 { 0.0 } else { (got / (all * 0.7)).min(1.0) }
}

fn experience(context: &Context<'_>) -> f64 {
    let needed = years_needed(context);
    let years = (years_that_count(context) / needed).min(1.0);
    0.45 * closest_title(context) + 0.27 * years + tasks(context) * (0.16 + 0.12 * leads(context))
}

/// How much of what the best highlights show is shown by the first ones, 0 to 1: few readers go further.
fn leads(context: &Context<'_>) -> f64 {
    let (mut first, mut best) = (0.0, 0.0);
    for section in ["work", "projects"] {
        for entry in context.cv.entries(section) {
            let mut weights: Vec<f64> =
                entry.list("highlights").iter().map(|text| context.weight_of(text, false)).collect();
            first += weights.iter().take(READ).sum::<f64>();
            weights.sort_by(|a, b| b.total_cmp(a));
            best += weights.iter().take(READ).sum::<f64>();
        }
    }
    // Without highlights there is nothing to read past.
    if best == 0.0 { 1.0 } else { first / best }
}

/// The best project, and what all of them show together; a CV without projects may show it in its experiences.
fn projects(context: &Context<'_>) -> f64 {
    let hard: Vec<usize> =
        (0..context.wants.len()).filter(|at| context.wants.get(*at).is_some_and(|want| !want.soft)).collect();
    let enough = (context.weigh(&hard) * 0.4).clamp(3.0, 15.0);
    let of = |section: &str| -> f64 {
        let mut union: BTreeSet<usize> = BTreeSet::new();
        let mut best: f64 = 0.0;
        for entry in context.cv.entries(section) {
            let wanted: Vec<usize> =
                context.wanted_by(section, entry).into_iter().filter(|at| hard.contains(at)).collect();
            best = best.max(context.weigh(&wanted));
            union.extend(wanted);
        }
        let union: Vec<usize> = union.into_iter().collect();
        0.5 * (best / enough).min(1.0) + 0.5 * (context.weigh(&union) / enough).min(1.0)
    };
    of("projects").max(0.7 * of("work")).max(0.6 * of("publications")).max(0.6 * of("volunteer"))
}

fn soft(context: &Context<'_>) -> f64 {
    let (mut all, mut got) = (0.0, 0.0);
    for (at, want) in context.wants.iter().enumerate().filter(|(_, want)| want.soft) {
        all += want.weight();
        if context.has(at) {
            got += want.weight();
        }
    }
    // Few CVs name half of them; showing some is what counts. An offer that asks for none is answered by a whole CV.
    let skills = if all == 0.0 { 0.5 } else { (got / (all * 0.6)).min(1.0) };
    match languages(context) {
        Some(share) => 0.6 * skills + 0.4 * share,
        None => skills,
    }
}

/// The share of the asked languages that the CV names or is written in; `None` where none is asked for.
fn languages(context: &Context<'_>) -> Option<f64> {
    let asked: BTreeSet<String> = context.offer?.languages.iter().map(|asked| tongue(&asked.language)).collect();
    if asked.is_empty() {
        return None;
    }
    let missing = missing_languages(context).len();
    Some(1.0 - ratio(missing, asked.len()))
}

/// The languages that the offer asks for and the CV does not name.
pub(super) fn missing_languages(context: &Context<'_>) -> Vec<String> {
    let mut spoken: BTreeSet<String> = context
        .cv
        .entries("languages")
        .iter()
        .map(|entry| tongue(entry.value.as_str().unwrap_or_else(|| entry.text(&["language", "name"]))))
        .collect();
    // A CV whose experiences are told in a language shows that its person writes it.
    spoken.extend(context.told_in().map(|lang| lang.code().to_owned()));
    let asked = context.offer.map(|offer| offer.languages.as_slice()).unwrap_or_default();
    let mut seen = BTreeSet::new();
    let missing =
        asked.iter().filter(|asked| !spoken.contains(&tongue(&asked.language)) && seen.insert(tongue(&asked.language)));
    missing.map(|asked| asked.language.clone()).collect()
}

#[allow(clippy::cast_precision_loss)]
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
