//! `loadtest outage`: Redis is gone for a while in the middle of generations on two nodes: nothing is lost, and events
//! still go from node to node, if later.

use super::Failure;
use super::stage::act::Mix;
use super::stage::audit::{self, CHECKS};
use super::stage::person::Person;
use super::stage::{Size, Stage, going, halt};
use crate::check::Check;
use crate::cli::ServerArgs;
use crate::client::{Client, ClientConfig, Observer};
use crate::measure::{Latencies, Schedule};
use crate::report::Report;
use clap::Args;
use estafette_protocol::{Codec, ServerMessage, Topic};
use parking_lot::Mutex;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Before and after the outage.
const AROUND: Duration = Duration::from_secs(20);
/// Everything is at rest this long after it.
const REST_WITHIN: Duration = Duration::from_secs(180);
/// Edits a second whose way to the other node is measured.
const PROBES: f64 = 5.0;
/// The bound of the issue: across nodes within 2 s, whatever Redis does. What a machine that others use adds.
const BOUND: Duration = Duration::from_millis(2_500);
/// The names of the measurements, one a phase.
const PHASES: [&str; 3] =
    ["node to node, before the outage", "node to node, during the outage", "node to node, after the outage"];

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How long Redis is gone, seconds.
    #[arg(long, default_value_t = 60.0)]
    redis: f64,
    /// Redis does not end, it only stops answering.
    #[arg(long)]
    frozen: bool,
    /// People who generate meanwhile.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=200))]
    people: u32,
    /// What they do a second, all together.
    #[arg(long, default_value_t = 3.0)]
    rate: f64,
    /// Keep the logs of all processes in this folder.
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
}

/// Measures how long each event took from its commit to here.
struct Probe {
    latencies: Arc<Latencies>,
    phase: Arc<AtomicUsize>,
    begin: Instant,
    late: Mutex<Vec<(f64, f64)>>,
}

impl Observer for Probe {
    fn message(&self, message: &ServerMessage, _: Instant) {
        let ServerMessage::Ev { at, .. } = message else { return };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let then = Duration::from_millis(u64::try_from(at.to_chrono().timestamp_millis()).unwrap_or(0));
        let took = now.saturating_sub(then);
        if let Some(name) = PHASES.get(self.phase.load(Ordering::Relaxed)) {
            self.latencies.record(name, took);
        }
        self.late.lock().push((self.begin.elapsed().as_secs_f64(), took.as_secs_f64() * 1_000.0));
    }
}

