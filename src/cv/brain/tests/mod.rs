//! The rules on real CVs and offers (src/demo), and on CVs that are nothing like one.

mod material;
mod properties;
mod quality;
mod wide;

use super::types::{Classification, Fate, Modification, Outcome, StepInput};
use super::{classify, outcome, rewrite};
use crate::cv::pipeline::generation::compose::{self, Composed};

/// A whole generation, step by step, as the pipeline runs it.
pub(super) struct Generation {
    pub(super) classification: Classification,
    pub(super) result: Composed,
}

pub(super) fn generate(input: &StepInput) -> Generation {
    let classification = outcome::classification(input, classify(input));
    let with = |index: Option<u32>, modifications: Vec<Modification>| StepInput {
        classification: Some(classification.clone()),
        index,
        modifications,
        ..input.clone()
    };
    let mut outcomes: Vec<Outcome> = Vec::new();
    for verdict in classification.experiences.iter().filter(|verdict| verdict.action != Fate::Keep) {
        let step = with(Some(verdict.index), Vec::new());
        outcomes.push(outcome::experience(&step, &rewrite::experience(&step)));
    }
    for verdict in classification.projects.iter().filter(|verdict| verdict.action == Fate::Adapt) {
        let step = with(Some(verdict.index), Vec::new());
        outcomes.push(outcome::project(&step, &rewrite::project(&step)));
    }
    let step = with(None, Vec::new());
    outcomes.push(outcome::extras(&step, &rewrite::extras(&step)));
    outcomes.push(outcome::skills(&step, &rewrite::skills(&step)));
    let so_far: Vec<Modification> = outcomes.iter().flat_map(|outcome| outcome.modifications.clone()).collect();
    let step = with(None, so_far);
    outcomes.push(outcome::summary(&step, &rewrite::summary(&step)));
    let modifications: Vec<Modification> = outcomes.into_iter().flat_map(|outcome| outcome.modifications).collect();
    let result = compose::unchecked(&input.cv, &classification, &modifications);
    Generation { classification, result }
}
