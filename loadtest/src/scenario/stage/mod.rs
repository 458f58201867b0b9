//! What the scenarios with several nodes have in common: a system of our own, people on it, everything they received,
//! and the proof at the end.
//!
//! | module | holds |
//! |---|---|
//! | [`person`] | a person with a CV, two clients and a book of calls |
//! | [`act`] | what people do |
//! | [`record`] | what a client received |
//! | [`recovery`] | what broke when, whom it met, and when each task moved again |
//! | [`vitals`] | memory and file handles of the nodes |
//! | [`audit`] | the proof |

pub mod act;
pub mod audit;
pub mod person;
pub mod record;
pub mod recovery;
pub mod vitals;

use super::Failure;
use crate::api::Api;
use crate::check::{Check, Findings};
use crate::cli::ServerArgs;
use crate::client::Client;
use crate::cluster::{Cluster, Plan};
use crate::report::{Gathered, Report};
use act::{Going, Mix};
use futures_util::{StreamExt as _, TryStreamExt as _};
use person::Person;
use record::Shared;
use recovery::Incidents;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use vitals::Vitals;

/// One request over HTTP.
const PATIENCE: Duration = Duration::from_secs(15);
/// People who come at the same time.
const COMING: usize = 4;
/// A client has everything this long after the last event.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// Between two looks at whether something has come to rest.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Settings of every node of these scenarios.
pub const SETTINGS: &[(&str, &str)] = &[
    // Everybody comes from one address here.
    ("sign-ins-per-address", "0"),
    ("refreshes-per-address", "0"),
    ("heartbeat-ms", "2000"),
    ("access-token-secs", "90"),
    ("offline-latency-ms", "400"),
    ("pool-size", "12"),
];

/// A system, and what happens on it.
pub struct Stage {
    /// What repeats the run.
    pub seed: u64,
    /// Makes names of this run unlike those of others.
    pub tag: String,
    /// The system.
    pub cluster: Cluster,
    /// What everybody who watches shares.
    pub shared: Shared,
    /// What broke.
    pub incidents: Incidents,
    /// The nodes' memory and file handles.
    pub vitals: Vitals,
}

/// What a stage is made of.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Nodes.
    pub nodes: usize,
    /// With a Redis.
    pub redis: bool,
    /// With a model endpoint on every second node.
    pub model: bool,
}

