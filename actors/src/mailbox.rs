//! The only way to send to an actor: bounded, and what happens at the bound is in the type.
//!
//! actix's `do_send` ignores a mailbox's capacity and drops silently when the actor is gone (`tests/actix_facts.rs` pins
//! both), so it is banned by lint and this module stands in its place.

use actix::dev::{MessageResponse, ToEnvelope};
use actix::{Actor, Addr, Handler, Message};
use parking_lot::RwLock;
use std::sync::Arc;
use std::time::Duration;

/// A message that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TellError {
    /// The mailbox is full: the receiver is behind.
    #[error("the mailbox is full")]
    Full,
    /// The actor has stopped.
    #[error("the actor has stopped")]
    Closed,
}

/// An answer that did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The actor has stopped, or stopped before it answered.
    #[error("the actor has stopped")]
    Closed,
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
}

/// Sends without waiting, if there is room.
///
/// # Errors
/// [`TellError`]; counted as `estafette_mailbox_refused_total`.
pub fn tell<A, M>(addr: &Addr<A>, message: M) -> Result<(), TellError>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    use actix::prelude::SendError;
    addr.try_send(message).map_err(|error| {
        let (error, reason) = match error {
            SendError::Full(_) => (TellError::Full, "full"),
            SendError::Closed(_) => (TellError::Closed, "closed"),
        };
        metrics::counter!("estafette_mailbox_refused_total", "actor" => short_name::<A>(), "reason" => reason)
            .increment(1);
        error
    })
}

/// Sends, waits for room, and waits for the answer.
///
/// # Errors
/// [`AskError`].
pub async fn ask<A, M>(addr: &Addr<A>, message: M, within: Duration) -> Result<M::Result, AskError>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message + Send + 'static,
    M::Result: Send + MessageResponse<A, M>,
{
    match tokio::time::timeout(within, addr.send(message)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_closed)) => Err(AskError::Closed),
        Err(_elapsed) => Err(AskError::Timeout),
    }
}

/// The address of an actor that is started again when it fails: whoever holds the slot sends to the present one.
pub struct Slot<A: Actor>(Arc<RwLock<Addr<A>>>);

impl<A: Actor> Clone for Slot<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: Actor> Slot<A> {
    /// A slot with a first actor.
    pub fn new(addr: Addr<A>) -> Self {
        Self(Arc::new(RwLock::new(addr)))
    }

    /// The present actor.
    pub fn get(&self) -> Addr<A> {
        self.0.read().clone()
    }

    /// Puts another actor in its place.
    pub fn set(&self, addr: Addr<A>) {
        *self.0.write() = addr;
    }
}

fn short_name<A>() -> &'static str {
    std::any::type_name::<A>().rsplit("::").next().unwrap_or("actor")
}
