//! What actix does, as far as this crate relies on it. Observed, not promised: an upgrade that changes it fails here.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::panic, missing_docs)]

use actix::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[derive(Message)]
#[rtype(result = "()")]
struct Hit;

#[derive(Message)]
#[rtype(result = "()")]
struct Panic;

struct Counter {
    hits: Arc<AtomicUsize>,
    stopped: Arc<AtomicUsize>,
}

impl Actor for Counter {
    type Context = Context<Self>;
    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(4);
    }
    fn stopped(&mut self, _: &mut Self::Context) {
        self.stopped.fetch_add(1, Ordering::SeqCst);
    }
}
impl Handler<Hit> for Counter {
    type Result = ();
    fn handle(&mut self, _: Hit, _: &mut Self::Context) {
        self.hits.fetch_add(1, Ordering::SeqCst);
    }
}
impl Handler<Panic> for Counter {
    type Result = ();
    fn handle(&mut self, _: Panic, _: &mut Self::Context) {
        panic!("told to");
    }
}

fn counter() -> (Addr<Counter>, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (hits, stopped) = (Arc::default(), Arc::default());
    let actor = Counter { hits: Arc::clone(&hits), stopped: Arc::clone(&stopped) };
    (actor.start(), hits, stopped)
}

#[actix::test]
async fn do_send_ignores_the_capacity_and_try_send_respects_it() {
    let (addr, _, _) = counter();
    addr.send(Hit).await.unwrap();
    let taken = (0..1_000).filter(|_| addr.try_send(Hit).is_ok()).count();
    assert!((4..16).contains(&taken), "try_send took {taken} of 1,000 at a capacity of 4");
    let (addr, hits, _) = counter();
    addr.send(Hit).await.unwrap();
    for _ in 0..1_000 {
        addr.do_send(Hit);
    }
    addr.send(Hit).await.unwrap();
    assert_eq!(hits.load(Ordering::SeqCst), 1_002);
}

#[actix::test]
async fn a_panic_kills_the_actor_alone_and_stopped_runs_while_somebody_holds_its_address() {
    let (addr, _, stopped) = counter();
    let (other, hits, _) = counter();
    assert!(addr.send(Panic).await.is_err());
    for _ in 0..1_000 {
        if !addr.connected() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(!addr.connected(), "its mailbox is closed for good");
    assert_eq!(stopped.load(Ordering::SeqCst), 1);
    other.send(Hit).await.unwrap();
    assert_eq!(hits.load(Ordering::SeqCst), 1, "the arbiter and its other actors go on");
}
