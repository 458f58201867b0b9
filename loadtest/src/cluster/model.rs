//! A model endpoint that speaks the true HTTP interface (`POST …/chat/completions`, streamed): it answers with what the
//! request's JSON Schema asks for, or stalls, throttles, fails and babbles, as it is told.

use crate::server::ServerError;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Largest request that is read, bytes.
const REQUEST_BYTES: usize = 8 * 1024 * 1024;
/// Pieces of an answer.
const PIECES: usize = 5;
/// Before each piece, when the model is well.
const PAUSE: Duration = Duration::from_millis(40);
/// A stalled answer is held open for so long.
const STALL: Duration = Duration::from_secs(120);
/// How deep a schema is filled; deeper parts are null.
const DEPTH: usize = 24;

/// How the model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    /// It answers.
    #[default]
    Well,
    /// It begins to answer and stops in the middle, the connection open.
    Stalling,
    /// 429 with `Retry-After: 1`.
    Throttling,
    /// 500.
    Failing,
    /// It streams what is no JSON.
    Babbling,
    /// It cuts each answer in the middle.
    Cutting,
}

impl Mood {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Stalling => "stalls",
            Self::Throttling => "429",
            Self::Failing => "500",
            Self::Babbling => "malformed",
            Self::Cutting => "cuts",
        }
    }
}

/// A running endpoint.
pub struct Model {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    asked: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Model {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// [`ServerError::System`].
    pub async fn start() -> Result<Self, ServerError> {
        let system = |error| ServerError::System { what: "no port for the model", error };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(system)?;
        let address = listener.local_addr().map_err(system)?;
        let (mood, asked) = (Arc::new(Mutex::new(Mood::default())), Arc::new(AtomicU64::new(0)));
        let (shared, counter) = (Arc::clone(&mood), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (mood, counter) = (Arc::clone(&shared), Arc::clone(&counter));
                tokio::spawn(async move {
                    let _ = serve(stream, &mood, &counter).await;
                });
            }
        });
        Ok(Self { address, mood, asked, task })
    }

    /// What to give as the base of the interface.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }
    /// Changes how it is.
    pub fn set(&self, mood: Mood) {
        *self.mood.lock() = mood;
    }
    /// Requests so far.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request on one connection.
async fn serve(mut stream: TcpStream, mood: &Mutex<Mood>, asked: &AtomicU64) -> std::io::Result<()> {
    let body = read(&mut stream).await?;
    asked.fetch_add(1, Ordering::Relaxed);
    let mood = *mood.lock();
    let plain = |status: &str, extra: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{extra}Connection: close\r\n\r\n{body}",
            body.len()
        )
    };
    match mood {
        Mood::Throttling => {
            let body = r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#;
            return stream.write_all(plain("429 Too Many Requests", "Retry-After: 1\r\n", body).as_bytes()).await;
        }
        Mood::Failing => {
            let body = r#"{"error":{"message":"the model is not well","code":"server_error"}}"#;
            return stream.write_all(plain("500 Internal Server Error", "", body).as_bytes()).await;
        }
        _ => {}
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    if mood == Mood::Babbling {
        stream.write_all(b"data: {\"choices\": [{\"delta\"\n\ndata: nonsense\n\n").await?;
        return stream.shutdown().await;
    }
    let text = answer(&body).to_string();
    let event = |value: &Value| format!("data: {value}\n\n");
    for (index, piece) in pieces(&text).enumerate() {
        if index == PIECES / 2 {
            match mood {
                Mood::Stalling => {
                    tokio::time::sleep(STALL).await;
                    return Ok(());
                }
                Mood::Cutting => {
                    let _ = stream.set_zero_linger();
                    return Ok(());
                }
                _ => {}
            }
        }
        tokio::time::sleep(PAUSE).await;
        let chunk = json!({"model": "scripted", "choices": [{"index": 0, "delta": {"content": piece}}]});
        stream.write_all(event(&chunk).as_bytes()).await?;
    }
    let end = json!({"model": "scripted", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 50}});
    stream.write_all(format!("{}{}data: [DONE]\n\n", event(&end), event(&usage)).as_bytes()).await?;
    stream.shutdown().await
}

