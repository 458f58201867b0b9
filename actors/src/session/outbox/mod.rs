//! What waits for one socket: a bounded queue that the socket *pulls*, and a cursor for each subscription.
//!
//! Nobody waits for a reader here. A durable event goes into the queue only when it is exactly the one the
//! subscription expects next and there is room; in every other case (no room, a gap, a first read) the subscription
//! turns to *catching up*, remembers how far the log is known to go, and the socket's pump reads pages of the log at
//! the reader's own pace until the cursor has passed that point. So a slow reader costs bounded memory, a lost delivery
//! costs one page, and the order `s+1, s+2, …` holds by construction: only [`Inner::push_event`] moves a cursor, and
//! it moves it by one.

mod notes;

use crate::event::log::{Head, Page};
use crate::event::{LiveEvent, StoredEvent, TopicKey};
use crate::journal::{ConnectionLog, What};
use crate::limits::{ANSWER_BYTES, ANSWER_COST, FRAME_BYTES, OUTBOX_BYTES, OUTBOX_ENTRIES, OUTBOX_LIVE, OUTBOX_LOW};
use crate::stats::{LIVE_COALESCED, LIVE_DROPPED};
use bytes::{BufMut, Bytes, BytesMut};
use estafette_protocol::{CloseCode, Codec, Position, ServerMessage, Topic};
use parking_lot::Mutex;
use serde_json::json;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tokio::sync::Notify;

/// A subscription of one outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubId(u32);

/// The bounds of an outbox.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes that wait before subscriptions fall back to the log.
    pub bytes: usize,
    /// Entries that wait before subscriptions fall back to the log.
    pub entries: usize,
    /// Volatile events kept, one a `(topic, key)`.
    pub live: usize,
    /// Below this many waiting bytes another page is taken.
    pub low: usize,
}

impl Bounds {
    /// The bounds of [`crate::limits`].
    pub const DEFAULT: Self = Self { bytes: OUTBOX_BYTES, entries: OUTBOX_ENTRIES, live: OUTBOX_LIVE, low: OUTBOX_LOW };
}

/// What the pump must read for a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// The topic's state.
    Snapshot(SubId, TopicKey),
    /// The events after a number.
    Page(SubId, TopicKey, u64),
}

/// How a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Waits for the topic's state.
    Snapshot,
    /// Reads pages of the log.
    CatchingUp,
    /// Takes events as they come.
    Live,
}

#[derive(Debug)]
struct Subscription {
    key: TopicKey,
    mode: Mode,
    epoch: u64,
    /// The next event to hand over.
    next: u64,
    /// The newest event known to exist.
    seen: u64,
    /// The pump is reading for it.
    reading: bool,
    /// The position that the journal knows.
    noted: u64,
}

#[derive(Debug)]
enum Entry {
    /// An answer, or anything that belongs to no subscription.
    Item(Bytes),
    /// A snapshot or a durable event.
    Of(SubId, Bytes),
    /// The place of a volatile event; void when a newer one of its slot stands further back.
    Live(SubId, String, u64),
}

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<Entry>,
    bytes: usize,
    /// What the answers among them cost.
    answers: usize,
    voids: usize,
    live: HashMap<(SubId, String), (u64, Bytes)>,
    subs: HashMap<SubId, Subscription>,
    topics: HashMap<TopicKey, SubId>,
    turn: VecDeque<SubId>,
    next_sub: u32,
    stamp: u64,
    mark: Option<Bytes>,
    health: Option<Bytes>,
    /// `welcome` is in the queue or sent: before it nothing but answers goes out.
    greeted: bool,
    closing: Option<(CloseCode, String)>,
    abandoned: bool,
    coalesced: u64,
    dropped: u64,
    turn_noted: Option<Instant>,
}

/// What waits for one socket.
#[derive(Debug)]
pub struct Outbox {
    codec: Codec,
    bounds: Bounds,
    inner: Mutex<Inner>,
    ready: Notify,
    log: OnceLock<ConnectionLog>,
}

/// What an outbox holds, for metrics, tests and the administrator's view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Entries that wait.
    pub entries: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Volatile events that wait.
    pub live: usize,
    /// Subscriptions.
    pub subscriptions: usize,
    /// Subscriptions that are not live.
    pub behind: usize,
    /// Volatile events that a newer one replaced.
    pub coalesced: u64,
    /// Volatile events that were dropped.
    pub dropped: u64,
}

