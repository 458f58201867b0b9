//! Tasks: browsers that ask for one after the other, and the worker that is killed under them.

use super::Size;
use super::browser::{Ask, Browser, Site, Story};
use super::comparison::Outcome;
use super::metric::Metric;
use super::side::Side;
use super::side::queue::TaskQueue;
use crate::cli::ServerArgs;
use crate::measure::process::{Meter, Part};
use crate::scenario::{Failure, Run};
use futures_util::{StreamExt as _, TryStreamExt as _};
use hdrhistogram::Histogram;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Steps of a task.
const STEPS: u32 = 10;
/// Browsers of one person.
const OF_A_PERSON: u32 = 4;
/// Browsers that connect at the same time.
const OPENING: usize = 16;
/// Before it is measured.
const WARM: Duration = Duration::from_secs(2);
/// After it was measured, tasks under way may take so long to end.
const AFTER: Duration = Duration::from_secs(60);
/// The longest time that is told apart, microseconds.
const LONGEST_US: u64 = 600_000_000;
/// When a worker is killed: tasks under way, what each of their steps takes, and how long they have run.
const KILLED: u32 = 50;
const KILLED_STEP_MS: u64 = 20;
const KILL_AFTER: Duration = Duration::from_secs(2);

/// A side that runs tasks.
enum Runs {
    Peer(Box<TaskQueue>),
    /// This server, and whether its steps run ahead of their commits.
    Ours(Box<Run>, bool),
}

impl Runs {
    async fn start(side: Side, peers: &Path, server: &ServerArgs, seed: u64, marks: bool) -> Result<Self, Failure> {
        if !side.is_ours() {
            return Ok(Self::Peer(Box::new(TaskQueue::start(side, peers, marks).await?)));
        }
        // What is compared is not how tasks wait for their turn.
        let many = ["tasks-per-node", "steps-per-node"].map(|flag| (flag, "1000".to_owned()));
        let mut settings = many.to_vec();
        settings.push(("accepts-per-second", "100000".to_owned()));
        settings.push(("messages-per-second", "10000".to_owned()));
        Ok(Self::Ours(Box::new(Run::start(server, seed, &settings).await?), side == Side::Pure))
    }

    /// Where so many browsers go; ours sign their people up, so once a run.
    async fn sites(&self, browsers: u32) -> Result<Vec<Site>, Failure> {
        match self {
            Self::Peer(queue) => Ok((0..browsers).map(|_| Site::SocketIo { port: queue.port() }).collect()),
            Self::Ours(run, _) => {
                let people = usize::try_from(browsers.div_ceil(OF_A_PERSON)).unwrap_or(1);
                Site::ours(run, &run.people(people, 0).await?, browsers).await
            }
        }
    }

    /// A task whose steps take so long.
    fn ask(&self, latency_ms: u64) -> Ask {
        Ask { steps: STEPS, latency_ms, pure: matches!(self, Self::Ours(_, true)) }
    }

    fn parts(&self) -> Vec<Part> {
        match self {
            Self::Peer(queue) => queue.parts(),
            Self::Ours(run, _) => run.target.parts(),
        }
    }

    async fn kill(&mut self) -> Result<(), Failure> {
        match self {
            Self::Peer(queue) => queue.kill_worker().await,
            Self::Ours(run, _) => {
                run.target.kill_and_restart().await?;
                Ok(())
            }
        }
    }

    async fn stop(self) {
        match self {
            Self::Peer(queue) => queue.stop().await,
            Self::Ours(run, _) => {
                let _ = run.target.stop().await;
            }
        }
    }
}

/// What the browsers saw while it was measured.
struct Board {
    /// The measured time.
    window: (Instant, Instant),
    completed: u64,
    late: Histogram<u64>,
    twice: u64,
    missing: u64,
    unfinished: u64,
    refused: Vec<String>,
}

impl Board {
    fn take(&mut self, story: &Story) {
        self.twice += u64::from(story.twice());
        let Some(ended) = story.ended else {
            self.unfinished += 1;
            return;
        };
        self.missing += u64::from(story.missing(STEPS));
        if ended >= self.window.0 && ended < self.window.1 {
            self.completed += 1;
            let us = u64::try_from((ended - story.began).as_micros()).unwrap_or(LONGEST_US);
            self.late.saturating_record(us.clamp(1, LONGEST_US));
        }
    }
}

