//! Step `classify`: what each experience and project says to the offer.

use super::context::Context;
use super::dates;
use super::rewrite;
use super::say;
use super::types::{Classification, Fate, StepInput, Verdict, WantedSkill};
use super::view::Entry;
use super::wants::Tier;

/// Below this an entry says nothing to the offer.
const IRRELEVANT: f64 = 0.12;
/// Places that are named for one skill.
const MAX_PROOFS: usize = 5;
/// Projects that stay however little they say.
const MIN_PROJECTS: usize = 2;
/// Months after which an experience counts half.
const HALF_LIFE: f64 = 96.0;
/// A title this close is the same job.
pub(super) const SAME_ROLE: f64 = 0.7;
/// A title this close is a related job.
pub(super) const CLOSE_ROLE: f64 = 0.35;

/// What becomes of each experience and project for the offer, and where the CV shows what the offer asks for.
pub fn classify(input: &StepInput) -> Classification {
    let context = Context::of(input);
    let verdicts = |section: &'static str| -> Vec<Verdict> {
        context.cv.entries(section).into_iter().map(|entry| verdict(&context, section, entry)).collect()
    };
    let mut projects = verdicts("projects");
    spare_projects(&context, &mut projects);
    let wanted_skills = context
        .wants
        .iter()
        .enumerate()
        .filter(|(_, want)| want.tier != Tier::Task)
        .map(|(at, want)| WantedSkill {
            name: want.name.clone(),
            required: want.tier == Tier::Required,
            proofs: context.proofs(at, MAX_PROOFS),
        })
        .collect();
    Classification { target_language: context.target.clone(), experiences: verdicts("work"), projects, wanted_skills }
}

/// How much an entry says to the offer, 0 to 1, to two decimals.
pub(super) fn relevance(context: &Context<'_>, section: &str, entry: Entry<'_>) -> f64 {
    let wanted = context.wanted_by(section, entry);
    let role = context.closeness(entry.position());
    let recency = dates::span(entry, context.today).map_or(0.5, |span| {
        let age = f64::from((context.today - span.to).max(0));
        0.5_f64.powf(age / HALF_LIFE)
    });
    // Five wanted skills in one entry are as good as all.
    let all: Vec<usize> = (0..context.wants.len()).collect();
    let enough = (context.weigh(&all) * 0.5).clamp(3.0, 15.0);
    let skills = (context.weigh(&wanted) / enough).min(1.0);
    let value = if context.offer.is_none() {
        0.5 + 0.5 * recency
    } else if wanted.is_empty() && role < CLOSE_ROLE {
        0.1 * recency
    } else if section == "projects" && entry.position().is_empty() {
        0.9 * skills + 0.1 * recency
    } else {
        0.55 * skills + 0.35 * role + 0.1 * recency
    };
    (value.clamp(0.0, 1.0) * 100.0).round() / 100.0
}

fn verdict(context: &Context<'_>, section: &'static str, entry: Entry<'_>) -> Verdict {
    let relevance = relevance(context, section, entry);
    let wanted = context.wanted_by(section, entry);
    let close = context.closeness(entry.position()) >= CLOSE_ROLE;
    let irrelevant = context.offer.is_some() && relevance < IRRELEVANT;
    let changes = if section == "work" {
        rewrite::experience_of(context, entry, irrelevant) != super::types::ExperienceProposal::default()
    } else {
        rewrite::project_of(context, entry) != super::types::ProjectProposal::default()
    };
    let action = match (irrelevant, changes) {
        // An experience that is short already is left alone: a career stays whole.
        (true, _) if section == "projects" => Fate::Remove,
        (true, true) => Fate::Remove,
        (false, true) => Fate::Adapt,
        (_, false) => Fate::Keep,
    };
    let reason = match context.offer {
        Some(_) => say::shows(context.lang, &context.names(&wanted, 4), close),
        None => say::either(context.lang, "Stays in the CV.", "Reste dans le CV.").to_owned(),
    };
    Verdict { index: u32::try_from(entry.index).unwrap_or(u32::MAX), action, relevance, reason }
}

/// Projects that carry the career of a CV without experiences stay, and so do the best of the others.
fn spare_projects(context: &Context<'_>, verdicts: &mut [Verdict]) {
    let (career, _) = context.cv.career();
    let mut order: Vec<usize> = (0..verdicts.len()).collect();
    order.sort_by(|a, b| {
        let of = |at: &usize| verdicts.get(*at).map_or(0.0, |verdict| verdict.relevance);
        of(b).total_cmp(&of(a)).then(a.cmp(b))
    });
    let spared: Vec<usize> = if career == "projects" { order } else { order.into_iter().take(MIN_PROJECTS).collect() };
    for at in spared {
        if let Some(verdict) = verdicts.get_mut(at)
            && verdict.action == Fate::Remove
        {
            verdict.action = Fate::Keep;
        }
    }
}
