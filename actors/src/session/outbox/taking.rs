//! What a socket takes of its outbox, and how it hears that there is something.

use super::{Entry, Outbox};
use crate::event::Framed;
use crate::limits::{ANSWER_COST, FRAME_BYTES};
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

/// Places that an outbox keeps when all was taken: an idle one is small.
const PLACES_KEPT: usize = 4;

/// Told when something was added. One listener: the connection.
#[derive(Debug, Default)]
pub(super) struct Ready {
    told: AtomicBool,
    waker: AtomicWaker,
}

impl Ready {
    pub(super) fn tell(&self) {
        // Who was told and has not looked yet need not be told again.
        if !self.told.swap(true, Ordering::AcqRel) {
            self.waker.wake();
        }
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        if self.told.swap(false, Ordering::AcqRel) {
            return Poll::Ready(());
        }
        self.waker.register(cx.waker());
        // It may have been told before the waker was there.
        if self.told.swap(false, Ordering::AcqRel) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// What a socket writes next.
#[derive(Debug)]
pub struct Taken {
    /// A whole WebSocket message.
    pub framed: Framed,
    /// A mark is in it.
    pub marked: bool,
}

impl Outbox {
    /// Takes what waits, as one WebSocket message of about [`FRAME_BYTES`]. What waits alone is not copied: all its
    /// readers share its bytes.
    pub fn take_frame(&self) -> Option<Taken> {
        let mut inner = self.inner.lock();
        let mut first: Option<Framed> = None;
        let mut others: Vec<Framed> = Vec::new();
        let mut bytes = 0;
        let mut add = |framed: Framed, bytes: &mut usize| {
            *bytes += framed.len();
            match &first {
                _ if framed.is_empty() => {}
                None => first = Some(framed),
                Some(_) => others.push(framed),
            }
        };
        let mark = inner.mark.take();
        let marked = mark.is_some();
        if let Some(mark) = mark {
            // The heads were read before this moment: everything up to them is in the queue, in the log or sent, so the
            // order does not matter to a client that compares.
            add(mark, &mut bytes);
        }
        while bytes < FRAME_BYTES {
            let framed = match inner.queue.pop_front() {
                None => break,
                Some(Entry::Of(_, framed)) => framed,
                Some(Entry::Item(framed)) => {
                    inner.answers = inner.answers.saturating_sub(framed.len() + ANSWER_COST);
                    framed
                }
                Some(Entry::Batch(sub, batch)) => inner.take_batch(sub, &batch, self.codec),
                Some(Entry::Live(sub, slot, stamp)) => match inner.slots.take(sub, slot, stamp) {
                    Some(framed) => framed,
                    None => continue,
                },
            };
            inner.bytes = inner.bytes.saturating_sub(framed.len());
            add(framed, &mut bytes);
        }
        if inner.queue.is_empty() && inner.queue.capacity() > PLACES_KEPT {
            inner.queue = VecDeque::new();
        }
        // After `welcome`, which is in the queue.
        if inner.greeted
            && bytes < FRAME_BYTES
            && let Some(health) = inner.health.take()
        {
            add(health, &mut bytes);
        }
        drop(inner);
        let first = first?;
        if others.is_empty() {
            return Some(Taken { framed: first, marked });
        }
        others.insert(0, first);
        Some(Taken { framed: Framed::merged(self.codec, &others), marked })
    }

    /// Takes what waits, as the payload of one WebSocket message, and whether a mark is in it.
    pub fn take(&self) -> Option<(Bytes, bool)> {
        self.take_frame().map(|taken| (taken.framed.payload(), taken.marked))
    }

    /// Resolves when something was added since the last look. For one listener at a time.
    pub async fn ready(&self) {
        poll_fn(|cx| self.poll_ready(cx)).await;
    }

    /// Ready when something was added since the last look. For one listener at a time.
    pub fn poll_ready(&self, cx: &Context<'_>) -> Poll<()> {
        self.ready.poll(cx)
    }
}
