//! What a task, the reading of one, and a server that has nothing to do cost while the tables grow.

use super::super::compare::browser::Site;
use super::fill::{Filled, Filler};
use super::level::{FLAT, FLAT_AT_REST, flat_within, median, share};
use super::load::{self, Done, OF_A_PERSON};
use super::reader::{self, Read, Reader, What};
use super::stand::{Stand, end};
use super::{Given, Part, Pieces, Sizes, cell};
use crate::account::Account;
use crate::check::{Check, Findings};
use crate::measure::process::Meter;
use crate::report::{Line, Plot, Table, grouped, number};
use crate::scenario::Failure;
use crate::server::{POSTGRES, SERVER};
use estafette_protocol::Topic;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tasks under way while it is measured.
pub(super) const IN_FLIGHT: u32 = 50;
/// Tasks that are run through the server and copied, at most.
const TEMPLATES: u32 = 400;
/// People whose tasks these are, and who read.
const OWNERS: u32 = 20;
/// Tasks of one of them that are read, at most.
const READ_TOPICS: i64 = 500;
/// Before it is measured: this share of the measured tasks.
const WARM_SHARE: u32 = 5;
/// So long nothing is asked of the server at most: three of the looks that it takes every few seconds, and more. Seconds.
const REST: f64 = 15.0;
/// What was asked before is put away by then: batches of observations, sockets that closed.
const AFTERWARDS: Duration = Duration::from_secs(1);
/// What one task takes on the disk, and what the database needs beside, before it is known, bytes.
const BYTES_A_TASK: u64 = 16 * 1024;
const BYTES_BESIDE: u64 = 2 << 30;
/// What is foreseen is more than what was seen by this, tenths.
const FORESEEN: u64 = 13;

/// One measurement at one level.
#[derive(Debug, Clone, Default)]
struct Round {
    /// From the start of the server until it was ready, seconds.
    ready: f64,
    done: Done,
    snapshot: Read,
    log: Read,
    /// What all processes take in a minute in which nothing is asked of them, CPU seconds.
    rest: f64,
}

/// A level, and what was measured there.
struct Level {
    filled: Filled,
    rounds: Vec<Round>,
}

impl Level {
    fn median(&self, value: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(value))
    }
    fn cpu(&self, process: &str) -> f64 {
        self.median(|round| round.done.cpu.get(process).copied().unwrap_or(0.0))
    }
}

/// Measures at each level; what was found goes to the report.
pub(super) async fn run(given: Given<'_>, pieces: &mut Pieces) -> Result<(), Failure> {
    let stand = Stand::start(false).await?;
    let mut levels = Vec::new();
    let outcome = measure(&stand, given, &mut levels, pieces).await;
    stand.stop().await;
    report(&levels, given, pieces);
    outcome
}

async fn measure(stand: &Stand, given: Given<'_>, levels: &mut Vec<Level>, pieces: &mut Pieces) -> Result<(), Failure> {
    let Given { sizes, findings, .. } = given;
    let (Some(&smallest), Some(&largest)) = (sizes.task_levels.first(), sizes.task_levels.last()) else {
        return Err(Failure::Other("no level of tasks was asked for".to_owned()));
    };
    let run = stand.node(given, &[]).await?;
    let templates = smallest.min(TEMPLATES);
    let made = async {
        let owners = run.people(usize::try_from(OWNERS.min(templates)).unwrap_or(1), 0).await?;
        let others = run.others(usize::try_from(IN_FLIGHT.div_ceil(OF_A_PERSON)).unwrap_or(1)).await?;
        let browsers = IN_FLIGHT.min(templates);
        let done = load::plain(Site::ours(&run, &owners, browsers).await?, 0, templates, Vec::new()).await?;
        judge(findings, &done);
        Ok::<_, Failure>((owners, others))
    };
    let made = made.await;
    end(run, made.is_err()).await;
    let (owners, others) = made?;
    let ids = |people: &[Arc<Account>]| people.iter().map(|one| one.user().to_string()).collect::<Vec<_>>();
    let mut filler = Filler::new(stand.postgres.connect().await?, &ids(&owners), largest).await?;
    let empty = filler.bytes().await?;
    for level in &sizes.task_levels {
        let room = Room::of(stand, &mut filler, empty, *level, sizes).await?;
        let of = grouped((*level).into());
        match room {
            Room::All => {}
            Room::Thin(share) => pieces.note(format!(
                "up to {of} tasks: copies have {share} % of the rows of steps and of events, as all would take more than \
                 {} GiB (--fill-gib); tasks that are read have all",
                sizes.fill_gib
            )),
            Room::None(why) => {
                pieces.note(format!("{of} tasks were not measured: {why}"));
                break;
            }
        }
        crate::out::note(format!("tasks: filling the tables up to {}", grouped((*level).into())));
        let filled = filler.to(*level).await?;
        for (table, held) in &filled.counted {
            findings.see(Check::ScaleFilled, held.clone().map(|_| ()).map_err(|why| format!("{table}: {why}")));
        }
        crate::out::note(format!("  {} rows, {:.2} GiB, {:.1} s", filled.rows, filled.gib, filled.seconds));
        let mut rounds = Vec::new();
        for _ in 0..sizes.rounds {
            let round = one(stand, given, &filler, (&owners, &others)).await?;
            crate::out::note(format!(
                "  {:.0} tasks/s, p99 {:.0} ms, {:.2} CPU s a 1,000 tasks; snapshot {:.2} ms, log {:.2} ms; at rest {:.2} CPU s a \
                 minute",
                round.done.per_second,
                round.done.p99_ms,
                round.done.cpu_all(),
                round.snapshot.p50_ms,
                round.log.p50_ms,
                round.rest
            ));
            rounds.push(round);
            filler.forget(&ids(&others)).await?;
        }
        levels.push(Level { filled, rounds });
    }
    Ok(())
}

