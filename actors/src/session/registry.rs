//! The sessions and sockets of this node: found by id, told of signals, drained together.

use super::due::Due;
use super::outbox::Outbox;
use super::user_session::{Recheck, UserSession, Wake};
use crate::bus::Signal;
use crate::hub::Hub;
use crate::limits::SESSION_CLOCK;
use crate::mailbox::tell;
use actix::prelude::*;
use estafette_protocol::{CloseCode, ProductId, ServerMessage, SessionId, UserId};
use parking_lot::Mutex;
use rand::RngExt as _;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often is looked whether all sockets have gone.
const LOOK_EVERY: Duration = Duration::from_millis(20);

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
    due: Arc<Due>,
}

#[derive(Default)]
struct Inner {
    sessions: HashMap<(ProductId, SessionId), Entry>,
    sockets: HashMap<usize, SocketRef>,
    /// Connections of each person.
    people: HashMap<(ProductId, UserId), usize>,
    /// Over how long clients come back, once the node goes away.
    leaving: Option<Duration>,
}

/// The sessions and sockets of this node.
#[derive(Default)]
pub struct Sessions(Mutex<Inner>);

impl Sessions {
    /// The actor of a session: the one that runs, or a new one, which is told where to say when it wants to be woken.
    pub fn enter(
        &self,
        product: &ProductId,
        session: &SessionId,
        user: &UserId,
        start: impl FnOnce(Arc<Due>) -> Addr<UserSession>,
    ) -> Addr<UserSession> {
        let mut inner = self.0.lock();
        let key = (product.clone(), session.clone());
        if let Some(entry) = inner.sessions.get(&key)
            && entry.addr.connected()
        {
            return entry.addr.clone();
        }
        let due = Arc::<Due>::default();
        let addr = start(Arc::clone(&due));
        inner.sessions.insert(key, Entry { user: user.clone(), addr: addr.clone(), due });
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

    /// Tells every client what the node cannot reach.
    pub fn tell_health(&self, health: &ServerMessage) {
        for socket in self.0.lock().sockets.values() {
            socket.outbox.set_health(health);
        }
    }

    /// Counts a connection of a person, unless there are `most` already.
    pub fn take_place(&self, product: &ProductId, user: &UserId, most: usize) -> bool {
        let mut inner = self.0.lock();
        let count = inner.people.entry((product.clone(), user.clone())).or_default();
        let free = *count < most;
        *count += usize::from(free);
        free
    }

    /// A counted connection is gone.
    pub fn give_place_back(&self, product: ProductId, user: UserId) {
        let mut inner = self.0.lock();
        let key = (product, user);
        if let Some(count) = inner.people.get_mut(&key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                inner.people.remove(&key);
            }
        }
    }

    /// Tells every client that the node goes away, and when to come back: evenly spread, each in a slice of its own.
    pub fn drain(&self, spread: Duration) {
        let mut inner = self.0.lock();
        inner.leaving = Some(spread);
        // Those who have not said hello yet are told after it.
        let greeted: Vec<&SocketRef> = inner.sockets.values().filter(|socket| socket.outbox.is_greeted()).collect();
        let mut rng = rand::rng();
        let slice = spread.as_secs_f64() * 1_000.0 / greeted.len().max(1) as f64;
        for (turn, socket) in greeted.into_iter().enumerate() {
            let after = (turn as f64 + rng.random_range(0.0..1.0)) * slice;
            socket.outbox.push(&ServerMessage::Drain { reconnect_after_ms: after as u32 });
        }
    }

    /// What a client is told that said hello after the others were told to go.
    pub fn late_drain(&self) -> Option<ServerMessage> {
        let spread = u32::try_from(self.0.lock().leaving?.as_millis()).unwrap_or(u32::MAX);
        Some(ServerMessage::Drain { reconnect_after_ms: rand::rng().random_range(0..=spread) })
    }

    /// Waits until no socket is left, but not longer than `limit`.
    pub async fn emptied(&self, limit: Duration) {
        let deadline = tokio::time::Instant::now() + limit;
        while self.socket_count() > 0 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Closes every socket with 1012.
    pub fn close_all(&self) {
        for socket in self.0.lock().sockets.values() {
            socket.outbox.close(CloseCode::Restart, "the node restarts");
        }
    }

    /// Wakes the sessions that something is due for.
    fn wake(&self, now: Instant) {
        for entry in self.0.lock().sessions.values() {
            if entry.due.take(now) && tell(&entry.addr, Wake).is_err() {
                // It is busy: the next time.
                entry.due.set(Some(now));
            }
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

/// Passes signals on to the sessions that they concern, and is their clock.
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
        ctx.run_interval(SESSION_CLOCK, |listener, _| listener.0.wake(Instant::now()));
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
