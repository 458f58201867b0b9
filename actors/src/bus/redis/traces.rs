//! The trace that committed events belong to, on the way to another node.
//!
//! When spans are exported and the commit is in a sampled trace, its W3C trace context goes out in a message of its own
//! just before the message of its events: same channel, same pipeline, so that Redis hands it over first. The node that
//! receives keeps it until events come that begin with the same number; the span of their arrival, `receive`, is a part
//! of the commit's span, and the hubs' `deliver` spans are parts of it.
//!
//! A trace is a help to look at, and nothing depends on it: one that is broken, too long, unsampled or lost leaves the
//! events as they are. Only its fixed form travels (55 bytes): no `tracestate`, nothing else that a caller may have sent.

use super::wire::{Origin, Reader, TRACE, put_bytes, put_varint, start};
use crate::event::{StoredEvent, TopicKey};
use crate::limits::BUS_TRACES;
use crate::trace::{self, TraceParent};
use parking_lot::Mutex;
use std::collections::VecDeque;
use tracing::Span;

/// Bytes of a `traceparent`, version 00.
const TRACEPARENT_BYTES: usize = 55;

/// The trace of events that come next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// Their topic.
    pub key: TopicKey,
    /// The life of its log.
    pub epoch: u64,
    /// The first of them.
    pub seq: u64,
    /// The span in which they were committed.
    pub context: TraceParent,
}

/// The message that says in which trace the events from `seq` on were committed.
pub fn message(origin: Origin, epoch: u64, seq: u64, context: &TraceParent) -> Box<[u8]> {
    let mut message = start(TRACE, origin, 80);
    put_varint(&mut message, epoch);
    put_varint(&mut message, seq);
    put_bytes(&mut message, context.as_str().as_bytes());
    message.into()
}

/// Reads the rest of such a message; `None` when it is anything else, or is of a trace that nobody keeps.
pub(super) fn read(reader: &mut Reader<'_>, key: &TopicKey) -> Option<Announced> {
    let (epoch, seq) = (reader.varint().ok()?, reader.varint().ok()?);
    let text = reader.text().ok().filter(|text| text.len() == TRACEPARENT_BYTES)?;
    let context = TraceParent::parse(text).filter(TraceParent::is_sampled)?;
    Some(Announced { key: key.clone(), epoch, seq, context })
}

/// The traces whose events have not come yet. Empty where no spans are exported.
#[derive(Debug, Default)]
pub(super) struct Traces(Mutex<VecDeque<Announced>>);

impl Traces {
    /// Keeps a trace until its events come.
    pub(super) fn keep(&self, announced: Option<Announced>) {
        if let Some(announced) = announced.filter(|_| trace::is_on()) {
            self.push(announced);
        }
    }

    /// The span of the arrival of events, in the trace that was announced for them; `None` when none was.
    pub(super) fn span(&self, first: &StoredEvent, events: usize) -> Option<Span> {
        if !trace::is_on() {
            return None;
        }
        let context = self.take(first)?;
        let span = tracing::debug_span!(
            target: trace::TARGET, parent: None, "receive",
            otel.kind = "consumer", messaging.system = "redis", topic = %first.key.topic, seq = first.seq, events
        );
        trace::adopt(&span, Some(&context));
        Some(span)
    }

    fn push(&self, announced: Announced) {
        let mut waiting = self.0.lock();
        if waiting.len() >= BUS_TRACES {
            waiting.pop_front();
        }
        waiting.push_back(announced);
    }

    fn take(&self, first: &StoredEvent) -> Option<TraceParent> {
        let mut waiting = self.0.lock();
        // Nearly always the newest and only one.
        let place = waiting.iter().rposition(|announced| {
            announced.seq == first.seq && announced.epoch == first.epoch && announced.key == first.key
        })?;
        waiting.remove(place).map(|announced| announced.context)
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Body, EventsMessage, WireError, decode};
    use super::*;
    use crate::limits::BUS_MESSAGE_BYTES;
    use estafette_protocol::{Codec, EventKind, ProductId, Timestamp, Topic};
    use proptest::prelude::*;
    use serde_json::json;
    use std::sync::Arc;

    const CONTEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const ORIGIN: Origin = Origin(0x0102_0304_0506_0708);

    fn key() -> TopicKey {
        TopicKey { product: ProductId::parse("toy").unwrap(), topic: Topic::parse("task:t1").unwrap() }
    }

    fn event(seq: u64) -> Arc<StoredEvent> {
        let at = Timestamp::new("2026-01-02T03:04:05.006Z".parse().unwrap());
        StoredEvent::new(key(), 7, seq, EventKind::parse("toy.event").unwrap(), at, json!({"n": 1}))
    }

