//! `loadtest slowlink`: a reader on a slow link beside fast ones on the same busy topic: what it costs the server, what
//! the others feel of it, and that it loses nothing.

use super::Failure;
use super::stage::person::Person;
use super::stage::record::{Recorder, break_in};
use super::stage::vitals::look;
use super::stage::{Size, Stage};
use crate::check::Check;
use crate::cli::ServerArgs;
use crate::client::{Client, ClientConfig, Observer};
use crate::cluster::{Flow, Link};
use crate::measure::{Latencies, Schedule};
use crate::report::Report;
use clap::Args;
use estafette_protocol::{Codec, ServerMessage, Topic};
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Bytes of the kernel's buffer at the slow end: more would hide that it is slow.
const BUFFER: u32 = 16 * 1024;
/// One way on the slow link.
const LATENCY: Duration = Duration::from_millis(50);
/// The measurements of the fast readers, one a phase.
const PHASES: [&str; 2] = ["fast readers, alone", "fast readers, beside the slow one"];
/// What one slow reader may cost a node, MiB: an outbox of 256 KiB, kernel buffers, and what an allocator keeps.
const COST_MIB: f64 = 24.0;

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Kilobits a second of the slow link.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    kbit: u32,
    /// Fast readers.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    readers: u32,
    /// Edits a second.
    #[arg(long, default_value_t = 15.0)]
    rate: f64,
    /// Bytes of each edit.
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    payload: u32,
    /// Seconds of each phase.
    #[arg(long, default_value_t = 30.0)]
    seconds: f64,
    /// Keep the logs of all processes in this folder.
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
}

struct Fast {
    latencies: Arc<Latencies>,
    phase: Arc<AtomicUsize>,
}

impl Observer for Fast {
    fn message(&self, message: &ServerMessage, _: Instant) {
        let ServerMessage::Ev { at, .. } = message else { return };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let then = Duration::from_millis(u64::try_from(at.to_chrono().timestamp_millis()).unwrap_or(0));
        if let Some(name) = PHASES.get(self.phase.load(Ordering::Relaxed)) {
            self.latencies.record(name, now.saturating_sub(then));
        }
    }
}

