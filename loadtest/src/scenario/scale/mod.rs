//! `loadtest scale`: what a task, an event and a connection cost while there are more and more of them, and what a second
//! node costs. See `README.md`, "Scale".
//!
//! | module | holds |
//! |---|---|
//! | [`level`] | levels, what is flat, and the bounds; nothing there measures |
//! | [`stand`] | a Postgres, a Redis, and nodes that come and go while these stay |
//! | [`fill`] | tables with tasks that have ended |
//! | [`load`], [`reader`] | browsers that run tasks, and readers of tasks that have ended |
//! | [`tasks`], [`connections`], [`nodes`] | the three parts |

mod connections;
mod fill;
pub mod level;
mod load;
mod nodes;
mod reader;
mod stand;
mod tasks;

use super::Failure;
use super::sockets::allow_files;
use crate::check::{Check, Findings};
use crate::cli::ServerArgs;
use crate::measure::{Latencies, Throughput};
use crate::report::{Gathered, Plot, Report, Table, number};
use rustix::process::{Resource, getrlimit};
use std::time::Instant;

/// Tasks in the tables, and connections, that are measured at.
const TASK_LEVELS: [u32; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];
const CONNECTION_LEVELS: [u32; 5] = [10, 100, 1_000, 5_000, 15_000];
/// Levels of a quick run: all of them that are not above.
const QUICK_TASKS: u32 = 10_000;
const QUICK_CONNECTIONS: u32 = 1_000;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Tasks while the tables grow.
    Tasks,
    /// Events and idle connections while there are more of these.
    Connections,
    /// One node and two.
    Nodes,
}

/// Options of the scenario.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Small levels and one run of each: all of it in about five minutes.
    #[arg(long)]
    quick: bool,
    /// Only these parts.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Tasks in the tables. Without: 100 to 1,000,000, or to 10,000 with --quick.
    #[arg(long, value_delimiter = ',', value_name = "N,…", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    task_levels: Vec<u32>,
    /// Idle connections. Without: 10 to 15,000, or to 1,000 with --quick; no more than open files allow.
    #[arg(long, value_delimiter = ',', value_name = "N,…", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connection_levels: Vec<u32>,
    /// Measurements at each level, and turns of one node and two. Without: 3, or 1 with --quick.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: Option<u32>,
    /// Tasks of each measurement. Without: 2,000, or 500 with --quick.
    #[arg(long, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    tasks: Option<u32>,
    /// How long connections are measured each time, seconds; an idle one hears a mark meanwhile. Without: 25, or 5 with --quick. A
    /// server at rest is measured so long too, but not longer than 15.
    #[arg(long)]
    seconds: Option<f64>,
    /// GiB that must stay free on the disk; a level for which they would not is left out.
    #[arg(long, default_value_t = 12)]
    keep_free_gib: u32,
    /// The database has at most about so many GiB: at a level that would have more, copied tasks have fewer rows of steps and
    /// of events, and the report says how many.
    #[arg(long, default_value_t = 10)]
    fill_gib: u32,
}

/// How much is done.
#[derive(Debug, Clone)]
struct Sizes {
    task_levels: Vec<u32>,
    connection_levels: Vec<u32>,
    rounds: u32,
    tasks: u32,
    /// With many nodes: at least so many times as many as are under way; as many as were asked for, if they were.
    turns: u32,
    /// Readings of each kind.
    reads: u32,
    seconds: f64,
    keep_free_gib: u32,
    fill_gib: u32,
}

impl Sizes {
    fn of(options: &Options, connections: u32) -> Self {
        let (default, most_tasks, most) = match options.quick {
            true => (500, QUICK_TASKS, QUICK_CONNECTIONS),
            false => (2_000, u32::MAX, u32::MAX),
        };
        let asked = |given: &[u32], default: &[u32], most: u32, all: u32| {
            let chosen: Vec<u32> = default.iter().copied().filter(|level| *level <= most).collect();
            level::levels(if given.is_empty() { &chosen } else { given }, all)
        };
        let tasks = options.tasks.unwrap_or(default);
        Self {
            task_levels: asked(&options.task_levels, &TASK_LEVELS, most_tasks, u32::MAX),
            connection_levels: asked(&options.connection_levels, &CONNECTION_LEVELS, most, connections),
            rounds: options.rounds.unwrap_or(if options.quick { 1 } else { 3 }),
            tasks,
            turns: if options.tasks.is_some() { 0 } else { nodes::TURNS },
            reads: tasks,
            seconds: options.seconds.unwrap_or(if options.quick { 5.0 } else { 25.0 }).max(0.5),
            keep_free_gib: options.keep_free_gib,
            fill_gib: options.fill_gib,
        }
    }
}

/// What every part is given.
#[derive(Clone, Copy)]
struct Given<'a> {
    sizes: &'a Sizes,
    server: &'a ServerArgs,
    seed: u64,
    findings: &'a Findings,
}

