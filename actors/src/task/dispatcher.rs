//! The dispatcher of a node: claims queued tasks, fairly between owners and within limits, and keeps an eye on the
//! supervisors it started.
//!
//! It wakes when somebody queues a task, when a supervisor ends, and twice a second in any case: a lost signal costs
//! half a second.

use super::admit::begin_each;
use super::graph::Graph;
use super::handover;
use super::places::{Begun, Place, Places};
use super::positions;
use super::rescue::{Lost, rescue};
use super::spec::{StepSpec, TaskInfo};
use super::store::{self, TASK_COLUMNS};
use super::supervisor::{Environment, Exit, Exited, LiveSinks, Stop, TaskSupervisor};
use super::turns::CLAIM;
use crate::bus::{Bus, LocalNode, Signal};
use crate::config::RuntimeConfig;
use crate::db::{Db, DbResult, Tx};
use crate::event::{LiveEvent, TopicKey};
use crate::limits::{CLAIM_BATCH, CLAIM_EVERY, POLL_EVERY, TASKS_PER_WRITER};
use crate::mailbox::{Slot, tell};
use crate::registry::Registry;
use crate::task::limiter::Limiter;
use crate::unit;
use crate::writer::commit::CommitWriter;
use actix::prelude::*;
use estafette_protocol::{EventKind, NodeId, TaskId, Topic};
use serde_json::Value;
use std::collections::HashMap;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::types::Json;

/// Looks for the tasks of a claim whose answer was lost, one each [`POLL_EVERY`]: its commit may arrive late.
const ORPHAN_LOOKS: u8 = 10;

/// What a dispatcher works with.
#[derive(Clone)]
pub struct DispatcherSetup {
    /// The node.
    pub node: NodeId,
    /// The database.
    pub db: Db,
    /// Products and kinds.
    pub registry: Arc<Registry>,
    /// Who is told.
    pub bus: Arc<dyn Bus>,
    /// The readers of this node.
    pub local: Arc<LocalNode>,
    /// Limits.
    pub config: RuntimeConfig,
    /// The commit writers.
    pub writers: Vec<Slot<CommitWriter>>,
    /// The node's places.
    pub(crate) places: Arc<Places>,
    /// Where supervisors run.
    pub arbiters: Vec<ArbiterHandle>,
}

/// Stop claiming, let running steps end, give the tasks back. The answer comes when nothing runs here any more.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Drain;

/// How many tasks run here.
#[derive(Message)]
#[rtype(result = "usize")]
pub struct Running;

/// Tasks that began as they were accepted: their steps may begin.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Begin(pub(crate) Vec<Begun>);

/// A task that runs here.
struct Working {
    supervisor: Addr<TaskSupervisor>,
    lease: i64,
    _place: Place,
}

/// The dispatcher of a node.
pub struct Dispatcher {
    setup: DispatcherSetup,
    env: Option<Arc<Environment>>,
    running: HashMap<TaskId, Working>,
    claiming: bool,
    /// Somebody may wait.
    waiting: bool,
    claim_again: bool,
    /// When the last claim began: the next one takes what comes meanwhile.
    claimed: Option<Instant>,
    draining: bool,
    next_arbiter: usize,
    positions: bool,
    /// A claim's answer was lost: so many more looks for what it may have claimed.
    orphan_looks: u8,
    /// What nobody worked on at the last look, with its lease.
    orphans: HashMap<TaskId, i64>,
}

struct Sinks(Arc<dyn Bus>);
struct Sink(Arc<dyn Bus>, estafette_protocol::ProductId);

impl LiveSinks for Sinks {
    fn sink(&self, task: &TaskInfo) -> Arc<dyn super::context::LiveSink> {
        Arc::new(Sink(Arc::clone(&self.0), task.product.clone()))
    }
}

impl super::context::LiveSink for Sink {
    fn live(&self, topic: Topic, key: String, kind: EventKind, data: Value) {
        self.0.publish_live(LiveEvent::new(TopicKey { product: self.1.clone(), topic }, key, kind, data));
    }
}

