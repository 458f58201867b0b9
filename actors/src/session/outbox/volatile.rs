//! Volatile events of an outbox. Batches wait whole, and are shared with all other readers, as long as none replaces an
//! event of one that waits. Once one does, only the newest event of each slot waits, each in the place of its newest.

use super::{Bounds, Entry, Inner, Mode, Outbox, SubId};
use crate::event::{BatchPlace, Framed, LiveBatch, LiveEvent};
use crate::stats::{LIVE_COALESCED, LIVE_DROPPED};
use estafette_protocol::Codec;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Void places that are left alone.
const VOIDS: usize = 64;

/// The newest event of each slot, and what became void by it.
#[derive(Debug, Default)]
pub(super) struct Slots {
    newest: HashMap<(SubId, String), (u64, Framed)>,
    /// Events that wait in whole batches.
    batched: usize,
    stamp: u64,
    voids: usize,
}

impl Slots {
    /// Volatile events that wait.
    pub(super) fn len(&self) -> usize {
        self.newest.len() + self.batched
    }

    pub(super) const fn voids(&self) -> usize {
        self.voids
    }

    pub(super) fn bytes(&self) -> usize {
        self.newest.values().map(|(_, framed)| framed.len()).sum()
    }

    pub(super) fn forget(&mut self, of: SubId) {
        self.newest.retain(|(sub, _), _| *sub != of);
    }

    pub(super) fn recount(&mut self, queue: &VecDeque<Entry>) {
        let (mut voids, mut batched) = (0, 0);
        for entry in queue {
            match entry {
                Entry::Live(sub, slot, stamp) => voids += usize::from(!self.is_newest(*sub, slot, *stamp)),
                Entry::Batch(_, batch) => batched += batch.events().len(),
                Entry::Item(_) | Entry::Of(..) => {}
            }
        }
        (self.voids, self.batched) = (voids, batched);
    }

    fn is_newest(&self, sub: SubId, slot: &str, stamp: u64) -> bool {
        self.newest.get(&(sub, slot.to_owned())).is_some_and(|(newest, _)| *newest == stamp)
    }

    /// What stands in a place; nothing when it is void.
    pub(super) fn take(&mut self, sub: SubId, slot: String, stamp: u64) -> Option<Framed> {
        let slot = (sub, slot);
        if self.newest.get(&slot).is_none_or(|(newest, _)| *newest != stamp) {
            self.voids = self.voids.saturating_sub(1);
            return None;
        }
        let (_, framed) = self.newest.remove(&slot)?;
        if self.newest.is_empty() {
            // A reader that has caught up keeps no table.
            self.newest = HashMap::new();
        }
        Some(framed)
    }
}

impl Outbox {
    /// A volatile event, from the hub.
    pub fn offer_live(&self, sub: SubId, event: &Arc<LiveEvent>) {
        self.offer_batch(sub, &LiveBatch::new(vec![Arc::clone(event)], Instant::now(), BatchPlace::UNKNOWN));
    }

    /// Volatile events, from the hub: each replaces a waiting one of its slot; not kept for a subscription that is behind.
    pub fn offer_batch(&self, sub: SubId, batch: &Arc<LiveBatch>) {
        let mut inner = self.inner.lock();
        let count = batch.events().len();
        let stands = inner.sub(sub).filter(|subscription| {
            subscription.mode == Mode::Live && subscription.live_since.is_none_or(|since| since <= batch.began())
        });
        let Some((waiting, oldest)) = stands.map(|subscription| subscription.whole) else {
            return inner.drop_live(count);
        };
        let place = batch.place();
        let apart = waiting == 0 || place.apart_from <= oldest;
        if apart && inner.slots.newest.is_empty() && count <= self.bounds.live {
            let bytes = batch.framed(self.codec).len();
            let is_too_much = inner.slots.batched > 0 && inner.bytes + bytes > self.bounds.live_bytes;
            if is_too_much || inner.slots.batched + count > self.bounds.live {
                // Too far behind, and nothing that waits is made void by these.
                return inner.drop_live(count);
            }
            if let Some(subscription) = inner.sub(sub) {
                subscription.whole = (waiting + 1, if waiting == 0 { place.number } else { oldest });
            }
            inner.slots.batched += count;
            inner.bytes += bytes;
            inner.queue.push_back(Entry::Batch(sub, Arc::clone(batch)));
        } else {
            inner.part(self.codec);
            for event in batch.events() {
                inner.newest(sub, event, self.codec, self.bounds);
            }
        }
        drop(inner);
        self.ready.tell();
    }
}

