//! `loadtest sockets --lean` and `--handshakes`: what a connection costs on which nothing happens, and how many can be
//! made a second, with token check.

use super::{address, readers, sessions, settings};
use crate::check::Check;
use crate::cli::ServerArgs;
use crate::lean::{Crowd, CrowdOptions, Handshakes, Measured, estafette::Estafette, handshakes};
use crate::report::Report;
use crate::scenario::sockets::allow_files;
use crate::scenario::{Failure, Run};
use crate::server::SERVER;
use estafette_protocol::Topic;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Sessions of one person.
const SESSIONS_A_PERSON: usize = 50;
/// Until all are there.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// Until what opening took is given back.
const SETTLED: Duration = Duration::from_secs(5);
/// Handshakes under way at the same time.
pub const AT_ONCE: usize = 64;
/// Sessions of those who only come and go.
const COMING_SESSIONS: usize = 200;

/// Connections on which nothing happens.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Load {
    /// Connections.
    pub connections: usize,
    /// Signed-in sessions that they belong to.
    pub sessions: usize,
    /// How long they are held, seconds; a heartbeat is 25.
    pub seconds: f64,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// What was asked for.
    pub load: Load,
    /// What holding them cost.
    pub held: Measured,
    /// Resident memory of the server without them, MiB: after as many had come and gone once.
    pub mib_without: f64,
    /// And with them.
    pub mib_with: f64,
    /// Of one of them, KiB.
    pub kib_each: f64,
}

/// Settings that our own server needs for it.
pub fn own_settings() -> Vec<(&'static str, String)> {
    settings()
}

/// Connections on which nothing happens, held.
pub struct Held {
    /// They.
    pub crowd: Crowd,
    /// Resident memory of the server before they came, MiB.
    pub mib_without: f64,
    /// And when what opening them took has been given back.
    pub mib_with: f64,
}

impl Held {
    /// Memory of the server for one of so many, KiB.
    pub fn kib_each(&self, connections: usize) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
        let connections = connections.max(1) as f64;
        (self.mib_with - self.mib_without) * 1024.0 / connections
    }
}

/// Opens connections with a token check and three subscriptions each.
///
/// # Errors
/// [`Failure`].
pub async fn open(run: &Run, connections: usize, sessions: usize) -> Result<Held, Failure> {
    allow_files(u64::try_from(connections).unwrap_or(0) + 256)?;
    let (host, at) = address(run)?;
    let people = run.people(sessions.div_ceil(SESSIONS_A_PERSON).max(1), 0).await?;
    let mut cvs = Vec::new();
    for (index, account) in people.iter().enumerate() {
        let content = crate::sample::cv(run.seed, u64::try_from(index).unwrap_or(0));
        let token = account.token().await?;
        let file: Value = run.api.post("/v1/cv/files", &json!({"content": content}), Some(&token), None).await?;
        cvs.push(file.get("id").and_then(Value::as_str).unwrap_or_default().to_owned());
    }
    let sessions = super::sessions(run, &people, sessions.max(1)).await?;
    let mut topics = Vec::with_capacity(connections);
    for index in 0..connections {
        let session = index % sessions.len().max(1);
        let (Some(account), Some(cv)) = (sessions.get(session), cvs.get(session % cvs.len().max(1))) else { break };
        let (cv, app) = (Topic::of("cv", cv), Topic::parse("app"));
        let (Ok(cv), Ok(app)) = (cv, app) else { return Err(Failure::Other("no such topic".to_owned())) };
        topics.push(vec![Topic::user(account.user()), cv, app]);
    }
    let readers = readers(&sessions, topics).await?;
    let dialect = Arc::new(Estafette::new(host, readers).map_err(Failure::Other)?);
    let options = CrowdOptions { connections, stalled: 0, threads: 1 };
    let mib = || run.memory.now().unwrap_or(0.0);
    let mib_without = mib();
    let crowd = Crowd::start(Arc::clone(&dialect) as _, at, options).map_err(Failure::Other)?;
    crowd.ready(READY_WITHIN).await.map_err(Failure::Other)?;
    tokio::time::sleep(SETTLED).await;
    let mib_with = mib();
    Ok(Held { crowd, mib_without, mib_with })
}

