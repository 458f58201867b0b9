//! The actor of one connection: it reads messages, answers requests, and holds the connection's subscriptions. Its clock
//! and mailbox run whatever the socket does: bytes are the business of [`super::transport`], and what waits for a slow
//! reader is the business of the [`super::outbox`].

use super::admission::{Budget, Place, Spent, USER_RETRY_MS};
use super::outbox::{Outbox, SubId};
use super::reads;
use super::registry::SocketRef;
use super::user_session::{Join, Leave, Perform, Renew, UserSession, answer};
use crate::error::CallError;
use crate::event::TopicKey;
use crate::event::log::Page;
use crate::gate::Standing;
use crate::hub::{self, Attach, Detach, Hub, Recent};
use crate::identity::{AuthError, Identity};
use crate::journal::What;
use crate::limits::{GREETING_BYTES, SOCKET_MAILBOX};
use crate::mailbox::tell;
use crate::probe;
use crate::runtime::Runtime;
use actix::prelude::*;
use bytes::Bytes;
use estafette_protocol::codec::DecodeError;
use estafette_protocol::limits::MAX_BATCH_LEN;
use estafette_protocol::{
    ClientMessage, CloseCode, ErrorCode, Position, ProductId, RequestId, ServerMessage, Timestamp, Topic, UserId,
};
use parking_lot::RwLock;
use rand::RngExt as _;
use serde_json::json;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A whole message, as it came.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Received(pub Bytes);

/// A subscription that the pump found to be over.
#[derive(Message)]
#[rtype(result = "()")]
pub struct SubscriptionEnded(pub super::pump::Ended);

/// Who speaks on a connection, once known; shared with the connection's pump.
pub type Speaker = Arc<RwLock<Option<Identity>>>;

/// The actor of one connection.
pub struct Socket {
    runtime: Runtime,
    me: SocketRef,
    outbox: Arc<Outbox>,
    speaker: Speaker,
    session: Option<Addr<UserSession>>,
    greeting: bool,
    waiting: VecDeque<ClientMessage>,
    /// Bytes that came before the answer to hello.
    early_bytes: usize,
    /// Topics whose subscription is being authorised; true when the client gave it up meanwhile.
    subscribing: HashMap<Topic, Option<RequestId>>,
    in_flight: Arc<AtomicUsize>,
    budget: Budget,
    /// Whose connections this one is counted with.
    counted: Option<(ProductId, UserId)>,
    /// Given back when the connection is gone.
    _place: Place,
}

impl Socket {
    /// The actor of a connection whose bytes are moved by the transport.
    pub fn new(runtime: Runtime, hub: Addr<Hub>, outbox: Arc<Outbox>, speaker: Speaker, place: Place) -> Self {
        let budget = Budget::new(runtime.config().limits.messages_per_second);
        Self {
            me: SocketRef { outbox: Arc::clone(&outbox), hub },
            runtime,
            outbox,
            speaker,
            session: None,
            greeting: false,
            waiting: VecDeque::new(),
            early_bytes: 0,
            subscribing: HashMap::new(),
            in_flight: Arc::default(),
            budget,
            counted: None,
            _place: place,
        }
    }

    fn refuse(&self, id: RequestId, error: CallError) {
        self.outbox.push(&answer(id, Err(error)));
    }

    /// Refuses a whole batch: it was too much.
    fn slow_down(&self, batch: &[serde_json::Value], rate: u32, after: Duration) {
        metrics::counter!("estafette_messages_refused_total").increment(batch.len() as u64);
        for message in batch {
            let id = message.get("id").and_then(serde_json::Value::as_u64).and_then(|id| RequestId::try_from(id).ok());
            let text = format!("at most {rate} messages a second: send less");
            match id {
                Some(id) => self.refuse(id, CallError::new(ErrorCode::RateLimited, text).with_retry_after(after)),
                // Nothing could be answered.
                None => return self.outbox.close(CloseCode::TooManyMessages, text),
            }
        }
    }

    fn who(&self) -> Option<Identity> {
        self.speaker.read().clone()
    }

