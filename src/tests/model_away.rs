//! The model endpoint is away, throttles, or is slow: tasks wait, say why, and lose no attempt.

use crate::support::offer_text;
use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Heard, Socket};
use estafette::ai::scripted::{Act, Scripted};
use estafette::testing;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

const WELL: u8 = 0;
const DOWN: u8 = 1;
const BUSY: u8 = 2;
const SLOW: u8 = 3;

/// The smallest value that a schema allows.
fn instance(schema: &Value, root: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return instance(&root["$defs"][name], root);
    }
    if let Some(word) = schema["enum"].get(0).or(schema.get("const")) {
        return word.clone();
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema[choice].get(0) {
            return instance(first, root);
        }
    }
    let kind = schema["type"].as_str().or(schema["type"][0].as_str()).unwrap_or("null");
    match kind {
        "object" => {
            let properties = schema["properties"].as_object().cloned().unwrap_or_default();
            Value::Object(properties.iter().map(|(name, of)| (name.clone(), instance(of, root))).collect::<Map<_, _>>())
        }
        "array" => json!([]),
        "string" => json!("something"),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(0)),
        "boolean" => json!(true),
        _ => Value::Null,
    }
}

fn endpoint(mood: &Arc<AtomicU8>) -> Scripted {
    let mood = Arc::clone(mood);
    Scripted::start([], move |body| {
        let schema = &body["response_format"]["json_schema"]["schema"];
        let answer = instance(schema, schema);
        match mood.load(Ordering::SeqCst) {
            DOWN => Act::Status(503, vec![], String::new()),
            BUSY => Act::Status(429, vec![("retry-after".into(), "1".into())], String::new()),
            SLOW => Act::Slowly(answer, Duration::from_millis(700)),
            _ => Act::Answer(answer),
        }
    })
    .unwrap()
}

/// The next wait with one of these reasons; failed steps on the way are collected.
async fn told(socket: &mut Socket, reasons: &[&str], failed: &mut Vec<Value>) -> Value {
    loop {
        let Heard::Message(message) = socket.hear().await else { panic!("closed") };
        if message["kind"] == "step.failed" {
            failed.push(message.clone());
        }
        let waits = message["data"]["waits"].as_array().cloned().unwrap_or_default();
        if let Some(wait) = waits.iter().find(|wait| reasons.contains(&wait["reason"].as_str().unwrap())) {
            return wait.clone();
        }
    }
}

#[tokio::test]
async fn tasks_wait_for_a_model_that_is_away_or_busy_and_say_so() {
    let database = testing::database().await;
    let mood = Arc::new(AtomicU8::new(DOWN));
    let endpoint = endpoint(&mood);
    let settings = [
        ("ESTAFETTE_AI_PROVIDER", "openai"),
        ("OPENAI_BASE_URL", &endpoint.base_url()),
        ("ESTAFETTE_AI_BREAKER_FAILURES", "2"),
        ("ESTAFETTE_AI_BREAKER_OPEN_MS", "1000"),
        ("ESTAFETTE_AI_SLOW_AFTER_MS", "300"),
    ];
    let server = Server::on(&database.url(), &settings);
    let person = Person::sign_up(&server, "ann").await;
    let cv = person.cv().await;
    let task = person.generation(&cv, json!([{"text": offer_text(1)}])).await;
    let mut socket = Socket::hello(&server, &person.token, "estafette.v1.json").await;
    socket.send(&json!([{"t": "sub", "id": 1, "topic": format!("task:{task}")}])).await;
    let mut failed = Vec::new();
    let wait = told(&mut socket, &["model_down"], &mut failed).await;
    assert!(wait["until"].is_string() && wait["step"].is_string(), "{wait}");
    // It asks as often as a step has attempts, and again.
    let mut times = vec![wait["until"].clone()];
    while times.len() < 4 {
        let wait = told(&mut socket, &["model_down"], &mut failed).await;
        if !times.contains(&wait["until"]) {
            times.push(wait["until"].clone());
        }
    }
    mood.store(BUSY, Ordering::SeqCst);
    let wait = told(&mut socket, &["model_busy"], &mut failed).await;
    assert!(wait["until"].is_string(), "{wait}");
    mood.store(SLOW, Ordering::SeqCst);
    let wait = told(&mut socket, &["model_slow"], &mut failed).await;
    assert!(wait["until"].is_null() && wait["since"].is_string(), "{wait}");
    mood.store(WELL, Ordering::SeqCst);
    loop {
        let Heard::Message(message) = socket.hear().await else { panic!("closed") };
        if message["kind"] == "step.failed" {
            failed.push(message.clone());
        }
        if message["kind"] == "step.completed" {
            assert_eq!(message["data"]["attempt"], 1, "waiting is no attempt: {message}");
            break;
        }
    }
    assert_eq!(failed, Vec::<Value>::new());
}

#[tokio::test]
async fn patience_ends_and_then_the_attempts_count() {
    let database = testing::database().await;
    let mood = Arc::new(AtomicU8::new(DOWN));
    let endpoint = endpoint(&mood);
    let settings = [
        ("ESTAFETTE_AI_PROVIDER", "openai"),
        ("OPENAI_BASE_URL", &endpoint.base_url()),
        ("ESTAFETTE_AI_BREAKER_OPEN_MS", "100"),
        ("ESTAFETTE_AI_PATIENCE_SECS", "1"),
    ];
    let server = Server::on(&database.url(), &settings);
    let person = Person::sign_up(&server, "ann").await;
    let cv = person.cv().await;
    let task = person.generation(&cv, json!([{"text": offer_text(1)}])).await;
    let state = person.ended(&task).await;
    assert_eq!(state["task"]["status"], "failed", "{state:#}");
    assert_eq!(person.balance().await, 5, "and what it cost is given back");
}
