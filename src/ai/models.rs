//! The chosen provider with prices and records: what products call.

use super::error::{AiError, AiErrorCode};
use super::pricing::{PriceBook, cost};
use super::pulse::{Pulse, SLOW_AFTER};
use super::record::{AiCallRecord, CallOutcome, CallRecorder};
use super::request::{AiReply, AiRequest, Usage, millis};
use super::schema::{self, Schema};
use super::{Progress, Provider, offline};
use parking_lot::RwLock;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::{Instrument as _, Span};

/// Rule of thumb for the text of a call that was dropped.
const BYTES_PER_TOKEN: usize = 4;
/// Tokens of an answer whose cost is to be foreseen.
const USUAL_ANSWER_TOKENS: u32 = 1_000;

/// An answer of the asked type, with what it used up and cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The answer.
    pub output: T,
    /// Tokens, time, model.
    pub usage: Usage,
    /// USD, six decimals (cv R66).
    pub cost: Decimal,
}

impl<T> Answer<T> {
    /// The fields of `step.completed` that tell of the call: model, tokens, time, `estimated_cost`.
    pub fn report(&self) -> Map<String, Value> {
        let mut map = self.usage.report();
        map.insert("estimated_cost".into(), self.cost.to_f64().unwrap_or_default().into());
        map
    }
}

/// The chosen provider, the prices, and where every call is recorded. One per process, shared by all arbiters.
pub struct Models {
    provider: Arc<dyn Provider>,
    prices: RwLock<Arc<PriceBook>>,
    recorder: Arc<dyn CallRecorder>,
    slow_after: Duration,
    bounds: CallBounds,
    guard: Option<Arc<dyn CallGuard>>,
}

/// Asked before each call: who must not pass is refused before anything is sent.
#[async_trait::async_trait(?Send)]
pub trait CallGuard: Send + Sync {
    /// Whether the call may be made, which is expected to cost so much (USD; 0 for what has no price).
    ///
    /// # Errors
    /// An unsent error, [`AiErrorCode::OverBudget`] when it would pass a budget.
    async fn admit(&self, request: &AiRequest, expected: Decimal) -> Result<(), AiError>;
}

/// What an installation decides about every call.
#[derive(Debug, Clone, Default)]
pub struct CallBounds {
    /// No call takes longer; none: each call's own bound counts.
    pub timeout: Option<Duration>,
    /// The model that is asked, whatever the call names; none: the one that it names.
    pub model: Option<String>,
}

impl Models {
    /// A provider whose calls go to `recorder`.
    pub fn new(provider: Arc<dyn Provider>, recorder: Arc<dyn CallRecorder>) -> Self {
        Self {
            provider,
            prices: RwLock::default(),
            recorder,
            slow_after: SLOW_AFTER,
            bounds: CallBounds::default(),
            guard: None,
        }
    }

    /// With what the installation decides about every call.
    #[must_use]
    pub fn bounded(mut self, bounds: CallBounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// With somebody who is asked before each call.
    #[must_use]
    pub fn guarded(mut self, guard: Arc<dyn CallGuard>) -> Self {
        self.guard = Some(guard);
        self
    }

    /// What a call is expected to cost before it is made: its prompt, and an answer of usual length.
    fn expected_cost(&self, request: &AiRequest) -> Decimal {
        if self.provider.name() == offline::MODEL {
            return Decimal::ZERO;
        }
        let usage = Usage {
            prompt_tokens: request.estimated_prompt_tokens(),
            completion_tokens: USUAL_ANSWER_TOKENS,
            ..Usage::default()
        };
        let prices = Arc::clone(&self.prices.read());
        prices.find(&request.model, &request.model).map_or(Decimal::ZERO, |price| cost(price, &usage, request.priority))
    }

    /// After how long without a sign of the model those who wait are told that it is slow.
    #[must_use]
    pub const fn slow_after(mut self, silence: Duration) -> Self {
        self.slow_after = silence;
        self
    }

    /// The provider's name.
    pub fn provider_name(&self) -> &'static str {
        self.provider.name()
    }

    /// Replaces the prices: at the start, and when an administrator changes `openai_pricing`.
    pub fn set_prices(&self, prices: PriceBook) {
        *self.prices.write() = Arc::new(prices);
    }

    /// Asks for an answer of type `T`. `on_text` gets the whole text so far, again and again. Dropping the future
    /// cancels the call. The call is recorded exactly once if it was sent (cv R65).
    ///
    /// # Errors
    /// See [`AiErrorCode`]; an answer that is not a `T` is [`AiErrorCode::InvalidOutput`], which names what is wrong.
    pub async fn complete_as<T: DeserializeOwned + JsonSchema + 'static>(
        &self,
        mut request: AiRequest,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Answer<T>, AiError> {
        request.schema = Schema::of::<T>();
        if let Some(timeout) = self.bounds.timeout {
            request.timeout = request.timeout.min(timeout);
        }
        if let Some(model) = &self.bounds.model {
            request.model.clone_from(model);
        }
        let parse = |output: Value| {
            serde_json::from_value::<T>(output).map_err(|error| schema::clip(&format!("not of the schema: {error}")))
        };
        self.run(&request, on_text, parse).await
    }