    fn receive(&mut self, message: ClientMessage, ctx: &mut Context<Self>) {
        if self.greeting {
            if self.waiting.len() >= MAX_BATCH_LEN * 4 {
                self.outbox.close(CloseCode::TooManyMessages, "too many messages before the answer to hello");
                return;
            }
            return self.waiting.push_back(message);
        }
        let Some(session) = self.session.clone() else {
            return match message {
                ClientMessage::Hello { token, device, client } => self.hello(token, device, client, ctx),
                ClientMessage::Ping { id } => self.outbox.push(&ServerMessage::Pong { id }),
                _ => self.outbox.close(CloseCode::Malformed, "the first message must be hello"),
            };
        };
        match message {
            ClientMessage::Hello { .. } => {
                self.outbox.close(CloseCode::Malformed, "hello was said already: use auth for a fresh token")
            }
            ClientMessage::Auth { id, token } => self.auth(id, token, session, ctx),
            ClientMessage::Sub { id, topic, since } => self.subscribe(id, topic, since, ctx),
            ClientMessage::Unsub { id, topic } => self.unsubscribe(id, &topic),
            ClientMessage::Call { id, method, params, key, follow } => {
                let limit = self.runtime.config().limits.calls_in_flight as usize;
                if self.in_flight.load(Ordering::Acquire) >= limit {
                    let text = format!("at most {limit} calls of a connection may be unanswered: wait for answers");
                    return self.refuse(
                        id,
                        CallError::new(ErrorCode::RateLimited, text).with_retry_after(Duration::from_millis(200)),
                    );
                }
                self.in_flight.fetch_add(1, Ordering::AcqRel);
                let (outbox, in_flight) = (Arc::clone(&self.outbox), Arc::clone(&self.in_flight));
                let follow = follow.then(|| self.me.hub.clone());
                if tell(&session, Perform { id, method, params, key, follow, outbox, in_flight }).is_err() {
                    self.in_flight.fetch_sub(1, Ordering::AcqRel);
                    self.refuse(
                        id,
                        CallError::unavailable("this session is busy: try again", Duration::from_millis(500)),
                    );
                }
            }
            ClientMessage::Ping { id } => self.outbox.push(&ServerMessage::Pong { id }),
        }
    }

    fn hello(
        &mut self,
        token: String,
        device: estafette_protocol::DeviceId,
        client: Option<String>,
        ctx: &mut Context<Self>,
    ) {
        self.greeting = true;
        let runtime = self.runtime.clone();
        let work = async move {
            match runtime.authenticator() {
                Some(authenticator) => authenticator.authenticate(&token).await,
                None => Err(AuthError::Invalid),
            }
        };
        ctx.spawn(work.into_actor(self).map(move |result, socket, ctx| {
            socket.greeting = false;
            match result {
                Ok(mut identity) => {
                    identity.device = Some(device);
                    tracing::debug!(user.id = %identity.user, session.id = %identity.session, client, "hello");
                    socket.welcome(identity, client);
                    for message in std::mem::take(&mut socket.waiting) {
                        socket.receive(message, ctx);
                    }
                }
                Err(AuthError::Unavailable) => {
                    socket.outbox.close(CloseCode::TryLater, AuthError::Unavailable.to_string())
                }
                Err(error) => socket.outbox.close(CloseCode::Unauthenticated, error.to_string()),
            }
        }));
    }

    fn welcome(&mut self, identity: Identity, client: Option<String>) {
        let runtime = self.runtime.clone();
        let most = runtime.admission().limits().connections_per_user;
        if !runtime.sessions().take_place(&identity.product, &identity.user, most) {
            metrics::counter!("estafette_sockets_refused_total", "reason" => "user").increment(1);
            let reconnect_after_ms = rand::rng().random_range(USER_RETRY_MS);
            self.outbox.push(&ServerMessage::Drain { reconnect_after_ms });
            return self.outbox.close(CloseCode::TryLater, format!("this account has {most} connections: close some"));
        }
        self.counted = Some((identity.product.clone(), identity.user.clone()));
        let of_session = identity.clone();
        let session = self.runtime.sessions().enter(&identity.product, &identity.session, &identity.user, move |due| {
            UserSession::new(runtime, of_session, due).start()
        });
        let config = self.runtime.config();
        self.outbox.push(&ServerMessage::Welcome {
            session: identity.session.clone(),
            user: identity.user.clone(),
            node: self.runtime.node_id().clone(),
            heartbeat_ms: u32::try_from(config.heartbeat.as_millis()).unwrap_or(u32::MAX),
            expires_at: Timestamp::new(identity.expires_at),
            limits: config.limits,
        });
        let standing = self.runtime.db().gate().standing();
        if standing != Standing::Up {
            self.outbox.set_health(&probe::health(&standing));
        }
        self.outbox.keep_log(self.runtime.connection_log(&identity));
        self.outbox.note(
            What::Opened,
            None,
            None,
            json!({"codec": self.outbox.codec().subprotocol(), "client": client}),
        );
        self.outbox.greet();
        if let Some(drain) = self.runtime.sessions().late_drain() {
            self.outbox.push(&drain);
        }
        // A session that is too busy to take a socket would lose its expiry: better to come back.
        if tell(&session, Join { socket: self.me.clone(), identity: identity.clone() }).is_err() {
            return self.outbox.close(CloseCode::TryLater, "the node is busy");
        }
        *self.speaker.write() = Some(identity);
        self.session = Some(session);
    }