impl Dispatcher {
    /// A dispatcher.
    pub fn new(setup: DispatcherSetup) -> Self {
        Self {
            setup,
            env: None,
            running: HashMap::new(),
            claiming: false,
            waiting: true,
            claim_again: false,
            claimed: None,
            draining: false,
            next_arbiter: 0,
            positions: false,
            orphan_looks: 0,
            orphans: HashMap::new(),
        }
    }

    fn claim(&mut self, ctx: &mut Context<Self>) {
        if self.draining {
            return;
        }
        if self.claiming {
            self.claim_again = true;
            return;
        }
        self.waiting = true;
        let free = self.setup.places.free();
        if free == 0 {
            return;
        }
        self.claiming = true;
        let early = self.claimed.and_then(|at| CLAIM_EVERY.checked_sub(at.elapsed()));
        if let Some(early) = early.filter(|early| !early.is_zero()) {
            ctx.run_later(early, |dispatcher, ctx| {
                dispatcher.claiming = false;
                dispatcher.claim(ctx);
            });
            return;
        }
        self.claimed = Some(Instant::now());
        self.claim_again = false;
        let setup = self.setup.clone();
        let limit = i64::try_from(free).unwrap_or(CLAIM_BATCH).min(CLAIM_BATCH);
        ctx.spawn(async move { claim(&setup, limit).await }.into_actor(self).map(move |claimed, dispatcher, ctx| {
            dispatcher.claiming = false;
            match claimed {
                Ok(None) => {
                    dispatcher.waiting = false;
                    if dispatcher.claim_again {
                        dispatcher.claim(ctx);
                    }
                }
                Ok(Some(claimed)) if dispatcher.draining => dispatcher.give_back(claimed, ctx),
                Ok(Some(claimed)) => {
                    let full = i64::try_from(claimed.len()).unwrap_or(0) >= limit;
                    for task in claimed {
                        dispatcher.supervise(task, ctx);
                    }
                    if full || dispatcher.claim_again {
                        dispatcher.claim(ctx);
                    }
                }
                Err(error) => {
                    if dispatcher.setup.db.gate().is_up() {
                        tracing::warn!(%error, "queued tasks could not be claimed; tried again shortly");
                    }
                    // The claim may be committed all the same, and then nobody works on those tasks.
                    if error.is_outage() {
                        dispatcher.orphan_looks = ORPHAN_LOOKS;
                    }
                }
            }
        }));
    }

    /// Claimed in the last moment: the node drains.
    fn give_back(&mut self, claimed: Vec<Begun>, ctx: &mut Context<Self>) {
        let setup = self.setup.clone();
        let work = async move {
            let ids: Vec<&str> = claimed.iter().map(|claimed| claimed.task.id.as_str()).collect();
            if let Err(error) = handover::these(&setup, &ids).await {
                tracing::warn!(%error, "claimed tasks could not be given back");
            }
        };
        ctx.spawn(work.into_actor(self));
    }

    /// Looks for tasks that are this node's by their rows and that nobody here works on.
    fn look_for_orphans(&mut self, ctx: &mut Context<Self>) {
        if self.setup.places.is_in_doubt() {
            self.orphan_looks = ORPHAN_LOOKS;
        }
        if self.orphan_looks == 0 || self.claiming || self.draining {
            return;
        }
        self.orphan_looks -= 1;
        let setup = self.setup.clone();
        let sql = "SELECT id, lease_epoch FROM runtime.tasks WHERE status = 'running' AND node_id = $1";
        let read = async move { setup.db.query(sql, &[&setup.node.as_str()]).await };
        ctx.spawn(read.into_actor(self).map(|rows, dispatcher, ctx| match rows {
            // A claim that began meanwhile is not known here yet: the look is repeated.
            Err(_) => dispatcher.orphan_looks += 1,
            Ok(_) if dispatcher.claiming => dispatcher.orphan_looks += 1,
            Ok(rows) => {
                // One that is on its way here from the call that began it is known by the next look.
                let before = std::mem::take(&mut dispatcher.orphans);
                for row in rows {
                    let (Ok(id), Ok(lease)) = (row.try_get::<_, String>(0), row.try_get(1)) else { continue };
                    let Ok(id) = TaskId::parse(id) else { continue };
                    match before.get(&id) {
                        _ if dispatcher.running.contains_key(&id) => {}
                        Some(seen) if *seen == lease => dispatcher.take_back(id, lease, ctx),
                        _ => {
                            dispatcher.orphans.insert(id, lease);
                        }
                    }
                }
            }
        }));
    }