/// What the parts add to the report.
#[derive(Default)]
struct Pieces {
    plots: Vec<Plot>,
    tables: Vec<Table>,
    /// Ratios.
    figures: Vec<(String, f64)>,
    notes: Vec<String>,
    measured: Vec<Part>,
}

impl Pieces {
    fn grows(&mut self, name: &str, points: &[(f64, f64)]) {
        self.figures.extend(level::growth(points).map(|ratio| (format!("{name}, largest level to smallest"), ratio)));
    }

    fn note(&mut self, text: String) {
        crate::out::note(&text);
        self.notes.push(text);
    }
}

/// A figure in a table.
fn cell(value: f64) -> String {
    if value.abs() >= 100.0 { number(value.round()) } else { format!("{value:.2}") }
}

/// Runs it.
///
/// # Errors
/// [`Failure`] when it could not begin. A part that breaks off is reported with what it had measured.
pub async fn run(options: &Options, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    if server.url.is_some() {
        return Err(Failure::Other("scale starts its servers itself: leave --url out".to_owned()));
    }
    let begin = Instant::now();
    let files = getrlimit(Resource::Nofile).maximum;
    let connections = files
        .map_or(u32::MAX, |files| u32::try_from(files.saturating_sub(connections::OTHER_FILES)).unwrap_or(u32::MAX));
    let sizes = Sizes::of(options, connections);
    let has = |part: Part| options.only.is_empty() || options.only.contains(&part);
    let (findings, mut pieces) = (Findings::default(), Pieces::default());
    let given = Given { sizes: &sizes, server, seed, findings: &findings };
    let mut expected = Vec::new();
    if has(Part::Tasks) {
        expected.extend([Check::ScaleTasks, Check::ScaleFilled, Check::EndedWell, Check::Complete]);
        let outcome = tasks::run(given, &mut pieces).await;
        broke_off(&findings, Check::ScaleTasks, outcome);
    }
    if has(Part::Connections) {
        expected.extend([Check::ScaleConnections, Check::StaysOpen, Check::Contiguous]);
        let most = sizes.connection_levels.last().copied().unwrap_or(0);
        let outcome = match allow_files(u64::from(most) + connections::OTHER_FILES) {
            Ok(()) => connections::run(given, &mut pieces).await,
            Err(failure) => Err(failure),
        };
        broke_off(&findings, Check::ScaleConnections, outcome);
    }
    if has(Part::Nodes) {
        expected.extend([Check::ScaleNodes, Check::EndedWell]);
        let outcome = nodes::run(given, &mut pieces).await;
        broke_off(&findings, Check::ScaleNodes, outcome);
    }
    let gathered = Gathered {
        scenario: "scale",
        seed,
        begin,
        findings: &findings,
        expected: &expected,
        latencies: &Latencies::default(),
        throughput: &Throughput::default(),
        memory: Vec::new(),
    };
    let mut report = gathered.report();
    for (name, value) in pieces.figures {
        report.figure(name, value, "×");
    }
    if has(Part::Connections) {
        #[allow(clippy::cast_precision_loss, reason = "a limit of the system")]
        let allowed = files.map_or(f64::INFINITY, |files| files as f64);
        report.figure("open files that a process may have", allowed, "");
    }
    report.plots = pieces.plots;
    report.tables = pieces.tables;
    if !pieces.notes.is_empty() {
        let rows = pieces.notes.into_iter().map(|note| vec![note]).collect();
        report.tables.push(Table { title: "To be known".to_owned(), columns: vec!["what, and why".to_owned()], rows });
    }
    Ok(report)
}

/// A part that could not be measured to its end proves nothing: what it had is shown all the same.
fn broke_off(findings: &Findings, check: Check, outcome: Result<(), Failure>) {
    if let Err(failure) = outcome {
        crate::out::note(format!("{failure}"));
        findings.broken(check, format!("it could not be measured to the end: {failure}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options {
            quick: false,
            only: Vec::new(),
            task_levels: Vec::new(),
            connection_levels: Vec::new(),
            rounds: None,
            tasks: None,
            seconds: None,
            keep_free_gib: 12,
            fill_gib: 10,
        }
    }

    #[test]
    fn a_full_run_has_all_levels_that_open_files_allow() {
        let sizes = Sizes::of(&options(), 12_000);
        assert_eq!(sizes.task_levels, TASK_LEVELS);
        assert_eq!(sizes.connection_levels, [10, 100, 1_000, 5_000, 12_000]);
        assert_eq!((sizes.rounds, sizes.tasks, sizes.seconds), (3, 2_000, 25.0));
    }

    #[test]
    fn a_quick_run_ends_early_and_given_levels_are_taken_as_they_are() {
        let sizes = Sizes::of(&Options { quick: true, ..options() }, u32::MAX);
        assert_eq!((sizes.task_levels.last(), sizes.connection_levels.last()), (Some(&10_000), Some(&1_000)));
        let given = Options { quick: true, task_levels: vec![40_000, 20], ..options() };
        assert_eq!(Sizes::of(&given, 5).task_levels, [20, 40_000]);
    }
}
