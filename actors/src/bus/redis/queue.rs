//! What waits to be sent: bounded by messages and by bytes. At the bound a message is dropped and counted; its events
//! are in the log.

use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Notify;

/// What a message is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Durable events, or that there are some.
    Event,
    /// A volatile event: goes without a place when half of the queue is taken.
    Live,
    /// A signal: waits for Redis to come back.
    Signal,
}

/// A message for a channel.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) channel: Arc<str>,
    pub(super) payload: Vec<u8>,
    pub(super) class: Class,
    /// The trace of its events: a message of its own that goes out just before it.
    pub(super) trace: Option<Box<[u8]>>,
}

impl Outgoing {
    pub(super) const fn new(channel: Arc<str>, payload: Vec<u8>, class: Class) -> Self {
        Self { channel, payload, class, trace: None }
    }

    fn size(&self) -> usize {
        self.payload.len() + self.trace.as_ref().map_or(0, |trace| trace.len())
    }
}

#[derive(Debug, Default)]
struct Inner {
    messages: VecDeque<Outgoing>,
    bytes: usize,
}

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    ready: Notify,
    max_messages: usize,
    max_bytes: usize,
}

impl Queue {
    pub(super) fn new(max_messages: usize, max_bytes: usize) -> Self {
        Self { inner: Mutex::default(), ready: Notify::new(), max_messages, max_bytes }
    }

    /// Adds a message if there is room.
    pub(super) fn push(&self, message: Outgoing) -> bool {
        let share = if message.class == Class::Live { 2 } else { 1 };
        let mut inner = self.inner.lock();
        if inner.messages.len() >= self.max_messages / share
            || inner.bytes.saturating_add(message.size()) > self.max_bytes / share
        {
            return false;
        }
        inner.bytes += message.size();
        inner.messages.push_back(message);
        drop(inner);
        self.ready.notify_one();
        true
    }

    /// Resolves when there is something.
    pub(super) async fn ready(&self) {
        while self.inner.lock().messages.is_empty() {
            self.ready.notified().await;
        }
    }

    /// Takes the oldest messages, at most so many and hardly more than so many bytes.
    pub(super) fn take(&self, messages: usize, bytes: usize) -> Vec<Outgoing> {
        let mut inner = self.inner.lock();
        let (mut taken, mut size) = (Vec::new(), 0);
        while taken.len() < messages && size < bytes {
            let Some(message) = inner.messages.pop_front() else { break };
            size += message.size();
            taken.push(message);
        }
        inner.bytes = inner.bytes.saturating_sub(size);
        taken
    }

    /// Puts signals that could not be sent back to the front; more than the bound are dropped from the end.
    pub(super) fn give_back(&self, messages: Vec<Outgoing>) {
        let mut inner = self.inner.lock();
        for message in messages.into_iter().rev() {
            inner.bytes += message.size();
            inner.messages.push_front(message);
        }
        while inner.messages.len() > self.max_messages {
            if let Some(message) = inner.messages.pop_back() {
                inner.bytes = inner.bytes.saturating_sub(message.size());
            }
        }
        drop(inner);
        self.ready.notify_one();
    }

    /// Drops everything but signals. Returns how many were dropped.
    pub(super) fn keep_signals(&self) -> u64 {
        let mut inner = self.inner.lock();
        let before = inner.messages.len();
        inner.messages.retain(|message| message.class == Class::Signal);
        inner.bytes = inner.messages.iter().map(Outgoing::size).sum();
        (before - inner.messages.len()) as u64
    }

    pub(super) fn len(&self) -> usize {
        self.inner.lock().messages.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(class: Class, bytes: usize) -> Outgoing {
        Outgoing::new("c".into(), vec![0; bytes], class)
    }

    #[test]
    fn a_full_queue_refuses_volatile_events_first_and_then_everything() {
        let queue = Queue::new(4, 1_000);
        assert!(queue.push(message(Class::Live, 1)) && queue.push(message(Class::Live, 1)));
        assert!(!queue.push(message(Class::Live, 1)), "half of the places are taken");
        assert!(queue.push(message(Class::Event, 1)) && queue.push(message(Class::Signal, 1)));
        assert!(!queue.push(message(Class::Event, 1)), "all places are taken");
        assert_eq!(queue.keep_signals(), 3);
        assert!(!queue.push(message(Class::Event, 1_000)), "there is room for 999 bytes");
        assert!(queue.push(message(Class::Event, 999)));
        assert_eq!(queue.take(10, 10_000).len(), 2);
        assert!(queue.push(message(Class::Event, 1_000)), "the bytes came back");
    }

    #[test]
    fn what_is_given_back_stands_in_front_in_its_order_and_within_the_bound() {
        let queue = Queue::new(3, 1_000);
        for n in 1..=3 {
            queue.push(message(Class::Signal, n));
        }
        let taken = queue.take(2, 1_000);
        queue.push(message(Class::Event, 4));
        queue.push(message(Class::Event, 5));
        queue.give_back(taken);
        let sizes: Vec<usize> = queue.take(9, 1_000).iter().map(|message| message.payload.len()).collect();
        assert_eq!(sizes, [1, 2, 3]);
        assert_eq!(queue.len(), 0);
    }
}
