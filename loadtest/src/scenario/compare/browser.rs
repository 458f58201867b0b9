//! A browser that asks for tasks, one after the other, and watches each: over Socket.IO, or over our own protocol. It counts
//! what it hears of each step, and comes back when its connection is lost.

use crate::account::Account;
use crate::scenario::{Failure, Run};
use estafette_protocol::limits::MAX_SERVER_MESSAGE_BYTES;
use estafette_protocol::{ClientMessage, Codec, DeviceId, IdempotencyKey, Position, ServerMessage, Topic};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Between two attempts to connect.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
/// Opening, and greeting.
const OPEN_WITHIN: Duration = Duration::from_secs(20);
/// Read buffer of a connection.
const BUFFER: usize = 16 * 1024;
/// The numbers of requests: the call, and the subscription.
const CALL: u32 = 1;
const SUB: u32 = 2;

/// Where a browser goes.
#[derive(Debug, Clone)]
pub enum Site {
    /// A web process with Socket.IO.
    SocketIo {
        /// Its port.
        port: u16,
    },
    /// Our own server.
    Ours {
        /// Its port.
        port: u16,
        /// A token.
        token: String,
        /// The browser.
        device: DeviceId,
    },
}

impl Site {
    /// Our own server, for so many browsers of some people.
    ///
    /// # Errors
    /// [`Failure`] when a person gets no token.
    pub async fn ours(run: &Run, people: &[Arc<Account>], browsers: u32) -> Result<Vec<Self>, Failure> {
        let base = run.target.base();
        let port = base.rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.ok_or_else(|| Failure::Other(format!("{base} has no port")))?;
        let mut sites = Vec::new();
        for (index, account) in (0..browsers).zip(people.iter().cycle()) {
            let device = DeviceId::parse(format!("browser-{index}"));
            let device = device.map_err(|error| Failure::Other(error.to_string()))?;
            sites.push(Self::Ours { port, token: account.token().await?, device });
        }
        Ok(sites)
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// Steps of a task.
    pub steps: u32,
    /// How long each takes, milliseconds.
    pub latency_ms: u64,
    /// Of our own server: whether they run ahead of their commits.
    pub pure: bool,
}

/// What a browser heard of one task.
#[derive(Debug, Clone)]
pub struct Story {
    /// When it was asked for.
    pub began: Instant,
    /// When its end was heard of.
    pub ended: Option<Instant>,
    /// When something was heard, after the beginning.
    pub heard: Vec<Instant>,
    /// Events of each step.
    pub steps: BTreeMap<String, u32>,
    /// Steps that began again.
    pub begun_again: u32,
    /// The connection was lost and made again.
    pub reconnects: u32,
}

impl Story {
    fn new() -> Self {
        let (began, ended) = (Instant::now(), None);
        Self { began, ended, heard: Vec::new(), steps: BTreeMap::new(), begun_again: 0, reconnects: 0 }
    }

    /// Events that came again.
    pub fn twice(&self) -> u32 {
        self.steps.values().map(|times| times.saturating_sub(1)).sum()
    }

    /// Events that never came, of so many steps.
    pub fn missing(&self, steps: u32) -> u32 {
        steps.saturating_sub(u32::try_from(self.steps.len()).unwrap_or(u32::MAX))
    }

    fn step(&mut self, key: String) {
        *self.steps.entry(key).or_default() += 1;
    }
}

/// A connection.
pub(in crate::scenario) type Socket = WebSocketStream<TcpStream>;

/// A browser.
pub struct Browser {
    site: Site,
    socket: Option<Socket>,
}

impl Browser {
    /// Opens one.
    ///
    /// # Errors
    /// What went wrong, for people.
    pub async fn open(site: Site) -> Result<Self, String> {
        let socket = tokio::time::timeout(OPEN_WITHIN, connect(&site)).await;
        let socket = socket.map_err(|_| "no connection in time".to_owned())??;
        Ok(Self { site, socket: Some(socket) })
    }

    /// Asks for a task and watches it to its end, or until the time is over.
    ///
    /// # Errors
    /// What was refused.
    pub async fn task(&mut self, ask: Ask, until: Instant) -> Result<Story, String> {
        let mut story = Story::new();
        let mut watch = Watch { id: uuid(), task: None, position: None, accepted: false };
        while Instant::now() < until && story.ended.is_none() {
            let Some(socket) = self.socket.as_mut() else {
                let left = until.saturating_duration_since(Instant::now());
                match tokio::time::timeout(left.min(OPEN_WITHIN), connect(&self.site)).await {
                    Ok(Ok(socket)) => {
                        self.socket = Some(socket);
                        story.reconnects += 1;
                    }
                    _ => tokio::time::sleep(AGAIN_AFTER).await,
                }
                continue;
            };
            let watching = watch.on(&self.site, socket, ask, &mut story);
            match tokio::time::timeout_at(until.into(), watching).await {
                Ok(Ok(())) | Err(_) => {}
                Ok(Err(Trouble::Refused(why))) => return Err(why),
                Ok(Err(Trouble::Lost)) => self.socket = None,
            }
        }
        Ok(story)
    }

