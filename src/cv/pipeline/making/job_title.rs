//! P6: a CV to start from, for a job's title: an outline, then its parts, then all together. Nothing in it pretends to be
//! a fact about somebody: employers, schools and dates are places to be filled in.

use super::{Made, MakingInput, asking, encoded, key, own, part_key, part_of, save};
use crate::cv::brain::draft::{CvDraft, Outline, OutlineInput, SectionInput};
use crate::cv::pipeline::ask::{self, Question};
use crate::cv::prompts::Material;
use crate::cv::services::Services;
use estafette_actors::StepError;
use estafette_actors::task::{StepCtx, StepOutput, StepSpec};
use estafette_protocol::cv::status::{CreatedBy, SourceType};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// The parts that are written, each by a step.
const PARTS: [&str; 4] = ["basics", "work", "education", "skills"];

pub(super) fn plan() -> Result<Vec<StepSpec>, StepError> {
    let outline = StepSpec::new(key("outline")?, "outline").weighing(3).within(super::ASK_TIMEOUT);
    let mut steps = vec![outline];
    let mut parts = Vec::new();
    for part in PARTS {
        steps.push(asking("section", part, key("outline")?)?);
        parts.push(part_key("section", part)?);
    }
    steps.push(own("recompose", parts)?);
    steps.push(own("save", vec![key("recompose")?])?);
    Ok(steps)
}

pub(super) async fn run(services: &Services, ctx: &StepCtx, input: &MakingInput) -> Result<StepOutput, StepError> {
    let MakingInput::JobTitle { title, language } = input else {
        return Err(StepError::fatal("bad_input", "this is no job title"));
    };
    match ctx.step.kind.as_str() {
        "outline" => {
            let material = OutlineInput { title: title.clone(), language: language.clone() };
            asked::<Outline>(services, ctx, "outline", material).await
        }
        "section" => {
            let material = SectionInput {
                section: part_of(ctx)?,
                title: title.clone(),
                language: language.clone(),
                outline: ctx.output(&key("outline")?)?,
            };
            asked::<CvDraft>(services, ctx, "section", material).await
        }
        "recompose" => {
            let part = |name: &str| -> Result<CvDraft, StepError> { ctx.output(&part_key("section", name)?) };
            let skills = part("skills")?;
            let draft = CvDraft {
                basics: part("basics")?.basics,
                work: part("work")?.work,
                education: part("education")?.education,
                skills: skills.skills,
                languages: skills.languages,
                ..CvDraft::default()
            };
            Ok(StepOutput::of(draft.to_resume()))
        }
        _ => {
            let content: Value = ctx.output(&key("recompose")?)?;
            save::output(Made {
                content,
                language: Some(language.clone()),
                source_type: SourceType::Generation,
                source_value: Some(title.clone()),
                job_offer_id: None,
                created_by: CreatedBy::GenerateCvFromJobTitle,
                original_created_by: None,
                notes: Value::Null,
            })
        }
    }
}

async fn asked<T: DeserializeOwned + JsonSchema + Serialize + 'static>(
    services: &Services,
    ctx: &StepCtx,
    step: &'static str,
    material: impl Material + Send + Sync + 'static,
) -> Result<StepOutput, StepError> {
    let settings = services.settings(&ctx.db).await?;
    let question = Question {
        feature: "cv_from_job_title",
        step,
        model: settings.generation_model(),
        timeout: ctx.step.timeout,
        last_error: ctx.last_error.as_deref(),
    };
    let mut on_text = |text: &str| ctx.delta(text);
    let answer = ask::ask::<T>(&services.models, question, ask::origin(ctx), &Arc::new(material), &mut on_text).await?;
    let report = answer.report();
    Ok(StepOutput { output: encoded(&answer.output)?, report, ..StepOutput::default() })
}
