//! Tasks on a real database: every outcome once, whatever happens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use estafette_actors::RuntimeConfig;
use estafette_protocol::ErrorCode;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use support::*;

#[actix::test]
async fn a_task_runs_its_steps_in_order_and_says_so() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let task =
        start(&runtime, "ann", json!([{"key": "a"}, {"key": "b", "needs": ["a"]}, {"key": "c", "needs": ["b"]}])).await;
    ended(&db, &task, "completed").await;
    assert_eq!(
        kinds(&db, &format!("task:{task}")).await,
        [
            "task.queued",
            "task.started",
            "step.started",
            "step.completed",
            "step.started",
            "step.completed",
            "step.started",
            "step.completed",
            "task.completed"
        ]
    );
    assert_eq!(kinds(&db, "user:ann").await, ["task.queued", "task.finished"]);
    assert_eq!(count(&db, "SELECT count(*) FROM toy.effects").await, 3);
    runtime.drain(std::time::Duration::from_millis(1)).await;
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.nodes").await, 0);
}

#[actix::test]
async fn steps_that_a_step_adds_are_waited_for() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let task = start(&runtime, "ann", json!([{"key": "grow", "do": "grow"}, {"key": "last", "needs": ["grow"]}])).await;
    ended(&db, &task, "completed").await;
    let order: Vec<String> =
        db.query("SELECT step FROM toy.runs ORDER BY ctid", &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(order.first().unwrap(), "grow");
    assert_eq!(order.last().unwrap(), "last");
    assert_eq!(order.len(), 5);
}

#[actix::test]
async fn a_failed_attempt_is_repeated_and_a_hanging_or_panicking_one_too() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let flaky = start(&runtime, "ann", json!([{"key": "a", "do": "flaky"}])).await;
    let panics = start(&runtime, "ann", json!([{"key": "a", "do": "panic"}])).await;
    let hangs = start(&runtime, "ann", json!([{"key": "a", "do": "hang"}])).await;
    ended(&db, &flaky, "completed").await;
    ended(&db, &panics, "completed").await;
    ended(&db, &hangs, "failed").await;
    let attempts = count(&db, &format!("SELECT count(*) FROM toy.runs WHERE task_id = '{hangs}'")).await;
    assert_eq!(attempts, 3);
}

#[actix::test]
async fn a_group_fails_alone_and_a_retry_runs_only_what_failed() {
    let database = database().await;
    let db = database.db();
    let gates = Arc::<Gates>::default();
    let runtime = runtime(db.clone(), Arc::clone(&gates), RuntimeConfig::default()).await;
    let steps = json!([
        {"key": "a0", "group": "0"}, {"key": "b0", "group": "0", "needs": ["a0"]},
        {"key": "a1", "group": "1", "do": "fail"}, {"key": "b1", "group": "1", "needs": ["a1"]},
    ]);
    let task = start(&runtime, "ann", steps).await;
    ended(&db, &task, "failed").await;
    assert_eq!(count(&db, "SELECT count(*) FROM toy.effects").await, 2);
    let retry = runtime.call(identity("ann"), "retry", json!({"id": task}), None).await;
    assert!(retry.is_ok(), "{retry:?}");
    ended(&db, &task, "failed").await;
    let runs = count(&db, "SELECT count(*) FROM toy.runs WHERE step IN ('a0', 'b0')").await;
    assert_eq!(runs, 2, "completed steps do not run again");
    eventually("the second run of the failed step", async || {
        let runs = count(&db, "SELECT count(*) FROM toy.runs WHERE step = 'a1'").await;
        if runs == 2 { Ok(()) } else { Err(runs.to_string()) }
    })
    .await;
}

#[actix::test]
async fn a_result_that_the_product_refuses_is_a_failed_step_and_harms_no_other_task() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let mut good = Vec::new();
    for _ in 0..10 {
        good.push(start(&runtime, "ann", json!([{"key": "a"}, {"key": "b", "needs": ["a"]}])).await);
    }
    let bad = start(&runtime, "ann", json!([{"key": "a", "do": "reject"}])).await;
    ended(&db, &bad, "failed").await;
    for task in &good {
        ended(&db, task, "completed").await;
    }
}

#[actix::test]
async fn a_cancelled_task_stops_at_once_and_nothing_of_it_is_written_afterwards() {
    let database = database().await;
    let db = database.db();
    let gates = Arc::<Gates>::default();
    let runtime = runtime(db.clone(), Arc::clone(&gates), RuntimeConfig::default()).await;
    let task =
        start(&runtime, "ann", json!([{"key": "a", "do": "gate", "on": "g"}, {"key": "b", "needs": ["a"]}])).await;
    eventually("the step to wait", async || {
        let waiting = gates.waiting.load(Ordering::SeqCst);
        if waiting == 1 { Ok(()) } else { Err(waiting.to_string()) }
    })
    .await;
    runtime.call(identity("ann"), "cancel", json!({"id": task}), None).await.unwrap();
    assert_eq!(status(&db, &task).await, "cancelled", "the answer to the call means that it is done");
    gates.gate("g").add_permits(1);
    let again = runtime.call(identity("ann"), "cancel", json!({"id": task}), None).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict);
    eventually("the supervisor to stop", async || match runtime.running_tasks().await {
        0 => Ok(()),
        n => Err(n.to_string()),
    })
    .await;
    assert_eq!(count(&db, "SELECT count(*) FROM toy.effects").await, 0);
    assert_eq!(kinds(&db, &format!("task:{task}")).await.last().unwrap(), "task.cancelled");
}

