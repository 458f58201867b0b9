//! `cv.export`: the document itself. It costs no credit, but its use is counted (1.9).

use super::{encode, not_blocked, own_cv};
use crate::cv::ledger;
use crate::cv::store::activity::{self, Telemetry};
use crate::cv::store::settings::Settings;
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::cv::call::{ExportCv, Exported};
use estafette_protocol::cv::status::ExportFormat;
use serde_json::{Value, json};

/// `cv.export`.
///
/// # Errors
/// `forbidden` when blocked (R19) or the feature is off (R41), `bad_request` for a format that is not offered yet.
pub async fn export(ctx: &CallCtx, settings: &Settings, params: ExportCv) -> Result<Value, CallError> {
    if params.format == ExportFormat::Pdf {
        return Err(CallError::bad_request("the format `pdf` is not offered yet: use `json`"));
    }
    ctx.transaction(async |tx| {
        let row = own_cv(tx, &ctx.who.user, &params.id).await?;
        not_blocked(&row)?;
        ledger::reserve(tx, settings, &ctx.who.user, "export_cv", None, 1).await?;
        let user = ctx.who.user.as_str();
        activity::feature_used(tx, user, "export_cv", 0).await?;
        let event = Telemetry {
            user: Some(user),
            kind: "CV_EXPORTED",
            category: "cv_management",
            metadata: json!({"cv_id": params.id, "format": params.format}),
            device: ctx.who.device.as_ref().map(|device| device.as_str()),
            duration: None,
            status: "success",
            error: None,
        };
        activity::telemetry(tx, &event).await?;
        encode(&Exported {
            filename: row.file.summary.filename.clone(),
            mime_type: "application/json".to_owned(),
            document: Some(row.file.content),
            base64: None,
        })
    })
    .await
}
