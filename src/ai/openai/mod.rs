//! The provider for any OpenAI-compatible endpoint: `POST {base}/chat/completions`, streamed, with the answer forced
//! into a JSON Schema.
//!
//! One call is one request: whether a failed one is repeated is the step's decision, who is told when
//! ([`AiError::retry_after`]). What protects the endpoint is here: a bound on calls at once with a bounded queue, tokens a
//! minute, and a circuit breaker.

mod answer;
mod breaker;
mod config;
mod limits;
mod sse;
mod status;
mod strict;
mod wire;

pub use config::{ApiKey, OpenAiConfig};

use super::error::{AiError, AiErrorCode};
use super::request::{AiReply, AiRequest, Usage, millis};
use super::schema::clip;
use super::{OnProgress, Progress, Provider};
use crate::fetch::retry_after;
use answer::{Partial, Trouble};
use async_trait::async_trait;
use breaker::{Breaker, Held, Why};
use futures_util::StreamExt;
use limits::{NoSlot, Slots, TokenBucket};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use sse::SseDecoder;
use std::time::{Duration, Instant};
use url::Url;

/// As much of an error's body as is read, bytes.
const ERROR_BYTES_MAX: usize = 16 * 1024;
/// Bound of reading it.
const ERROR_READ_TIMEOUT: Duration = Duration::from_secs(5);
/// The end of a body comes so soon after its last event, or the connection is given up: the answer is there, and waits.
const END_WITHIN: Duration = Duration::from_millis(50);
/// When to come back if the queue before the slots is full.
const QUEUE_FULL_RETRY: Duration = Duration::from_secs(2);
/// The text so far is handed on no more often: each time the whole of it is.
const TEXT_INTERVAL: Duration = Duration::from_millis(40);
/// Tokens that an answer is assumed to have until its end is known.
const COMPLETION_TOKENS_ASSUMED: u32 = 800;

