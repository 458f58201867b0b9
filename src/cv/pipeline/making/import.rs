//! P3: a CV out of a PDF. The text is read here; how its person can be reached is found by rules and taken out before the
//! text goes to a model; each part is asked for by a step of its own.

use super::{Made, MakingInput, OWN_TIMEOUT, asking, encoded, key, own, owner_of, part_key, part_of, save};
use crate::cv::brain::draft::{CvDraft, DraftBasics, PARTS, StructureInput};
use crate::cv::brain::import::{self, Contacts};
use crate::cv::pipeline::ask::{self, Question};
use crate::cv::rules::resume;
use crate::cv::services::Services;
use crate::cv::store::uploads;
use estafette_actors::StepError;
use estafette_actors::task::{StepCtx, StepOutput, StepSpec};
use estafette_protocol::cv::status::{CreatedBy, SourceType};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Reading a PDF takes at most what [`crate::extract::pdf::ReadPdf`] allows, waiting included.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// The output of step `text`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Read {
    /// Without contacts.
    text: String,
    contacts: Contacts,
    pages: usize,
    language: Option<String>,
}

pub(super) fn plan() -> Result<Vec<StepSpec>, StepError> {
    let text = StepSpec::new(key("text")?, "text").weighing(2).within(READ_TIMEOUT);
    let mut steps = vec![text];
    let mut parts = Vec::new();
    for part in PARTS {
        steps.push(asking("structure", part, key("text")?)?);
        parts.push(part_key("structure", part)?);
    }
    steps.push(own("validate", parts)?.within(OWN_TIMEOUT));
    steps.push(own("save", vec![key("validate")?])?);
    Ok(steps)
}

pub(super) async fn run(services: &Services, ctx: &StepCtx, input: &MakingInput) -> Result<StepOutput, StepError> {
    let MakingInput::Import { upload, filename } = input else {
        return Err(StepError::fatal("bad_input", "this is no import"));
    };
    match ctx.step.kind.as_str() {
        "text" => {
            let bytes = uploads::bytes(&ctx.db, owner_of(ctx)?, upload).await?;
            let bytes =
                bytes.ok_or_else(|| StepError::fatal("upload_gone", "the uploaded file is gone: upload it again"))?;
            let read = services.documents.reader.text(bytes).await?;
            let pages = read.pages;
            let (text, contacts) = services.compute(move || import::without_contacts(&read.text)).await?;
            let language = import::language(&text).map(str::to_owned);
            Ok(StepOutput::of(encoded(&Read { text, contacts, pages, language })?))
        }
        "structure" => structure(services, ctx).await,
        "validate" => validate(ctx),
        _ => {
            let found: Validated = ctx.output(&key("validate")?)?;
            save::output(Made {
                content: found.content,
                language: found.language,
                source_type: SourceType::Pdf,
                source_value: Some(filename.clone()),
                job_offer_id: None,
                created_by: CreatedBy::ImportPdf,
                original_created_by: None,
                notes: found.notes,
            })
        }
    }
}

async fn structure(services: &Services, ctx: &StepCtx) -> Result<StepOutput, StepError> {
    let read: Read = ctx.output(&key("text")?)?;
    let settings = services.settings(&ctx.db).await?;
    let question = Question {
        feature: "pdf_import",
        step: "structure",
        model: settings.extraction_model(),
        timeout: ctx.step.timeout,
        last_error: ctx.last_error.as_deref(),
    };
    let material = Arc::new(StructureInput {
        section: part_of(ctx)?,
        handle: read.contacts.handle(),
        text: read.text,
        language: read.language,
    });
    let mut on_text = |text: &str| ctx.delta(text);
    let answer = ask::ask::<CvDraft>(&services.models, question, ask::origin(ctx), &material, &mut on_text).await?;
    let report = answer.report();
    Ok(StepOutput { output: encoded(&answer.output)?, report, ..StepOutput::default() })
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Validated {
    content: Value,
    language: Option<String>,
    notes: Value,
}

/// Puts the parts together. A part's own section only: what a model says about others is not taken.
fn validate(ctx: &StepCtx) -> Result<StepOutput, StepError> {
    let read: Read = ctx.output(&key("text")?)?;
    let part = |name: &str| -> Result<CvDraft, StepError> { ctx.output(&part_key("structure", name)?) };
    let (skills, others) = (part("skills")?, part("others")?);
    let draft = CvDraft {
        basics: basics(part("basics")?.basics, &read.contacts),
        work: part("work")?.work,
        education: part("education")?.education,
        skills: skills.skills,
        languages: skills.languages,
        projects: part("projects")?.projects,
        volunteer: others.volunteer,
        certificates: others.certificates,
        awards: others.awards,
        publications: others.publications,
        interests: others.interests,
    };
    if draft.says_nothing() {
        let sentence =
            "the PDF has a text, but neither a career nor an education nor skills were found in it: is it a CV?";
        return Err(StepError::fatal("no_cv_found", sentence));
    }
    let content = resume::parse(draft.to_resume())
        .map_err(|error| StepError::fatal("not_a_resume", format!("what was read is no JSON Resume: {error}")))?;
    let notes = json!({
        "pages": read.pages, "work": draft.work.len(), "education": draft.education.len(),
        "skills": draft.skills.iter().map(|group| group.keywords.len().max(1)).sum::<usize>(),
        "languages": draft.languages.len(),
    });
    let language = read.language;
    Ok(StepOutput::of(encoded(&Validated { content, language, notes })?))
}

/// What the text says about the person, with how to reach them, which only the rules have seen.
fn basics(said: DraftBasics, contacts: &Contacts) -> DraftBasics {
    DraftBasics {
        email: contacts.email.clone(),
        phone: contacts.phone.clone(),
        url: contacts.url.clone(),
        profiles: contacts.profiles.clone(),
        ..said
    }
}
