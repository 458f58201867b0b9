//! The actor of one signed-in session (a user on a device): who it is, when that ends, and its sockets. It runs the
//! calls, so a call goes on when the socket that brought it breaks; a client that repeats it with its key gets the
//! result. It outlives its last socket by a short grace.

use super::due::{Due, after};
use super::follow::Follower;
use super::outbox::Outbox;
use super::registry::{Sessions, SocketRef};
use crate::error::CallError;
use crate::hub::{Detach, Hub};
use crate::identity::Identity;
use crate::journal::What;
use crate::limits::{EXPIRING_AHEAD, SESSION_GRACE, SESSION_MAILBOX};
use crate::mailbox::tell;
use crate::runtime::Runtime;
use actix::prelude::*;
use chrono::Utc;
use estafette_protocol::{CloseCode, IdempotencyKey, RequestId, ServerMessage, Timestamp};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// After an outage a token that ended meanwhile has this long to be renewed.
const RENEWAL_GRACE: Duration = Duration::from_secs(10);
/// How often a session whose token ended during an outage looks whether that is over.
const OUTAGE_LOOK: Duration = Duration::from_secs(1);

/// A socket joins the session, with what its token says.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Join {
    /// The socket.
    pub socket: SocketRef,
    /// What its token says.
    pub identity: Identity,
}

/// A socket left.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Leave(pub usize);

/// A fresh token.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Renew(pub Identity);

/// The rights may have changed: every subscription is authorised again.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Recheck;

/// Something is due.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Wake;

/// The session was ended: its sockets close with 4401.
#[derive(Message)]
#[rtype(result = "()")]
pub struct End(pub String);

/// Runs a call and answers on the outbox.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Perform {
    /// The request's number.
    pub id: RequestId,
    /// The method.
    pub method: String,
    /// Its parameters.
    pub params: Value,
    /// The idempotency key.
    pub key: Option<IdempotencyKey>,
    /// The hub of its connection, where that follows the task that the call starts.
    pub follow: Option<Addr<Hub>>,
    /// Where the answer goes; a broken socket's outbox is simply not read any more.
    pub outbox: Arc<Outbox>,
    /// Unanswered calls of that socket.
    pub in_flight: Arc<AtomicUsize>,
}

/// The actor of one signed-in session.
pub struct UserSession {
    runtime: Runtime,
    sessions: Arc<Sessions>,
    identity: Identity,
    sockets: HashMap<usize, SocketRef>,
    /// When the token's end is announced.
    announce_at: Option<Instant>,
    /// When it ends.
    end_at: Option<Instant>,
    /// It ended during an outage, and was not held against anybody yet.
    is_spared: bool,
    /// When a session without sockets ends.
    leave_at: Option<Instant>,
    due: Arc<Due>,
    calls: usize,
}

impl UserSession {
    /// A session without sockets, which says in `due` when it wants to be woken.
    pub fn new(runtime: Runtime, identity: Identity, due: Arc<Due>) -> Self {
        let sessions = Arc::clone(runtime.sessions());
        let (sockets, announce_at, end_at, leave_at) = (HashMap::new(), None, None, None);
        let (is_spared, calls) = (false, 0);
        Self { runtime, sessions, identity, sockets, announce_at, end_at, is_spared, leave_at, due, calls }
    }

    fn watch_expiry(&mut self) {
        let left = (self.identity.expires_at - Utc::now()).to_std().unwrap_or_default();
        self.is_spared &= left.is_zero();
        self.announce_at = after(left.saturating_sub(EXPIRING_AHEAD));
        self.end_at = after(left);
        self.wake_next();
    }

    /// Says when this session wants to be woken.
    fn wake_next(&self) {
        self.due.set([self.announce_at, self.end_at, self.leave_at].into_iter().flatten().min());
    }

    fn announce_expiry(&self) {
        let at = Timestamp::new(self.identity.expires_at);
        for socket in self.sockets.values() {
            socket.outbox.push(&ServerMessage::Expiring { at });
        }
    }

    fn end(&mut self, ctx: &mut Context<Self>) {
        if let Some(respite) = respite(self.runtime.db().gate().is_up(), &mut self.is_spared) {
            self.end_at = after(respite);
            return;
        }
        self.close_sockets("the token has expired: refresh it and reconnect");
        ctx.stop();
    }

    fn close_sockets(&self, reason: &str) {
        for socket in self.sockets.values() {
            socket.outbox.close(CloseCode::Unauthenticated, reason);
        }
    }

    fn stay_or_go(&mut self) {
        if self.sockets.is_empty() && self.calls == 0 {
            self.leave_at = after(SESSION_GRACE);
            self.wake_next();
        }
    }
}

/// How long a session stays whose token is over. A fresh token cannot be had while the database is away: nobody is sent
/// away for that, and when it is back everybody has the same time. `is_spared`: it met the outage already.
const fn respite(is_up: bool, is_spared: &mut bool) -> Option<Duration> {
    match (is_up, std::mem::replace(is_spared, !is_up)) {
        (false, _) => Some(OUTAGE_LOOK),
        (true, true) => Some(RENEWAL_GRACE),
        (true, false) => None,
    }
}

