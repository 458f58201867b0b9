//! `loadtest rolling`: every node is stopped in good order and started again, one after the other, under load: no task
//! fails, no client sees an error, and pauses are short.

use super::Failure;
use super::stage::act::Mix;
use super::stage::audit::{self, CHECKS};
use super::stage::person::{Outcome, Person};
use super::stage::{Size, Stage, going, halt};
use crate::check::Check;
use crate::cli::ServerArgs;
use crate::report::Report;
use clap::Args;
use estafette_protocol::ErrorCode;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Before the first, between two, and after the last restart.
const BETWEEN: Duration = Duration::from_secs(8);
/// A node that is told to end gets so long.
const STOP_WITHIN: Duration = Duration::from_secs(40);
/// Everything is at rest this long after the last restart.
const REST_WITHIN: Duration = Duration::from_secs(180);

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Nodes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(2..=16))]
    nodes: u32,
    /// Times that all of them are restarted.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// People, each with two clients.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=500))]
    people: u32,
    /// What they do a second, all together.
    #[arg(long, default_value_t = 4.0)]
    rate: f64,
    /// No Redis between the nodes.
    #[arg(long)]
    no_redis: bool,
    /// Keep the logs of all processes in this folder.
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run(options: &Options, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    let nodes = usize::try_from(options.nodes).unwrap_or(2);
    let size = Size { nodes, redis: !options.no_redis, model: false };
    let stage = Stage::start(server, seed, size, &[]).await?;
    let people = stage.people(usize::try_from(options.people).unwrap_or(1), 10_000).await?;
    let going = going();
    let acting = stage.act(&people, Mix::Calm, options.rate, &going);
    tokio::time::sleep(BETWEEN).await;
    for _ in 0..options.rounds {
        for node in &stage.cluster.nodes {
            let met = match node.id() {
                Some(id) => stage.running(Some(&id)).await,
                None => Vec::new(),
            };
            let begin = stage.shared.begin;
            let number = stage.incidents.begin(format!("restart of {}", node.name()), "nodes", begin.elapsed(), met);
            let ended = match node.stop(STOP_WITHIN).await {
                Some(status) if status.success() => Ok(()),
                Some(status) => Err(format!("{} ended with {status} after SIGTERM", node.name())),
                None => Err(format!("{} did not end within {STOP_WITHIN:?} after SIGTERM", node.name())),
            };
            stage.shared.findings.see(Check::StaysUp, ended);
            node.start()?;
            node.ready().await?;
            stage.incidents.end(number, begin.elapsed());
            tokio::time::sleep(BETWEEN).await;
        }
    }
    halt(&going);
    stage.rest(&people, acting, REST_WITHIN).await;
    let totals = audit::all(&stage, &people).await?;
    let (errors, pause) = noticed(&stage, &people);
    let failed = if totals.failed == 0 { Ok(()) } else { Err(format!("{} tasks failed", totals.failed)) };
    stage.shared.findings.see(Check::Unnoticed, failed);
    let recovery = super::stage::recovery::summary(&stage).await?;
    for person in &people {
        person.leave().await;
    }
    drop(people);
    audit::rest::all(&stage).await?;
    let mut expected = CHECKS.to_vec();
    expected.push(Check::Unnoticed);
    let restarts = stage.incidents.count();
    let mut report = stage.finish("rolling", &expected, options.logs.clone()).await?;
    let total = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    report.figure("restarts", count(restarts), "");
    report.figure("tasks completed", total(totals.completed), "");
    report.figure("tasks failed", total(totals.failed), "");
    report.figure("tasks taken back from lost nodes", total(totals.rescues), "times");
    report.figure("tasks handed over by nodes that drained", total(totals.handed_over), "times");
    report.figure("errors that clients saw", count(errors), "");
    report.figure("the longest time of a client without a connection", pause.as_secs_f64(), "s");
    report.figure("until a task moves again, p50", recovery.all.percentile(50.0).unwrap_or(0.0), "s");
    report.figure("until a task moves again, max", recovery.all.times.last().copied().unwrap_or(0.0), "s");
    report.figure("events in the log", total(totals.events), "");
    report.figure("events received by clients", total(totals.received), "");
    report.tables.extend(recovery.table);
    report.marks = recovery.points;
    Ok(report)
}

/// Errors that an application would have to show, and the longest time of a client without a connection.
fn noticed(stage: &Stage, people: &[Arc<Person>]) -> (usize, Duration) {
    let (mut errors, mut longest) = (0, Duration::ZERO);
    for person in people {
        for made in person.book() {
            let bad = match &made.outcome {
                Outcome::Done(_) => None,
                // An edit of an older revision: the second client of the person was faster.
                Outcome::Refused(ErrorCode::Conflict, _) if made.method == "cv.update" => None,
                Outcome::Refused(code, message) => Some(format!("{code}: {message}")),
                Outcome::Lost(why) => Some(why.clone()),
                Outcome::Open => Some("no answer".to_owned()),
            };
            errors += usize::from(bad.is_some());
            let outcome = bad.map_or(Ok(()), |why| Err(format!("{} of person {}: {why}", made.method, person.index)));
            stage.shared.findings.see(Check::Unnoticed, outcome);
        }
        for seat in &person.seats {
            let mut lost = None;
            for (at, what) in seat.recorder.links() {
                if what.starts_with("connected") {
                    longest = longest.max(at.saturating_sub(lost.take().unwrap_or(at)));
                } else {
                    lost = lost.or(Some(at));
                }
            }
        }
    }
    (errors, longest)
}
