//! `loadtest compare`: the same scenarios against this server and what people use today, in turn; medians, spreads, CPU
//! seconds of every process, ratios. See `README.md`, "Compare".
//!
//! | module | holds |
//! |---|---|
//! | [`side`] | who is compared, and how each is started |
//! | [`turns`] | who is measured when |
//! | [`stand`] | a side that delivers messages, whichever |
//! | [`fanout`] | one topic and many readers, own topics, idle connections, readers that stall |
//! | [`browser`], [`tasks`] | browsers that ask for tasks; a worker that is killed |
//! | [`metric`], [`comparison`], [`table`] | the figures, what they came to, and the README's tables |

pub mod browser;
pub mod comparison;
mod fanout;
pub mod metric;
pub mod side;
pub mod stand;
pub mod table;
mod tasks;
pub mod turns;

use super::Failure;
use crate::cli::ServerArgs;
use crate::measure::Cores;
use comparison::{Comparison, Outcome, Record};
use metric::Metric;
use serde::Serialize;
use side::{Side, install};
use stand::Stand;
use std::path::PathBuf;
use std::time::Instant;
use turns::Turn;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scenario {
    /// One topic, 1,000 readers, rising rates.
    Fanout,
    /// Connections with a topic each.
    Own,
    /// Connections on which nothing happens, and how fast they are made.
    Connections,
    /// A reader that stalls beside others that read.
    Stalled,
    /// Tasks of ten steps.
    Tasks,
    /// The worker is killed while tasks run.
    Kill,
}

impl Scenario {
    /// All.
    pub const ALL: [Self; 6] = [Self::Fanout, Self::Own, Self::Connections, Self::Stalled, Self::Tasks, Self::Kill];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fanout => "fan-out",
            Self::Own => "own events",
            Self::Connections => "connections",
            Self::Stalled => "stalled reader",
            Self::Tasks => "tasks",
            Self::Kill => "SIGKILL of the worker",
        }
    }

    /// Whether it is one of task queues.
    pub fn is_of_tasks(self) -> bool {
        matches!(self, Self::Tasks | Self::Kill)
    }

    /// Whether a figure comes from it.
    pub fn fills(self, metric: Metric) -> bool {
        self == match metric {
            Metric::FanCpu | Metric::FanP99 | Metric::FanMost | Metric::FanBest => Self::Fanout,
            Metric::OwnCpu | Metric::OwnP99 => Self::Own,
            Metric::IdleKib | Metric::Handshakes => Self::Connections,
            Metric::StallMib | Metric::StallBefore | Metric::StallOthers => Self::Stalled,
            Metric::Tasks50 | Metric::TaskP99 | Metric::TaskCpu50 | Metric::Tasks500 | Metric::TaskCpu500 => {
                Self::Tasks
            }
            Metric::KillGoesOn
            | Metric::KillUnfinished
            | Metric::KillSteps
            | Metric::KillRows
            | Metric::KillTwice
            | Metric::KillMissing => Self::Kill,
        }
    }
}

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// All of it in five minutes.
    Quick,
    /// What the README's table is made with.
    Full,
}

/// Options of the scenario.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Small sizes and one run of each: all of it in about five minutes.
    #[arg(long)]
    quick: bool,
    /// Runs of each side, in turn. Without: 3, or 1 with --quick.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: Option<u32>,
    /// Only these scenarios.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Scenario>,
    /// Only these sides.
    #[arg(long, value_enum, value_delimiter = ',')]
    sides: Vec<Side>,
    /// The folder of the peers' programs.
    #[arg(long, default_value = "loadtest/peers")]
    peers: PathBuf,
    /// Let everybody use every core, and not the server one and the load client another.
    #[arg(long)]
    unpinned: bool,
}

