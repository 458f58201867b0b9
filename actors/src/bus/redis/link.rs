//! The two connections to one server: one that publishes, one that is for subscriptions only.

use super::queue::Outgoing;
use super::topology::slot;
use super::{Protocol, RedisAddress, Shared};
use crate::limits::{BUS_ANSWER, BUS_SUBSCRIBE_CHUNK};
use futures_util::StreamExt as _;
use redis::aio::{MultiplexedConnection, PubSubSink};
use redis::{AsyncConnectionConfig, Client, ErrorKind, ProtocolVersion, PushInfo, PushKind, RedisError, Value};
use std::ops::RangeInclusive;
use std::sync::Arc;
use tokio::sync::mpsc;

/// What went wrong, in words that hold no address and no password.
pub(super) fn reason(error: &RedisError) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.category()),
        None => error.to_string(),
    }
}

/// Where a link reports that it broke. One report is enough.
pub(super) type Broken = mpsc::Sender<String>;

enum Subscriber {
    /// RESP3: messages are pushed beside the answers.
    Push(MultiplexedConnection),
    /// RESP2: a connection that can do nothing else.
    Classic(PubSubSink),
}

/// The connections to one server.
pub(super) struct Link {
    publisher: MultiplexedConnection,
    subscriber: Subscriber,
    /// The slots of a sharded cluster that this server holds; empty: everything goes here.
    slots: Vec<RangeInclusive<u16>>,
    sharded: bool,
    pub(super) probe: Arc<str>,
}

fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(BUS_ANSWER)).set_response_timeout(Some(BUS_ANSWER))
}

fn client(address: &RedisAddress, version: ProtocolVersion) -> Result<Client, RedisError> {
    let info = address.info().clone();
    let settings = info.redis_settings().clone().set_protocol(version);
    Client::open(info.set_redis_settings(settings))
}

/// A connection for commands, and the protocol that the server speaks.
pub(super) async fn connect(
    address: &RedisAddress,
    protocol: Protocol,
) -> Result<(MultiplexedConnection, ProtocolVersion), RedisError> {
    if protocol == Protocol::Auto {
        let version = ProtocolVersion::RESP3;
        match client(address, version)?.get_multiplexed_async_connection_with_config(&config()).await {
            Ok(connection) => return Ok((connection, version)),
            Err(error) if error.kind() == ErrorKind::RESP3NotSupported => {}
            Err(error) => return Err(error),
        }
    }
    let version = ProtocolVersion::RESP2;
    Ok((client(address, version)?.get_multiplexed_async_connection_with_config(&config()).await?, version))
}

impl Link {
    /// Adds the connection for subscriptions to one for commands.
    pub(super) async fn open(
        shared: &Arc<Shared>,
        address: &RedisAddress,
        (publisher, version): (MultiplexedConnection, ProtocolVersion),
        slots: Vec<RangeInclusive<u16>>,
        broken: Broken,
    ) -> Result<Self, RedisError> {
        let sharded = !slots.is_empty();
        let client = client(address, version)?;
        let subscriber = if version == ProtocolVersion::RESP2 {
            let connecting = tokio::time::timeout(BUS_ANSWER, client.get_async_pubsub());
            let pubsub = connecting.await.map_err(|_| RedisError::from((ErrorKind::Io, "no answer in time")))??;
            let (sink, mut messages) = pubsub.split();
            let shared = Arc::clone(shared);
            // Ends with its connection, which ends with the sink and this stream.
            actix::spawn(async move {
                loop {
                    tokio::select! {
                        message = messages.next() => match message {
                            Some(message) => shared.hear(message.get_channel_name(), message.get_payload_bytes()),
                            None => break,
                        },
                        () = broken.closed() => return,
                    }
                }
                let _told = broken.try_send("the connection was closed".to_owned());
            });
            Subscriber::Classic(sink)
        } else {
            let shared = Arc::clone(shared);
            let push = move |info: PushInfo| {
                pushed(&shared, &broken, &info);
                Ok::<(), std::convert::Infallible>(())
            };
            let config = config().set_push_sender(push);
            Subscriber::Push(client.get_multiplexed_async_connection_with_config(&config).await?)
        };
        let holds = |channel: &str| slots.is_empty() || slots.iter().any(|range| range.contains(&slot(channel)));
        // A channel of this node's own whose slot this server holds: a few tries are enough, and there are 2^32.
        let mut probes = (0..u32::MAX).map(|n| shared.names.probe(shared.origin, n));
        let probe = probes.find(|channel| holds(channel)).unwrap_or_else(|| shared.names.probe(shared.origin, 0));
        Ok(Self { publisher, subscriber, slots, sharded, probe })
    }

