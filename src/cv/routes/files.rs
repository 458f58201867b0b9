//! Bodies that are not JSON: uploaded PDFs and exported documents.

use super::call::{call, key_of};
use crate::auth::Caller;
use crate::cv::rules::offers::{MAX_PDF_BYTES, sha256_hex};
use crate::cv::store::{new_id, uploads};
use crate::cv::topics;
use crate::error::ApiError;
use crate::http::{AppState, RouteDoc};
use actix_multipart::{Multipart, MultipartError};
use actix_web::guard::GuardContext;
use actix_web::http::header::{
    CONTENT_DISPOSITION, CONTENT_TYPE, ContentDisposition, DispositionParam, DispositionType,
};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Route};
use chrono::Utc;
use estafette_actors::{CallError, Identity};
use estafette_protocol::cv::http::Upload;
use estafette_protocol::cv::status::{ExportFormat, UploadKind};
use estafette_protocol::{ErrorCode, Timestamp};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::{Value, json};

/// Job offers: JSON, or a PDF.
pub const JOB_OFFERS: &str = "/v1/cv/job-offers";
/// Files that one person may have waiting.
const MAX_UPLOADS: i64 = 20;
/// Where the magic of a PDF may stand.
const MAGIC_WITHIN: usize = 1024;
/// Characters of a file's name.
const MAX_NAME_CHARS: usize = 120;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/v1/cv/uploads").route(web::post().to(upload)))
        .service(web::resource("/v1/cv/files/import").route(web::post().to(import)))
        .service(web::resource("/v1/cv/files/{id}/export").route(web::get().to(export)));
}

/// Describes them.
pub fn docs() -> Vec<RouteDoc> {
    vec![
        RouteDoc::new("post", "/v1/cv/uploads", "cv", "Upload a PDF (multipart, field `file`; ?kind=offer_pdf|cv_pdf)")
            .takes_file()
            .asks(json!({"type": "object", "properties": {"kind": {"type": "string", "enum": UploadKind::ALL}}}))
            .refuses(&[ErrorCode::LimitExceeded]),
        RouteDoc::new("post", "/v1/cv/files/import", "cv", "Import a CV from a PDF (not offered yet)")
            .call("cv.import")
            .takes_file(),
        RouteDoc::new("get", "/v1/cv/files/{id}/export", "cv", "The document: ?format=json")
            .call("cv.export")
            .asks(json!({
                "type": "object", "properties": {"format": {"type": "string", "enum": ExportFormat::ALL}},
            }))
            .gives_media(&["application/json", "application/pdf"]),
    ]
}

/// Whether a request has a multipart body.
pub fn is_multipart(ctx: &GuardContext<'_>) -> bool {
    let kind = ctx.head().headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("multipart/"))
}

/// A PDF as a job offer.
pub fn offer_upload() -> Route {
    web::post().guard(actix_web::guard::fn_guard(is_multipart)).to(create_offer)
}

/// A file out of a multipart body.
struct Received {
    filename: String,
    bytes: Vec<u8>,
}

fn broken(error: &MultipartError) -> ApiError {
    CallError::bad_request(format!("the multipart body cannot be read: {error}")).into()
}

/// Reads the field `file`, within its bound.
async fn receive(mut body: Multipart) -> Result<Received, ApiError> {
    while let Some(field) = body.next().await {
        let mut field = field.map_err(|error| broken(&error))?;
        if field.name() != Some("file") {
            continue;
        }
        let name = field.content_disposition().and_then(|place| place.get_filename()).unwrap_or("offer.pdf");
        let filename = clean_name(name);
        let mut bytes = Vec::new();
        while let Some(piece) = field.next().await {
            let piece = piece.map_err(|error| broken(&error))?;
            if bytes.len() + piece.len() > MAX_PDF_BYTES {
                let sentence = format!("a PDF has at most {} MB", MAX_PDF_BYTES / 1024 / 1024);
                return Err(CallError::new(ErrorCode::PayloadTooLarge, sentence).into());
            }
            bytes.extend_from_slice(&piece);
        }
        let start = bytes.get(..MAGIC_WITHIN.min(bytes.len())).unwrap_or_default();
        if !start.windows(5).any(|window| window == b"%PDF-") {
            return Err(CallError::bad_request("the file is not a PDF").into());
        }
        return Ok(Received { filename, bytes });
    }
    Err(CallError::bad_request("the multipart body has no field `file`").into())
}

