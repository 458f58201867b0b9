//! What a connection costs, and an event, while there are more and more connections.

use super::level::{MANY, flat, median};
use super::{Given, Part, Pieces, cell};
use crate::check::{Check, Findings};
use crate::lean::{Crowd, Measured};
use crate::measure::process::{Meter, Use};
use crate::report::{Line, Plot, Table, grouped};
use crate::scenario::live::{fanout, idle};
use crate::scenario::{Failure, Run};
use crate::server::SERVER;
use std::time::{Duration, Instant};

/// Who follows the stream, at every level.
const READERS: usize = 200;
/// Its events a second, and the bytes of their data.
const RATE: f64 = 100.0;
const PAYLOAD: u32 = 200;
/// Idle connections of one session.
const OF_A_SESSION: usize = 20;
/// Open files of the server beside its connections, the stream's readers among them.
pub(super) const OTHER_FILES: u64 = 1_024;

/// One measurement at one level.
struct Round {
    /// CPU seconds a second of the server with the connections, less what it uses without them.
    idle: f64,
    /// CPU seconds of a million deliveries of the stream, beyond what the server uses anyway.
    cpu: f64,
    p50_ms: f64,
    p99_ms: f64,
    per_second: f64,
}

struct Level {
    connections: u32,
    kib_each: f64,
    rounds: Vec<Round>,
}

impl Level {
    fn median(&self, value: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(value))
    }
    /// CPU seconds of 1,000 idle connections a minute.
    fn idle_cpu(&self) -> f64 {
        self.median(|round| round.idle) * 60.0 * 1e3 / f64::from(self.connections)
    }
    fn has_many(&self) -> bool {
        self.connections >= MANY
    }
}

/// Measures at each level; what was found goes to the report.
pub(super) async fn run(given: Given<'_>, pieces: &mut Pieces) -> Result<(), Failure> {
    let mut levels = Vec::new();
    let mut outcome = Ok(());
    for connections in &given.sizes.connection_levels {
        crate::out::note(format!("connections: {}", grouped((*connections).into())));
        match level(*connections, given).await {
            Ok(level) => levels.push(level),
            Err(failure) => {
                outcome = Err(failure);
                break;
            }
        }
    }
    report(&levels, given, pieces);
    outcome
}

async fn level(connections: u32, given: Given<'_>) -> Result<Level, Failure> {
    let mut settings = idle::own_settings();
    // Every connection hears one mark while it is measured, however long that is.
    settings.retain(|(flag, _)| *flag != "heartbeat-ms");
    settings.push(("heartbeat-ms", format!("{:.0}", (given.sizes.seconds * 1e3).clamp(100.0, 25_000.0))));
    // When the server is stopped, nobody is connected and nothing runs that anybody waits for.
    settings.push(("reconnect-spread-ms", "0".to_owned()));
    settings.push(("drain-ms", "0".to_owned()));
    let mut run = Run::start(given.server, given.seed, &settings).await?;
    let measured = at(&mut run, connections, given).await;
    super::stand::end(run, measured.is_err()).await;
    measured
}

async fn at(run: &mut Run, connections: u32, given: Given<'_>) -> Result<Level, Failure> {
    let time = Duration::from_secs_f64(given.sizes.seconds);
    let count = usize::try_from(connections).unwrap_or(usize::MAX);
    let (meter, begin) = (Meter::start(run.target.parts()), Instant::now());
    tokio::time::sleep(time).await;
    let alone = a_second(&meter.read(), begin.elapsed().as_secs_f64());
    let held = idle::open(run, count, count.div_ceil(OF_A_SESSION)).await?;
    let kib_each = held.kib_each(count);
    let mut rounds = Vec::new();
    for _ in 0..given.sizes.rounds {
        let round = round(run, &held.crowd, time, alone, given).await?;
        crate::out::note(format!(
            "  {:.2} CPU s a million deliveries, p99 {:.1} ms; {kib_each:.1} KiB a connection",
            round.cpu, round.p99_ms
        ));
        rounds.push(round);
    }
    held.crowd.close().await;
    Ok(Level { connections, kib_each, rounds })
}

