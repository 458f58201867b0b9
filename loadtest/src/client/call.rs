//! A call on its way.

use estafette_protocol::{ClientMessage, ErrorCode, IdempotencyKey, RequestId};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::oneshot;

/// Times a call with a key is sent before its failure is told.
pub(super) const CALL_ATTEMPTS: u32 = 30;
/// Wait before a repetition where the server names none.
pub(super) const CALL_PAUSE: Duration = Duration::from_millis(250);
/// The longest wait that a server may ask for.
const CALL_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CallFailure {
    /// The server refused it.
    #[error("{code}: {message}")]
    Refused {
        /// Why.
        code: ErrorCode,
        /// Why, for people.
        message: String,
        /// Particulars.
        details: Option<Value>,
    },
    /// The connection was lost, and without a key it must not be repeated.
    #[error("the connection was lost before the answer; without a key the call cannot be repeated")]
    Lost,
    /// The client has ended.
    #[error("the client has ended")]
    Ended,
}

/// A call that waits for its answer.
pub(super) struct CallRequest {
    method: String,
    params: Value,
    key: Option<IdempotencyKey>,
    follow: bool,
    attempts: u32,
    reply: oneshot::Sender<Result<Value, CallFailure>>,
}

impl CallRequest {
    pub(super) fn new(
        method: &str,
        params: Value,
        key: Option<IdempotencyKey>,
        follow: bool,
        reply: oneshot::Sender<Result<Value, CallFailure>>,
    ) -> Self {
        Self { method: method.to_owned(), params, key, follow, attempts: 0, reply }
    }

    /// The message of the next attempt.
    pub(super) fn message(&mut self, id: RequestId) -> ClientMessage {
        self.attempts += 1;
        let (method, params, key) = (self.method.clone(), self.params.clone(), self.key.clone());
        ClientMessage::Call { id, method, params, key, follow: self.follow }
    }

    pub(super) fn is_repetition(&self) -> bool {
        self.attempts > 1
    }

    /// Whether it may be sent again.
    pub(super) fn may_repeat(&self) -> bool {
        self.key.is_some() && self.attempts < CALL_ATTEMPTS
    }

    /// The wait before it is sent again after a refusal, if it is.
    pub(super) fn repeat_after(&self, code: ErrorCode, retry_after_ms: Option<u64>) -> Option<Duration> {
        let pause = retry_after_ms.map_or(CALL_PAUSE, Duration::from_millis).min(CALL_PAUSE_MAX);
        (code.is_retryable() && self.may_repeat()).then_some(pause)
    }

    pub(super) fn finish(self, outcome: Result<Value, CallFailure>) {
        let _ = self.reply.send(outcome);
    }
}
