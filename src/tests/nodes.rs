//! Two servers on one Postgres and one Redis: what is started at one is watched at the other, and finished there when the
//! first one is killed.

use crate::support::census::{self, number};
use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Heard, Socket};
use crate::support::{eventually, offer_text};
use estafette::testing;
use estafette_actors::testkit::TestRedis;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TASKS: usize = 12;
/// Completed steps after which the first server is killed.
const KILL_AFTER: i64 = 30;

async fn checks(server: &Server) -> Value {
    let answer = reqwest::get(server.url("/health/ready")).await.unwrap();
    answer.json::<Value>().await.unwrap()["checks"].clone()
}

#[actix_web::test]
async fn what_is_started_at_one_server_is_watched_at_another_and_finished_when_the_first_is_killed() {
    let (database, redis) = (testing::database().await, TestRedis::start());
    let db = database.db();
    let url = redis.url();
    let settings = [
        ("REDIS_URL", url.as_str()),
        ("ESTAFETTE_TOKEN_KEY", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        ("ESTAFETTE_OFFLINE_LATENCY_MS", "60"),
        ("ESTAFETTE_TASKS_PER_USER", "20"),
        ("ESTAFETTE_STEPS_PER_USER", "8"),
    ];
    let set = "UPDATE cv.settings SET value = '25' WHERE setting_name = 'default_token_limit'";
    db.execute(set, &[]).await.unwrap();
    let (first, second) = (Server::on(&database.url(), &settings), Server::on(&database.url(), &settings));
    for server in [&first, &second] {
        eventually("the node is ready with its bus", async || {
            let checks = checks(server).await;
            let well = ["postgres", "bus", "delivery", "node"].iter().all(|check| checks[check] == "ok");
            if well && checks["canary_age_ms"].is_u64() { Ok(()) } else { Err(checks.to_string()) }
        })
        .await;
    }
    // The account is made at one server and works at the other.
    let person = Person::sign_up(&first, "ana").await;
    let cv = person.cv().await;
    let starts = (0..TASKS).map(|n| {
        let params = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"text": offer_text(n)}]});
        let person = person.clone();
        async move { person.keyed("/v1/cv/generations", params, &format!("g{n}")).await.ok() }
    });
    let started = futures_util::future::join_all(starts).await;
    let mut socket = Socket::hello(&second, &person.token, "estafette.v1.msgpack").await;
    let mut seen: BTreeMap<String, (u64, Vec<String>)> = BTreeMap::new();
    for (id, task) in started.iter().enumerate() {
        let topic = format!("task:{}", task["task_id"].as_str().unwrap());
        socket.send(&json!([{"t": "sub", "id": id, "topic": topic}])).await;
    }
    let (mut first, mut over) = (Some(first), 0);
    while over < TASKS {
        let steps = "SELECT count(*) FROM runtime.events WHERE kind = 'step.completed'";
        if first.is_some() && number(&db, steps).await >= KILL_AFTER {
            let on_both =
                number(&db, "SELECT count(DISTINCT node_id) FROM runtime.tasks WHERE status = 'running'").await;
            assert!(on_both >= 1);
            if let Some(server) = first.take() {
                server.kill();
            }
        }
        let message = match socket.hear().await {
            Heard::Message(message) => message,
            closed @ Heard::Closed(..) => panic!("the second server closed: {closed:?}\n{}", second.last_words()),
        };
        let (topic, seq) = (message["topic"].as_str().unwrap_or_default().to_owned(), message["seq"].as_u64());
        match message["t"].as_str() {
            Some("snap") => {
                let before = seen.insert(topic, (seq.unwrap(), Vec::new()));
                assert!(before.is_none(), "one snapshot a topic: {message}");
                over += usize::from(message["state"]["task"]["completed_at"].is_string());
            }
            Some("ev") => {
                let (at, kinds) = seen.get_mut(&topic).unwrap();
                assert_eq!(seq, Some(*at + kinds.len() as u64 + 1), "{topic} has a gap, a duplicate or another order");
                let kind = message["kind"].as_str().unwrap();
                kinds.push(kind.to_owned());
                over += usize::from(matches!(kind, "task.completed" | "task.failed" | "task.cancelled"));
            }
            Some("err") => panic!("{message}"),
            _ => {}
        }
    }
    assert!(first.is_none(), "the first server was killed while it worked");
    for (topic, (at, kinds)) in &seen {
        let sql = "SELECT e.kind FROM runtime.events e JOIN runtime.topics t ON t.id = e.topic_id
                   WHERE t.topic = $1 AND e.seq > $2 ORDER BY e.seq";
        let rows = db.query(sql, &[topic, &i64::try_from(*at).unwrap()]).await.unwrap();
        assert_eq!(*kinds, rows.iter().map(|row| row.get(0)).collect::<Vec<String>>(), "{topic}");
    }
    let tasks = i64::try_from(TASKS).unwrap();
    let completed = "SELECT count(*) FROM runtime.tasks WHERE status = 'completed'";
    assert_eq!(number(&db, completed).await, tasks, "{}", second.last_words());
    let twice = "SELECT count(*) FROM (SELECT 1 FROM runtime.events WHERE kind = 'step.completed'
                 GROUP BY topic_id, data->>'step' HAVING count(*) > 1) AS twice";
    assert_eq!(number(&db, twice).await, 0, "steps that completed twice");
    let usage = "SELECT count(*) FROM cv.credit_transactions WHERE type = 'usage'";
    assert_eq!(number(&db, usage).await, tasks, "each was paid once");
    census::ledger_is_sound(&db).await;
    // Redis goes away: the server that is left says so and stays ready.
    drop(redis);
    eventually("readiness says it", async || {
        let answer = reqwest::get(second.url("/health/ready")).await.unwrap();
        let (status, body) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
        let said = body["checks"]["bus"].as_str().is_some_and(|bus| bus.starts_with("degraded"));
        if status == 200 && said { Ok(()) } else { Err(format!("{status} {body}")) }
    })
    .await;
}