    fn auth(&mut self, id: RequestId, token: String, session: Addr<UserSession>, ctx: &mut Context<Self>) {
        let runtime = self.runtime.clone();
        let work = async move {
            match runtime.authenticator() {
                Some(authenticator) => authenticator.authenticate(&token).await,
                None => Err(AuthError::Invalid),
            }
        };
        ctx.spawn(work.into_actor(self).map(move |result, socket, _| {
            let identity = match result {
                Ok(identity) => identity,
                Err(AuthError::Unavailable) => {
                    let text = AuthError::Unavailable.to_string();
                    return socket.refuse(id, CallError::unavailable(text, Duration::from_secs(1)));
                }
                Err(error) => return socket.refuse(id, CallError::new(ErrorCode::Unauthenticated, error.to_string())),
            };
            let Some(present) = socket.who() else { return };
            if identity.user != present.user
                || identity.product != present.product
                || identity.session != present.session
            {
                let text = "the token is of another session: open another connection for it";
                return socket.refuse(id, CallError::forbidden(text));
            }
            let identity = Identity { device: present.device, ..identity };
            *socket.speaker.write() = Some(identity.clone());
            let _gone = tell(&session, Renew(identity));
            socket.outbox.push(&ServerMessage::Ok { id, result: None });
        }));
    }

    fn subscribe(&mut self, id: RequestId, topic: Topic, since: Option<Position>, ctx: &mut Context<Self>) {
        let Some(who) = self.who() else { return };
        let limit = self.runtime.config().limits.subscriptions as usize;
        if self.outbox.subscriptions() + self.subscribing.len() >= limit {
            let text = format!("a connection may have {limit} subscriptions: end some first");
            return self.refuse(id, CallError::new(ErrorCode::LimitExceeded, text));
        }
        let key = TopicKey { product: who.product.clone(), topic: topic.clone() };
        if self.subscribing.contains_key(&topic) || self.outbox.topics().contains(&key) {
            return self.refuse(id, CallError::conflict(format!("{topic} is subscribed to already")));
        }
        self.subscribing.insert(topic, None);
        let runtime = self.runtime.clone();
        let (outbox, hub) = (Arc::clone(&self.outbox), self.me.hub.clone());
        let work = async move {
            let attached = attach(&runtime, &who, &key, since, &outbox, &hub).await;
            attached.map(|(sub, recent)| (key.clone(), sub, recent)).map_err(|error| (error, key.topic))
        };
        let asked = self.outbox.clone();
        ctx.spawn(work.into_actor(self).map(move |result, socket, _| match result {
            Ok((key, sub, recent)) => {
                let given_up = socket.subscribing.remove(&key.topic).flatten();
                asked.push(&ServerMessage::Ok { id, result: None });
                asked.note(What::Subscribed, Some(&key.topic), since.map(|since| since.seq), json!({}));
                if let Some(unsub) = given_up {
                    return socket.unsubscribe(unsub, &key.topic);
                }
                match since.and_then(|since| from_memory(since, recent)) {
                    Some(page) => asked.page(sub, &page),
                    None => asked.give_back(sub),
                }
            }
            Err((error, topic)) => {
                let given_up = socket.subscribing.remove(&topic).flatten();
                socket.refuse(id, error);
                if let Some(unsub) = given_up {
                    socket.unsubscribe(unsub, &topic);
                }
            }
        }));
    }

    fn unsubscribe(&mut self, id: RequestId, topic: &Topic) {
        if let Some(given_up) = self.subscribing.get_mut(topic) {
            *given_up = Some(id);
            return;
        }
        match self.outbox.unsubscribe(topic) {
            Some(key) => {
                self.outbox.note(What::Ended, Some(topic), None, json!({"why": "the client ended it"}));
                let _gone = tell(&self.me.hub, Detach { key, outbox: Arc::clone(&self.outbox) });
                self.outbox.push(&ServerMessage::Ok { id, result: None });
            }
            None => self.refuse(id, CallError::not_found(format!("{topic} is not subscribed to"))),
        }
    }
}

