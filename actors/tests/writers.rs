//! How rows reach Postgres: few commits, few round trips, and each call and each step as if it were alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use estafette_actors::{DbError, RuntimeConfig};
use estafette_protocol::{ErrorCode, IdempotencyKey, TaskId};
use futures_util::future::join_all;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use support::*;

#[actix::test]
async fn a_chain_of_steps_costs_one_commit_a_step() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let steps =
        json!([{"key": "a"}, {"key": "b", "needs": ["a"]}, {"key": "c", "needs": ["b"]}, {"key": "d", "needs": ["c"]}]);
    let task = start(&runtime, "ann", steps).await;
    ended(&db, &task, "completed").await;
    let commits = count(&db, "SELECT commit_no FROM runtime.tasks").await;
    assert!(commits <= 5, "the beginning, and with each result what follows from it: {commits}");
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.steps WHERE status = 'completed' AND attempt = 1").await, 4);
}

#[actix::test]
async fn what_follows_from_a_refused_result_did_not_happen() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let middle = json!([{"key": "a"}, {"key": "b", "needs": ["a"], "do": "reject"}, {"key": "c", "needs": ["b"]}]);
    let middle = start(&runtime, "ann", middle).await;
    let last = start(&runtime, "ann", json!([{"key": "a"}, {"key": "b", "needs": ["a"], "do": "reject"}])).await;
    for task in [&middle, &last] {
        ended(&db, task, "failed").await;
        let expected = [
            "task.queued",
            "task.started",
            "step.started",
            "step.completed",
            "step.started",
            "step.failed",
            "task.failed",
        ];
        assert_eq!(kinds(&db, &format!("task:{task}")).await, expected);
    }
    assert_eq!(count(&db, "SELECT count(*) FROM toy.runs WHERE step = 'c'").await, 0);
    let of_c = "SELECT attempt::bigint FROM runtime.steps WHERE key = 'c' AND status = 'cancelled'";
    assert_eq!(count(&db, of_c).await, 0, "it never began");
}