/// Runs it.
///
/// # Errors
/// [`Failure`] when the peers cannot be installed. A run that fails is reported.
pub async fn run(options: &Options, server: &ServerArgs, seed: u64) -> Result<Comparison, Failure> {
    if server.url.is_some() {
        return Err(Failure::Other("compare starts its servers itself: leave --url out".to_owned()));
    }
    let begin = Instant::now();
    let chosen = |side: &Side| options.sides.is_empty() || options.sides.contains(side);
    let scenarios: Vec<Scenario> = if options.only.is_empty() { Scenario::ALL.to_vec() } else { options.only.clone() };
    let plays = |side: &Side| scenarios.iter().any(|scenario| side.plays(*scenario));
    let (mut sides, mut absent) = (Vec::new(), Vec::new());
    for side in Side::ALL.into_iter().filter(|side| chosen(side) && plays(side)) {
        match install::missing(side) {
            Some(why) => absent.push((side, why)),
            None => sides.push(side),
        }
    }
    if sides.iter().any(|side| side.needs_packages()) {
        install::packages(&options.peers).await?;
    }
    let peers = std::path::absolute(&options.peers).unwrap_or_else(|_| options.peers.clone());
    let size = if options.quick { Size::Quick } else { Size::Full };
    let rounds = options.rounds.unwrap_or(if options.quick { 1 } else { 3 });
    let rounds = usize::try_from(rounds).unwrap_or(1);
    let cores = Cores::two().filter(|_| !options.unpinned);
    if cores.is_none() && !options.unpinned {
        crate::out::note("one core: nothing is pinned, and the load client takes time from the servers");
    }
    let all = turns::turns(&scenarios, &sides, rounds);
    let mut runs = Vec::new();
    for (number, turn) in all.iter().enumerate() {
        let Turn { scenario, round, side } = *turn;
        crate::out::note(format!(
            "{:>4.0} s  {}/{}  {}, run {}: {}",
            begin.elapsed().as_secs_f64(),
            number + 1,
            all.len(),
            scenario.name(),
            round + 1,
            side.title()
        ));
        let done = one(*turn, &peers, server, seed, size, cores).await;
        if let Some(cores) = cores {
            cores.both_here();
        }
        let (outcome, failure) = match done {
            Ok(outcome) => (outcome, None),
            Err(failure) => (Outcome::default(), Some(failure.to_string())),
        };
        for (metric, value) in &outcome.values {
            crate::out::note(format!("        {:<44} {} {}", metric.name(), table::number(*value), metric.unit()));
        }
        if let Some(why) = &failure {
            crate::out::note(format!("        {why}"));
        }
        runs.push(Record { scenario, round, side, outcome, failure });
    }
    Ok(Comparison {
        command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
        seed,
        day: chrono::Utc::now().format("%Y-%m-%d").to_string(),
        seconds: begin.elapsed().as_secs_f64(),
        machine: crate::report::machine(),
        kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
        pinned: cores.is_some(),
        size,
        rounds,
        absent,
        runs,
    })
}

/// One measurement, with a side that is started for it and ended after it.
async fn one(
    turn: Turn,
    peers: &std::path::Path,
    server: &ServerArgs,
    seed: u64,
    size: Size,
    cores: Option<Cores>,
) -> Result<Outcome, Failure> {
    match turn.scenario {
        Scenario::Tasks => return tasks::rate(turn.side, peers, server, seed, size).await,
        Scenario::Kill => return tasks::kill(turn.side, peers, server, seed, size).await,
        Scenario::Fanout | Scenario::Own | Scenario::Connections | Scenario::Stalled => {}
    }
    if let Some(cores) = cores {
        cores.server_here();
    }
    let stand = Stand::start(turn.side, peers, server, seed).await;
    if let Some(cores) = cores {
        cores.client_here();
    }
    let mut stand = stand?;
    let outcome = match turn.scenario {
        Scenario::Fanout => fanout::ladder(&mut stand, size).await,
        Scenario::Own => fanout::own(&mut stand, size).await,
        Scenario::Connections => fanout::connections(&mut stand, size).await,
        _ => fanout::stalled(&mut stand, size).await,
    };
    stand.stop().await;
    outcome
}