    fn announced(seq: u64) -> Announced {
        Announced { key: key(), epoch: 7, seq, context: TraceParent::parse(CONTEXT).unwrap() }
    }

    fn with_text(text: &[u8]) -> Vec<u8> {
        let mut message = start(TRACE, ORIGIN, 0);
        put_varint(&mut message, 7);
        put_varint(&mut message, 300);
        put_bytes(&mut message, text);
        message
    }

    fn read_trace(payload: &[u8]) -> Option<Announced> {
        match decode(payload, Some(&key())) {
            Ok((ORIGIN, Body::Trace(announced))) => announced,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_trace_comes_out_as_it_went_in() {
        let sent = message(ORIGIN, 7, 300, &announced(300).context);
        assert_eq!(read_trace(&sent), Some(announced(300)));
        assert_eq!(sent.len(), 69, "what a traced message of events costs");
        // A later release may say more.
        assert_eq!(read_trace(&[&sent[..], b"tracestate"].concat()), Some(announced(300)));
    }

    #[test]
    fn a_broken_a_too_long_and_an_unsampled_trace_are_left_out_without_an_error() {
        let long = format!("{CONTEXT}-{}", "x".repeat(BUS_MESSAGE_BYTES / 2));
        let later = CONTEXT.replacen("00", "01", 1);
        let unsampled = CONTEXT.replace("-01", "-00");
        for text in ["", "00", &CONTEXT[..54], &long, &later, &unsampled, &CONTEXT.to_uppercase()] {
            assert_eq!(read_trace(&with_text(text.as_bytes())), None, "{text:.80}");
        }
        assert_eq!(read_trace(&with_text(&[0xff; TRACEPARENT_BYTES])), None, "no text");
        let whole = message(ORIGIN, 7, 300, &announced(300).context);
        for length in 10..whole.len() {
            assert_eq!(read_trace(&whole[..length]), None, "cut at {length}");
        }
        let elsewhere = decode(&whole, None);
        assert!(matches!(elsewhere, Ok((ORIGIN, Body::Trace(None)))), "nobody reads the topic here: {elsewhere:?}");
    }

    /// What nodes of the version before send and understand: kinds 1 to 5, to the last byte.
    #[test]
    fn nodes_of_the_version_before_and_this_one_read_each_other() {
        let event = event(300);
        let item = event.bytes(Codec::MsgPack);
        let mut before = vec![1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 7];
        before.push(u8::try_from(item.len()).unwrap());
        before.extend_from_slice(&item);
        assert!(item.len() < 128, "its length is one byte");
        // What they send is understood, and events are sent as they were, traced or not.
        let Ok((ORIGIN, Body::Events(came))) = decode(&before, Some(&key())) else { panic!("not understood") };
        assert_eq!((came.len(), came[0].seq, came[0].epoch), (1, 300, 7));
        let mut now = EventsMessage::new(ORIGIN, 7);
        now.push(&item);
        assert_eq!(now.finish().unwrap(), before);
        // The trace is of a kind that they leave out by their own rule, as this version does with the next kind.
        let trace = message(ORIGIN, 7, 300, &announced(300).context);
        assert_eq!(trace[..10], [1, 6, 1, 2, 3, 4, 5, 6, 7, 8]);
        let mut next = trace.to_vec();
        next[1] = 7;
        assert_eq!(decode(&next, Some(&key())).unwrap_err(), WireError::Unknown(1, 7));
    }

    #[test]
    fn a_trace_waits_for_its_events_within_a_bound() {
        let traces = Traces::default();
        traces.push(announced(1));
        traces.push(announced(5));
        assert_eq!(traces.take(&event(2)), None, "not announced");
        assert_eq!(traces.take(&event(5)), Some(announced(5).context));
        assert_eq!(traces.take(&event(5)), None, "a repetition has none");
        assert_eq!(traces.take(&event(1)), Some(announced(1).context), "in any order");
        let bound = BUS_TRACES as u64;
        for seq in 0..bound + 10 {
            traces.push(announced(seq));
        }
        assert_eq!(traces.0.lock().len(), BUS_TRACES);
        assert_eq!(traces.take(&event(9)), None, "the oldest went");
        assert!(traces.take(&event(10)).is_some() && traces.take(&event(bound + 9)).is_some());
    }

    #[test]
    fn without_an_exporter_nothing_is_kept() {
        let traces = Traces::default();
        traces.keep(Some(announced(1)));
        assert!(traces.0.lock().is_empty() && traces.span(&event(1), 1).is_none());
    }

    proptest! {
        #[test]
        fn whatever_stands_where_a_trace_should_is_read_or_left_out(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let payload = [start(TRACE, ORIGIN, 0), bytes].concat();
            prop_assert!(matches!(decode(&payload, Some(&key())), Ok((ORIGIN, Body::Trace(_)))));
        }
    }
}
