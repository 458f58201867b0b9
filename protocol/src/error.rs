//! Error codes: the same words on the socket (`err.code`) and in HTTP answers (`application/problem+json`, RFC 9457).

use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal, $status:literal, $retry:literal;)*) => {
        /// Why a request was refused. Closed: a new code is a new protocol version.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
        #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode {
            $($(#[doc = $doc])* $variant,)*
        }

        impl ErrorCode {
            /// All codes, in the order of the table.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The HTTP status of an answer with this code.
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// What it means, for people.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),*).trim_ascii(),)* }
            }

            /// Whether the same request may succeed later without a change by the caller.
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$variant => $retry,)* }
            }
        }
    };
}

error_codes! {
    /// The request is malformed or breaks a rule of its method: change it.
    BadRequest = "bad_request", 400, false;
    /// No valid token: sign in or refresh.
    Unauthenticated = "unauthenticated", 401, false;
    /// Signed in, but not allowed.
    Forbidden = "forbidden", 403, false;
    /// No such thing, or none that this user may see.
    NotFound = "not_found", 404, false;
    /// The state does not allow it now (stale revision, finished task, running duplicate).
    Conflict = "conflict", 409, false;
    /// The balance does not cover it: nothing was created or charged.
    InsufficientCredits = "insufficient_credits", 402, false;
    /// A plan's or a protocol's limit is reached (number of things, not rate).
    LimitExceeded = "limit_exceeded", 422, false;
    /// Too many requests: wait `retry_after_ms`.
    RateLimited = "rate_limited", 429, true;
    /// The content is larger than the limit named in the message.
    PayloadTooLarge = "payload_too_large", 413, false;
    /// A dependency is down or the node drains: wait `retry_after_ms`.
    Unavailable = "unavailable", 503, true;
    /// A defect of the server; it was logged with the request's id.
    Internal = "internal", 500, true;
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_on_the_wire_is_the_serde_name() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{}\"", code.as_str()));
        }
    }
}