    fn supervise(&mut self, begun: Begun, ctx: &mut Context<Self>) {
        let Begun { task, lease, graph, place: seat } = begun;
        let Some(kind) = self.setup.registry.kind(&task.product, &task.kind).cloned() else { return };
        let env = self.env.get_or_insert_with(|| {
            Arc::new(Environment {
                db: self.setup.db.clone(),
                live: Arc::new(Sinks(Arc::clone(&self.setup.bus))),
                patience: self.setup.config.patience,
                limiter: Arc::new(Limiter::new(self.setup.config.steps_per_node, self.setup.config.steps_per_owner)),
                exited: ctx.address().recipient(),
            })
        });
        let mut hasher = std::hash::DefaultHasher::new();
        task.owner.as_ref().map_or(task.id.as_str(), |owner| owner.as_str()).hash(&mut hasher);
        let writers = (self.running.len() / TASKS_PER_WRITER + 1).min(self.setup.writers.len()).max(1);
        let place = usize::try_from(hasher.finish() % writers as u64).unwrap_or(0);
        let (Some(writer), false) = (self.setup.writers.get(place).cloned(), self.setup.arbiters.is_empty()) else {
            return;
        };
        self.next_arbiter = (self.next_arbiter + 1) % self.setup.arbiters.len();
        let Some(arbiter) = self.setup.arbiters.get(self.next_arbiter) else { return };
        let id = task.id.clone();
        let supervisor = TaskSupervisor::new(Arc::clone(env), task, kind, lease, graph, writer);
        let supervisor = TaskSupervisor::start_in_arbiter(arbiter, move |_| supervisor);
        self.running.insert(id, Working { supervisor, lease, _place: seat });
        metrics::gauge!("estafette_tasks_running").set(self.running.len() as f64);
    }

    /// A supervisor is gone without having ended its task: the row says what is to be done.
    fn take_back(&mut self, task: TaskId, lease: i64, ctx: &mut Context<Self>) {
        let setup = self.setup.clone();
        let work = async move {
            while let Err(error) =
                rescue(&setup.db, &setup.registry, &setup.bus, &Lost::Task(task.as_str(), lease)).await
            {
                tracing::warn!(task.id = %task, %error, "a task could not be taken back; tried again");
                tokio::time::sleep(POLL_EVERY).await;
            }
        };
        ctx.spawn(work.into_actor(self));
    }

    fn sweep(&mut self, ctx: &mut Context<Self>) {
        let gone: Vec<(TaskId, i64)> = self
            .running
            .iter()
            .filter(|(_, work)| !work.supervisor.connected())
            .map(|(id, work)| (id.clone(), work.lease))
            .collect();
        for (task, lease) in gone {
            self.running.remove(&task);
            if !self.draining {
                self.take_back(task, lease, ctx);
            }
        }
    }

    /// Tells those who wait where they stand.
    fn announce_positions(&mut self, ctx: &mut Context<Self>) {
        if self.positions || self.draining {
            return;
        }
        self.positions = true;
        let setup = self.setup.clone();
        let work = async move {
            let (kinds, per_owner) = (setup.registry.kind_names(), setup.config.tasks_per_owner);
            positions::announce(&setup.db, &setup.local, &kinds, per_owner).await
        };
        ctx.spawn(work.into_actor(self).map(|result, dispatcher, _| {
            dispatcher.positions = false;
            if let Err(error) = result {
                tracing::debug!(%error, "queue positions could not be read");
            }
        }));
    }
}

