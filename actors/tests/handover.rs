//! A task changes its node: at a drain, after a loss. Those who watch are told why, and where it resumes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use estafette_actors::RuntimeConfig;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use support::*;

#[actix::test]
async fn a_drain_hands_over_at_once_what_rests_and_after_its_step_what_works() {
    let database = database().await;
    let db = database.db();
    let gates = Arc::<Gates>::default();
    let config = RuntimeConfig { steps_per_owner: 1, ..RuntimeConfig::default() };
    let one = runtime(db.clone(), Arc::clone(&gates), config.clone()).await;
    let mut watcher = Client::hello(listen(&one), "ann").await;
    let steps = json!([{"key": "a", "do": "gate", "on": "g"}, {"key": "b", "needs": ["a"]}]);
    let works = start(&one, "ann", steps).await;
    waiting(&gates, 1).await;
    let rests = start(&one, "ann", json!([{"key": "a"}])).await;
    watcher.sub(&format!("task:{rests}"), None).await;
    let held = wait(&mut watcher, &format!("task:{rests}")).await;
    assert_eq!((&held["reason"], &held["limit"], &held["step"]), (&json!("own_limit"), &json!(1), &json!("a")));

    let two = runtime(db.clone(), Arc::clone(&gates), config).await;
    let draining = one.clone();
    let drain = actix_rt::spawn(async move { draining.drain(Duration::from_millis(1)).await });
    ended(&db, &rests, "completed").await;
    assert_eq!(status(&db, &works).await, "running", "its step may end");
    gates.gate("g").add_permits(1);
    ended(&db, &works, "completed").await;
    drain.await.unwrap();
    let nodes = "SELECT count(DISTINCT data->>'node') FROM runtime.events WHERE kind = 'task.started'";
    assert_eq!(count(&db, nodes).await, 2);
    assert_eq!(count(&db, "SELECT count(*) FROM toy.runs WHERE step = 'a'").await, 2, "no step ran twice");
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.tasks WHERE rescues > 0").await, 0, "a deploy is no rescue");
    let row = db
        .query_one(
            "SELECT e.data->'requeued' FROM runtime.events e JOIN runtime.topics t ON t.id = e.topic_id
             WHERE e.kind = 'task.queued' AND e.data->'requeued' IS NOT NULL AND t.topic = $1",
            &[&format!("task:{works}")],
        )
        .await
        .unwrap();
    let requeued: Value = row.get(0);
    assert_eq!((&requeued["cause"], &requeued["resumes_at"]), (&json!("drain"), &json!(["b"])), "{requeued}");
    assert_eq!((&requeued["steps_done"], &requeued["steps_total"]), (&json!(1), &json!(2)), "{requeued}");
    two.drain(Duration::from_millis(1)).await;
}

#[actix::test]
async fn a_step_that_takes_longer_than_the_drain_is_cut_off_and_runs_again_elsewhere() {
    let database = database().await;
    let db = database.db();
    let gates = Arc::<Gates>::default();
    let config = RuntimeConfig { drain: Duration::from_millis(200), ..RuntimeConfig::default() };
    let one = runtime(db.clone(), Arc::clone(&gates), config).await;
    let task = start(&one, "ann", json!([{"key": "a", "do": "gate", "on": "g"}])).await;
    waiting(&gates, 1).await;
    let began = std::time::Instant::now();
    one.drain(Duration::from_millis(1)).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(status(&db, &task).await, "queued");
    gates.gate("g").add_permits(1);
    let two = runtime(db.clone(), Arc::clone(&gates), RuntimeConfig::default()).await;
    ended(&db, &task, "completed").await;
    assert_eq!(count(&db, "SELECT count(*) FROM toy.effects").await, 1);
    two.drain(Duration::from_millis(1)).await;
}

#[actix::test]
async fn a_node_that_is_not_heard_of_is_suspected_and_then_its_tasks_resume_visibly() {
    let database = database().await;
    let db = database.db();
    let gates = Arc::<Gates>::default();
    let two = runtime(db.clone(), Arc::clone(&gates), RuntimeConfig::default()).await;
    let mut watcher = Client::hello(listen(&two), "ann").await;
    let steps = json!([{"key": "a"}, {"key": "b", "do": "gate", "on": "g", "needs": ["a"]}]);
    let task = start(&two, "ann", steps).await;
    waiting(&gates, 1).await;
    let topic = format!("task:{task}");
    watcher.sub(&topic, None).await;
    // A node that holds its lock and says nothing, as one does that hangs.
    let ghost = database.connect().await;
    ghost.query("SELECT pg_advisory_lock(4711)", &[]).await.unwrap();
    let hung =
        "INSERT INTO runtime.nodes (id, lock_key, heartbeat_at) VALUES ('n-ghost', 4711, now() - interval '4 s')";
    db.execute(hung, &[]).await.unwrap();
    let moved = "UPDATE runtime.tasks SET node_id = 'n-ghost', lease_epoch = lease_epoch + 1 WHERE id = $1";
    db.execute(moved, &[&task.as_str()]).await.unwrap();
    let lost = loop {
        let wait = wait(&mut watcher, &topic).await;
        if wait["reason"] == "worker_lost" {
            break wait;
        }
    };
    assert_eq!((&lost["node"], &lost["step"]), (&json!("n-ghost"), &json!("b")), "{lost}");
    assert!(lost["since"].is_string());
    drop(ghost);
    let queued = loop {
        let event = watcher.next_of("ev").await;
        if event["kind"] == "task.queued" {
            break event["data"]["requeued"].clone();
        }
    };
    let expected = json!({"cause": "worker_lost", "node": "n-ghost", "resumes_at": ["b"], "steps_done": 1,
        "steps_total": 2, "rescues": 1});
    assert_eq!(queued, expected);
    gates.gate("g").add_permits(2);
    ended(&db, &task, "completed").await;
    assert_eq!(count(&db, "SELECT count(*) FROM toy.effects").await, 2);
    two.drain(Duration::from_millis(1)).await;
}
