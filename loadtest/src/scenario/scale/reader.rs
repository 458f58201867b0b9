//! What it costs to read an ended task: its snapshot, and a page of its log, over the socket: from the subscription to the
//! last byte of what it is answered with.

use super::super::compare::browser::{Site, Socket, connect, next_batch, tell};
use crate::measure::process::{Meter, Part};
use crate::scenario::Failure;
use estafette_protocol::{ClientMessage, Position, ServerMessage, Topic};
use futures_util::StreamExt as _;
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// The number of the subscription.
const SUB: u32 = 1;
/// Readers that read at the same time: few, so that what is timed is not how they wait for each other.
const AT_ONCE: usize = 4;
/// One answer.
const WITHIN: Duration = Duration::from_secs(60);
/// The longest time that is told apart, microseconds.
const LONGEST_US: u64 = 60_000_000;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The task as it is.
    Snapshot,
    /// Every event of its log, from the first to the one that ended it.
    Log,
}

/// A reader with the tasks that it may read.
pub(super) struct Reader {
    pub(super) site: Site,
    pub(super) topics: Vec<Topic>,
}

/// What reading came to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Read {
    /// Events that came.
    pub(super) events: u64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// CPU seconds of 1,000 reads, of all processes that serve.
    pub(super) cpu: f64,
}

/// Reads `reads` times in all, each reader one topic after the other.
pub(super) async fn read(readers: &[Reader], what: What, reads: u32, parts: Vec<Part>) -> Result<Read, Failure> {
    let mut open = Vec::new();
    for reader in readers.iter().filter(|reader| !reader.topics.is_empty()) {
        let socket = connect(&reader.site).await.map_err(Failure::Other)?;
        open.push((socket, reader, None));
    }
    let each = usize::try_from(reads).unwrap_or(0) / open.len().max(1);
    // The epoch is one for the whole database; whoever reads logs asks for it first.
    for (socket, reader, epoch) in &mut open {
        let Some(topic) = reader.topics.first() else { continue };
        *epoch = Some(one(socket, topic, None).await.map_err(Failure::Other)?.epoch);
    }
    let meter = Meter::start(parts);
    let work = open.into_iter().map(|(mut socket, reader, epoch)| async move {
        let mut late = Vec::with_capacity(each);
        let mut events = 0;
        for topic in reader.topics.iter().cycle().take(each) {
            let since = match what {
                What::Snapshot => None,
                What::Log => epoch.map(|epoch| Position { epoch, seq: 0 }),
            };
            let answer = one(&mut socket, topic, since).await?;
            late.push(answer.took);
            events += answer.events;
        }
        Ok::<_, String>((late, events))
    });
    let done: Vec<_> = futures_util::stream::iter(work).buffer_unordered(AT_ONCE).collect().await;
    let used = meter.read();
    let late = Histogram::<u64>::new_with_bounds(1, LONGEST_US, 3);
    let mut late = late.map_err(|error| Failure::Other(error.to_string()))?;
    let mut events = 0;
    for one in done {
        let (times, seen) = one.map_err(Failure::Other)?;
        events += seen;
        for took in times {
            let us = u64::try_from(took.as_micros()).unwrap_or(LONGEST_US);
            late.saturating_record(us.clamp(1, LONGEST_US));
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
    let thousands = late.len().max(1) as f64 / 1e3;
    #[allow(clippy::cast_precision_loss, reason = "bounded by a minute")]
    let ms = |percentile: f64| late.value_at_percentile(percentile) as f64 / 1e3;
    let cpu = used.iter().map(|used| used.cpu_seconds).sum::<f64>() / thousands;
    Ok(Read { events, p50_ms: ms(50.0), p99_ms: ms(99.0), cpu })
}

struct Answer {
    took: Duration,
    events: u64,
    epoch: u64,
}

/// One subscription, what it is answered with, and its end.
async fn one(socket: &mut Socket, topic: &Topic, since: Option<Position>) -> Result<Answer, String> {
    let begin = Instant::now();
    tell(socket, &[ClientMessage::Sub { id: SUB, topic: topic.clone(), since }]).await?;
    let (mut events, mut epoch, mut next) = (0, since.map_or(0, |since| since.epoch), 1);
    let answer = async {
        loop {
            for message in next_batch(socket).await? {
                match message {
                    ServerMessage::Snap { topic: of, epoch: now, .. } if of == *topic => {
                        if since.is_some() {
                            return Err(format!("{topic}: a snapshot, where the log was asked for"));
                        }
                        epoch = now;
                        return Ok(());
                    }
                    ServerMessage::Ev { topic: of, seq, kind, .. } if of == *topic => {
                        if since.is_some() && seq != next {
                            return Err(format!("{topic}: event {seq} came where {next} was due"));
                        }
                        (next, events) = (seq + 1, events + 1);
                        if kind.as_str() == "task.completed" {
                            return Ok(());
                        }
                    }
                    ServerMessage::Err { message, .. } => return Err(format!("{topic}: {message}")),
                    _ => {}
                }
            }
        }
    };
    tokio::time::timeout(WITHIN, answer).await.map_err(|_| format!("{topic}: no answer within {WITHIN:?}"))??;
    let took = begin.elapsed();
    tell(socket, &[ClientMessage::Unsub { id: SUB, topic: topic.clone() }]).await?;
    Ok(Answer { took, events, epoch })
}
