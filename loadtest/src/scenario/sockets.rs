//! `loadtest sockets`: connections on which nothing happens. What they cost the server, how fast they are made, and
//! that each of them stays, with its marks.

use super::{Failure, Run};
use crate::check::Check;
use crate::cli::ServerArgs;
use crate::client::{Client, ClientConfig, Handshake, Observer};
use crate::measure::{Latencies, Schedule, Throughput};
use crate::report::Report;
use estafette_protocol::{Codec, ServerMessage, Topic};
use futures_util::StreamExt as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections of one user.
const CONNECTIONS_A_USER: u32 = 50;
/// Handshakes under way at the same time.
const OPENING: usize = 256;
/// Open files beside the connections.
const OTHER_FILES: u64 = 256;
/// A connection, its token check and three subscriptions.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// Options of the scenario.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Connections.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=25_000))]
    connections: u32,
    /// Connections begun a second (open loop).
    #[arg(long, default_value_t = 500.0)]
    rate: f64,
    /// How long they are held, heartbeats.
    #[arg(long, default_value_t = 3)]
    heartbeats: u32,
    /// Heartbeat of our own server, milliseconds.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(100..=120_000))]
    heartbeat_ms: u64,
    /// Lean connections, to measure what one costs the server: three subscriptions each, a mark every 25 s, and so many
    /// signed-in sessions in all.
    #[arg(long, value_name = "SESSIONS", value_parser = clap::value_parser!(u32).range(1..=25_000))]
    lean: Option<u32>,
    /// Connections that only come, are welcomed, and go, for so many seconds.
    #[arg(long, value_name = "SECONDS", conflicts_with = "lean")]
    handshakes: Option<f64>,
}

struct Idle {
    latencies: Arc<Latencies>,
    throughput: Arc<Throughput>,
}

impl Observer for Idle {
    fn message(&self, message: &ServerMessage, _: Instant) {
        if matches!(message, ServerMessage::Mark { .. }) {
            self.throughput.count("marks");
        }
    }
    fn connected(&self, timing: Handshake) {
        self.latencies.record("upgrade", timing.upgrade);
        self.latencies.record("hello to welcome", timing.hello);
        self.throughput.count("handshakes");
    }
}

