//! Instants on the wire.

use chrono::{DateTime, Datelike as _, SecondsFormat, Timelike as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant: RFC 3339 in UTC with milliseconds (`2026-11-21T05:16:15.123Z`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// The instant, cut to milliseconds, so that what is sent and what is stored compare equal.
    pub fn new(at: DateTime<Utc>) -> Self {
        Self(DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at))
    }

    /// As chrono has it.
    pub fn to_chrono(self) -> DateTime<Utc> {
        self.0
    }

    /// Gives the text to `take`. Every event has one: where the year has four digits it is made without asking for memory.
    fn with_text<T>(self, take: impl FnOnce(&str) -> T) -> T {
        match self.digits().as_ref().and_then(|text| std::str::from_utf8(text).ok()) {
            Some(text) => take(text),
            None => take(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true)),
        }
    }

    fn digits(self) -> Option<[u8; 24]> {
        let year = u32::try_from(self.0.year()).ok().filter(|year| *year <= 9_999)?;
        let millis = self.0.timestamp_subsec_millis();
        if millis > 999 {
            return None;
        }
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let parts = [
            (0..4, year),
            (5..7, self.0.month()),
            (8..10, self.0.day()),
            (11..13, self.0.hour()),
            (14..16, self.0.minute()),
            (17..19, self.0.second()),
            (20..23, millis),
        ];
        for (places, mut value) in parts {
            for digit in text.get_mut(places)?.iter_mut().rev() {
                *digit += u8::try_from(value % 10).unwrap_or_default();
                value /= 10;
            }
        }
        Some(text)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self::new(at)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map(|at| Self::new(at.with_timezone(&Utc)))
            .map_err(serde::de::Error::custom)
    }
}

impl ts_rs::TS for Timestamp {
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
impl schemars::JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_text_is_the_one_of_rfc_3339(millis in prop_oneof![-70_000_000_000_000_i64..300_000_000_000_000, 1_600_000_000_000_i64..1_900_000_000_000]) {
            let at = DateTime::from_timestamp_millis(millis).unwrap();
            let expected = at.to_rfc3339_opts(SecondsFormat::Millis, true);
            prop_assert_eq!(Timestamp::new(at).to_string(), expected.clone());
            prop_assert_eq!(serde_json::to_string(&Timestamp::new(at)).unwrap(), format!("\"{expected}\""));
        }
    }
}
