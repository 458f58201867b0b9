//! The life of a connection: connect, say hello, resume every subscription, run until it is lost, and again.

use super::call::CallRequest;
use super::inbound::After;
use super::wire::{Inbound, Wire};
use super::{CallFailure, ClientConfig, Command, Handshake, Shared, backoff};
use crate::check::Check;
use crate::check::history::Track;
use estafette_protocol::close::AfterClose;
use estafette_protocol::limits::MAX_BATCH_LEN;
use estafette_protocol::{ClientMessage, RequestId, ServerMessage, Topic};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// `welcome` after the upgrade.
const WELCOME_WITHIN: Duration = Duration::from_secs(20);
/// Calls that wait because the connection's share of unanswered ones is used up; above it they fail.
const WAITING_CALLS: usize = 10_000;

/// A request that waits for its answer.
pub(super) enum Pending {
    Subscribe(Topic),
    Auth,
    Call(CallRequest),
}

enum End {
    /// The client was closed.
    Closed,
    /// Connect again; at once, after a time, or with backoff.
    Lost { why: String, wait: Option<Duration>, new_token: bool },
    /// Never again.
    Stop(String),
}

/// One client's connection.
pub(super) struct Connection {
    pub(super) config: ClientConfig,
    commands: mpsc::Receiver<Command>,
    pub(super) shared: Arc<Shared>,
    ready: watch::Sender<bool>,
    next_id: RequestId,
    pub(super) pending: HashMap<RequestId, Pending>,
    pub(super) waiting: VecDeque<CallRequest>,
    /// Refused calls that are sent again at their time.
    pub(super) later: BTreeMap<(Instant, RequestId), CallRequest>,
    /// Refused subscriptions that are asked again at their time.
    pub(super) resubscribe: Vec<(Instant, Topic)>,
    pub(super) outgoing: Vec<ClientMessage>,
    calls_in_flight: usize,
    pub(super) reauthenticate: bool,
    /// A fresh token could not be checked: it is sent again at this time.
    pub(super) reauthenticate_at: Option<Instant>,
    heartbeat: Duration,
    stalled: bool,
    /// Which address is tried next.
    next_url: usize,
}

impl Connection {
    pub(super) fn new(
        config: ClientConfig,
        commands: mpsc::Receiver<Command>,
        shared: Arc<Shared>,
        ready: watch::Sender<bool>,
    ) -> Self {
        Self {
            config,
            commands,
            shared,
            ready,
            next_id: 1,
            pending: HashMap::new(),
            waiting: VecDeque::new(),
            later: BTreeMap::new(),
            resubscribe: Vec::new(),
            outgoing: Vec::new(),
            calls_in_flight: 1,
            reauthenticate: false,
            reauthenticate_at: None,
            heartbeat: Duration::from_secs(60),
            stalled: false,
            next_url: 0,
        }
    }

    /// Lives until it is closed, or the server says that it must not come back.
    pub(super) async fn run(mut self) {
        let mut attempt = 0;
        loop {
            let end = match self.open().await {
                Ok(wire) => {
                    attempt = 0;
                    let _ = self.ready.send(true);
                    let end = self.live(wire).await;
                    let _ = self.ready.send(false);
                    end
                }
                Err(end) => end,
            };
            self.interrupt();
            let wait = match end {
                End::Closed => return,
                End::Stop(why) => {
                    self.config.findings.broken(Check::StaysOpen, format!("the server refuses this client: {why}"));
                    self.tell_lost(&why);
                    return;
                }
                End::Lost { why, wait, new_token } => {
                    self.tell_lost(&why);
                    if new_token {
                        let _ = self.config.account.refresh().await;
                    }
                    attempt += 1;
                    wait.unwrap_or_else(|| backoff::wait(attempt - 1))
                }
            };
            if !self.pause(wait).await {
                return;
            }
        }
    }

    fn tell_lost(&self, why: &str) {
        if let Some(observer) = &self.config.observer {
            observer.lost(why);
        }
    }

    /// Takes commands while there is no connection. False: the client was closed.
    async fn pause(&mut self, wait: Duration) -> bool {
        let until = tokio::time::sleep(wait);
        tokio::pin!(until);
        loop {
            tokio::select! {
                () = &mut until => return true,
                command = self.commands.recv() => match command {
                    None | Some(Command::Close) => return false,
                    Some(Command::Cut | Command::Away(_)) => {}
                    Some(command) => self.command(command, false),
                },
            }
        }
    }

