//! What waits for one socket: a bounded queue that the socket *pulls*, and a cursor for each subscription.
//!
//! Nobody waits for a reader here. A durable event goes into the queue only when it is exactly the one the
//! subscription expects next and there is room; in every other case (no room, a gap, a first read) the subscription
//! turns to *catching up*, remembers how far the log is known to go, and the socket's pump reads pages of the log at
//! the reader's own pace until the cursor has passed that point. So a slow reader costs bounded memory, a lost delivery
//! costs one page, and the order `s+1, s+2, …` holds by construction: only [`Inner::push_event`] moves a cursor, and
//! it moves it by one.
//!
//! | module | holds |
//! |---|---|
//! | [`volatile`] | volatile events: whole batches for a reader that keeps up, the newest of each slot for one that does not |
//! | [`taking`] | what the socket takes, and how it hears that there is something |
//! | [`notes`] | what the journal is told |

mod notes;
mod taking;
mod volatile;

pub use taking::Taken;

use crate::event::log::{Head, Page};
use crate::event::{Framed, LiveBatch, StoredEvent, TopicKey};
use crate::journal::{ConnectionLog, What};
use crate::limits::{
    ANSWER_BYTES, ANSWER_COST, OUTBOX_BYTES, OUTBOX_ENTRIES, OUTBOX_LIVE, OUTBOX_LIVE_BYTES, OUTBOX_LOW,
};
use estafette_protocol::{CloseCode, Codec, Position, ServerMessage, Topic};
use parking_lot::Mutex;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use taking::Ready;
use volatile::Slots;

/// A subscription of one outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// Bytes that wait before volatile events of further keys are dropped.
    pub live_bytes: usize,
    /// Below this many waiting bytes another page is taken.
    pub low: usize,
}

impl Bounds {
    /// The bounds of [`crate::limits`].
    pub const DEFAULT: Self = Self {
        bytes: OUTBOX_BYTES,
        entries: OUTBOX_ENTRIES,
        live: OUTBOX_LIVE,
        live_bytes: OUTBOX_LIVE_BYTES,
        low: OUTBOX_LOW,
    };
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
    /// When it became live: what was gathered before that is older than what the reader has.
    live_since: Option<Instant>,
    /// Batches of it that wait whole, and the number of the oldest.
    whole: (u32, u64),
}

