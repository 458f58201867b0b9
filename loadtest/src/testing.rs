//! A small server that does as it is told: the protocol's true bytes, a script in the place of behaviour.

use crate::account::Account;
use crate::api::Api;
use crate::check::Findings;
use crate::client::{Client, ClientConfig, Observer};
use estafette_protocol::limits::Limits;
use estafette_protocol::{ClientMessage, Codec, DeviceId, RequestId, ServerMessage, Topic};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// Everything a test waits for comes within this time.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A listener for scripted connections.
pub(crate) struct Scripted {
    listener: TcpListener,
    address: SocketAddr,
}

/// One connection, on the server's side.
pub(crate) struct Peer {
    stream: WebSocketStream<TcpStream>,
    codec: Codec,
    inbox: VecDeque<ClientMessage>,
}

impl Scripted {
    pub(crate) async fn listen() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    /// A client of this server.
    pub(crate) fn client(&self, codec: Codec, findings: &Arc<Findings>, observer: Option<Arc<dyn Observer>>) -> Client {
        let api = Api::new(&format!("http://{}", self.address)).unwrap();
        Client::start(ClientConfig {
            urls: api.live_urls(),
            codec,
            device: DeviceId::parse("d1").unwrap(),
            account: Arc::new(Account::holding(&api, "u1", "token-1").unwrap()),
            findings: Arc::clone(findings),
            observer,
            receive_buffer: None,
            faults: false,
        })
    }

    /// The next connection, before its hello.
    pub(crate) async fn accept(&self) -> Peer {
        let (tcp, _) = tokio::time::timeout(SOON, self.listener.accept()).await.expect("a connection").unwrap();
        let mut codec = Codec::Json;
        #[allow(clippy::result_large_err, reason = "the library's signature")]
        let choose = |request: &Request, mut response: Response| {
            let offered = request.headers().get("Sec-WebSocket-Protocol").unwrap().clone();
            codec = Codec::negotiate([offered.to_str().unwrap()]).unwrap();
            response.headers_mut().insert("Sec-WebSocket-Protocol", offered);
            Ok(response)
        };
        let stream = tokio_tungstenite::accept_hdr_async(tcp, choose).await.unwrap();
        Peer { stream, codec, inbox: VecDeque::new() }
    }

    /// The next connection, after hello and welcome.
    pub(crate) async fn welcome(&self) -> Peer {
        let mut peer = self.accept().await;
        let ClientMessage::Hello { token, .. } = peer.next().await else { panic!("hello comes first") };
        assert_eq!(token, "token-1");
        let welcome = json!({
            "t": "welcome", "session": "s1", "user": "u1", "node": "n1", "heartbeat_ms": 60_000,
            "expires_at": "2099-01-01T00:00:00.000Z", "limits": Limits::default(),
        });
        peer.send(&[welcome]).await;
        peer
    }
}

impl Peer {
    /// What the client says next.
    pub(crate) async fn next(&mut self) -> ClientMessage {
        while self.inbox.is_empty() {
            let message = tokio::time::timeout(SOON, self.stream.next()).await.expect("a message").unwrap().unwrap();
            let bytes = match message {
                Message::Binary(bytes) => bytes.to_vec(),
                Message::Text(text) => text.as_bytes().to_vec(),
                _ => continue,
            };
            let batch = self.codec.decode_batch(&bytes).unwrap();
            self.inbox.extend(batch.into_iter().map(|value| ClientMessage::from_value(value).unwrap()));
        }
        self.inbox.pop_front().unwrap()
    }

    /// Sends a batch.
    pub(crate) async fn send(&mut self, messages: &[Value]) {
        let messages: Vec<ServerMessage> =
            messages.iter().map(|message| ServerMessage::from_value(message.clone()).unwrap().unwrap()).collect();
        let bytes = self.codec.encode_batch(&messages).unwrap();
        let message = match self.codec {
            Codec::MsgPack => Message::binary(bytes),
            Codec::Json => Message::text(String::from_utf8(bytes).unwrap()),
        };
        self.stream.send(message).await.unwrap();
    }

    /// Sends bytes that are no batch.
    pub(crate) async fn send_garbage(&mut self) {
        self.stream.send(Message::binary(vec![0xc1, 0xff])).await.unwrap();
    }

    /// Takes a subscription and answers `ok`; returns where it resumes.
    pub(crate) async fn subscribed(&mut self, topic: &Topic) -> Option<u64> {
        let ClientMessage::Sub { id, topic: asked, since } = self.next().await else { panic!("a subscription") };
        assert_eq!(asked, *topic);
        self.send(&[json!({"t": "ok", "id": id})]).await;
        since.map(|since| since.seq)
    }

    /// Takes a call; returns its number and key.
    pub(crate) async fn called(&mut self, method: &str) -> (RequestId, Option<String>) {
        let ClientMessage::Call { id, method: called, key, .. } = self.next().await else { panic!("a call") };
        assert_eq!(called, method);
        (id, key.map(String::from))
    }

    /// Closes with a code.
    pub(crate) async fn close(mut self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "told to".into() };
        let _ = self.stream.close(Some(frame)).await;
        let _ = tokio::time::timeout(SOON, async { while let Some(Ok(_)) = self.stream.next().await {} }).await;
    }
}

/// A snapshot of a topic.
pub(crate) fn snap(topic: &Topic, seq: u64) -> Value {
    json!({"t": "snap", "topic": topic, "epoch": 1, "seq": seq, "state": {}})
}

/// An event of a topic.
pub(crate) fn event(topic: &Topic, seq: u64) -> Value {
    json!({"t": "ev", "topic": topic, "seq": seq, "kind": "x", "at": "2026-11-21T00:00:00.000Z", "data": {}})
}

/// Waits until something holds.
pub(crate) async fn eventually(mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(SOON, wait).await.expect("it never came true");
}
