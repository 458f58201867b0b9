//! WebSocket close codes and what each tells the client to do next.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a client does after a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AfterClose {
    /// Connect again (full-jitter backoff) and resume every subscription.
    Reconnect,
    /// Connect again only with another token.
    Reauthenticate,
    /// Do not connect again: the same attempt would fail the same way.
    Stop,
}

macro_rules! close_codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $number:literal, $after:ident;)*) => {
        /// Why the server closed the socket.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CloseCode {
            $($(#[doc = $doc])* $variant,)*
        }

        impl CloseCode {
            /// All codes, in the order of the table.
            pub const ALL: &'static [CloseCode] = &[$(CloseCode::$variant,)*];

            /// The number in the close frame.
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)* }
            }

            /// What the client does next.
            pub const fn after(self) -> AfterClose {
                match self { $(Self::$variant => AfterClose::$after,)* }
            }

            /// What it means, for people.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),*).trim_ascii(),)* }
            }

            /// The code of a number that this protocol uses.
            pub const fn from_number(number: u16) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

close_codes! {
    /// Normal end, by either side.
    Normal = 1000, Reconnect;
    /// RFC 6455 was broken (reserved bits, bad opcode, unmasked frame).
    ProtocolError = 1002, Stop;
    /// A text frame that is not UTF-8.
    InvalidUtf8 = 1007, Stop;
    /// A message above `limits.message_bytes`.
    TooBig = 1009, Stop;
    /// The node restarts: reconnect.
    Restart = 1012, Reconnect;
    /// The node is full: reconnect later.
    TryLater = 1013, Reconnect;
    /// A batch that cannot be decoded.
    Malformed = 4400, Stop;
    /// Not authenticated, or the token expired.
    Unauthenticated = 4401, Reauthenticate;
    /// The origin or the user is not allowed.
    Forbidden = 4403, Stop;
    /// No `hello` in time.
    HelloTimeout = 4408, Reconnect;
    /// Too many messages.
    TooManyMessages = 4429, Reconnect;
}