    /// Whether a channel's messages go through this server.
    pub(super) fn holds(&self, channel: &str) -> bool {
        !self.sharded || self.slots.iter().any(|range| range.contains(&slot(channel)))
    }

    /// Whether RESP3 is spoken.
    pub(super) const fn pushes(&self) -> bool {
        matches!(self.subscriber, Subscriber::Push(_))
    }

    /// Sends messages in one pipeline and waits for the answers.
    pub(super) async fn publish(&self, messages: &[&Outgoing]) -> Result<(), RedisError> {
        if messages.is_empty() {
            return Ok(());
        }
        let command = if self.sharded { "SPUBLISH" } else { "PUBLISH" };
        let mut pipeline = redis::Pipeline::with_capacity(messages.len());
        for message in messages {
            if let Some(trace) = &message.trace {
                pipeline.cmd(command).arg(&*message.channel).arg(&**trace).ignore();
            }
            pipeline.cmd(command).arg(&*message.channel).arg(message.payload.as_slice()).ignore();
        }
        pipeline.query_async(&mut self.publisher.clone()).await
    }

    /// Subscribes to channels, or ends subscriptions. They have taken effect when this returns.
    pub(super) async fn subscribe(&self, channels: &[&Arc<str>], on: bool) -> Result<(), RedisError> {
        for chunk in channels.chunks(BUS_SUBSCRIBE_CHUNK) {
            let names: Vec<&str> = chunk.iter().map(|channel| &***channel).collect();
            match &self.subscriber {
                Subscriber::Push(connection) if self.sharded => {
                    // One command a channel: a command's channels would all have to be of one slot.
                    let mut pipeline = redis::Pipeline::with_capacity(names.len());
                    for name in names {
                        pipeline.cmd(if on { "SSUBSCRIBE" } else { "SUNSUBSCRIBE" }).arg(name).ignore();
                    }
                    pipeline.query_async::<()>(&mut connection.clone()).await?;
                }
                Subscriber::Push(connection) if on => connection.clone().subscribe(names).await?,
                Subscriber::Push(connection) => connection.clone().unsubscribe(names).await?,
                Subscriber::Classic(sink) => {
                    let mut sink = sink.clone();
                    let answer = async { if on { sink.subscribe(names).await } else { sink.unsubscribe(names).await } };
                    let answer = tokio::time::timeout(BUS_ANSWER, answer).await;
                    answer.map_err(|_| RedisError::from((ErrorKind::Io, "no answer in time")))??;
                }
            }
        }
        Ok(())
    }
}

/// A push of RESP3. Runs inside the connection's reader: short and without waiting.
fn pushed(shared: &Shared, broken: &Broken, info: &PushInfo) {
    match (&info.kind, info.data.as_slice()) {
        (PushKind::Message | PushKind::SMessage, [Value::BulkString(channel), Value::BulkString(payload)]) => {
            if let Ok(channel) = std::str::from_utf8(channel) {
                shared.hear(channel, payload);
            }
        }
        (PushKind::Disconnection, _) => {
            let _told = broken.try_send("the connection was closed".to_owned());
        }
        // Nobody asked: the slot has moved to another node of the cluster.
        (PushKind::SUnsubscribe, [Value::BulkString(channel), ..]) => {
            let wanted = std::str::from_utf8(channel).is_ok_and(|channel| shared.interests.key(channel).is_some());
            if wanted {
                let _told = broken.try_send("a slot of the cluster moved".to_owned());
            }
        }
        _ => {}
    }
}
