//! The messages of the chat completions API, as far as they are used. Everything is optional on the way in: endpoints
//! differ, and a missing field must not make an answer unreadable.

use super::strict;
use crate::ai::AiRequest;
use serde::Deserialize;
use serde_json::{Value, json};

/// The request's body.
pub(super) fn body(request: &AiRequest) -> Value {
    let mut messages = Vec::new();
    if !request.system.is_empty() {
        messages.push(json!({"role": "system", "content": request.system}));
    }
    messages.push(json!({"role": "user", "content": request.prompt}));
    let mut body = json!({
        "model": request.model,
        "messages": messages,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    if request.schema.json.is_object() {
        let (schema, strict) = match strict::strict(&request.schema.json) {
            Ok(schema) => (schema, true),
            Err(strict::NotStrict) => (request.schema.json.clone(), false),
        };
        body["response_format"] = json!({
            "type": "json_schema",
            "json_schema": {"name": request.schema.name, "strict": strict, "schema": schema},
        });
    }
    if request.priority {
        body["service_tier"] = json!("priority");
    }
    body
}

/// One event of the stream, or the whole answer of an endpoint that does not stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    pub(super) model: Option<String>,
    pub(super) service_tier: Option<String>,
    pub(super) choices: Vec<Choice>,
    pub(super) usage: Option<TokenUsage>,
    pub(super) error: Option<ApiError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    pub(super) delta: Option<Delta>,
    pub(super) message: Option<Delta>,
    pub(super) finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Delta {
    pub(super) content: Option<String>,
    pub(super) refusal: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenUsage {
    pub(super) prompt_tokens: u32,
    pub(super) completion_tokens: u32,
    pub(super) prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PromptDetails {
    pub(super) cached_tokens: Option<u32>,
}

/// What stands under `error` in a refusal; some endpoints put a bare string there.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ApiError {
    /// As OpenAI does.
    Full {
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        code: Option<Value>,
        #[serde(default, rename = "type")]
        kind: Option<String>,
    },
    /// As others do.
    Text(String),
}

impl ApiError {
    pub(super) fn message(&self) -> &str {
        match self {
            Self::Full { message, .. } => message.as_deref().unwrap_or_default(),
            Self::Text(text) => text,
        }
    }

    /// Whether its code or type is this word.
    pub(super) fn is(&self, word: &str) -> bool {
        match self {
            Self::Full { code, kind, .. } => {
                code.as_ref().and_then(Value::as_str) == Some(word) || kind.as_deref() == Some(word)
            }
            Self::Text(_) => false,
        }
    }
}