/// How often the depth of the queue is looked up for the metrics.
const QUEUE_LOOK_EVERY: Duration = Duration::from_secs(5);

/// How many tasks wait, and for how long, by kind; kinds without any are told as 0.
async fn look_at_queue(setup: &DispatcherSetup) -> DbResult<()> {
    let kinds = setup.registry.kind_names();
    let rows = setup
        .db
        .query(
            "SELECT kinds.name, count(t.id), coalesce(extract(epoch FROM max(now() - t.queued_at)), 0)::float8
             FROM unnest($1::text[]) AS kinds (name)
             LEFT JOIN runtime.tasks t ON t.product || '/' || t.kind = kinds.name AND t.status = 'queued' GROUP BY 1",
            &[&kinds],
        )
        .await?;
    for row in rows {
        let (kind, waiting, oldest): (String, i64, f64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        metrics::gauge!("estafette_tasks_queued", "kind" => kind.clone()).set(waiting as f64);
        metrics::gauge!("estafette_tasks_oldest_seconds", "kind" => kind).set(oldest);
    }
    Ok(())
}

/// Claims tasks; none: nobody waits.
async fn claim(setup: &DispatcherSetup, limit: i64) -> DbResult<Option<Vec<Begun>>> {
    setup.db.bounded(claim_some(setup, limit)).await
}

/// A row that was claimed.
struct JustClaimed {
    row: store::TaskRow,
    /// Where no attempt of any of its steps ever began: all that there is to know of them.
    plan: Option<Vec<StepSpec>>,
    /// How long it was in the queue, in seconds.
    waited: f64,
}

fn just_claimed(row: &tokio_postgres::Row) -> DbResult<JustClaimed> {
    // A task of before there were plans has its steps as rows.
    let plan = row.try_get::<_, Option<Json<Vec<StepSpec>>>>("plan")?.map(|Json(plan)| plan);
    Ok(JustClaimed {
        row: store::task_row(row)?,
        plan: plan.filter(|plan| !plan.is_empty()),
        waited: row.try_get("waited")?,
    })
}

async fn claim_some(setup: &DispatcherSetup, limit: i64) -> DbResult<Option<Vec<Begun>>> {
    let mut reserved = setup.places.reserve(&setup.db, &setup.registry, limit).await?;
    if reserved.waiting == 0 {
        return Ok(None);
    }
    if reserved.places.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let limit = i64::try_from(reserved.places.len()).unwrap_or(limit);
    let client = setup.db.connection().await?;
    let product =
        estafette_protocol::ProductId::parse("runtime").map_err(|error| crate::DbError::Data(error.to_string()))?;
    let mut tx = Tx::planned(&client, product, Arc::clone(&setup.registry));
    let per_owner = i64::try_from(setup.config.tasks_per_owner).unwrap_or(i64::MAX);
    let rows = tx
        .query(
            &format!(
                "{CLAIM}{TASK_COLUMNS}, extract(epoch FROM now() - t.queued_at)::float8 AS waited,
                 CASE WHEN t.lease_epoch = 1 THEN t.plan END AS plan FROM claimed t"
            ),
            &[&setup.registry.kind_names(), &per_owner, &limit, &setup.node.as_str()],
        )
        .await?;
    let mut rows = rows.iter().map(just_claimed).collect::<DbResult<Vec<_>>>()?;
    // As in a group commit.
    rows.sort_by(|a, b| (&a.row.info.owner, &a.row.info.id).cmp(&(&b.row.info.owner, &b.row.info.id)));
    let begun: Vec<&str> = rows.iter().filter(|row| row.plan.is_none()).map(|row| row.row.info.id.as_str()).collect();
    let mut graphs = store::graphs(&tx, &begun).await?;
    begin_each(&mut tx, &setup.node, rows.iter().map(|claimed| (&claimed.row.info, claimed.row.rescues))).await?;
    let mut claimed = Vec::with_capacity(rows.len());
    let mut waits = Vec::with_capacity(rows.len());
    for JustClaimed { row, plan, waited } in rows {
        waits.push(waited);
        let task = row.info;
        let graph = match plan {
            Some(plan) => Graph::planned(plan.into_iter().map(Arc::new))
                .map_err(|error| crate::DbError::Data(error.to_string()))?,
            None => graphs.remove(task.id.as_str()).unwrap_or_default(),
        };
        // There are as many as were asked for at most.
        let Some(place) = reserved.places.pop() else { break };
        claimed.push(Begun { task, lease: row.lease, graph, place });
    }
    unit::announce(&setup.bus, unit::seal(&setup.db, tx).await?);
    metrics::counter!("estafette_tasks_claimed_total").increment(claimed.len() as u64);
    for (task, waited) in claimed.iter().zip(waits) {
        metrics::histogram!("estafette_tasks_wait_seconds", "kind" => task.task.kind.clone()).record(waited);
    }
    Ok(Some(claimed))
}

impl Actor for Dispatcher {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // A signal a queued task and an exit a running one: both are bounded by what is queued and what runs, and a
        // lost one is found by the look at the rows.
        ctx.set_mailbox_capacity(4096);
        ctx.run_interval(POLL_EVERY, |dispatcher, ctx| {
            dispatcher.sweep(ctx);
            dispatcher.look_for_orphans(ctx);
            dispatcher.claim(ctx);
        });
        ctx.run_interval(Duration::from_secs(1), Self::announce_positions);
        ctx.run_interval(QUEUE_LOOK_EVERY, |dispatcher, ctx| {
            let setup = dispatcher.setup.clone();
            let look = async move { look_at_queue(&setup).await };
            ctx.spawn(look.into_actor(dispatcher).map(|result, _, _| {
                if let Err(error) = result {
                    tracing::debug!(%error, "the depth of the queue could not be read");
                }
            }));
        });
        self.claim(ctx);
    }
}

