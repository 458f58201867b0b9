//! The trace of a commit goes with its events to every node.

use crate::place::{Reader, World, numbers};
use crate::support::eventually;
use estafette_actors::limits::BUS_MESSAGE_BYTES;
use estafette_actors::trace::{self, Propagator, TraceParent};
use parking_lot::Mutex;
use serde_json::json;
use std::cell::RefCell;
use tracing::Span;

/// The contexts that spans of this process were made children of.
static ADOPTED: Mutex<Vec<TraceParent>> = Mutex::new(Vec::new());

thread_local! {
    /// The context of whatever runs on this thread: what a span of an exporter would have.
    static CONTEXT: RefCell<Option<TraceParent>> = const { RefCell::new(None) };
}

struct OfThread;

impl Propagator for OfThread {
    fn context(&self, _: &Span) -> Option<TraceParent> {
        CONTEXT.with_borrow(Clone::clone)
    }
    fn adopt(&self, _: &Span, parent: &TraceParent) {
        ADOPTED.lock().push(parent.clone());
    }
}

fn context(world: usize, commit: u64, flags: &str) -> TraceParent {
    TraceParent::parse(&format!("00-{:032x}-{commit:016x}-{flags}", world + 1)).unwrap()
}

fn adopted(world: usize) -> Vec<TraceParent> {
    let trace = format!("00-{:032x}-", world + 1);
    ADOPTED.lock().iter().filter(|context| context.as_str().starts_with(&trace)).cloned().collect()
}

#[actix::test]
async fn the_trace_of_a_commit_goes_with_its_events_to_the_other_node_and_nothing_goes_without_one() {
    trace::install(Box::new(OfThread));
    for (n, world) in World::all().await.into_iter().enumerate() {
        let mut readers = vec![Reader::new(world.there(), 0, "task:a").await];
        readers.push(Reader::new(world.here(), 1, "task:a").await);
        world.there().listens(1).await;
        let mut sent = 0;
        if world.redis.is_none() {
            // The hubs are given the span itself.
            CONTEXT.set(Some(context(n, 1, "01")));
            world.here().commit("task:a", numbers(1..=3)).await;
            readers[0].hears(3).await;
            assert_eq!(adopted(n), [], "{}", world.name);
            continue;
        }
        // Redis may have the subscriptions a moment later.
        let warm = [(world.here(), context(n, 1, "01")), (world.there(), context(n, 2, "01"))];
        while !warm.iter().all(|(_, context)| adopted(n).contains(context)) {
            assert!(sent < 2_000, "{}", world.name);
            for (place, context) in &warm {
                CONTEXT.set(Some(context.clone()));
                place.commit("task:a", numbers(1..=1)).await;
                sent += 1;
                for reader in &mut readers {
                    reader.hears(sent).await;
                }
            }
        }

        // Neither without a trace nor in one that nobody keeps.
        for none in [None, Some(context(n, 5, "00"))] {
            CONTEXT.set(none);
            world.here().commit("task:a", numbers(1..=5)).await;
            sent += 5;
        }
        // Events that need two messages, one that is too large for any, one more: each message has it, the large event's
        // (which is read in the log) has not.
        CONTEXT.set(Some(context(n, 3, "01")));
        let half = json!({"text": "x".repeat(BUS_MESSAGE_BYTES * 2 / 3)});
        let large = json!({"text": "x".repeat(BUS_MESSAGE_BYTES + 1)});
        world.here().commit("task:a", vec![half.clone(), half, large, json!(4)]).await;
        sent += 4;
        // From the other side, so that this is the last thing to come here.
        CONTEXT.set(Some(context(n, 4, "01")));
        world.there().commit("task:a", numbers(1..=2)).await;
        sent += 2;
        for reader in &mut readers {
            reader.hears(sent).await;
            assert_eq!(reader.seqs(), (1..=sent as u64).collect::<Vec<_>>(), "{}", world.name);
        }
        let expected = [3, 3, 3, 4].map(|commit| context(n, commit, "01"));
        let came = eventually("the traces arrive", async || {
            let mut came = adopted(n);
            came.retain(|context| warm.iter().all(|(_, warm)| warm != context));
            came.sort_by(|one, other| one.as_str().cmp(other.as_str()));
            if came.len() < expected.len() { Err(format!("{}: {came:?}", world.name)) } else { Ok(came) }
        })
        .await;
        assert_eq!(came, expected, "{}", world.name);
        CONTEXT.set(None);
    }
}
