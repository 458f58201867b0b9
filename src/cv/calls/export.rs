//! `cv.export`: the document itself. It costs no credit, but its use is counted (1.9).

use super::{encode, no_cv, not_blocked, own_cv};
use crate::cv::export::choice::{self, Choices};
use crate::cv::export::{self, ExportError, view};
use crate::cv::ledger;
use crate::cv::services::Services;
use crate::cv::store::activity::{self, Telemetry};
use crate::cv::store::files::CvRow;
use crate::cv::store::settings::Settings;
use crate::cv::store::{export_templates, files, plans};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::cv::CvId;
use estafette_protocol::cv::call::{ExportCv, Exported};
use estafette_protocol::cv::status::{ExportDesign, ExportFormat};
use serde_json::{Value, json};
use std::time::Duration;

/// When to come back after all typesetters were busy.
const BUSY_RETRY: Duration = Duration::from_secs(5);
/// Characters of a document's file name, without its ending.
const MAX_NAME_CHARS: usize = 80;

fn refused(error: &ExportError) -> CallError {
    match error {
        ExportError::NoLetters(_) | ExportError::TooLong | ExportError::NoPress => {
            CallError::bad_request(error.to_string())
        }
        ExportError::Busy => CallError::unavailable(error.to_string(), BUSY_RETRY),
        ExportError::Defect(_) => CallError::internal(error.to_string()),
    }
}

/// What a document is called: like its person.
fn file_name(row: &CvRow, content: &Value, ending: &str) -> String {
    let name = content.pointer("/basics/name").and_then(Value::as_str).unwrap_or_default();
    let name: String = name
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|'))
        .take(MAX_NAME_CHARS)
        .collect();
    let name = name.trim().trim_start_matches('.');
    let name = if name.is_empty() { row.file.summary.filename.trim_end_matches(".json") } else { name };
    format!("{name}.{ending}")
}

/// `cv.export`.
///
/// # Errors
/// `forbidden` when blocked (R19) or the feature is off (R41), `not_found` for a CV or template that is not theirs,
/// `bad_request` for a text that has no letters here or is too long for a PDF, or where no PDFs are made; `unavailable`
/// while too many are.
pub async fn export(
    services: &Services,
    ctx: &CallCtx,
    settings: &Settings,
    params: ExportCv,
) -> Result<Value, CallError> {
    let user = ctx.who.user.as_str();
    let (choices, chosen) = match &params.template_id {
        Some(id) => {
            let found = export_templates::by_id(ctx.db(), user, id.as_str()).await?;
            let found = found.ok_or_else(|| CallError::not_found(format!("there is no export template {id}")))?;
            (found.selections, found.design)
        }
        None => (Choices::new(), ExportDesign::Classic),
    };
    let design = params.design.unwrap_or(chosen);
    let made = match params.format {
        ExportFormat::Json => None,
        ExportFormat::Pdf => Some(made(services, ctx, &params.id, &choices, design).await?),
    };
    ctx.transaction(async |tx| {
        let row = own_cv(tx, &ctx.who.user, &params.id).await?;
        not_blocked(&row)?;
        ledger::reserve(tx, settings, &ctx.who.user, "export_cv", None, 1).await?;
        activity::feature_used(tx, user, "export_cv", 0);
        let event = Telemetry {
            user: Some(user.to_owned()),
            kind: "CV_EXPORTED",
            category: "cv_management",
            metadata: json!({"cv_id": params.id, "format": params.format, "design": made.as_ref().map(|_| design)}),
            device: ctx.who.device.as_ref().map(|device| device.as_str().to_owned()),
            duration: None,
            status: "success",
            error: None,
        };
        activity::telemetry(tx, event);
        match &made {
            Some(made) => encode(made),
            None => encode(&Exported {
                filename: row.file.summary.filename.clone(),
                mime_type: "application/json".to_owned(),
                document: Some(choice::apply(row.file.content, &choices)),
                base64: None,
            }),
        }
    })
    .await
}

/// The PDF, before its use is counted: a document that cannot be made costs nothing. One that may not be made is not.
async fn made(
    services: &Services,
    ctx: &CallCtx,
    id: &CvId,
    choices: &Choices,
    design: ExportDesign,
) -> Result<Exported, CallError> {
    let (db, user) = (ctx.db(), ctx.who.user.as_str());
    let row = files::by_id(db, id.as_str()).await?.filter(|row| row.user == ctx.who.user);
    let row = row.ok_or_else(|| no_cv(id))?;
    not_blocked(&row)?;
    let limit = plans::limit(db, user, "export_cv").await?;
    // R41; the ledger says the same for a document that is counted only.
    if !limit.is_some_and(|limit| limit.is_enabled) {
        return Err(CallError::forbidden("your plan has no exports").with_details(json!({"feature": "export_cv"})));
    }
    let content = choice::apply(row.file.content.clone(), choices);
    let view = view::of(&content, choices, row.file.summary.language.as_deref(), design);
    let bytes = export::pdf(&services.documents, &view).await.map_err(|error| refused(&error))?;
    Ok(Exported {
        filename: file_name(&row, &content, "pdf"),
        mime_type: "application/pdf".to_owned(),
        document: None,
        base64: Some(STANDARD.encode(bytes)),
    })
}