/// The settings make no usable client.
#[derive(Debug, thiserror::Error)]
pub enum OpenAiConfigError {
    /// The base address cannot carry a path, or is not http(s).
    #[error("the model endpoint's base address {0:?} is no http(s) address such as https://api.openai.com/v1")]
    BaseUrl(String),
    /// The key holds what a header cannot carry.
    #[error("the model endpoint's API key holds characters that no HTTP header can carry; check for line breaks")]
    ApiKey,
    /// TLS or the like.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// An OpenAI-compatible endpoint.
pub struct OpenAi {
    config: OpenAiConfig,
    url: Url,
    client: reqwest::Client,
    slots: Slots,
    tokens: Option<TokenBucket>,
    breaker: Breaker,
}

/// A failure on the way, with what is known of its usage.
struct Failure {
    trouble: Trouble,
    retry_after: Option<Duration>,
    /// The endpoint is not well: the breaker counts it.
    unwell: bool,
}

impl Failure {
    const fn new(code: AiErrorCode, message: String) -> Self {
        let unwell = matches!(code, AiErrorCode::Unavailable | AiErrorCode::Timeout | AiErrorCode::RateLimited);
        Self { trouble: (code, message), retry_after: None, unwell }
    }
}

impl From<Trouble> for Failure {
    fn from((code, message): Trouble) -> Self {
        Self::new(code, message)
    }
}

impl OpenAi {
    /// A client for the endpoint.
    ///
    /// # Errors
    /// A setting cannot be used.
    pub fn new(config: OpenAiConfig) -> Result<Self, OpenAiConfigError> {
        let mut url = config.base_url.clone();
        let wrong = || OpenAiConfigError::BaseUrl(config.base_url.to_string());
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong());
        }
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(["chat", "completions"]);
        let mut headers = HeaderMap::new();
        if !config.api_key.reveal().is_empty() {
            let mut bearer = reqwest::header::HeaderValue::from_str(&format!("Bearer {}", config.api_key.reveal()))
                .map_err(|_| OpenAiConfigError::ApiKey)?;
            bearer.set_sensitive(true);
            headers.insert(reqwest::header::AUTHORIZATION, bearer);
        }
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .connect_timeout(config.connect_timeout)
            .pool_idle_timeout(config.keep_connections)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            url,
            client,
            slots: Slots::new(config.concurrency, config.queue_max),
            tokens: config.tokens_per_minute.map(TokenBucket::new),
            breaker: Breaker::new(config.breaker_failures, config.breaker_open_for),
            config,
        })
    }

    /// Whether calls are held back because too many failed in a row.
    pub fn is_circuit_open(&self) -> bool {
        self.breaker.is_open()
    }

    async fn exchange(
        &self,
        request: &AiRequest,
        partial: &mut Partial,
        progress: &mut OnProgress<'_>,
    ) -> Result<(), Failure> {
        progress(Progress::Sent);
        let response = self
            .client
            .post(self.url.clone())
            .json(&wire::body(request))
            .send()
            .await
            .map_err(|error| Failure::new(AiErrorCode::Unavailable, self.unreachable(&error)))?;
        if !response.status().is_success() {
            return Err(self.refused(request, response).await);
        }
        let streams = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_none_or(|kind| !kind.starts_with("application/json"));
        let mut body = Body { decoder: SseDecoder::default(), whole: Vec::new(), streams, bytes: 0 };
        let mut stream = response.bytes_stream();
        let mut shown = Instant::now();
        let mut first = true;
        while !partial.is_done() {
            // Before the first piece only the call's own bound counts.
            let next = if first {
                stream.next().await
            } else {
                tokio::time::timeout(self.config.idle_timeout, stream.next()).await.map_err(|_| {
                    let silence = self.config.idle_timeout.as_millis();
                    Failure::new(AiErrorCode::Timeout, format!("the model endpoint fell silent for {silence} ms"))
                })?
            };
            let piece = match next {
                None => break,
                Some(Ok(piece)) => piece,
                Some(Err(_)) => {
                    let read = partial.text.chars().count();
                    let message = format!("the answer broke off after {read} characters: the connection was cut");
                    return Err(Failure::new(AiErrorCode::InvalidOutput, message));
                }
            };
            first = false;
            body.take(&piece, partial, self.config.response_bytes_max)?;
            if shown.elapsed() >= TEXT_INTERVAL && !partial.text.is_empty() {
                progress(Progress::Text(&partial.text));
                shown = Instant::now();
            }
        }
        if partial.is_done() {
            // What follows the last event is the end of the body; only a connection that was read so far takes another call.
            let end = async { while let Some(Ok(_)) = stream.next().await {} };
            let _left = tokio::time::timeout(END_WITHIN, end).await;
        }
        body.finish(partial)?;
        if !partial.text.is_empty() {
            progress(Progress::Text(&partial.text));
        }
        Ok(())
    }

    /// An answer with a status other than success.
    async fn refused(&self, request: &AiRequest, response: reqwest::Response) -> Failure {
        let status = response.status();
        let retry_after = retry_after::parse(response.headers(), chrono::Utc::now());
        let mut body = Vec::new();
        let mut stream = response.bytes_stream();
        let read = async {
            while let Some(Ok(piece)) = stream.next().await
                && body.len() < ERROR_BYTES_MAX
            {
                body.extend_from_slice(&piece[..piece.len().min(ERROR_BYTES_MAX - body.len())]);
            }
        };
        // A body that does not come only makes the message shorter.
        let _ = tokio::time::timeout(ERROR_READ_TIMEOUT, read).await;
        let trouble = status::trouble(status, &String::from_utf8_lossy(&body), &request.model);
        Failure { retry_after, ..Failure::from(trouble) }
    }

    fn unreachable(&self, error: &reqwest::Error) -> String {
        // The innermost cause says what happened ("connection refused"); the outer ones repeat the address.
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let host = self.url.host_str().unwrap_or_default();
        format!("the model endpoint at {host} cannot be reached: {}", clip(&cause.to_string()))
    }

    /// Waits for a slot and for tokens.
    async fn admitted<'a>(
        &'a self,
        request: &AiRequest,
        started: Instant,
    ) -> Result<(tokio::sync::SemaphorePermit<'a>, Option<limits::Taken<'a>>), AiError> {
        let limited = |message: String, after: Duration| {
            AiError::unsent(AiErrorCode::RateLimited, message).with_retry_after(Some(after))
        };
        let slot = self.slots.take(request.timeout).await.map_err(|refusal| match refusal {
            NoSlot::QueueFull => {
                let waiting = self.config.queue_max;
                limited(format!("{waiting} calls wait for the model already; try again shortly"), QUEUE_FULL_RETRY)
            }
            NoSlot::TooLate => limited(
                format!("the model was busy for {} ms; try again shortly", request.timeout.as_millis()),
                QUEUE_FULL_RETRY,
            ),
        })?;
        let Some(bucket) = &self.tokens else { return Ok((slot, None)) };
        let expected = request.estimated_prompt_tokens().saturating_add(COMPLETION_TOKENS_ASSUMED);
        let left = request.timeout.saturating_sub(started.elapsed());
        let taken = bucket.take(expected, left).await.map_err(|wait| {
            let after = wait.min(retry_after::RETRY_AFTER_MAX);
            limited(format!("the limit of tokens a minute is reached; free again in {} s", after.as_secs() + 1), after)
        })?;
        Ok((slot, Some(taken)))
    }
}

