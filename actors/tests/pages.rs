//! Pages of the log: bounded by number and by bytes, whatever the events are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use estafette_actors::event::log::{Head, each_head, head, heads, moved, page};
use estafette_actors::event::{StoredEvent, TopicKey};
use estafette_actors::limits::{LOG_PAGE, LOG_PAGE_BYTES, LOG_PIECE, LOG_ROW};
use estafette_actors::{Db, RuntimeConfig};
use serde_json::json;
use std::sync::Arc;
use support::{database, identity, product, runtime};

/// Reads the whole log; returns the size of each page, after a look at the order.
async fn pages(db: &Db, room: &str) -> Vec<usize> {
    let key = TopicKey { product: product(), topic: format!("room:{room}").parse().unwrap() };
    let (mut after, mut sizes) = (0, Vec::new());
    loop {
        let page = page(db, &key, after).await.unwrap();
        if page.events.is_empty() {
            assert_eq!(after, page.head.seq);
            return sizes;
        }
        for event in &page.events {
            assert_eq!(event.seq, after + 1);
            after = event.seq;
        }
        sizes.push(page.events.len());
    }
}

#[actix::test]
async fn a_page_is_bounded_by_number_and_by_bytes() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let large = "x".repeat(LOG_PAGE_BYTES / 4);
    for (room, pad, events) in [("small", "", LOG_PAGE + 10), ("large", large.as_str(), 3 * LOG_PIECE)] {
        for _ in 0..events {
            runtime.call(identity("ann"), "add", json!({"room": room, "pad": pad}), None).await.unwrap();
        }
    }
    let (whole, piece) = (usize::try_from(LOG_PAGE).unwrap(), usize::try_from(LOG_PIECE).unwrap());
    assert_eq!(pages(&db, "small").await, vec![whole, 10]);
    // Eight of them are twice what a page may have: no second piece is read.
    assert_eq!(pages(&db, "large").await, vec![piece; 3]);
}

fn room(name: &str) -> TopicKey {
    TopicKey { product: product(), topic: format!("room:{name}").parse().unwrap() }
}

#[actix::test]
async fn a_commit_over_new_and_old_topics_reaches_each_at_its_head() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    // In the log's order of age `z` is the first, by name it is the last; `m` is new.
    for (name, times) in [("z", 3), ("a", 2), ("m", 0)] {
        for _ in 0..times {
            runtime.call(identity("ann"), "add", json!({"room": name}), None).await.unwrap();
        }
    }
    let topics = ["z", "m", "a"].map(|name| room(name).topic);
    let write = async |tx: &mut estafette_actors::Tx<'_>| {
        for round in 0..2 {
            for topic in &topics {
                tx.emit(topic, "added", &json!({"of": topic.to_string(), "round": round}))?;
            }
        }
        Ok(())
    };
    runtime.transaction(&product(), write).await.unwrap();
    for (name, before) in [("z", 3), ("a", 2), ("m", 0)] {
        let page = page(&db, &room(name), before).await.unwrap();
        let told = |event: &StoredEvent| serde_json::to_value(event.message()).unwrap();
        let found: Vec<_> = page.events.iter().map(|event| (event.seq, told(event)["data"].clone())).collect();
        let of = |round: u64| json!({"of": format!("room:{name}"), "round": round});
        assert_eq!(found, [(before + 1, of(0)), (before + 2, of(1))]);
    }
}

#[actix::test]
async fn a_head_that_moved_is_told_by_its_number() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    for name in ["one", "two"] {
        runtime.call(identity("ann"), "add", json!({"room": name}), None).await.unwrap();
    }
    let found = heads(&db, &[room("one"), room("none"), room("two")]).await.unwrap();
    let [Some(one), None, Some(two)] = found[..] else { panic!("one without events has no number: {found:?}") };
    let known = [one, two];
    let client = db.connection().await.unwrap();
    let each = each_head(&client, &[&room("two"), &room("none"), &room("one"), &room("two")]).await.unwrap();
    let none = head(&client, &room("none")).await.unwrap();
    assert_eq!(each, [two.1, none, one.1, two.1], "in the order of the topics, each as by itself");
    assert_eq!(moved(&db, &known).await.unwrap(), []);
    runtime.call(identity("ann"), "add", json!({"room": "two"}), None).await.unwrap();
    let (two, head) = two;
    assert_eq!(moved(&db, &known).await.unwrap(), [(two, Head { seq: 2, ..head })]);
    let elsewhere = Head { epoch: head.epoch + 1, seq: 9, ..head };
    assert_eq!(moved(&db, &[(two, elsewhere)]).await.unwrap(), [(two, Head { seq: 2, ..head })], "it began anew");
}

#[actix::test]
async fn events_that_are_committed_together_share_rows_and_are_read_from_any_of_them() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let topics = ["one", "two"].map(|room| format!("room:{room}").parse::<estafette_protocol::Topic>().unwrap());
    // Of two topics in turn, so that what belongs together does not stand together; one event is longer than a row.
    let events = u64::try_from(LOG_ROW.0).unwrap() * 5 + 3;
    let long = "x".repeat(LOG_ROW.1 + 1);
    let write = async |tx: &mut estafette_actors::Tx<'_>| {
        for n in 0..events {
            for topic in &topics {
                let pad = if n == 100 { long.as_str() } else { "" };
                tx.emit(topic, "added", &json!({"n": n, "pad": pad}))?;
            }
        }
        Ok(())
    };
    runtime.transaction(&product(), write).await.unwrap();
    let rows = support::count(&db, "SELECT count(*) FROM runtime.log").await;
    assert!((12..=20).contains(&rows), "{rows} rows for {events} events of two topics");
    assert_eq!(support::count(&db, "SELECT count(*) FROM runtime.events").await, i64::try_from(events * 2).unwrap());
    let numbers = "SELECT count(*) FROM runtime.events WHERE (data ->> 'n')::bigint <> seq - 1 OR kind <> 'added'";
    assert_eq!(support::count(&db, numbers).await, 0);
    let whole = usize::try_from(LOG_PAGE).unwrap();
    for room in ["one", "two"] {
        assert_eq!(pages(&db, room).await, vec![whole, usize::try_from(events).unwrap() - whole]);
        let key = TopicKey { product: product(), topic: format!("room:{room}").parse().unwrap() };
        for after in [0, 1, 62, 63, 64, 65, 99, 100, 101, events - 1] {
            let page = page(&db, &key, after).await.unwrap();
            let first = page.events.first().unwrap();
            assert_eq!(first.seq, after + 1);
            assert!(serde_json::to_string(first.message()).unwrap().contains(&format!("\"n\":{after}")));
        }
    }
}