#[actix::test]
async fn calls_that_only_add_are_each_as_if_alone() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let steps = json!([{"key": "a"}]);
    let good = (0..30).map(|_| runtime.call(identity("ann"), "begin", json!({"steps": steps}), None));
    // One whose id exists, one whose input its kind refuses, one that refuses by itself.
    let taken = start(&runtime, "ann", steps.clone()).await;
    let bad =
        [json!({"steps": steps, "id": taken.as_str()}), json!({"steps": []}), json!({"steps": steps, "refuse": true})];
    let bad = bad.into_iter().map(|params| runtime.call(identity("ann"), "begin", params, None));
    let (good, bad) = tokio::join!(join_all(good), join_all(bad));
    let ids: HashSet<String> =
        good.into_iter().map(|result| result.unwrap()["task_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 30);
    assert!(bad.iter().all(Result::is_err), "{bad:?}");
    assert_eq!(bad[2].as_ref().unwrap_err().code, ErrorCode::BadRequest);
    for id in ids {
        ended(&db, &TaskId::parse(id).unwrap(), "completed").await;
    }
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.tasks").await, 31);
}

#[actix::test]
async fn a_task_that_finds_a_place_begins_with_the_call_that_accepts_it() {
    let database = database().await;
    let db = database.db();
    let gates = Arc::<Gates>::default();
    let runtime = runtime(db.clone(), Arc::clone(&gates), RuntimeConfig::default()).await;
    let steps = json!([{"key": "a", "do": "gate", "on": "g"}, {"key": "b", "needs": ["a"]}]);
    let task = begin(&runtime, "ann", steps).await;
    let begun = "SELECT count(*) FROM runtime.tasks t JOIN runtime.leases l ON l.task_id = t.id AND l.lease = t.lease_epoch
                 WHERE t.status = 'running' AND t.started_at = t.created_at AND t.node_id IS NOT NULL AND t.lease_epoch = 1";
    assert_eq!(count(&db, begun).await, 1, "when the call is answered");
    waiting(&gates, 1).await;
    gates.gate("g").add_permits(1);
    ended(&db, &task, "completed").await;
    let kinds = kinds(&db, &format!("task:{task}")).await;
    assert_eq!(kinds[..3], ["task.queued", "task.started", "step.started"], "{kinds:?}");
    assert_eq!(kinds.last().unwrap(), "task.completed");
    assert_eq!(count(&db, "SELECT count(*) FROM toy.effects").await, 2);
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.leases").await, 0);
}

#[actix::test]
async fn a_task_waits_where_its_owner_has_enough_and_nobody_passes_one_that_waits() {
    let database = database().await;
    let db = database.db();
    let gates = Arc::<Gates>::default();
    let config = RuntimeConfig { tasks_per_node: 2, tasks_per_owner: 1, ..RuntimeConfig::default() };
    let runtime = runtime(db.clone(), Arc::clone(&gates), config).await;
    let gated = || json!([{"key": "a", "do": "gate", "on": "g"}]);
    // In one transaction, as they come together: one of them begins.
    let both = join_all((0..2).map(|_| begin(&runtime, "ann", gated()))).await;
    let running = "SELECT count(*) FROM runtime.tasks WHERE status = 'running'";
    assert_eq!(count(&db, running).await, 1, "an owner's limit holds");
    // A place is free, and the one that waits may not have it: this one is claimed past it.
    let claimed = begin(&runtime, "bob", gated()).await;
    waiting(&gates, 2).await;
    let turns = "SELECT count(*) FROM runtime.turns WHERE who = 'bob'";
    assert_eq!(count(&db, turns).await, 1, "it came from the queue");
    let last = begin(&runtime, "carl", gated()).await;
    assert_eq!(status(&db, &last).await, "queued", "the node is full");
    gates.gate("g").add_permits(4);
    for task in both.iter().chain([&claimed, &last]) {
        ended(&db, task, "completed").await;
    }
    assert_eq!(count(&db, "SELECT count(*) FROM toy.effects").await, 4);
}

#[actix::test]
async fn a_task_that_takes_nobody_its_place_need_not_wait_behind_the_queue() {
    let database = database().await;
    let db = database.db();
    let gates = Arc::<Gates>::default();
    let config = RuntimeConfig { tasks_per_node: 4, tasks_per_owner: 2, ..RuntimeConfig::default() };
    let runtime = runtime(db.clone(), Arc::clone(&gates), config).await;
    let gated = || json!([{"key": "a", "do": "gate", "on": "g"}]);
    let running = "SELECT count(*) FROM runtime.tasks WHERE status = 'running'";
    let first = join_all((0..3).map(|_| begin(&runtime, "ann", gated()))).await;
    assert_eq!(count(&db, running).await, 2, "one waits for its owner's others");
    let bob = begin(&runtime, "bob", gated()).await;
    assert_eq!(count(&db, running).await, 3, "of two free places one is left for the task that waits");
    let later = [begin(&runtime, "ann", gated()).await, begin(&runtime, "ann", gated()).await];
    waiting(&gates, 3).await;
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.turns").await, 0, "nothing was claimed");
    gates.gate("g").add_permits(6);
    for task in first.iter().chain([&bob]).chain(&later) {
        ended(&db, task, "completed").await;
    }
    let order = "SELECT count(*) FROM runtime.tasks a JOIN runtime.tasks b ON a.owner = b.owner
                 WHERE a.created_at < b.created_at AND a.started_at > b.started_at";
    assert_eq!(count(&db, order).await, 0, "an owner's tasks begin in their order");
}

#[actix::test]
async fn an_added_call_with_a_key_takes_effect_once_whoever_writes_it_first() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let key = |name: &str| Some(IdempotencyKey::parse(name).unwrap());
    let params = json!({"steps": [{"key": "a"}]});
    let same = (0..10).map(|_| runtime.call(identity("ann"), "begin", params.clone(), key("k")));
    let others = (0..10).map(|n| runtime.call(identity("ann"), "begin", params.clone(), key(&format!("o{n}"))));
    let (same, others) = tokio::join!(join_all(same), join_all(others));
    let same: HashSet<String> = same.into_iter().map(|result| result.unwrap().to_string()).collect();
    assert_eq!(same.len(), 1, "{same:?}");
    let others: HashSet<String> = others.into_iter().map(|result| result.unwrap().to_string()).collect();
    assert_eq!(others.len(), 10);
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.tasks").await, 11);
    let again = runtime.call(identity("ann"), "begin", params, key("k")).await.unwrap();
    assert!(same.contains(&again.to_string()));
    let other = runtime.call(identity("ann"), "begin", json!({"steps": []}), key("k")).await.unwrap_err();
    assert_eq!(other.code, ErrorCode::Conflict, "{other:?}");
}

