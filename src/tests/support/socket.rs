//! A client of the live protocol over JSON.

use super::server::Server;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _};

/// Bound of one wait.
const PATIENCE: Duration = Duration::from_secs(30);

type Stream = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// What a connection brought.
#[derive(Debug)]
pub enum Heard {
    /// A message.
    Message(Value),
    /// The end: code and reason.
    Closed(u16, String),
}

/// A connection.
pub struct Socket {
    stream: Stream,
    waiting: VecDeque<Value>,
    msgpack: bool,
    last_id: u32,
}

impl Socket {
    /// Connects without a word.
    pub async fn open(server: &Server, subprotocol: &str) -> Self {
        let mut request = format!("ws://{}/v1/live", server.address()).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", subprotocol.parse().unwrap());
        let (stream, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        Self { stream, waiting: VecDeque::new(), msgpack: subprotocol.ends_with("msgpack"), last_id: 1_000 }
    }

    /// Connects and says hello.
    pub async fn hello(server: &Server, token: &str, subprotocol: &str) -> Self {
        Self::hello_as(server, token, subprotocol, "it.1").await
    }

    /// The same from a device of this name.
    pub async fn hello_as(server: &Server, token: &str, subprotocol: &str, device: &str) -> Self {
        let mut socket = Self::open(server, subprotocol).await;
        socket.send(&json!([{"t": "hello", "token": token, "device": device}])).await;
        loop {
            match socket.hear().await {
                Heard::Message(message) if message["t"] == "welcome" => return socket,
                Heard::Message(_) => {}
                closed @ Heard::Closed(..) => panic!("no welcome: {closed:?}"),
            }
        }
    }

    /// Connects to an address and says hello, as a client does that tries one node after the other.
    pub async fn try_hello(address: &str, token: &str) -> Result<Self, String> {
        let mut request = format!("ws://{address}/v1/live").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "estafette.v1.json".parse().unwrap());
        let open = tokio::time::timeout(PATIENCE, tokio_tungstenite::connect_async(request)).await;
        let (stream, _) = open.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        let mut socket = Self { stream, waiting: VecDeque::new(), msgpack: false, last_id: 1_000 };
        socket.send_quietly(&json!([{"t": "hello", "token": token, "device": "it.1"}])).await;
        loop {
            match socket.hear().await {
                Heard::Message(message) if message["t"] == "welcome" => return Ok(socket),
                Heard::Message(_) => {}
                Heard::Closed(code, reason) => return Err(format!("{code} {reason}")),
            }
        }
    }

    /// A batch.
    pub async fn send(&mut self, batch: &Value) {
        let message = if self.msgpack {
            Message::binary(rmp_serde::to_vec_named(batch).unwrap())
        } else {
            Message::text(batch.to_string())
        };
        self.stream.send(message).await.unwrap();
    }

    /// A batch that the server may not want any more.
    pub async fn send_quietly(&mut self, batch: &Value) {
        let _ = self.stream.send(Message::text(batch.to_string())).await;
    }

    /// A frame as it is.
    pub async fn send_raw(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// The next message, or the end. `mark` is left out, and does not prolong the wait.
    pub async fn hear(&mut self) -> Heard {
        tokio::time::timeout(PATIENCE, self.next()).await.expect("a message in time")
    }

    async fn next(&mut self) -> Heard {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                if message["t"] == "mark" {
                    continue;
                }
                return Heard::Message(message);
            }
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    self.waiting.extend(serde_json::from_str::<Vec<Value>>(&text).unwrap())
                }
                Some(Ok(Message::Binary(bytes))) => {
                    self.waiting.extend(rmp_serde::from_slice::<Vec<Value>>(&bytes).unwrap());
                }
                Some(Ok(Message::Close(Some(close)))) => {
                    return Heard::Closed(close.code.into(), close.reason.to_string());
                }
                Some(Ok(Message::Close(None))) | None => return Heard::Closed(1005, String::new()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Heard::Closed(1006, error.to_string()),
            }
        }
    }

    /// How the connection ends.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Heard::Closed(code, reason) = self.hear().await {
                return (code, reason);
            }
        }
    }

    /// Sends a request; its answer. What comes in between is dropped.
    pub async fn request(&mut self, mut message: Value) -> Value {
        self.last_id += 1;
        message["id"] = json!(self.last_id);
        self.send(&json!([message])).await;
        loop {
            match self.hear().await {
                Heard::Message(answer) if answer["id"] == self.last_id => return answer,
                Heard::Message(_) => {}
                closed @ Heard::Closed(..) => panic!("no answer to {message}: {closed:?}"),
            }
        }
    }

    /// Follows a topic, to its snapshot: what happens from now on comes as events.
    pub async fn follow(&mut self, topic: &str) -> Value {
        self.send(&json!([{"t": "sub", "id": 1, "topic": topic}])).await;
        loop {
            match self.hear().await {
                Heard::Message(message) if message["t"] == "snap" => return message["state"].clone(),
                Heard::Message(message) if message["t"] == "err" => panic!("{message}"),
                Heard::Message(_) => {}
                closed @ Heard::Closed(..) => panic!("no snapshot of {topic}: {closed:?}"),
            }
        }
    }

    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        self.request(json!({"t": "call", "method": method, "params": params})).await
    }

    /// A request that is refused with this code and a sentence with `says` in it.
    pub async fn refused(&mut self, message: Value, code: &str, says: &str) -> Value {
        let answer = self.request(message.clone()).await;
        assert_eq!((answer["t"].as_str(), answer["code"].as_str()), (Some("err"), Some(code)), "{message}: {answer}");
        let sentence = answer["message"].as_str().unwrap_or_default();
        assert!(sentence.to_lowercase().contains(&says.to_lowercase()), "it should say {says:?}: {answer}");
        answer
    }
}
