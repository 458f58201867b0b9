//! Which error belongs to which layer; the only module that knows both `CallError` and HTTP.
//!
//! | layer | error |
//! |---|---|
//! | storage | `estafette_actors::DbError` |
//! | rules and handlers | enums of their own, or `estafette_actors::CallError` directly |
//! | a step of a task | `estafette_actors::StepError` |
//! | a caller, over a socket | `CallError`, as the message `err` |
//! | a caller, over HTTP | [`ApiError`], as `application/problem+json` (RFC 9457) with the same code |

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LANGUAGE, ContentType, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use estafette_actors::{AuthError, CallError, DbError};
use estafette_protocol::ErrorCode;
use estafette_protocol::cv::status::Lang;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

tokio::task_local! {
    /// The id of the request that is being answered; `instance` in its problem document.
    pub(crate) static REQUEST_ID: String;
    /// The language that its sender reads (`Accept-Language`); `title` in its problem document.
    pub(crate) static REQUEST_LANG: Lang;
}

/// The media type of errors.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// How long a caller waits when its token could not be checked.
const CHECK_RETRY_AFTER: Duration = Duration::from_secs(1);

/// A refusal over HTTP.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{call}")]
pub struct ApiError {
    call: CallError,
    /// Where HTTP has a finer word than the protocol (405, 408, 415 …).
    status: Option<StatusCode>,
}

/// The body, RFC 9457 with the protocol's code.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    code: ErrorCode,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
}

impl ApiError {
    /// A refusal with HTTP's own status.
    pub fn with_status(status: StatusCode, detail: impl Into<String>) -> Self {
        let code = ErrorCode::ALL
            .iter()
            .copied()
            .find(|code| code.http_status() == status.as_u16())
            .unwrap_or(if status.is_server_error() { ErrorCode::Internal } else { ErrorCode::BadRequest });
        Self { call: CallError::new(code, detail), status: Some(status) }
    }

    /// What a library refused, in our form. Its own text is kept only where it is about the request.
    pub fn from_actix(error: &actix_web::Error) -> Self {
        if let Some(own) = error.as_error::<Self>() {
            return own.clone();
        }
        let status = error.as_response_error().status_code();
        if status.is_server_error() {
            return CallError::internal(error).into();
        }
        Self::with_status(status, error.to_string())
    }

    /// What a socket would be told.
    pub const fn call(&self) -> &CallError {
        &self.call
    }
}

impl From<CallError> for ApiError {
    fn from(call: CallError) -> Self {
        Self { call, status: None }
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        CallError::from(error).into()
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Unavailable => CallError::unavailable(error.to_string(), CHECK_RETRY_AFTER),
            AuthError::Invalid | AuthError::Expired | AuthError::Revoked => {
                CallError::new(ErrorCode::Unauthenticated, error.to_string())
            }
        }
        .into()
    }
}

/// What happened, for the person in front: the part of a problem document that RFC 9457 wants in their language. The
/// detail is for whoever made the client, in English.
const fn title(code: ErrorCode, lang: Lang) -> &'static str {
    match (code, lang) {
        (ErrorCode::BadRequest, Lang::English) => "The request is malformed",
        (ErrorCode::BadRequest, Lang::French) => "La demande est mal formée",
        (ErrorCode::Unauthenticated, Lang::English) => "Sign in first",
        (ErrorCode::Unauthenticated, Lang::French) => "Connectez-vous d’abord",
        (ErrorCode::Forbidden, Lang::English) => "Not allowed",
        (ErrorCode::Forbidden, Lang::French) => "Ce n’est pas permis",
        (ErrorCode::NotFound, Lang::English) => "Not found",
        (ErrorCode::NotFound, Lang::French) => "Introuvable",
        (ErrorCode::Conflict, Lang::English) => "The state does not allow it now",
        (ErrorCode::Conflict, Lang::French) => "L’état actuel ne le permet pas",
        (ErrorCode::InsufficientCredits, Lang::English) => "Not enough credits",
        (ErrorCode::InsufficientCredits, Lang::French) => "Crédits insuffisants",
        (ErrorCode::LimitExceeded, Lang::English) => "A limit is reached",
        (ErrorCode::LimitExceeded, Lang::French) => "Une limite est atteinte",
        (ErrorCode::RateLimited, Lang::English) => "Too many requests",
        (ErrorCode::RateLimited, Lang::French) => "Trop de demandes",
        (ErrorCode::PayloadTooLarge, Lang::English) => "The content is too large",
        (ErrorCode::PayloadTooLarge, Lang::French) => "Le contenu est trop volumineux",
        (ErrorCode::Unavailable, Lang::English) => "Not available now",
        (ErrorCode::Unavailable, Lang::French) => "Indisponible pour l’instant",
        (ErrorCode::Internal, Lang::English) => "An internal error",
        (ErrorCode::Internal, Lang::French) => "Une erreur interne",
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
            .or_else(|| StatusCode::from_u16(self.call.code.http_status()).ok())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let retry_after_ms = self.call.retry_after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
        let lang = REQUEST_LANG.try_with(|lang| *lang).unwrap_or(Lang::English);
        let problem = Problem {
            r#type: format!("urn:estafette:error:{}", self.call.code),
            title: title(self.call.code, lang),
            status: status.as_u16(),
            code: self.call.code,
            detail: &self.call.message,
            details: self.call.details.as_ref(),
            retry_after_ms,
            instance: REQUEST_ID.try_with(|id| format!("urn:estafette:request:{id}")).ok(),
        };
        let mut response = HttpResponse::build(status);
        if let Some(after) = retry_after_ms {
            // The header has whole seconds: rounded up, so that nobody comes too early.
            response.insert_header((RETRY_AFTER, after.div_ceil(1000).max(1).to_string()));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        response.insert_header((CONTENT_LANGUAGE, lang.as_str())).append_header((VARY, "accept-language"));
        response.insert_header(("content-type", PROBLEM_JSON)).insert_header(("cache-control", "no-store")).body(body)
    }
}