impl Outbox {
    /// An empty outbox for a connection that speaks `codec`.
    pub fn new(codec: Codec, bounds: Bounds) -> Arc<Self> {
        Arc::new(Self { codec, bounds, inner: Mutex::default(), ready: Notify::new(), log: OnceLock::new() })
    }

    /// The connection's codec.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Adds an answer. Bounded because no request is read while the answers to earlier ones are not taken
    /// ([`Outbox::is_owed`]).
    pub fn push(&self, message: &ServerMessage) {
        match self.codec.encode(message) {
            Ok(bytes) => self.push_bytes(bytes.into()),
            Err(error) => tracing::error!(%error, "an answer that cannot be encoded"),
        }
    }

    fn push_bytes(&self, bytes: Bytes) {
        let mut inner = self.inner.lock();
        if inner.closing.is_none() {
            inner.bytes += bytes.len();
            inner.answers += bytes.len() + ANSWER_COST;
            inner.queue.push_back(Entry::Item(bytes));
        }
        drop(inner);
        self.ready.notify_one();
    }

    /// Whether no further request is to be read: so many answers wait that the client does not take, or the connection is
    /// to be closed.
    pub fn is_owed(&self) -> bool {
        let inner = self.inner.lock();
        inner.answers >= ANSWER_BYTES || inner.closing.is_some()
    }

    /// The connection said hello: from now on it may be told of more than its own requests.
    pub fn greet(&self) {
        self.inner.lock().greeted = true;
        self.ready.notify_one();
    }

    /// Whether the connection said hello.
    pub fn is_greeted(&self) -> bool {
        self.inner.lock().greeted
    }

    /// Sets the `health` to be sent; a newer one replaces one that still waits.
    pub fn set_health(&self, message: &ServerMessage) {
        match self.codec.encode(message) {
            Ok(bytes) => self.inner.lock().health = Some(bytes.into()),
            Err(error) => tracing::error!(%error, "a message that cannot be encoded"),
        }
        self.ready.notify_one();
    }

    /// Sets the `mark` to be sent; a newer one replaces one that still waits.
    pub fn set_mark(&self, mark: &ServerMessage) {
        if let Ok(bytes) = self.codec.encode(mark) {
            self.inner.lock().mark = Some(bytes.into());
            self.ready.notify_one();
        }
    }

    /// Closes the connection after what waits now. The first close wins.
    pub fn close(&self, code: CloseCode, reason: impl Into<String>) {
        self.inner.lock().closing.get_or_insert_with(|| (code, reason.into()));
        self.ready.notify_one();
    }

    /// The connection is gone and its hub could not be told: the hub finds out on its next round.
    pub fn abandon(&self) {
        let mut inner = self.inner.lock();
        inner.abandoned = true;
        inner.answers = 0;
        inner.queue.clear();
        inner.live.clear();
        inner.recount();
    }

    /// Whether the connection is gone.
    pub fn is_abandoned(&self) -> bool {
        self.inner.lock().abandoned
    }

    /// Whether, and why, the connection is to be closed.
    pub fn closing(&self) -> Option<(CloseCode, String)> {
        self.inner.lock().closing.clone()
    }

    /// Adds a subscription. With a position the log is read from there, without it the state comes first. Nothing is
    /// read before the first [`Outbox::page`] or [`Outbox::give_back`], so that the answer to the request goes first.
    /// `None` when the topic is subscribed to already.
    pub fn subscribe(&self, key: TopicKey, since: Option<Position>) -> Option<SubId> {
        let mut inner = self.inner.lock();
        if inner.topics.contains_key(&key) {
            return None;
        }
        inner.next_sub = inner.next_sub.wrapping_add(1);
        let id = SubId(inner.next_sub);
        let (mode, epoch, next) = match since {
            Some(position) => (Mode::CatchingUp, position.epoch, position.seq.saturating_add(1)),
            None => (Mode::Snapshot, 0, 0),
        };
        inner.topics.insert(key.clone(), id);
        inner.turn.push_back(id);
        inner.subs.insert(id, Subscription { key, mode, epoch, next, seen: 0, reading: true, noted: 0 });
        Some(id)
    }

