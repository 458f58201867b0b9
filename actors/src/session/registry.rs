//! The sessions and sockets of this node: found by id, told of signals, drained together.

use super::outbox::Outbox;
use super::user_session::{Recheck, UserSession};
use crate::bus::Signal;
use crate::hub::Hub;
use crate::mailbox::tell;
use actix::prelude::*;
use estafette_protocol::{CloseCode, ProductId, ServerMessage, SessionId, UserId};
use parking_lot::Mutex;
use rand::RngExt as _;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A socket as others see it: where its answers go, and the hub of its thread.
#[derive(Clone)]
pub struct SocketRef {
    /// What waits for it.
    pub outbox: Arc<Outbox>,
    /// The hub of its thread.
    pub hub: Addr<Hub>,
}

impl SocketRef {
    /// The socket's identity on this node.
    pub fn key(&self) -> usize {
        Arc::as_ptr(&self.outbox).addr()
    }
}

struct Entry {
    user: UserId,
    addr: Addr<UserSession>,
}

#[derive(Default)]
struct Inner {
    sessions: HashMap<(ProductId, SessionId), Entry>,
    sockets: HashMap<usize, SocketRef>,
}

/// The sessions and sockets of this node.
#[derive(Default)]
pub struct Sessions(Mutex<Inner>);

impl Sessions {
    /// The actor of a session: the one that runs, or a new one.
    pub fn enter(
        &self,
        product: &ProductId,
        session: &SessionId,
        user: &UserId,
        start: impl FnOnce() -> Addr<UserSession>,
    ) -> Addr<UserSession> {
        let mut inner = self.0.lock();
        let key = (product.clone(), session.clone());
        if let Some(entry) = inner.sessions.get(&key)
            && entry.addr.connected()
        {
            return entry.addr.clone();
        }
        let addr = start();
        inner.sessions.insert(key, Entry { user: user.clone(), addr: addr.clone() });
        addr
    }

    /// A session is over.
    pub fn leave(&self, product: &ProductId, session: &SessionId, addr: &Addr<UserSession>) {
        let mut inner = self.0.lock();
        let key = (product.clone(), session.clone());
        if inner.sessions.get(&key).is_some_and(|entry| entry.addr == *addr) {
            inner.sessions.remove(&key);
        }
    }

    /// A socket begins.
    pub fn add_socket(&self, socket: SocketRef) {
        self.0.lock().sockets.insert(socket.key(), socket);
    }

    /// A socket ended.
    pub fn remove_socket(&self, key: usize) {
        self.0.lock().sockets.remove(&key);
    }

    /// Sockets of this node.
    pub fn socket_count(&self) -> usize {
        self.0.lock().sockets.len()
    }

    /// The sockets of this node.
    pub fn sockets(&self) -> Vec<SocketRef> {
        self.0.lock().sockets.values().cloned().collect()
    }

    /// Tells every client that the node goes away, and when to come back: spread evenly.
    pub fn drain(&self, spread: Duration) {
        let spread = u32::try_from(spread.as_millis()).unwrap_or(u32::MAX).max(1);
        let mut rng = rand::rng();
        for socket in self.0.lock().sockets.values() {
            socket.outbox.push(&ServerMessage::Drain { reconnect_after_ms: rng.random_range(0..spread) });
        }
    }

    /// Closes every socket with 1012.
    pub fn close_all(&self) {
        for socket in self.0.lock().sockets.values() {
            socket.outbox.close(CloseCode::Restart, "the node restarts");
        }
    }

    fn of_user(&self, user: &UserId) -> Vec<Addr<UserSession>> {
        self.0.lock().sessions.values().filter(|entry| entry.user == *user).map(|entry| entry.addr.clone()).collect()
    }

    fn of_session(&self, session: &SessionId) -> Vec<Addr<UserSession>> {
        self.0
            .lock()
            .sessions
            .iter()
            .filter(|((_, id), _)| id == session)
            .map(|(_, entry)| entry.addr.clone())
            .collect()
    }
}

/// Passes signals on to the sessions that they concern.
pub struct Listener(Arc<Sessions>);

impl Listener {
    /// A listener.
    pub const fn new(sessions: Arc<Sessions>) -> Self {
        Self(sessions)
    }
}

impl Actor for Listener {
    type Context = Context<Self>;
    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(1024);
    }
}

impl Handler<Signal> for Listener {
    type Result = ();
    fn handle(&mut self, signal: Signal, _: &mut Self::Context) {
        match signal {
            Signal::Recheck(user) => {
                for session in self.0.of_user(&user) {
                    let _gone = tell(&session, Recheck);
                }
            }
            Signal::SignedOut(session, reason) => {
                for session in self.0.of_session(&session) {
                    let _gone = tell(&session, super::user_session::End(reason.clone()));
                }
            }
            Signal::Queued | Signal::Stopped(_) => {}
        }
    }
}
