//! What every bus must do.

use crate::place::{Reader, World, numbers};
use crate::support::eventually;
use estafette_actors::bus::Signal;
use estafette_actors::limits::{BUS_LINGER, BUS_MESSAGE_BYTES};
use estafette_protocol::{SessionId, TaskId, UserId};
use serde_json::json;
use std::time::{Duration, Instant};

#[actix::test]
async fn events_reach_every_reader_of_every_node_once_and_in_their_order() {
    for world in World::all().await {
        let (here, there) = (world.here(), world.there());
        let mut readers = vec![
            Reader::new(here, 0, "task:a").await,
            Reader::new(here, 1, "task:a").await,
            Reader::new(there, 0, "task:a").await,
            Reader::new(there, 1, "task:a").await,
        ];
        for place in &world.places {
            place.listens(1).await;
        }
        // Batches of many sizes, from both nodes by turns.
        let mut sent = 0;
        for batch in 1..=40_u64 {
            let from = if batch % 2 == 0 { here } else { there };
            from.commit("task:a", numbers(1..=batch)).await;
            sent += batch as usize;
        }
        for reader in &mut readers {
            reader.hears(sent).await;
            assert_eq!(reader.seqs(), (1..=sent as u64).collect::<Vec<_>>(), "{}", world.name);
        }
    }
}

#[actix::test]
async fn topics_do_not_mix_and_a_commit_over_several_topics_reaches_each() {
    for world in World::all().await {
        let mut a = Reader::new(world.there(), 0, "task:a").await;
        let mut b = Reader::new(world.there(), 0, "task:b").await;
        world.there().listens(2).await;
        for n in 1..=20 {
            world.here().commit("task:a", numbers(n..=n)).await;
            world.here().commit("task:b", numbers(n..=n)).await;
            world.here().commit("task:nobody", numbers(n..=n)).await;
        }
        for reader in [&mut a, &mut b] {
            reader.hears(20).await;
            assert_eq!(reader.seqs(), (1..=20).collect::<Vec<_>>(), "{}", world.name);
        }
    }
}

#[actix::test]
async fn volatile_events_travel_and_are_not_stored() {
    for world in World::all().await {
        let mut reader = Reader::new(world.there(), 0, "task:a").await;
        let mut own = Reader::new(world.here(), 1, "task:a").await;
        world.there().listens(1).await;
        // A volatile event has no second way: not before Redis has the subscription.
        world.here().commit("task:a", numbers(1..=1)).await;
        reader.hears(1).await;
        let deadline = Instant::now() + Duration::from_secs(20);
        while !reader.heard.iter().any(|message| message["t"] == "live") {
            assert!(Instant::now() < deadline, "{}", world.name);
            world.here().live("task:a", "s1", json!({"text": "Wor"}));
            tokio::time::sleep(Duration::from_millis(20)).await;
            reader.take().await;
        }
        let live = reader.heard.iter().find(|message| message["t"] == "live").unwrap();
        assert_eq!(
            (&live["key"], &live["kind"], &live["data"]),
            (&json!("s1"), &json!("toy.live"), &json!({"text": "Wor"}))
        );
        own.take().await;
        assert_eq!(own.seqs(), [1]);
        assert!(own.heard.iter().any(|message| message["t"] == "live"), "{}", world.name);
        let stored = world.here().db.query_one("SELECT count(*) FROM runtime.events", &[]).await.unwrap();
        assert_eq!(stored.get::<_, i64>(0), 1, "{}", world.name);
    }
}

#[actix::test]
async fn an_event_that_is_too_large_for_a_message_arrives_all_the_same() {
    for world in World::all().await {
        let mut reader = Reader::new(world.there(), 0, "task:a").await;
        world.there().listens(1).await;
        let large = json!({"text": "x".repeat(BUS_MESSAGE_BYTES + 1)});
        world.here().commit("task:a", vec![json!(1), large.clone(), json!(3)]).await;
        reader.hears(3).await;
        assert_eq!(reader.seqs(), [1, 2, 3], "{}", world.name);
        assert_eq!(reader.heard[1]["data"], large);
    }
}

