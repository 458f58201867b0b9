//! Bodies that are not JSON: uploaded PDFs and exported documents.

use super::call::{body_of, call, key_of};
use crate::auth::Caller;
use crate::cv::rules::offers::{MAX_PDF_BYTES, sha256_hex};
use crate::cv::store::{new_id, uploads};
use crate::cv::topics;
use crate::error::ApiError;
use crate::http::{AppState, RouteDoc};
use actix_multipart::{Multipart, MultipartError};
use actix_web::guard::GuardContext;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ContentDisposition};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Route};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use estafette_actors::{CallError, Identity};
use estafette_protocol::cv::http::Upload;
use estafette_protocol::cv::status::{ExportDesign, ExportFormat, UploadKind};
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
/// Bytes of a JSON body that names an upload.
const MAX_BODY_BYTES: usize = 4 * 1024;
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
        RouteDoc::new("post", "/v1/cv/files/import", "cv", "Import a CV from a PDF (multipart, field `file`; or {upload_id})")
            .call("cv.import")
            .takes_file(),
        RouteDoc::new(
            "get",
            "/v1/cv/files/{id}/export",
            "cv",
            "The document: ?format=json|pdf, &template= an export template or a design (classic, modern, sidebar, compact)",
        )
        .call("cv.export")
        .asks(json!({
            "type": "object",
            "properties": {
                "format": {"type": "string", "enum": ExportFormat::ALL},
                "template": {"type": "string", "maxLength": 128},
            },
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

/// The file itself, or the id of one that was uploaded before.
async fn import(
    state: web::Data<AppState>,
    caller: Caller,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let who = caller.of(&topics::product())?;
    key_of(&request)?;
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let params = if kind.trim_start().to_ascii_lowercase().starts_with("multipart/") {
        let received = receive(Multipart::new(request.headers(), payload)).await?;
        // The same file of a request that is repeated has the same id, so that its key finds the first answer again.
        let hash = sha256_hex(&received.bytes);
        let known = uploads::by_hash(&state.db, who.user.as_str(), UploadKind::CvPdf, &hash).await?;
        let upload = match known.filter(|known| known.filename == received.filename) {
            Some(known) => known,
            None => store(&state, &who, UploadKind::CvPdf, received).await?,
        };
        json!({"upload_id": upload.id})
    } else {
        let body = payload.to_bytes_limited(MAX_BODY_BYTES).await;
        let body = body.map_err(|_| {
            CallError::new(ErrorCode::PayloadTooLarge, "the body is too long: upload the PDF as multipart")
        })?;
        let body = body.map_err(|error| CallError::bad_request(format!("the body cannot be read: {error}")))?;
        Value::Object(body_of(&body)?)
    };
    Ok(HttpResponse::Ok().json(call(&state, who, &request, "cv.import", params).await?))
}

#[derive(Debug, Deserialize)]
struct ExportQuery {
    format: Option<String>,
    template: Option<String>,
}

async fn export(
    state: web::Data<AppState>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    query: web::Query<ExportQuery>,
) -> Result<HttpResponse, ApiError> {
    let who = caller.of(&topics::product())?;
    let query = query.into_inner();
    let format = query.format.unwrap_or_else(|| "json".to_owned());
    let mut params = json!({"id": id.into_inner(), "format": format});
    if let Some(template) = query.template.filter(|template| !template.is_empty()) {
        // A design's name, or one's own template.
        let field = if template.parse::<ExportDesign>().is_ok() { "design" } else { "template_id" };
        params[field] = json!(template);
    }
    let exported = call(&state, who, &request, "cv.export", params).await?;
    let field = |name: &str| exported.get(name).and_then(Value::as_str);
    let name = field("filename").unwrap_or("cv.json").to_owned();
    let disposition = ContentDisposition::attachment(name);
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_DISPOSITION, disposition));
    let Some(encoded) = field("base64") else {
        return Ok(answer.json(exported.get("document").unwrap_or(&Value::Null)));
    };
    let bytes = STANDARD.decode(encoded).map_err(|error| CallError::internal(error.to_string()))?;
    Ok(answer.content_type("application/pdf").body(bytes))
}