    /// Ends a subscription: nothing of it comes after this. Returns its key.
    pub fn unsubscribe(&self, topic: &Topic) -> Option<TopicKey> {
        let mut inner = self.inner.lock();
        let (key, id) = inner.topics.iter().find(|(key, _)| key.topic == *topic).map(|(key, id)| (key.clone(), *id))?;
        inner.topics.remove(&key);
        inner.subs.remove(&id);
        inner.turn.retain(|other| *other != id);
        inner.live.retain(|(sub, _), _| *sub != id);
        inner.queue.retain(|entry| !matches!(entry, Entry::Of(sub, _) | Entry::Live(sub, _, _) if *sub == id));
        inner.recount();
        Some(key)
    }

    /// The subscribed topics.
    pub fn topics(&self) -> Vec<TopicKey> {
        self.inner.lock().topics.keys().cloned().collect()
    }

    /// The subscribed topics, each with the newest event that was handed over (0: none): a reader that catches up may be
    /// ahead of what its hub has heard of.
    pub fn reached(&self) -> Vec<(TopicKey, u64)> {
        let inner = self.inner.lock();
        let next = |sub: &SubId| inner.subs.get(sub).map_or(0, |subscription| subscription.next.saturating_sub(1));
        inner.topics.iter().map(|(key, sub)| (key.clone(), next(sub))).collect()
    }

    /// Number of subscriptions.
    pub fn subscriptions(&self) -> usize {
        self.inner.lock().subs.len()
    }

    /// A durable event, from the hub. Never refused: what does not fit is read from the log later.
    pub fn offer(&self, sub: SubId, event: &StoredEvent) {
        let mut inner = self.inner.lock();
        let full = inner.is_full(&self.bounds);
        let Some(subscription) = inner.subs.get_mut(&sub) else { return };
        subscription.seen = subscription.seen.max(event.seq);
        if subscription.mode != Mode::Live || event.seq < subscription.next {
            return;
        }
        if subscription.epoch != event.epoch {
            subscription.mode = Mode::Snapshot;
        } else if full || event.seq > subscription.next {
            subscription.mode = Mode::CatchingUp;
            self.note_turn(&mut inner, sub);
        } else {
            inner.push_event(sub, event.bytes(self.codec));
        }
        drop(inner);
        self.ready.notify_one();
    }

    /// The log goes further than the hub delivered: the subscription reads it.
    pub fn hint(&self, sub: SubId, head: Head) {
        let mut inner = self.inner.lock();
        let Some(subscription) = inner.subs.get_mut(&sub) else { return };
        subscription.seen = subscription.seen.max(head.seq);
        if subscription.mode != Mode::Live {
            return;
        }
        if subscription.epoch != head.epoch {
            subscription.mode = Mode::Snapshot;
        } else if head.seq.saturating_add(1) != subscription.next {
            // It goes further, or the head was read before this reader's newest event (or commits were lost with a
            // failed-over database): a page, which reads the head anew, tells which.
            subscription.mode = Mode::CatchingUp;
            self.note_turn(&mut inner, sub);
        } else {
            return;
        }
        drop(inner);
        self.ready.notify_one();
    }

