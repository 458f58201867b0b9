//! A client of the protocol, as an application would have it: it keeps its subscriptions across reconnects (`since`),
//! repeats calls with their key, refreshes its token. Unlike an application's it hides nothing: everything that
//! crosses the wire is checked ([`crate::check::history`]) and told to an [`Observer`].
//!
//! One connection is one task and about 20 KiB, so that one core holds 20,000 of them.
//!
//! | module | holds |
//! |---|---|
//! | [`backoff`] | full jitter |
//! | [`wire`] | opening a connection, batches of messages |
//! | [`connection`] | the life of a connection: connect, resume, run, lose, again |
//! | [`inbound`] | what arrives: answers, events, marks |
//! | [`call`] | a call on its way, and why it failed |

mod backoff;
mod call;
mod connection;
mod inbound;
mod wire;

pub use call::CallFailure;

use crate::account::Account;
use crate::check::Findings;
use crate::check::history::Track;
use call::CallRequest;
use estafette_protocol::{Codec, DeviceId, IdempotencyKey, NodeId, Position, ServerMessage, Topic};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Commands that wait for a connection's task; above it the caller waits.
const COMMANDS: usize = 64;
/// How long a close may take before the connection is dropped.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Is told what a client sees, in the order in which it arrives. Must not block.
pub trait Observer: Send + Sync {
    /// A message arrived.
    fn message(&self, message: &ServerMessage, at: Instant);
    /// A connection is ready: `welcome` has come.
    fn connected(&self, timing: Handshake) {
        let _ = timing;
    }
    /// Which node serves the connection that got ready.
    fn served_by(&self, node: &NodeId) {
        let _ = node;
    }
    /// A connection was lost.
    fn lost(&self, why: &str) {
        let _ = why;
    }
}

/// How long a connection took to get ready.
#[derive(Debug, Clone, Copy)]
pub struct Handshake {
    /// TCP and the WebSocket upgrade.
    pub upgrade: Duration,
    /// From there to `welcome`: the token check.
    pub hello: Duration,
}

/// How a client connects.
#[derive(Clone)]
pub struct ClientConfig {
    /// `ws://host:port/v1/live` of each node: the first one first, and after a loss the next one.
    pub urls: Arc<[String]>,
    /// The codec that it offers.
    pub codec: Codec,
    /// Its device.
    pub device: DeviceId,
    /// Who it speaks for.
    pub account: Arc<Account>,
    /// Where broken promises go.
    pub findings: Arc<Findings>,
    /// Who is told what it sees.
    pub observer: Option<Arc<dyn Observer>>,
    /// Bytes of the kernel's receive buffer; small ones make a stalled reader felt at once.
    pub receive_buffer: Option<u32>,
    /// Faults are made on purpose: a silent server is left for another, and that is no finding.
    pub faults: bool,
}

/// Counters of a client.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stats {
    /// Connections that got ready.
    pub connects: u64,
    /// Connections that were lost.
    pub losses: u64,
    /// Calls that were sent again.
    pub repeats: u64,
    /// Durable events.
    pub events: u64,
    /// Volatile events.
    pub volatile: u64,
    /// Marks.
    pub marks: u64,
}

#[derive(Debug, Default)]
struct Shared {
    tracks: Mutex<HashMap<Topic, Track>>,
    stats: Mutex<Stats>,
}

enum Command {
    Subscribe(Topic),
    Call(CallRequest),
    Stall(bool),
    Cut,
    Away(Duration),
    Close,
}

/// A client with one connection at a time.
pub struct Client {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
    ready: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Client {
    /// Starts connecting.
    pub fn start(config: ClientConfig) -> Self {
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let (ready_sender, ready) = watch::channel(false);
        let shared = Arc::new(Shared::default());
        let connection = connection::Connection::new(config, receiver, Arc::clone(&shared), ready_sender);
        Self { commands, shared, ready, task: tokio::spawn(connection.run()) }
    }

    /// Waits until a connection is ready.
    ///
    /// # Errors
    /// When that takes longer than `within`, or the client has ended.
    pub async fn ready(&self, within: Duration) -> Result<(), String> {
        let mut ready = self.ready.clone();
        match tokio::time::timeout(within, ready.wait_for(|ready| *ready)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err("the client has ended".to_owned()),
            Err(_) => Err(format!("no connection within {within:?}")),
        }
    }

    /// Subscribes, now and after each reconnect.
    pub async fn subscribe(&self, topic: Topic) {
        let _ = self.commands.send(Command::Subscribe(topic)).await;
    }

    /// Calls a method. With a key it is repeated across reconnects and after refusals that say "try again".
    ///
    /// # Errors
    /// [`CallFailure`].
    pub async fn call(&self, method: &str, params: Value, key: Option<IdempotencyKey>) -> Result<Value, CallFailure> {
        self.request(method, params, key, false).await
    }

    /// Calls a method and follows the task that it starts. Where the call was a repetition, nothing is followed: subscribe.
    ///
    /// # Errors
    /// [`CallFailure`].
    pub async fn follow(&self, method: &str, params: Value, key: Option<IdempotencyKey>) -> Result<Value, CallFailure> {
        self.request(method, params, key, true).await
    }

    async fn request(
        &self,
        method: &str,
        params: Value,
        key: Option<IdempotencyKey>,
        follow: bool,
    ) -> Result<Value, CallFailure> {
        let (reply, answer) = oneshot::channel();
        let request = CallRequest::new(method, params, key, follow, reply);
        if self.commands.send(Command::Call(request)).await.is_err() {
            return Err(CallFailure::Ended);
        }
        answer.await.unwrap_or(Err(CallFailure::Ended))
    }

    /// Stops (or begins again) reading the connection, without closing it.
    pub async fn stall(&self, stalled: bool) {
        let _ = self.commands.send(Command::Stall(stalled)).await;
    }

    /// Cuts the connection without a close, as a lost network does. It connects again by itself.
    pub async fn cut(&self) {
        let _ = self.commands.send(Command::Cut).await;
    }

    /// Cuts the connection and stays away for a time, as a sleeping laptop does.
    pub async fn away(&self, time: Duration) {
        let _ = self.commands.send(Command::Away(time)).await;
    }

    /// Ends a client that others still hold, with a normal close.
    pub async fn end(&self) {
        let _ = self.commands.send(Command::Close).await;
        let gone = async {
            while !self.task.is_finished() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(CLOSE_WITHIN, gone).await;
        self.task.abort();
    }

    /// Ends the client with a normal close.
    pub async fn close(mut self) {
        let _ = self.commands.send(Command::Close).await;
        let _ = tokio::time::timeout(CLOSE_WITHIN, &mut self.task).await;
    }

    /// Its counters.
    pub fn stats(&self) -> Stats {
        *self.shared.stats.lock()
    }

    /// Where its history of a topic ends.
    pub fn position(&self, topic: &Topic) -> Option<Position> {
        self.shared.tracks.lock().get(topic).and_then(Track::position)
    }

    /// Durable events of a topic that have arrived.
    pub fn events(&self, topic: &Topic) -> u64 {
        self.shared.tracks.lock().get(topic).map_or(0, Track::events)
    }

    /// Topics of which a mark does not say yet that everything has arrived.
    pub fn incomplete(&self) -> Vec<String> {
        let tracks = self.shared.tracks.lock();
        let open = tracks.iter().filter(|(_, track)| !track.is_complete());
        open.map(|(topic, track)| format!("{topic}: at {:?}, the mark says {:?}", track.position(), track.head()))
            .collect()
    }

    /// Subscribed topics.
    pub fn topics(&self) -> usize {
        self.shared.tracks.lock().len()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests;
