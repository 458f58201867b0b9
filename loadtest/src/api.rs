//! The HTTP interface.

use estafette_protocol::ErrorCode;
use estafette_protocol::cv::http::Page;
use estafette_protocol::problem::Problem;
use reqwest::{RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// One request.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Pages of one list that are read; a longer list is a fault of the harness's own bounds.
const PAGES: usize = 10_000;
/// Times a reading is repeated while the server does not answer.
const READ_ATTEMPTS: u32 = 20;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ApiError {
    /// No answer.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// Refused in the form of the protocol.
    #[error("{status} {code}: {detail}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Why.
        code: ErrorCode,
        /// Why, for people.
        detail: String,
        /// Particulars.
        details: Option<Value>,
    },
    /// An answer without the protocol's form.
    #[error("an answer without the protocol's form (status {status}): {body}")]
    Odd {
        /// HTTP status.
        status: u16,
        /// Its begin.
        body: String,
    },
}

/// The HTTP interface of one server.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
}

impl Api {
    /// Of the server at `base` (`http://host:port`).
    ///
    /// # Errors
    /// [`ApiError::NoAnswer`] when the client cannot be made.
    pub fn new(base: &str) -> Result<Self, ApiError> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).build();
        let http = http.map_err(|error| ApiError::NoAnswer(error.to_string()))?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned() })
    }

    /// The address of the socket.
    pub fn live_url(&self) -> String {
        format!("{}/v1/live", self.base.replacen("http", "ws", 1))
    }

    /// Whether the server says that it is ready.
    pub async fn is_ready(&self) -> bool {
        let answer = self.http.get(format!("{}/health/ready", self.base)).timeout(Duration::from_secs(5)).send().await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }

    /// `GET`; repeated while there is no answer.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str, token: &str) -> Result<T, ApiError> {
        let mut attempt = 0;
        loop {
            let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(token);
            match answer(request).await {
                Err(ApiError::NoAnswer(_)) if attempt < READ_ATTEMPTS => {
                    attempt += 1;
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// All items of a list.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn list<T: DeserializeOwned>(&self, path: &str, token: &str) -> Result<Vec<T>, ApiError> {
        let mut items = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGES {
            let joint = if path.contains('?') { '&' } else { '?' };
            let cursor = after.map(|after| format!("&after={after}")).unwrap_or_default();
            let page: Page<T> = self.get(&format!("{path}{joint}limit=100{cursor}"), token).await?;
            items.extend(page.items);
            match page.next {
                None => return Ok(items),
                Some(next) => after = Some(next),
            }
        }
        Err(ApiError::NoAnswer(format!("the list {path} does not end")))
    }

    /// `POST` of JSON.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        token: Option<&str>,
        key: Option<&str>,
    ) -> Result<T, ApiError> {
        let mut request = self.http.post(format!("{}{path}", self.base)).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        answer(request).await
    }

    /// `POST` of bytes that say to be JSON.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn post_bytes<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>, token: &str) -> Result<T, ApiError> {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(token);
        answer(request.header("Content-Type", "application/json").body(body)).await
    }

    /// `POST` of a file, as field `file` of a form.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn upload<T: DeserializeOwned>(
        &self,
        path: &str,
        token: &str,
        filename: &str,
        mime_type: &str,
        bytes: Vec<u8>,
    ) -> Result<T, ApiError> {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(filename.to_owned()).mime_str(mime_type);
        let part = part.map_err(|error| ApiError::NoAnswer(error.to_string()))?;
        let form = reqwest::multipart::Form::new().part("file", part);
        answer(self.http.post(format!("{}{path}", self.base)).bearer_auth(token).multipart(form)).await
    }
}

async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ApiError> {
    let no_answer = |error: reqwest::Error| ApiError::NoAnswer(error.without_url().to_string());
    let response = request.send().await.map_err(no_answer)?;
    let status = response.status();
    let bytes = response.bytes().await.map_err(no_answer)?;
    let odd =
        || ApiError::Odd { status: status.as_u16(), body: String::from_utf8_lossy(&bytes).chars().take(300).collect() };
    if status.is_success() {
        return serde_json::from_slice(&bytes).map_err(|_| odd());
    }
    let problem: Problem = serde_json::from_slice(&bytes).map_err(|_| odd())?;
    Err(ApiError::Refused {
        status: status.as_u16(),
        code: problem.code,
        detail: problem.detail,
        details: problem.details,
    })
}
