//! `loadtest failover`: two nodes, many running tasks, and SIGKILL of the busier one: how long until each of its tasks
//! moves again, and that no completed step ran a second time.

use super::Failure;
use super::stage::audit::{self, CHECKS};
use super::stage::recovery::{Moves, Recovered};
use super::stage::{Size, Stage, act, person};
use crate::check::Check;
use crate::cli::ServerArgs;
use crate::report::{Report, Series};
use clap::Args;
use futures_util::StreamExt as _;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Tasks of one person.
const TASKS_A_PERSON: u32 = 10;
/// All tasks run within this time.
const RUNNING_WITHIN: Duration = Duration::from_secs(120);
/// Everything is at rest this long after the fault.
const REST_WITHIN: Duration = Duration::from_secs(300);
/// Calls at the same time.
const CALLING: usize = 8;

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Tasks that run when the node is killed.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(2..=2_000))]
    tasks: u32,
    /// Steps of a plain task. Every second task is one, the others are generations.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(2..=200))]
    steps: u32,
    /// How long a step (and each call of the offline model) takes, milliseconds.
    #[arg(long, default_value_t = 1_500, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    step_latency_ms: u64,
    /// Each task moves again within this time after the kill, seconds. A build for debugging on a busy machine needs more.
    #[arg(long, default_value_t = 2.0)]
    within: f64,
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
    let people = usize::try_from(options.tasks.div_ceil(TASKS_A_PERSON)).unwrap_or(1);
    let settings = [
        ("offline-latency-ms", options.step_latency_ms.to_string()),
        ("tasks-per-user", "64".to_owned()),
        ("steps-per-user", "64".to_owned()),
        ("tasks-per-node", options.tasks.max(256).to_string()),
        ("steps-per-node", (options.tasks * 4).to_string()),
    ];
    let size = Size { nodes: 2, redis: !options.no_redis, model: false };
    let stage = Stage::start(server, seed, size, &settings).await?;
    let people = stage.people(people, 2 * TASKS_A_PERSON).await?;
    start_tasks(&stage, &people, options).await;
    let until = Instant::now() + RUNNING_WITHIN;
    let wanted = usize::try_from(options.tasks).unwrap_or(0);
    while stage.running(None).await.len() < wanted && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut busiest = (0, Vec::new());
    for node in &stage.cluster.nodes {
        let met = stage.running(node.id().as_deref()).await;
        if met.len() >= busiest.1.len() {
            busiest = (node.index(), met);
        }
    }
    let (index, met) = busiest;
    let running = stage.running(None).await.len();
    let happened = if met.is_empty() { Err("no task ran on the node that was killed".to_owned()) } else { Ok(()) };
    stage.shared.findings.see(Check::FaultHappened, happened);
    let node =
        stage.cluster.nodes.get(index).cloned().ok_or_else(|| Failure::Other("there is no node to kill".to_owned()))?;
    let number = stage.incidents.begin(format!("SIGKILL of node {index}"), "nodes", stage.shared.begin.elapsed(), met);
    let from = super::stage::recovery::calendar();
    node.kill().await;
    stage.rest(&people, JoinSet::new(), REST_WITHIN).await;
    node.start()?;
    node.ready().await?;
    stage.incidents.end(number, stage.shared.begin.elapsed());
    let met = stage.incidents.all().into_iter().next().map(|incident| incident.met).unwrap_or_default();
    let recovered = Moves::read(&stage).await?.after(from, &met);
    judge(&stage, &recovered, options.within);
    let totals = audit::all(&stage, &people).await?;
    for person in &people {
        person.leave().await;
    }
    drop(people);
    audit::rest::all(&stage).await?;
    // Nothing is repeated here.
    let mut expected: Vec<Check> = CHECKS.iter().copied().filter(|check| *check != Check::CallOnce).collect();
    expected.extend([Check::MovesAgain, Check::FaultHappened]);
    let mut report = stage.finish("failover", &expected, options.logs.clone()).await?;
    let total = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    report.figure("tasks that ran when the node was killed", count(running), "");
    report.figure("of them on that node", count(met.len()), "");
    report.figure("of those moved again", 100.0 * count(recovered.times.len()) / count(met.len().max(1)), "%");
    report.figure("until a task moved again, p50", recovered.percentile(50.0).unwrap_or(0.0), "s");
    report.figure("until a task moved again, p90", recovered.percentile(90.0).unwrap_or(0.0), "s");
    report.figure("until a task moved again, max", recovered.times.last().copied().unwrap_or(0.0), "s");
    report.figure("steps completed", total(totals.steps), "");
    report.figure("completed steps that ran again", 0.0, "");
    report.figure("tasks completed", total(totals.completed), "");
    let share = |(index, at): (usize, &f64)| (*at, 100.0 * count(index + 1) / count(recovered.times.len()));
    report.series.insert(
        0,
        Series {
            name: "tasks that moved again, after the kill".to_owned(),
            unit: "%",
            points: recovered.times.iter().enumerate().map(share).collect(),
        },
    );
    // A completed step that ran again is a finding, so that a report that passes says 0 rightly.
    let again = report.checks.iter().find(|check| check.id == Check::StepOnce.id()).map_or(0, |check| check.failed);
    if let Some(figure) = report.figures.iter_mut().find(|figure| figure.name == "completed steps that ran again") {
        figure.value = total(again);
    }
    Ok(report)
}

async fn start_tasks(stage: &Arc<Stage>, people: &[Arc<person::Person>], options: &Options) {
    let latency = Duration::from_millis(options.step_latency_ms);
    let starts = (0..options.tasks).map(|index| {
        let person = people.get(usize::try_from(index / TASKS_A_PERSON).unwrap_or(0)).cloned();
        async move {
            let Some(person) = person else { return };
            if index % 2 == 0 {
                act::plain(stage, &person, options.steps, latency).await;
                return;
            }
            let offers: Vec<_> = (0..2)
                .map(|place| json!({"text": crate::sample::offer(stage.seed, u64::from(index) * 10 + place)}))
                .collect();
            let params = json!({"source_cv_id": person.cv, "mode": "adapt", "offers": offers});
            person.call(stage, "cv.generate", params).await;
        }
    });
    futures_util::stream::iter(starts).buffer_unordered(CALLING).collect::<Vec<()>>().await;
}

fn judge(stage: &Stage, recovered: &Recovered, within: f64) {
    let findings = &stage.shared.findings;
    for task in &recovered.stuck {
        findings.broken(Check::MovesAgain, format!("{task} never moved again"));
    }
    let late = recovered.times.iter().filter(|time| **time > within).count();
    findings.hold(Check::MovesAgain, u64::try_from(recovered.times.len() - late).unwrap_or(0));
    if late > 0 {
        let slowest = recovered.times.last().copied().unwrap_or(0.0);
        findings.broken(
            Check::MovesAgain,
            format!("{late} tasks moved again only after {within} s, the last after {slowest:.2} s"),
        );
    }
}
