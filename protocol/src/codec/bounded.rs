//! Decoding into a JSON value with bounds on depth, on string length and on the number of entries, checked while
//! reading: a bomb is refused before it has taken memory.

use crate::limits::{MAX_COLLECTION_LEN, MAX_DEPTH, MAX_STRING_BYTES};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Reads one value at a depth.
pub(super) struct ValueSeed {
    depth: usize,
}

impl ValueSeed {
    pub(super) const fn root() -> Self {
        Self { depth: 0 }
    }

    fn inside<E: Error>(&self) -> Result<Self, E> {
        if self.depth + 1 > MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn checked_text<E: Error>(text: &str) -> Result<(), E> {
    if text.len() > MAX_STRING_BYTES {
        return Err(E::custom(format_args!("a string longer than {MAX_STRING_BYTES} bytes")));
    }
    Ok(())
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of maps with text keys, arrays, texts, finite numbers, booleans and nulls")
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        checked_text(value)?;
        Ok(Value::String(value.to_owned()))
    }
    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        checked_text(&value)?;
        Ok(Value::String(value))
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.inside()?)? {
            if items.len() >= MAX_COLLECTION_LEN {
                return Err(A::Error::custom(format_args!("an array of more than {MAX_COLLECTION_LEN} items")));
            }
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            checked_text(&key)?;
            if entries.len() >= MAX_COLLECTION_LEN {
                return Err(A::Error::custom(format_args!("a map of more than {MAX_COLLECTION_LEN} entries")));
            }
            let value = map.next_value_seed(self.inside()?)?;
            entries.insert(key, value);
        }
        Ok(Value::Object(entries))
    }
}