    /// Closes its connection.
    pub async fn close(mut self) {
        if let Some(socket) = &mut self.socket {
            let _ = tokio::time::timeout(Duration::from_secs(1), socket.close(None)).await;
        }
    }
}

enum Trouble {
    /// The connection was lost.
    Lost,
    /// The request.
    Refused(String),
}

impl From<String> for Trouble {
    fn from(_: String) -> Self {
        Self::Lost
    }
}

/// What is known of the task that is watched.
struct Watch {
    /// The browser's own name for it: a repeated request makes no second task.
    id: String,
    task: Option<Topic>,
    position: Option<Position>,
    accepted: bool,
}

impl Watch {
    async fn on(&mut self, site: &Site, socket: &mut Socket, ask: Ask, story: &mut Story) -> Result<(), Trouble> {
        match site {
            Site::SocketIo { .. } => self.socket_io(socket, ask, story).await,
            Site::Ours { .. } => self.ours(socket, ask, story).await,
        }
    }

    async fn socket_io(&mut self, socket: &mut Socket, ask: Ask, story: &mut Story) -> Result<(), Trouble> {
        if !self.accepted {
            let request = json!(["start", {"id": self.id, "steps": ask.steps, "latency": ask.latency_ms}]);
            // Packet 4 (message), type 2 (event), the number of the answer.
            send(socket, Message::text(format!("42{CALL}{request}"))).await?;
        }
        while story.ended.is_none() {
            let text = next_text(socket).await?;
            if let Some(answer) = text.strip_prefix(&format!("43{CALL}")) {
                let answer: Value = serde_json::from_str(answer).unwrap_or_default();
                if answer.pointer("/0/ok") != Some(&Value::Bool(true)) {
                    return Err(Trouble::Refused(answer.to_string()));
                }
                self.accepted = true;
                continue;
            }
            let Some(event) = text.strip_prefix("42") else { continue };
            let event: Value = serde_json::from_str(event).unwrap_or_default();
            // What is still told of an earlier task.
            if event.pointer("/1/id").and_then(Value::as_str) != Some(&self.id) {
                continue;
            }
            story.heard.push(Instant::now());
            match event.pointer("/0").and_then(Value::as_str) {
                Some("progress") => {
                    story.step(event.pointer("/1/step").map(Value::to_string).unwrap_or_default());
                }
                Some("completed") => story.ended = Some(Instant::now()),
                _ => {}
            }
        }
        Ok(())
    }

    async fn ours(&mut self, socket: &mut Socket, ask: Ask, story: &mut Story) -> Result<(), Trouble> {
        let opening = match &self.task {
            Some(topic) => ClientMessage::Sub { id: SUB, topic: topic.clone(), since: self.position },
            None => {
                let params = json!({"steps": ask.steps, "latency_ms": ask.latency_ms, "pure": ask.pure});
                let key = IdempotencyKey::parse(self.id.clone()).ok();
                ClientMessage::Call { id: CALL, method: "task.test".to_owned(), params, key, follow: true }
            }
        };
        tell(socket, &[opening]).await?;
        while story.ended.is_none() {
            for message in next_batch(socket).await? {
                if let Some(reply) = self.hear(message, story)? {
                    tell(socket, &[reply]).await?;
                }
            }
        }
        // A connection has 256 subscriptions.
        if let Some(topic) = self.task.take() {
            tell(socket, &[ClientMessage::Unsub { id: SUB, topic }]).await?;
        }
        Ok(())
    }

