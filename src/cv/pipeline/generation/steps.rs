//! What each step of a generation does. No step writes: its outcome is committed by [`super::effects`].

use super::compose;
use super::input::{GenerationHead, OfferInput, SourceRef, StepRef, document, known};
use super::plan::{self, item_key, key};
use crate::cv::brain::outcome;
use crate::cv::brain::types::{
    Classification, Document, ExperienceProposal, ExtrasProposal, Mode, Modification, Outcome, ProjectProposal,
    ScoreInput, SkillsProposal, StepInput, SummaryProposal,
};
use crate::cv::pipeline::ask::{self, Question};
use crate::cv::pipeline::score;
use crate::cv::pipeline::source::{self, Extracted};
use crate::cv::rules::resume;
use crate::cv::services::Services;
use crate::cv::store::{files, generations};
use estafette_actors::StepError;
use estafette_actors::task::{StepCtx, StepOutput};
use estafette_protocol::cv::change::Modification as WireModification;
use estafette_protocol::cv::offer::JobOfferContent;
use estafette_protocol::cv::status::GenerationMode;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Runs one attempt of a step.
///
/// # Errors
/// What went wrong, and whether another attempt can help.
pub async fn run(services: &Services, ctx: &StepCtx) -> Result<StepOutput, StepError> {
    let (mut input, cv) = (known(GenerationHead::of(&ctx.task))?, known(document(&ctx.task))?);
    let at = StepRef::of(&ctx.step)?;
    let index = usize::try_from(at.offer_index).unwrap_or(usize::MAX);
    let offer = std::mem::take(&mut input.offers).into_iter().nth(index);
    let offer = offer.ok_or_else(|| StepError::fatal("bad_graph", "an offer that is not there"))?;
    let work = Work { services, ctx, cv, input, offer, at };
    match ctx.step.kind.as_str() {
        "extract" => work.extract().await,
        "classify" => work.classify().await,
        "batch_experience" => work.batch::<ExperienceProposal>("batch_experience", outcome::experience).await,
        "batch_project" => work.batch::<ProjectProposal>("batch_project", outcome::project).await,
        "batch_extras" => work.batch::<ExtrasProposal>("batch_extras", outcome::extras).await,
        "batch_skills" => work.batch::<SkillsProposal>("batch_skills", outcome::skills).await,
        "batch_summary" => work.batch::<SummaryProposal>("batch_summary", outcome::summary).await,
        "recompose" => work.recompose().await,
        "match_score" => work.score().await,
        other => Err(StepError::fatal("bad_graph", format!("there is no step `{other}`"))),
    }
}

/// One attempt, with what it works on: each part goes into the step's material, which is large, and is not needed again.
struct Work<'a> {
    services: &'a Services,
    ctx: &'a StepCtx,
    cv: Document,
    input: GenerationHead,
    offer: OfferInput,
    at: StepRef,
}

fn encoded(value: &impl Serialize) -> Result<Value, StepError> {
    serde_json::to_value(value).map_err(|error| StepError::fatal("bad_output", error.to_string()))
}

