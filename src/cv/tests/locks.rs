//! The lock order (see [`crate::cv::store`]): units of work that meet wait for one another, never in a circle.

use super::harness::{Person, World, eventually, offer_text, sample};
use estafette_actors::Runtime;
use estafette_protocol::ErrorCode;
use serde_json::{Value, json};
use std::time::Duration;

/// Everybody's actions. Enough for Postgres to find a circle many times where the order is not kept.
const ROUNDS: usize = 40;
const PEOPLE: usize = 2;
/// How many of one person's actions are under way at a time.
const AT_ONCE: usize = 5;

/// What a person does as their `n`th action; whatever the state refuses is fine, anything else is not.
async fn act(who: &Person, cvs: &[String], offer: &Value, n: usize) {
    let cv = &cvs[n % cvs.len()];
    let (method, params) = match n % 7 {
        0 => (
            "cv.generate",
            json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}, {"text": offer_text(&n.to_string())}]}),
        ),
        1 | 4 => ("cv.generate", json!({"source_cv_id": cv, "mode": "optimize", "offers": [{"job_offer_id": offer}]})),
        2 => ("cv.score", json!({"id": cv, "job_offer_id": offer})),
        3 => ("job_offer.create", json!({"text": offer_text(&format!("other {}", n % 3))})),
        5 => {
            let name = format!("Ana {n}");
            let rev = who.get(cv).await["file"]["content_rev"].clone();
            (
                "cv.update",
                json!({"id": cv, "rev": rev, "patch": [{"op": "replace", "path": "/basics/name", "value": name}]}),
            )
        }
        _ => {
            let tasks = who.ok("task.list", json!({"limit": 5})).await;
            let task = tasks["items"][n % 5]["id"].clone();
            if task.is_null() {
                return;
            }
            (if n.is_multiple_of(2) { "task.cancel" } else { "task.retry" }, json!({"id": task}))
        }
    };
    if let Err(error) = who.call(method, params).await {
        assert!(matches!(error.code, ErrorCode::Conflict | ErrorCode::NotFound), "{method}: {error}");
    }
}

#[actix::test]
async fn no_two_units_of_work_wait_for_each_other_in_a_circle() {
    let world = World::start().await;
    // A second node: its group commits are written beside those of the first.
    let other = Runtime::builder(world.database.db()).product(std::sync::Arc::clone(&world.product) as _);
    let other = other.start().await.unwrap();
    world.sql("UPDATE cv.settings SET value = '5000' WHERE setting_name = 'default_token_limit'").await;
    // Generations fail, so that units are given back while calls take others.
    world.faults.fail("classify", u32::MAX);
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        let who = world.person(&format!("p{n}")).await;
        let offer = who.offer().await;
        let mut cvs = Vec::new();
        for _ in 0..2 {
            cvs.push(who.ok("cv.create", json!({"content": sample()})).await["id"].as_str().unwrap().to_owned());
        }
        people.push((who, cvs, json!(offer)));
    }
    let all = people.iter().flat_map(|(who, cvs, offer)| {
        (0..AT_ONCE).map(move |lane| async move {
            for round in 0..ROUNDS {
                act(who, cvs, offer, round * AT_ONCE + lane).await;
            }
        })
    });
    futures_util::future::join_all(all).await;
    eventually("the end of all tasks", async || {
        world.number("SELECT count(*) FROM runtime.tasks WHERE status IN ('queued', 'running')").await == 0
    })
    .await;
    let differ = "SELECT count(*) FROM cv.credit_balances b
        WHERE b.balance <> (SELECT coalesce(sum(amount), 0) FROM cv.credit_transactions t WHERE t.user_id = b.user_id)";
    assert_eq!(world.number(differ).await, 0, "r48");
    assert!(world.number("SELECT count(*) FROM cv.credit_transactions WHERE type = 'refund'").await > 20);

    // A backend reports what it counted when it ends.
    for runtime in [&world.runtime, &other] {
        runtime.drain(Duration::from_millis(1)).await;
        runtime.db().pool().close();
    }
    let client = world.database.connect().await;
    eventually("the end of all connections but the recorder's", async || {
        let others =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                      AND query LIKE '%cv.%' AND query NOT LIKE '%openai_%'";
        client.query_one(others, &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
    let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0, "circles that Postgres had to break");
}