    /// Takes a message of our own protocol; what is to be said then.
    fn hear(&mut self, message: ServerMessage, story: &mut Story) -> Result<Option<ClientMessage>, Trouble> {
        match message {
            ServerMessage::Followed { id: CALL, topic, epoch, seq } => {
                self.task = Some(topic);
                self.position = Some(Position { epoch, seq });
            }
            // A repetition starts nothing that could be followed: it is asked for.
            ServerMessage::Ok { id: CALL, result: Some(result) } if self.task.is_none() => {
                let task = result.get("task_id").and_then(Value::as_str).unwrap_or_default();
                let topic = Topic::of("task", task).map_err(|error| Trouble::Refused(error.to_string()))?;
                self.task = Some(topic.clone());
                return Ok(Some(ClientMessage::Sub { id: SUB, topic, since: None }));
            }
            ServerMessage::Err { message, .. } => return Err(Trouble::Refused(message)),
            ServerMessage::Snap { topic, epoch, seq, state } if Some(&topic) == self.task.as_ref() => {
                self.position = Some(Position { epoch, seq });
                story.heard.push(Instant::now());
                let steps = state.pointer("/steps").and_then(Value::as_array).cloned().unwrap_or_default();
                for step in steps {
                    let key = step.get("step").and_then(Value::as_str);
                    let done = step.get("status").and_then(Value::as_str) == Some("completed");
                    if let Some(key) = key.filter(|key| done && !story.steps.contains_key(*key)) {
                        story.step(key.to_owned());
                    }
                }
                if state.pointer("/task/status").and_then(Value::as_str) == Some("completed") {
                    story.ended = Some(Instant::now());
                }
            }
            ServerMessage::Ev { topic, seq, kind, data, .. } if Some(&topic) == self.task.as_ref() => {
                if let Some(position) = &mut self.position {
                    position.seq = seq;
                }
                story.heard.push(Instant::now());
                let key = || data.get("step").and_then(Value::as_str).unwrap_or_default().to_owned();
                match kind.as_str() {
                    "step.started" => {
                        let again = data.get("attempt").and_then(Value::as_u64).is_some_and(|attempt| attempt > 1);
                        story.begun_again += u32::from(again);
                    }
                    "step.completed" => story.step(key()),
                    "task.completed" => story.ended = Some(Instant::now()),
                    "task.failed" | "task.cancelled" => return Err(Trouble::Refused(format!("{topic}: {data}"))),
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(None)
    }
}

pub(in crate::scenario) async fn connect(site: &Site) -> Result<Socket, String> {
    let (url, port, subprotocol) = match site {
        Site::SocketIo { port } => (format!("ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"), *port, None),
        Site::Ours { port, .. } => {
            (format!("ws://127.0.0.1:{port}/v1/live"), *port, Some(Codec::MsgPack.subprotocol()))
        }
    };
    let mut request = url.into_client_request().map_err(|error| error.to_string())?;
    if let Some(name) = subprotocol {
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(name));
    }
    let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(MAX_SERVER_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_SERVER_MESSAGE_BYTES));
    let opened = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
    let (mut socket, _) = opened.map_err(|error| error.to_string())?;
    match site {
        Site::SocketIo { .. } => {
            send(&mut socket, Message::text("40")).await?;
            while !next_text(&mut socket).await?.starts_with("40") {}
        }
        Site::Ours { token, device, .. } => {
            let (token, device) = (token.clone(), device.clone());
            tell(&mut socket, &[ClientMessage::Hello { token, device, client: None }]).await?;
            let welcome = |message: &ServerMessage| matches!(message, ServerMessage::Welcome { .. });
            while !next_batch(&mut socket).await?.iter().any(welcome) {}
        }
    }
    Ok(socket)
}

async fn send(socket: &mut Socket, message: Message) -> Result<(), String> {
    socket.send(message).await.map_err(|error| error.to_string())
}

pub(in crate::scenario) async fn tell(socket: &mut Socket, batch: &[ClientMessage]) -> Result<(), String> {
    let bytes = Codec::MsgPack.encode_batch(batch).map_err(|error| error.to_string())?;
    send(socket, Message::binary(bytes)).await
}

/// The next text; Engine.IO's pings are answered on the way.
async fn next_text(socket: &mut Socket) -> Result<String, String> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) if text.as_str() == "2" => send(socket, Message::text("3")).await?,
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(Message::Close(_))) | None => return Err("it was closed".to_owned()),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.to_string()),
        }
    }
}

pub(in crate::scenario) async fn next_batch(socket: &mut Socket) -> Result<Vec<ServerMessage>, String> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Binary(bytes))) => {
                return Codec::MsgPack.decode_from_server(&bytes).map_err(|error| error.to_string());
            }
            Some(Ok(Message::Close(_))) | None => return Err("it was closed".to_owned()),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.to_string()),
        }
    }
}

/// A name that nobody else has, in the form of a random UUID.
fn uuid() -> String {
    let [a, b] = [rand::random::<u64>(), rand::random::<u64>()];
    let text = format!("{a:016x}{b:016x}");
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_twice_or_never_is_counted() {
        let mut story = Story::new();
        for key in ["0", "1", "1", "3", "3", "3"] {
            story.step(key.to_owned());
        }
        assert_eq!((story.twice(), story.missing(5)), (3, 2));
    }

    #[test]
    fn names_are_uuids() {
        let name = uuid();
        let lengths: Vec<usize> = name.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{name}");
        assert!(IdempotencyKey::parse(name).is_ok());
    }
}
