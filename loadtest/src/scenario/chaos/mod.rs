//! `loadtest chaos`: several nodes, their stores and their clients, while everything breaks by a schedule that a seed
//! makes; and the proof that nothing was lost or done twice.
//!
//! | module | holds |
//! |---|---|
//! | [`schedule`] | what breaks when |
//! | [`inject`] | breaking it, and mending it |

pub mod inject;
pub mod schedule;

use super::Failure;
use super::stage::act::Mix;
use super::stage::audit::{self, CHECKS};
use super::stage::recovery;
use super::stage::{Size, Stage, going, halt};
use crate::check::Check;
use crate::cli::ServerArgs;
use crate::report::Report;
use clap::Args;
use schedule::Parts;
use std::path::PathBuf;
use std::time::Duration;

/// Everything is at rest this long after the last fault.
const REST_WITHIN: Duration = Duration::from_secs(180);
/// Credits of each person: more than a run can use.
const CREDITS: u32 = 10_000;

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How long things break, minutes.
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// Nodes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=16))]
    nodes: u32,
    /// People, each with two clients.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=500))]
    people: u32,
    /// Things that people do a second, all together (open loop).
    #[arg(long, default_value_t = 6.0)]
    rate: f64,
    /// No Redis: the nodes find each other's events in the log.
    #[arg(long)]
    no_redis: bool,
    /// No model endpoint: every node uses the offline model.
    #[arg(long)]
    no_model: bool,
    /// Only nodes, client links, clients and the model break.
    #[arg(long)]
    spare_stores: bool,
    /// Nothing breaks: the mix and the proof alone.
    #[arg(long)]
    no_faults: bool,
    /// Prints the schedule and ends.
    #[arg(long)]
    dry_run: bool,
    /// Keep the logs of all processes in this folder. Without: only when a check fails, in a temporary one.
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
}

/// Runs it. `None`: only the schedule was wanted.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run(options: &Options, server: &ServerArgs, seed: u64) -> Result<Option<Report>, Failure> {
    let nodes = usize::try_from(options.nodes).unwrap_or(1);
    let (redis, model) = (!options.no_redis, !options.no_model);
    let length = Duration::from_secs_f64(options.minutes.clamp(0.05, 100_000.0) * 60.0);
    let parts = Parts { nodes, redis, model, stores: !options.spare_stores };
    let plan = if options.no_faults { Vec::new() } else { schedule::schedule(seed, length, parts) };
    if options.dry_run {
        for planned in &plan {
            let (at, lasts) = (planned.at.as_secs_f64(), planned.lasts.as_secs_f64());
            crate::out::line(format!(
                "{at:8.2} s  {:<9} {:<40} {lasted:5.1} s",
                planned.fault.lane(),
                planned.fault.name(),
                lasted = lasts
            ));
        }
        return Ok(None);
    }
    let size = Size { nodes, redis, model };
    let settings = [("ai-request-timeout-ms", "6000".to_owned())];
    let stage = Stage::start(server, seed, size, &settings).await?;
    let people = stage.people(usize::try_from(options.people).unwrap_or(1), CREDITS).await?;
    let going = going();
    let acting = stage.act(&people, Mix::Full, options.rate, &going);
    let bar = crate::out::bar("chaos", u64::try_from(plan.len()).unwrap_or(0));
    let until = tokio::time::Instant::now() + length;
    inject::all(&stage, &people, &plan, &bar).await;
    tokio::time::sleep_until(until).await;
    bar.finish_and_clear();
    halt(&going);
    stage.rest(&people, acting, REST_WITHIN).await;
    let totals = audit::all(&stage, &people).await?;
    let recovery = recovery::summary(&stage).await?;
    let clients: usize = people.iter().map(|person| person.seats.len()).sum();
    for person in &people {
        person.leave().await;
    }
    drop(people);
    audit::rest::all(&stage).await?;
    let (faults, antics) = {
        let all = stage.incidents.all();
        let antics = all.iter().filter(|incident| incident.lane == "clients").count();
        (all.len() - antics, antics)
    };
    let mut expected = CHECKS.to_vec();
    if faults > 0 {
        expected.push(Check::MovesAgain);
    }
    let mut report = stage.finish("chaos", &expected, options.logs.clone()).await?;
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    let total = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    report.figure("nodes", count(nodes), "");
    report.figure("clients", count(clients), "");
    report.figure("faults of the system", count(faults), "");
    report.figure("faults of clients", count(antics), "");
    report.figure("running tasks met by faults", count(recovery.met), "");
    if recovery.met > 0 {
        report.figure("of them moved again", 100.0 * count(recovery.recovered) / count(recovery.met), "%");
        report.figure("until a task moves again, p50", recovery.all.percentile(50.0).unwrap_or(0.0), "s");
        report.figure("until a task moves again, p99", recovery.all.percentile(99.0).unwrap_or(0.0), "s");
        report.figure("until a task moves again, max", recovery.all.times.last().copied().unwrap_or(0.0), "s");
    }
    report.figure("tasks completed", total(totals.completed), "");
    report.figure("tasks failed (model, asked to, parked)", total(totals.failed), "");
    report.figure("tasks cancelled", total(totals.cancelled), "");
    report.figure("tasks parked after three rescues", total(totals.parked), "");
    report.figure("tasks taken back from lost nodes", total(totals.rescues), "times");
    report.figure("tasks handed over by nodes that drained", total(totals.handed_over), "times");
    report.figure("steps completed", total(totals.steps), "");
    report.figure("calls with a key", total(totals.calls), "");
    report.figure("events in the log", total(totals.events), "");
    report.figure("events received by clients", total(totals.received), "");
    report.figure("connections lost", total(totals.losses), "");
    report.tables.extend(recovery.table);
    report.marks = recovery.points;
    Ok(Some(report))
}