/// The last part of a name, without what no file name should have.
fn clean_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
    let name = name.trim();
    if name.is_empty() { "offer.pdf".to_owned() } else { name.to_owned() }
}

async fn store(state: &AppState, who: &Identity, kind: UploadKind, file: Received) -> Result<Upload, ApiError> {
    let upload = Upload {
        id: topics::parse_id(&new_id())?,
        kind,
        filename: file.filename,
        mime_type: "application/pdf".to_owned(),
        size_bytes: u32::try_from(file.bytes.len()).unwrap_or(u32::MAX),
        sha256: sha256_hex(&file.bytes),
        expires_at: Timestamp::new(Utc::now() + chrono::Duration::hours(uploads::KEPT_HOURS.into())),
    };
    let user = who.user.as_str();
    state
        .runtime
        .transaction(&topics::product(), async |tx| {
            if uploads::count(tx, user).await? >= MAX_UPLOADS {
                let sentence = format!("you have {MAX_UPLOADS} files waiting: use them first, or wait a day");
                return Err(CallError::new(ErrorCode::LimitExceeded, sentence));
            }
            uploads::insert(tx, user, &upload, &file.bytes).await?;
            Ok(())
        })
        .await?;
    Ok(upload)
}

#[derive(Debug, Deserialize)]
struct KindQuery {
    kind: Option<UploadKind>,
}

async fn upload(
    state: web::Data<AppState>,
    caller: Caller,
    query: web::Query<KindQuery>,
    body: Multipart,
) -> Result<HttpResponse, ApiError> {
    let who = caller.of(&topics::product())?;
    let kind = query.kind.unwrap_or(UploadKind::OfferPdf);
    let upload = store(&state, &who, kind, receive(body).await?).await?;
    Ok(HttpResponse::Ok().json(upload))
}

async fn create_offer(
    state: web::Data<AppState>,
    caller: Caller,
    request: HttpRequest,
    body: Multipart,
) -> Result<HttpResponse, ApiError> {
    let who = caller.of(&topics::product())?;
    key_of(&request)?;
    let upload = store(&state, &who, UploadKind::OfferPdf, receive(body).await?).await?;
    // The file has a new id with every request, so a repetition is recognised by its bytes and not by its key.
    let params = json!({"upload_id": upload.id});
    let outcome = state.runtime.call(who.clone(), "job_offer.create", params, None).await;
    // Read or refused, the file has done its service: kept, it would count among those that wait for a task.
    let (user, id) = (who.user.as_str(), upload.id.as_str());
    state.runtime.transaction(&topics::product(), async |tx| Ok(uploads::delete(tx, user, id).await?)).await?;
    let offer = outcome?;
    Ok(HttpResponse::Ok().json(offer))
}

async fn import(state: web::Data<AppState>, caller: Caller, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let who = caller.of(&topics::product())?;
    Ok(HttpResponse::Ok().json(call(&state, who, &request, "cv.import", json!({})).await?))
}

#[derive(Debug, Deserialize)]
struct ExportQuery {
    format: Option<String>,
}

async fn export(
    state: web::Data<AppState>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    query: web::Query<ExportQuery>,
) -> Result<HttpResponse, ApiError> {
    let who = caller.of(&topics::product())?;
    let format = query.into_inner().format.unwrap_or_else(|| "json".to_owned());
    let params = json!({"id": id.into_inner(), "format": format});
    let exported = call(&state, who, &request, "cv.export", params).await?;
    let name = exported.get("filename").and_then(Value::as_str).unwrap_or("cv.json").to_owned();
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(name)],
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_DISPOSITION, disposition))
        .json(exported.get("document").unwrap_or(&Value::Null)))
}
