//! The rules behind the batches of a generation. Each proposes; [`super::outcome`] holds the proposals against the CV.
//! Nothing is ever said that the CV does not say: texts are reordered, shortened, and joined from what stands there.

mod extras;
mod items;
mod skills;
mod summary;

use super::context::Context;
use super::text::sentences;
use super::types::{
    ExperienceProposal, ExtrasProposal, Fate, ProjectProposal, SkillsProposal, StepInput, SummaryProposal,
};

pub(super) use extras::tongue;
pub(super) use items::{experience_of, project_of};

/// Step `batch_experience`: the experience `input.index`, towards the offer.
pub fn experience(input: &StepInput) -> ExperienceProposal {
    let context = Context::of(input);
    let entry = input.index.and_then(|index| context.cv.entry("work", usize::try_from(index).ok()?));
    let verdicts = input.classification.as_ref().map(|found| found.experiences.as_slice()).unwrap_or_default();
    let reduce = verdicts.iter().any(|verdict| Some(verdict.index) == input.index && verdict.action == Fate::Remove);
    entry.map(|entry| experience_of(&context, entry, reduce)).unwrap_or_default()
}

/// Step `batch_project`: the project `input.index`, towards the offer.
pub fn project(input: &StepInput) -> ProjectProposal {
    let context = Context::of(input);
    let entry = input.index.and_then(|index| context.cv.entry("projects", usize::try_from(index).ok()?));
    entry.map(|entry| project_of(&context, entry)).unwrap_or_default()
}

/// Step `batch_extras`: education, languages, certificates and so on.
pub fn extras(input: &StepInput) -> ExtrasProposal {
    extras::propose(&Context::of(input))
}

/// Step `batch_skills`: the skills, those that the offer asks for first.
pub fn skills(input: &StepInput) -> SkillsProposal {
    skills::propose(&Context::of(input))
}

/// Step `batch_summary`: headline and summary.
pub fn summary(input: &StepInput) -> SummaryProposal {
    summary::propose(&Context::of(input))
}

/// A stable order by weight, the heaviest first. `None`: it is the order already.
fn by_weight(weights: &[f64]) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|a, b| {
        let of = |at: &usize| weights.get(*at).copied().unwrap_or(0.0);
        of(b).total_cmp(&of(a)).then(a.cmp(b))
    });
    let moved = order.iter().enumerate().any(|(place, at)| place != *at);
    moved.then_some(order)
}

/// The text without the sentences that `keep` does not want; what stands between the others stays as it is.
fn keep_sentences(text: &str, mut keep: impl FnMut(usize, &str) -> bool) -> String {
    let mut out = String::new();
    let mut at = 0;
    for (number, sentence) in sentences(text).into_iter().enumerate() {
        let Some(from) = text.get(at..).and_then(|rest| rest.find(sentence)).map(|from| at + from) else { continue };
        if keep(number, sentence) {
            if !out.is_empty() {
                // Marks of lists and breaks of paragraphs belong to the sentence that follows them.
                out.push_str(text.get(at..from).unwrap_or(" "));
            }
            out.push_str(sentence);
        }
        at = from + sentence.len();
    }
    out.trim().to_owned()
}
