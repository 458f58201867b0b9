//! The kinds of values that settings have.

use serde::{Deserialize, Deserializer};
use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

/// A text that is never printed (keys, and addresses that may hold a password). Empty means: not set.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text itself: for the one who uses it, never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
    /// Whether it is not set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_empty() { "\"\"" } else { "\"(set, not shown)\"" })
    }
}

impl FromStr for Secret {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.trim().to_owned()))
    }
}

/// A list: separated by commas in flags and variables, an array in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List(pub Vec<String>);

impl FromStr for List {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()))
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident: $($(#[$vdoc:meta])* $variant:ident = $word:literal),+;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
        #[serde(rename_all = "lowercase")]
        #[value(rename_all = "lowercase")]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// The word in flags, variables and the file.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl Show for $name {
            fn show(&self) -> String { format!("\"{}\"", self.word()) }
        }
    )*};
}

choices! {
    /// Who does the intelligent work.
    AiProvider:
        /// `openai` when a key or another base URL is set, else `offline`.
        Auto = "auto",
        /// Any endpoint that speaks OpenAI's HTTP interface.
        Openai = "openai",
        /// Deterministic rules on this machine.
        Offline = "offline";
    /// How messages from Redis come.
    RedisProtocol:
        /// RESP3 where the server speaks it, else RESP2.
        Auto = "auto",
        /// RESP2 only.
        Resp2 = "resp2";
    /// The form of log lines.
    LogFormat:
        /// `text` on a terminal, else `json`.
        Auto = "auto",
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json";
}

/// How a value is printed by `estafette config`: as it would stand in the file.
pub(super) trait Show {
    fn show(&self) -> String;
}

macro_rules! show_debug {
    ($($kind:ty),*) => {$(impl Show for $kind { fn show(&self) -> String { format!("{self:?}") } })*};
}
show_debug!(u16, u32, u64, usize, bool, String, Secret, PathBuf);

impl Show for List {
    fn show(&self) -> String {
        format!("{:?}", self.0)
    }
}

impl Show for std::net::SocketAddr {
    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

/// A value with a range.
pub(super) trait Number: Copy {
    fn number(self) -> u64;
}

impl Number for u16 {
    fn number(self) -> u64 {
        u64::from(self)
    }
}
impl Number for u32 {
    fn number(self) -> u64 {
        u64::from(self)
    }
}
impl Number for u64 {
    fn number(self) -> u64 {
        self
    }
}
impl Number for usize {
    fn number(self) -> u64 {
        u64::try_from(self).unwrap_or(u64::MAX)
    }
}