/// Whether an answer already has the form of an error of ours.
pub(crate) fn is_problem(content_type: Option<&actix_web::http::header::HeaderValue>) -> bool {
    content_type.is_some_and(|value| value.as_bytes().starts_with(PROBLEM_JSON.as_bytes()))
}

/// The same as a page for a person who followed a link.
pub(crate) fn is_html(content_type: Option<&actix_web::http::header::HeaderValue>) -> bool {
    content_type.is_some_and(|value| value.as_bytes().starts_with(ContentType::html().0.essence_str().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    async fn body(error: ApiError) -> (HttpResponse, Value) {
        let (head, body) = error.error_response().into_parts();
        let value = serde_json::from_slice(&to_bytes(body).await.unwrap_or_default()).unwrap();
        (head.set_body(actix_web::body::BoxBody::new(())), value)
    }

    #[actix_web::test]
    async fn a_refusal_is_a_problem_document_with_the_protocols_code_and_the_requests_id() {
        let error =
            CallError::unavailable("later", Duration::from_millis(1500)).with_details(serde_json::json!({"a": 1}));
        let (head, value) = REQUEST_ID.scope("r1".to_owned(), body(error.into())).await;
        assert_eq!(head.status(), 503);
        assert_eq!(head.headers().get("content-type").unwrap(), PROBLEM_JSON);
        assert_eq!(head.headers().get("retry-after").unwrap(), "2");
        assert_eq!(
            value,
            serde_json::json!({
                "type": "urn:estafette:error:unavailable", "title": "Not available now", "status": 503,
                "code": "unavailable", "detail": "later", "details": {"a": 1}, "retry_after_ms": 1500,
                "instance": "urn:estafette:request:r1"
            })
        );
    }

    #[actix_web::test]
    async fn what_happened_is_told_in_the_language_of_who_asked() {
        for code in ErrorCode::ALL.iter().copied() {
            let told = |lang| REQUEST_LANG.scope(lang, body(CallError::new(code, "detail").into()));
            let ((head, french), (_, english)) = (told(Lang::French).await, told(Lang::English).await);
            assert_ne!(french["title"], english["title"], "{code}");
            assert_eq!((&french["code"], &french["detail"]), (&english["code"], &"detail".into()), "{code}");
            assert_eq!(head.headers().get("content-language").unwrap(), "fr");
        }
        let (head, plain) = body(CallError::new(ErrorCode::NotFound, "detail").into()).await;
        assert_eq!(
            (plain["title"].as_str(), head.headers().get("content-language").unwrap().to_str().ok()),
            (Some("Not found"), Some("en"))
        );
    }

    #[actix_web::test]
    async fn http_has_finer_words_where_the_protocol_has_one() {
        let (head, value) = body(ApiError::with_status(StatusCode::METHOD_NOT_ALLOWED, "no")).await;
        assert_eq!((head.status().as_u16(), &value["code"]), (405, &"bad_request".into()));
        let (head, value) = body(AuthError::Expired.into()).await;
        assert_eq!((head.status().as_u16(), &value["code"]), (401, &"unauthenticated".into()));
        assert_eq!(head.headers().get("www-authenticate").unwrap(), "Bearer");
    }
}
