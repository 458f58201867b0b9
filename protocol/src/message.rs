//! The messages of protocol version 1. Each is a map with a `t` field; a WebSocket message carries an array of them.

use crate::ids::{DeviceId, EventKind, IdempotencyKey, NodeId, SessionId, UserId};
use crate::limits::{Limits, MAX_CLIENT_BYTES, MAX_METHOD_BYTES, MAX_SAFE_INTEGER, MAX_TOKEN_BYTES};
use crate::time::Timestamp;
use crate::words::words;
use crate::{ErrorCode, Position, Topic};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use ts_rs::TS;

/// A request's number: chosen by the client, unique among its requests in flight on the connection.
pub type RequestId = u32;

/// What a client may say.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "t", rename_all = "lowercase")]
pub enum ClientMessage {
    /// The first message on a connection, within [`crate::limits::HELLO_TIMEOUT_MS`].
    Hello {
        /// An access token of one product.
        token: String,
        /// A stable id of this browser or app installation.
        device: DeviceId,
        /// Name and version of the client, for the server's logs.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        client: Option<String>,
    },
    /// A fresh token, before the old one expires. The subscriptions stay.
    Auth {
        /// Request number.
        id: RequestId,
        /// The new token, of the same user.
        token: String,
    },
    /// Subscribe to a topic.
    Sub {
        /// Request number.
        id: RequestId,
        /// The topic.
        topic: Topic,
        /// Where the client's history of the topic ends. Without it the answer starts with a snapshot.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        since: Option<Position>,
    },
    /// End a subscription.
    Unsub {
        /// Request number.
        id: RequestId,
        /// The topic.
        topic: Topic,
    },
    /// A command.
    Call {
        /// Request number.
        id: RequestId,
        /// The method, such as `cv.generate`.
        method: String,
        /// Its parameters: a map, or null.
        #[ts(type = "unknown")]
        params: Value,
        /// Idempotency key: repeating it returns the first result and does nothing again.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        key: Option<IdempotencyKey>,
        /// Follow the task that the call starts: the connection is subscribed to its topic before its first event, as
        /// `followed` says.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(optional, as = "Option<bool>")]
        follow: bool,
    },
    /// Liveness, for clients that cannot send WebSocket pings.
    Ping {
        /// Request number.
        id: RequestId,
    },
}

/// A message that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadMessage {
    /// The request's number, where the message had one: then the answer is an `err`, else the connection closes 4400.
    pub id: Option<RequestId>,
    /// What is wrong and what was expected.
    pub message: String,
}

impl ClientMessage {
    /// Reads one message of a decoded batch. Unknown fields are ignored.
    ///
    /// # Errors
    /// [`BadMessage`] for anything that is not a message of this version.
    pub fn from_value(value: Value) -> Result<Self, BadMessage> {
        let Value::Object(mut map) = value else {
            return Err(BadMessage { id: None, message: "a message must be a map with a field `t`".to_owned() });
        };
        let id = map.get("id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        let fail = |message: String| BadMessage { id, message };
        let need_id = || id.ok_or_else(|| fail("`id` must be an unsigned 32-bit integer".to_owned()));
        let Some(Value::String(t)) = map.remove("t") else {
            return Err(fail("a message must have a text field `t`".to_owned()));
        };
        match t.as_str() {
            "hello" => Ok(Self::Hello {
                token: token(&mut map).map_err(fail)?,
                device: parsed(&mut map, "device").map_err(fail)?,
                client: client(&mut map).map_err(fail)?,
            }),
            "auth" => Ok(Self::Auth { id: need_id()?, token: token(&mut map).map_err(fail)? }),
            "sub" => Ok(Self::Sub {
                id: need_id()?,
                topic: parsed(&mut map, "topic").map_err(fail)?,
                since: position(&mut map).map_err(fail)?,
            }),
            "unsub" => Ok(Self::Unsub { id: need_id()?, topic: parsed(&mut map, "topic").map_err(fail)? }),
            "call" => Ok(Self::Call {
                id: need_id()?,
                method: method(&mut map).map_err(fail)?,
                params: match map.remove("params") {
                    None | Some(Value::Null) => Value::Object(Map::new()),
                    Some(params @ Value::Object(_)) => {
                        check_params(&params).map_err(fail)?;
                        params
                    }
                    Some(_) => return Err(fail("`params` must be a map".to_owned())),
                },
                key: match optional_text(&mut map, "key").map_err(fail)? {
                    None => None,
                    Some(key) => Some(IdempotencyKey::parse(&key).map_err(|error| fail(error.to_string()))?),
                },
                follow: flag(&mut map, "follow").map_err(fail)?,
            }),
            "ping" => Ok(Self::Ping { id: need_id()? }),
            other => {
                let shown: String = other.chars().take(32).collect();
                Err(fail(format!("unknown message `{shown}`: expected hello, auth, sub, unsub, call or ping")))
            }
        }
    }
}

fn text(map: &mut Map<String, Value>, field: &str) -> Result<String, String> {
    match map.remove(field) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(format!("`{field}` must be a text")),
    }
}

