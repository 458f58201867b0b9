//! Nodes that die or hang: their tasks go on elsewhere, in time, and nothing happens twice.

use crate::process::NodeProcess;
use crate::support::{Client, count, database, ended, eventually, kinds, open_gate};
use estafette_actors::Db;
use estafette_actors::limits::{HEARTBEAT_LIMIT, MAX_RESCUES};
use estafette_actors::testkit::TestRedis;
use estafette_protocol::TaskId;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What a killed node's tasks may take until they move again.
const MOVES_AGAIN: Duration = Duration::from_secs(2);

fn chain() -> Value {
    json!([{"key": "a"}, {"key": "b", "needs": ["a"], "do": "until", "on": "g"}, {"key": "c", "needs": ["b"]}])
}

async fn start(client: &mut Client, steps: Value) -> TaskId {
    let answer = client.call("start", json!({"steps": steps})).await;
    TaskId::parse(answer["result"]["task_id"].as_str().unwrap_or_else(|| panic!("{answer}"))).unwrap()
}

async fn runs_of_b(db: &Db, expected: i64) {
    eventually("step b runs", async || match count(db, "SELECT count(*) FROM toy.runs WHERE step = 'b'").await {
        n if n >= expected => Ok(()),
        n => Err(format!("{n} of {expected}")),
    })
    .await;
}

async fn nothing_twice(db: &Db, tasks: i64) {
    assert_eq!(count(db, "SELECT count(*) FROM toy.runs WHERE step = 'a'").await, tasks, "a completed step ran again");
    assert_eq!(count(db, "SELECT count(*) FROM toy.effects").await, 3 * tasks);
    let completed = "SELECT count(*) FROM runtime.events WHERE kind = 'step.completed'";
    assert_eq!(count(db, completed).await, 3 * tasks, "each step completed once");
    assert_eq!(count(db, "SELECT count(*) FROM runtime.events WHERE kind = 'task.completed'").await, tasks);
}

#[actix::test]
async fn the_tasks_of_a_killed_node_move_again_within_two_seconds_and_their_watchers_see_no_seam() {
    const TASKS: i64 = 200;
    let (database, redis) = (database().await, TestRedis::start());
    let db = database.db();
    let mut first = NodeProcess::start(&database, &redis);
    let mut caller = first.client("ann").await;
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        tasks.push(start(&mut caller, chain()).await);
    }
    runs_of_b(&db, TASKS).await;
    let second = NodeProcess::start(&database, &redis);
    let mut watcher = second.client("ann").await;
    let topic = format!("task:{}", tasks[0]);
    assert_eq!(watcher.sub(&topic, None).await["t"], "ok");
    let from = watcher.next_of("snap").await["seq"].as_u64().unwrap();

    let killed_at = chrono::Utc::now().timestamp_micros();
    let killed = Instant::now();
    first.kill();
    runs_of_b(&db, 2 * TASKS).await;
    let all = killed.elapsed();
    let again = "SELECT (extract(epoch FROM at) * 1000000)::bigint FROM
                 (SELECT at, row_number() OVER (PARTITION BY task_id ORDER BY at) AS n FROM toy.runs WHERE step = 'b') r
                 WHERE n = 2 ORDER BY at";
    let again: Vec<i64> = db.query(again, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let p50 = Duration::from_micros((again[again.len() / 2] - killed_at) as u64);
    println!("{TASKS} tasks of a killed node move again: p50 {p50:?}, all after {all:?}");
    assert!(all < MOVES_AGAIN, "{all:?}");

    open_gate(&db, "g").await;
    for task in &tasks {
        ended(&db, task, "completed").await;
    }
    nothing_twice(&db, TASKS).await;
    // The watcher on the other node: every event once, in order, up to the end.
    let mut heard = Vec::new();
    while heard.last().is_none_or(|(_, kind)| kind != "task.completed") {
        let event = watcher.next_of("ev").await;
        heard.push((event["seq"].as_u64().unwrap(), event["kind"].as_str().unwrap().to_owned()));
    }
    let log = kinds(&db, &topic).await;
    let expected: Vec<(u64, String)> = (1..).zip(log).skip(from as usize).collect();
    assert_eq!(heard, expected);
    assert!(heard.iter().any(|(_, kind)| kind == "task.queued"), "it is told that it was queued again: {heard:?}");
    assert_eq!(count(&db, "SELECT count(*) FROM runtime.nodes").await, 1, "the dead node is forgotten");
}

