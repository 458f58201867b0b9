//! A cluster of several Redis: topics are spread over its nodes, a slot moves, a node dies and comes back.

use crate::place::{Place, Reader, numbers};
use crate::support::{database, eventually};
use estafette_actors::bus::redis::Protocol;
use estafette_actors::testkit::TestRedis;
use std::sync::Arc;
use std::time::Duration;

const TOPICS: usize = 24;
const SHARDS: usize = 3;
/// What delivery across nodes may take while a shard is away.
const FROM_THE_LOG: Duration = Duration::from_secs(2);

fn topic(index: usize) -> String {
    format!("task:t{index}")
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
        for (index, reader) in readers.iter_mut().enumerate() {
            here.commit(&topic(index), numbers(1..=3)).await;
            reader.hears(3).await;
            assert_eq!(reader.pages, 0, "delivered by the bus");
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
        let mut pages = Vec::new();
        for index in 0..TOPICS {
            here.commit(&topic(index), numbers(4..=4)).await;
        }
        for reader in &mut readers {
            reader.hears(4).await;
            // What reading anew after the change found, or nothing: not what was committed after it.
            pages.push(reader.pages);
        }
        // Who only sends finds out by what it sends.
        here.connected(2).await;
        for (index, reader) in readers.iter_mut().enumerate() {
            here.commit(&topic(index), numbers(5..=5)).await;
            reader.hears(5).await;
            assert_eq!(reader.pages, pages[index], "by the bus again");
        }
        assert!(channels(&shards[2]).contains(&moved), "at its new node");

        // A node dies: its topics, and all others, go on from the log.
        shards[1].kill();
        for place in [&here, &there] {
            place.disconnected().await;
        }
        for index in 0..TOPICS {
            here.commit(&topic(index), numbers(6..=6)).await;
        }
        for reader in &mut readers {
            let took = reader.hears(6).await;
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
        for (index, reader) in readers.iter_mut().enumerate() {
            here.commit(&topic(index), numbers(7..=8)).await;
            reader.hears(8).await;
            assert_eq!(reader.seqs(), (1..=8).collect::<Vec<_>>());
        }
        for reader in readers {
            reader.leave().await;
        }
    }
}
