//! The live protocol's end of a link: what waits in the outbox goes out, what comes in goes to the connection's actor,
//! and what the outbox wants from the log is read at the reader's own pace.

use super::frames::{Incoming, Violation};
use super::link::{Course, End, Outgoing};
use super::outbox::Outbox;
use super::pump;
use super::socket::{Received, Socket, Speaker, SubscriptionEnded};
use crate::runtime::Runtime;
use actix::prelude::*;
use bytes::Bytes;
use estafette_protocol::CloseCode;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Sleep;

/// How long a full actor is left alone before it is offered the message again.
const STASH_RETRY: Duration = Duration::from_millis(2);
/// Heartbeats without a sign of life from a peer that takes all it is sent.
const SILENT_HEARTBEATS: u32 = 4;
/// No peer is taken for gone sooner, however short the heartbeat.
const SILENCE_MIN: Duration = Duration::from_secs(10);

type Reading = Pin<Box<dyn Future<Output = Option<pump::Ended>>>>;

/// The live protocol.
pub(super) struct Live {
    runtime: Runtime,
    socket: Addr<Socket>,
    outbox: Arc<Outbox>,
    speaker: Speaker,
    reading: Option<Reading>,
    /// What was read ended a subscription, and the actor is to hear of it.
    ended: Option<pump::Ended>,
    /// A message that the actor had no room for: nothing more is read until it has.
    stash: Option<Bytes>,
    /// Set while the actor had no room for something.
    again: Option<Pin<Box<Sleep>>>,
    over: bool,
    /// Dropped with this: the actor hears that the connection is over, however it ended.
    _alive: oneshot::Sender<()>,
}

impl Live {
    /// The end of a connection whose actor is `socket`; it hears of the end by `alive`.
    pub(super) fn new(
        runtime: Runtime,
        socket: Addr<Socket>,
        outbox: Arc<Outbox>,
        speaker: Speaker,
        alive: oneshot::Sender<()>,
    ) -> Self {
        let (reading, ended, stash, again) = (None, None, None, None);
        Self { runtime, socket, outbox, speaker, reading, ended, stash, again, over: false, _alive: alive }
    }

    fn next_read(&self) -> Option<Reading> {
        if self.speaker.read().is_none() {
            return None;
        }
        let work = self.outbox.work()?;
        let who = self.speaker.read().clone()?;
        let (runtime, outbox) = (self.runtime.clone(), Arc::clone(&self.outbox));
        Some(Box::pin(async move { pump::read(&runtime, &who, &outbox, work).await }))
    }

    fn hand_over(&mut self, message: Bytes) {
        match self.socket.try_send(Received(message)) {
            Ok(()) => {}
            Err(SendError::Full(Received(message))) => self.stash = Some(message),
            Err(SendError::Closed(_)) => self.over = true,
        }
    }

    fn tell_ended(&mut self, ended: pump::Ended) {
        match self.socket.try_send(SubscriptionEnded(ended)) {
            Ok(()) => {}
            Err(SendError::Full(SubscriptionEnded(ended))) => self.ended = Some(ended),
            Err(SendError::Closed(_)) => self.over = true,
        }
    }

    /// Offers the actor again what it had no room for. Ready: it has taken something.
    fn poll_again(&mut self, cx: &mut TaskContext<'_>) -> Poll<()> {
        while self.stash.is_some() || self.ended.is_some() {
            let again = self.again.get_or_insert_with(|| Box::pin(tokio::time::sleep(STASH_RETRY)));
            std::task::ready!(again.as_mut().poll(cx));
            self.again = None;
            if let Some(message) = self.stash.take() {
                self.hand_over(message);
            }
            if let Some(ended) = self.ended.take() {
                self.tell_ended(ended);
            }
            if self.over || (self.stash.is_none() && self.ended.is_none()) {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}

impl End for Live {
    fn outgoing(&mut self) -> Option<Outgoing> {
        let taken = self.outbox.take_frame()?;
        let silence = || (self.runtime.config().heartbeat * SILENT_HEARTBEATS).max(SILENCE_MIN);
        Some(Outgoing { frame: taken.framed.frame().clone(), ping: taken.marked.then(silence) })
    }

    fn closing(&self) -> Option<(CloseCode, String)> {
        self.outbox.closing()
    }

    fn incoming(&mut self, message: Incoming) -> Result<(), Violation> {
        let refuse = |reason: &str| Err(Violation { code: CloseCode::Malformed, reason: reason.to_owned() });
        match (message, self.outbox.codec().is_binary()) {
            (Incoming::Text(message), false) | (Incoming::Binary(message), true) => {
                self.hand_over(message);
                Ok(())
            }
            (_, true) => refuse("this connection speaks MessagePack: send binary messages"),
            (_, false) => refuse("this connection speaks JSON: send text messages"),
        }
    }

    fn has_room(&self) -> bool {
        self.stash.is_none() && !self.over && !self.outbox.is_owed()
    }

    fn poll_turn(&mut self, cx: &mut TaskContext<'_>, writing: bool) -> Poll<Course> {
        if self.over {
            return Poll::Ready(Course::Over);
        }
        if self.ended.is_none() && self.reading.is_none() {
            self.reading = self.next_read();
        }
        if let Some(reading) = &mut self.reading
            && let Poll::Ready(ended) = reading.as_mut().poll(cx)
        {
            self.reading = None;
            if let Some(ended) = ended {
                self.tell_ended(ended);
            }
            return Poll::Ready(if self.over { Course::Over } else { Course::On });
        }
        if self.poll_again(cx).is_ready() || (!writing && self.outbox.poll_ready(cx).is_ready()) {
            return Poll::Ready(Course::On);
        }
        // Nothing but the socket's taking what was written can change anything.
        Poll::Pending
    }
}
