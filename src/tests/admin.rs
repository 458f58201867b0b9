//! What an administrator sees, and nobody else.

use crate::support::eventually;
use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Heard, Socket};
use serde_json::{Value, json};
use std::process::Command;

const ROUTES: [&str; 4] =
    ["/v1/admin/nodes", "/v1/admin/queues", "/v1/admin/sessions?user=x", "/v1/admin/sessions/x/timeline"];

/// Makes a person an administrator by the command line, which shares the running server's database.
async fn promoted(folder: &std::path::Path, name: &str, person: &Person) -> Person {
    let email = format!("{name}@example.org");
    let mut command = Command::new(env!("CARGO_BIN_EXE_estafette"));
    command.args(["user", "role", &email, "ADMIN"]).env("ESTAFETTE_DATA_DIR", folder).current_dir(folder);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let form = json!({"email": email, "password": "correct horse battery", "device": "desk.1"});
    let answer = person.post("/v1/cv/auth/sign-in", form).await.ok();
    person.with_token(answer["access_token"].as_str().unwrap())
}

#[actix_web::test]
async fn an_administrator_sees_nodes_queues_and_why_a_client_did_not_see_an_event() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let ana = Person::sign_up(&server, "ana").await;
    for route in ROUTES {
        ana.get(route).await.refused(403, "forbidden", "administrators");
    }
    let boss = promoted(folder.path(), "boss", &Person::sign_up(&server, "boss").await).await;

    // Ana follows a CV, which changes, and goes; it changes again.
    let cv = ana.cv().await;
    let topic = format!("cv:{cv}");
    let mut socket = Socket::hello(&server, &ana.token, "estafette.v1.json").await;
    socket.follow(&topic).await;
    let rename = async |rev: i64| {
        let patch =
            json!({"rev": rev, "patch": [{"op": "replace", "path": "/basics/name", "value": format!("Ana {rev}")}]});
        let request = ana.request(reqwest::Method::PATCH, &format!("/v1/cv/files/{cv}")).json(&patch);
        ana.send(request).await.ok()["rev"].as_i64().unwrap()
    };
    let rev = rename(0).await;
    let seen = loop {
        match socket.hear().await {
            Heard::Message(message) if message["t"] == "ev" => break message["seq"].as_i64().unwrap(),
            Heard::Message(_) => {}
            closed @ Heard::Closed(..) => panic!("{closed:?}"),
        }
    };
    drop(socket);
    let sessions = |answer: &Value| answer["sessions"].as_array().unwrap().clone();
    let session = eventually("the journal", async || {
        let answer = boss.get(&format!("/v1/admin/sessions?user={}", ana.id)).await.ok();
        let Some(first) = sessions(&answer).first().cloned() else { return Err(answer.to_string()) };
        let id = first["session"].as_str().unwrap().to_owned();
        let notes = boss.get(&format!("/v1/admin/sessions/{id}/timeline")).await.ok();
        let closed = notes["notes"].as_array().unwrap().iter().any(|note| note["what"] == "closed");
        if closed { Ok(id) } else { Err(notes.to_string()) }
    })
    .await;
    rename(rev).await;

    let why = async |seq: i64| {
        let path = format!("/v1/admin/sessions/{session}/timeline?topic={topic}&seq={seq}");
        let answer = boss.get(&path).await.ok();
        (answer["fate"].as_str().unwrap().to_owned(), answer["sentence"].as_str().unwrap().to_owned())
    };
    assert!(matches!(why(seen).await.0.as_str(), "sent" | "in_snapshot"), "{:?}", why(seen).await);
    let (fate, sentence) = why(seen + 1).await;
    assert_eq!(fate, "connection_ended", "{sentence}");
    assert!(sentence.contains(&format!("it had come to {seen} of {}", seen + 1)), "{sentence}");
    assert_eq!(why(seen + 2).await.0, "no_such_event");
    boss.get(&format!("/v1/admin/sessions/{session}/timeline?seq=1")).await.refused(400, "bad_request", "topic");

    let task = ana.generate(&cv, json!([{"text": crate::support::offer_text(1)}])).await.ok();
    ana.ended(task["task_id"].as_str().unwrap()).await;
    let queues = boss.get("/v1/admin/queues").await.ok();
    let done: i64 = queues["queues"].as_array().unwrap().iter().map(|queue| queue["completed"].as_i64().unwrap()).sum();
    assert!(done >= 1, "{queues}");
    let nodes = eventually("the node's own words", async || {
        let answer = boss.get("/v1/admin/nodes").await.ok();
        if answer["nodes"][0]["stats"]["sockets"].is_i64() { Ok(answer) } else { Err(answer.to_string()) }
    })
    .await;
    assert_eq!(nodes["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(nodes["asked"], nodes["nodes"][0]["id"]);
    assert!(nodes["nodes"][0]["heartbeat_age"].as_f64().unwrap() < 5.0, "{nodes}");
}
