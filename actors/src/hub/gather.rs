//! Volatile events of one topic gather for a moment, so that a busy topic costs its readers one write each for many
//! events. The first event after a pause leaves at once; those that follow closely leave together, [`GATHER_EVERY`] after
//! the ones before, or as soon as there are [`GATHER_ENOUGH`]: more would make them later and not cheaper.

use crate::event::{BatchPlace, LiveBatch, LiveEvent};
use crate::limits::{GATHER_ENOUGH, GATHER_EVERY};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// Slots of a busy topic that are remembered.
const SLOTS_KNOWN: usize = 8 * 1024;

/// What becomes of an event.
#[derive(Debug)]
pub(super) enum Gathered {
    /// These leave now.
    Now(Arc<LiveBatch>),
    /// It waits, until then at the latest.
    Until(Instant),
    /// It waits with others.
    Joined,
}

/// The volatile events of one topic that gather.
#[derive(Debug, Default)]
pub(super) struct Gather {
    events: Vec<Arc<LiveEvent>>,
    began: Option<Instant>,
    /// When some left last.
    left: Option<Instant>,
    /// Events that a newer one replaced before they left, since somebody asked.
    replaced: u64,
    /// The number of the next batch.
    number: u64,
    /// The batch in which each slot left last, while the topic is busy. Batches without a slot in common may wait for a
    /// reader side by side, whole.
    last: HashMap<String, u64>,
    /// Nothing is known of batches before this one.
    known_from: u64,
}

impl Gather {
    /// Takes an event in.
    pub(super) fn push(&mut self, event: Arc<LiveEvent>, now: Instant) -> Gathered {
        let due = self.left.map_or(now, |left| left + GATHER_EVERY);
        if self.events.is_empty() && due <= now {
            // A quiet topic keeps nothing.
            self.last = HashMap::new();
            self.left = Some(now);
            let place = BatchPlace { number: self.number, apart_from: self.number };
            self.number += 1;
            self.known_from = self.number;
            return Gathered::Now(LiveBatch::new(vec![event], now, place));
        }
        if let Some(older) = self.events.iter().position(|older| older.slot() == event.slot()) {
            self.events.remove(older);
            self.replaced += 1;
        }
        self.events.push(event);
        if self.events.len() >= GATHER_ENOUGH {
            return self.leave(now).map_or(Gathered::Joined, Gathered::Now);
        }
        match self.began {
            Some(_) => Gathered::Joined,
            None => {
                self.began = Some(now);
                Gathered::Until(due)
            }
        }
    }

    /// What is due leaves.
    pub(super) fn due(&mut self, now: Instant) -> Option<Arc<LiveBatch>> {
        let due = self.left.is_none_or(|left| left + GATHER_EVERY <= now);
        if due { self.leave(now) } else { None }
    }

    /// What has gathered leaves now: something comes that must not be before it.
    pub(super) fn leave(&mut self, now: Instant) -> Option<Arc<LiveBatch>> {
        let began = self.began.take()?;
        self.left = Some(now);
        let events = std::mem::take(&mut self.events);
        if self.last.len() > SLOTS_KNOWN {
            self.last.clear();
            self.known_from = self.number;
        }
        let mut apart_from = self.known_from;
        for event in &events {
            match self.last.get_mut(event.slot()) {
                Some(last) => {
                    apart_from = apart_from.max(*last + 1);
                    *last = self.number;
                }
                None => {
                    self.last.insert(event.slot().to_owned(), self.number);
                }
            }
        }
        let place = BatchPlace { number: self.number, apart_from };
        self.number += 1;
        Some(LiveBatch::new(events, began, place))
    }

    /// Events that a newer one replaced before they left, since this was asked last.
    pub(super) fn replaced(&mut self) -> u64 {
        std::mem::take(&mut self.replaced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::TopicKey;
    use estafette_protocol::{EventKind, ProductId, Topic};
    use serde_json::json;

    fn event(slot: &str) -> Arc<LiveEvent> {
        let key = TopicKey { product: ProductId::parse("p").unwrap(), topic: Topic::parse("t:1").unwrap() };
        LiveEvent::new(key, slot.to_owned(), EventKind::parse("l").unwrap(), json!(null))
    }

    fn slots(batch: &LiveBatch) -> Vec<&str> {
        batch.events().iter().map(|event| event.slot()).collect()
    }

    #[test]
    fn a_lone_event_leaves_at_once_and_what_follows_closely_leaves_together() {
        let (mut gather, begin) = (Gather::default(), Instant::now());
        assert!(matches!(gather.push(event("a"), begin), Gathered::Now(batch) if slots(&batch) == ["a"]));
        let at = begin + GATHER_EVERY / 4;
        assert!(matches!(gather.push(event("b"), at), Gathered::Until(due) if due == begin + GATHER_EVERY));
        assert!(matches!(gather.push(event("c"), at), Gathered::Joined));
        assert!(gather.due(at).is_none(), "not yet");
        let batch = gather.due(begin + GATHER_EVERY).unwrap();
        assert_eq!((slots(&batch), batch.began()), (vec!["b", "c"], at));
        assert!(gather.due(begin + GATHER_EVERY * 2).is_none(), "nothing is left");
        let later = begin + GATHER_EVERY * 2;
        assert!(matches!(gather.push(event("d"), later), Gathered::Now(_)), "after a pause again at once");
    }

    #[test]
    fn of_a_slot_only_the_newest_leaves_and_in_its_place() {
        let (mut gather, now) = (Gather::default(), Instant::now());
        for slot in ["first", "a", "b", "a"] {
            gather.push(event(slot), now);
        }
        assert_eq!(slots(&gather.leave(now).unwrap()), ["b", "a"]);
        assert_eq!((gather.replaced(), gather.replaced()), (1, 0));
    }

    #[test]
    fn a_batch_knows_which_ones_before_it_have_none_of_its_slots() {
        let (mut gather, now) = (Gather::default(), Instant::now());
        gather.push(event("a"), now); // batch 0, alone
        let mut left = |slots: &[&str]| {
            for slot in slots {
                gather.push(event(slot), now);
            }
            gather.leave(now).unwrap().place()
        };
        let place = |number, apart_from| BatchPlace { number, apart_from };
        assert_eq!(left(&["a", "b"]), place(1, 1), "what left alone is not remembered");
        assert_eq!(left(&["c"]), place(2, 1));
        assert_eq!(left(&["d", "b"]), place(3, 2), "b left in batch 1");
        assert_eq!(left(&["b", "e"]), place(4, 4));
    }

    #[test]
    fn enough_leaves_before_its_time() {
        let (mut gather, now) = (Gather::default(), Instant::now());
        gather.push(event("first"), now);
        for n in 1..GATHER_ENOUGH {
            assert!(!matches!(gather.push(event(&n.to_string()), now), Gathered::Now(_)), "{n}");
        }
        let last = gather.push(event("last"), now);
        assert!(matches!(last, Gathered::Now(batch) if batch.events().len() == GATHER_ENOUGH));
    }
}
