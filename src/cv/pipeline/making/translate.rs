//! P4: a CV in another language (R14). Only texts are sent, section by section; names, dates, addresses and keys that the
//! format does not know stay as they are, because they are never looked at.

use super::{Made, MakingInput, asking, encoded, key, own, part_key, part_of, save};
use crate::cv::brain::draft::{TextOf, TranslateInput, Translation};
use crate::cv::brain::translate::{apply, texts_of};
use crate::cv::pipeline::ask::{self, Question};
use crate::cv::rules::resume::LIST_SECTIONS;
use crate::cv::services::Services;
use crate::cv::store::files;
use estafette_actors::StepError;
use estafette_actors::task::{StepCtx, StepOutput, StepSpec};
use estafette_protocol::cv::status::{CreatedBy, SourceType};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// The output of step `load`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Loaded {
    content: Value,
    source_type: Option<SourceType>,
    source_value: Option<String>,
    job_offer_id: Option<String>,
    original_created_by: Option<CreatedBy>,
}

fn sections() -> impl Iterator<Item = &'static str> {
    std::iter::once("basics").chain(LIST_SECTIONS.iter().copied())
}

pub(super) fn plan() -> Result<Vec<StepSpec>, StepError> {
    let mut steps = vec![own("load", Vec::new())?];
    let mut parts = Vec::new();
    for section in sections() {
        steps.push(asking("translate", section, key("load")?)?);
        parts.push(part_key("translate", section)?);
    }
    steps.push(own("recompose", parts)?);
    steps.push(own("save", vec![key("recompose")?])?);
    Ok(steps)
}

pub(super) async fn run(services: &Services, ctx: &StepCtx, input: &MakingInput) -> Result<StepOutput, StepError> {
    let MakingInput::Translate { cv_id, from, language } = input else {
        return Err(StepError::fatal("bad_input", "this is no translation"));
    };
    match ctx.step.kind.as_str() {
        "load" => {
            let row = files::by_id(&ctx.db, cv_id).await?;
            let row = row.ok_or_else(|| StepError::fatal("cv_gone", "the CV does not exist any more"))?;
            let cv = row.file.summary;
            let loaded = Loaded {
                content: row.file.content,
                source_type: cv.source_type,
                source_value: cv.source_value,
                job_offer_id: cv.job_offer_id.map(|offer| offer.as_str().to_owned()),
                original_created_by: cv.original_created_by.or(cv.created_by),
            };
            Ok(StepOutput::of(encoded(&loaded)?))
        }
        "translate" => section(services, ctx, from.as_deref(), language).await,
        "recompose" => recompose(ctx),
        _ => {
            let loaded: Loaded = ctx.output(&key("load")?)?;
            let done: Recomposed = ctx.output(&key("recompose")?)?;
            save::output(Made {
                content: done.content,
                language: Some(language.clone()),
                // R14.
                source_type: loaded.source_type.unwrap_or(SourceType::Manual),
                source_value: loaded.source_value,
                job_offer_id: loaded.job_offer_id,
                created_by: CreatedBy::TranslateCv,
                original_created_by: loaded.original_created_by,
                notes: json!({"texts": done.texts, "unchanged": done.unchanged}),
            })
        }
    }
}

async fn section(
    services: &Services,
    ctx: &StepCtx,
    from: Option<&str>,
    language: &str,
) -> Result<StepOutput, StepError> {
    let loaded: Loaded = ctx.output(&key("load")?)?;
    let section = part_of(ctx)?;
    let texts: Vec<TextOf> = texts_of(&loaded.content, &section).into_iter().map(|(_, text)| text).collect();
    if texts.is_empty() {
        return Ok(StepOutput::of(encoded(&Translation::default())?));
    }
    let count = texts.len();
    let settings = services.settings(&ctx.db).await?;
    let question = Question {
        feature: "cv_translation",
        step: "translate",
        model: settings.generation_model(),
        timeout: ctx.step.timeout,
        last_error: ctx.last_error.as_deref(),
    };
    let material = TranslateInput { section, from: from.map(str::to_owned), language: language.to_owned(), texts };
    let material = Arc::new(material);
    let mut on_text = |text: &str| ctx.delta(text);
    let answer = ask::ask::<Translation>(&services.models, question, ask::origin(ctx), &material, &mut on_text).await?;
    let report = answer.report();
    let given = answer.output.texts.len();
    if given != count {
        let sentence =
            format!("{count} texts were asked for and {given} came back: answer with one for each, in order");
        return Err(StepError::transient("invalid_output", sentence).with_report(report));
    }
    Ok(StepOutput { output: encoded(&answer.output)?, report, ..StepOutput::default() })
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Recomposed {
    content: Value,
    texts: usize,
    unchanged: usize,
}

fn recompose(ctx: &StepCtx) -> Result<StepOutput, StepError> {
    let loaded: Loaded = ctx.output(&key("load")?)?;
    let mut done = Recomposed { content: loaded.content.clone(), texts: 0, unchanged: 0 };
    for section in sections() {
        let translated: Translation = ctx.output(&part_key("translate", section)?)?;
        for ((pointer, source), text) in texts_of(&loaded.content, section).into_iter().zip(translated.texts) {
            done.texts += 1;
            done.unchanged += usize::from(source.text == text);
            apply(&mut done.content, &pointer, text);
        }
    }
    Ok(StepOutput::of(encoded(&done)?))
}
