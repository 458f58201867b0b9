//! Events, marks and the canary across nodes.

use crate::support::{Client, Gates, count, database, eventually, identity, kinds, listen, node, runtime, start};
use estafette_actors::testkit::TestRedis;
use estafette_actors::{Runtime, RuntimeConfig};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A node that serves and takes no task.
fn front() -> RuntimeConfig {
    RuntimeConfig { tasks_per_node: 0, heartbeat: Duration::from_millis(200), ..RuntimeConfig::default() }
}

#[actix::test]
async fn a_task_that_runs_on_one_node_is_watched_from_another_without_a_seam() {
    let (database, redis) = (database().await, TestRedis::start());
    let db = database.db();
    let worker = node(db.clone(), &redis, RuntimeConfig::default()).await;
    let watching = node(database.db(), &redis, front()).await;
    let address = listen(&watching);
    let mut client = Client::hello(address, "ann").await;
    for round in 0..8 {
        // The subscription falls anywhere into the run.
        let steps: Vec<Value> = (0..12)
            .map(|n| match n {
                0 => json!({"key": "s0"}),
                n => json!({"key": format!("s{n}"), "needs": [format!("s{}", n - 1)]}),
            })
            .collect();
        let task = start(&worker, "ann", json!(steps)).await;
        tokio::time::sleep(Duration::from_millis(round * 7)).await;
        let topic = format!("task:{task}");
        assert_eq!(client.sub(&topic, None).await["t"], "ok");
        let snap = client.next_of("snap").await;
        let from = snap["seq"].as_u64().unwrap();
        crate::support::ended(&db, &task, "completed").await;
        let log = kinds(&db, &topic).await;
        for (seq, kind) in (1..).zip(&log).skip(from as usize) {
            let event = client.next_of("ev").await;
            assert_eq!(
                (event["seq"].as_u64(), event["kind"].as_str()),
                (Some(seq), Some(kind.as_str())),
                "after {from}"
            );
        }
        client.request(json!({"t": "unsub", "topic": topic})).await;
    }
    assert_eq!(
        count(&db, "SELECT count(DISTINCT data->>'node') FROM runtime.events WHERE kind = 'task.started'").await,
        1
    );
}

#[actix::test]
async fn delivery_to_another_node_is_fast_with_redis_and_goes_on_without_it() {
    let (database, mut redis) = (database().await, TestRedis::start());
    let (here, there) = (node(database.db(), &redis, front()).await, node(database.db(), &redis, front()).await);
    let mut client = Client::hello(listen(&there), "ann").await;
    client.sub("room:r", None).await;
    client.next_of("snap").await;
    let add = async |runtime: &Runtime| {
        runtime.call(identity("ann"), "add", json!({"room": "r"}), None).await.unwrap();
        Instant::now()
    };
    connected(&there).await;
    connected(&here).await;
    add(&here).await;
    client.next_of("ev").await;
    let mut fast = Vec::new();
    for _ in 0..50 {
        let committed = add(&here).await;
        client.next_of("ev").await;
        fast.push(committed.elapsed());
    }
    redis.kill();
    let mut slow = Vec::new();
    for _ in 0..4 {
        let committed = add(&here).await;
        client.next_of("ev").await;
        slow.push(committed.elapsed());
    }
    redis.restart();
    connected(&there).await;
    connected(&here).await;
    let mut again = Vec::new();
    for _ in 0..20 {
        let committed = add(&here).await;
        client.next_of("ev").await;
        again.push(committed.elapsed());
    }
    for times in [&mut fast, &mut slow, &mut again] {
        times.sort();
    }
    let middle = |times: &[Duration]| times[times.len() / 2];
    println!(
        "commit to the other node's client: p50 {:?}, max {:?}; Redis away: max {:?}; back: p50 {:?}",
        middle(&fast),
        fast.last(),
        slow.last(),
        middle(&again)
    );
    assert!(middle(&fast) < Duration::from_millis(100) && middle(&again) < Duration::from_millis(100));
    assert!(slow.last() < Some(&Duration::from_secs(2)), "{slow:?}");
}

async fn connected(runtime: &Runtime) {
    eventually("the bus is connected", async || {
        if runtime.bus_health().is_connected() { Ok(()) } else { Err(format!("{:?}", runtime.bus_health())) }
    })
    .await;
}

/// The next mark that names a topic.
async fn mark(client: &mut Client, topic: &str) -> u64 {
    loop {
        let message = client.next_with_marks().await;
        if message["t"] == "mark"
            && let Some(head) = message["heads"][topic].as_u64()
        {
            return head;
        }
    }
}

