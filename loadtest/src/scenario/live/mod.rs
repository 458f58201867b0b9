//! What the sockets can do, seen by lean readers ([`crate::lean`]). Each of these is a function with a typed result, for
//! the command line and for comparisons with other servers.
//!
//! | module | holds |
//! |---|---|
//! | [`fanout`] | one busy topic, many readers: `loadtest fanout --live` |
//! | [`own`] | many connections, each with a task of its own: `loadtest own` |
//! | [`idle`] | connections that only come and go, and what one costs while nothing happens |

pub mod fanout;
pub mod idle;
pub mod own;

use super::{Failure, Run};
use crate::account::Account;
use crate::check::Check;
use crate::lean::{Measured, estafette::Reader, tally::Late};
use crate::report::Report;
use estafette_protocol::{DeviceId, TaskId, Topic};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

/// Requests of the preparation at the same time.
const AT_ONCE: usize = 32;
/// Marks are told this often: what an idle connection costs is measured with them.
const HEARTBEAT_MS: u64 = 25_000;
/// Steps of one task at most.
const STEPS: u64 = 200;

/// Settings of our own server for many connections and tasks at once.
fn settings() -> Vec<(&'static str, String)> {
    let (many, quick) = ("100000".to_owned(), "10000".to_owned());
    vec![
        ("heartbeat-ms", HEARTBEAT_MS.to_string()),
        ("accepts-per-second", many.clone()),
        ("connections-per-worker", many.clone()),
        ("connections", many.clone()),
        ("tasks-per-node", many.clone()),
        ("steps-per-node", many),
        ("tasks-per-user", quick.clone()),
        ("steps-per-user", quick),
        ("test-live-per-second", "2000".to_owned()),
    ]
}

/// Where the server of a run listens.
fn address(run: &Run) -> Result<(String, SocketAddr), Failure> {
    let host = run.target.base().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let found = host.to_socket_addrs().ok().and_then(|mut found| found.next());
    found.map(|address| (host.clone(), address)).ok_or_else(|| Failure::Other(format!("{host} is not host:port")))
}

/// A task that makes volatile events.
#[derive(Debug, Clone, Copy)]
struct Speaker {
    steps: u64,
    step_ms: u64,
    every_us: u64,
    /// Characters of text in each event.
    text: u32,
    keys: u32,
}

impl Speaker {
    async fn begin(&self, run: &Run, account: &Account, name: &str) -> Result<Topic, Failure> {
        let id = TaskId::parse(name).map_err(|error| Failure::Other(error.to_string()))?;
        let body = json!({
            "id": id, "steps": self.steps.clamp(1, STEPS), "latency_ms": self.step_ms, "live_every_us": self.every_us,
            "live_bytes": self.text, "live_keys": self.keys,
        });
        let _started: Value = run.api.post("/v1/cv/tasks/test", &body, Some(&account.token().await?), None).await?;
        Ok(Topic::task(&id))
    }
}

/// One reader a topic list, each with the token of one of the sessions in turn.
async fn readers(sessions: &[Arc<Account>], topics: Vec<Vec<Topic>>) -> Result<Vec<Reader>, Failure> {
    let mut readers = Vec::with_capacity(topics.len());
    for (index, (topics, account)) in topics.into_iter().zip(sessions.iter().cycle()).enumerate() {
        let device = DeviceId::parse(format!("lean-{index}")).map_err(|error| Failure::Other(error.to_string()))?;
        readers.push(Reader { token: account.token().await?, device, topics });
    }
    Ok(readers)
}

/// So many sessions of some people, in turn.
async fn sessions(run: &Run, people: &[Arc<Account>], count: usize) -> Result<Vec<Arc<Account>>, Failure> {
    let bar = crate::out::bar("sessions", u64::try_from(count).unwrap_or(0));
    let made = futures_util::stream::iter(people.iter().cycle().take(count)).map(|account| async {
        let session = Account::sign_in(&run.api, account.email()).await?;
        bar.inc(1);
        Ok::<_, Failure>(Arc::new(session))
    });
    let made = made.buffered(AT_ONCE).try_collect().await;
    bar.finish_and_clear();
    made
}

/// What was seen goes to the report's checks.
fn judge(run: &Run, measured: &Measured) {
    let order = if measured.disorder.events() == 0 { Ok(()) } else { Err(measured.disorder.to_string()) };
    run.findings.hold(Check::Contiguous, measured.deliveries);
    run.findings.see(Check::Contiguous, order);
    for fault in &measured.faults {
        run.findings.broken(Check::WellFormed, fault.clone());
    }
    run.findings.hold(Check::WellFormed, measured.frames);
}

#[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
fn count(value: u64) -> f64 {
    value as f64
}

/// What was measured, as figures of a report.
fn figures(report: &mut Report, measured: &Measured) {
    report.figure("deliveries", count(measured.deliveries), "");
    report.figure("deliveries a second", measured.per_second, "a second");
    report.figure("deliveries in the best second", count(measured.peak_per_second), "");
    report.figure("events a frame", count(measured.deliveries) / count(measured.frames.max(1)), "");
    report.figure("read", count(measured.bytes) / measured.seconds / 1e6, "MB a second");
    let mut late = |name: &str, late: Option<Late>| {
        if let Some(late) = late {
            report.figure(format!("{name}: p50"), late.p50_ms, "ms");
            report.figure(format!("{name}: p99"), late.p99_ms, "ms");
            report.figure(format!("{name}: longest"), late.max_ms, "ms");
        }
    };
    late("volatile events", measured.live);
    late("durable events", measured.durable);
    report.figure("lost or out of order", count(measured.disorder.events()), "");
    for used in &measured.processes {
        let name = &used.name;
        if let Some(cpu) = measured.cpu_per_million(name) {
            report.figure(format!("{name}: CPU for a million deliveries"), cpu, "s");
        }
        report.figure(format!("{name}: share of a core"), used.cpu_seconds / measured.seconds * 100.0, "%");
        report.figure(format!("{name}: memory before"), used.mib_before, "MiB");
        report.figure(format!("{name}: memory after"), used.mib_after, "MiB");
    }
}