impl Inner {
    fn drop_live(&mut self, count: usize) {
        self.dropped += count as u64;
        LIVE_DROPPED.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Parts whole batches into the events that they hold, each in a place of its own.
    fn part(&mut self, codec: Codec) {
        if self.slots.batched == 0 {
            return;
        }
        let mut parted = VecDeque::with_capacity(self.queue.len() + self.slots.batched);
        for entry in std::mem::take(&mut self.queue) {
            let Entry::Batch(sub, batch) = entry else {
                parted.push_back(entry);
                continue;
            };
            for event in batch.events() {
                self.slots.stamp += 1;
                let (stamp, slot) = (self.slots.stamp, event.slot().to_owned());
                self.slots.newest.insert((sub, slot.clone()), (stamp, event.framed(codec)));
                parted.push_back(Entry::Live(sub, slot, stamp));
            }
        }
        self.queue = parted;
        self.slots.batched = 0;
        self.subs.iter_mut().for_each(|(_, subscription)| subscription.whole = (0, 0));
        self.recount(codec);
    }

    fn newest(&mut self, sub: SubId, event: &LiveEvent, codec: Codec, most: Bounds) {
        let slot = (sub, event.slot().to_owned());
        let framed = event.framed(codec);
        let replaced = self.slots.newest.get(&slot).map(|(_, old)| old.len());
        let more = framed.len().saturating_sub(replaced.unwrap_or(0));
        let is_one_more = replaced.is_none() && self.slots.newest.len() >= most.live;
        let is_alone = self.slots.newest.len() == usize::from(replaced.is_some());
        if is_one_more || (more > 0 && !is_alone && self.bytes + more > most.live_bytes) {
            return self.drop_live(1);
        }
        self.slots.stamp += 1;
        let stamp = self.slots.stamp;
        self.bytes += framed.len();
        if let Some((_, old)) = self.slots.newest.insert(slot, (stamp, framed)) {
            self.bytes = self.bytes.saturating_sub(old.len());
            self.coalesced += 1;
            LIVE_COALESCED.fetch_add(1, Ordering::Relaxed);
            self.slots.voids += 1;
        }
        self.queue.push_back(Entry::Live(sub, event.slot().to_owned(), stamp));
        self.compact();
    }

    /// Void places are swept when they are the most of the queue, so that a slot that is replaced a million times
    /// before a reader comes costs one place.
    fn compact(&mut self) {
        if self.slots.voids > VOIDS && self.slots.voids * 2 > self.queue.len() {
            let slots = &self.slots;
            self.queue.retain(|entry| match entry {
                Entry::Live(sub, slot, stamp) => slots.is_newest(*sub, slot, *stamp),
                Entry::Item(_) | Entry::Of(..) | Entry::Batch(..) => true,
            });
            self.slots.voids = 0;
        }
    }

    /// A whole batch is taken.
    pub(super) fn take_batch(&mut self, sub: SubId, batch: &LiveBatch, codec: Codec) -> Framed {
        self.slots.batched = self.slots.batched.saturating_sub(batch.events().len());
        if let Some(subscription) = self.sub(sub) {
            let (waiting, _) = subscription.whole;
            subscription.whole = (waiting.saturating_sub(1), batch.place().number + 1);
        }
        batch.framed(codec)
    }
}
