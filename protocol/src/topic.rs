//! Topics and positions in a topic's log.

use crate::ids::InvalidId;
use crate::limits::MAX_TOPIC_BYTES;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A topic's name: a family, and mostly an id (`user:abc`, `task:xyz`, `admin:costs`, or a bare `app`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Topic(std::sync::Arc<str>);

impl Serialize for Topic {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Topic {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`InvalidId`] unless it is `family` or `family:id`, the family of `a-z 0-9 _ -`, the id of
    /// `A-Z a-z 0-9 _ - . : `, 128 bytes in all.
    pub fn parse(name: impl AsRef<str>) -> Result<Self, InvalidId> {
        let name = name.as_ref();
        let (family, id) = match name.split_once(':') {
            Some((family, id)) => (family, Some(id)),
            None => (name, None),
        };
        let family_ok = !family.is_empty()
            && family.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'));
        let id_ok = id.is_none_or(|id| {
            !id.is_empty()
                && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | ',' | '[' | ']'))
        });
        if name.len() > MAX_TOPIC_BYTES || !family_ok || !id_ok {
            return Err(InvalidId {
                what: "topic",
                rule: format!("`family` or `family:id`, {MAX_TOPIC_BYTES} bytes at most"),
            });
        }
        Ok(Self(name.into()))
    }

    /// The topic of one thing.
    ///
    /// # Errors
    /// [`InvalidId`] when `id` has a character that a topic cannot carry.
    pub fn of(family: &str, id: impl AsRef<str>) -> Result<Self, InvalidId> {
        Self::parse(format!("{family}:{}", id.as_ref()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the colon.
    pub fn family(&self) -> &str {
        self.0.split_once(':').map_or(&*self.0, |(family, _)| family)
    }

    /// The part after the colon.
    pub fn id(&self) -> Option<&str> {
        self.0.split_once(':').map(|(_, id)| id)
    }

    /// `user:{id}`: a person's own feed. Infallible, as a checked id always fits.
    pub fn user(id: &crate::UserId) -> Self {
        Self(format!("user:{id}").into())
    }

    /// `task:{id}`: one task.
    pub fn task(id: &crate::TaskId) -> Self {
        Self(format!("task:{id}").into())
    }

    /// `device:{id}`: the tasks of an anonymous device.
    pub fn device(id: &crate::DeviceId) -> Self {
        Self(format!("device:{id}").into())
    }
}

impl std::fmt::Display for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl TryFrom<String> for Topic {
    type Error = InvalidId;
    fn try_from(name: String) -> Result<Self, InvalidId> {
        Self::parse(name)
    }
}
impl From<Topic> for String {
    fn from(topic: Topic) -> String {
        topic.0.as_ref().to_owned()
    }
}
impl std::str::FromStr for Topic {
    type Err = InvalidId;
    fn from_str(name: &str) -> Result<Self, InvalidId> {
        Self::parse(name)
    }
}
impl TS for Topic {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;
    fn name(_: &ts_rs::Config) -> String {
        "string".to_owned()
    }
    fn inline(_: &ts_rs::Config) -> String {
        "string".to_owned()
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Topic {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Topic".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "maxLength": MAX_TOPIC_BYTES})
    }
}

/// A place in a topic's log. Two numbers, because a sequence alone cannot tell "caught up" from "the log was reborn":
/// after a restore from a backup the same `seq` may name another event, and then `epoch` differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Position {
    /// The life of the log. Opaque: equal or not. Below 2^53.
    #[ts(type = "number")]
    pub epoch: u64,
    /// The number of the last event seen; 0 before the first. Below 2^53.
    #[ts(type = "number")]
    pub seq: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_checked() {
        for good in ["app", "user:abc", "admin:costs", "task:task_1_a-b", "device:web.1:2"] {
            let topic = Topic::parse(good).unwrap();
            assert_eq!(topic.as_str(), good);
        }
        for bad in ["", ":", "user:", "User:1", "user:a b", "user:a/b", "user:*", &format!("a:{}", "x".repeat(200))] {
            assert!(Topic::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Topic::parse("admin:costs").unwrap().family(), "admin");
        assert_eq!(Topic::parse("app").unwrap().id(), None);
    }
}
