//! Decoding into a JSON value with bounds on depth, on the length of texts and collections and on the number of values,
//! checked while reading: a bomb is refused before it has taken memory. A declared length is never believed: memory grows
//! with what was really read.

use super::Bounds;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// Reads one value at a depth.
#[derive(Clone, Copy)]
pub(super) struct ValueSeed<'b> {
    bounds: &'b Bounds,
    /// Values that may still be read, in the whole message.
    left: &'b Cell<usize>,
    /// Collections around this value.
    depth: usize,
}

impl<'b> ValueSeed<'b> {
    pub(super) const fn root(bounds: &'b Bounds, left: &'b Cell<usize>) -> Self {
        Self { bounds, left, depth: 0 }
    }

    /// The seed of what is inside this collection.
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth >= self.bounds.depth {
            return Err(E::custom(format_args!("nested deeper than {}", self.bounds.depth)));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn count<E: Error>(self) -> Result<(), E> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(E::custom(format_args!("more than {} values", self.bounds.values))),
        }
    }

    fn check_text<E: Error>(self, text: &str) -> Result<(), E> {
        if text.len() > self.bounds.string_bytes {
            return Err(E::custom(format_args!("a text longer than {} bytes", self.bounds.string_bytes)));
        }
        Ok(())
    }

    fn check_len<E: Error>(self, len: usize) -> Result<(), E> {
        if len >= self.bounds.collection_len {
            return Err(E::custom(format_args!("an array or map of more than {} entries", self.bounds.collection_len)));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with text keys, an array, a text, a finite number, a boolean or null")
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
        self.check_text(value)?;
        Ok(Value::String(value.to_owned()))
    }
    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        self.check_text(&value)?;
        Ok(Value::String(value))
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inside)? {
            self.check_len(items.len())?;
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut entries = Map::new();
        while let Some(key) = map.next_key_seed(KeySeed(self))? {
            self.check_len(entries.len())?;
            match entries.entry(key) {
                // Which of two values counts would depend on the reader.
                Entry::Occupied(entry) => {
                    let shown: String = entry.key().chars().take(64).collect();
                    return Err(A::Error::custom(format_args!("the key {shown:?} twice in one map")));
                }
                Entry::Vacant(entry) => entry.insert(map.next_value_seed(inside)?),
            };
        }
        Ok(Value::Object(entries))
    }
}

/// Reads a key: a text, and nothing that could pass for one (serde's own text would take binary values too).
struct KeySeed<'b>(ValueSeed<'b>);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed<'_> {
    type Value = String;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text as key of a map")
    }
    fn visit_str<E: Error>(self, key: &str) -> Result<String, E> {
        self.0.check_text(key)?;
        Ok(key.to_owned())
    }
    fn visit_string<E: Error>(self, key: String) -> Result<String, E> {
        self.0.check_text(&key)?;
        Ok(key)
    }
}
