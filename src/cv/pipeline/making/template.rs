//! P5: a CV to be filled in. No model, no credit.

use super::{Made, MakingInput, decoded, encoded, key, own, save};
use crate::cv::brain::templates;
use estafette_actors::StepError;
use estafette_actors::task::{StepCtx, StepOutput, StepSpec};
use estafette_protocol::cv::status::{CreatedBy, SourceType};
use serde_json::Value;

pub(super) fn plan() -> Result<Vec<StepSpec>, StepError> {
    Ok(vec![own("build", Vec::new())?, own("save", vec![key("build")?])?])
}

pub(super) fn run(ctx: &StepCtx, input: &MakingInput) -> Result<StepOutput, StepError> {
    let MakingInput::Template { template, language, name, email } = input else {
        return Err(StepError::fatal("bad_input", "this is no template"));
    };
    if ctx.step.kind == "build" {
        let built = templates::build(template, language, name.as_deref(), email.as_deref());
        let built =
            built.ok_or_else(|| StepError::fatal("no_template", format!("there is no template `{template}`")))?;
        return Ok(StepOutput::of(encoded(&built.to_resume())?));
    }
    let content: Value = ctx.output(&key("build")?)?;
    save::output(Made {
        content: decoded(&content)?,
        language: Some(language.clone()),
        source_type: SourceType::Manual,
        source_value: None,
        job_offer_id: None,
        created_by: CreatedBy::CreateTemplateCv,
        original_created_by: None,
        notes: Value::Null,
    })
}