/// What the disk allows.
enum Room {
    /// The whole level.
    All,
    /// Copies that have only so many percent of the rows of which a task has several.
    Thin(u32),
    /// Nothing, and why.
    None(String),
}

impl Room {
    /// For a level; the filler thins out what it copies where it must.
    async fn of(stand: &Stand, filler: &mut Filler, empty: u64, level: u32, sizes: &Sizes) -> Result<Self, Failure> {
        let (now, tasks) = (filler.bytes().await?, filler.tasks());
        let each = if tasks < 1_000 { BYTES_A_TASK } else { (now - empty.min(now)) / tasks };
        let (foreseen, most) = (u64::from(level) * each, u64::from(sizes.fill_gib) << 30);
        let needed = foreseen.min(most).saturating_sub(now) / 10 * FORESEEN + BYTES_BESIDE;
        let disk = rustix::fs::statvfs(stand.folder()).map_err(|error| Failure::Other(error.to_string()))?;
        let (free, keep) = (disk.f_bavail * disk.f_frsize, u64::from(sizes.keep_free_gib) << 30);
        if free < needed + keep {
            return Ok(Self::None(format!(
                "it needs about {} GiB, {} are free in {}, and {} are to stay free (--keep-free-gib)",
                needed >> 30,
                free >> 30,
                stand.folder().display(),
                sizes.keep_free_gib
            )));
        }
        match share(most, foreseen) {
            100 => Ok(Self::All),
            share => {
                filler.thin_out(share).await?;
                Ok(Self::Thin(share))
            }
        }
    }
}

/// A fresh start of the server, the tasks, and the readings.
async fn one(
    stand: &Stand,
    given: Given<'_>,
    filler: &Filler,
    (owners, others): (&[Arc<Account>], &[Arc<Account>]),
) -> Result<Round, Failure> {
    let Given { sizes, findings, .. } = given;
    let begin = Instant::now();
    let run = stand.node(given, &[]).await?;
    let ready = begin.elapsed().as_secs_f64();
    let parts = || run.target.parts().into_iter().chain(stand.parts()).collect::<Vec<_>>();
    let measured = async {
        let sites = Site::ours(&run, others, IN_FLIGHT).await?;
        let done = load::plain(sites, sizes.tasks / WARM_SHARE, sizes.tasks, parts()).await?;
        judge(findings, &done);
        let sites = Site::ours(&run, owners, u32::try_from(owners.len()).unwrap_or(1)).await?;
        let mut readers = Vec::new();
        for (site, owner) in sites.into_iter().zip(owners) {
            let mut topics = Vec::new();
            for task in filler.some(owner.user().as_str(), READ_TOPICS).await? {
                topics.push(Topic::of("task", &task).map_err(|error| Failure::Other(error.to_string()))?);
            }
            readers.push(Reader { site, topics });
        }
        // Once for nothing: what was just started has its connections and plans then.
        reader::read(&readers, What::Snapshot, sizes.reads / WARM_SHARE, Vec::new()).await?;
        let snapshot = reader::read(&readers, What::Snapshot, sizes.reads, parts()).await?;
        let log = reader::read(&readers, What::Log, sizes.reads, parts()).await?;
        findings.hold(Check::Complete, log.events);
        tokio::time::sleep(AFTERWARDS).await;
        let (meter, begin) = (Meter::start(parts()), Instant::now());
        tokio::time::sleep(Duration::from_secs_f64(sizes.seconds.min(REST))).await;
        let used: f64 = meter.read().iter().map(|used| used.cpu_seconds).sum();
        Ok::<_, Failure>((done, snapshot, log, used / begin.elapsed().as_secs_f64() * 60.0))
    };
    let measured = measured.await;
    end(run, measured.is_err()).await;
    let (done, snapshot, log, rest) = measured?;
    Ok(Round { ready, done, snapshot, log, rest })
}

