//! A model endpoint that follows a script: it speaks the true HTTP API over TCP, and streams, stalls, refuses or breaks
//! as told. For tests, and for whoever wants to see the server with a model that misbehaves on purpose.

use crate::scripted::Endpoint;
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Pieces in which a scripted answer is streamed.
const PIECES: usize = 5;
/// Time for the pieces before a cut to reach the reader.
const FLUSH: Duration = Duration::from_millis(50);
/// Largest request that is read, bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What the endpoint does with one request.
#[derive(Debug, Clone)]
pub enum Act {
    /// Streams this JSON as an answer, then usage and `[DONE]`.
    Answer(Value),
    /// The same, with a pause before each piece.
    Slowly(Value, Duration),
    /// Streams this text as an answer, whatever it is.
    Text(String),
    /// Answers in one piece, as endpoints without streaming do.
    Whole(Value),
    /// Answers with this status, these headers and this body.
    Status(u16, Vec<(String, String)>, String),
    /// The model refuses, with these words.
    Refuse(String),
    /// Streams half of the text and cuts the connection.
    Cut(String),
    /// Streams half of the text, then nothing, the connection open.
    Stall(String),
    /// Takes the request and never answers.
    Silence,
    /// Ends the answer with another reason than `stop` (`length`, `content_filter`).
    Finish(String, &'static str),
    /// Streams an event that is no JSON.
    Garbage,
    /// Streams without end, in pieces of 64 KiB.
    Endless,
    /// Streams an error in place of the rest.
    ErrorInStream(Value),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The body.
    pub body: Value,
    /// The other end of its connection.
    pub peer: Option<SocketAddr>,
}

type Script = dyn Fn(&Value) -> Act + Send + Sync;

struct State {
    acts: Mutex<VecDeque<Act>>,
    otherwise: Box<Script>,
    seen: Mutex<Vec<Seen>>,
}

/// A running endpoint; it stops when it is dropped.
pub struct Scripted {
    state: Arc<State>,
    endpoint: Endpoint,
}

impl Scripted {
    /// Starts an endpoint on a free port of 127.0.0.1, in a thread of its own. It does `acts` in their order, and then
    /// what `otherwise` says to the request's body.
    ///
    /// # Errors
    /// No port, or no thread.
    pub fn start(
        acts: impl IntoIterator<Item = Act>,
        otherwise: impl Fn(&Value) -> Act + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let state = Arc::new(State {
            acts: Mutex::new(acts.into_iter().collect()),
            otherwise: Box::new(otherwise),
            seen: Mutex::default(),
        });
        let shared = web::Data::from(Arc::clone(&state));
        let configure = move |config: &mut ServiceConfig| {
            config
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(REQUEST_BYTES_MAX))
                .route("/v1/chat/completions", web::post().to(handle));
        };
        let endpoint = Endpoint::start("scripted-model", SocketAddr::from(([127, 0, 0, 1], 0)), configure)?;
        Ok(Self { state, endpoint })
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.endpoint.addr()
    }

    /// The base address to configure.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.addr())
    }

    /// Adds an act to the script.
    pub fn then(&self, act: Act) {
        self.state.acts.lock().push_back(act);
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().clone()
    }
}

async fn handle(request: HttpRequest, body: web::Bytes, state: web::Data<State>) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let model = body["model"].as_str().unwrap_or("scripted").to_owned();
    let planned = state.acts.lock().pop_front();
    let act = planned.unwrap_or_else(|| (state.otherwise)(&body));
    state.seen.lock().push(Seen { authorization, body, peer: request.peer_addr() });
    perform(act, &model).await
}

async fn perform(act: Act, model: &str) -> HttpResponse {
    match act {
        Act::Answer(value) => streamed(answer(model, &value.to_string(), "stop"), Duration::ZERO),
        Act::Slowly(value, pause) => streamed(answer(model, &value.to_string(), "stop"), pause),
        Act::Text(text) => streamed(answer(model, &text, "stop"), Duration::ZERO),
        Act::Finish(text, reason) => streamed(answer(model, &text, reason), Duration::ZERO),
        Act::Whole(value) => HttpResponse::Ok().json(json!({
            "model": model,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": value.to_string()}, "finish_reason": "stop"}],
            "usage": usage(),
        })),
        Act::Status(status, headers, body) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = HttpResponse::build(status);
            for (name, value) in headers {
                response.insert_header((name, value));
            }
            response.content_type("application/json").body(body)
        }
        Act::Refuse(words) => {
            let refusal = json!({"model": model, "choices": [{"index": 0, "delta": {"refusal": words}}]});
            streamed(vec![event(&refusal), event(&ending(model, "stop")), done()], Duration::ZERO)
        }
        Act::Cut(text) => {
            // What was written is only flushed once the stream waits.
            let error = stream::once(async {
                tokio::time::sleep(FLUSH).await;
                Err(std::io::Error::other("cut on purpose"))
            });
            sse().streaming(stream::iter(half(model, &text).into_iter().map(Ok)).chain(error))
        }
        Act::Stall(text) => {
            let nothing = stream::pending::<std::io::Result<Bytes>>();
            sse().streaming(stream::iter(half(model, &text).into_iter().map(Ok)).chain(nothing))
        }
        Act::Silence => std::future::pending().await,
        Act::Garbage => streamed(vec![Bytes::from_static(b"data: {\"choices\": [\n\n")], Duration::ZERO),
        Act::Endless => {
            let piece = event(&delta(model, &"x".repeat(64 * 1024)));
            sse().streaming(stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone())))
        }
        Act::ErrorInStream(error) => {
            let mut events = half(model, "{\"a\": 1}");
            events.push(event(&json!({"error": error})));
            streamed(events, Duration::ZERO)
        }
    }
}

fn sse() -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type("text/event-stream");
    response
}

fn streamed(events: Vec<Bytes>, pause: Duration) -> HttpResponse {
    sse().streaming(stream::iter(events).then(move |event| async move {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Ok::<_, std::io::Error>(event)
    }))
}

fn event(value: &Value) -> Bytes {
    Bytes::from(format!("data: {value}\n\n"))
}

fn done() -> Bytes {
    Bytes::from_static(b"data: [DONE]\n\n")
}

fn delta(model: &str, text: &str) -> Value {
    json!({"model": model, "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]})
}

fn ending(model: &str, reason: &str) -> Value {
    json!({"model": model, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn usage() -> Value {
    json!({"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150, "prompt_tokens_details": {"cached_tokens": 20}})
}

fn pieces(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(chars.len().div_ceil(PIECES).max(1)).map(|piece| piece.iter().collect()).collect()
}

fn answer(model: &str, text: &str, reason: &str) -> Vec<Bytes> {
    let mut events: Vec<Bytes> = pieces(text).iter().map(|piece| event(&delta(model, piece))).collect();
    events.push(event(&ending(model, reason)));
    events.push(event(&json!({"model": model, "choices": [], "usage": usage()})));
    events.push(done());
    events
}

fn half(model: &str, text: &str) -> Vec<Bytes> {
    let pieces = pieces(text);
    pieces.iter().take(pieces.len().div_ceil(2)).map(|piece| event(&delta(model, piece))).collect()
}