impl Handler<Signal> for Dispatcher {
    type Result = ();
    fn handle(&mut self, signal: Signal, ctx: &mut Self::Context) {
        match signal {
            Signal::Queued => self.claim(ctx),
            Signal::Stopped(task) => {
                if let Some(work) = self.running.get(&task) {
                    let _gone = tell(&work.supervisor, Stop);
                }
            }
            Signal::Recheck(_) | Signal::SignedOut(..) => {}
        }
    }
}

impl Handler<Exited> for Dispatcher {
    type Result = ();
    fn handle(&mut self, exited: Exited, ctx: &mut Self::Context) {
        if self.running.get(&exited.task).is_some_and(|work| work.lease == exited.lease) {
            self.running.remove(&exited.task);
        }
        metrics::gauge!("estafette_tasks_running").set(self.running.len() as f64);
        match exited.exit {
            Exit::Ended | Exit::Fenced if self.waiting => self.claim(ctx),
            Exit::Ended | Exit::Fenced => {}
            Exit::Stopped if !self.draining => self.take_back(exited.task, exited.lease, ctx),
            Exit::Stopped => {}
        }
    }
}

impl Handler<Begin> for Dispatcher {
    type Result = ();
    fn handle(&mut self, Begin(begun): Begin, ctx: &mut Self::Context) {
        if self.draining {
            return self.give_back(begun, ctx);
        }
        for task in begun {
            self.supervise(task, ctx);
        }
    }
}

impl Handler<Running> for Dispatcher {
    type Result = usize;
    fn handle(&mut self, _: Running, _: &mut Self::Context) -> usize {
        self.running.len()
    }
}

impl Handler<Drain> for Dispatcher {
    type Result = ResponseActFuture<Self, ()>;
    fn handle(&mut self, _: Drain, _: &mut Self::Context) -> Self::Result {
        self.draining = true;
        self.setup.places.close();
        let supervisors = self.running.iter().map(|(id, work)| (id.clone(), work.supervisor.clone())).collect();
        let setup = self.setup.clone();
        Box::pin(async move { handover::drain(&setup, supervisors).await }.into_actor(self))
    }
}
