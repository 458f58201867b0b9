//! Opening a connection, and batches of messages on it.

use estafette_protocol::limits::MAX_SERVER_MESSAGE_BYTES;
use estafette_protocol::{ClientMessage, CloseCode, Codec, ServerMessage};
use futures_util::{SinkExt as _, StreamExt as _};
use rand::RngExt as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// TCP and upgrade.
const OPEN_WITHIN: Duration = Duration::from_secs(20);
/// The longest wait that a server may ask for, seconds.
const LONGEST_WAIT_S: u64 = 60;
/// Sending one batch, unless the other side does not read.
const SEND_WITHIN: Duration = Duration::from_secs(60);
/// Read and write buffer of a connection: small, because there are thousands.
const BUFFER_BYTES: usize = 4 * 1024;

/// An open connection.
pub(super) struct Wire {
    stream: WebSocketStream<TcpStream>,
    codec: Codec,
}

/// Why a connection was not opened.
#[derive(Debug)]
pub(super) struct Refused {
    /// For people.
    pub(super) why: String,
    /// When to come back, where the server said it (503 with `Retry-After`): a little later than that, by chance, so
    /// that not everybody comes back at once.
    pub(super) retry_after: Option<Duration>,
}

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Self { why, retry_after: None }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let seconds = match &error {
            Error::Http(answer) => {
                answer.headers().get("Retry-After").and_then(|wait| wait.to_str().ok()?.parse().ok())
            }
            _ => None,
        };
        let wait =
            |seconds: u64| Duration::from_secs(seconds.min(LONGEST_WAIT_S)).mul_f64(rand::rng().random_range(1.0..1.5));
        Self { why: error.to_string(), retry_after: seconds.map(wait) }
    }
}

/// What a connection delivered.
pub(super) enum Inbound {
    /// A batch.
    Messages(Vec<ServerMessage>),
    /// Control frames.
    Nothing,
    /// It is over.
    Ended {
        /// The close code, where one came.
        code: Option<CloseCode>,
        /// What was said.
        why: String,
    },
    /// Something that breaks the protocol.
    Malformed(String),
}

impl Wire {
    /// Connects and upgrades.
    pub(super) async fn open(url: &str, codec: Codec, receive_buffer: Option<u32>) -> Result<Self, Refused> {
        let mut request = url.into_client_request()?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(codec.subprotocol()));
        let host = request.uri().host().unwrap_or("localhost").to_owned();
        let port = request.uri().port_u16().unwrap_or(80);
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_SERVER_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_SERVER_MESSAGE_BYTES));
        let open = async {
            let tcp = connect(&host, port, receive_buffer).await.map_err(|error| error.to_string())?;
            tcp.set_nodelay(true).map_err(|error| error.to_string())?;
            let (stream, answer) = tokio_tungstenite::client_async_with_config(request, tcp, Some(config)).await?;
            let chosen = answer.headers().get("Sec-WebSocket-Protocol").and_then(|name| name.to_str().ok());
            if chosen != Some(codec.subprotocol()) {
                return Err(format!("the server chose {chosen:?} and not {}", codec.subprotocol()).into());
            }
            Ok(Self { stream, codec })
        };
        tokio::time::timeout(OPEN_WITHIN, open).await.unwrap_or_else(|_| Err("opening took too long".to_owned().into()))
    }

    /// Sends a batch.
    pub(super) async fn send(&mut self, batch: &[ClientMessage]) -> Result<(), String> {
        let bytes = self.codec.encode_batch(batch).map_err(|error| error.to_string())?;
        let message = match self.codec {
            Codec::MsgPack => Message::binary(bytes),
            Codec::Json => Message::text(String::from_utf8(bytes).map_err(|error| error.to_string())?),
        };
        match tokio::time::timeout(SEND_WITHIN, self.stream.send(message)).await {
            Ok(sent) => sent.map_err(|error| error.to_string()),
            Err(_) => Err("sending took too long".to_owned()),
        }
    }

    /// What comes next. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Inbound {
        let ended = |why: String| Inbound::Ended { code: None, why };
        let bytes = match self.stream.next().await {
            None => return ended("the connection ended".to_owned()),
            Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => {
                return ended("the connection closed".to_owned());
            }
            Some(Err(error)) => return ended(error.to_string()),
            Some(Ok(Message::Close(frame))) => {
                return match frame {
                    None => ended("closed without a reason".to_owned()),
                    Some(frame) => Inbound::Ended {
                        code: CloseCode::from_number(frame.code.into()),
                        why: format!("{} {}", u16::from(frame.code), frame.reason),
                    },
                };
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return Inbound::Nothing,
            Some(Ok(Message::Binary(bytes))) if self.codec.is_binary() => bytes,
            Some(Ok(Message::Text(text))) if !self.codec.is_binary() => text.into(),
            Some(Ok(Message::Binary(_) | Message::Text(_))) => {
                return Inbound::Malformed("a frame of the other codec's kind".to_owned());
            }
        };
        match self.codec.decode_from_server(&bytes) {
            Ok(messages) => Inbound::Messages(messages),
            Err(error) => Inbound::Malformed(error.to_string()),
        }
    }

    /// Closes in good order.
    pub(super) async fn close(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(2), async {
            let _ = self.stream.close(None).await;
            while let Some(Ok(_)) = self.stream.next().await {}
        })
        .await;
    }
}

async fn connect(host: &str, port: u16, receive_buffer: Option<u32>) -> std::io::Result<TcpStream> {
    let Some(bytes) = receive_buffer else { return TcpStream::connect((host, port)).await };
    let found = tokio::net::lookup_host((host, port)).await?.next();
    let address: SocketAddr = found.ok_or_else(|| std::io::Error::other("no address for this host"))?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_recv_buffer_size(bytes)?;
    socket.connect(address).await
}