#[actix::test]
async fn a_node_that_hangs_loses_its_tasks_and_changes_nothing_when_it_comes_back() {
    let (database, redis) = (database().await, TestRedis::start());
    let db = database.db();
    let first = NodeProcess::start(&database, &redis);
    let mut caller = first.client("ann").await;
    let task = start(&mut caller, chain()).await;
    runs_of_b(&db, 1).await;
    let mut second = NodeProcess::start(&database, &redis);
    let frozen = Instant::now();
    first.freeze();
    runs_of_b(&db, 2).await;
    let took = frozen.elapsed();
    assert!(
        took > HEARTBEAT_LIMIT - Duration::from_secs(2) && took < HEARTBEAT_LIMIT + Duration::from_secs(3),
        "{took:?}"
    );
    open_gate(&db, "g").await;
    ended(&db, &task, "completed").await;
    let log = kinds(&db, &format!("task:{task}")).await;

    // It comes back in the middle of step b, finishes it, and may not write that down.
    first.thaw();
    eventually("its heartbeat", async || {
        let silent = "SELECT count(*) FROM runtime.nodes WHERE heartbeat_at < now() - interval '3 seconds'";
        match count(&db, silent).await {
            0 => Ok(()),
            n => Err(format!("{n} nodes are silent")),
        }
    })
    .await;
    // It works again, by itself: alone now, it takes a task, and its client hears of it on the old socket or a new one.
    second.kill();
    let mut back = first.client("ann").await;
    let next =
        start(&mut back, json!([{"key": "a"}, {"key": "b", "needs": ["a"]}, {"key": "c", "needs": ["b"]}])).await;
    back.sub(&format!("task:{next}"), Some(json!({"epoch": epoch(&db).await, "seq": 0}))).await;
    loop {
        if back.next_of("ev").await["kind"] == "task.completed" {
            break;
        }
    }
    nothing_twice(&db, 2).await;
    assert_eq!(kinds(&db, &format!("task:{task}")).await, log, "nothing was added after its return");
}

/// A node that hangs for less than the heartbeat limit keeps its tasks: who was told that it is lost is told that it is not.
#[actix::test]
async fn a_node_that_is_back_before_its_tasks_are_taken_says_so() {
    let (database, redis) = (database().await, TestRedis::start());
    let db = database.db();
    let first = NodeProcess::start(&database, &redis);
    let mut caller = first.client("ann").await;
    let task = start(&mut caller, chain()).await;
    runs_of_b(&db, 1).await;
    let second = NodeProcess::start(&database, &redis);
    let mut watcher = second.client("ann").await;
    let topic = format!("task:{task}");
    watcher.sub(&topic, None).await;
    first.freeze();
    let waits = async |watcher: &mut Client| loop {
        let live = watcher.next_of("live").await;
        if live["topic"] == topic.as_str() && live["kind"] == "task.progress" {
            break live["data"]["waits"].clone();
        }
    };
    while waits(&mut watcher).await[0]["reason"] != "worker_lost" {}
    first.thaw();
    // A commit may tell progress as well, but this step is held open: only the return can.
    while waits(&mut watcher).await.get(0).is_some() {}
    assert_eq!(count(&db, "SELECT max(rescues)::bigint FROM runtime.tasks").await, 0);
    open_gate(&db, "g").await;
    ended(&db, &task, "completed").await;
    nothing_twice(&db, 1).await;
}

async fn epoch(db: &Db) -> i64 {
    count(db, "SELECT epoch FROM runtime.meta").await
}

#[actix::test]
async fn a_task_that_keeps_killing_its_node_is_parked_after_three_rescues_and_says_so() {
    let (database, redis) = (database().await, TestRedis::start());
    let db = database.db();
    let mut node = NodeProcess::start(&database, &redis);
    let mut caller = node.client("ann").await;
    // The call's answer may be lost with the node: the row is looked up.
    caller
        .send(
            json!([{"t": "call", "id": 900, "method": "start", "params": {"steps": [{"key": "boom", "do": "abort"}]}}]),
        )
        .await;
    node.ended().await;
    let killer: String = db.query_one("SELECT id FROM runtime.tasks", &[]).await.unwrap().get(0);
    let killer = TaskId::parse(killer).unwrap();
    let mut deaths = 1;
    let survivor = loop {
        let Some(mut node) = NodeProcess::try_start(&database, &redis) else {
            deaths += 1;
            continue;
        };
        let settled = eventually("the node dies, or the task is parked", async || {
            let parked = crate::support::status(&db, &killer).await == "failed";
            let rescues = count(&db, "SELECT rescues::bigint FROM runtime.tasks").await;
            let runs = count(&db, "SELECT count(*) FROM toy.runs").await;
            if parked || runs > deaths {
                Ok(parked)
            } else {
                Err(format!("{rescues} rescues, {runs} runs, {deaths} deaths"))
            }
        })
        .await;
        if settled {
            break node;
        }
        node.ended().await;
        deaths += 1;
        assert!(deaths <= i64::from(MAX_RESCUES) + 1, "it goes on killing");
    };
    assert_eq!(deaths, i64::from(MAX_RESCUES) + 1, "the first death and one for each rescue");
    let row = db.query_one("SELECT status, error, rescues FROM runtime.tasks", &[]).await.unwrap();
    let (status, error, rescues): (String, String, i32) = (row.get(0), row.get(1), row.get(2));
    assert_eq!((status.as_str(), rescues), ("failed", MAX_RESCUES));
    assert!(error.contains("interrupted 4 times"), "{error}");
    let ended = db
        .query_one("SELECT data FROM runtime.events WHERE kind = 'task.failed'", &[])
        .await
        .unwrap()
        .get::<_, Value>(0);
    assert_eq!((&ended["code"], &ended["status"]), (&json!("parked"), &json!("failed")), "{ended}");
    // Its owner is told on the feed, and the node that is left serves.
    let told = "SELECT count(*) FROM runtime.events e JOIN runtime.topics t ON t.id = e.topic_id
                WHERE t.topic = 'user:ann' AND e.kind = 'task.finished' AND e.data->>'code' = 'parked'";
    assert_eq!(count(&db, told).await, 1);
    let mut caller = survivor.client("ann").await;
    let innocent = start(&mut caller, json!([{"key": "a"}])).await;
    crate::support::ended(&db, &innocent, "completed").await;
}
