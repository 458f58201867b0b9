//! The web console at `/`: built files, `index.html` for its own routes, and a page that says so when it is not built.

use super::app::AppState;
use crate::error::ApiError;
use actix_files::NamedFile;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use std::path::{Path, PathBuf};

/// Files whose name holds their hash: they never change.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Everything else is asked for again each time (a 304 when it is the same).
const REVALIDATE: &str = "no-cache";
/// The folder in which the build puts hashed files.
const HASHED: &str = "assets";
/// Paths of the server's own, where no page is.
const RESERVED: [&str; 4] = ["v1", "health", "metrics", "openapi.json"];

/// The page about the HTTP interface, a file of the console's build.
const INTERFACE: &str = "/api";

const NOT_BUILT: &str = include_str!("not_built.html");

/// Everything that no route takes.
///
/// # Errors
/// `not_found` for what is no page and no file; 405 for what is no reading.
pub async fn serve(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    let path = request.path().to_owned();
    let not_found = || ApiError::with_status(StatusCode::NOT_FOUND, format!("there is nothing at {path}"));
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if RESERVED.contains(&first) {
        return Err(not_found());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let sentence = format!("{} is not possible at {path}", request.method());
        return Err(ApiError::with_status(StatusCode::METHOD_NOT_ALLOWED, sentence));
    }
    let wanted = if path == INTERFACE { "/api.html" } else { &path };
    if let Some(file) = file_in(&state.console_dir, wanted)
        && let Ok(file) = NamedFile::open(&file)
    {
        return Ok(with_cache(file.into_response(&request), if first == HASHED { IMMUTABLE } else { REVALIDATE }));
    }
    let wants_page = request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_none_or(|accept| accept.contains("text/html") || accept.contains("*/*"));
    let names_file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    if !wants_page || names_file {
        return Err(not_found());
    }
    match NamedFile::open(state.console_dir.join("index.html")) {
        Ok(index) => Ok(with_cache(index.into_response(&request), REVALIDATE)),
        Err(_missing) => Ok(HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(NOT_BUILT)),
    }
}

/// The file that a path names. Only plain names are taken, so that no path leads out of the folder.
fn file_in(root: &Path, path: &str) -> Option<PathBuf> {
    let plain = |part: &&str| {
        !part.starts_with('.') && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@'))
    };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || !parts.iter().all(plain) {
        return None;
    }
    let file = root.join(parts.iter().collect::<PathBuf>());
    file.is_file().then_some(file)
}

fn with_cache(mut response: HttpResponse, policy: &'static str) -> HttpResponse {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(policy));
    response
}
