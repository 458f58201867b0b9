//! A database of an earlier version: what was in it goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use estafette_actors::RuntimeConfig;
use estafette_actors::migration::{self, RUNTIME};
use estafette_actors::testkit::TestDatabase;
use serde_json::json;
use std::sync::Arc;
use support::*;

/// What the version before wrote: a task that ended, and one that ran when its node was killed.
const BEFORE: &str = r#"
INSERT INTO runtime.nodes (id, lock_key) VALUES ('n-old', 42);
INSERT INTO runtime.tasks (id, product, kind, owner, status, input, event, node_id, lease_epoch, commit_no, finished_at) VALUES
    ('done', 'toy', 'chain', 'ann', 'completed', '{"steps": []}', '{}', NULL, 1, 3, now()),
    ('runs', 'toy', 'chain', 'ann', 'running', '{"steps": []}', '{}', 'n-old', 3, 1, NULL),
    ('waits', 'toy', 'chain', 'ann', 'queued', '{"steps": []}', '{}', NULL, 0, 0, NULL);
INSERT INTO runtime.steps (task_id, key, ord, spec, status, attempt, output, finished_at) VALUES
    ('done', 'a', 0, '{"key": "a", "kind": "toy", "weight": 1}', 'completed', 1, '{"step": "a"}', now()),
    ('runs', 'a', 0, '{"key": "a", "kind": "toy", "weight": 1}', 'completed', 1, '{"step": "a"}', now()),
    ('runs', 'b', 1, '{"key": "b", "kind": "toy", "weight": 1, "needs": ["a"]}', 'running', 1, NULL, NULL),
    ('runs', 'c', 2, '{"key": "c", "kind": "toy", "weight": 1, "needs": ["b"]}', 'pending', 0, NULL, NULL),
    ('waits', 'a', 0, '{"key": "a", "kind": "toy", "weight": 1}', 'pending', 0, NULL, NULL);
"#;

#[actix::test]
async fn tasks_of_before_there_were_plans_go_on_and_no_older_node_may_live() {
    let all = migrations();
    let before: Vec<_> =
        all.iter().filter(|file| file.schema != "runtime" || file.name.as_ref() < "0007").cloned().collect();
    assert_eq!(all.len() - before.len(), RUNTIME.len() - 6);
    let database = TestDatabase::fresh(&before).await;
    let mut client = database.connect().await;
    client.batch_execute(BEFORE).await.unwrap();
    let old = database.connect().await;
    old.query("SELECT pg_advisory_lock(42)", &[]).await.unwrap();
    let refused = migration::apply(&mut client, &all).await.unwrap_err().to_string();
    assert!(refused.contains("node n-old runs an older version: stop all nodes"), "{refused}");
    old.query("SELECT pg_advisory_unlock(42)", &[]).await.unwrap();
    migration::apply(&mut client, &all).await.unwrap();

    let db = database.db();
    let sql = "SELECT task_id || ' ' || key, status, attempt FROM runtime.steps ORDER BY task_id, ord";
    let shown: Vec<(String, String, i32)> =
        db.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let of = |step: &str, status: &str, attempt: i32| (step.to_owned(), status.to_owned(), attempt);
    let expected = [
        of("done a", "completed", 1),
        of("runs a", "completed", 1),
        of("runs b", "running", 1),
        of("runs c", "pending", 0),
        of("waits a", "pending", 0),
    ];
    assert_eq!(shown, expected);

    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    for task in ["runs", "waits"] {
        ended(&db, &estafette_protocol::TaskId::parse(task).unwrap(), "completed").await;
    }
    let runs: Vec<(String, i32)> = db
        .query("SELECT step, attempt FROM toy.runs WHERE task_id = 'runs' ORDER BY step", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    assert_eq!(runs, [("b".to_owned(), 2), ("c".to_owned(), 1)], "what was completed stays, what ran runs again");
    let retry = runtime.call(identity("ann"), "retry", json!({"id": "done"}), None).await.unwrap_err();
    assert_eq!(retry.message, "nothing of this task failed");
}
