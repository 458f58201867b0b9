//! The JSON Schema of an answer, and the check of an answer against it.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// Longest part of a validation message that is kept: it goes to a log, an event and the next prompt.
const MESSAGE_CHARS_MAX: usize = 500;
/// Violations named in one message.
const VIOLATIONS_MAX: usize = 5;
/// Longest schema name that OpenAI takes.
const NAME_CHARS_MAX: usize = 64;

/// The schema of a type, as it is read (`Deserialize`).
pub fn of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<T>().to_value()
}

/// The type's schema name with what endpoints allow in it.
pub fn name_of<T: JsonSchema>() -> String {
    let name: String = T::schema_name()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
        .take(NAME_CHARS_MAX)
        .collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

/// Checks `output` against `schema`.
///
/// # Errors
/// What is wrong and where, short enough to be told to the model.
pub fn check(schema: &Value, output: &Value) -> Result<(), String> {
    if *schema == Value::Bool(true) {
        return Ok(());
    }
    let validator =
        jsonschema::validator_for(schema).map_err(|error| clip(&format!("the schema is wrong: {error}")))?;
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
        let schema = of::<Answer>();
        assert_eq!(check(&schema, &json!({"title": "x", "level": null})), Ok(()));
        let error = check(&schema, &json!({"title": 3, "level": 1})).unwrap_err();
        assert!(error.contains("/title"), "{error}");
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let long = "é".repeat(2_000);
        assert_eq!(clip(&long).chars().count(), MESSAGE_CHARS_MAX + 1);
    }
}
