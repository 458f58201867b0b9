//! `loadtest generations`: many tasks, each watched by two clients (MessagePack and JSON); optionally the server is
//! killed in the middle, again and again.
//!
//! | module | holds |
//! |---|---|
//! | [`board`] | which task waits for its end, and when it was meant to begin |
//! | [`watcher`] | what one client sees of its user and tasks |
//! | [`person`] | a user with a CV and two clients |
//! | [`audit`] | afterwards, over HTTP: every task, every CV, every credit |

mod audit;
mod board;
mod person;
mod watcher;

use super::{Failure, Run};
use crate::check::Check;
use crate::cli::ServerArgs;
use crate::measure::Schedule;
use crate::measure::process::{Meter, Part};
use crate::report::Report;
use board::Board;
use clap::{Args, ValueEnum};
use estafette_protocol::IdempotencyKey;
use futures_util::StreamExt as _;
use indicatif::ProgressBar;
use person::Person;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Tasks of one user at most: each stays subscribed, and a connection has 256 subscriptions.
const TASKS_A_USER: u32 = 200;
/// One call in so many is repeated with its key after its answer.
const REPEAT_ONE_IN: u64 = 10;
/// Every heartbeat of our own server tells heads; this is how long the end of a run waits for one.
const HEARTBEAT_MS: u64 = 2_000;
/// Waiting for marks at the end.
const SETTLE_WITHIN: Duration = Duration::from_secs(45);

/// What kind of task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// `cv.generate`: a CV adapted to job offers.
    Generate,
    /// `task.test`: steps that only wait, and begin when the one before them is durable.
    Plain,
    /// `task.test`: the same without any effect, so that they run ahead of their commits.
    Pure,
}

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Tasks in all.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    tasks: u32,
    /// Tasks that are under way at the same time.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    concurrency: u32,
    /// Users. Without: one for each four tasks under way, and one for each 200 tasks.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    users: Option<u32>,
    /// Job offers of each generation.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10))]
    offers: u32,
    /// Which tasks.
    #[arg(long, value_enum, default_value_t = Kind::Generate)]
    kind: Kind,
    /// Steps of a plain task.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200))]
    steps: u32,
    /// How long each model call (or each step of a plain task) takes, milliseconds. Generations: own server only.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(0..=60_000))]
    step_latency_ms: u64,
    /// Tasks begun a second (open loop). Without: as soon as another has ended.
    #[arg(long)]
    rate: Option<f64>,
    /// Kill our own server with SIGKILL this often while tasks run, seconds, and start it again.
    #[arg(long)]
    kill_every: Option<f64>,
    /// Cut the connection of a client this often, seconds, as a lost network does. It comes back by itself.
    #[arg(long)]
    cut_every: Option<f64>,
    /// How long one task may take, seconds.
    #[arg(long, default_value_t = 600)]
    task_timeout: u64,
    /// One client a user, and only what its connection checks by itself: the server is measured, and not this program.
    #[arg(long)]
    lean: bool,
}

const CHECKS: &[Check] = &[
    Check::Contiguous,
    Check::Complete,
    Check::SnapshotFits,
    Check::EndedOnce,
    Check::EndedWell,
    Check::StepOnce,
    Check::Ledger,
    Check::AckVisible,
    Check::CallAnswered,
];

/// What a lean run checks.
const LEAN_CHECKS: &[Check] = &[Check::Contiguous, Check::Complete, Check::EndedWell, Check::CallAnswered];

struct Work<'a> {
    options: &'a Options,
    run: &'a Run,
    people: &'a [Person],
    board: &'a Arc<Board>,
    bar: ProgressBar,
    accepted: AtomicU64,
}