async fn round(run: &mut Run, crowd: &Crowd, time: Duration, alone: f64, given: Given<'_>) -> Result<Round, Failure> {
    let Given { sizes, findings, .. } = given;
    let still = crowd.measure(time, run.target.parts()).await.map_err(Failure::Other)?;
    stay(findings, &still);
    let idle = a_second(&still.processes, still.seconds);
    // Each measurement signs up people of its own.
    run.tag = estafette_protocol::ids::new_cuid2().chars().take(8).collect();
    let load = fanout::Load { readers: READERS, stalled: 0, rate: RATE, payload: PAYLOAD, seconds: sizes.seconds };
    let stream = fanout::measure(run, load).await?.measured;
    findings.hold(Check::Contiguous, stream.deliveries);
    if stream.disorder.events() > 0 {
        findings.broken(Check::Contiguous, stream.disorder.to_string());
    }
    stay(findings, &stream);
    #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
    let millions = stream.deliveries.max(1) as f64 / 1e6;
    let beyond = (a_second(&stream.processes, stream.seconds) - idle) * stream.seconds;
    Ok(Round {
        idle: (idle - alone).max(0.0),
        cpu: beyond.max(0.0) / millions,
        p50_ms: stream.live.map_or(0.0, |late| late.p50_ms),
        p99_ms: stream.live.map_or(0.0, |late| late.p99_ms),
        per_second: stream.per_second,
    })
}

/// CPU seconds a second of the server's process.
fn a_second(used: &[Use], seconds: f64) -> f64 {
    let server = used.iter().find(|used| used.name == SERVER);
    server.map_or(0.0, |used| used.cpu_seconds / seconds.max(0.001))
}

fn stay(findings: &Findings, measured: &Measured) {
    findings.hold(Check::StaysOpen, u64::try_from(measured.connections).unwrap_or(0));
    measured.faults.iter().for_each(|fault| findings.broken(Check::StaysOpen, fault.clone()));
}

fn report(levels: &[Level], given: Given<'_>, pieces: &mut Pieces) {
    let Given { sizes, findings, .. } = given;
    let line = |name: &str, some: &dyn Fn(&&Level) -> bool, value: &dyn Fn(&Level) -> f64| Line {
        name: name.to_owned(),
        points: levels.iter().filter(some).map(|level| (level.connections.into(), value(level))).collect(),
    };
    let (all, many) = (|_: &&Level| true, |level: &&Level| level.has_many());
    let cpu = line("server", &all, &|level| level.median(|round| round.cpu));
    let kib = line("server", &many, &|level| level.kib_each);
    let idle = line("server", &many, &Level::idle_cpu);
    findings.see(Check::ScaleConnections, flat("CPU of an event", &cpu.points));
    pieces.grows("CPU of an event", &cpu.points);
    // Below, what one connection costs is less than what the server's own work varies by.
    if kib.points.len() > 1 {
        for (name, line) in [("memory of an idle connection", &kib), ("CPU of an idle connection", &idle)] {
            findings.see(Check::ScaleConnections, flat(name, &line.points));
            pieces.grows(name, &line.points);
        }
    }
    let plot = |name, title: &str, y, lines| Plot { name, title: title.to_owned(), x: "idle connections", y, lines };
    pieces.plots.extend([
        plot("scale-connections-cpu", "CPU of a million deliveries", "s", vec![cpu]),
        plot(
            "scale-connections-late",
            "From the making of an event to its reader",
            "ms",
            vec![
                line("p50", &all, &|level| level.median(|round| round.p50_ms)),
                line("p99", &all, &|level| level.median(|round| round.p99_ms)),
            ],
        ),
    ]);
    if !kib.points.is_empty() {
        pieces.plots.push(plot("scale-connections-memory", "Memory of an idle connection", "KiB", vec![kib]));
        let title = "CPU of 1,000 idle connections in a minute";
        pieces.plots.push(plot("scale-connections-idle", title, "s", vec![idle]));
    }
    let row = |level: &Level| {
        let each = |value: f64| if level.has_many() { cell(value) } else { "–".to_owned() };
        vec![
            grouped(level.connections.into()),
            each(level.kib_each),
            each(level.idle_cpu()),
            grouped(level.median(|round| round.per_second)),
            cell(level.median(|round| round.cpu)),
            cell(level.median(|round| round.p50_ms)),
            cell(level.median(|round| round.p99_ms)),
        ]
    };
    let columns = [
        "idle connections",
        "KiB each",
        "CPU s of 1,000 a minute",
        "deliveries/s of the stream",
        "CPU s a million",
        "p50, ms",
        "p99, ms",
    ];
    pieces.tables.push(Table {
        title: format!(
            "Idle connections with three topics each, beside {READERS} readers of {RATE} events a second; median of {}",
            sizes.rounds
        ),
        columns: columns.map(ToOwned::to_owned).to_vec(),
        rows: levels.iter().map(row).collect(),
    });
    pieces.measured.push(Part::Connections);
}
