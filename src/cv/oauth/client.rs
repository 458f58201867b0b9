//! The HTTP client for providers: the operator named them, so private addresses are allowed; redirects are not followed.

use openidconnect::{HttpRequest, HttpResponse};
use std::time::Duration;

/// Bound of one request to a provider.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Longest answer, bytes.
const MAX_ANSWER: u64 = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No connection, no answer in time.
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    /// It is longer than what is read.
    #[error("the answer is longer than {MAX_ANSWER} bytes")]
    TooLong,
    /// It cannot be put together.
    #[error("{0}")]
    Form(#[from] openidconnect::http::Error),
}

/// The client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Http(reqwest::Client);

impl Http {
    /// A new client.
    ///
    /// # Errors
    /// A sentence.
    pub fn new() -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("estafette/", env!("CARGO_PKG_VERSION")));
        client.build().map(Self).map_err(|error| format!("no HTTP client can be made: {error}"))
    }

    /// Asks.
    ///
    /// # Errors
    /// [`HttpError`].
    pub async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut response = self.0.execute(reqwest::Request::try_from(request)?).await?;
        let mut answer = openidconnect::http::Response::builder().status(response.status());
        if let Some(headers) = answer.headers_mut() {
            headers.clone_from(response.headers());
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await? {
            body.extend_from_slice(&piece);
            if u64::try_from(body.len()).unwrap_or(u64::MAX) > MAX_ANSWER {
                return Err(HttpError::TooLong);
            }
        }
        Ok(answer.body(body)?)
    }
}
