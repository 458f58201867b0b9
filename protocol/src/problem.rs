//! The body of a refused HTTP request.

use crate::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// `application/problem+json` (RFC 9457). `code`, `message`-like `detail`, `details` and `retry_after_ms` say the same
/// as an `err` on the socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Problem {
    /// A URI that names the kind of problem; `about:blank` where `code` says it all.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem for people; the same for every problem with this `code`.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Why the request was refused, with what to do.
    pub detail: String,
    /// The word that programs match on.
    pub code: ErrorCode,
    /// The request's id, as in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub instance: Option<String>,
    /// Machine-readable particulars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "unknown")]
    pub details: Option<Value>,
    /// When to try again, milliseconds; also in the header `Retry-After`, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub retry_after_ms: Option<u64>,
}
