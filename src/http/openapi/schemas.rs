//! JSON Schemas of the protocol's types, in the two forms that a type has: what is sent here (a field with a default may
//! be missing) and what is answered (it is there).

use super::route::Shape;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Where the definitions stand in the document.
const AT: &str = "/components/schemas";
/// What the name of a type gets where what is sent differs from what is answered.
const GIVEN: &str = "Input";

/// The definitions of a document.
pub struct Schemas {
    answered: SchemaGenerator,
    given: SchemaGenerator,
}

fn settings() -> SchemaSettings {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = AT.into();
    settings.meta_schema = None;
    settings
}

impl Default for Schemas {
    fn default() -> Self {
        Self {
            answered: settings().for_serialize().into_generator(),
            given: settings().for_deserialize().into_generator(),
        }
    }
}

impl Schemas {
    /// The form of what is answered.
    pub fn answered(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Type(of) => of.schema(&mut self.answered).to_value(),
            Shape::Json(schema) => schema.clone(),
        }
    }

    /// The form of what is sent here. Its references are put right at the end: see [`Schemas::finish`].
    pub fn given(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Type(of) => of.schema(&mut self.given).to_value(),
            Shape::Json(schema) => schema.clone(),
        }
    }

    /// The same as an object with its properties in sight, without those of these names.
    pub fn given_without(&mut self, shape: &Shape, names: &[&str]) -> Value {
        let mut schema = self.given(shape);
        if names.is_empty() {
            return schema;
        }
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|at| at.rsplit('/').next()).map(str::to_owned);
        if let Some(definition) = name.and_then(|name| self.given.definitions().get(&name)) {
            schema = definition.clone();
        }
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.retain(|name, _| !names.contains(&name.as_str()));
        }
        if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|name| name.as_str().is_none_or(|name| !names.contains(&name)));
        }
        schema
    }

    /// The properties of an object, with whether each is required.
    pub fn properties(&mut self, shape: &Shape) -> Vec<(String, Value, bool)> {
        let schema = self.given_without(shape, &[""]);
        let required: BTreeSet<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        properties.map(|(name, schema)| (name.clone(), schema.clone(), required.contains(name.as_str()))).collect()
    }

    /// All definitions; `given` are the parts of the document that hold what is sent here, whose references get the names
    /// of their own form where that differs.
    pub fn finish(mut self, given: &mut [&mut Value]) -> Map<String, Value> {
        let answered = self.answered.take_definitions(true);
        let sent = self.given.take_definitions(true);
        let mut differ: BTreeSet<String> = sent
            .iter()
            .filter(|(name, schema)| answered.get(*name).is_some_and(|other| other != *schema))
            .map(|(name, _)| name.clone())
            .collect();
        // What refers to something that differs does itself.
        loop {
            let more: Vec<String> = sent
                .iter()
                .filter(|(name, schema)| !differ.contains(*name) && refers(schema, &differ))
                .map(|(name, _)| name.clone())
                .collect();
            if more.is_empty() {
                break;
            }
            differ.extend(more);
        }
        let mut all = answered;
        for (name, mut schema) in sent {
            rename(&mut schema, &differ);
            let name = if differ.contains(&name) { format!("{name}{GIVEN}") } else { name };
            all.entry(name).or_insert(schema);
        }
        for part in given {
            rename(part, &differ);
        }
        all
    }
}

fn target(reference: &str) -> Option<&str> {
    reference.strip_prefix('#')?.strip_prefix(AT)?.strip_prefix('/')
}

fn refers(schema: &Value, names: &BTreeSet<String>) -> bool {
    match schema {
        Value::Object(map) => {
            map.get("$ref").and_then(Value::as_str).and_then(target).is_some_and(|name| names.contains(name))
                || map.values().any(|value| refers(value, names))
        }
        Value::Array(items) => items.iter().any(|value| refers(value, names)),
        _ => false,
    }
}

fn rename(schema: &mut Value, names: &BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref")
                && target(reference).is_some_and(|name| names.contains(name))
            {
                reference.push_str(GIVEN);
            }
            map.values_mut().for_each(|value| rename(value, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| rename(value, names)),
        _ => {}
    }
}