/// The body of a request, as JSON.
async fn read(stream: &mut TcpStream) -> std::io::Result<Value> {
    let bad = |what: &'static str| std::io::Error::other(what);
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 16 * 1024];
    loop {
        let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        if let Some(head_end) = head_end {
            let head = String::from_utf8_lossy(bytes.get(..head_end).unwrap_or_default()).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.and_then(|text| text.trim().parse().ok()).ok_or_else(|| bad("no length"))?;
            if let Some(body) = bytes.get(head_end..).filter(|body| body.len() >= length) {
                return serde_json::from_slice(body).map_err(|_| bad("no JSON"));
            }
        }
        let read = stream.read(&mut buffer).await?;
        if read == 0 || bytes.len() > REQUEST_BYTES {
            return Err(bad("no whole request"));
        }
        bytes.extend_from_slice(buffer.get(..read).unwrap_or_default());
    }
}

fn pieces(text: &str) -> impl Iterator<Item = String> + '_ {
    let chars: Vec<char> = text.chars().collect();
    let size = chars.len().div_ceil(PIECES).max(1);
    (0..PIECES).map(move |index| chars.iter().skip(index * size).take(size).collect())
}

/// Something that the request's schema allows.
fn answer(body: &Value) -> Value {
    let schema = body.pointer("/response_format/json_schema/schema").unwrap_or(&Value::Null);
    fill(schema, schema, "", DEPTH)
}

/// The plainest value of a schema: nothing where nothing is allowed, the first of what may be chosen, else something
/// short.
fn fill(schema: &Value, root: &Value, name: &str, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    if let Some(found) = schema.get("$ref").and_then(Value::as_str) {
        let target = found.strip_prefix('#').and_then(|pointer| root.pointer(pointer)).unwrap_or(&Value::Null);
        return fill(target, root, name, depth - 1);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(choices) = schema.get(choice).and_then(Value::as_array) {
            let null = choices.iter().any(|one| one.get("type").and_then(Value::as_str) == Some("null"));
            return match choices.first() {
                Some(first) if !null => fill(first, root, name, depth - 1),
                _ => Value::Null,
            };
        }
    }
    if let Some(all) = schema.get("allOf").and_then(Value::as_array).and_then(|all| all.first()) {
        return fill(all, root, name, depth - 1);
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|all| all.first()) {
        return first.clone();
    }
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(Value::Array(kinds)) if kinds.iter().any(|kind| kind == "null") => "null",
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str).unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ => "null",
    };
    match kind {
        "object" => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let filled = properties.into_iter().flatten().map(|(name, schema)| {
                let value = fill(schema, root, name, depth - 1);
                (name.clone(), value)
            });
            Value::Object(filled.collect())
        }
        "array" => json!([]),
        "string" if name.contains("language") => json!("en"),
        "string" => json!("Backend Developer"),
        "boolean" => json!(true),
        "integer" => json!(schema.get("minimum").and_then(Value::as_i64).unwrap_or(0)),
        "number" => json!(schema.get("minimum").and_then(Value::as_f64).unwrap_or(0.0)),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_form_that_was_asked_for() {
        let schema = json!({
            "type": "object",
            "properties": {
                "is_job_offer": {"type": "boolean"},
                "refusal": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "title": {"type": ["string", "null"]},
                "language": {"type": "string"},
                "skills": {"$ref": "#/$defs/Skills"},
                "kind": {"enum": ["a", "b"]},
                "total": {"type": "integer", "minimum": 0},
            },
            "$defs": {"Skills": {"type": "object", "properties": {"required": {"type": "array"}}}},
        });
        let body = json!({"response_format": {"json_schema": {"schema": schema}}});
        let expected = json!({
            "is_job_offer": true, "refusal": null, "title": null, "language": "en", "skills": {"required": []},
            "kind": "a", "total": 0,
        });
        assert_eq!(answer(&body), expected);
    }

    #[tokio::test]
    async fn it_answers_over_http_and_misbehaves_as_told() {
        let model = Model::start().await.unwrap();
        let ask = || async {
            let body = json!({"response_format": {"json_schema": {"schema": {"const": {"a": 1}}}}});
            let request = reqwest::Client::new().post(format!("{}/chat/completions", model.base_url())).json(&body);
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await)
        };
        let (status, text) = ask().await;
        assert_eq!(status, 200);
        assert!(text.unwrap().ends_with("data: [DONE]\n\n"));
        model.set(Mood::Throttling);
        assert_eq!(ask().await.0, 429);
        model.set(Mood::Failing);
        assert_eq!(ask().await.0, 500);
        model.set(Mood::Cutting);
        assert!(ask().await.1.is_err());
        model.set(Mood::Babbling);
        assert!(ask().await.1.unwrap().contains("nonsense"));
        assert_eq!(model.asked(), 5);
    }
}
