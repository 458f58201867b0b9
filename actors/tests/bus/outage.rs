//! Redis dies, hangs, comes back, loses messages: nothing durable is lost, and the bus recovers by itself.

use crate::place::{Place, Reader, World, append, numbers};
use crate::support::{database, eventually};
use estafette_actors::bus::Signal;
use estafette_actors::bus::redis::{Protocol, RedisBus};
use estafette_actors::testkit::TestRedis;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What delivery across nodes may take while Redis is away.
pub const FROM_THE_LOG: Duration = Duration::from_secs(2);

#[actix::test]
async fn redis_killed_and_started_again_loses_nothing_and_delivers_at_once_again() {
    for protocol in [Protocol::Auto, Protocol::Resp2] {
        let mut world = World::over(TestRedis::start(), protocol, "killed").await;
        let mut reader = Reader::new(world.there(), 0, "task:a").await;
        world.there().listens(1).await;
        let mut last = reader.hears_by_bus(world.here(), 0, 5).await;

        world.redis.as_mut().unwrap().kill();
        for place in &world.places {
            place.disconnected().await;
        }
        for _ in 0..3 {
            last += 1;
            world.here().commit("task:a", numbers(last..=last)).await;
            let took = reader.hears(last as usize).await;
            assert!(took < FROM_THE_LOG, "{took:?}");
        }
        assert!(world.here().health().error.is_some() && world.here().health().dropped > 0);

        world.redis.as_mut().unwrap().restart();
        for place in &world.places {
            place.connected(2).await;
        }
        let last = reader.hears_by_bus(world.here(), last, 12).await;
        assert_eq!(reader.seqs(), (1..=last).collect::<Vec<_>>());
    }
}

#[actix::test]
async fn a_frozen_redis_is_noticed_and_a_thawed_one_is_used_again() {
    let world = World::over(TestRedis::start(), Protocol::Auto, "frozen").await;
    let mut reader = Reader::new(world.there(), 0, "task:a").await;
    world.there().listens(1).await;
    let redis = world.redis.as_ref().unwrap();
    redis.freeze();
    world.here().commit("task:a", numbers(1..=3)).await;
    let took = reader.hears(3).await;
    assert!(took < FROM_THE_LOG, "{took:?}");
    for place in &world.places {
        place.disconnected().await;
    }
    redis.thaw();
    for place in &world.places {
        place.connected(2).await;
    }
    world.here().commit("task:a", numbers(4..=6)).await;
    reader.hears(6).await;
    assert_eq!(reader.seqs(), [1, 2, 3, 4, 5, 6]);
}

#[actix::test]
async fn a_lost_message_is_repaired_from_the_log_within_a_second_or_two() {
    for world in World::all().await {
        let mut reader = Reader::new(world.there(), 0, "task:a").await;
        world.there().listens(1).await;
        // Committed, and the bus never hears of it.
        append(&world.here().db, "task:a", numbers(1..=3)).await.unwrap();
        let took = reader.hears(3).await;
        assert!(took < FROM_THE_LOG, "{}: {took:?}", world.name);
        // A gap that the next event shows is repaired at once.
        append(&world.here().db, "task:a", numbers(4..=4)).await.unwrap();
        world.here().commit("task:a", numbers(5..=5)).await;
        reader.hears(5).await;
        assert_eq!(reader.seqs(), [1, 2, 3, 4, 5], "{}", world.name);
    }
}

#[actix::test]
async fn a_redis_that_is_down_at_the_start_is_found_when_it_comes_and_signals_waited_for_it() {
    let database = database().await;
    let mut redis = TestRedis::start();
    let options = redis.options(Protocol::Auto);
    redis.kill();
    let begin = || {
        let options = options.clone();
        Place::new(database.db(), |local| Arc::new(RedisBus::start(options, local)))
    };
    let (here, there) = (begin(), begin());
    let mut reader = Reader::new(&there, 0, "task:a").await;
    here.commit("task:a", numbers(1..=2)).await;
    reader.hears(2).await;
    eventually("the error is known", async || here.health().error.map(|_| ()).ok_or_else(String::new)).await;
    redis.restart();
    here.connected(1).await;
    there.connected(1).await;
    here.bus.signal(Signal::Queued);
    eventually(
        "the signal arrives",
        async || {
            if there.signals.0.lock().is_empty() { Err(String::new()) } else { Ok(()) }
        },
    )
    .await;
    // While it is away again a signal waits for it, and the one who asked does not.
    redis.kill();
    here.disconnected().await;
    there.disconnected().await;
    there.signals.0.lock().clear();
    let began = Instant::now();
    here.bus.signal(Signal::Queued);
    here.commit("task:a", numbers(3..=3)).await;
    assert!(began.elapsed() < Duration::from_secs(1));
    let waiting = here.health().waiting;
    assert_eq!(waiting, 1, "the signal waits, the event is in the log");
    reader.hears(3).await;
    redis.restart();
    there.connected(2).await;
    here.connected(2).await;
    eventually("the signal is sent", async || if here.health().waiting == 0 { Ok(()) } else { Err(String::new()) })
        .await;
}
