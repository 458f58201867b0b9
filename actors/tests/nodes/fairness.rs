//! Who is served when many wait, on several nodes: owners take turns, limits hold in all, and everybody sees the place.

use crate::support::{Client, count, database, ended, eventually, listen, node, open_gate, start};
use estafette_actors::RuntimeConfig;
use estafette_actors::testkit::TestRedis;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn limits(per_node: usize, per_owner: usize) -> RuntimeConfig {
    RuntimeConfig { tasks_per_node: per_node, tasks_per_owner: per_owner, ..RuntimeConfig::default() }
}

#[actix::test]
async fn a_thousand_tasks_of_one_person_do_not_delay_anothers_first_and_limits_hold_over_all_nodes() {
    let (database, redis) = (database().await, TestRedis::start());
    let db = database.db();
    let one = node(db.clone(), &redis, limits(6, 4)).await;
    let _other = node(database.db(), &redis, limits(6, 4)).await;
    let starts = (0..1_000).map(|_| start(&one, "greedy", json!([{"key": "a", "do": "until", "on": "g"}])));
    futures_util::future::join_all(starts).await;
    let running = "SELECT count(*) FROM runtime.tasks WHERE owner = 'greedy' AND status = 'running'";
    eventually("the greedy one has its share", async || match count(&db, running).await {
        4 => Ok(()),
        n => Err(n.to_string()),
    })
    .await;
    let mut waits = Vec::new();
    for n in 0..5 {
        let began = Instant::now();
        let first = start(&one, &format!("ann{n}"), json!([{"key": "a"}])).await;
        ended(&db, &first, "completed").await;
        waits.push(began.elapsed());
        assert_eq!(count(&db, running).await, 4, "the limit of an owner holds over both nodes");
    }
    println!("first tasks beside a thousand of another: {waits:?}");
    assert!(waits.iter().all(|wait| *wait < Duration::from_secs(2)), "{waits:?}");
    // A node's limit: more owners than places.
    for n in 0..20 {
        start(&one, &format!("bob{n}"), json!([{"key": "a", "do": "until", "on": "h"}])).await;
    }
    let by_node = "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM runtime.tasks WHERE status = 'running' GROUP BY node_id) x";
    eventually("both nodes are full", async || {
        let all = count(&db, "SELECT count(*) FROM runtime.tasks WHERE status = 'running'").await;
        if all == 12 { Ok(()) } else { Err(all.to_string()) }
    })
    .await;
    assert_eq!(count(&db, by_node).await, 6);
    // The fences of the database against the waiting steps of this test: all of them may end.
    open_gate(&db, "h").await;
    eventually("the others are served", async || {
        let open = "SELECT count(*) FROM runtime.tasks WHERE owner LIKE 'bob%' AND status <> 'completed'";
        match count(&db, open).await {
            0 => Ok(()),
            n => Err(n.to_string()),
        }
    })
    .await;
    assert!(count(&db, running).await <= 4);
}

#[actix::test]
async fn more_busy_people_than_places_keep_nobody_out() {
    let (database, redis) = (database().await, TestRedis::start());
    let db = database.db();
    let node = node(db.clone(), &redis, limits(2, 8)).await;
    // Three people with a hundred short tasks each, for two places.
    for _ in 0..100 {
        let starts =
            ["busy0", "busy1", "busy2"].map(|user| start(&node, user, json!([{"key": "a", "do": "until", "on": "g"}])));
        futures_util::future::join_all(starts).await;
    }
    let late = start(&node, "late", json!([{"key": "a"}])).await;
    open_gate(&db, "g").await;
    ended(&db, &late, "completed").await;
    let before =
        "SELECT count(*) FROM runtime.tasks t, runtime.tasks l WHERE l.owner = 'late' AND t.finished_at < l.started_at";
    let before = count(&db, before).await;
    assert!(before <= 10, "{before} tasks of others came before the first of one who was not served yet");
}

async fn progress(client: &mut Client) -> Value {
    loop {
        let message = client.next_of("live").await;
        if message["kind"] == "task.progress" {
            return message["data"].clone();
        }
    }
}

#[actix::test]
async fn the_place_in_the_queue_is_live_on_a_node_that_only_watches() {
    let (database, redis) = (database().await, TestRedis::start());
    let db = database.db();
    let worker = node(db.clone(), &redis, limits(1, 1)).await;
    // Takes no task itself: what its reader sees is another node's work.
    let front = node(database.db(), &redis, limits(0, 1)).await;
    let mut tasks = Vec::new();
    for n in 0..3 {
        tasks.push(start(&worker, "ann", json!([{"key": "a", "do": "until", "on": format!("g{n}")}])).await);
    }
    eventually("the first runs", async || match count(&db, "SELECT count(*) FROM toy.runs").await {
        1 => Ok(()),
        n => Err(n.to_string()),
    })
    .await;
    // Somebody else, who came later, stands before ann's second: turns go round.
    let bob = start(&worker, "bob", json!([{"key": "a"}])).await;
    let mut client = Client::hello(listen(&front), "ann").await;
    client.sub(&format!("task:{}", tasks[2]), None).await;
    let waiting = progress(&mut client).await;
    assert_eq!(waiting["queue_position"], 3, "{waiting}");
    let wait = &waiting["waits"][0];
    assert_eq!((&wait["reason"], &wait["limit"]), (&json!("own_limit"), &json!(1)), "{waiting}");
    open_gate(&db, "g0").await;
    open_gate(&db, "g1").await;
    ended(&db, &bob, "completed").await;
    let mut seen = vec![3];
    loop {
        let now = progress(&mut client).await;
        let Some(place) = now["queue_position"].as_u64() else { break };
        if seen.last() != Some(&place) {
            seen.push(place);
        }
    }
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "{seen:?}");
    open_gate(&db, "g2").await;
    ended(&db, &tasks[2], "completed").await;
}