/// Runs it.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run(options: &Options, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    if let Some(seconds) = options.handshakes {
        return super::live::idle::run_handshakes(seconds, server, seed).await;
    }
    if let Some(sessions) = options.lean {
        let number = |value: u32| usize::try_from(value).unwrap_or(0);
        let heartbeats = Duration::from_secs(25) * options.heartbeats;
        let (connections, sessions) = (number(options.connections), number(sessions));
        let load = super::live::idle::Load { connections, sessions, seconds: heartbeats.as_secs_f64() };
        return super::live::idle::run(load, server, seed).await;
    }
    allow_files(u64::from(options.connections) + OTHER_FILES)?;
    let run = Run::start(server, seed, &[("heartbeat-ms", options.heartbeat_ms.to_string())]).await?;
    let users = usize::try_from(options.connections.div_ceil(CONNECTIONS_A_USER)).unwrap_or(1);
    let people = run.people(users, 0).await?;
    let mut topics = Vec::with_capacity(users);
    for (index, account) in people.iter().enumerate() {
        let content = crate::sample::cv(seed, u64::try_from(index).unwrap_or(0));
        let token = account.token().await?;
        let file: Value = run.api.post("/v1/cv/files", &json!({"content": content}), Some(&token), None).await?;
        let cv = Topic::of("cv", file.get("id").and_then(Value::as_str).unwrap_or_default());
        let app = Topic::parse("app");
        let (Ok(cv), Ok(app)) = (cv, app) else { return Err(Failure::Other(format!("cv.create returned {file}"))) };
        topics.push([Topic::user(account.user()), cv, app]);
    }
    let before = run.memory.now();
    let observer: Arc<Idle> =
        Arc::new(Idle { latencies: Arc::clone(&run.latencies), throughput: Arc::clone(&run.throughput) });
    let bar = crate::out::bar("connections", options.connections.into());
    let schedule = Schedule::new(Instant::now(), options.rate);
    let begin = Instant::now();
    let opened: Vec<Result<Client, Failure>> = futures_util::stream::iter(0..options.connections)
        .map(|index| {
            let (run, bar, observer, topics, people) = (&run, &bar, observer.clone(), &topics, &people);
            async move {
                let meant = schedule.due(index.into()).await;
                let place = usize::try_from(index).unwrap_or(0) % people.len().max(1);
                let (Some(account), Some(topics)) = (people.get(place), topics.get(place)) else {
                    return Err(Failure::Other("no user for this connection".to_owned()));
                };
                let codec = if index % 2 == 0 { Codec::MsgPack } else { Codec::Json };
                let config = run.config(account, codec, &format!("idle-{index}"))?;
                let client = Client::start(ClientConfig { observer: Some(observer), ..config });
                for topic in topics {
                    client.subscribe(topic.clone()).await;
                }
                let ready = client.ready(READY_WITHIN).await;
                run.findings.see(Check::StaysOpen, ready.map_err(|why| format!("connection {index}: {why}")));
                run.latencies.record("meant to ready", meant.elapsed());
                bar.inc(1);
                Ok(client)
            }
        })
        .buffer_unordered(OPENING)
        .collect()
        .await;
    let opening = begin.elapsed();
    bar.finish_and_clear();
    let clients: Vec<Client> = opened.into_iter().collect::<Result<_, _>>()?;
    let heartbeat = Duration::from_millis(options.heartbeat_ms);
    crate::out::note(format!("{} connections; holding them for {} heartbeats", clients.len(), options.heartbeats));
    let marks = marks_of(&clients);
    tokio::time::sleep(heartbeat * options.heartbeats).await;
    for ((index, client), before) in clients.iter().enumerate().zip(marks) {
        let got = client.stats().marks.saturating_sub(before);
        // The first and the last may fall just outside.
        let least = u64::from(options.heartbeats.saturating_sub(1));
        let enough = if got >= least {
            Ok(())
        } else {
            Err(format!("connection {index}: {got} marks in {} heartbeats", options.heartbeats))
        };
        run.findings.see(Check::Marks, enough);
        let stayed = if client.stats().connects == 1 {
            Ok(())
        } else {
            Err(format!("connection {index} connected {} times", client.stats().connects))
        };
        run.findings.see(Check::StaysOpen, stayed);
    }
    let held = run.memory.now();
    run.settle(clients.iter(), heartbeat * 3).await;
    let connections = f64::from(options.connections);
    let mut closing: futures_util::stream::FuturesUnordered<_> = clients.into_iter().map(Client::close).collect();
    while closing.next().await.is_some() {}
    drop(closing);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = run.memory.now();
    let mut report = run.finish("sockets", &[Check::StaysOpen, Check::Marks, Check::Complete]).await;
    report.figure("connections", connections, "");
    report.figure("subscriptions", connections * 3.0, "");
    report.figure("ready a second", connections / opening.as_secs_f64(), "a second");
    if let (Some(before), Some(held), Some(after)) = (before, held, after) {
        report.figure("server memory before", before, "MiB");
        report.figure("server memory with them", held, "MiB");
        report.figure("server memory a connection", (held - before) * 1024.0 / connections, "KiB");
        report.figure("server memory after they left", after, "MiB");
    }
    Ok(report)
}

fn marks_of(clients: &[Client]) -> Vec<u64> {
    clients.iter().map(|client| client.stats().marks).collect()
}

/// Raises the bound on open files, for us and for the server that we start.
pub(super) fn allow_files(needed: u64) -> Result<(), Failure> {
    let now = getrlimit(Resource::Nofile);
    if now.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let raised = Rlimit { current: Some(needed.min(now.maximum.unwrap_or(u64::MAX))), maximum: now.maximum };
    let raised = setrlimit(Resource::Nofile, raised).is_ok() && now.maximum.is_none_or(|maximum| maximum >= needed);
    if raised {
        return Ok(());
    }
    Err(Failure::Other(format!(
        "{needed} open files are needed and {:?} are allowed: raise the limit (`ulimit -n {needed}`)",
        now.maximum
    )))
}
