//! Around each request: an id, one log line, metrics, security headers, and errors in one form, whoever made them.

use super::headers::Dress;
use super::{AppState, language};
use crate::error::{ApiError, REQUEST_ID, REQUEST_LANG, is_html, is_problem};
use crate::telemetry::meters::{HTTP_REQUESTS, HTTP_SECONDS};
use crate::telemetry::traces::TRACEPARENT;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError, web};
use estafette_actors::trace::{self, TraceParent};
use estafette_protocol::cv::status::Lang;
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::time::Instant;
use tracing::{Instrument as _, Span};

/// The header that carries a request's id, in both directions.
pub const REQUEST_ID_HEADER: &str = "x-request-id";
/// Longest id that is taken from a caller.
const MAX_REQUEST_ID: usize = 64;

/// The outermost middleware.
///
/// # Errors
/// Only what another middleware refused, in the form of all errors.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = request_id(request.headers());
    let lang = language::wanted(request.headers()).unwrap_or(Lang::English);
    let began = Instant::now();
    let method = request.method().clone();
    let path: String = request.path().chars().take(200).collect();
    let span = span(&id, &method, &path, request.headers());
    let dress = Dress::of(&request);
    let answer = async {
        // A panic is a defect of one handler and costs one answer, not the connection.
        match AssertUnwindSafe(next.call(request)).catch_unwind().await {
            Ok(Ok(response)) => Ok(in_one_form(response.map_into_boxed_body())),
            Ok(Err(error)) => Err(ApiError::from_actix(&error)),
            Err(_panic) => {
                Err(ApiError::with_status(StatusCode::INTERNAL_SERVER_ERROR, "an internal error; it was logged"))
            }
        }
    };
    let outcome = REQUEST_ID.scope(id.clone(), REQUEST_LANG.scope(lang, answer)).instrument(span).await;
    let (status, route) = match &outcome {
        Ok(response) => (response.status(), response.request().match_pattern()),
        Err(error) => (error.status_code(), None),
    };
    record(&id, &method, route.as_deref(), &path, status, began);
    let mut response = outcome.map_err(|error| Observed { error, id: id.clone(), lang, dress: dress.clone() })?;
    put_on(response.headers_mut(), &dress, &id);
    Ok(response)
}

/// The request in a trace: the caller's, when it sent a `traceparent`. What machines ask every few seconds has none.
fn span(id: &str, method: &Method, path: &str, headers: &HeaderMap) -> Span {
    if is_probe(path) {
        return Span::none();
    }
    let span = tracing::info_span!("request", otel.name = %format_args!("{method} {path}"), request.id = id);
    let parent = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(TraceParent::parse);
    trace::adopt(&span, parent.as_ref());
    span
}

fn is_probe(path: &str) -> bool {
    path.starts_with("/health/") || path == "/metrics"
}

/// Adds what every answer carries.
fn put_on(headers: &mut HeaderMap, dress: &Dress, id: &str) {
    dress.put_on(headers);
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static(REQUEST_ID_HEADER), value);
    }
}

/// A refusal that is made into an answer outside of this middleware, dressed all the same.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
struct Observed {
    error: ApiError,
    id: String,
    lang: Lang,
    dress: Dress,
}

impl ResponseError for Observed {
    fn status_code(&self) -> StatusCode {
        self.error.status_code()
    }
    fn error_response(&self) -> HttpResponse {
        let mut response = REQUEST_ID
            .sync_scope(self.id.clone(), || REQUEST_LANG.sync_scope(self.lang, || self.error.error_response()));
        put_on(response.headers_mut(), &self.dress, &self.id);
        response
    }
}

/// The caller's id, if it is a plain word (so that a log line stays a line), else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID_HEADER).and_then(|value| value.to_str().ok());
    let plain = |id: &&str| {
        (1..=MAX_REQUEST_ID).contains(&id.len())
            && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    given.filter(plain).map_or_else(estafette_protocol::ids::new_cuid2, str::to_owned)
}

/// An error that a library made (plain text, or nothing) gets the form of all errors.
fn in_one_form(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let content_type = response.headers().get(CONTENT_TYPE);
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || is_problem(content_type) || is_html(content_type) {
        return response;
    }
    let sentence = match status {
        StatusCode::NOT_FOUND => format!("there is nothing at {}", response.request().path()),
        StatusCode::METHOD_NOT_ALLOWED => {
            format!("{} is not possible at {}", response.request().method(), response.request().path())
        }
        StatusCode::PAYLOAD_TOO_LARGE => match response.request().app_data::<web::Data<AppState>>() {
            Some(state) => format!("the body is larger than {} KiB", state.max_body / 1024),
            None => "the body is larger than this server takes".to_owned(),
        },
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "send the body as application/json".to_owned(),
        other => other.canonical_reason().unwrap_or("the request was refused").to_lowercase(),
    };
    let allow = response.headers().get(actix_web::http::header::ALLOW).cloned();
    let (request, _) = response.into_parts();
    let mut answer = ApiError::with_status(status, sentence).error_response();
    if let Some(allow) = allow {
        answer.headers_mut().insert(actix_web::http::header::ALLOW, allow);
    }
    ServiceResponse::new(request, answer)
}

fn record(id: &str, method: &Method, route: Option<&str>, path: &str, status: StatusCode, began: Instant) {
    let took = began.elapsed();
    // Labels are the routes that exist, never what callers write: their number is bounded.
    let label = route.unwrap_or("other").to_owned();
    metrics::counter!(HTTP_REQUESTS, "method" => method.to_string(), "route" => label.clone(), "status" => status.as_u16().to_string())
        .increment(1);
    metrics::histogram!(HTTP_SECONDS, "route" => label).record(took.as_secs_f64());
    let duration_ms = took.as_secs_f64() * 1000.0;
    let (status, route) = (status.as_u16(), route.unwrap_or(path));
    if is_probe(path) {
        tracing::debug!(request.id = id, http.method = %method, http.route = route, http.status = status, duration_ms, "request");
    } else if status >= 500 {
        tracing::warn!(request.id = id, http.method = %method, http.route = route, http.status = status, duration_ms, "request");
    } else {
        tracing::info!(request.id = id, http.method = %method, http.route = route, http.status = status, duration_ms, "request");
    }
}