/// Opens connections with a token check and three subscriptions each and holds them.
///
/// # Errors
/// [`Failure`].
pub async fn measure(run: &Run, load: Load) -> Result<Outcome, Failure> {
    let mut there = open(run, load.connections, load.sessions).await?;
    let held = there.crowd.measure(Duration::from_secs_f64(load.seconds), run.target.parts()).await;
    there.mib_with = run.memory.now().unwrap_or(0.0);
    let (mib_without, mib_with) = (there.mib_without, there.mib_with);
    let kib_each = there.kib_each(load.connections);
    there.crowd.close().await;
    Ok(Outcome { load, held: held.map_err(Failure::Other)?, mib_without, mib_with, kib_each })
}

/// Connections that come, are welcome, and go, for so many seconds.
///
/// # Errors
/// [`Failure`].
pub async fn coming(run: &Run, seconds: f64) -> Result<Handshakes, Failure> {
    let (host, at) = address(run)?;
    let people = run.people(COMING_SESSIONS.div_ceil(SESSIONS_A_PERSON), 0).await?;
    let sessions = sessions(run, &people, COMING_SESSIONS).await?;
    let readers = readers(&sessions, vec![Vec::new(); COMING_SESSIONS]).await?;
    let dialect = Arc::new(Estafette::new(host, readers).map_err(Failure::Other)?);
    // Once to warm up.
    let _warm = handshakes(Arc::clone(&dialect) as _, at, AT_ONCE, Duration::from_secs(1), Vec::new()).await;
    let time = Duration::from_secs_f64(seconds);
    handshakes(dialect, at, AT_ONCE, time, run.target.parts()).await.map_err(Failure::Other)
}

/// The scenario of the command line: idle connections.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run(load: Load, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    let run = Run::start(server, seed, &own_settings()).await?;
    let outcome = measure(&run, load).await?;
    for fault in &outcome.held.faults {
        run.findings.broken(Check::StaysOpen, fault.clone());
    }
    run.findings.hold(Check::StaysOpen, u64::try_from(load.connections).unwrap_or(0));
    let mut report = run.finish("sockets --lean", &[Check::StaysOpen]).await;
    #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
    let number = |value: usize| value as f64;
    report.figure("connections", number(load.connections), "");
    report.figure("sessions", number(load.sessions), "");
    report.figure("server memory without them", outcome.mib_without, "MiB");
    report.figure("server memory with them", outcome.mib_with, "MiB");
    report.figure("server memory a connection", outcome.kib_each, "KiB");
    if let Some(used) = outcome.held.processes.iter().find(|used| used.name == SERVER) {
        let each = used.cpu_seconds * 1e6 / outcome.held.seconds / number(load.connections.max(1));
        report.figure("server CPU a second and connection", each, "µs");
    }
    Ok(report)
}

/// The scenario of the command line: handshakes.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run_handshakes(seconds: f64, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    let run = Run::start(server, seed, &own_settings()).await?;
    let came = coming(&run, seconds).await?;
    for fault in &came.faults {
        run.findings.broken(Check::StaysOpen, fault.clone());
    }
    run.findings.hold(Check::StaysOpen, came.count);
    let mut report = run.finish("sockets --handshakes", &[Check::StaysOpen]).await;
    report.figure("handshakes a second", came.per_second, "a second");
    report.figure("failed", super::count(came.failed), "");
    if let Some(late) = came.late {
        report.figure("until welcome: p50", late.p50_ms, "ms");
        report.figure("until welcome: p99", late.p99_ms, "ms");
    }
    for used in &came.processes {
        let thousands = super::count(came.count.max(1)) / 1e3;
        report.figure(format!("{}: CPU for 1,000 handshakes", used.name), used.cpu_seconds / thousands, "s");
        report.figure(format!("{}: share of a core", used.name), used.cpu_seconds / came.seconds * 100.0, "%");
    }
    Ok(report)
}
