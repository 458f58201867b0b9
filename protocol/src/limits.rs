//! Every bound of the wire. A server may lower some of them for a connection and says so in `welcome.limits`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Bytes of one incoming WebSocket message, after its fragments are joined.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;
/// Messages in one incoming batch.
pub const MAX_BATCH_LEN: usize = 64;
/// Nesting of arrays and maps in an incoming message, the batch array included.
pub const MAX_DEPTH: usize = 32;
/// Bytes of one string (or binary value) in an incoming message. CV sections fit; whole documents go over HTTP.
pub const MAX_STRING_BYTES: usize = 128 * 1024;
/// Entries of one array or map in an incoming message.
pub const MAX_COLLECTION_LEN: usize = 4096;
/// Values (entries of arrays and maps, at any depth) in an incoming message. A map of one entry takes three bytes on the
/// wire and half a kilobyte in memory: this bound, not the one on bytes, is what keeps a decoded message small.
pub const MAX_VALUES: usize = 16_384;
/// Bytes of one message from the server that a client must be ready for.
pub const MAX_SERVER_MESSAGE_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of a call's method.
pub const MAX_METHOD_BYTES: usize = 64;
/// Bytes of the client's name in `hello`.
pub const MAX_CLIENT_BYTES: usize = 200;
/// The largest whole number that every client can hold exactly (2^53 - 1); bound of `epoch` and `seq`.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
/// Bytes of a topic name.
pub const MAX_TOPIC_BYTES: usize = 128;
/// Bytes of an identifier (user, task, device, session, step key).
pub const MAX_ID_BYTES: usize = 120;
/// Bytes of an idempotency key.
pub const MAX_KEY_BYTES: usize = 128;
/// Bytes of an access token.
pub const MAX_TOKEN_BYTES: usize = 4096;
/// Subscriptions of one connection.
pub const MAX_SUBSCRIPTIONS: usize = 256;
/// Calls of one connection that have not been answered.
pub const MAX_CALLS_IN_FLIGHT: usize = 32;
/// Time a client has for its `hello`, milliseconds.
pub const HELLO_TIMEOUT_MS: u64 = 10_000;
/// How long an idempotency key is remembered, hours.
pub const IDEMPOTENCY_HOURS: u64 = 24;

/// The constants by name, for clients in other languages.
pub const TABLE: &[(&str, u64)] = &[
    ("message_bytes", MAX_MESSAGE_BYTES as u64),
    ("batch_len", MAX_BATCH_LEN as u64),
    ("depth", MAX_DEPTH as u64),
    ("string_bytes", MAX_STRING_BYTES as u64),
    ("collection_len", MAX_COLLECTION_LEN as u64),
    ("values", MAX_VALUES as u64),
    ("server_message_bytes", MAX_SERVER_MESSAGE_BYTES as u64),
    ("method_bytes", MAX_METHOD_BYTES as u64),
    ("client_bytes", MAX_CLIENT_BYTES as u64),
    ("topic_bytes", MAX_TOPIC_BYTES as u64),
    ("id_bytes", MAX_ID_BYTES as u64),
    ("key_bytes", MAX_KEY_BYTES as u64),
    ("token_bytes", MAX_TOKEN_BYTES as u64),
    ("subscriptions", MAX_SUBSCRIPTIONS as u64),
    ("calls_in_flight", MAX_CALLS_IN_FLIGHT as u64),
    ("hello_timeout_ms", HELLO_TIMEOUT_MS),
    ("idempotency_hours", IDEMPOTENCY_HOURS),
];

/// The bounds in force on a connection, told in `welcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Limits {
    /// Bytes of one message a client may send.
    pub message_bytes: u32,
    /// Messages in one batch a client may send.
    pub batch_len: u32,
    /// Subscriptions of one connection.
    pub subscriptions: u32,
    /// Unanswered calls of one connection.
    pub calls_in_flight: u32,
    /// Messages a client may send a second, averaged over ten seconds.
    pub messages_per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: MAX_MESSAGE_BYTES as u32,
            batch_len: MAX_BATCH_LEN as u32,
            subscriptions: MAX_SUBSCRIPTIONS as u32,
            calls_in_flight: MAX_CALLS_IN_FLIGHT as u32,
            messages_per_second: 100,
        }
    }
}