#[actix::test]
async fn one_owner_with_many_tasks_does_not_delay_anothers_first() {
    let database = database().await;
    let db = database.db();
    let gates = Arc::<Gates>::default();
    let config = RuntimeConfig { tasks_per_node: 4, tasks_per_owner: 2, ..RuntimeConfig::default() };
    let runtime = runtime(db.clone(), Arc::clone(&gates), config).await;
    for _ in 0..20 {
        start(&runtime, "greedy", json!([{"key": "a", "do": "gate", "on": "g"}])).await;
    }
    let other = start(&runtime, "ann", json!([{"key": "a"}])).await;
    ended(&db, &other, "completed").await;
    assert!(count(&db, "SELECT count(*) FROM runtime.tasks WHERE owner = 'greedy' AND status = 'running'").await <= 2);
}

#[actix::test]
async fn a_call_with_a_key_takes_effect_once_even_when_it_comes_at_the_same_time() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let key = estafette_protocol::IdempotencyKey::parse("k1").unwrap();
    let calls = (0..10).map(|_| runtime.call(identity("ann"), "add", json!({"room": "r"}), Some(key.clone())));
    for result in futures_util::future::join_all(calls).await {
        assert_eq!(result.unwrap(), json!({"n": 1}));
    }
    let other = runtime.call(identity("ann"), "add", json!({"room": "x"}), Some(key.clone())).await.unwrap_err();
    assert_eq!(other.code, ErrorCode::Conflict);
    let bob = runtime.call(identity("bob"), "add", json!({"room": "r"}), Some(key)).await.unwrap();
    assert_eq!(bob, json!({"n": 2}), "keys are per user");
}

#[actix::test]
async fn concurrent_writers_get_numbers_without_gap_in_the_order_of_their_effects() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let calls = (0..100).map(|_| runtime.call(identity("ann"), "add", json!({"room": "r"}), None));
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
    let wrong = count(&db, "SELECT count(*) FROM runtime.events WHERE (data->>'n')::bigint <> seq").await;
    assert_eq!(wrong, 0);
    assert_eq!(count(&db, "SELECT max(seq) FROM runtime.events").await, 100);
}

#[actix::test]
async fn the_tasks_of_a_node_that_died_go_on_elsewhere_and_no_completed_step_runs_twice() {
    let database = database().await;
    let db = database.db();
    let gates = Arc::<Gates>::default();
    // A node that claimed a task, completed a step, began another and is gone: its lock went with its connection.
    let first = runtime(db.clone(), Arc::clone(&gates), RuntimeConfig::default()).await;
    let steps =
        json!([{"key": "a"}, {"key": "b", "needs": ["a"], "do": "gate", "on": "g"}, {"key": "c", "needs": ["b"]}]);
    let task = start(&first, "ann", steps).await;
    eventually("the step to wait", async || match gates.waiting.load(Ordering::SeqCst) {
        1 => Ok(()),
        n => Err(n.to_string()),
    })
    .await;
    db.execute("UPDATE runtime.tasks SET node_id = 'n-gone'", &[]).await.unwrap();
    db.execute("INSERT INTO runtime.nodes (id, lock_key) VALUES ('n-gone', 42)", &[]).await.unwrap();
    eventually("the second attempt", async || match gates.waiting.load(Ordering::SeqCst) {
        2 => Ok(()),
        n => Err(n.to_string()),
    })
    .await;
    assert_eq!(count(&db, "SELECT rescues::bigint FROM runtime.tasks").await, 1);
    // Both the dead run and the new one get through; the fence lets only one of them count.
    gates.gate("g").add_permits(2);
    ended(&db, &task, "completed").await;
    assert_eq!(count(&db, "SELECT count(*) FROM toy.runs WHERE step = 'a'").await, 1);
    assert_eq!(count(&db, "SELECT count(*) FROM toy.effects").await, 3);
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.nodes WHERE id = 'n-gone'").await, 0);
    // A completed step ends the count: only a task that gets nowhere is taken for the killer of its nodes.
    assert_eq!(count(&db, "SELECT rescues::bigint FROM runtime.tasks").await, 0);
}

#[actix::test]
async fn a_parked_task_leaves_no_step_that_its_readers_know_otherwise() {
    let database = database().await;
    let db = database.db();
    let gates = Arc::<Gates>::default();
    let node = runtime(db.clone(), Arc::clone(&gates), RuntimeConfig::default()).await;
    let steps = json!([{"key": "a", "do": "gate", "on": "g"}, {"key": "b", "needs": ["a"]}]);
    let task = start(&node, "ann", steps).await;
    eventually("the step to wait", async || match gates.waiting.load(Ordering::SeqCst) {
        1 => Ok(()),
        n => Err(n.to_string()),
    })
    .await;
    db.execute("UPDATE runtime.tasks SET node_id = 'n-gone', rescues = 3", &[]).await.unwrap();
    db.execute("INSERT INTO runtime.nodes (id, lock_key) VALUES ('n-gone', 42)", &[]).await.unwrap();
    ended(&db, &task, "failed").await;
    // The events tell the end of the task alone: with it, what had not ended is cancelled for every reader.
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.events WHERE kind = 'step.failed'").await, 0);
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.steps WHERE status = 'cancelled'").await, 2);
    gates.gate("g").add_permits(1);
}
