//! The strict form of a JSON Schema, which lets the endpoint force the answer into it: every object closed, every
//! property required, only the keywords that are understood.

use serde_json::{Map, Value};

/// String formats that the strict form understands; others (`uint32`, `double`, …) are left out.
const FORMATS: [&str; 9] = ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];
/// Keywords that are not understood and only narrow or describe: [`crate::ai::schema::Schema::check`] still checks them.
const DROPPED: [&str; 12] = [
    "$schema",
    "default",
    "examples",
    "title",
    "minLength",
    "maxLength",
    "uniqueItems",
    "contentEncoding",
    "readOnly",
    "writeOnly",
    "deprecated",
    "not",
];
/// Deepest schema that is followed; Rust types do not nest deeper without recursion, which goes through `$ref`.
const DEPTH_MAX: usize = 64;

/// The schema has no strict form: it holds a map or a value of any form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotStrict;

/// Turns a schema into its strict form.
pub(super) fn strict(schema: &Value) -> Result<Value, NotStrict> {
    let out = convert(schema, DEPTH_MAX)?;
    // The top must be an object itself.
    if out.get("type").and_then(Value::as_str) == Some("object") { Ok(out) } else { Err(NotStrict) }
}

fn convert(schema: &Value, depth: usize) -> Result<Value, NotStrict> {
    let (Value::Object(map), Some(depth)) = (schema, depth.checked_sub(1)) else { return Err(NotStrict) };
    // Neighbours of a reference (a description) are not allowed.
    if let Some(reference) = map.get("$ref") {
        return Ok(Value::Object(Map::from_iter([("$ref".to_owned(), reference.clone())])));
    }
    let mut out = Map::new();
    for (key, value) in map {
        match key.as_str() {
            dropped if DROPPED.contains(&dropped) => {}
            "format" if !value.as_str().is_some_and(|format| FORMATS.contains(&format)) => {}
            "properties" | "required" | "additionalProperties" => {}
            "$defs" => {
                out.insert(key.clone(), convert_each(value, depth)?);
            }
            // Strict schemas have no oneOf; the variants of a Rust enum exclude one another anyway.
            "oneOf" | "anyOf" => {
                let variants = value.as_array().ok_or(NotStrict)?;
                let variants: Result<Vec<Value>, NotStrict> =
                    variants.iter().map(|variant| convert(variant, depth)).collect();
                out.insert("anyOf".to_owned(), Value::Array(variants?));
            }
            "items" => {
                out.insert(key.clone(), convert(value, depth)?);
            }
            "allOf" | "patternProperties" | "propertyNames" | "prefixItems" | "if" => return Err(NotStrict),
            _ => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    if map.get("type").and_then(Value::as_str) == Some("object") {
        // A map (any key) is an object whose additional properties have a schema.
        if map.get("additionalProperties").is_some_and(|extra| *extra != Value::Bool(false)) {
            return Err(NotStrict);
        }
        let properties = match map.get("properties") {
            Some(properties) => convert_each(properties, depth)?,
            None => Value::Object(Map::new()),
        };
        let names = properties.as_object().map(|map| map.keys().cloned().map(Value::String).collect());
        out.insert("required".to_owned(), Value::Array(names.unwrap_or_default()));
        out.insert("properties".to_owned(), properties);
        out.insert("additionalProperties".to_owned(), Value::Bool(false));
    } else if out.is_empty() || (out.len() == 1 && out.contains_key("description")) {
        return Err(NotStrict); // a value of any form
    }
    Ok(Value::Object(out))
}

fn convert_each(schemas: &Value, depth: usize) -> Result<Value, NotStrict> {
    let map = schemas.as_object().ok_or(NotStrict)?;
    let converted: Result<Map<String, Value>, NotStrict> =
        map.iter().map(|(name, schema)| Ok((name.clone(), convert(schema, depth)?))).collect();
    Ok(Value::Object(converted?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;
    use std::collections::HashMap;

    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Answer {
        /// What it is called.
        title: String,
        count: Option<u32>,
        #[serde(default)]
        items: Vec<Item>,
        action: Action,
    }

    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Item {
        /// Documented, so that schemars puts words next to the reference.
        action: Action,
        parent: Option<Box<Item>>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[allow(dead_code)]
    enum Action {
        /// As it is.
        Keep,
        /// Gone.
        Remove,
    }

    fn objects(value: &Value, found: &mut Vec<Map<String, Value>>) {
        match value {
            Value::Object(map) => {
                if map.get("type") == Some(&json!("object")) {
                    found.push(map.clone());
                }
                map.values().for_each(|value| objects(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| objects(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_object_is_closed_and_requires_all_its_properties() {
        let schema = strict(&crate::ai::schema::Schema::of::<Answer>().json).unwrap();
        let mut found = Vec::new();
        objects(&schema, &mut found);
        assert_eq!(found.len(), 2);
        for object in found {
            assert_eq!(object["additionalProperties"], json!(false));
            assert_eq!(object["required"].as_array().unwrap().len(), object["properties"].as_object().unwrap().len());
        }
        assert_eq!(schema["properties"]["title"]["description"], "What it is called.");
        let text = schema.to_string();
        for absent in ["uint32", "oneOf", "$schema", "\"default\""] {
            assert!(!text.contains(absent), "{absent} in {text}");
        }
    }

    #[test]
    fn maps_and_free_values_have_no_strict_form() {
        assert_eq!(strict(&crate::ai::schema::Schema::of::<HashMap<String, u8>>().json), Err(NotStrict));
        assert_eq!(strict(&json!({"type": "object", "properties": {"any": true}})), Err(NotStrict));
        assert_eq!(strict(&json!(true)), Err(NotStrict));
    }
}
