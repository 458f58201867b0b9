//! The outbox under every order of deliveries, losses, repetitions, page reads and takes: a reader sees the log from
//! its position on, without gap, repetition or reordering, and what waits stays within its bounds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use estafette_actors::event::log::{Head, Page};
use estafette_actors::event::{BatchPlace, LiveBatch, LiveEvent, StoredEvent, TopicKey};
use estafette_actors::session::outbox::{Bounds, Outbox, SubId, Work};
use estafette_protocol::{Codec, EventKind, Position, ProductId, ServerMessage, Timestamp, Topic};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

const SMALL: Bounds = Bounds { bytes: 2_000, entries: 12, live: 4, live_bytes: 3_000, low: 1_000 };
const PAGE: usize = 5;

fn key() -> TopicKey {
    TopicKey { product: ProductId::parse("p").unwrap(), topic: Topic::parse("t:1").unwrap() }
}

/// A log as Postgres would keep it.
struct Log {
    epoch: u64,
    floor: u64,
    events: Vec<Arc<StoredEvent>>,
}

impl Log {
    fn new(epoch: u64) -> Self {
        Self { epoch, floor: 0, events: Vec::new() }
    }
    fn head(&self) -> Head {
        Head { epoch: self.epoch, seq: self.events.len() as u64, floor: self.floor }
    }
    fn append(&mut self) {
        let seq = self.events.len() as u64 + 1;
        let kind = EventKind::parse("e").unwrap();
        let at = Timestamp::new(chrono::DateTime::from_timestamp(0, 0).unwrap());
        self.events.push(StoredEvent::new(key(), self.epoch, seq, kind, at, json!({"pad": "x".repeat(60)})));
    }
    fn page(&self, after: u64) -> Page {
        let from = after.max(self.floor) as usize;
        let events = self.events.iter().skip(from).take(PAGE).cloned().collect();
        Page { events, head: self.head() }
    }
}

#[derive(Debug, Clone)]
enum Op {
    /// An event is committed and, if the bus is well, delivered.
    Commit {
        delivered: bool,
    },
    /// The bus repeats an event of a while ago.
    Repeat(usize),
    /// A volatile event of a slot.
    Live(u8),
    /// The pump takes work; what it read is handed over by a later `Read`.
    Work,
    Read,
    ReadFailed,
    Take,
    /// The hub compares heads.
    Reconcile,
    /// Old events are trimmed.
    Trim,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => any::<bool>().prop_map(|delivered| Op::Commit { delivered }),
        1 => (0_usize..50).prop_map(Op::Repeat),
        2 => (0_u8..8).prop_map(Op::Live),
        3 => Just(Op::Work),
        3 => Just(Op::Read),
        1 => Just(Op::ReadFailed),
        3 => Just(Op::Take),
        1 => Just(Op::Reconcile),
        1 => Just(Op::Trim),
    ]
}

/// What the client has, from the messages in their order.
#[derive(Default)]
struct Reader {
    seq: Option<u64>,
    epoch: u64,
}

impl Reader {
    fn hear(&mut self, payload: &[u8]) -> Result<(), TestCaseError> {
        let batch: Vec<Value> = serde_json::from_slice(payload).unwrap();
        for message in batch {
            let seq = message["seq"].as_u64();
            match message["t"].as_str().unwrap() {
                "snap" => {
                    self.seq = seq;
                    self.epoch = message["epoch"].as_u64().unwrap();
                }
                "ev" => {
                    prop_assert_eq!(seq, self.seq.map(|last| last + 1), "events come one by one");
                    self.seq = seq;
                }
                "mark" => prop_assert_eq!(message["heads"]["t:1"].as_u64(), self.seq, "complete up to here, and it is"),
                _ => prop_assert!(self.seq.is_some(), "nothing volatile before the state"),
            }
        }
        Ok(())
    }
}