    /// A volatile event, from the hub: replaces a waiting one of its slot; not kept for a subscription that is behind.
    pub fn offer_live(&self, sub: SubId, event: &LiveEvent) {
        let mut inner = self.inner.lock();
        if inner.subs.get(&sub).is_none_or(|subscription| subscription.mode != Mode::Live) {
            inner.dropped += 1;
            LIVE_DROPPED.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let slot = (sub, event.slot.clone());
        let replaces = inner.live.contains_key(&slot);
        if !replaces && inner.live.len() >= self.bounds.live {
            inner.dropped += 1;
            LIVE_DROPPED.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let bytes = event.bytes(self.codec);
        inner.stamp += 1;
        let stamp = inner.stamp;
        inner.bytes += bytes.len();
        if let Some((_, old)) = inner.live.insert(slot, (stamp, bytes)) {
            inner.bytes = inner.bytes.saturating_sub(old.len());
            inner.coalesced += 1;
            LIVE_COALESCED.fetch_add(1, Ordering::Relaxed);
            inner.voids += 1;
        }
        inner.queue.push_back(Entry::Live(sub, event.slot.clone(), stamp));
        inner.compact();
        drop(inner);
        self.ready.notify_one();
    }

    /// What to read next, if there is room for it: the subscriptions take turns. The pump answers with
    /// [`Outbox::snapshot`], [`Outbox::page`] or [`Outbox::give_back`].
    pub fn work(&self) -> Option<Work> {
        let mut inner = self.inner.lock();
        if inner.bytes >= self.bounds.low || inner.is_full(&self.bounds) || inner.closing.is_some() {
            return None;
        }
        for _ in 0..inner.turn.len() {
            let id = inner.turn.pop_front()?;
            inner.turn.push_back(id);
            let Some(subscription) = inner.subs.get_mut(&id) else { continue };
            if subscription.reading {
                continue;
            }
            let work = match subscription.mode {
                Mode::Live => continue,
                Mode::Snapshot => Work::Snapshot(id, subscription.key.clone()),
                Mode::CatchingUp => Work::Page(id, subscription.key.clone(), subscription.next.saturating_sub(1)),
            };
            subscription.reading = true;
            return Some(work);
        }
        None
    }

    /// The state that [`Outbox::work`] asked for.
    pub fn snapshot(&self, sub: SubId, head: Head, message: &ServerMessage) {
        let mut inner = self.inner.lock();
        let Some(subscription) = inner.subs.get_mut(&sub) else { return };
        subscription.reading = false;
        if subscription.mode != Mode::Snapshot {
            return;
        }
        subscription.epoch = head.epoch;
        subscription.next = head.seq.saturating_add(1);
        // What was seen of another life of the log says nothing about this one.
        subscription.mode = if subscription.seen > head.seq { Mode::CatchingUp } else { Mode::Live };
        subscription.noted = head.seq;
        if let Some(log) = self.log.get() {
            log.note(What::Snapshot, Some(&subscription.key.topic), Some(head.seq), json!({"epoch": head.epoch}));
        }
        match self.codec.encode(message) {
            Ok(bytes) => {
                inner.bytes += bytes.len();
                inner.queue.push_back(Entry::Of(sub, bytes.into()));
            }
            Err(error) => tracing::error!(%error, "a snapshot that cannot be encoded"),
        }
        drop(inner);
        self.ready.notify_one();
    }

    /// The page that [`Outbox::work`] asked for.
    pub fn page(&self, sub: SubId, page: &Page) {
        let mut inner = self.inner.lock();
        let Some(subscription) = inner.subs.get_mut(&sub) else { return };
        subscription.reading = false;
        if subscription.mode != Mode::CatchingUp {
            return;
        }
        let reborn = page.head.epoch != subscription.epoch || page.head.seq.saturating_add(1) < subscription.next;
        if reborn || page.head.floor >= subscription.next {
            // Another life of the log, or the events were trimmed: only the state can help.
            subscription.mode = Mode::Snapshot;
            subscription.seen = 0;
        } else {
            subscription.seen = subscription.seen.max(page.head.seq);
            for event in &page.events {
                let Some(subscription) = inner.subs.get_mut(&sub) else { break };
                if event.seq < subscription.next {
                    continue;
                }
                if event.seq > subscription.next {
                    // Trimmed between the two reads.
                    subscription.mode = Mode::Snapshot;
                    break;
                }
                if inner.bytes >= self.bounds.bytes {
                    break;
                }
                inner.push_event(sub, event.bytes(self.codec));
            }
            if let Some(subscription) = inner.subs.get_mut(&sub)
                && subscription.mode == Mode::CatchingUp
                && subscription.next > subscription.seen
            {
                subscription.mode = Mode::Live;
                // The client is told at once that it is complete up to here, and not only with the next heartbeat.
                let heads = [(subscription.key.topic.clone(), subscription.next.saturating_sub(1))].into();
                if let Ok(mark) = self.codec.encode(&ServerMessage::Mark { heads }) {
                    inner.bytes += mark.len();
                    inner.queue.push_back(Entry::Of(sub, mark.into()));
                }
                self.note_turn(&mut inner, sub);
            }
        }
        drop(inner);
        self.ready.notify_one();
    }

    /// The pump could not read: the work is done again later.
    pub fn give_back(&self, sub: SubId) {
        if let Some(subscription) = self.inner.lock().subs.get_mut(&sub) {
            subscription.reading = false;
        }
        self.ready.notify_one();
    }

    /// Takes what waits, as the payload of one WebSocket message of about [`FRAME_BYTES`], and whether a mark is in it.
    pub fn take(&self) -> Option<(Bytes, bool)> {
        let mut inner = self.inner.lock();
        let mut items: Vec<Bytes> = Vec::new();
        let mut bytes = 0;
        let mark = inner.mark.take();
        let marked = mark.is_some();
        if let Some(mark) = mark {
            // The heads were read before this moment: everything up to them is in the queue, in the log or sent, so the
            // order does not matter to a client that compares.
            bytes += mark.len();
            items.push(mark);
        }
        while bytes < FRAME_BYTES {
            let item = match inner.queue.pop_front() {
                None => break,
                Some(Entry::Of(_, item)) => item,
                Some(Entry::Item(item)) => {
                    inner.answers = inner.answers.saturating_sub(item.len() + ANSWER_COST);
                    item
                }
                Some(Entry::Live(sub, slot, stamp)) => {
                    let slot = (sub, slot);
                    if inner.live.get(&slot).is_none_or(|(newest, _)| *newest != stamp) {
                        inner.voids = inner.voids.saturating_sub(1);
                        continue;
                    }
                    match inner.live.remove(&slot) {
                        Some((_, item)) => item,
                        None => continue,
                    }
                }
            };
            inner.bytes = inner.bytes.saturating_sub(item.len());
            bytes += item.len();
            items.push(item);
        }
        // After `welcome`, which is in the queue.
        if inner.greeted
            && bytes < FRAME_BYTES
            && let Some(health) = inner.health.take()
        {
            bytes += health.len();
            items.push(health);
        }
        drop(inner);
        if items.is_empty() {
            return None;
        }
        let head = self.codec.batch_head(items.len());
        let mut payload = BytesMut::with_capacity(bytes + items.len() + 8);
        payload.put_slice(head.as_slice());
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                payload.put_slice(self.codec.separator());
            }
            payload.put_slice(item);
        }
        payload.put_slice(self.codec.batch_tail());
        Some((payload.freeze(), marked))
    }

