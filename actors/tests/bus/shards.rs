//! A cluster of several Redis: topics are spread over its nodes, a slot moves, a node dies and comes back.

use crate::outage::FROM_THE_LOG;
use crate::place::{Place, Reader, numbers};
use crate::support::{database, eventually};
use estafette_actors::bus::redis::Protocol;
use estafette_actors::testkit::TestRedis;
use std::sync::Arc;

const TOPICS: usize = 24;
const SHARDS: usize = 3;

fn topic(index: usize) -> String {
    format!("task:t{index}")
}

/// Commits so many more events to each topic.
async fn commit_more(place: &Place, last: &mut [u64; TOPICS], events: u64) {
    for (index, last) in last.iter_mut().enumerate() {
        place.commit(&topic(index), numbers(*last + 1..=*last + events)).await;
        *last += events;
    }
}

/// The sharded channels that a node of the cluster holds.
fn channels(shard: &TestRedis) -> Vec<String> {
    let answer = shard.ask(&["PUBSUB", "SHARDCHANNELS"]);
    let name = |rest: &str| Some(rest.split_once('\'')?.0.trim_matches('"').to_owned());
    answer.split("bulk-string('").skip(1).filter_map(name).collect()
}

#[actix::test]
async fn a_cluster_of_three_carries_every_topic_survives_a_moved_slot_and_a_dead_node() {
    for server in TestRedis::servers() {
        let start = move || TestRedis::start_shards::<SHARDS>(&server);
        let mut shards = tokio::task::spawn_blocking(start).await.unwrap();
        let database = database().await;
        let over = |shards: &[TestRedis; SHARDS]| Place::over_redis(database.db(), &shards[0], Protocol::Auto);
        let (here, there) = (Arc::new(over(&shards)), Arc::new(over(&shards)));
        for place in [&here, &there] {
            place.connected(1).await;
        }
        if !there.health().sharded {
            // Before Redis 7 a cluster carries ordinary channels to all of its nodes, as the conformance suite shows.
            continue;
        }
        assert_eq!(there.health().servers, SHARDS);
        let mut readers = Vec::new();
        for index in 0..TOPICS {
            readers.push(Reader::new(&there, index % 2, &topic(index)).await);
        }
        there.listens(TOPICS).await;
        let mut last = [0; TOPICS];
        for (reader, last) in readers.iter_mut().zip(&mut last) {
            *last = reader.hears_by_bus(&here, *last, 3).await;
        }
        for shard in &shards {
            assert!(!channels(shard).is_empty(), "every node of the cluster has its share");
        }

        // A slot moves to another node, as when a cluster is resized.
        let moved = channels(&shards[1]).into_iter().find(|channel| channel.contains("task")).unwrap();
        let slot: String =
            shards[1].ask(&["CLUSTER", "KEYSLOT", &moved]).chars().filter(char::is_ascii_digit).collect();
        let owner = shards[2].ask(&["CLUSTER", "MYID"]);
        for shard in [&shards[2], &shards[1], &shards[0]] {
            shard.ask(&["CLUSTER", "SETSLOT", &slot, "NODE", &owner]);
        }
        there.connected(2).await;
        there.listens(TOPICS).await;
        commit_more(&here, &mut last, 1).await;
        for (reader, last) in readers.iter_mut().zip(&last) {
            reader.hears(*last as usize).await;
        }
        // Who only sends finds out by what it sends.
        here.connected(2).await;
        for (reader, last) in readers.iter_mut().zip(&mut last) {
            *last = reader.hears_by_bus(&here, *last, 1).await;
        }
        assert!(channels(&shards[2]).contains(&moved), "at its new node");

        // A node dies: its topics, and all others, go on from the log.
        shards[1].kill();
        for place in [&here, &there] {
            place.disconnected().await;
        }
        commit_more(&here, &mut last, 1).await;
        for (reader, last) in readers.iter_mut().zip(&last) {
            let took = reader.hears(*last as usize).await;
            assert!(took < FROM_THE_LOG, "{took:?}");
        }
        shards[1].restart();
        let connects = here.health().connects.max(there.health().connects) + 1;
        eventually("both nodes are back", async || {
            let (one, other) = (here.health(), there.health());
            let back = one.connected && other.connected && one.servers == SHARDS && other.servers == SHARDS;
            if back { Ok(()) } else { Err(format!("{connects}: {one:?} {other:?}")) }
        })
        .await;
        there.listens(TOPICS).await;
        commit_more(&here, &mut last, 2).await;
        for (reader, last) in readers.iter_mut().zip(&last) {
            reader.hears(*last as usize).await;
            assert_eq!(reader.seqs(), (1..=*last).collect::<Vec<_>>());
        }
        for reader in readers {
            reader.leave().await;
        }
    }
}