/// The body of an answer as it comes: events, or one JSON document from an endpoint that does not stream.
struct Body {
    decoder: SseDecoder,
    whole: Vec<u8>,
    streams: bool,
    bytes: usize,
}

impl Body {
    fn take(&mut self, piece: &[u8], partial: &mut Partial, bytes_max: usize) -> Result<(), Failure> {
        self.bytes += piece.len();
        let too_long = || {
            let message = format!("the answer is longer than {bytes_max} bytes; answer more briefly");
            Failure::new(AiErrorCode::InvalidOutput, message)
        };
        if self.bytes > bytes_max {
            return Err(too_long());
        }
        if !self.streams {
            self.whole.extend_from_slice(piece);
            return Ok(());
        }
        for event in self.decoder.feed(piece).map_err(|sse::EventTooLong| too_long())? {
            partial.take(&event)?;
        }
        Ok(())
    }

    fn finish(&mut self, partial: &mut Partial) -> Result<(), Failure> {
        if self.streams {
            if let Some(event) = self.decoder.finish()
                // A last event that was cut in its middle is no event; what is missing shows in `Partial::finish`.
                && partial.take(&event).is_err()
            {
                tracing::debug!("the stream ended inside an event");
            }
        } else {
            partial.take(&String::from_utf8_lossy(&self.whole))?;
        }
        Ok(())
    }
}

#[async_trait(?Send)]
impl Provider for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    async fn complete(&self, request: &AiRequest, progress: &mut OnProgress<'_>) -> Result<AiReply, AiError> {
        let started = Instant::now();
        let open = |Held { after, why }: Held| {
            let seconds = after.as_secs_f64().ceil();
            let (code, what) = match why {
                Why::Failures => (AiErrorCode::CircuitOpen, "failed too often in a row; it is tried again"),
                Why::Throttled => (AiErrorCode::RateLimited, "is over its rate limit; it is asked again"),
            };
            let message = format!("the model endpoint {what} in {seconds} s");
            AiError::unsent(code, message).with_retry_after(Some(after))
        };
        // Asked twice: not to queue for an endpoint that is down, and to know what happened while queueing.
        if let Err(after) = self.breaker.pass().map(drop) {
            return Err(open(after));
        }
        let (_slot, taken) = self.admitted(request, started).await?;
        let pass = self.breaker.pass().map_err(open)?;
        let mut partial = Partial::default();
        let left = request.timeout.saturating_sub(started.elapsed());
        let outcome = match tokio::time::timeout(left, self.exchange(request, &mut partial, progress)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let message = format!("the model did not finish within {} ms", request.timeout.as_millis());
                Err(Failure::new(AiErrorCode::Timeout, message))
            }
        };
        let usage = partial.usage(request, millis(started.elapsed()));
        let outcome = outcome.and_then(|()| partial.finish(usage.clone()).map_err(Failure::from));
        match &outcome {
            Err(Failure { trouble: (AiErrorCode::RateLimited, _), retry_after: Some(after), .. }) => {
                pass.throttled(*after)
            }
            Err(failure) if failure.unwell => pass.failed(),
            _ => pass.succeeded(),
        }
        outcome.inspect(|reply| settle(taken, reply.usage.total_tokens())).map_err(
            |Failure { trouble: (code, message), retry_after, .. }| {
                // Nothing was used up when the endpoint refused before it wrote.
                let refused = partial.text.is_empty() && usage.estimated;
                let usage =
                    if refused { Usage { prompt_tokens: 0, estimated: false, ..usage.clone() } } else { usage.clone() };
                AiError::sent(code, self.config.api_key.redact(&message), usage).with_retry_after(retry_after)
            },
        )
    }
}

fn settle(taken: Option<limits::Taken<'_>>, used: u32) {
    if let Some(taken) = taken {
        taken.settle(used);
    }
}

#[cfg(test)]
mod tests;