#[actix::test]
async fn rows_that_wait_are_written_before_a_question_and_in_their_order() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let put = async |params| runtime.call(identity("ann"), "put", params, None).await;
    assert_eq!(put(json!({"id": "x"})).await.unwrap(), json!({"n": 2}));
    assert_eq!(put(json!({"id": "x", "refuse": true})).await.unwrap_err().code, ErrorCode::BadRequest);
    assert_eq!(count(&db, "SELECT n FROM toy.counter").await, 2, "a unit that refuses leaves nothing");
    assert_eq!(put(json!({"id": "x"})).await.unwrap(), json!({"n": 4}));
}

#[actix::test]
async fn rows_that_nobody_asks_for_are_written_with_the_end_or_when_it_is_settled() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let seen = runtime.call(identity("ann"), "put_at_end", json!({"id": "a"}), None).await.unwrap();
    assert_eq!(seen, json!([0, 1, 1]));
    assert_eq!(count(&db, "SELECT n FROM toy.counter").await, 2);
}

#[actix::test]
async fn what_several_statements_read_at_one_moment_is_of_one_moment() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let put = async || runtime.call(identity("ann"), "put", json!({"id": "x"}), None).await.unwrap();
    put().await;
    let read: Result<(i64, i64), DbError> = db
        .at_one_moment(async |moment| {
            let read = async || Ok::<i64, DbError>(moment.query_one("SELECT n FROM toy.counter", &[]).await?.get(0));
            let before = read().await?;
            put().await;
            Ok((before, read().await?))
        })
        .await;
    assert_eq!(read.unwrap(), (2, 2));
    assert_eq!(count(&db, "SELECT n FROM toy.counter").await, 4, "it was written meanwhile");
}

#[actix::test]
async fn the_statistics_of_a_table_that_grew_are_renewed_before_autovacuum_comes() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let grow = "INSERT INTO runtime.calls (product, user_id, key, method, params_hash)
                SELECT 'toy', 'ann', 'key-' || n, 'm', 'h' FROM generate_series(1, 2000) n";
    db.execute(grow, &[]).await.unwrap();
    let known = "SELECT reltuples::bigint FROM pg_class WHERE oid = 'runtime.calls'::regclass";
    eventually("the table to be looked at", async || match count(&db, known).await {
        2_000 => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
    runtime.drain(std::time::Duration::from_millis(1)).await;
}

/// Ten steps, one after the other; with `change` on the one named.
fn pure_chain(of: usize, change: &[(usize, serde_json::Value)]) -> serde_json::Value {
    let step = |place: usize| {
        let needs: Vec<String> = place.checked_sub(1).map(|before| format!("s{before}")).into_iter().collect();
        let mut step = json!({"key": format!("s{place}"), "needs": needs, "pure": true});
        for (_, fields) in change.iter().filter(|(of, _)| *of == place) {
            step.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        }
        step
    };
    (0..of).map(step).collect()
}

#[actix::test]
async fn pure_steps_run_ahead_and_are_committed_together_each_with_its_own_row_and_events() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let task = start(&runtime, "ann", pure_chain(10, &[])).await;
    ended(&db, &task, "completed").await;
    let commits = count(&db, "SELECT commit_no FROM runtime.tasks").await;
    assert!(commits <= 2, "what happens in one moment is one commit: {commits}");
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.steps WHERE status = 'completed' AND attempt = 1").await, 10);
    assert_eq!(count(&db, "SELECT count(*) FROM toy.effects").await, 10, "each hook was called");
    let mut expected = vec!["task.queued", "task.started"];
    expected.extend(["step.started", "step.completed"].repeat(10));
    expected.push("task.completed");
    assert_eq!(kinds(&db, &format!("task:{task}")).await, expected);
    // More than may be ahead at once.
    let long = start(&runtime, "ann", pure_chain(100, &[])).await;
    ended(&db, &long, "completed").await;
    let done = format!("SELECT count(*) FROM runtime.steps WHERE task_id = '{long}' AND status = 'completed'");
    assert_eq!(count(&db, &done).await, 100);
}

