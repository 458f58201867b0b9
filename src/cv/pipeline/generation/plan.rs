//! The graph of a generation: keys, weights, timeouts.

use super::input::{GenerationHead, OfferInput, SourceRef, StepRef, group};
use crate::cv::brain::types::{Classification, Fate};
use crate::cv::pipeline::score::SCORE_TIMEOUT;
use estafette_actors::StepError;
use estafette_actors::task::{OnFailure, StepSpec};
use estafette_protocol::StepKey;
use std::time::Duration;

/// Experiences and projects of one CV that are rewritten; the rest stays as it is.
pub const MAX_ITEMS: usize = 100;

/// Weights of an offer's steps: 10 each, 50 shared by the batches. In thousandths, so that the batches can share.
mod weight {
    pub(super) const STEP: u32 = 1_000;
    /// `batch_extras` and `batch_skills`, each.
    pub(super) const FIXED_BATCH: u32 = 1_000;
    /// Shared by the experiences and projects.
    pub(super) const ITEMS: u32 = 3_000;
}

const MINUTE: Duration = Duration::from_secs(60);
const ITEM_TIMEOUT: Duration = Duration::from_secs(90);
const RECOMPOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// `kind[o]`.
///
/// # Errors
/// A final [`StepError`]: a defect.
pub fn key(kind: &str, offer: u32) -> Result<StepKey, StepError> {
    parse(&format!("{kind}[{offer}]"))
}

/// `kind[o,i]`.
///
/// # Errors
/// A final [`StepError`]: a defect.
pub fn item_key(kind: &str, offer: u32, item: u32) -> Result<StepKey, StepError> {
    parse(&format!("{kind}[{offer},{item}]"))
}

fn parse(key: &str) -> Result<StepKey, StepError> {
    StepKey::parse(key).map_err(|error| StepError::fatal("bad_graph", error.to_string()))
}

fn step(kind: &str, key: StepKey, offer: &OfferInput, item: Option<u32>) -> Result<StepSpec, StepError> {
    let at = StepRef { offer_id: offer.id.clone(), offer_index: offer.index, item_index: item };
    let input = serde_json::to_value(at).map_err(|error| StepError::fatal("bad_graph", error.to_string()))?;
    let spec = StepSpec::new(key, kind)
        .in_group(group(offer.index))
        .with_input(input)
        .weighing(weight::STEP)
        .within(MINUTE)
        .labelled("offer_index", offer.index);
    Ok(match item {
        Some(item) => spec.labelled("item_index", item),
        None => spec,
    })
}

/// The steps that are known from the start.
///
/// # Errors
/// A final [`StepError`]: a defect.
pub fn first_steps(input: &GenerationHead) -> Result<Vec<StepSpec>, StepError> {
    let mut steps = Vec::new();
    for offer in &input.offers {
        let at = |kind: &str| key(kind, offer.index);
        let one = |kind: &str| step(kind, at(kind)?, offer, None);
        let extracted = if offer.source.needs_extraction() {
            steps.push(one("extract")?);
            Some(at("extract")?)
        } else {
            None
        };
        steps.push(one("classify")?.after(extracted));
        steps.push(one("batch_extras")?.after([at("classify")?]).weighing(weight::FIXED_BATCH));
        steps.push(one("batch_skills")?.after([at("classify")?]).weighing(weight::FIXED_BATCH));
        steps.push(one("batch_summary")?.after([at("classify")?, at("batch_extras")?, at("batch_skills")?]));
        steps.push(one("recompose")?.after([at("batch_summary")?]).within(RECOMPOSE_TIMEOUT));
        if offer.source != SourceRef::None {
            // R37: a failed score never fails the generation that asked for it.
            let score = one("match_score")?.after([at("recompose")?]).within(SCORE_TIMEOUT);
            steps.push(score.on_failure(OnFailure::Continue));
        }
    }
    Ok(steps)
}

/// What `classify` adds: the steps, and who waits for them.
pub type Added = (Vec<StepSpec>, Vec<(StepKey, StepKey)>);

/// The steps of the experiences and projects that are to be rewritten. A project that is to be removed needs none.
///
/// # Errors
/// A final [`StepError`]: a defect.
pub fn item_steps(offer: &OfferInput, found: &Classification) -> Result<Added, StepError> {
    let experiences = found.experiences.iter().filter(|verdict| verdict.action != Fate::Keep);
    let projects = found.projects.iter().filter(|verdict| verdict.action == Fate::Adapt);
    let mut items: Vec<(&str, u32)> = experiences.map(|verdict| ("batch_experience", verdict.index)).collect();
    items.extend(projects.map(|verdict| ("batch_project", verdict.index)));
    items.truncate(MAX_ITEMS);
    let share = weight::ITEMS / u32::try_from(items.len().max(1)).unwrap_or(u32::MAX);
    let (classify, summary) = (key("classify", offer.index)?, key("batch_summary", offer.index)?);
    let mut added: Added = (Vec::new(), Vec::new());
    for (kind, item) in items {
        let own = item_key(kind, offer.index, item)?;
        let spec = step(kind, own.clone(), offer, Some(item))?;
        added.0.push(spec.after([classify.clone()]).weighing(share.max(1)).within(ITEM_TIMEOUT));
        added.1.push((summary.clone(), own));
    }
    Ok(added)
}
