//! Postgres frozen, then killed, under the server: readiness says so, calls are refused in bounded time, sockets stay and
//! are told, and what was acknowledged is there afterwards.

use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Heard, Socket};
use crate::support::{eventually, offer_text};
use estafette_actors::testkit::Halted;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long Postgres stays frozen.
const FROZEN: Duration = Duration::from_secs(12);
/// Bound of a refusal: the probe's limit, its interval, and a busy machine.
const BOUND: Duration = Duration::from_secs(4);
const SETTINGS: &[(&str, &str)] =
    &[("ESTAFETTE_DATABASE_PROBE_LIMIT_MS", "1000"), ("ESTAFETTE_OFFLINE_LATENCY_MS", "150")];

/// The server's Postgres.
fn postgres(folder: &Path) -> i32 {
    let file = folder.join("database/postgres/postmaster.pid");
    std::fs::read_to_string(file).unwrap().lines().next().unwrap().parse().unwrap()
}

/// The next message of a type.
async fn next_of(socket: &mut Socket, t: &str) -> Value {
    loop {
        match socket.hear().await {
            Heard::Message(message) if message["t"] == t => return message,
            Heard::Message(_) => {}
            closed @ Heard::Closed(..) => panic!("the socket stays: {closed:?}"),
        }
    }
}

/// What people are told while it does not answer.
async fn frozen(person: &Person, cv: &str, socket: &mut Socket) {
    let began = Instant::now();
    let ready = person.get("/health/ready").await;
    assert_eq!((ready.status, ready.body["code"].as_str()), (503, Some("unavailable")));
    assert!(ready.body["detail"].as_str().unwrap().contains("Postgres"), "{ready:?}");
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    let refused = person.get("/v1/cv/credits").await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.body["retry_after_ms"].as_u64().is_some_and(|after| after >= 1_000), "{refused:?}");
    assert!(began.elapsed() < BOUND * 2, "{:?}", began.elapsed());
    let health = next_of(socket, "health").await;
    assert_eq!(health["outages"][0]["what"], "database", "{health}");
    while began.elapsed() < FROZEN {
        let asked = Instant::now();
        let call = socket.call("cv.rename", json!({"id": cv, "filename": "another"})).await;
        assert_eq!(call["code"], "unavailable", "{call}");
        assert_eq!(person.get("/health/live").await.status, 200);
        assert_eq!(person.get("/health/ready").await.status, 503);
        assert!(asked.elapsed() < Duration::from_secs(1), "all of it at once: {:?}", asked.elapsed());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What happens to Postgres.
enum Away {
    /// It stands still for [`FROZEN`].
    Frozen,
    /// It is killed, and started again by the server.
    Killed,
}

async fn outage(away: Away) {
    let folder = tempfile::tempdir().unwrap();
    // Postgres, which does not run as root, can reach it: nothing is kept elsewhere.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let server = Server::start(folder.path(), SETTINGS);
    let person = Person::sign_up(&server, "ann").await;
    let cv = person.cv().await;
    let mut socket = Socket::hello(&server, &person.token, "estafette.v1.json").await;
    let feed = format!("user:{}", person.id);
    socket.follow(&feed).await;
    let task = person.generate(&cv, json!([{"text": offer_text(1)}, {"text": offer_text(2)}])).await.ok();
    let task = task["task_id"].as_str().unwrap().to_owned();
    eventually("steps to be done", async || {
        let state = person.get(&format!("/v1/tasks/{task}")).await.ok();
        let steps = state["steps"].as_array().cloned().unwrap_or_default();
        let done = steps.iter().filter(|step| step["status"] == "completed").count();
        if done >= 2 { Ok(()) } else { Err(format!("{done}")) }
    })
    .await;

    let halted = Halted::halt(postgres(folder.path()));
    match away {
        Away::Frozen => {
            frozen(&person, &cv, &mut socket).await;
            drop(halted);
        }
        Away::Killed => halted.kill(),
    }
    // By itself, within seconds.
    let returned = Instant::now();
    eventually("readiness", async || {
        let ready = person.get("/health/ready").await;
        if ready.status == 200 { Ok(()) } else { Err(ready.body.to_string()) }
    })
    .await;
    let state = person.ended(&task).await;
    assert_eq!(state["task"]["status"], "completed", "{state:#}");
    assert!(returned.elapsed() < Duration::from_secs(20), "{:?}", returned.elapsed());
    let steps = state["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["attempt"].as_u64().is_none_or(|attempt| attempt <= 1)), "{steps:#?}");
    assert_eq!(person.balance().await, 3, "two offers, paid once each");
    let finished = loop {
        let event = next_of(&mut socket, "ev").await;
        if event["kind"] == "task.finished" {
            break event;
        }
    };
    assert_eq!(finished["data"]["status"], "completed", "on the same socket");
}

#[tokio::test]
async fn a_frozen_postgres_is_told_at_once_and_everything_goes_on_when_it_is_back() {
    outage(Away::Frozen).await;
}

#[tokio::test]
async fn a_killed_postgres_comes_back_and_the_running_task_with_it() {
    outage(Away::Killed).await;
}