impl Work<'_> {
    /// The cost feature (1.9).
    const fn feature(&self) -> &'static str {
        match self.input.mode {
            GenerationMode::Adapt => "cv_generation",
            GenerationMode::Optimize => "cv_optimization",
        }
    }

    async fn extract(self) -> Result<StepOutput, StepError> {
        let owner = self.ctx.task.owner.as_ref();
        let owner = owner.ok_or_else(|| StepError::fatal("bad_input", "a generation has an owner"))?;
        let text = match self.offer.source {
            SourceRef::Text => {
                let stored = generations::subtask_input(&self.ctx.db, &self.at.offer_id, "extract").await?;
                stored.and_then(|stored| stored.get("text").and_then(Value::as_str).map(str::to_owned))
            }
            _ => None,
        };
        let material = self.offer.source.material(text);
        let material = material.ok_or_else(|| StepError::fatal("bad_input", "the job offer's text is gone"))?;
        let step = Some((ask::origin(self.ctx), self.ctx.last_error.as_deref()));
        let mut on_text = |text: &str| self.ctx.delta(text);
        let found = source::extract(self.services, &self.ctx.db, owner, &material, step, &mut on_text).await?;
        let report = found.report.clone();
        Ok(StepOutput { output: encoded(&found)?, report, ..StepOutput::default() })
    }

    /// Takes the offer's facts and language; none where the CV is improved for itself.
    fn facts(&mut self) -> Result<(Option<JobOfferContent>, Option<String>), StepError> {
        match &mut self.offer.source {
            SourceRef::None => Ok((None, None)),
            SourceRef::Stored { content, .. } => Ok((Some(std::mem::take(&mut **content)), None)),
            SourceRef::Url { .. } | SourceRef::Text | SourceRef::Upload { .. } => {
                let found: Extracted = self.ctx.output(&key("extract", self.at.offer_index)?)?;
                Ok((Some(found.content), found.language))
            }
        }
    }

    /// Takes what the step is about.
    fn material(&mut self, classification: Option<Classification>) -> Result<StepInput, StepError> {
        let (offer, language) = self.facts()?;
        Ok(StepInput {
            cv: self.cv.clone(),
            offer,
            mode: match self.input.mode {
                GenerationMode::Adapt => Mode::Adapt,
                GenerationMode::Optimize => Mode::Optimize,
            },
            language,
            classification,
            index: self.at.item_index,
            suggestions: std::mem::take(&mut self.input.suggestions),
            modifications: Vec::new(),
            today: Some(std::mem::take(&mut self.input.today)),
        })
    }

    async fn ask<T: DeserializeOwned + JsonSchema + 'static>(
        &self,
        step: &'static str,
        input: &Arc<StepInput>,
    ) -> Result<(T, Map<String, Value>), StepError> {
        let settings = self.services.settings(&self.ctx.db).await?;
        let question = Question {
            feature: self.feature(),
            step,
            model: settings.generation_model(),
            timeout: self.ctx.step.timeout,
            last_error: self.ctx.last_error.as_deref(),
        };
        let mut on_text = |text: &str| self.ctx.delta(text);
        let origin = ask::origin(self.ctx);
        let answer = ask::ask::<T>(&self.services.models, question, origin, input, &mut on_text).await?;
        let report = answer.report();
        Ok((answer.output, report))
    }

    async fn classify(mut self) -> Result<StepOutput, StepError> {
        let input = Arc::new(self.material(None)?);
        let (found, report): (Classification, _) = self.ask("classify", &input).await?;
        let found = self.services.compute(move || outcome::classification(&input, found)).await?;
        let (add, also_needs) = plan::item_steps(&self.offer, &found)?;
        Ok(StepOutput { output: encoded(&found)?, add, also_needs, report })
    }

    fn classification(&self) -> Result<Classification, StepError> {
        self.ctx.output(&key("classify", self.at.offer_index)?)
    }

    /// A batch: the model's proposal, held against the CV.
    async fn batch<T: DeserializeOwned + JsonSchema + Send + 'static>(
        mut self,
        step: &'static str,
        judge: fn(&StepInput, &T) -> Outcome,
    ) -> Result<StepOutput, StepError> {
        let modifications = if step == "batch_summary" { self.modifications()? } else { Vec::new() };
        let classification = self.classification()?;
        let input = Arc::new(StepInput { modifications, ..self.material(Some(classification))? });
        let (proposal, mut report): (T, _) = self.ask(step, &input).await?;
        let outcome = self.services.compute(move || judge(&input, &proposal)).await?;
        let told: Vec<WireModification> = outcome.modifications.iter().cloned().map(Into::into).collect();
        report.insert("modifications".to_owned(), encoded(&told)?);
        Ok(StepOutput { output: encoded(&outcome)?, report, ..StepOutput::default() })
    }

    /// What the completed batches of this offer changed, in the order of the CV.
    fn modifications(&self) -> Result<Vec<Modification>, StepError> {
        let offer = self.at.offer_index;
        let count = |section: &str| {
            let items = self.cv.get(section).and_then(Value::as_array).map_or(0, Vec::len);
            u32::try_from(items).unwrap_or(u32::MAX)
        };
        let mut keys = vec![key("batch_summary", offer)?];
        for (kind, section) in [("batch_experience", "work"), ("batch_project", "projects")] {
            for item in 0..count(section) {
                keys.push(item_key(kind, offer, item)?);
            }
        }
        keys.extend([key("batch_extras", offer)?, key("batch_skills", offer)?]);
        let mut found = Vec::new();
        for key in keys {
            if self.ctx.output_value(&key).is_some() {
                found.extend(self.ctx.output::<Outcome>(&key)?.modifications);
            }
        }
        Ok(found)
    }

    async fn recompose(self) -> Result<StepOutput, StepError> {
        let (classification, modifications) = (self.classification()?, self.modifications()?);
        let source = self.cv.clone();
        let compose = move || {
            let composed = compose::compose(&source, &classification, &modifications)?;
            // Not the language that was asked for: the one that the result is written in.
            let language = resume::language(&composed.content);
            Ok((composed, language, classification, modifications))
        };
        let composed: Result<_, String> = self.services.compute(compose).await?;
        let (composed, language, classification, modifications) =
            composed.map_err(|error| StepError::fatal("invalid_result", error))?;
        let mut output = json!({
            "composed": {"changes": encoded(&composed.changes)?},
            "classification": encoded(&classification)?,
            "modifications": encoded(&modifications)?,
            "language": language,
        });
        // The macro copies what it is given, and a CV is long.
        output["composed"]["content"] = composed.content;
        Ok(StepOutput::of(output))
    }

    async fn score(mut self) -> Result<StepOutput, StepError> {
        let row = files::made_for(&self.ctx.db, &self.at.offer_id).await?;
        let row = row.ok_or_else(|| StepError::fatal("cv_gone", "the CV does not exist any more"))?;
        let id = row.file.summary.id;
        let (offer, language) = self.facts()?;
        let offer = offer.ok_or_else(|| StepError::fatal("no_offer", "a score needs a job offer"))?;
        let rev = row.file.summary.content_rev;
        let today = Some(self.input.today.clone());
        let source =
            ScoreInput { cv: self.cv.clone(), offer: offer.clone(), language: language.clone(), today: today.clone() };
        let made = ScoreInput { cv: row.file.content.into(), offer, language, today };
        // Both at the same time: what people want to see is how far the CV has come.
        let (after, before) = futures_util::try_join!(
            score::ask_score(self.services, self.ctx, Some(id.as_str()), made),
            score::ask_score(self.services, self.ctx, None, source),
        )?;
        let output = json!({"cv_id": id, "score": encoded(&after.0)?, "rev": rev, "before": before.0.total});
        Ok(StepOutput { output, report: both(after.1, &before.1), ..StepOutput::default() })
    }
}

/// What two calls used up together: numbers are added, everything else is the first's.
fn both(mut first: Map<String, Value>, second: &Map<String, Value>) -> Map<String, Value> {
    for (name, value) in &mut first {
        let sum = match (value.as_u64(), second.get(name).and_then(Value::as_u64)) {
            (Some(one), Some(other)) => Some(Value::from(one + other)),
            _ => value
                .as_f64()
                .zip(second.get(name).and_then(Value::as_f64))
                .map(|(one, other)| Value::from(one + other)),
        };
        if let Some(sum) = sum {
            *value = sum;
        }
    }
    first
}
