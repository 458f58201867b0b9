//! One trace from the caller's request to the delivery of what came of it, also by another node.

use crate::support::collector::{Collector, attribute};
use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Heard, Socket};
use crate::support::{eventually, offer_text};
use estafette::testing;
use estafette_actors::testkit::TestRedis;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const QUEUED: &str = "3bf92f3577b34da6a3ce929d0e0e4736";
const UNSAMPLED: &str = "5bf92f3577b34da6a3ce929d0e0e4736";
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
    let way_up = |names: [&str; 2]| {
        let under = |parent: &Vec<u8>| by_id.get(parent).is_some_and(|parent| parent.name == names[1]);
        let found = spans.iter().find(|span| span.name == names[0] && under(&span.parent_span_id));
        let mut span = found.unwrap_or_else(|| panic!("no span {names:?}"));
        let mut way = vec![span.name.clone()];
        while let Some(parent) = by_id.get(&span.parent_span_id) {
            span = parent;
            way.push(span.name.clone());
        }
        assert_eq!(hex::encode(&span.parent_span_id), CALLER, "{way:?}");
        way
    };
    let (request, call) = ("POST /v1/cv/generations", "call cv.generate");
    assert_eq!(way_up(["model", "step"]), ["model", "step", "task", call, request]);
    assert_eq!(way_up(["transaction", "commit"]), ["transaction", "commit", "task", call, request]);
    assert_eq!(way_up(["deliver", call]), ["deliver", call, request]);
    assert_eq!(way_up(["deliver", "transaction"]), ["deliver", "transaction", "commit", "task", call, request]);
    let of_task = spans.iter().find(|span| span.name == "task").unwrap();
    assert_eq!(attribute(of_task, "task.id").as_deref(), Some(task.as_str()));
    let steps = spans.iter().filter(|span| span.name == "step").count();
    let models = spans.iter().filter(|span| span.name == "model").count();
    assert!(steps >= 4 && models >= 3, "{steps} steps, {models} calls of the model");
    drop(server);
    collector.stop().await;
}

#[actix_web::test]
async fn what_another_node_delivers_is_in_the_trace_of_the_call() {
    let (database, redis) = (testing::database().await, TestRedis::start());
    let url = redis.url();
    let (collectors, mut nodes) = ([Collector::start(), Collector::start()], Vec::new());
    for collector in &collectors {
        let settings = [
            ("REDIS_URL", url.as_str()),
            ("ESTAFETTE_TOKEN_KEY", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address.as_str()),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ];
        nodes.push(Server::on(&database.url(), &settings));
    }
    let person = Person::sign_up(&nodes[0], "ana").await;
    let cv = person.cv().await;
    let mut socket = Socket::hello(&nodes[1], &person.token, "estafette.v1.json").await;
    let topic = format!("user:{}", person.id);
    socket.request(json!({"t": "sub", "topic": topic})).await;
    eventually("Redis knows who reads the topic", async || {
        let channels = redis.ask(&["PUBSUB", "CHANNELS", &format!("*/{topic}")]);
        if channels.contains(&topic) { Ok(()) } else { Err(channels) }
    })
    .await;
    // First in a trace that nobody keeps, then in those that are kept. Tests are queued together with others.
    let offer = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"text": offer_text(0)}]});
    let calls = [
        (UNSAMPLED, "00", "/v1/cv/tasks/test", json!({})),
        (QUEUED, "01", "/v1/cv/tasks/test", json!({})),
        (TRACE, "01", "/v1/cv/generations", offer),
    ];
    for (trace, flags, path, params) in calls {
        let request = person.request(Method::POST, path).json(&params);
        let request = request.header("traceparent", format!("00-{trace}-{CALLER}-{flags}"));
        let task = person.send(request).await.ok()["task_id"].clone();
        loop {
            match socket.hear().await {
                Heard::Message(ev) if ev["kind"] == "task.finished" && ev["data"]["id"] == task => break,
                Heard::Message(_) => {}
                closed @ Heard::Closed(..) => panic!("{closed:?}"),
            }
        }
    }
    let [here, there] = &collectors;
    let ways = [(QUEUED, "call task.test", Some("transaction")), (TRACE, "call cv.generate", None)];
    for (trace, call, group) in ways {
        let receive = eventually("the spans of both deliveries", async || {
            let (here, there) = (here.trace(trace), there.trace(trace));
            let under = |parent: &Span, name: &str, spans: &[Span]| {
                spans.iter().find(|span| span.name == name && span.parent_span_id == parent.span_id).cloned()
            };
            // What the call committed is delivered by its own node and, after the bus, by the other.
            let found = || {
                let call = here.iter().find(|span| span.name == call)?.clone();
                let committed = group.map_or(Some(call.clone()), |group| under(&call, group, &here))?;
                under(&committed, "deliver", &here)?;
                let receive = under(&committed, "receive", &there)?;
                under(&receive, "deliver", &there).map(|_| receive)
            };
            let names = |spans: &[Span]| spans.iter().map(|span| span.name.clone()).collect::<Vec<_>>();
            found().ok_or_else(|| format!("{:?} and {:?}", names(&here), names(&there)))
        })
        .await;
        assert_eq!((receive.kind(), attribute(&receive, "topic").as_ref()), (SpanKind::Consumer, Some(&topic)));
    }
    for collector in &collectors {
        assert!(collector.trace(UNSAMPLED).is_empty(), "nobody keeps it");
    }
    drop(nodes);
    for collector in collectors {
        collector.stop().await;
    }
}