/// Authorises a subscription and puts it under the hub. Its events wait until the answer is on its way.
async fn attach(
    runtime: &Runtime,
    who: &Identity,
    key: &TopicKey,
    since: Option<Position>,
    outbox: &Arc<Outbox>,
    hub: &Addr<Hub>,
) -> Result<(SubId, Recent), CallError> {
    reads::authorize(runtime, who, key).await?;
    let Some(sub) = outbox.subscribe(key.clone(), since) else {
        return Err(CallError::conflict(format!("{} is subscribed to already", key.topic)));
    };
    match hub.send(Attach { key: key.clone(), outbox: Arc::clone(outbox), sub }).await {
        Ok(recent) => Ok((sub, recent)),
        Err(_closed) => {
            outbox.unsubscribe(&key.topic);
            Err(CallError::unavailable("the node is going away", Duration::from_secs(1)))
        }
    }
}

/// The newest events, when memory has all that come after a position.
fn from_memory(since: Position, recent: Recent) -> Option<Page> {
    let head = recent.head?;
    let first = recent.events.first().map_or(head.seq + 1, |event| event.seq);
    let covered = head.epoch == since.epoch && since.seq <= head.seq && first <= since.seq + 1;
    covered.then_some(Page { events: recent.events, head })
}

impl Actor for Socket {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(SOCKET_MAILBOX);
        self.runtime.sessions().add_socket(self.me.clone());
        let heartbeat = self.runtime.config().heartbeat;
        if tell(&self.me.hub, hub::Join { outbox: Arc::clone(&self.outbox), heartbeat }).is_err() {
            self.outbox.close(CloseCode::TryLater, "the node is busy");
        }
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.runtime.sessions().remove_socket(self.me.key());
        self.outbox.note_positions();
        let (code, reason) = match self.outbox.closing() {
            Some((code, reason)) => (Some(code.number()), reason),
            None => (None, "the client or the network ended it".to_owned()),
        };
        // Where this actor failed, the connection goes too.
        self.outbox.close(CloseCode::TryLater, "the connection failed: reconnect");
        let waiting = self.outbox.depth().bytes;
        let detail = json!({"code": code, "reason": reason, "waiting_bytes": waiting});
        self.outbox.note(What::Closed, None, None, detail);
        if let Some((product, user)) = self.counted.take() {
            self.runtime.sessions().give_place_back(product, user);
        }
        // A hub that is full finds the abandoned outbox on its next round.
        let (hub, outbox) = (self.me.hub.clone(), Arc::clone(&self.outbox));
        if tell(&hub, hub::Leave(Arc::clone(&outbox))).is_err() {
            outbox.abandon();
        }
        if let Some(session) = &self.session {
            let _gone = tell(session, Leave(self.me.key()));
        }
    }
}

impl Handler<Received> for Socket {
    type Result = ();
    fn handle(&mut self, Received(bytes): Received, ctx: &mut Self::Context) {
        if self.session.is_none() {
            self.early_bytes += bytes.len();
            if self.early_bytes > GREETING_BYTES {
                let text = format!("at most {GREETING_BYTES} bytes before the answer to hello");
                return self.outbox.close(CloseCode::TooManyMessages, text);
            }
        }
        let batch = match self.outbox.codec().decode_batch(&bytes) {
            Ok(batch) => batch,
            Err(error @ DecodeError::TooBig { .. }) => return self.outbox.close(CloseCode::TooBig, error.to_string()),
            Err(error) => return self.outbox.close(CloseCode::Malformed, error.to_string()),
        };
        let rate = self.runtime.config().limits.messages_per_second;
        match self.budget.spend(batch.len()) {
            Spent::Fine => {}
            Spent::Over(after) => return self.slow_down(&batch, rate, after),
            Spent::Flood => {
                return self.outbox.close(CloseCode::TooManyMessages, format!("at most {rate} messages a second"));
            }
        }
        for value in batch {
            match ClientMessage::from_value(value) {
                Ok(message) => self.receive(message, ctx),
                Err(error) => match error.id {
                    Some(id) => self.refuse(id, CallError::bad_request(error.message)),
                    None => return self.outbox.close(CloseCode::Malformed, error.message),
                },
            }
        }
    }
}

impl Handler<SubscriptionEnded> for Socket {
    type Result = ();
    fn handle(&mut self, SubscriptionEnded(ended): SubscriptionEnded, _: &mut Self::Context) {
        if let Some(key) = self.outbox.unsubscribe(&ended.topic) {
            let _gone = tell(&self.me.hub, Detach { key, outbox: Arc::clone(&self.outbox) });
            self.outbox.note(What::Ended, Some(&ended.topic), None, json!({"why": ended.message}));
            self.outbox.push(&ServerMessage::Revoked { topic: ended.topic, message: ended.message });
        }
    }
}