fn optional_text(map: &mut Map<String, Value>, field: &str) -> Result<Option<String>, String> {
    match map.remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{field}` must be a text")),
    }
}

fn flag(map: &mut Map<String, Value>, field: &str) -> Result<bool, String> {
    match map.remove(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(_) => Err(format!("`{field}` must be true or false")),
    }
}

fn parsed<T: std::str::FromStr<Err = crate::ids::InvalidId>>(
    map: &mut Map<String, Value>,
    field: &str,
) -> Result<T, String> {
    text(map, field)?.parse().map_err(|error: crate::ids::InvalidId| format!("`{field}`: {error}"))
}

fn token(map: &mut Map<String, Value>) -> Result<String, String> {
    let token = text(map, "token")?;
    if token.len() > MAX_TOKEN_BYTES {
        return Err(format!("`token` must have at most {MAX_TOKEN_BYTES} bytes"));
    }
    Ok(token)
}

fn method(map: &mut Map<String, Value>) -> Result<String, String> {
    let method = text(map, "method")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if method.is_empty() || method.len() > MAX_METHOD_BYTES || !method.chars().all(allowed) {
        return Err(format!("`method` must be 1 to {MAX_METHOD_BYTES} bytes of A-Z, a-z, 0-9, . _ and -"));
    }
    Ok(method)
}

/// Whether a call's parameters can be kept: the database has no text with the character U+0000. Also for parameters
/// that come by HTTP.
///
/// # Errors
/// The rule, for people.
pub fn check_params(params: &Value) -> Result<(), String> {
    let fine = match params {
        Value::String(text) => !text.contains('\0'),
        Value::Array(items) => return items.iter().try_for_each(check_params),
        Value::Object(map) => {
            map.values().try_for_each(check_params)?;
            map.keys().all(|key| !key.contains('\0'))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    };
    if fine { Ok(()) } else { Err("`params` must not contain the character U+0000".to_owned()) }
}

fn client(map: &mut Map<String, Value>) -> Result<Option<String>, String> {
    let client = optional_text(map, "client")?;
    match &client {
        Some(name) if name.len() > MAX_CLIENT_BYTES || name.chars().any(char::is_control) => {
            Err(format!("`client` must have at most {MAX_CLIENT_BYTES} bytes and no control characters"))
        }
        _ => Ok(client),
    }
}

fn position(map: &mut Map<String, Value>) -> Result<Option<Position>, String> {
    let since = match map.remove("since") {
        None | Some(Value::Null) => return Ok(None),
        Some(since) => since,
    };
    let number = |field: &str| since.get(field).and_then(Value::as_u64).filter(|number| *number <= MAX_SAFE_INTEGER);
    match (number("epoch"), number("seq")) {
        (Some(epoch), Some(seq)) => Ok(Some(Position { epoch, seq })),
        _ => Err("`since` must be {epoch, seq}, two whole numbers from 0 to 2^53 - 1".to_owned()),
    }
}

words! {
    /// What a node can lose. Later versions may have more.
    pub enum OutageOf {
        /// Postgres: calls are answered `unavailable`, nothing new is committed, what was acknowledged is safe.
        Database = "database",
    }
}

/// Something that the node cannot reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Outage {
    /// What.
    pub what: OutageOf,
    /// Since when.
    pub since: Timestamp,
    /// What that means, for people.
    pub message: String,
}

/// What the server may say. Clients ignore a `t` that they do not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "t", rename_all = "lowercase")]
pub enum ServerMessage {
    /// The answer to `hello`.
    Welcome {
        /// The session's id.
        session: SessionId,
        /// Who the token speaks for.
        user: UserId,
        /// The node that serves this connection.
        node: NodeId,
        /// A `mark` comes at least this often, milliseconds. Twice that in silence: the link is stale.
        heartbeat_ms: u32,
        /// When the token ends.
        expires_at: Timestamp,
        /// The bounds of this connection.
        limits: Limits,
    },
    /// A request succeeded.
    Ok {
        /// The request's number.
        id: RequestId,
        /// What the method returns.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "unknown")]
        result: Option<Value>,
    },
    /// A request was refused.
    Err {
        /// The request's number.
        id: RequestId,
        /// Why.
        code: ErrorCode,
        /// Why, for people, with what to do.
        message: String,
        /// Machine-readable particulars.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "unknown")]
        details: Option<Value>,
        /// When to try again, milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        retry_after_ms: Option<u64>,
    },
    /// A call that was to be followed has started a task: from here on the connection is subscribed to the task's topic, as
    /// by a `sub` with this position. Comes before the call's answer, and before the topic's events.
    Followed {
        /// The call's number.
        id: RequestId,
        /// The task's topic.
        topic: Topic,
        /// The life of its log.
        #[ts(type = "number")]
        epoch: u64,
        /// The events after this one follow.
        #[ts(type = "number")]
        seq: u64,
    },
    /// A topic's whole state.
    Snap {
        /// The topic.
        topic: Topic,
        /// The life of its log.
        #[ts(type = "number")]
        epoch: u64,
        /// The last event that the state contains.
        #[ts(type = "number")]
        seq: u64,
        /// The state.
        #[ts(type = "unknown")]
        state: Value,
    },
    /// A durable event: committed before it is sent.
    Ev {
        /// The topic.
        topic: Topic,
        /// Its number in the topic's log: 1, 2, 3, …
        #[ts(type = "number")]
        seq: u64,
        /// What happened.
        kind: EventKind,
        /// When it was committed.
        at: Timestamp,
        /// The particulars.
        #[ts(type = "unknown")]
        data: Value,
    },
    /// A volatile event: never stored, the newest per `(topic, key)` wins.
    Live {
        /// The topic.
        topic: Topic,
        /// What it replaces.
        key: String,
        /// What happened.
        kind: EventKind,
        /// When.
        at: Timestamp,
        /// The particulars.
        #[ts(type = "unknown")]
        data: Value,
    },
    /// The newest `seq` of each subscribed topic, with every heartbeat.
    Mark {
        /// Topic to head.
        #[ts(type = "Record<string, number>")]
        heads: BTreeMap<Topic, u64>,
    },
    /// The answer to `ping`.
    Pong {
        /// The request's number.
        id: RequestId,
    },
    /// The token ends soon: send `auth`.
    Expiring {
        /// When it ends.
        at: Timestamp,
    },
    /// A subscription ended because the right to it did.
    Revoked {
        /// The topic.
        topic: Topic,
        /// Why, for people.
        message: String,
    },
    /// What the node cannot reach now: the whole list each time, empty when all is well again.
    Health {
        /// What is out of order.
        outages: Vec<Outage>,
    },
    /// This node is going away, or takes no more of this person's connections.
    Drain {
        /// Reconnect after this time, milliseconds; spread by the server.
        reconnect_after_ms: u32,
    },
}

impl ServerMessage {
    /// Every `t` of this version.
    pub const TYPES: &'static [&'static str] = &[
        "welcome", "ok", "err", "followed", "snap", "ev", "live", "mark", "pong", "expiring", "revoked", "health",
        "drain",
    ];

    /// Reads one message of a decoded batch. `None`: a message that this version does not know, which clients ignore.
    ///
    /// # Errors
    /// What is wrong with a message of a known kind.
    pub fn from_value(value: Value) -> Result<Option<Self>, String> {
        let Some(t) = value.get("t").and_then(Value::as_str) else {
            return Err("a message must be a map with a text field `t`".to_owned());
        };
        if !Self::TYPES.contains(&t) {
            return Ok(None);
        }
        let t = t.to_owned();
        serde_json::from_value(value).map(Some).map_err(|error| format!("`{t}`: {error}"))
    }
}
