//! The live protocol's end of a link: what waits in the outbox goes out, what comes in goes to the connection's actor,
//! and what the outbox wants from the log is read at the reader's own pace.

use super::frames::{Incoming, Violation};
use super::link::{Course, End, Outgoing};
use super::outbox::Outbox;
use super::pump;
use super::socket::{Gone, Received, Socket, Speaker, SubscriptionEnded};
use crate::runtime::Runtime;
use actix::prelude::*;
use bytes::Bytes;
use estafette_protocol::CloseCode;
use futures_util::future::{OptionFuture, pending};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

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
    over: bool,
}

impl Live {
    /// The end of a connection whose actor is `socket`.
    pub(super) fn new(runtime: Runtime, socket: Addr<Socket>, outbox: Arc<Outbox>, speaker: Speaker) -> Self {
        Self { runtime, socket, outbox, speaker, reading: None, ended: None, stash: None, over: false }
    }

    fn next_read(&self) -> Option<Reading> {
        let who = self.speaker.read().clone()?;
        let work = self.outbox.work()?;
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
}

impl End for Live {
    fn outgoing(&mut self) -> Option<Outgoing> {
        let (payload, marked) = self.outbox.take()?;
        let silence = (self.runtime.config().heartbeat * SILENT_HEARTBEATS).max(SILENCE_MIN);
        Some(Outgoing { payload, binary: self.outbox.codec().is_binary(), ping: marked.then_some(silence) })
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

    async fn turn(&mut self, writing: bool) -> Course {
        if self.over {
            return Course::Over;
        }
        if self.ended.is_none() && self.reading.is_none() {
            self.reading = self.next_read();
        }
        if self.ended.is_none() {
            tokio::select! {
                Some(ended) = OptionFuture::from(self.reading.as_mut()) => {
                    self.reading = None;
                    self.ended = ended;
                }
                () = self.outbox.ready(), if !writing => {}
                () = tokio::time::sleep(STASH_RETRY), if self.stash.is_some() => {
                    if let Some(message) = self.stash.take() {
                        self.hand_over(message);
                    }
                }
                // Nothing but the socket's taking what was written can change anything.
                else => pending().await,
            }
        }
        if let Some(ended) = self.ended.take() {
            match self.socket.try_send(SubscriptionEnded(ended)) {
                Ok(()) => {}
                Err(SendError::Full(SubscriptionEnded(ended))) => {
                    self.ended = Some(ended);
                    tokio::time::sleep(STASH_RETRY).await;
                }
                Err(SendError::Closed(_)) => return Course::Over,
            }
        }
        Course::On
    }

    fn gone(&mut self) {
        let _gone = crate::mailbox::tell(&self.socket, Gone);
    }
}