/// Runs it.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run(options: &Options, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    if options.kill_every.is_some() && server.url.is_some() {
        return Err(Failure::Other("--kill-every needs a server of our own: leave --url out".to_owned()));
    }
    let users = options.users.unwrap_or(options.concurrency.div_ceil(4).max(options.tasks.div_ceil(TASKS_A_USER)));
    if options.tasks.div_ceil(users) > TASKS_A_USER {
        return Err(Failure::Other(format!("--users {users} is too few: a user takes {TASKS_A_USER} tasks at most")));
    }
    let settings =
        [("heartbeat-ms", HEARTBEAT_MS.to_string()), ("offline-latency-ms", options.step_latency_ms.to_string())];
    let mut settings = settings.to_vec();
    if options.lean {
        // What is measured is not how tasks wait for their turn.
        let room = options.concurrency.max(64).to_string();
        settings.extend(["tasks-per-node", "steps-per-node"].map(|flag| (flag, room.clone())));
    }
    let run = Run::start(server, seed, &settings).await?;
    let credits = match options.kind {
        Kind::Generate => options.tasks.div_ceil(users) * options.offers,
        Kind::Plain | Kind::Pure => 0,
    };
    let accounts = run.people(usize::try_from(users).unwrap_or(1), credits).await?;
    let board = Arc::new(Board::new(&run));
    let mut people = Vec::with_capacity(accounts.len());
    for (index, account) in accounts.into_iter().enumerate() {
        people.push(Person::enter(&run, &board, account, u64::try_from(index).unwrap_or(0), options.lean).await?);
    }
    let bar = crate::out::bar("tasks", options.tasks.into());
    let work = Work { options, run: &run, people: &people, board: &board, bar, accepted: AtomicU64::new(0) };
    let mut parts = run.target.parts();
    let without = parts.iter().map(|part| part.pid).collect();
    parts.push(Part { name: "this program".to_owned(), pid: std::process::id(), without });
    let (begin, meter) = (Instant::now(), Meter::start(parts));
    let kills = tokio::select! {
        kills = kill(&work) => kills,
        () = cut(&work) => 0,
        () = drive(&work) => work.board.kills(),
    };
    let took = begin.elapsed();
    let used = meter.read();
    work.bar.finish_and_clear();
    run.settle(people.iter().flat_map(Person::clients), SETTLE_WITHIN).await;
    let accepted = work.accepted.load(Ordering::Relaxed);
    let totals = match options.lean {
        true => audit::counted(&people, accepted),
        false => audit::all(&run, &board, &people, options).await,
    };
    let mut report = finish(run, options, people).await;
    report.figure("tasks accepted", count(accepted), "");
    report.figure("tasks completed", count(totals.completed), "");
    report.figure("tasks a second", count(totals.completed) / took.as_secs_f64(), "a second");
    // A server that was killed begins to count anew.
    if kills == 0 {
        let each = 1_000.0 / count(accepted.max(1));
        for part in &used {
            report.figure(format!("CPU a 1,000 tasks: {}", part.name), part.cpu_seconds * each, "s");
        }
        let all: f64 = used.iter().map(|part| part.cpu_seconds).sum();
        report.figure("CPU a 1,000 tasks: all", all * each, "s");
    }
    if !options.lean {
        report.figure("steps completed", count(totals.steps), "");
        report.figure("steps run again before they completed", count(totals.restarted), "");
    }
    report.figure("users", f64::from(users), "");
    report.figure("offers a task", f64::from(options.offers), "");
    report.figure("step latency", count(options.step_latency_ms), "ms");
    report.figure("server killed", f64::from(kills), "times");
    report.figure("durable events seen", count(totals.events), "");
    report.figure("volatile events seen", count(totals.volatile), "");
    report.figure("reconnects", count(totals.reconnects), "");
    report.figure("calls repeated", count(totals.repeats), "");
    Ok(report)
}

#[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
fn count(value: u64) -> f64 {
    value as f64
}

async fn finish(run: Run, options: &Options, people: Vec<Person>) -> Report {
    for person in people {
        person.leave().await;
    }
    let mut checks = if options.lean { LEAN_CHECKS } else { CHECKS }.to_vec();
    if options.kind == Kind::Generate && !options.lean {
        checks.push(Check::LedgerLive);
    }
    if options.kill_every.is_some() || options.cut_every.is_some() {
        checks.push(Check::FaultHappened);
    }
    run.finish("generations", &checks).await
}