fn answer(outbox: &Outbox, log: &Log, work: Work) {
    match work {
        Work::Page(sub, _, after) => outbox.page(sub, &log.page(after)),
        Work::Snapshot(sub, key) => {
            let head = log.head();
            let message = ServerMessage::Snap { topic: key.topic, epoch: head.epoch, seq: head.seq, state: json!({}) };
            outbox.snapshot(sub, head, &message);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_reader_sees_the_log_once_and_in_order(
        before in 0_usize..20,
        since in proptest::option::of(0_u64..25),
        ops in proptest::collection::vec(op(), 0..200),
    ) {
        let mut log = Log::new(7);
        for _ in 0..before {
            log.append();
        }
        let outbox = Outbox::new(Codec::Json, SMALL);
        let since = since.map(|seq| Position { epoch: 7, seq });
        let sub = outbox.subscribe(key(), since).unwrap();
        let mut reader = Reader::default();
        if let Some(since) = since {
            reader.seq = Some(since.seq);
            reader.epoch = 7;
        }
        outbox.give_back(sub);
        // Work whose answer was read at some moment and is handed over later: the log goes on meanwhile.
        let mut reading: Option<Work> = None;
        for op in ops {
            match op {
                Op::Commit { delivered } => {
                    log.append();
                    if delivered {
                        outbox.offer(sub, log.events.last().unwrap());
                    }
                }
                Op::Repeat(back) => {
                    if let Some(event) = log.events.len().checked_sub(back + 1).and_then(|at| log.events.get(at)) {
                        outbox.offer(sub, event);
                    }
                }
                Op::Live(slot) => {
                    let kind = EventKind::parse("l").unwrap();
                    outbox.offer_live(sub, &LiveEvent::new(key(), slot.to_string(), kind, json!({})));
                }
                Op::Work => {
                    if reading.is_none() {
                        reading = outbox.work();
                    }
                }
                Op::Read => {
                    if let Some(work) = reading.take() {
                        answer(&outbox, &log, work);
                    }
                }
                Op::ReadFailed => {
                    if reading.take().is_some() {
                        outbox.give_back(sub);
                    }
                }
                Op::Take => {
                    if let Some((payload, _)) = outbox.take() {
                        reader.hear(&payload)?;
                        let reached = outbox.reached();
                        prop_assert!(reader.seq.unwrap_or(0) <= reached[0].1, "a mark is never behind what was sent");
                    }
                }
                Op::Reconcile => outbox.hint(sub, log.head()),
                Op::Trim => log.floor = log.floor.max(log.head().seq.saturating_sub(8)),
            }
            let depth = outbox.depth();
            // One page or one snapshot above the bound: what was being read when it was reached.
            prop_assert!(depth.entries <= SMALL.entries + PAGE + 2 + SMALL.live, "{depth:?}");
            prop_assert!(depth.live <= SMALL.live, "{depth:?}");
        }
        // Then the faults end: the reader reads, the hub compares, and everything arrives.
        if let Some(work) = reading.take() {
            answer(&outbox, &log, work);
        }
        for _ in 0..200 {
            outbox.hint(sub, log.head());
            while let Some((payload, _)) = outbox.take() {
                reader.hear(&payload)?;
            }
            match outbox.work() {
                Some(work) => answer(&outbox, &log, work),
                None if outbox.depth().entries == 0 && outbox.depth().behind == 0 => break,
                None => {}
            }
        }
        prop_assert_eq!(reader.seq, Some(log.head().seq));
        prop_assert_eq!(reader.epoch, 7);
        prop_assert_eq!(outbox.depth().behind, 0);
        prop_assert_eq!(outbox.depth().bytes, 0);
    }
}

#[test]
fn of_a_volatile_slot_only_the_newest_waits_and_in_its_place() {
    let outbox = Outbox::new(Codec::Json, SMALL);
    let sub = outbox.subscribe(key(), None).unwrap();
    outbox.give_back(sub);
    let mut log = Log::new(1);
    answer(&outbox, &log, outbox.work().unwrap());
    let live = |n: u64| LiveEvent::new(key(), "progress".to_owned(), EventKind::parse("l").unwrap(), json!(n));
    for n in 0..100_000_u64 {
        if n % 10_000 == 0 {
            // The slot's newest comes after the durable events that were before it.
            log.append();
            outbox.offer(sub, log.events.last().unwrap());
        }
        outbox.offer_live(sub, &live(n));
    }
    assert!(outbox.depth().entries <= 12 && outbox.depth().live == 1, "{:?}", outbox.depth());
    let batch: Vec<Value> = serde_json::from_slice(&outbox.take().unwrap().0).unwrap();
    let kinds: Vec<&str> = batch.iter().map(|message| message["t"].as_str().unwrap()).collect();
    assert_eq!(kinds.last(), Some(&"live"));
    assert_eq!(batch.last().unwrap()["data"], 99_999);
    assert_eq!(kinds.iter().filter(|kind| **kind == "live").count(), 1);
}

/// An outbox that follows a log from its beginning, and has taken the state.
fn following(bounds: Bounds) -> (Arc<Outbox>, SubId) {
    let outbox = Outbox::new(Codec::Json, bounds);
    let sub = outbox.subscribe(key(), None).unwrap();
    outbox.give_back(sub);
    answer(&outbox, &Log::new(1), outbox.work().unwrap());
    outbox.take().unwrap();
    (outbox, sub)
}

fn batch(number: u64, apart_from: u64, slots: &[&str]) -> Arc<LiveBatch> {
    let kind = EventKind::parse("l").unwrap();
    let live = |slot: &&str| LiveEvent::new(key(), (*slot).to_owned(), kind.clone(), json!(number));
    LiveBatch::new(slots.iter().map(live).collect(), Instant::now(), BatchPlace { number, apart_from })
}

/// Slot and number of the volatile events that a message brings.
fn live_of(payload: &[u8]) -> Vec<(String, u64)> {
    let messages: Vec<Value> = serde_json::from_slice(payload).unwrap();
    let live = messages.iter().filter(|message| message["t"] == "live");
    live.map(|live| (live["key"].as_str().unwrap().to_owned(), live["data"].as_u64().unwrap())).collect()
}

#[test]
fn a_batch_that_waits_alone_is_written_as_all_its_readers_share_it() {
    let ((one, sub), (other, other_sub)) = (following(SMALL), following(SMALL));
    let batch = batch(1, 1, &["a", "b"]);
    one.offer_batch(sub, &batch);
    other.offer_batch(other_sub, &batch);
    let (one, other) = (one.take_frame().unwrap(), other.take_frame().unwrap());
    assert_eq!(one.framed.frame().as_ptr(), other.framed.frame().as_ptr(), "the same bytes, not a copy");
    assert_eq!(live_of(&one.framed.payload()), [("a".to_owned(), 1), ("b".to_owned(), 1)]);
}

#[test]
fn batches_wait_side_by_side_until_one_replaces_an_event_of_another() {
    let (outbox, sub) = following(SMALL);
    outbox.offer_batch(sub, &batch(1, 1, &["a", "b"]));
    outbox.offer_batch(sub, &batch(2, 1, &["c"]));
    assert_eq!((outbox.depth().live, outbox.depth().coalesced), (3, 0));
    outbox.offer_batch(sub, &batch(3, 2, &["b", "d"]));
    assert_eq!((outbox.depth().live, outbox.depth().coalesced), (4, 1), "of b the newest");
    let got = live_of(&outbox.take().unwrap().0);
    let wanted = [("a", 1), ("c", 2), ("b", 3), ("d", 3)];
    assert_eq!(got, wanted.map(|(slot, number)| (slot.to_owned(), number)), "each in its newest place");
    assert_eq!((outbox.depth().bytes, outbox.depth().entries, outbox.depth().live), (0, 0, 0));
    outbox.offer_batch(sub, &batch(4, 4, &["a"]));
    assert_eq!(live_of(&outbox.take().unwrap().0), [("a".to_owned(), 4)], "whoever has caught up begins anew");
}

#[test]
fn volatile_events_beyond_the_bound_are_dropped_and_counted() {
    let (outbox, sub) = following(SMALL);
    for number in 1..=10 {
        let slot = format!("s{number}");
        outbox.offer_batch(sub, &batch(number, 1, &[&slot, "x"][..1]));
    }
    assert_eq!((outbox.depth().live, outbox.depth().dropped), (SMALL.live, 10 - SMALL.live as u64));
    outbox.offer_batch(sub, &batch(11, 3, &["s1", "s2", "s3", "s4", "s5", "s6"]));
    assert_eq!(outbox.depth().live, SMALL.live, "{:?}", outbox.depth());
    assert_eq!(live_of(&outbox.take().unwrap().0).len(), SMALL.live);
}

/// A volatile event of so many bytes and a few more.
fn long(number: u64, apart_from: u64, slot: &str, bytes: usize) -> Arc<LiveBatch> {
    let kind = EventKind::parse("l").unwrap();
    let event = LiveEvent::new(key(), slot.to_owned(), kind, json!("x".repeat(bytes)));
    LiveBatch::new(vec![event], Instant::now(), BatchPlace { number, apart_from })
}

#[test]
fn large_volatile_events_are_bounded_by_their_bytes_and_one_alone_is_not() {
    let (outbox, sub) = following(SMALL);
    outbox.offer_batch(sub, &long(1, 1, "a", 2 * SMALL.live_bytes));
    outbox.offer_batch(sub, &long(2, 2, "b", 1));
    assert_eq!((outbox.depth().live, outbox.depth().dropped), (1, 1), "one alone may be larger");
    outbox.take().unwrap();
    // Those that replace others wait in places of their own: `b` grows until there is no room for it.
    for (number, (slot, bytes)) in (3..).zip([("a", 1_000), ("b", 1_000), ("a", 1_000), ("b", 1_500), ("b", 2_500)]) {
        outbox.offer_batch(sub, &long(number, number, slot, bytes));
        assert!(outbox.depth().bytes <= SMALL.live_bytes, "{:?}", outbox.depth());
    }
    assert_eq!((outbox.depth().live, outbox.depth().dropped), (2, 2), "{:?}", outbox.depth());
    outbox.offer_batch(sub, &long(8, 8, "b", 10));
    assert_eq!(outbox.depth().dropped, 2, "what is smaller than what it replaces has room");
    let sizes = |payload: &[u8]| -> Vec<usize> {
        let messages: Vec<Value> = serde_json::from_slice(payload).unwrap();
        messages.iter().map(|message| message["data"].as_str().unwrap().len()).collect()
    };
    assert_eq!(sizes(&outbox.take().unwrap().0), [1_000, 10]);
    // And so are those that wait in whole batches.
    for (number, slot) in (9..).zip(["a", "b", "c"]) {
        outbox.offer_batch(sub, &long(number, 1, slot, 1_400));
    }
    assert_eq!((outbox.depth().live, outbox.depth().dropped), (2, 3), "{:?}", outbox.depth());
    assert_eq!(sizes(&outbox.take().unwrap().0), [1_400, 1_400]);
}

#[test]
fn what_was_gathered_before_the_state_was_read_is_not_sent_after_it() {
    let outbox = Outbox::new(Codec::Json, SMALL);
    let sub = outbox.subscribe(key(), None).unwrap();
    outbox.give_back(sub);
    let older = batch(1, 1, &["a"]);
    answer(&outbox, &Log::new(1), outbox.work().unwrap());
    outbox.take().unwrap();
    outbox.offer_batch(sub, &older);
    assert_eq!((outbox.depth().live, outbox.depth().dropped), (0, 1));
    outbox.offer_batch(sub, &batch(2, 2, &["a"]));
    assert_eq!(live_of(&outbox.take().unwrap().0), [("a".to_owned(), 2)]);
}

#[test]
fn another_life_of_the_log_brings_the_state_again() {
    let outbox = Outbox::new(Codec::Json, SMALL);
    let sub = outbox.subscribe(key(), Some(Position { epoch: 1, seq: 3 })).unwrap();
    outbox.give_back(sub);
    let mut log = Log::new(2);
    for _ in 0..9 {
        log.append();
    }
    let work = outbox.work().unwrap();
    assert!(matches!(work, Work::Page(..)));
    answer(&outbox, &log, work);
    let work = outbox.work().unwrap();
    assert!(matches!(work, Work::Snapshot(..)));
    answer(&outbox, &log, work);
    let batch: Vec<Value> = serde_json::from_slice(&outbox.take().unwrap().0).unwrap();
    assert_eq!((batch[0]["t"].as_str(), batch[0]["seq"].as_u64()), (Some("snap"), Some(9)));
}

#[test]
fn after_unsubscribing_nothing_of_the_topic_comes() {
    let outbox = Outbox::new(Codec::Json, SMALL);
    let sub = outbox.subscribe(key(), None).unwrap();
    outbox.give_back(sub);
    let log = Log::new(1);
    answer(&outbox, &log, outbox.work().unwrap());
    outbox.push(&ServerMessage::Pong { id: 1 });
    assert!(outbox.unsubscribe(&key().topic).is_some());
    let batch: Vec<Value> = serde_json::from_slice(&outbox.take().unwrap().0).unwrap();
    assert_eq!(batch, [json!({"t": "pong", "id": 1})]);
    assert_eq!(outbox.depth().bytes, 0);
}

#[test]
fn a_client_that_takes_no_answers_is_not_asked_for_more_requests() {
    let outbox = Outbox::new(Codec::Json, Bounds::DEFAULT);
    let answer = ServerMessage::Ok { id: 1, result: Some(json!("x".repeat(1_000))) };
    let mut pushed = 0;
    while !outbox.is_owed() {
        outbox.push(&answer);
        pushed += 1;
        assert!(pushed < 1_000, "it ends");
    }
    assert!(outbox.depth().bytes < 300 * 1024, "{:?}", outbox.depth());
    while outbox.take().is_some() {}
    assert!(!outbox.is_owed(), "who has taken the answers may ask again");
    // Events are no answers: a slow reader may go on asking.
    outbox.close(estafette_protocol::CloseCode::Restart, "bye");
    assert!(outbox.is_owed(), "nothing is read of a connection that is to be closed");
}
