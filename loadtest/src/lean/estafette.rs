//! This project's own protocol, in MessagePack.

use super::tally::Heard;
use super::{Dialect, msgpack, wire};
use chrono::DateTime;
use estafette_protocol::{ClientMessage, Codec, DeviceId, Topic};

/// One connection of ours.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Its access token.
    pub token: String,
    /// Its device.
    pub device: DeviceId,
    /// What it follows. None: it is ready when it is welcome.
    pub topics: Vec<Topic>,
}

/// This project's own protocol, in MessagePack: connection `index` is reader `index`, or begins anew with the first.
#[derive(Debug)]
pub struct Estafette {
    /// `host:port`.
    host: String,
    readers: Vec<Reader>,
}

impl Estafette {
    /// For a server at `host:port`.
    ///
    /// # Errors
    /// No readers.
    pub fn new(host: impl Into<String>, readers: Vec<Reader>) -> Result<Self, String> {
        if readers.is_empty() { Err("no readers".to_owned()) } else { Ok(Self { host: host.into(), readers }) }
    }

    fn reader(&self, index: usize) -> Option<&Reader> {
        self.readers.get(index % self.readers.len())
    }
}

fn message(batch: &[ClientMessage]) -> Vec<u8> {
    wire::client_frame(wire::BINARY, &Codec::MsgPack.encode_batch(batch).unwrap_or_default())
}

impl Dialect for Estafette {
    fn request(&self, _: usize) -> Vec<u8> {
        wire::upgrade(&self.host, "/v1/live", Some(Codec::MsgPack.subprotocol()))
    }

    fn begin(&self, index: usize) -> Vec<u8> {
        let Some(reader) = self.reader(index) else { return Vec::new() };
        let (token, device) = (reader.token.clone(), reader.device.clone());
        message(&[ClientMessage::Hello { token, device, client: Some("loadtest".to_owned()) }])
    }

    fn message(&self, index: usize, _: bool, payload: &[u8], heard: &mut Heard<'_>) {
        let topics = self.reader(index).map_or(&[][..], |reader| &reader.topics);
        let all = u32::try_from(topics.len()).unwrap_or(u32::MAX);
        let seen = msgpack::batch(payload, |seen| match seen.t {
            b"live" => match (seen.n, seen.at_us) {
                (Some(n), Some(at_us)) => heard.live(n, at_us),
                _ => heard.other(),
            },
            // With several topics their numbers are of different logs.
            b"ev" if all == 1 => match (seen.seq, micros(seen.at)) {
                (Some(seq), Some(at_us)) => heard.durable(seq, at_us),
                _ => heard.fault("an event without number or time"),
            },
            b"ev" => heard.other(),
            b"welcome" if all == 0 => heard.progress().ready = true,
            b"welcome" => {
                let subs = topics.iter().zip(1..).map(|(topic, id)| {
                    let topic = topic.clone();
                    ClientMessage::Sub { id, topic, since: None }
                });
                heard.reply(&message(&subs.collect::<Vec<_>>()));
            }
            b"snap" => {
                if let (1, Some(seq)) = (all, seen.seq) {
                    heard.position(seq);
                }
                let progress = heard.progress();
                progress.stage += 1;
                progress.ready |= progress.stage >= all;
            }
            b"err" => heard.fault(format!("refused: {}", String::from_utf8_lossy(seen.message))),
            b"revoked" | b"drain" => heard.fault(String::from_utf8_lossy(seen.t).into_owned()),
            _ => {}
        });
        if seen.is_none() {
            heard.fault("a message that is no batch in MessagePack");
        }
    }
}

/// RFC 3339 to Unix time in microseconds.
fn micros(at: &[u8]) -> Option<u64> {
    let at = DateTime::parse_from_rfc3339(std::str::from_utf8(at).ok()?).ok()?;
    u64::try_from(at.timestamp_micros()).ok()
}