/// Runs it.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run(options: &Options, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    let stage = Stage::start(server, seed, Size { nodes: 2, redis: true, model: false }, &[]).await?;
    let people = stage.people(usize::try_from(options.people).unwrap_or(1), 10_000).await?;
    // One more, whose first client writes by one node and whose reader listens at the other.
    let editor = Person::enter(&stage, people.len() * 2, 10).await?;
    let phase = Arc::new(AtomicUsize::new(0));
    let probe = Arc::new(Probe {
        latencies: Arc::clone(&stage.shared.latencies),
        phase: Arc::clone(&phase),
        begin: stage.shared.begin,
        late: Mutex::default(),
    });
    // Only the other node's address: it never comes to the writer's.
    let config = stage.config(&editor.account, editor.index + 1, Codec::MsgPack, "probe")?;
    let urls = config.urls.iter().take(1).cloned().collect();
    let reader = Client::start(ClientConfig { urls, observer: Some(probe.clone()), ..config });
    let topic: Topic = format!("cv:{}", editor.cv).parse().map_err(|_| Failure::Other("a bad id".to_owned()))?;
    reader.subscribe(topic.clone()).await;
    let going = going();
    let acting = stage.act(&people, Mix::Calm, options.rate, &going);
    let gone = Duration::from_secs_f64(options.redis.clamp(0.5, 3_600.0));
    let redis = stage.cluster.redis.as_ref().ok_or_else(|| Failure::Other("there is no Redis".to_owned()))?;
    let story = async {
        tokio::time::sleep(AROUND).await;
        let met = stage.running(None).await;
        let name = if options.frozen { "SIGSTOP of Redis" } else { "Redis is gone" };
        let number = stage.incidents.begin(name.to_owned(), "Redis", stage.shared.begin.elapsed(), met);
        phase.store(1, Ordering::Relaxed);
        if options.frozen {
            redis.freeze(true);
            tokio::time::sleep(gone).await;
            redis.freeze(false);
        } else {
            redis.kill().await;
            tokio::time::sleep(gone).await;
            redis.restart().await?;
        }
        stage.incidents.end(number, stage.shared.begin.elapsed());
        // Connections to Redis come back in a moment; what is measured is the time after that.
        tokio::time::sleep(BOUND).await;
        phase.store(2, Ordering::Relaxed);
        tokio::time::sleep(AROUND).await;
        Ok::<(), Failure>(())
    };
    let edits = tokio::select! {
        edits = edit(&stage, &editor) => edits,
        ended = story => { ended?; 0 }
    };
    let _ = edits;
    halt(&going);
    let mut everybody = people.clone();
    everybody.push(Arc::clone(&editor));
    stage.rest(&everybody, acting, REST_WITHIN).await;
    stage.settled(&reader).await;
    let sent = editor.document().map_or(0, |cv| cv.rev);
    let got = i64::try_from(reader.events(&topic)).unwrap_or(0);
    let all = if got >= sent.saturating_sub(1) { Ok(()) } else { Err(format!("the reader got {got} of {sent} edits")) };
    stage.shared.findings.see(Check::CrossNode, all);
    reader.close().await;
    judge(&stage);
    let late = probe.late.lock().clone();
    let totals = audit::all(&stage, &everybody).await?;
    let recovery = super::stage::recovery::summary(&stage).await?;
    for person in &everybody {
        person.leave().await;
    }
    drop((people, everybody, editor, probe));
    audit::rest::all(&stage).await?;
    let mut expected = CHECKS.to_vec();
    expected.extend([Check::CrossNode, Check::MovesAgain]);
    let mut report = stage.finish("outage", &expected, options.logs.clone()).await?;
    let total = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    report.figure("Redis gone", gone.as_secs_f64(), "s");
    report.figure("tasks completed", total(totals.completed), "");
    report.figure("events in the log", total(totals.events), "");
    report.figure("events received by clients", total(totals.received), "");
    report.tables.extend(recovery.table);
    report.series.insert(0, crate::report::Series { name: "node to node".to_owned(), unit: "ms", points: late });
    Ok(report)
}

async fn edit(stage: &Arc<Stage>, editor: &Arc<Person>) -> u64 {
    let schedule = Schedule::new(Instant::now(), PROBES);
    for index in 0.. {
        schedule.due(index).await;
        let Some(cv) = editor.document() else { continue };
        let patch =
            json!([{"op": "add", "path": "/basics/summary", "value": format!("Probe {index} of {}.", stage.tag)}]);
        editor.call(stage, "cv.update", json!({"id": editor.cv, "rev": cv.rev, "patch": patch})).await;
        // Its own event comes before the next edit is made on it.
        let until = Instant::now() + BOUND;
        while editor.document().is_some_and(|now| now.rev == cv.rev) && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    0
}

fn judge(stage: &Stage) {
    for summary in stage.shared.latencies.summaries().iter().filter(|summary| PHASES.contains(&summary.name)) {
        let bound = BOUND.as_secs_f64() * 1_000.0;
        let fits = if summary.p99_ms <= bound {
            Ok(())
        } else {
            Err(format!("{}: p99 {:.0} ms, at most {bound:.0} ms are allowed", summary.name, summary.p99_ms))
        };
        stage.shared.findings.see(Check::CrossNode, fits);
    }
}
