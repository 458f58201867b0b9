//! Identifiers. Each is a type of its own with private insides, so that a user id cannot be given where a task id is
//! meant, and a value that exists has passed its check.

use crate::limits::{MAX_ID_BYTES, MAX_KEY_BYTES};
use serde::{Deserialize, Serialize};

/// Why a text is not a valid identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}")]
pub struct InvalidId {
    /// The identifier's name for people ("task id").
    pub what: &'static str,
    /// The rule it breaks.
    pub rule: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $max:expr, $ok:expr, $rule:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Checks and takes a text.
            ///
            /// # Errors
            /// [`InvalidId`] when it is empty, too long or has a character that is not allowed.
            pub fn parse(text: impl AsRef<str>) -> Result<Self, InvalidId> {
                let text = text.as_ref();
                let allowed: fn(char) -> bool = $ok;
                if text.is_empty() || text.len() > $max || !text.chars().all(allowed) {
                    return Err(InvalidId { what: $what, rule: format!("1 to {} bytes of {}", $max, $rule) });
                }
                Ok(Self(text.into()))
            }

            /// The text.
            pub fn as_str(&self) -> &str { &self.0 }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(&self.0) }
        }
        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> { Self::parse(text) }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String { id.0.as_ref().to_owned() }
        }
        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> { Self::parse(text) }
        }
        impl ts_rs::TS for $name {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;
            fn name(_: &ts_rs::Config) -> String { "string".to_owned() }
            fn inline(_: &ts_rs::Config) -> String { "string".to_owned() }
        }
        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool { true }
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                crate::ids::text_schema($ok, $max)
            }
        }
    )*};
}
pub(crate) use ids;

/// The schema of a text of so many bytes of these characters.
#[cfg(feature = "schemars")]
pub(crate) fn text_schema(allowed: fn(char) -> bool, max: usize) -> schemars::Schema {
    let mut schema = schemars::json_schema!({"type": "string", "minLength": 1, "maxLength": max});
    if !allowed('é') {
        let class: String = (' '..='~')
            .filter(|c| allowed(*c))
            .map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\{c}") })
            .collect();
        // A text may be of ASCII letters and still be written as a class: `_` needs no escape and `-` does.
        schema.insert("pattern".to_owned(), format!("^[{}]+$", class.replace("\\_", "_")).into());
    }
    schema
}

pub(crate) const fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}
const fn dotted(c: char) -> bool {
    word(c) || matches!(c, '.' | '[' | ']' | ',' | ':')
}
const fn lower(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}
fn printable(c: char) -> bool {
    !c.is_control()
}

ids! {
    /// A product that lives on the server (`cv`, `docs`, …): the first half of every topic's key.
    ProductId, "product id", 32, lower, "a-z, 0-9, _";
    /// A person of one product.
    UserId, "user id", MAX_ID_BYTES, word, "A-Z, a-z, 0-9, _ and -";
    /// One durable task.
    TaskId, "task id", 64, word, "A-Z, a-z, 0-9, _ and -";
    /// One browser or app installation, chosen by the client and kept by it.
    DeviceId, "device id", MAX_ID_BYTES, dotted, "A-Z, a-z, 0-9, _ - . : , [ ]";
    /// One signed-in session (a user on a device).
    SessionId, "session id", MAX_ID_BYTES, word, "A-Z, a-z, 0-9, _ and -";
    /// One server process.
    NodeId, "node id", MAX_ID_BYTES, word, "A-Z, a-z, 0-9, _ and -";
    /// A step's key within its task, such as `batch_experience[0,3]`.
    StepKey, "step key", MAX_ID_BYTES, dotted, "A-Z, a-z, 0-9, _ - . : , [ ]";
    /// The kind of an event, such as `task.queued`.
    EventKind, "event kind", 64, dotted, "A-Z, a-z, 0-9, _ - . : , [ ]";
    /// The key that makes a repeated call take effect once; unique per user for 24 hours.
    IdempotencyKey, "idempotency key", MAX_KEY_BYTES, printable, "printable characters";
}

/// A new identifier in the form of a CUID2: 24 characters, `^[a-z][a-z0-9]{23}$`, from the operating system's random
/// source (124 bits).
pub fn new_cuid2() -> String {
    use rand::RngExt as _;
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut rng = rand::rng();
    let mut id = String::with_capacity(24);
    for position in 0..24 {
        let range = if position == 0 { 26 } else { 36 };
        let index: usize = rng.random_range(0..range);
        id.push(char::from(*ALPHABET.get(index).unwrap_or(&b'a')));
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_at_the_edge() {
        assert!(TaskId::parse("task_1763702000000_a1b2c3").is_ok());
        for bad in ["", "a b", "é", &"x".repeat(65)] {
            assert!(TaskId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(serde_json::from_str::<UserId>("\"a/b\"").is_err());
        assert!(StepKey::parse("batch_experience[0,3]").is_ok());
    }

    #[test]
    fn cuid2_has_its_form() {
        for _ in 0..100 {
            let id = new_cuid2();
            assert_eq!(id.len(), 24);
            assert!(id.starts_with(|c: char| c.is_ascii_lowercase()));
            assert!(id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
        }
    }
}