    async fn open(&mut self) -> Result<Wire, End> {
        let lost = |why: String| End::Lost { why, wait: None, new_token: false };
        let token = self.config.account.token().await.map_err(|error| lost(error.to_string()))?;
        let begin = Instant::now();
        let count = self.config.urls.len().max(1);
        let Some(url) = self.config.urls.get(self.next_url % count).cloned() else {
            return Err(End::Stop("there is no address to connect to".to_owned()));
        };
        // The next attempt, after a failure or a loss, goes elsewhere.
        self.next_url = self.next_url.wrapping_add(1);
        let mut wire = Wire::open(&url, self.config.codec, self.config.receive_buffer)
            .await
            .map_err(|refused| End::Lost { why: refused.why, wait: refused.retry_after, new_token: false })?;
        let upgraded = Instant::now();
        let client = Some(concat!("loadtest/", env!("CARGO_PKG_VERSION")).to_owned());
        wire.send(&[ClientMessage::Hello { token, device: self.config.device.clone(), client }]).await.map_err(lost)?;
        let welcome = async {
            loop {
                match wire.next().await {
                    Inbound::Nothing => {}
                    Inbound::Messages(messages) => break Ok(messages),
                    Inbound::Ended { code, why } => break Err(ended(code, why)),
                    Inbound::Malformed(what) => break Err(End::Stop(what)),
                }
            }
        };
        let messages = tokio::time::timeout(WELCOME_WITHIN, welcome)
            .await
            .unwrap_or_else(|_| Err(lost("no welcome in time".to_owned())))?;
        let Some(ServerMessage::Welcome { heartbeat_ms, limits, node, .. }) = messages.first() else {
            return Err(End::Stop(format!("the first message must be welcome, not {:?}", messages.first())));
        };
        self.heartbeat = Duration::from_millis((*heartbeat_ms).into());
        self.calls_in_flight = usize::try_from(limits.calls_in_flight).unwrap_or(1).max(1);
        self.shared.stats.lock().connects += 1;
        let timing = Handshake { upgrade: upgraded - begin, hello: upgraded.elapsed() };
        if let Some(observer) = &self.config.observer {
            observer.connected(timing);
            observer.served_by(node);
        }
        self.resume();
        Ok(wire)
    }

    /// Subscribes to every topic from where its history ends.
    fn resume(&mut self) {
        let topics: Vec<Topic> = self.shared.tracks.lock().keys().cloned().collect();
        for topic in topics {
            self.ask(topic);
        }
    }

    fn ask(&mut self, topic: Topic) {
        let id = self.id();
        let since = {
            let mut tracks = self.shared.tracks.lock();
            let track = tracks.entry(topic.clone()).or_insert_with(|| Track::new(topic.clone()));
            track.asked();
            track.position()
        };
        self.outgoing.push(ClientMessage::Sub { id, topic: topic.clone(), since });
        self.pending.insert(id, Pending::Subscribe(topic));
    }

    fn id(&mut self) -> RequestId {
        let id = self.next_id;
        self.next_id = self.next_id.checked_add(1).unwrap_or(1);
        id
    }

    fn command(&mut self, command: Command, connected: bool) {
        match command {
            // Asked for before: a rescued task is announced as queued once more.
            Command::Subscribe(topic) if self.shared.tracks.lock().contains_key(&topic) => {}
            Command::Subscribe(topic) if connected => self.ask(topic),
            Command::Subscribe(topic) => {
                self.shared.tracks.lock().entry(topic.clone()).or_insert_with(|| Track::new(topic));
            }
            Command::Call(request) if self.waiting.len() < WAITING_CALLS => self.waiting.push_back(request),
            Command::Call(request) => request.finish(Err(CallFailure::Lost)),
            Command::Stall(stalled) => self.stalled = stalled,
            Command::Cut | Command::Away(_) | Command::Close => {}
        }
    }

    /// Puts what may be sent now into the outgoing batch.
    fn fill(&mut self) {
        let now = Instant::now();
        while let Some(due) = self.later.first_entry().filter(|entry| entry.key().0 <= now) {
            self.waiting.push_back(due.remove());
        }
        let (due, wait): (Vec<_>, Vec<_>) = self.resubscribe.drain(..).partition(|(at, _)| *at <= now);
        self.resubscribe = wait;
        for (_, topic) in due {
            self.ask(topic);
        }
        let in_flight = self.pending.values().filter(|pending| matches!(pending, Pending::Call(_))).count();
        for _ in in_flight..self.calls_in_flight {
            let Some(mut request) = self.waiting.pop_front() else { break };
            let id = self.id();
            self.outgoing.push(request.message(id));
            if request.is_repetition() {
                self.shared.stats.lock().repeats += 1;
            }
            self.pending.insert(id, Pending::Call(request));
        }
    }

