//! What an HTTP status other than success means, and what to do about it.

use super::answer::Trouble;
use super::wire::ApiError;
use crate::ai::AiErrorCode;
use crate::ai::schema::clip;
use reqwest::StatusCode;
use serde::Deserialize;

#[derive(Deserialize)]
struct Body {
    error: Option<ApiError>,
}

/// The error for a status; `body` is as much of the answer as was read.
pub(super) fn trouble(status: StatusCode, body: &str, model: &str) -> Trouble {
    let error = serde_json::from_str::<Body>(body).ok().and_then(|body| body.error);
    let said = match &error {
        Some(error) if !error.message().is_empty() => format!(": {}", clip(error.message())),
        _ => String::new(),
    };
    let is = |word: &str| error.as_ref().is_some_and(|error| error.is(word));
    match status.as_u16() {
        // What the endpoint says about a wrong key may quote it.
        401 => (AiErrorCode::Misconfigured, "the model endpoint refuses the API key; set a valid one".to_owned()),
        403 => (
            AiErrorCode::Misconfigured,
            format!(
                "the model endpoint forbids this key to use model {model:?}; allow it there or set another model{said}"
            ),
        ),
        404 => (
            AiErrorCode::Misconfigured,
            format!(
                "the model endpoint does not know model {model:?}, or its base address is wrong; set either right{said}"
            ),
        ),
        300..=399 => (
            AiErrorCode::Misconfigured,
            format!("the model endpoint redirects ({status}); set the base address that it redirects to"),
        ),
        429 if is("insufficient_quota") => (
            AiErrorCode::Misconfigured,
            "the account at the model endpoint has no quota left; top it up or set another key".to_owned(),
        ),
        429 => (AiErrorCode::RateLimited, format!("the model endpoint is over its rate limit{said}")),
        408 | 409 | 500..=599 => (AiErrorCode::Unavailable, format!("the model endpoint answered {status}{said}")),
        _ if is("content_filter") || is("content_policy_violation") => {
            (AiErrorCode::ModelRefused, format!("the endpoint's content filter refuses the request{said}"))
        }
        _ => (AiErrorCode::BadRequest, format!("the model endpoint refuses the request ({status}){said}")),
    }
}