#[actix::test]
async fn a_mark_says_how_far_the_log_goes_also_for_what_other_nodes_wrote() {
    let (database, redis) = (database().await, TestRedis::start());
    let there = node(database.db(), &redis, front()).await;
    // Another node that has no bus: what it commits is in the log only.
    let silent = runtime(database.db(), Arc::<Gates>::default(), front()).await;
    let mut client = Client::hello(listen(&there), "ann").await;
    client.sub("room:r", None).await;
    client.next_of("snap").await;
    let mut last = 0;
    for n in 1..=5_u64 {
        silent.call(identity("ann"), "add", json!({"room": "r"}), None).await.unwrap();
        let committed = Instant::now();
        // A mark may be of the moment before, and is never ahead of the log. The event it names is on its way.
        let mut head = 0;
        while head < n || last < n {
            assert!(
                committed.elapsed() < Duration::from_secs(3),
                "the marks stay at {head}, the events at {last} of {n}"
            );
            let message = client.next_with_marks().await;
            match message["t"].as_str() {
                Some("mark") => head = message["heads"]["room:r"].as_u64().unwrap_or(head),
                Some("ev") => {
                    assert_eq!(message["seq"].as_u64(), Some(last + 1));
                    last += 1;
                }
                _ => {}
            }
            assert!(head <= n, "{head} of {n}");
        }
    }
}

#[actix::test]
async fn without_the_log_a_mark_claims_nothing() {
    let (database, redis) = (database().await, TestRedis::start());
    let there = node(database.db(), &redis, front()).await;
    let mut client = Client::hello(listen(&there), "ann").await;
    client.sub("room:r", None).await;
    assert_eq!(mark(&mut client, "room:r").await, 0);
    let admin = crate::support::database().await;
    let db = admin.connect().await;
    db.batch_execute(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", database.name())).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    db.query(end, &[&database.name()]).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(15);
    loop {
        let message = client.next_with_marks().await;
        if message["t"] == "mark" && message["heads"].as_object().unwrap().is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "marks go on: {message}");
    }
    db.batch_execute(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", database.name())).await.unwrap();
    assert_eq!(mark(&mut client, "room:r").await, 0, "and comes back with it");
}

#[actix::test]
async fn the_canary_is_heard_on_every_node_with_and_without_redis() {
    let (database, mut redis) = (database().await, TestRedis::start());
    let nodes = [node(database.db(), &redis, front()).await, node(database.db(), &redis, front()).await];
    // Hubs belong to worker threads.
    for node in &nodes {
        listen(node);
    }
    let fresh = async || {
        let seen: Vec<_> = nodes.iter().map(Runtime::delivery).collect();
        let young = |age: Option<Duration>| age.is_some_and(|age| age < Duration::from_millis(2_500));
        if seen.iter().all(|delivery| young(delivery.age) && delivery.took.is_some()) {
            Ok(seen)
        } else {
            Err(format!("{seen:?}"))
        }
    };
    let seen = eventually("the canary is heard", fresh).await;
    assert!(seen.iter().all(|delivery| !delivery.is_broken()));
    redis.kill();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        eventually("it is heard without Redis", fresh).await;
        assert!(nodes.iter().all(|node| !node.delivery().is_broken()));
    }
    // A node that leaves is not missed.
    nodes[1].drain(Duration::ZERO).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let alone = nodes[0].delivery();
    assert!(alone.age.unwrap() < Duration::from_millis(2_500), "{alone:?}");
}

#[actix::test]
async fn a_session_that_ends_on_one_node_ends_on_all_with_and_without_redis() {
    let (database, mut redis) = (database().await, TestRedis::start());
    let here = node(database.db(), &redis, front()).await;
    let there = node(database.db(), &redis, front()).await;
    let address = listen(&there);
    connected(&here).await;
    connected(&there).await;
    for user in ["ann", "bob"] {
        let mut client = Client::hello(address, user).await;
        if user == "bob" {
            redis.kill();
            eventually("the outage is noticed", async || {
                if there.bus_health().is_connected() { Err(String::new()) } else { Ok(()) }
            })
            .await;
        }
        let began = Instant::now();
        here.call(identity(user), "sign_out", json!({}), None).await.unwrap();
        let (code, reason) = client.closed().await;
        assert_eq!((code, reason.as_str()), (4401, "signed out"), "{user}");
        assert!(began.elapsed() < Duration::from_millis(2_500), "{user}: {:?}", began.elapsed());
    }
}