/// Tasks of steps that take no time, 50 and 500 at once.
pub(super) async fn rate(
    side: Side,
    peers: &Path,
    server: &ServerArgs,
    seed: u64,
    size: Size,
) -> Result<Outcome, Failure> {
    let measured = match size {
        Size::Quick => Duration::from_secs(3),
        Size::Full => Duration::from_secs(20),
    };
    let runs = Runs::start(side, peers, server, seed, false).await?;
    let mut outcome = Outcome::default();
    let done = both(&runs, measured, &mut outcome).await;
    runs.stop().await;
    done.map(|()| outcome)
}

async fn both(runs: &Runs, measured: Duration, outcome: &mut Outcome) -> Result<(), Failure> {
    let metrics = [(50, Metric::Tasks50, Metric::TaskCpu50), (500, Metric::Tasks500, Metric::TaskCpu500)];
    let sites = runs.sites(500).await?;
    for (in_flight, rate, cpu) in metrics {
        let some = sites.iter().take(in_flight).cloned().collect();
        let (board, used) = one(runs, some, measured).await?;
        #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
        let completed = board.completed as f64;
        outcome.set(rate, completed / measured.as_secs_f64());
        outcome.cpu(cpu, used.into_iter().map(|(name, seconds)| (name, seconds / completed.max(1.0) * 1e3)).collect());
        #[allow(clippy::cast_precision_loss, reason = "microseconds of a test run")]
        let ms = |percentile: f64| board.late.value_at_percentile(percentile) as f64 / 1e3;
        if in_flight == 50 {
            outcome.set(Metric::TaskP99, ms(99.0));
        }
        outcome.broken += board.twice + board.missing + board.unfinished;
        if board.unfinished + board.missing + board.twice > 0 {
            outcome.note(format!(
                "{in_flight} in flight: {} tasks not finished, {} events missing, {} twice",
                board.unfinished, board.missing, board.twice
            ));
        }
        outcome.notes.extend(board.refused.first().map(|why| format!("{in_flight} in flight: refused: {why}")));
        outcome.broken += u64::try_from(board.refused.len()).unwrap_or(0);
        crate::out::note(format!(
            "    {in_flight} in flight: {:.0} tasks/s, p50 {:.0} ms, p99 {:.0} ms",
            completed / measured.as_secs_f64(),
            ms(50.0),
            ms(99.0)
        ));
    }
    Ok(())
}

async fn browsers(sites: Vec<Site>) -> Result<Vec<Browser>, Failure> {
    let opened = futures_util::stream::iter(sites).map(Browser::open).buffer_unordered(OPENING);
    opened.try_collect().await.map_err(Failure::Other)
}

/// So many browsers, each with one task at a time.
async fn one(runs: &Runs, sites: Vec<Site>, measured: Duration) -> Result<(Board, BTreeMap<String, f64>), Failure> {
    let all = browsers(sites).await?;
    let begin = Instant::now() + WARM;
    let end = begin + measured;
    let late = Histogram::new_with_bounds(1, LONGEST_US, 3).map_err(|error| Failure::Other(error.to_string()))?;
    let board =
        Board { window: (begin, end), completed: 0, late, twice: 0, missing: 0, unfinished: 0, refused: Vec::new() };
    let board = Arc::new(Mutex::new(board));
    let ask = runs.ask(0);
    let work: Vec<_> = all
        .into_iter()
        .map(|mut browser| {
            let board = Arc::clone(&board);
            tokio::spawn(async move {
                while Instant::now() < end {
                    match browser.task(ask, end + AFTER).await {
                        Ok(story) => board.lock().take(&story),
                        Err(why) => {
                            board.lock().refused.push(why);
                            break;
                        }
                    }
                }
                browser.close().await;
            })
        })
        .collect();
    tokio::time::sleep_until(begin.into()).await;
    let meter = Meter::start(runs.parts());
    tokio::time::sleep_until(end.into()).await;
    let used = meter.read().into_iter().map(|used| (used.name, used.cpu_seconds)).collect();
    for browser in work {
        let _ = browser.await;
    }
    let board = Arc::into_inner(board).ok_or_else(|| Failure::Other("a browser did not end".to_owned()))?;
    Ok((board.into_inner(), used))
}

