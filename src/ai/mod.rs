//! The model behind one trait: [`Provider`].
//!
//! | module | holds |
//! |---|---|
//! | [`request`] | what is asked and answered: [`AiRequest`], [`AiReply`], [`Usage`] |
//! | [`error`] | [`AiError`]: a code, a sentence, whether to try again, and what the failed call used up |
//! | [`models`] | [`Models`]: the chosen provider with prices and records; what products call |
//! | [`pricing`] | the cost of a call (cv R66) |
//! | [`pulse`] | notices that a model writes nothing, and tells those who wait |
//! | [`record`] | one record per call (cv R65) |
//! | [`schema`] | the JSON Schema of an answer, and the check of an answer against it |
//! | [`partial`] | readable text out of half-written JSON, for the people who watch |
//! | [`offline`] | the provider without a model: rules that products register |
//! | [`openai`] | the provider for any OpenAI-compatible endpoint |
//! | [`setup`] | from the settings to a provider |
//!
//! A call is cancelled by dropping its future: the connection is closed, and the call is recorded as cancelled.

pub mod error;
pub mod models;
pub mod offline;
pub mod openai;
pub mod partial;
pub mod pricing;
pub mod pulse;
pub mod record;
pub mod request;
pub mod schema;
#[cfg(any(test, feature = "testkit"))]
pub mod scripted;
pub mod setup;

pub use error::{AiError, AiErrorCode, AiRetry};
pub use models::{Answer, CallBounds, CallGuard, Models};
pub use pricing::{ModelPrice, PriceBook, cost};
pub use record::{AiCallRecord, CallOutcome, CallRecorder, NoRecorder};
pub use request::{AiReply, AiRequest, CallOrigin, Usage};
pub use rust_decimal::Decimal;

use async_trait::async_trait;

/// What a provider tells while a call runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// The request leaves now: from here on the call may cost something, and is recorded.
    Sent,
    /// The whole text of the answer so far.
    Text(&'a str),
}

/// Who is told of a call's progress. An alias, since `async_trait` would bind the inner lifetime to the call.
pub type OnProgress<'a> = dyn for<'t> FnMut(Progress<'t>) + 'a;

/// Something that answers requests: a model behind HTTP, or rules.
///
/// The futures stay on the arbiter that polls them; the provider itself is shared by all of them. Dropping a future
/// cancels its call.
#[async_trait(?Send)]
pub trait Provider: Send + Sync {
    /// A short name for logs and `/ready` (`openai`, `offline`).
    fn name(&self) -> &'static str;

    /// Answers one request. The output has the form of `request.schema` as far as the provider knows; [`Models`]
    /// checks it.
    ///
    /// # Errors
    /// See [`AiErrorCode`]. The error carries what the call used up.
    async fn complete(&self, request: &AiRequest, progress: &mut OnProgress<'_>) -> Result<AiReply, AiError>;
}
