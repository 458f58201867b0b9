//! What a hub knows of one topic.

use super::gather::Gather;
use crate::event::log::{Head, LogId};
use crate::event::{LiveBatch, StoredEvent, TopicKey};
use crate::limits::{RING_EVENTS, RING_FOR};
use crate::session::outbox::{Outbox, SubId};
use crate::stats::LIVE_COALESCED;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A topic that somebody on this thread reads.
#[derive(Default)]
pub(super) struct TopicState {
    pub(super) head: Option<Head>,
    /// The log's number of it, once it was found there.
    pub(super) id: Option<LogId>,
    /// The comparison that goes on asks for it by its number.
    pub(super) asked: bool,
    /// Its newest events, each with when it came.
    pub(super) ring: VecDeque<(Instant, Arc<StoredEvent>)>,
    /// When the last comparison with the log began that knew this topic.
    pub(super) compared: Option<Instant>,
    /// Gone through for every event: a list is faster than a table, and a topic of one reader is small.
    pub(super) readers: Vec<(Arc<Outbox>, SubId)>,
    pub(super) gather: Option<Box<Gather>>,
}

impl TopicState {
    /// Whether the log only goes further than what was heard: a comparison may overtake a delivery.
    fn awaits(&self, head: Head) -> bool {
        self.head.is_some_and(|known| known.epoch == head.epoch && known.seq < head.seq)
    }

    /// Takes over what the log says; readers that have less are told to read it.
    pub(super) fn compare(&mut self, key: &TopicKey, head: Head) {
        let known = self.head.map_or(0, |head| head.seq);
        if head.seq == 0 {
            self.head.get_or_insert(head);
            return;
        }
        if self.head.is_some_and(|known| known.epoch == head.epoch && known.seq >= head.seq) {
            return;
        }
        if self.head.is_some_and(|known| known.epoch == head.epoch) {
            metrics::counter!("estafette_gap_repairs_total").increment(1);
            tracing::debug!(topic = %key.topic, known, seq = head.seq, "events were missed; readers read the log");
        }
        self.jump_to(head);
    }

    /// The log goes so far, without the events that lie between: readers that have less are told to read it.
    pub(super) fn jump_to(&mut self, head: Head) {
        // The ring no longer reaches the head: it starts again with the next delivery.
        self.ring.clear();
        self.head = Some(head);
        for (outbox, sub) in &self.readers {
            outbox.hint(*sub, head);
        }
    }

    /// What a comparison that began then says of this topic. Returns what was not heard of and may be on its way: nothing is
    /// claimed before that is looked at again.
    pub(super) fn compare_first(
        &mut self,
        key: &TopicKey,
        head: Option<Head>,
        began: Instant,
    ) -> Option<(TopicKey, Head)> {
        if let Some(head) = head {
            if self.awaits(head) {
                return Some((key.clone(), head));
            }
            self.compare(key, head);
        }
        self.compared_at(began);
        None
    }

    /// A comparison that began then knew this topic.
    pub(super) fn compared_at(&mut self, began: Instant) {
        self.compared = self.compared.max(Some(began));
    }

    /// Keeps an event for readers who come back.
    pub(super) fn keep(&mut self, event: &Arc<StoredEvent>, now: Instant) {
        if self.ring.len() >= RING_EVENTS {
            self.ring.pop_front();
        }
        self.ring.push_back((now, Arc::clone(event)));
    }

    /// Forgets what came so long ago that its readers are back or read the log.
    pub(super) fn forget_old(&mut self, now: Instant) {
        while self.ring.front().is_some_and(|(came, _)| now.duration_since(*came) >= RING_FOR) {
            self.ring.pop_front();
        }
        if self.ring.is_empty() {
            self.ring = VecDeque::new();
        }
    }

    pub(super) fn hand_over(&mut self, batch: &Arc<LiveBatch>) {
        for (outbox, sub) in &self.readers {
            outbox.offer_batch(*sub, batch);
        }
        let replaced = self.gather.as_mut().map_or(0, |gather| gather.replaced());
        if replaced == 0 {
            return;
        }
        LIVE_COALESCED.fetch_add(replaced * self.readers.len() as u64, Ordering::Relaxed);
    }

    /// What has gathered goes before what comes now.
    pub(super) fn leave(&mut self) {
        if let Some(batch) = self.gather.as_mut().and_then(|gather| gather.leave(Instant::now())) {
            self.hand_over(&batch);
        }
    }
}
