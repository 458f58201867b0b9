//! A sender of our own, for peers that do nothing of themselves: NATS and Nchan. It keeps the same open loop as the Node
//! programs do, over one connection, and writes at once what is due.

use crate::scenario::Failure;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::JoinHandle;

/// Bytes that are written at once.
const WRITE_BYTES: usize = 64 * 1024;
/// Digits of a message's number and time.
const DIGITS: usize = 26;

/// How a message is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingest {
    /// `PUB subject length`, over NATS' own port.
    Nats,
    /// `POST /pub/topic`, requests without waiting for the answers.
    Nchan,
}

/// A sender.
pub struct Sender {
    ingest: Ingest,
    port: u16,
    writer: OwnedWriteHalf,
    /// Takes the answers.
    reading: JoinHandle<()>,
}

/// What is sent.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// To this topic, or with `own` to as many, `own:0` and on, in turn.
    pub topic: &'a str,
    /// Topics in turn.
    pub own: Option<u64>,
    /// Messages a second, in all.
    pub rate: f64,
    /// How long.
    pub seconds: f64,
    /// Bytes of a message.
    pub size: usize,
}

impl Sender {
    /// Connects.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn connect(ingest: Ingest, port: u16) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::Other(format!("no connection to publish on: {error}"));
        let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let (reader, mut writer) = stream.into_split();
        if ingest == Ingest::Nats {
            let hello = b"CONNECT {\"verbose\":false,\"pedantic\":false}\r\n";
            writer.write_all(hello).await.map_err(failed)?;
        }
        Ok(Self { ingest, port, writer, reading: tokio::spawn(drain(reader)) })
    }

    /// Sends what is ordered; returns how many messages that were.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn send(&mut self, order: &Order<'_>) -> Result<u64, Failure> {
        let gap = 1e6 / order.rate;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "messages of a test run")]
        let total = (order.rate * order.seconds) as u64;
        let start = micros();
        let (mut next, mut text) = (0_u64, String::new());
        while next < total {
            let passed = micros().saturating_sub(start);
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "microseconds of a test run"
            )]
            let due = total.min((passed as f64 / gap) as u64 + 1);
            while next < due && text.len() < WRITE_BYTES {
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    clippy::cast_precision_loss,
                    reason = "microseconds of a test run"
                )]
                let meant = start + (next as f64 * gap) as u64;
                self.put(&mut text, order, next, meant);
                next += 1;
            }
            if !text.is_empty() {
                let sent = self.writer.write_all(text.as_bytes()).await;
                sent.map_err(|error| Failure::Other(format!("publishing: {error}")))?;
                text.clear();
            }
            if next == due {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        Ok(total)
    }

    fn put(&self, text: &mut String, order: &Order<'_>, number: u64, meant: u64) {
        let fill = order.size.saturating_sub(DIGITS);
        let size = fill + DIGITS;
        let (topic, number) = match order.own {
            Some(count) => (format!("own:{}", number % count.max(1)), number / count.max(1)),
            None => (order.topic.to_owned(), number),
        };
        let _ = match self.ingest {
            Ingest::Nats => write!(text, "PUB {topic} {size}\r\n{number:010}{meant:016}{:x<fill$}\r\n", ""),
            Ingest::Nchan => write!(
                text,
                "POST /pub/{topic} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {size}\r\n\r\n\
                 {number:010}{meant:016}{:x<fill$}",
                self.port, ""
            ),
        };
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// Unix time in microseconds.
fn micros() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(0)
}

/// Answers are not looked at: what arrives is counted by the readers.
async fn drain(mut reader: OwnedReadHalf) {
    let mut buffer = vec![0; WRITE_BYTES];
    while reader.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn sent(ingest: Ingest, own: Option<u64>) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut sender = Sender::connect(ingest, listener.local_addr().unwrap().port()).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        let order = Order { topic: "t", own, rate: 1_000.0, seconds: 0.004, size: 30 };
        assert_eq!(sender.send(&order).await.unwrap(), 4);
        drop(sender);
        let mut text = String::new();
        peer.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn every_message_is_sent_with_its_number_and_its_length() {
        let text = sent(Ingest::Nats, None).await;
        let bodies: Vec<&str> = text.split("PUB t 30\r\n").skip(1).collect();
        assert_eq!(bodies.len(), 4);
        assert!(bodies.iter().enumerate().all(|(at, body)| body.starts_with(&format!("{at:010}")) && body.len() == 32));
    }

    #[tokio::test]
    async fn own_topics_come_in_turn_and_each_counts_for_itself() {
        let text = sent(Ingest::Nchan, Some(2)).await;
        for part in ["/pub/own:0", "/pub/own:1"] {
            assert_eq!(text.matches(part).count(), 2);
        }
        assert_eq!(text.matches("\r\n\r\n0000000001").count(), 2, "{text}");
    }
}