#[actix::test]
async fn signals_reach_every_node_and_the_own_one_once() {
    for world in World::all().await {
        let all = [
            Signal::Stopped(TaskId::parse("t1").unwrap()),
            Signal::Queued,
            Signal::Recheck(UserId::parse("u1").unwrap()),
            Signal::SignedOut(SessionId::parse("s1").unwrap(), "the password was changed".to_owned()),
        ];
        for signal in &all {
            world.here().bus.signal(signal.clone());
        }
        for place in &world.places {
            eventually("the signals arrive", async || {
                let heard = place.signals.0.lock().clone();
                if heard.len() >= all.len() { Ok(()) } else { Err(format!("{heard:?}")) }
            })
            .await;
        }
        // What came twice would have come by now: another round trip is over.
        world.there().bus.signal(Signal::Queued);
        eventually("the next one arrives", async || {
            if world.here().signals.0.lock().len() > all.len() { Ok(()) } else { Err(String::new()) }
        })
        .await;
        for place in &world.places {
            assert_eq!(place.signals.0.lock()[..all.len()], all, "{}", world.name);
            assert_eq!(place.signals.0.lock().len(), all.len() + 1, "{}", world.name);
        }
    }
}

#[actix::test]
async fn a_node_without_readers_receives_nothing_of_a_topic() {
    let worlds = World::all().await;
    let each = worlds.iter().filter(|world| world.redis.is_some()).map(receives_nothing);
    futures_util::future::join_all(each).await;
}

async fn receives_nothing(world: &World) {
    let mut reader = Reader::new(world.here(), 0, "task:a").await;
    let (one, other) = (Reader::new(world.there(), 0, "task:b").await, Reader::new(world.there(), 1, "task:b").await);
    world.there().listens(1).await;
    let before = world.there().health().received;
    for n in 1..=500 {
        world.here().commit("task:a", numbers(n..=n)).await;
        world.here().live("task:a", "s", json!(n));
    }
    reader.reaches(500).await;
    eventually("all is sent", async || {
        let waiting = world.here().health().waiting;
        if waiting == 0 { Ok(()) } else { Err(format!("{waiting} wait")) }
    })
    .await;
    let received = world.there().health().received - before;
    // Its own probes, one a second.
    assert!(received <= 30, "{}: {received} messages came to a node that reads another topic", world.name);

    // A topic is let go when the last hub has no reader of it, a moment later.
    one.leave().await;
    tokio::time::sleep(BUS_LINGER / 10).await;
    world.there().listens(1).await;
    other.leave().await;
    eventually("the topic is let go", async || {
        let topics = world.there().health().topics;
        if topics == 0 { Ok(()) } else { Err(format!("{topics} topics")) }
    })
    .await;
    let redis = world.redis.as_ref().unwrap();
    let command = if world.there().health().sharded { "SHARDNUMSUB" } else { "NUMSUB" };
    eventually("Redis knows it", async || {
        let answer = redis.ask(&["PUBSUB", command, "test:t:toy/task:b"]);
        if answer.contains("int(0)") { Ok(()) } else { Err(answer) }
    })
    .await;
    // And comes back with the next reader.
    let mut back = Reader::new(world.there(), 1, "task:b").await;
    world.here().commit("task:b", numbers(1..=1)).await;
    back.hears(1).await;
}

#[actix::test]
async fn servers_are_used_as_they_are() {
    for world in World::all().await {
        let Some(redis) = &world.redis else { continue };
        let health = world.here().health();
        let seven = health.server.starts_with("Redis 7") || health.server.starts_with("Valkey");
        let resp2 = world.name.ends_with("RESP2");
        assert_eq!(health.resp, if resp2 { 2 } else { 3 }, "{}", world.name);
        assert_eq!(health.sharded, seven && world.name.ends_with("cluster"), "{}: {}", world.name, health.server);
        // Two connections a node, and nothing else is left behind by the start.
        let clients = redis.ask(&["CLIENT", "LIST"]);
        assert_eq!(
            clients.lines().filter(|line| !line.contains("cmd=client")).count(),
            4,
            "{}:\n{clients}",
            world.name
        );
        assert!(health.round_trip.is_none_or(|took| took < Duration::from_millis(500)));
    }
}