#[actix::test]
async fn steps_that_ran_ahead_of_a_refused_result_did_not_happen() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    // The third is refused by the database; of those behind it one fails by itself, on grounds that never were.
    let refused = start(&runtime, "ann", pure_chain(8, &[(2, json!({"do": "reject"}))])).await;
    let both = pure_chain(8, &[(2, json!({"do": "reject"})), (4, json!({"do": "fail"}))]);
    let both = start(&runtime, "ann", both).await;
    let bystander = start(&runtime, "ann", pure_chain(8, &[])).await;
    for task in [&refused, &both] {
        ended(&db, task, "failed").await;
        let mut expected = vec!["task.queued", "task.started"];
        expected.extend(["step.started", "step.completed"].repeat(2));
        expected.extend(["step.started", "step.failed", "task.failed"]);
        assert_eq!(kinds(&db, &format!("task:{task}")).await, expected);
        let of = |status: &str| {
            format!("SELECT count(*) FROM runtime.steps WHERE task_id = '{task}' AND status = '{status}'")
        };
        assert_eq!(count(&db, &of("completed")).await, 2);
        assert_eq!(count(&db, &of("failed")).await, 1);
        assert_eq!(count(&db, &of("cancelled")).await, 5);
        let begun = format!("SELECT count(*) FROM runtime.steps WHERE task_id = '{task}' AND attempt > 0");
        assert_eq!(count(&db, &begun).await, 3, "those behind it never began");
    }
    ended(&db, &bystander, "completed").await;
}

#[actix::test]
async fn a_pure_step_that_fails_is_repeated_and_fails_its_task_as_any_other() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let flaky = start(&runtime, "ann", pure_chain(6, &[(3, json!({"do": "flaky"}))])).await;
    let fails = start(&runtime, "ann", pure_chain(6, &[(3, json!({"do": "fail"}))])).await;
    let grows = pure_chain(3, &[(1, json!({"do": "grow"}))]);
    let grows = start(&runtime, "ann", grows).await;
    ended(&db, &flaky, "completed").await;
    let attempts = format!("SELECT attempt::bigint FROM runtime.steps WHERE task_id = '{flaky}' AND key = 's3'");
    assert_eq!(count(&db, &attempts).await, 3);
    ended(&db, &fails, "failed").await;
    let statuses = format!("SELECT count(DISTINCT status) FROM runtime.steps WHERE task_id = '{fails}'
        AND ((ord < 3 AND status = 'completed') OR (ord = 3 AND status = 'failed') OR (ord > 3 AND status = 'cancelled'))");
    assert_eq!(count(&db, &statuses).await, 3);
    // What others wait for must not come from a step that may be called back.
    ended(&db, &grows, "failed").await;
    let error = db.query_one("SELECT error FROM runtime.tasks WHERE id = $1", &[&grows.as_str()]).await.unwrap();
    assert_eq!(error.get::<_, &str>(0), "a pure step may not add steps or needs");
}

#[actix::test]
async fn a_task_has_a_lease_as_long_as_it_runs_and_its_steps_a_row_when_there_is_something_to_say() {
    let database = database().await;
    let db = database.db();
    let gates = Arc::<Gates>::default();
    let runtime = runtime(db.clone(), Arc::clone(&gates), RuntimeConfig::default()).await;
    let steps =
        json!([{"key": "a"}, {"key": "b", "needs": ["a"], "do": "gate", "on": "g"}, {"key": "c", "needs": ["b"]}]);
    let task = start(&runtime, "ann", steps).await;
    waiting(&gates, 1).await;
    let shown = async || -> Vec<(String, String, i32)> {
        let rows = db.query("SELECT key, status, attempt FROM runtime.steps ORDER BY ord", &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
    };
    let of = |key: &str, status: &str, attempt: i32| (key.to_owned(), status.to_owned(), attempt);
    assert_eq!(shown().await, [of("a", "completed", 1), of("b", "running", 1), of("c", "pending", 0)]);
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.step_states").await, 1);
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.leases WHERE progressed").await, 1);
    let cancelled = runtime.call(identity("ann"), "cancel", json!({"id": task}), None).await;
    assert!(cancelled.is_ok(), "{cancelled:?}");
    assert_eq!(shown().await, [of("a", "completed", 1), of("b", "cancelled", 1), of("c", "cancelled", 0)]);
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.leases").await, 0);
    gates.gate("g").add_permits(1);
    let done = start(&runtime, "ann", json!([{"key": "a"}])).await;
    ended(&db, &done, "completed").await;
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.leases").await, 0);
}
