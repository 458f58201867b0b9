//! Postgres frozen, then killed, under the server: readiness says so, calls are refused in bounded time, sockets stay and
//! are told, and what was acknowledged is there afterwards.

use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Heard, Socket};
use crate::support::{eventually, offer_text};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// How long Postgres stays frozen.
const FROZEN: Duration = Duration::from_secs(12);
/// Bound of a refusal: the probe's limit, its interval, and a busy machine.
const BOUND: Duration = Duration::from_secs(4);
const SETTINGS: &[(&str, &str)] =
    &[("ESTAFETTE_DATABASE_PROBE_LIMIT_MS", "1000"), ("ESTAFETTE_OFFLINE_LATENCY_MS", "150")];

/// The server's Postgres with all of its processes, from the moment on at which it starts no other: a connection that it
/// accepted while they are counted would go on being served.
async fn halted_postgres(folder: &Path) -> Vec<String> {
    let file = folder.join("database/postgres/postmaster.pid");
    let parent = std::fs::read_to_string(file).unwrap().lines().next().unwrap().to_owned();
    signal(std::slice::from_ref(&parent), "-STOP");
    eventually("Postgres to halt", async || match state_and_parent(&parent) {
        Some((state, _)) if state == "T" => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    let processes =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let children = processes.filter(|pid| state_and_parent(pid).is_some_and(|(_, its_parent)| its_parent == parent));
    std::iter::once(parent.clone()).chain(children).collect()
}

/// What a process does (`T`: it is stopped) and who started it.
fn state_and_parent(pid: &str) -> Option<(String, String)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `pid (name) state parent …`; the name may hold blanks and brackets.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').map(str::to_owned);
    Some((fields.next()?, fields.next()?))
}

fn signal(pids: &[String], name: &str) {
    let _ended = Command::new("kill").arg(name).args(pids).stderr(std::process::Stdio::null()).status();
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

async fn outage(away: &str, back: Option<&str>) {
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

    let frozen = halted_postgres(folder.path()).await;
    signal(&frozen, away);
    let began = Instant::now();
    if back.is_some() {
        let ready = person.get("/health/ready").await;
        assert_eq!((ready.status, ready.body["code"].as_str()), (503, Some("unavailable")));
        assert!(ready.body["detail"].as_str().unwrap().contains("Postgres"), "{ready:?}");
        assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
        let refused = person.get("/v1/cv/credits").await;
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(refused.body["retry_after_ms"].as_u64().is_some_and(|after| after >= 1_000), "{refused:?}");
        assert!(began.elapsed() < BOUND * 2, "{:?}", began.elapsed());
        let health = next_of(&mut socket, "health").await;
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
    if let Some(back) = back {
        signal(&frozen, back);
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
    outage("-STOP", Some("-CONT")).await;
}

#[tokio::test]
async fn a_killed_postgres_comes_back_and_the_running_task_with_it() {
    outage("-KILL", None).await;
}