/// SIGKILL of the worker while tasks run, and a new worker at once.
pub(super) async fn kill(
    side: Side,
    peers: &Path,
    server: &ServerArgs,
    seed: u64,
    size: Size,
) -> Result<Outcome, Failure> {
    let patience = match size {
        Size::Quick => Duration::from_secs(8),
        Size::Full => Duration::from_secs(150),
    };
    let mut runs = Runs::start(side, peers, server, seed, true).await?;
    let outcome = killed(&mut runs, patience).await;
    runs.stop().await;
    outcome
}

async fn killed(runs: &mut Runs, patience: Duration) -> Result<Outcome, Failure> {
    let all = browsers(runs.sites(KILLED).await?).await?;
    let kill_at = Instant::now() + KILL_AFTER;
    let until = kill_at + patience;
    let ask = runs.ask(KILLED_STEP_MS);
    // Each browser goes on with new tasks until the worker is killed, and then watches the one that it has to its end.
    let work: Vec<_> = all
        .into_iter()
        .map(|mut browser| {
            tokio::spawn(async move {
                let mut last = Err("no task".to_owned());
                while Instant::now() < kill_at {
                    last = browser.task(ask, until).await;
                    if last.is_err() {
                        break;
                    }
                }
                browser.close().await;
                last
            })
        })
        .collect();
    tokio::time::sleep_until(kill_at.into()).await;
    let killed_at = Instant::now();
    runs.kill().await?;
    let mut stories = Vec::new();
    let mut outcome = Outcome::default();
    for browser in work {
        match browser.await.map_err(|error| error.to_string()).and_then(|story| story) {
            Ok(story) => stories.push(story),
            Err(why) => {
                outcome.broken += 1;
                outcome.note(why);
            }
        }
    }
    // A task that ended just before, or whose end was on its way, is not one that was met.
    stories.retain(|story| story.ended.is_none_or(|ended| ended > killed_at + DEAD));
    let after =
        |story: &Story| story.heard.iter().find(|at| **at > killed_at + DEAD).map(|at| (*at - killed_at).as_secs_f64());
    let silent = stories.iter().filter(|story| after(story).is_none()).count();
    // Of those that were never heard of again only that much is known.
    let went_on = stories.iter().map(|story| after(story).unwrap_or(patience.as_secs_f64())).fold(0.0, f64::max);
    let sum = |count: &dyn Fn(&Story) -> u32| stories.iter().map(|story| f64::from(count(story))).sum::<f64>();
    let unfinished = stories.iter().filter(|story| story.ended.is_none()).count();
    #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
    let whole = |count: u64| count as f64;
    outcome.set(Metric::KillGoesOn, went_on);
    outcome.set(Metric::KillUnfinished, whole(u64::try_from(unfinished).unwrap_or(0)));
    outcome.set(Metric::KillTwice, sum(&|story| story.twice()));
    outcome.set(Metric::KillMissing, sum(&|story| story.missing(STEPS)));
    let (begun, rows) = match runs {
        Runs::Peer(queue) => (whole(queue.begun_again()), whole(queue.rows_again().await?)),
        // A step's row is its own: there is one, whatever happens.
        Runs::Ours(..) => (sum(&|story| story.begun_again), 0.0),
    };
    outcome.set(Metric::KillSteps, begun);
    outcome.set(Metric::KillRows, rows);
    outcome.note(format!("{} tasks were under way", stories.len()));
    if silent > 0 {
        outcome.note(format!("{silent} of them were never heard of again within {} s", patience.as_secs()));
    }
    if matches!(runs, Runs::Ours(..)) {
        outcome.broken += u64::try_from(unfinished).unwrap_or(0)
            + stories.iter().map(|story| u64::from(story.twice() + story.missing(STEPS))).sum::<u64>();
    }
    Ok(outcome)
}

/// What was on its way when the worker died arrives within this time.
const DEAD: Duration = Duration::from_millis(100);
