//! The rules as a model: what the offline provider answers for each step.

use super::brain::draft::{OutlineInput, SectionInput, StructureInput, TranslateInput};
use super::brain::types::{Extraction, OfferSource, ScoreInput, StepInput};
use super::brain::{classify, extract_offer, import, job_title, rewrite, score, translate};
use crate::ai::offline::{Offline, RuleError};
use std::convert::Infallible;

/// Features whose steps are those of a generation.
const GENERATION_FEATURES: [&str; 2] = ["cv_generation", "cv_optimization"];

impl From<Infallible> for RuleError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Registers the rules of the CV product under the features and steps of its pipelines.
pub fn register(offline: &mut Offline) {
    offline.register("job_extraction", "extract", |source: &OfferSource| Ok::<_, Infallible>(extraction(source)));
    for feature in GENERATION_FEATURES {
        offline.register(feature, "classify", |input: &StepInput| Ok::<_, Infallible>(classify(input)));
        offline
            .register(feature, "batch_experience", |input: &StepInput| Ok::<_, Infallible>(rewrite::experience(input)));
        offline.register(feature, "batch_project", |input: &StepInput| Ok::<_, Infallible>(rewrite::project(input)));
        offline.register(feature, "batch_extras", |input: &StepInput| Ok::<_, Infallible>(rewrite::extras(input)));
        offline.register(feature, "batch_skills", |input: &StepInput| Ok::<_, Infallible>(rewrite::skills(input)));
        offline.register(feature, "batch_summary", |input: &StepInput| Ok::<_, Infallible>(rewrite::summary(input)));
    }
    offline.register("pdf_import", "structure", |input: &StructureInput| Ok::<_, Infallible>(import::structure(input)));
    offline.register("cv_translation", "translate", |input: &TranslateInput| translate::translate(input));
    offline.register("cv_from_job_title", "outline", |input: &OutlineInput| job_title::outline(input));
    offline.register("cv_from_job_title", "section", |input: &SectionInput| {
        Ok::<_, Infallible>(job_title::section(input))
    });
    offline.register("match_score", "match_score", |input: &ScoreInput| Ok::<_, Infallible>(score(input)));
}

/// The answer of step `extract`.
pub fn extraction(source: &OfferSource) -> Extraction {
    match extract_offer(source) {
        Ok(draft) => Extraction { is_job_offer: true, refusal: None, language: draft.language, offer: draft.offer },
        Err(refused) => Extraction { is_job_offer: false, refusal: Some(refused.reason), ..Extraction::default() },
    }
}