    async fn live(&mut self, mut wire: Wire) -> End {
        let lost = |why: String| End::Lost { why, wait: None, new_token: false };
        let mut heard = Instant::now();
        loop {
            if self.reauthenticate_at.is_some_and(|at| at <= Instant::now()) {
                self.reauthenticate_at = None;
                self.reauthenticate = true;
            }
            if std::mem::take(&mut self.reauthenticate) {
                match self.config.account.refresh().await {
                    Ok(token) => {
                        let id = self.id();
                        self.outgoing.push(ClientMessage::Auth { id, token });
                        self.pending.insert(id, Pending::Auth);
                    }
                    Err(error) => return lost(format!("the token could not be refreshed: {error}")),
                }
            }
            self.fill();
            let outgoing = std::mem::take(&mut self.outgoing);
            for batch in outgoing.chunks(MAX_BATCH_LEN) {
                if let Err(why) = wire.send(batch).await {
                    return lost(why);
                }
            }
            // Twice the heartbeat in silence: the link is stale.
            let stale = heard + self.heartbeat * 2 + Duration::from_secs(1);
            let later = self.later.first_key_value().map(|((at, _), _)| *at);
            let wake = self
                .resubscribe
                .iter()
                .map(|(at, _)| *at)
                .chain(later)
                .chain(self.reauthenticate_at)
                .fold(stale, Instant::min);
            tokio::select! {
                command = self.commands.recv() => match command {
                    None | Some(Command::Close) => {
                        wire.close().await;
                        return End::Closed;
                    }
                    Some(Command::Cut) => return lost("cut on purpose".to_owned()),
                    Some(Command::Away(time)) => {
                        self.stalled = false;
                        return End::Lost { why: "away on purpose".to_owned(), wait: Some(time), new_token: false };
                    }
                    Some(command) => {
                        // The time of a stall is no silence of the server.
                        if matches!(command, Command::Stall(false)) {
                            heard = Instant::now();
                        }
                        self.command(command, true);
                    }
                },
                inbound = wire.next(), if !self.stalled => {
                    heard = Instant::now();
                    match inbound {
                        Inbound::Nothing => {}
                        Inbound::Ended { code, why } => return ended(code, why),
                        Inbound::Malformed(what) => {
                            self.config.findings.broken(Check::WellFormed, what.clone());
                            return End::Stop(what);
                        }
                        Inbound::Messages(messages) => {
                            if let After::Reconnect(wait) = self.inbound(messages, heard) {
                                wire.close().await;
                                return End::Lost { why: "the node drains".to_owned(), wait: Some(wait), new_token: false };
                            }
                        }
                    }
                },
                () = tokio::time::sleep_until(wake.into()), if !self.stalled => {
                    if heard + self.heartbeat * 2 + Duration::from_secs(1) <= Instant::now() {
                        let what = format!("nothing for twice the heartbeat of {:?}", self.heartbeat);
                        if !self.config.faults {
                            self.config.findings.broken(Check::Marks, what.clone());
                        }
                        return lost(what);
                    }
                },
            }
        }
    }

    /// After a connection: what was asked on it has no answer.
    fn interrupt(&mut self) {
        for track in self.shared.tracks.lock().values_mut() {
            track.interrupted();
        }
        self.outgoing.clear();
        // Every topic is asked for after the next hello.
        self.resubscribe.clear();
        self.reauthenticate_at = None;
        let mut again: Vec<(RequestId, CallRequest)> = Vec::new();
        for (id, pending) in self.pending.drain() {
            match pending {
                Pending::Call(request) if request.may_repeat() => again.push((id, request)),
                Pending::Call(request) => request.finish(Err(CallFailure::Lost)),
                Pending::Subscribe(_) | Pending::Auth => {}
            }
        }
        again.sort_by_key(|(id, _)| *id);
        for (_, request) in again.into_iter().rev() {
            self.waiting.push_front(request);
        }
        self.shared.stats.lock().losses += 1;
    }
}

fn ended(code: Option<estafette_protocol::CloseCode>, why: String) -> End {
    match code.map(estafette_protocol::CloseCode::after) {
        Some(AfterClose::Stop) => End::Stop(why),
        Some(AfterClose::Reauthenticate) => End::Lost { why, wait: None, new_token: true },
        Some(AfterClose::Reconnect) | None => End::Lost { why, wait: None, new_token: false },
    }
}