impl Stage {
    /// Starts the system. `settings` are those of the scenario, which the command line's come after.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn start(
        server: &ServerArgs,
        seed: u64,
        size: Size,
        settings: &[(&str, String)],
    ) -> Result<Arc<Self>, Failure> {
        if server.url.is_some() {
            return Err(Failure::Other("this scenario breaks its server on purpose: leave --url out".to_owned()));
        }
        let bin = server.bin.clone().map_or_else(super::beside, Ok)?;
        let base = SETTINGS.iter().map(|(flag, value)| ((*flag).to_owned(), (*value).to_owned()));
        let own = settings.iter().map(|(flag, value)| ((*flag).to_owned(), value.clone()));
        let settings = base.chain(own).chain(server.settings.iter().cloned()).collect();
        let plan = Plan { bin, nodes: size.nodes, redis: size.redis, model: size.model, settings };
        let cluster = Cluster::start(plan).await?;
        let begin = Instant::now();
        let shared = Shared {
            findings: Arc::<Findings>::default(),
            latencies: Arc::default(),
            throughput: Arc::default(),
            begin,
        };
        let vitals = Vitals::start(begin, cluster.nodes.clone());
        Ok(Arc::new(Self {
            seed,
            tag: estafette_protocol::ids::new_cuid2().chars().take(8).collect(),
            cluster,
            shared,
            incidents: Incidents::default(),
            vitals,
        }))
    }

    /// The HTTP interface of all nodes, another one first for each index.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn api_of_one(&self, index: usize) -> Result<Api, Failure> {
        let mut bases = self.cluster.bases();
        let first = index % bases.len().max(1);
        bases.rotate_left(first);
        Ok(Api::of_nodes(&bases, PATIENCE)?)
    }

    /// People come, each with so many credits.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn people(self: &Arc<Self>, count: usize, credits: u32) -> Result<Vec<Arc<Person>>, Failure> {
        let coming = futures_util::stream::iter(0..count).map(|index| Person::enter(self, index, credits));
        coming.buffered(COMING).try_collect().await
    }

    /// Lets everybody act until `going` turns false.
    pub fn act(self: &Arc<Self>, people: &[Arc<Person>], mix: Mix, rate: f64, going: &Going) -> JoinSet<()> {
        let share = rate / f64::from(u32::try_from(people.len().max(1)).unwrap_or(1));
        let mut acting = JoinSet::new();
        for person in people {
            acting.spawn(act::act(Arc::clone(self), Arc::clone(person), mix, share, Arc::clone(going)));
        }
        acting
    }

    /// Waits until every call is answered and every task has ended; what is open then is a finding.
    pub async fn rest(&self, people: &[Arc<Person>], mut acting: JoinSet<()>, within: Duration) {
        let until = Instant::now() + within;
        let answered = async { while acting.join_next().await.is_some() {} };
        if tokio::time::timeout(within, answered).await.is_err() {
            let open: usize = people.iter().map(|person| person.open_calls()).sum();
            let what = format!("{open} calls have no answer {within:?} after the last fault");
            self.shared.findings.broken(Check::CallAnswered, what);
        }
        loop {
            let open = match self.open_tasks().await {
                Ok(open) if open.is_empty() => break,
                Ok(open) => open,
                Err(failure) => vec![failure.to_string()],
            };
            if Instant::now() > until {
                for task in open.iter().take(20) {
                    self.shared
                        .findings
                        .broken(Check::EndedOnce, format!("{task} has not ended {within:?} after the last fault"));
                }
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let everybody = || people.iter().flat_map(|person| &person.seats);
        while Instant::now() < until && everybody().any(|seat| !seat.client.incomplete().is_empty()) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        for seat in everybody() {
            let open = seat.client.incomplete();
            let complete = u64::try_from(seat.client.topics().saturating_sub(open.len())).unwrap_or(0);
            self.shared.findings.hold(Check::Complete, complete);
            for topic in open {
                let last: Vec<String> = seat
                    .recorder
                    .links()
                    .iter()
                    .rev()
                    .take(4)
                    .map(|(at, what)| format!("{:.1} s {what}", at.as_secs_f64()))
                    .collect();
                let what =
                    format!("{}: {topic} (its connections, newest first: {})", seat.recorder.name(), last.join("; "));
                self.shared.findings.broken(Check::Complete, what);
            }
        }
    }

    /// Waits until a mark says that a client has everything; what is open then is a finding.
    pub async fn settled(&self, client: &Client) {
        let until = Instant::now() + SETTLED_WITHIN;
        while Instant::now() < until && !client.incomplete().is_empty() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        for open in client.incomplete() {
            self.shared.findings.broken(Check::Complete, open);
        }
    }

    /// Tasks that have not ended, for people.
    async fn open_tasks(&self) -> Result<Vec<String>, Failure> {
        let client = self.cluster.postgres.connect().await?;
        let sql =
            "SELECT id || ' (' || kind || ', ' || status || ', node ' || coalesce(node_id, 'none') || ', rescues '
            || rescues || ')' FROM runtime.tasks WHERE finished_at IS NULL ORDER BY id";
        let rows = client.query(sql, &[]).await.map_err(|error| Failure::Other(error.to_string()))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Ends the system and makes the report; keeps the logs where a check failed.
    pub async fn finish(
        self: Arc<Self>,
        scenario: &'static str,
        expected: &[Check],
        logs: Option<PathBuf>,
    ) -> Result<Report, Failure> {
        let stage = Arc::into_inner(self)
            .ok_or_else(|| Failure::Other("something of the run still goes on at its end".to_owned()))?;
        let Self { seed, tag, cluster, shared, incidents, vitals } = stage;
        for line in cluster.panics() {
            shared.findings.broken(Check::NoPanic, line);
        }
        shared.findings.hold(Check::NoPanic, u64::try_from(cluster.nodes.len()).unwrap_or(0));
        for node in &cluster.nodes {
            let crashes = match node.crashes() {
                0 => Ok(()),
                times => Err(format!("{} ended {times} times without being asked to", node.name())),
            };
            shared.findings.see(Check::StaysUp, crashes);
        }
        let folder = std::env::temp_dir().join(format!("estafette-{scenario}-{seed}-{tag}"));
        let kept = logs.clone().unwrap_or(folder);
        // The logs of the end are wanted as well: they are copied after it, before the folder goes.
        let (bad, copied) = cluster.stop_and_keep(&kept).await;
        bad.into_iter().for_each(|what| shared.findings.broken(Check::StaysUp, what));
        let gathered = Gathered {
            scenario,
            seed,
            begin: shared.begin,
            findings: &shared.findings,
            expected,
            latencies: &shared.latencies,
            throughput: &shared.throughput,
            memory: Vec::new(),
        };
        let mut report = gathered.report();
        report.series.extend(vitals.series());
        report.timeline = incidents.spans();
        if report.passed && logs.is_none() {
            let _ = std::fs::remove_dir_all(&kept);
        } else {
            match copied {
                Ok(()) => crate::out::note(format!("the logs: {}", kept.display())),
                Err(error) => crate::out::note(format!("the logs could not be kept: {error}")),
            }
        }
        if !report.passed {
            crate::out::note(format!("seed {seed}; what broke:\n{}", incidents.lines().join("\n")));
        }
        Ok(report)
    }
}

/// A mix that goes on until it is told to stop.
pub fn going() -> Going {
    Arc::new(AtomicBool::new(true))
}

/// Tells a mix to stop.
pub fn halt(going: &Going) {
    going.store(false, Ordering::Relaxed);
}
