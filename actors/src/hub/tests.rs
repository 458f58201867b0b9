//! What a hub claims of its topics, and what it keeps of them.

use super::*;
use crate::bus::InProcess;
use crate::event::StoredEvent;
use crate::event::log::LogId;
use crate::limits::{RECONCILE_NAMES_EVERY, RING_EVENTS};
use crate::session::outbox::Bounds;
use estafette_protocol::{Codec, EventKind, ProductId, Timestamp, Topic};
use serde_json::json;

fn hub() -> Hub {
    let manager = deadpool_postgres::Manager::new(tokio_postgres::Config::new(), tokio_postgres::NoTls);
    // Nobody connects.
    let pool = deadpool_postgres::Pool::builder(manager).max_size(1).build().unwrap();
    Hub {
        db: Db::new(pool),
        bus: Arc::new(InProcess::new(Arc::default())),
        topics: HashMap::new(),
        members: HashMap::new(),
        lagging: Arc::default(),
        reconciling: false,
        reconcile_again: false,
        named: None,
        due: BinaryHeap::new(),
        wakes: None,
    }
}

#[actix::test]
async fn what_a_comparison_finds_first_may_be_on_its_way() {
    let key = TopicKey { product: ProductId::parse("p").unwrap(), topic: Topic::parse("t:1").unwrap() };
    let head = |epoch, seq| Head { epoch, seq, floor: 0 };
    let outbox = Outbox::new(Codec::Json, Bounds::DEFAULT);
    let sub = outbox.subscribe(key.clone(), None).unwrap();
    outbox.give_back(sub);
    outbox.work().unwrap();
    let state = ServerMessage::Snap { topic: key.topic.clone(), epoch: 1, seq: 4, state: json!({}) };
    outbox.snapshot(sub, head(1, 4), &state);
    let mut hub = hub();
    let topic = TopicState {
        head: Some(head(1, 4)),
        id: Some(LogId(7)),
        asked: true,
        readers: vec![(Arc::clone(&outbox), sub)],
        ..TopicState::default()
    };
    hub.topics.insert(key.clone(), topic);

    let began = Instant::now();
    let moved = |head| Some(HashMap::from([(LogId(7), head)]));
    assert_eq!(hub.compare_numbered(moved(head(1, 5)), began), [(key.clone(), head(1, 5))]);
    let named = Some(vec![(key.clone(), Some((LogId(7), head(1, 5))))]);
    assert_eq!(hub.compare_named(named, began), [(key.clone(), head(1, 5))]);
    let topic = hub.topics.get_mut(&key).unwrap();
    assert_eq!((topic.compared, outbox.depth().behind), (None, 0), "nothing is claimed, and nobody reads");

    // It has come meanwhile, and then one more did not.
    topic.head = Some(head(1, 5));
    topic.compare(&key, head(1, 5));
    assert_eq!(outbox.depth().behind, 0);
    topic.compare(&key, head(1, 6));
    assert_eq!(outbox.depth().behind, 1, "it was lost: its reader reads the log");

    assert_eq!(hub.compare_numbered(moved(head(2, 1)), began), [], "another life of the log is on nobody's way");
    assert_eq!(hub.topics[&key].head, Some(head(2, 1)));
    assert_eq!(hub.topics[&key].compared, Some(began));
}

#[actix::test]
async fn news_are_kept_for_a_while_and_the_newest_of_them() {
    let key = TopicKey { product: ProductId::parse("p").unwrap(), topic: Topic::parse("t:1").unwrap() };
    let kind = EventKind::parse("x.y").unwrap();
    let event =
        |seq| StoredEvent::new(key.clone(), 1, seq, kind.clone(), Timestamp::new(chrono::Utc::now()), json!({}));
    let mut hub = hub();
    let began = Instant::now();
    let after = |seconds| began + Duration::from_secs(seconds);
    let topic = hub.topics.entry(key.clone()).or_default();
    let events = RING_EVENTS as u64;
    (1..=events).for_each(|seq| topic.keep(&event(seq), after(0)));
    topic.keep(&event(events + 1), after(30));
    let kept = |hub: &Hub| {
        let ring = &hub.topics[&key].ring;
        (ring.front().map(|(_, event)| event.seq), ring.len(), ring.capacity() > 0)
    };
    assert_eq!(kept(&hub), (Some(2), RING_EVENTS, true), "no more than so many");

    hub.forget_old_events(after(59));
    assert_eq!(kept(&hub).1, RING_EVENTS, "who comes back within a minute is served from memory");
    hub.forget_old_events(after(59 + 15));
    assert_eq!(kept(&hub), (Some(events + 1), 1, true), "what is newer is there still");
    hub.forget_old_events(after(90));
    assert_eq!(kept(&hub), (None, 0, false), "a topic without news takes no memory for them");
}

#[actix::test]
async fn a_topic_is_asked_for_by_its_number_and_from_time_to_time_by_its_name() {
    let key = TopicKey { product: ProductId::parse("p").unwrap(), topic: Topic::parse("t:1").unwrap() };
    let mut hub = hub();
    let known =
        TopicState { head: Some(Head { epoch: 1, seq: 4, floor: 0 }), id: Some(LogId(7)), ..Default::default() };
    hub.topics.insert(key.clone(), known);
    let mut ctx = Context::new();
    let mut by_number = |hub: &mut Hub| {
        hub.reconciling = false;
        hub.reconcile(&mut ctx);
        hub.topics[&key].asked
    };
    assert!(!by_number(&mut hub), "the first time all are looked up");
    assert!(by_number(&mut hub) && by_number(&mut hub));
    // A database that was put in the place of another one gives other numbers.
    hub.named = Instant::now().checked_sub(RECONCILE_NAMES_EVERY);
    assert!(!by_number(&mut hub));
    assert!(by_number(&mut hub));
}