/// Every task ended, with all that was to be told of it.
pub(super) fn judge(findings: &Findings, done: &Done) {
    findings.hold(Check::EndedWell, done.tasks);
    done.broken.iter().for_each(|why| findings.broken(Check::EndedWell, why.clone()));
}

fn report(levels: &[Level], given: Given<'_>, pieces: &mut Pieces) {
    #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
    let at = |level: &Level| level.filled.tasks as f64;
    let line = |name: &str, value: &dyn Fn(&Level) -> f64| Line {
        name: name.to_owned(),
        points: levels.iter().map(|level| (at(level), value(level))).collect(),
    };
    let both = line("both", &|level| level.median(|round| round.done.cpu_all()));
    let snapshot = line("snapshot", &|level| level.median(|round| round.snapshot.cpu));
    let log = line("page of the log", &|level| level.median(|round| round.log.cpu));
    let rest = line("all processes", &|level| level.median(|round| round.rest));
    let costs = [
        ("CPU of a task", &both, FLAT),
        ("CPU of a snapshot", &snapshot, FLAT),
        ("CPU of a page of a log", &log, FLAT),
        ("CPU at rest", &rest, FLAT_AT_REST),
    ];
    for (name, line, most) in costs {
        given.findings.see(Check::ScaleTasks, flat_within(name, &line.points, most));
        pieces.grows(name, &line.points);
    }
    let plot = |name, title: &str, y, lines| Plot { name, title: title.to_owned(), x: "tasks in the tables", y, lines };
    pieces.plots.extend([
        plot(
            "scale-tasks-cpu",
            "CPU of 1,000 tasks of ten steps",
            "s",
            vec![line("server", &|level| level.cpu(SERVER)), line("Postgres", &|level| level.cpu(POSTGRES)), both],
        ),
        plot(
            "scale-tasks-late",
            "From the request to completed in the browser",
            "ms",
            vec![
                line("p50", &|level| level.median(|round| round.done.p50_ms)),
                line("p99", &|level| level.median(|round| round.done.p99_ms)),
            ],
        ),
        plot("scale-rest-cpu", "CPU of a minute in which nothing is asked", "s", vec![rest]),
        plot("scale-reads-cpu", "CPU of 1,000 readings of an ended task", "s", vec![snapshot, log]),
        plot(
            "scale-reads-late",
            "From the subscription to the whole answer, p50",
            "ms",
            vec![
                line("snapshot", &|level| level.median(|round| round.snapshot.p50_ms)),
                line("page of the log", &|level| level.median(|round| round.log.p50_ms)),
            ],
        ),
    ]);
    let columns = [
        "tasks in the tables",
        "rows",
        "GiB",
        "filled, s",
        "ready, s",
        "tasks/s",
        "p50, ms",
        "p99, ms",
        "CPU s a 1,000 tasks",
        "server",
        "Postgres",
        "snapshot p50 · p99, ms",
        "CPU s a 1,000",
        "log p50 · p99, ms",
        "CPU s a 1,000",
        "at rest, CPU s a minute",
    ];
    #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
    let row = |level: &Level| {
        let two = |read: &dyn Fn(&Round) -> Read| {
            let (p50, p99) = (level.median(|round| read(round).p50_ms), level.median(|round| read(round).p99_ms));
            format!("{} · {}", cell(p50), cell(p99))
        };
        vec![
            grouped(at(level)),
            grouped(level.filled.rows as f64),
            cell(level.filled.gib),
            cell(level.filled.seconds),
            cell(level.median(|round| round.ready)),
            number(level.median(|round| round.done.per_second).round()),
            cell(level.median(|round| round.done.p50_ms)),
            cell(level.median(|round| round.done.p99_ms)),
            cell(level.median(|round| round.done.cpu_all())),
            cell(level.cpu(SERVER)),
            cell(level.cpu(POSTGRES)),
            two(&|round| round.snapshot),
            cell(level.median(|round| round.snapshot.cpu)),
            two(&|round| round.log),
            cell(level.median(|round| round.log.cpu)),
            cell(level.median(|round| round.rest)),
        ]
    };
    pieces.tables.push(Table {
        title: format!(
            "Tasks in the tables: {} tasks of {} steps, {IN_FLIGHT} at a time; median of {}",
            given.sizes.tasks,
            load::STEPS,
            given.sizes.rounds
        ),
        columns: columns.map(ToOwned::to_owned).to_vec(),
        rows: levels.iter().map(row).collect(),
    });
    pieces.measured.push(Part::Tasks);
}