    async fn run<T>(
        &self,
        request: &AiRequest,
        on_text: &mut dyn FnMut(&str),
        parse: impl FnOnce(Value) -> Result<T, String>,
    ) -> Result<Answer<T>, AiError> {
        if let Some(guard) = &self.guard {
            guard.admit(request, self.expected_cost(request)).await?;
        }
        // The record is written by the guard's end or, when the future is dropped, by its drop: once either way.
        let mut guard = Guard {
            models: self,
            request,
            started: Instant::now(),
            sent: false,
            text_bytes: 0,
            done: false,
            span: Span::none(),
        };
        let span = tracing::info_span!(
            "model",
            feature = request.feature,
            step = request.step,
            model = tracing::field::Empty,
            tokens = tracing::field::Empty,
            outcome = tracing::field::Empty
        );
        guard.span = span.clone();
        let pulse = Pulse::new(request.origin.waits.as_ref(), self.slow_after);
        let mut heard = |progress: Progress<'_>| {
            guard.sent = true;
            match progress {
                Progress::Sent => pulse.sent(),
                Progress::Text(text) => {
                    pulse.beat();
                    guard.text_bytes = text.len();
                    on_text(text);
                }
            }
        };
        let outcome = pulse.watch(self.provider.complete(request, &mut heard).instrument(span)).await;
        let checked = outcome.and_then(|AiReply { output, usage }| {
            match request.schema.check(&output).and_then(|()| parse(output)) {
                Ok(output) => Ok((output, usage)),
                Err(message) => Err(AiError::sent(AiErrorCode::InvalidOutput, message, usage)),
            }
        });
        match checked {
            Ok((output, usage)) => {
                let cost = guard.finish(&usage, CallOutcome::Answered);
                Ok(Answer { output, usage, cost })
            }
            Err(mut error) => {
                if error.sent {
                    error.cost = guard.finish(&error.usage, CallOutcome::Failed(error.code));
                }
                guard.done = true;
                tracing::warn!(
                    feature = request.feature,
                    step = request.step,
                    code = error.code.as_str(),
                    error = error.for_log(),
                    "a model call failed"
                );
                Err(error)
            }
        }
    }
}

struct Guard<'a> {
    models: &'a Models,
    request: &'a AiRequest,
    started: Instant,
    sent: bool,
    text_bytes: usize,
    done: bool,
    span: Span,
}

impl Guard<'_> {
    fn finish(&mut self, usage: &Usage, outcome: CallOutcome) -> Decimal {
        self.done = true;
        self.span.record("model", usage.model_used.as_str());
        self.span.record("tokens", usage.total_tokens());
        self.span.record("outcome", outcome.as_str());
        let prices = Arc::clone(&self.models.prices.read());
        let price = prices.find(&usage.model_used, &self.request.model);
        let free = usage.model_used == offline::MODEL;
        let cost = match price {
            Some(price) if !free => cost(price, usage, usage.priority),
            _ => Decimal::ZERO,
        };
        let labels = [("feature", self.request.feature.clone()), ("outcome", outcome.as_str().to_owned())];
        metrics::counter!("estafette_model_calls_total", &labels).increment(1);
        metrics::counter!("estafette_model_tokens_total", "feature" => self.request.feature.clone())
            .increment(u64::from(usage.total_tokens()));
        metrics::counter!("estafette_model_cost_micros_total", "feature" => self.request.feature.clone())
            .increment((cost * Decimal::from(1_000_000)).to_u64().unwrap_or_default());
        metrics::histogram!("estafette_model_call_seconds", "feature" => self.request.feature.clone())
            .record(f64::from(usage.duration_ms) / 1_000.0);
        self.models.recorder.record(AiCallRecord {
            feature: self.request.feature.clone(),
            step: self.request.step.clone(),
            model_asked: self.request.model.clone(),
            usage: usage.clone(),
            cost,
            // A call that used nothing up costs nothing by any price list.
            priced: free || price.is_some() || usage.total_tokens() == 0,
            outcome,
            origin: self.request.origin.clone(),
            at: chrono::Utc::now(),
        });
        cost
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if self.done || !self.sent {
            return;
        }
        let offline = self.models.provider.name() == offline::MODEL;
        let usage = Usage {
            model_used: if offline { offline::MODEL.to_owned() } else { self.request.model.clone() },
            prompt_tokens: self.request.estimated_prompt_tokens(),
            completion_tokens: u32::try_from(self.text_bytes / BYTES_PER_TOKEN).unwrap_or(u32::MAX),
            duration_ms: millis(self.started.elapsed()),
            estimated: true,
            ..Usage::default()
        };
        self.finish(&usage, CallOutcome::Cancelled);
    }
}

#[cfg(test)]
mod tests;