    /// Resolves when something was added since the last look.
    pub async fn ready(&self) {
        self.ready.notified().await;
    }

    /// What the outbox holds.
    pub fn depth(&self) -> Depth {
        let inner = self.inner.lock();
        Depth {
            entries: inner.queue.len() - inner.voids.min(inner.queue.len()),
            bytes: inner.bytes,
            live: inner.live.len(),
            subscriptions: inner.subs.len(),
            behind: inner.subs.values().filter(|subscription| subscription.mode != Mode::Live).count(),
            coalesced: inner.coalesced,
            dropped: inner.dropped,
        }
    }
}

impl Inner {
    fn is_full(&self, bounds: &Bounds) -> bool {
        self.bytes >= bounds.bytes || self.queue.len() - self.voids.min(self.queue.len()) >= bounds.entries
    }

    fn push_event(&mut self, sub: SubId, bytes: Bytes) {
        if let Some(subscription) = self.subs.get_mut(&sub) {
            subscription.next += 1;
            self.bytes += bytes.len();
            self.queue.push_back(Entry::Of(sub, bytes));
        }
    }

    /// Void places are swept when they are the most of the queue, so that a slot that is replaced a million times
    /// before a reader comes costs one place.
    fn compact(&mut self) {
        if self.voids > 64 && self.voids * 2 > self.queue.len() {
            let live = &self.live;
            self.queue.retain(|entry| match entry {
                Entry::Live(sub, slot, stamp) => {
                    live.get(&(*sub, slot.clone())).is_some_and(|(newest, _)| newest == stamp)
                }
                Entry::Item(_) | Entry::Of(..) => true,
            });
            self.voids = 0;
        }
    }

    fn recount(&mut self) {
        self.voids = self
            .queue
            .iter()
            .filter(|entry| match entry {
                Entry::Live(sub, slot, stamp) => {
                    self.live.get(&(*sub, slot.clone())).is_none_or(|(newest, _)| newest != stamp)
                }
                Entry::Item(_) | Entry::Of(..) => false,
            })
            .count();
        self.bytes = self
            .queue
            .iter()
            .map(|entry| match entry {
                Entry::Item(bytes) | Entry::Of(_, bytes) => bytes.len(),
                Entry::Live(..) => 0,
            })
            .sum::<usize>()
            + self.live.values().map(|(_, bytes)| bytes.len()).sum::<usize>();
    }
}