/// Begins tasks and waits for their ends.
async fn drive(work: &Work<'_>) {
    let concurrency = usize::try_from(work.options.concurrency).unwrap_or(1);
    let schedule = work.options.rate.map(|rate| Schedule::new(Instant::now(), rate));
    let jobs = futures_util::stream::iter(0..u64::from(work.options.tasks)).map(async |index| {
        let meant = match &schedule {
            Some(schedule) => schedule.due(index).await,
            None => Instant::now(),
        };
        one(work, index, meant).await;
        work.bar.inc(1);
    });
    jobs.buffer_unordered(concurrency).for_each(async |()| {}).await;
}

/// Kills and restarts the server until the tasks are done.
async fn kill(work: &Work<'_>) -> u32 {
    let Some(every) = work.options.kill_every else { return std::future::pending().await };
    loop {
        tokio::time::sleep(Duration::from_secs_f64(every.max(0.1))).await;
        let running = work.board.waiting();
        match work.run.target.kill_and_restart().await {
            Ok(away) => {
                work.run.latencies.record("server away", away);
                work.board.killed();
                if running > 0 {
                    work.run.findings.hold(Check::FaultHappened, 1);
                }
                work.bar.set_message(format!("killed {} times", work.board.kills()));
            }
            Err(error) => {
                // Without a server nothing can end: break off.
                work.run.findings.broken(Check::FaultHappened, error.to_string());
                return work.board.kills();
            }
        }
    }
}

/// Cuts one client's connection after the other until the tasks are done.
async fn cut(work: &Work<'_>) {
    let Some(every) = work.options.cut_every else { return std::future::pending().await };
    let clients: Vec<_> = work.people.iter().flat_map(Person::clients).collect();
    for client in clients.iter().cycle() {
        tokio::time::sleep(Duration::from_secs_f64(every.max(0.01))).await;
        client.cut().await;
        work.run.throughput.count("connections cut");
        if work.board.waiting() > 0 {
            work.run.findings.hold(Check::FaultHappened, 1);
        }
    }
}

fn request(work: &Work<'_>, person: &Person, index: u64) -> (&'static str, Value) {
    let options = work.options;
    match options.kind {
        Kind::Plain | Kind::Pure => {
            let pure = options.kind == Kind::Pure;
            ("task.test", json!({"steps": options.steps, "latency_ms": options.step_latency_ms, "pure": pure}))
        }
        Kind::Generate => {
            let first = index * u64::from(options.offers);
            let offers: Vec<Value> = (first..first + u64::from(options.offers))
                .map(|offer| json!({"text": crate::sample::offer(work.run.seed, offer)}))
                .collect();
            ("cv.generate", json!({"source_cv_id": person.cv, "mode": "adapt", "offers": offers}))
        }
    }
}

/// One task, from the call to its end.
async fn one(work: &Work<'_>, index: u64, meant: Instant) {
    let (run, people) = (work.run, work.people);
    let place = usize::try_from(index).unwrap_or(0) % people.len().max(1);
    let Some(person) = people.get(place) else { return };
    let (method, params) = request(work, person, index);
    let Ok(key) = IdempotencyKey::parse(format!("{}-{index}", run.tag)) else { return };
    let task = match person.start(method, params.clone(), &key).await {
        Ok(task) => task,
        Err(why) => return run.findings.broken(Check::CallAnswered, format!("{method} {key}: {why}")),
    };
    run.findings.hold(Check::CallAnswered, 1);
    run.latencies.record("call to answer", meant.elapsed());
    work.accepted.fetch_add(1, Ordering::Relaxed);
    let ended = work.board.expect(&task, meant);
    person.watch(&task).await;
    if index.is_multiple_of(REPEAT_ONE_IN) && !work.options.lean {
        let again = person.start(method, params, &key).await;
        let same =
            if again.as_ref() == Ok(&task) { Ok(()) } else { Err(format!("{key} made {task}, and again {again:?}")) };
        run.findings.see(Check::AckVisible, same);
    }
    let within = Duration::from_secs(work.options.task_timeout);
    if tokio::time::timeout(within, ended).await.is_err() {
        run.findings.broken(Check::EndedOnce, format!("{task} did not end within {within:?}"));
    }
}