/// Runs it.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run(options: &Options, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    // A frame of 64 KiB takes 8 s at 64 kbit/s: with a short heartbeat a slow link would look like a dead one.
    let settings = [("heartbeat-ms", "15000".to_owned()), ("access-token-secs", "3600".to_owned())];
    let stage = Stage::start(server, seed, Size { nodes: 1, redis: false, model: false }, &settings).await?;
    let node = stage.cluster.nodes.first().cloned().ok_or_else(|| Failure::Other("there is no node".to_owned()))?;
    let editor = Person::enter(&stage, 0, 10).await?;
    let topic: Topic = format!("cv:{}", editor.cv).parse().map_err(|_| Failure::Other("a bad id".to_owned()))?;
    let phase = Arc::new(AtomicUsize::new(0));
    let fast = Arc::new(Fast { latencies: Arc::clone(&stage.shared.latencies), phase: Arc::clone(&phase) });
    let mut readers = Vec::new();
    for index in 0..options.readers {
        let codec = if index.is_multiple_of(2) { Codec::MsgPack } else { Codec::Json };
        let config = stage.config(&editor.account, 0, codec, &format!("fast-{index}"))?;
        let reader = Client::start(ClientConfig { observer: Some(fast.clone()), ..config });
        reader.subscribe(topic.clone()).await;
        readers.push(reader);
    }
    for reader in &readers {
        reader.ready(super::READY_WITHIN).await.map_err(Failure::Other)?;
    }
    let mut number = edits(&stage, &editor, options, 0).await;
    let before = look(&node, stage.shared.begin).map(|look| look.memory);
    let target: SocketAddr = node
        .direct()
        .trim_start_matches("http://")
        .parse()
        .map_err(|_| Failure::Other("a node without an address".to_owned()))?;
    let link = Link::with_buffer("slow", target, Some(BUFFER)).await?;
    let recorder = Arc::new(Recorder::new("the slow reader".to_owned(), stage.shared.clone(), None));
    let config = stage.config(&editor.account, 0, Codec::MsgPack, "slow")?;
    let urls = vec![format!("ws://{}/v1/live", link.address())].into();
    let slow =
        Client::start(ClientConfig { urls, observer: Some(recorder.clone()), receive_buffer: Some(BUFFER), ..config });
    slow.subscribe(topic.clone()).await;
    slow.ready(super::READY_WITHIN).await.map_err(Failure::Other)?;
    while recorder.history(&topic).is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    link.set(Flow::Slow { latency: LATENCY, bytes_per_second: options.kbit * 1_000 / 8 });
    phase.store(1, Ordering::Relaxed);
    let begun = stage.shared.begin.elapsed();
    let incident = stage.incidents.begin(format!("a reader at {} kbit/s", options.kbit), "links", begun, Vec::new());
    number = edits(&stage, &editor, options, number).await;
    let (from, to) = (begun.as_secs_f64(), stage.shared.begin.elapsed().as_secs_f64());
    let looks = stage.vitals.looks().into_iter().next().unwrap_or_default();
    let peak = looks.iter().filter(|look| (from..=to).contains(&look.at)).map(|look| look.memory).fold(0.0, f64::max);
    let behind = number.saturating_sub(slow.events(&topic));
    // It is behind by what its link could not carry; on a better link it catches up from the log.
    link.set(Flow::Open);
    stage.incidents.end(incident, stage.shared.begin.elapsed());
    let catching_up = Instant::now();
    stage.rest(std::slice::from_ref(&editor), tokio::task::JoinSet::new(), Duration::from_secs(60)).await;
    stage.settled(&slow).await;
    let caught_up = catching_up.elapsed();
    for reader in &readers {
        stage.settled(reader).await;
        stage.shared.findings.hold(Check::Complete, 1);
    }
    let whole = match recorder.history(&topic) {
        Some(history) => match break_in(&history) {
            None => Ok(()),
            Some(at) => Err(format!("the slow reader: {}", recorder.around(&topic, at))),
        },
        None => Err("the slow reader saw nothing".to_owned()),
    };
    stage.shared.findings.see(Check::StalledReader, whole);
    let losses = slow.stats().losses;
    let stayed = if losses == 0 { Ok(()) } else { Err(format!("the slow reader lost its connection {losses} times")) };
    stage.shared.findings.see(Check::StalledReader, stayed);
    if let Some(before) = before {
        let cost = peak - before;
        let flat = if cost <= COST_MIB {
            Ok(())
        } else {
            Err(format!("the node grew by {cost:.1} MiB; {COST_MIB} are allowed"))
        };
        stage.shared.findings.see(Check::FlatMemory, flat);
    }
    super::stage::audit::all(&stage, std::slice::from_ref(&editor)).await?;
    slow.close().await;
    for reader in readers {
        reader.close().await;
    }
    editor.leave().await;
    drop((editor, recorder, fast, node));
    let expected = [Check::Contiguous, Check::Complete, Check::StalledReader, Check::FlatMemory, Check::EqualsLog];
    let mut report = stage.finish("slowlink", &expected, options.logs.clone()).await?;
    report.figure("the slow link", f64::from(options.kbit), "kbit/s");
    report.figure("fast readers", f64::from(options.readers), "");
    report.figure("edits", f64::from(u32::try_from(number).unwrap_or(u32::MAX)), "");
    report.figure(
        "events that the slow reader was behind at the end",
        f64::from(u32::try_from(behind).unwrap_or(u32::MAX)),
        "",
    );
    report.figure("until it had caught up on a better link", caught_up.as_secs_f64(), "s");
    if let Some(before) = before {
        report.figure("node memory before the slow reader", before, "MiB");
        report.figure("node memory with it, highest", peak, "MiB");
        report.figure("the difference", peak - before, "MiB");
    }
    Ok(report)
}

/// One phase of edits; returns how many there are by now.
async fn edits(stage: &Arc<Stage>, editor: &Arc<Person>, options: &Options, first: u64) -> u64 {
    let schedule = Schedule::new(Instant::now(), options.rate);
    let until = Instant::now() + Duration::from_secs_f64(options.seconds);
    let mut rev = editor.document().map_or(0, |cv| cv.rev);
    let filler = "x".repeat(usize::try_from(options.payload).unwrap_or(0));
    let mut done = 0;
    for index in 0.. {
        if schedule.due(index).await > until {
            break;
        }
        let text = format!("Edit {} of {}. {filler}", first + done, stage.tag);
        let patch = json!([{"op": "add", "path": "/basics/summary", "value": text}]);
        let answer = editor.call(stage, "cv.update", json!({"id": editor.cv, "rev": rev, "patch": patch})).await;
        if let Some(next) = answer.and_then(|answer| answer.get("rev")?.as_i64()) {
            rev = next;
            done += 1;
        }
    }
    first + done
}