impl Actor for UserSession {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(SESSION_MAILBOX);
        self.watch_expiry();
        self.stay_or_go();
        metrics::gauge!("estafette_sessions").increment(1);
    }

    fn stopped(&mut self, ctx: &mut Self::Context) {
        metrics::gauge!("estafette_sessions").decrement(1);
        self.sessions.leave(&self.identity.product, &self.identity.session, &ctx.address());
    }
}

impl Handler<Join> for UserSession {
    type Result = ();
    fn handle(&mut self, join: Join, _: &mut Self::Context) {
        self.leave_at = None;
        self.sockets.insert(join.socket.key(), join.socket);
        // The newest token says how long the session lasts.
        if join.identity.expires_at > self.identity.expires_at {
            self.identity = join.identity;
        }
        self.watch_expiry();
    }
}

impl Handler<Leave> for UserSession {
    type Result = ();
    fn handle(&mut self, Leave(key): Leave, _: &mut Self::Context) {
        self.sockets.remove(&key);
        self.stay_or_go();
    }
}

impl Handler<Renew> for UserSession {
    type Result = ();
    fn handle(&mut self, Renew(identity): Renew, _: &mut Self::Context) {
        if identity.expires_at > self.identity.expires_at {
            self.identity = identity;
        }
        self.watch_expiry();
    }
}

impl Handler<Wake> for UserSession {
    type Result = ();
    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        let now = Instant::now();
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(self.announce_at) {
            self.announce_at = None;
            self.announce_expiry();
        }
        if due(self.end_at) {
            self.end_at = None;
            self.end(ctx);
        }
        if due(self.leave_at) {
            self.leave_at = None;
            if self.sockets.is_empty() && self.calls == 0 {
                ctx.stop();
            }
        }
        self.wake_next();
    }
}

impl Handler<End> for UserSession {
    type Result = ();
    fn handle(&mut self, End(reason): End, ctx: &mut Self::Context) {
        self.close_sockets(&reason);
        ctx.stop();
    }
}

impl Handler<Recheck> for UserSession {
    type Result = ();
    fn handle(&mut self, _: Recheck, ctx: &mut Self::Context) {
        let (runtime, who) = (self.runtime.clone(), self.identity.clone());
        let sockets: Vec<SocketRef> = self.sockets.values().cloned().collect();
        ctx.spawn(
            async move {
                let Ok(product) = runtime.product(&who.product) else { return };
                for socket in sockets {
                    for key in socket.outbox.topics() {
                        if let Err(error) = product.authorize(runtime.db(), &who, &key.topic).await
                            && !error.code.is_retryable()
                        {
                            socket.outbox.unsubscribe(&key.topic);
                            let why = json!({"why": error.message});
                            socket.outbox.note(What::Ended, Some(&key.topic), None, why);
                            socket
                                .outbox
                                .push(&ServerMessage::Revoked { topic: key.topic.clone(), message: error.message });
                            let _gone = tell(&socket.hub, Detach { key, outbox: Arc::clone(&socket.outbox) });
                        }
                    }
                }
            }
            .into_actor(self),
        );
    }
}

impl Handler<Perform> for UserSession {
    type Result = ();
    fn handle(&mut self, call: Perform, ctx: &mut Self::Context) {
        let (runtime, who) = (self.runtime.clone(), self.identity.clone());
        self.calls += 1;
        let Perform { id, method, params, key, follow, outbox, in_flight } = call;
        let follower = follow.map(|hub| {
            let limit = runtime.config().limits.subscriptions as usize;
            Arc::new(Follower { id, who: who.clone(), outbox: Arc::clone(&outbox), hub, limit })
        });
        let work = async move {
            let call = AssertUnwindSafe(runtime.call_from(who, &method, params, key, follower)).catch_unwind();
            let result =
                call.await.unwrap_or_else(|_| Err(CallError::internal(format!("the handler of {method} panicked"))));
            in_flight.fetch_sub(1, Ordering::AcqRel);
            outbox.push(&answer(id, result));
        };
        ctx.spawn(work.into_actor(self).map(|(), session, _| {
            session.calls = session.calls.saturating_sub(1);
            session.stay_or_go();
        }));
    }
}

/// The answer to a request.
pub(crate) fn answer(id: RequestId, result: Result<Value, CallError>) -> ServerMessage {
    match result {
        Ok(Value::Null) => ServerMessage::Ok { id, result: None },
        Ok(result) => ServerMessage::Ok { id, result: Some(result) },
        Err(error) => ServerMessage::Err {
            id,
            code: error.code,
            message: error.message,
            details: error.details,
            retry_after_ms: error.retry_after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_ended_during_an_outage_has_the_whole_grace_from_its_end_on_and_only_once() {
        let mut is_spared = false;
        let mut look = |is_up| respite(is_up, &mut is_spared);
        assert_eq!(look(true), None, "without an outage it is over");
        assert_eq!([look(false), look(false)], [Some(OUTAGE_LOOK); 2]);
        assert_eq!(look(true), Some(RENEWAL_GRACE));
        assert_eq!(look(false), Some(OUTAGE_LOOK), "another outage within the grace");
        assert_eq!([look(true), look(true)], [Some(RENEWAL_GRACE), None]);
    }
}
