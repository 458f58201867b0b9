//! One trace from the caller's request to the delivery of what came of it.

use crate::support::collector::{Collector, attribute};
use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::{eventually, offer_text};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

#[actix_web::test]
async fn a_trace_goes_from_the_request_through_task_and_step_to_commit_and_delivery() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Collector::start();
    let server = Server::start(folder.path(), &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address)]);
    let person = Person::sign_up(&server, "ana").await;
    let cv = person.cv().await;
    let request = person
        .request(Method::POST, "/v1/cv/generations")
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .json(&json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"text": offer_text(0)}]}));
    let task = person.send(request).await.ok()["task_id"].as_str().unwrap().to_owned();
    person.ended(&task).await;

    let spans = eventually("the task's span", async || {
        let spans = collector.trace(TRACE);
        let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        if names.contains(&"task") && names.contains(&"deliver") { Ok(spans) } else { Err(format!("{names:?}")) }
    })
    .await;
    let by_id: BTreeMap<_, _> = spans.iter().map(|span| (span.span_id.clone(), span)).collect();
    // The names from a span up to the caller's own.
    let way_up = |name: &str| {
        let mut span = spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span {name}"));
        let mut way = vec![span.name.clone()];
        while let Some(parent) = by_id.get(&span.parent_span_id) {
            span = parent;
            way.push(span.name.clone());
        }
        assert_eq!(hex::encode(&span.parent_span_id), CALLER, "{way:?}");
        way
    };
    let (request, call) = ("POST /v1/cv/generations", "call cv.generate");
    assert_eq!(way_up("model"), ["model", "step", "task", call, request]);
    assert_eq!(way_up("transaction"), ["transaction", "commit", "task", call, request]);
    assert!(way_up("deliver").ends_with(&[call.to_owned(), request.to_owned()]));
    let of_task = spans.iter().find(|span| span.name == "task").unwrap();
    assert_eq!(attribute(of_task, "task.id").as_deref(), Some(task.as_str()));
    let steps = spans.iter().filter(|span| span.name == "step").count();
    let models = spans.iter().filter(|span| span.name == "model").count();
    assert!(steps >= 4 && models >= 3, "{steps} steps, {models} calls of the model");
    drop(server);
    collector.stop().await;
}