#[derive(Debug)]
enum Entry {
    /// An answer, or anything that belongs to no subscription.
    Item(Framed),
    /// A snapshot or a durable event.
    Of(SubId, Framed),
    /// Volatile events, while nothing else of their subscription's volatile events waits.
    Batch(SubId, Arc<LiveBatch>),
    /// The place of a volatile event; void when a newer one of its slot stands further back.
    Live(SubId, String, u64),
}

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<Entry>,
    bytes: usize,
    /// What the answers among them cost.
    answers: usize,
    slots: Slots,
    /// A connection has a few subscriptions (256 at most): looked through faster than hashed, and smaller.
    subs: Vec<(SubId, Subscription)>,
    /// Whose turn it is to read: the one after this.
    turn: SubId,
    next_sub: u32,
    mark: Option<Framed>,
    health: Option<Framed>,
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
    ready: Ready,
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
        Arc::new(Self { codec, bounds, inner: Mutex::default(), ready: Ready::default(), log: OnceLock::new() })
    }

    /// The connection's codec.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Adds an answer. Bounded because no request is read while the answers to earlier ones are not taken
    /// ([`Outbox::is_owed`]).
    pub fn push(&self, message: &ServerMessage) {
        let Some(answer) = Framed::message(self.codec, message) else { return };
        let mut inner = self.inner.lock();
        if inner.closing.is_none() {
            inner.bytes += answer.len();
            inner.answers += answer.len() + ANSWER_COST;
            inner.queue.push_back(Entry::Item(answer));
        }
        drop(inner);
        self.ready.tell();
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
        self.ready.tell();
    }

    /// Whether the connection said hello.
    pub fn is_greeted(&self) -> bool {
        self.inner.lock().greeted
    }

    /// Sets the `health` to be sent; a newer one replaces one that still waits.
    pub fn set_health(&self, message: &ServerMessage) {
        self.inner.lock().health = Framed::message(self.codec, message);
        self.ready.tell();
    }

    /// Sets the `mark` to be sent; a newer one replaces one that still waits.
    pub fn set_mark(&self, mark: &ServerMessage) {
        self.inner.lock().mark = Framed::message(self.codec, mark);
        self.ready.tell();
    }

    /// Closes the connection after what waits now. The first close wins.
    pub fn close(&self, code: CloseCode, reason: impl Into<String>) {
        self.inner.lock().closing.get_or_insert_with(|| (code, reason.into()));
        self.ready.tell();
    }

    /// The connection is gone and its hub could not be told: the hub finds out on its next round.
    pub fn abandon(&self) {
        let mut inner = self.inner.lock();
        inner.abandoned = true;
        inner.answers = 0;
        inner.queue = VecDeque::new();
        inner.slots = Slots::default();
        inner.recount(self.codec);
    }

    /// Whether the connection is gone.
    pub fn is_abandoned(&self) -> bool {
        self.inner.lock().abandoned
    }

    /// Whether the connection is to be closed.
    pub fn is_closing(&self) -> bool {
        self.inner.lock().closing.is_some()
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
        if inner.subs.iter().any(|(_, subscription)| subscription.key == key) {
            return None;
        }
        inner.next_sub = inner.next_sub.wrapping_add(1);
        let id = SubId(inner.next_sub);
        let (mode, epoch, next) = match since {
            Some(position) => (Mode::CatchingUp, position.epoch, position.seq.saturating_add(1)),
            None => (Mode::Snapshot, 0, 0),
        };
        let subscription =
            Subscription { key, mode, epoch, next, seen: 0, reading: true, noted: 0, live_since: None, whole: (0, 0) };
        inner.subs.reserve_exact(1);
        inner.subs.push((id, subscription));
        Some(id)
    }

    /// Ends a subscription: nothing of it comes after this. Returns its key.
    pub fn unsubscribe(&self, topic: &Topic) -> Option<TopicKey> {
        let mut inner = self.inner.lock();
        let place = inner.subs.iter().position(|(_, subscription)| subscription.key.topic == *topic)?;
        let (id, subscription) = inner.subs.remove(place);
        inner.slots.forget(id);
        inner.queue.retain(
            |entry| !matches!(entry, Entry::Of(sub, _) | Entry::Batch(sub, _) | Entry::Live(sub, _, _) if *sub == id),
        );
        inner.recount(self.codec);
        Some(subscription.key)
    }

    /// The subscribed topics.
    pub fn topics(&self) -> Vec<TopicKey> {
        self.inner.lock().subs.iter().map(|(_, subscription)| subscription.key.clone()).collect()
    }

    /// The subscribed topics, each with the newest event that was handed over (0: none): a reader that catches up may be
    /// ahead of what its hub has heard of.
    pub fn reached(&self) -> Vec<(TopicKey, u64)> {
        let inner = self.inner.lock();
        let reached = |subscription: &Subscription| (subscription.key.clone(), subscription.next.saturating_sub(1));
        inner.subs.iter().map(|(_, subscription)| reached(subscription)).collect()
    }

    /// Number of subscriptions.
    pub fn subscriptions(&self) -> usize {
        self.inner.lock().subs.len()
    }

    /// A durable event, from the hub. Never refused: what does not fit is read from the log later.
    pub fn offer(&self, sub: SubId, event: &StoredEvent) {
        let mut inner = self.inner.lock();
        let full = inner.is_full(&self.bounds);
        let Some(subscription) = inner.sub(sub) else { return };
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
            inner.push_event(sub, event.framed(self.codec));
        }
        drop(inner);
        self.ready.tell();
    }

    /// The log goes further than the hub delivered: the subscription reads it.
    pub fn hint(&self, sub: SubId, head: Head) {
        let mut inner = self.inner.lock();
        let Some(subscription) = inner.sub(sub) else { return };
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
        self.ready.tell();
    }

    /// What to read next, if there is room for it: the subscriptions take turns. The pump answers with
    /// [`Outbox::snapshot`], [`Outbox::page`] or [`Outbox::give_back`].
    pub fn work(&self) -> Option<Work> {
        let mut inner = self.inner.lock();
        if inner.bytes >= self.bounds.low || inner.is_full(&self.bounds) || inner.closing.is_some() {
            return None;
        }
        // The first one after the last whose turn it was, and then from the beginning.
        let last = inner.turn;
        let begin = inner.subs.iter().position(|(id, _)| *id > last).unwrap_or(0);
        let (before, after) = inner.subs.split_at_mut(begin);
        let waits =
            |(_, subscription): &&mut (SubId, Subscription)| !subscription.reading && subscription.mode != Mode::Live;
        let (id, subscription) = after.iter_mut().chain(before).find(waits)?;
        let (id, key) = (*id, subscription.key.clone());
        let work = match subscription.mode {
            Mode::Snapshot => Work::Snapshot(id, key),
            Mode::CatchingUp | Mode::Live => Work::Page(id, key, subscription.next.saturating_sub(1)),
        };
        subscription.reading = true;
        inner.turn = id;
        Some(work)
    }

    /// The state that [`Outbox::work`] asked for.
    pub fn snapshot(&self, sub: SubId, head: Head, message: &ServerMessage) {
        let mut inner = self.inner.lock();
        let Some(subscription) = inner.sub(sub) else { return };
        subscription.reading = false;
        if subscription.mode != Mode::Snapshot {
            return;
        }
        subscription.epoch = head.epoch;
        subscription.next = head.seq.saturating_add(1);
        // What was seen of another life of the log says nothing about this one.
        subscription.mode = if subscription.seen > head.seq { Mode::CatchingUp } else { Mode::Live };
        subscription.live_since = Some(Instant::now());
        subscription.noted = head.seq;
        if let Some(log) = self.log.get() {
            log.note(What::Snapshot, Some(&subscription.key.topic), Some(head.seq), json!({"epoch": head.epoch}));
        }
        if let Some(snapshot) = Framed::message(self.codec, message) {
            inner.bytes += snapshot.len();
            inner.queue.push_back(Entry::Of(sub, snapshot));
        }
        drop(inner);
        self.ready.tell();
    }

    /// The page that [`Outbox::work`] asked for.
    pub fn page(&self, sub: SubId, page: &Page) {
        let mut inner = self.inner.lock();
        let Some(subscription) = inner.sub(sub) else { return };
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
                let Some(subscription) = inner.sub(sub) else { break };
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
                inner.push_event(sub, event.framed(self.codec));
            }
            if let Some(subscription) = inner.sub(sub)
                && subscription.mode == Mode::CatchingUp
                && subscription.next > subscription.seen
            {
                subscription.mode = Mode::Live;
                subscription.live_since = Some(Instant::now());
                // The client is told at once that it is complete up to here, and not only with the next heartbeat.
                let heads = [(subscription.key.topic.clone(), subscription.next.saturating_sub(1))].into();
                if let Some(mark) = Framed::message(self.codec, &ServerMessage::Mark { heads }) {
                    inner.bytes += mark.len();
                    inner.queue.push_back(Entry::Of(sub, mark));
                }
                self.note_turn(&mut inner, sub);
            }
        }
        drop(inner);
        self.ready.tell();
    }

    /// The pump could not read: the work is done again later.
    pub fn give_back(&self, sub: SubId) {
        if let Some(subscription) = self.inner.lock().sub(sub) {
            subscription.reading = false;
        }
        self.ready.tell();
    }

    /// What the outbox holds.
    pub fn depth(&self) -> Depth {
        let inner = self.inner.lock();
        Depth {
            entries: inner.entries(),
            bytes: inner.bytes,
            live: inner.slots.len(),
            subscriptions: inner.subs.len(),
            behind: inner.subs.iter().filter(|(_, subscription)| subscription.mode != Mode::Live).count(),
            coalesced: inner.coalesced,
            dropped: inner.dropped,
        }
    }
}

impl Inner {
    fn sub(&mut self, id: SubId) -> Option<&mut Subscription> {
        self.subs.iter_mut().find(|(sub, _)| *sub == id).map(|(_, subscription)| subscription)
    }

    fn entries(&self) -> usize {
        self.queue.len() - self.slots.voids().min(self.queue.len())
    }

    fn is_full(&self, bounds: &Bounds) -> bool {
        self.bytes >= bounds.bytes || self.entries() >= bounds.entries
    }

    fn push_event(&mut self, sub: SubId, event: Framed) {
        if let Some(subscription) = self.sub(sub) {
            subscription.next += 1;
            self.bytes += event.len();
            self.queue.push_back(Entry::Of(sub, event));
        }
    }

    fn recount(&mut self, codec: Codec) {
        self.slots.recount(&self.queue);
        let of = |entry: &Entry| match entry {
            Entry::Item(framed) | Entry::Of(_, framed) => framed.len(),
            Entry::Batch(_, batch) => batch.framed(codec).len(),
            Entry::Live(..) => 0,
        };
        self.bytes = self.queue.iter().map(of).sum::<usize>() + self.slots.bytes();
    }
}
