//! The HTTP interface.

use estafette_protocol::cv::http::Page;
use estafette_protocol::problem::Problem;
use estafette_protocol::{DeviceId, ErrorCode};
use reqwest::{RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// One request.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Pages of one list that are read; a longer list is a fault of the harness's own bounds.
const PAGES: usize = 10_000;
/// Times a reading is repeated while the server does not answer.
const READ_ATTEMPTS: u32 = 20;
/// Wait before it is repeated.
const READ_PAUSE: Duration = Duration::from_millis(250);

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

impl ApiError {
    /// Whether another attempt, on another node, may be answered.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NoAnswer(_) => true,
            Self::Refused { code, .. } => *code == ErrorCode::Unavailable,
            Self::Odd { .. } => false,
        }
    }
}

/// The HTTP interface of one server, or of several nodes that are as good as each other.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    bases: Arc<[String]>,
    /// Which node is asked: the next one after one that did not answer.
    at: Arc<AtomicUsize>,
}

impl Api {
    /// Of the server at `base` (`http://host:port`).
    ///
    /// # Errors
    /// [`ApiError::NoAnswer`] when the client cannot be made.
    pub fn new(base: &str) -> Result<Self, ApiError> {
        Self::of_nodes(&[base.to_owned()], TIMEOUT)
    }

    /// Of several nodes; one that does not answer within `patience` is left for the next.
    ///
    /// # Errors
    /// [`ApiError::NoAnswer`] when the client cannot be made.
    pub fn of_nodes(bases: &[String], patience: Duration) -> Result<Self, ApiError> {
        let http = reqwest::Client::builder().timeout(patience).build();
        let http = http.map_err(|error| ApiError::NoAnswer(error.to_string()))?;
        let bases = bases.iter().map(|base| base.trim_end_matches('/').to_owned()).collect();
        Ok(Self { http, bases, at: Arc::default() })
    }

    fn base(&self) -> &str {
        let count = self.bases.len().max(1);
        self.bases.get(self.at.load(Ordering::Relaxed) % count).map_or("", String::as_str)
    }

    /// The addresses of the socket, one a node.
    pub fn live_urls(&self) -> Arc<[String]> {
        self.bases.iter().map(|base| format!("{}/v1/live", base.replacen("http", "ws", 1))).collect()
    }

    /// Whether the server says that it is ready.
    pub async fn is_ready(&self) -> bool {
        let answer =
            self.http.get(format!("{}/health/ready", self.base())).timeout(Duration::from_secs(5)).send().await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }

    /// `GET`; repeated while there is no answer.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str, token: &str) -> Result<T, ApiError> {
        let mut attempt = 0;
        loop {
            let request = self.http.get(format!("{}{path}", self.base())).bearer_auth(token);
            match self.answer(request).await {
                Err(error) if error.may_pass() && attempt < READ_ATTEMPTS => {
                    attempt += 1;
                    tokio::time::sleep(READ_PAUSE).await;
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
        let mut request = self.http.post(format!("{}{path}", self.base())).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.answer(request).await
    }

    /// `POST` of JSON by a device.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn post_by<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        device: &DeviceId,
    ) -> Result<T, ApiError> {
        let request = self.http.post(format!("{}{path}", self.base())).json(body);
        self.answer(request.header("X-Estafette-Device", device.as_str())).await
    }

    /// `POST` of bytes that say to be JSON.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn post_bytes<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>, token: &str) -> Result<T, ApiError> {
        let request = self.http.post(format!("{}{path}", self.base())).bearer_auth(token);
        self.answer(request.header("Content-Type", "application/json").body(body)).await
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
        self.answer(self.http.post(format!("{}{path}", self.base())).bearer_auth(token).multipart(form)).await
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ApiError> {
        let outcome = answer(request).await;
        if outcome.as_ref().is_err_and(ApiError::may_pass) {
            self.at.fetch_add(1, Ordering::Relaxed);
        }
        outcome
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
