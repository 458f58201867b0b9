//! Pages of the log: bounded by number and by bytes, whatever the events are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use estafette_actors::event::TopicKey;
use estafette_actors::event::log::page;
use estafette_actors::limits::{LOG_PAGE, LOG_PAGE_BYTES, LOG_PIECE};
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
