//! The JSON Schema of an answer, and the check of an answer against it.

use parking_lot::RwLock;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// Longest part of a validation message that is kept: it goes to a log, an event and the next prompt.
const MESSAGE_CHARS_MAX: usize = 500;
/// Violations named in one message.
const VIOLATIONS_MAX: usize = 5;
/// Longest schema name that OpenAI takes.
const NAME_CHARS_MAX: usize = 64;

/// Those that were made: as many as there are types of answers in the program.
static MADE: LazyLock<RwLock<HashMap<TypeId, Arc<Schema>>>> = LazyLock::new(RwLock::default);

/// What an answer must look like.
pub struct Schema {
    /// As JSON Schema.
    pub json: Value,
    /// Its name, `[A-Za-z0-9_-]{1,64}`.
    pub name: String,
    /// Or why the schema cannot be checked against.
    validator: Result<jsonschema::Validator, String>,
}

impl Schema {
    /// The schema of a type, as it is read (`Deserialize`). It is made and prepared once a type: that takes longer than
    /// to check an answer.
    pub fn of<T: JsonSchema + 'static>() -> Arc<Self> {
        let id = TypeId::of::<T>();
        if let Some(made) = MADE.read().get(&id) {
            return Arc::clone(made);
        }
        let root = SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<T>();
        let made = Arc::new(Self::new(root.to_value(), name_of::<T>()));
        Arc::clone(MADE.write().entry(id).or_insert(made))
    }

    /// A schema that every answer has.
    pub fn any() -> Arc<Self> {
        static ANY: LazyLock<Arc<Schema>> =
            LazyLock::new(|| Arc::new(Schema::new(Value::Bool(true), "answer".to_owned())));
        Arc::clone(&ANY)
    }

    fn new(json: Value, name: String) -> Self {
        let validator =
            jsonschema::validator_for(&json).map_err(|error| clip(&format!("the schema is wrong: {error}")));
        Self { json, name, validator }
    }

    /// Checks an answer.
    ///
    /// # Errors
    /// What is wrong and where, short enough to be told to the model.
    pub fn check(&self, output: &Value) -> Result<(), String> {
        let validator = self.validator.as_ref().map_err(Clone::clone)?;
        let violations: Vec<String> = validator
            .iter_errors(output)
            .take(VIOLATIONS_MAX)
            .map(|error| {
                let path = error.instance_path().to_string();
                let at = if path.is_empty() { "the top level".to_owned() } else { path };
                format!("at {at}: {}", error.masked())
            })
            .collect();
        if violations.is_empty() { Ok(()) } else { Err(clip(&violations.join("; "))) }
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.json == other.json
    }
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Schema").field(&self.name).finish()
    }
}

/// The type's schema name with what endpoints allow in it.
fn name_of<T: JsonSchema>() -> String {
    let name: String = T::schema_name()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
        .take(NAME_CHARS_MAX)
        .collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

/// At most [`MESSAGE_CHARS_MAX`] characters.
pub(crate) fn clip(text: &str) -> String {
    match text.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Answer {
        title: String,
        level: Option<u8>,
    }

    #[test]
    fn an_answer_of_the_schema_passes_and_another_is_told_where_it_is_wrong() {
        let schema = Schema::of::<Answer>();
        assert_eq!(schema.check(&json!({"title": "x", "level": null})), Ok(()));
        let error = schema.check(&json!({"title": 3, "level": 1})).unwrap_err();
        assert!(error.contains("/title"), "{error}");
        assert!(Arc::ptr_eq(&schema, &Schema::of::<Answer>()), "made once");
        assert_eq!(Schema::any().check(&json!("anything")), Ok(()));
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let long = "é".repeat(2_000);
        assert_eq!(clip(&long).chars().count(), MESSAGE_CHARS_MAX + 1);
    }
}
