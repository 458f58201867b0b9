//! The places of a node: so many tasks does it work on at the same time. A task that is accepted while more are free than
//! tasks wait for one begins in the transaction that accepts it: it needs no claim.

use super::dispatcher::{Begin, Dispatcher};
use super::graph::Graph;
use super::spec::TaskInfo;
use crate::config::RuntimeConfig;
use crate::db::{Db, DbResult, Tx};
use crate::mailbox::tell;
use crate::registry::Registry;
use actix::Addr;
use estafette_protocol::NodeId;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A task's place; given back when dropped.
pub(crate) type Place = OwnedSemaphorePermit;

/// A task that this node works on from now on.
pub(crate) struct Begun {
    pub(crate) task: TaskInfo,
    pub(crate) lease: i64,
    pub(crate) graph: Graph,
    pub(crate) place: Place,
}

/// How many tasks wait of the kinds that this version knows (`$1`), counted up to `$2`.
macro_rules! waiting {
    () => {
        "SELECT count(*) FROM (SELECT FROM runtime.tasks q
                               WHERE q.status = 'queued' AND q.product || '/' || q.kind = ANY($1) LIMIT $2) AS waiting"
    };
}

/// Whose turn it would be if tasks of these owners (`$3` products, `$4` owners, devices or tasks) were accepted now: how
/// many tasks of each run or wait, and how many wait in all.
const STANDING: &str = concat!(
    "SELECT o.product, o.who,
       (SELECT count(*) FROM runtime.tasks r
        WHERE r.status = 'running' AND r.product = o.product AND coalesce(r.owner, r.device, r.id) = o.who)
       + (SELECT count(*) FROM runtime.tasks r
          WHERE r.status = 'queued' AND r.product = o.product AND coalesce(r.owner, r.device, r.id) = o.who),
       (",
    waiting!(),
    ") FROM unnest($3::text[], $4::text[]) AS o (product, who)"
);

/// The places of a node.
pub(crate) struct Places {
    node: NodeId,
    free: Arc<Semaphore>,
    all: usize,
    /// Beside other nodes: as long as fewer tasks run here, one may begin at once. Beyond it, it would wait for others'
    /// steps, while another node may be idle.
    shared: usize,
    /// There is no other node.
    alone: AtomicBool,
    per_owner: i64,
    /// So many places a claim holds for tasks that wait.
    reserved: AtomicUsize,
    dispatcher: OnceLock<Addr<Dispatcher>>,
    /// A task may be this node's by its row, and nobody may work on it.
    doubt: AtomicBool,
}

/// Who may begin at once: how many more tasks of each owner, and in all.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    owners: HashMap<(String, String), i64>,
    room: usize,
}

/// Whose limit a task counts for.
fn who(task: &TaskInfo) -> &str {
    let device = || task.device.as_ref().map(|device| device.as_str());
    task.owner.as_ref().map(|owner| owner.as_str()).or_else(device).unwrap_or(task.id.as_str())
}

impl Places {
    pub(crate) fn new(node: NodeId, config: &RuntimeConfig) -> Self {
        Self {
            node,
            free: Arc::new(Semaphore::new(config.tasks_per_node)),
            all: config.tasks_per_node,
            shared: config.steps_per_node,
            alone: AtomicBool::new(false),
            per_owner: i64::try_from(config.tasks_per_owner).unwrap_or(i64::MAX),
            reserved: AtomicUsize::new(0),
            dispatcher: OnceLock::new(),
            doubt: AtomicBool::new(false),
        }
    }

    /// Who works on what begins at once: said once, before anything does.
    pub(crate) fn serve(&self, dispatcher: Addr<Dispatcher>) {
        let _first = self.dispatcher.set(dispatcher);
    }

    /// Nothing begins here any more.
    pub(crate) fn close(&self) {
        self.free.close();
    }

    /// How many places are free.
    pub(crate) fn free(&self) -> usize {
        if self.free.is_closed() { 0 } else { self.free.available_permits() }
    }

    /// A free place.
    pub(crate) fn take(&self) -> Option<Place> {
        Arc::clone(&self.free).try_acquire_owned().ok()
    }

    /// Somebody cannot say what became of tasks that were to begin: the dispatcher looks for them.
    pub(crate) fn doubt(&self) {
        self.doubt.store(true, Ordering::Release);
    }

    /// Whether somebody could not say, since this was asked before.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.doubt.swap(false, Ordering::AcqRel)
    }

    /// How many tasks may begin at once.
    fn room(&self) -> usize {
        let free = self.free();
        if self.alone.load(Ordering::Relaxed) {
            return free;
        }
        self.shared.saturating_sub(self.all.saturating_sub(free)).min(free)
    }

    /// Whether there is no other node that could take a task.
    pub(crate) fn set_alone(&self, alone: bool) {
        self.alone.store(alone, Ordering::Relaxed);
    }

    /// Looks who of the owners of `tasks` may begin at once. Whoever waits keeps a place: nobody passes a task that waits for
    /// one, nor a task of the same owner. Nobody may where other nodes may have more room: then whichever node is first
    /// takes the task from the queue.
    ///
    /// # Errors
    /// [`crate::DbError`].
    pub(crate) async fn standing(&self, tx: &Tx<'_>, registry: &Registry, tasks: &[TaskInfo]) -> DbResult<Standing> {
        // Both of one moment: a place that a claim holds is not free.
        let (room, reserved) = (self.room(), self.reserved.load(Ordering::Acquire));
        if tasks.is_empty() || room == 0 || self.dispatcher.get().is_none() {
            return Ok(Standing::default());
        }
        let owners: BTreeMap<(&str, &str), ()> =
            tasks.iter().map(|task| ((task.product.as_str(), who(task)), ())).collect();
        let (products, owners): (Vec<&str>, Vec<&str>) = owners.into_keys().unzip();
        let most = i64::try_from(room + reserved).unwrap_or(i64::MAX);
        let rows = tx.query(STANDING, &[&registry.kind_names(), &most, &products, &owners]).await?;
        let mut left = HashMap::with_capacity(rows.len());
        let mut waiting: i64 = 0;
        for row in &rows {
            left.insert((row.try_get(0)?, row.try_get(1)?), self.per_owner - row.try_get::<_, i64>(2)?);
            waiting = row.try_get(3)?;
        }
        let waiting = usize::try_from(waiting).unwrap_or(room);
        Ok(Standing { owners: left, room: room.saturating_sub(waiting.saturating_sub(reserved)) })
    }

    /// Free places for tasks that wait, one each, and not more than that: whoever comes meanwhile finds the others free.
    ///
    /// # Errors
    /// [`crate::DbError`].
    pub(crate) async fn reserve(&self, db: &Db, registry: &Registry, most: i64) -> DbResult<Reserved<'_>> {
        let waiting: i64 = db.query_one(waiting!(), &[&registry.kind_names(), &most]).await?.try_get(0)?;
        let waiting = usize::try_from(waiting).unwrap_or(0);
        let places: Vec<Place> = std::iter::from_fn(|| self.take()).take(waiting).collect();
        self.reserved.store(places.len(), Ordering::Release);
        Ok(Reserved { of: self, waiting, places })
    }

    /// Begins those of the tasks that the unit accepts whose turn it is. They are to be handed over once that is committed.
    ///
    /// # Errors
    /// [`crate::DbError`] of the hooks of their kinds.
    pub(crate) async fn begin(&self, tx: &mut Tx<'_>, mut standing: Standing) -> DbResult<Beginning<'_>> {
        let turn = |task: &TaskInfo| {
            let left = standing.owners.get_mut(&(task.product.to_string(), who(task).to_owned()))?;
            let place = (*left > 0 && standing.room > 0).then(|| self.take()).flatten()?;
            *left -= 1;
            standing.room -= 1;
            Some(place)
        };
        let begun = super::admit::begin_accepted(tx, &self.node, turn).await?;
        Ok(Beginning { places: self, begun })
    }
}

/// Places that a claim holds. The node claims once at a time.
pub(crate) struct Reserved<'a> {
    of: &'a Places,
    /// How many tasks wait, counted up to what was asked for.
    pub(crate) waiting: usize,
    pub(crate) places: Vec<Place>,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.of.reserved.store(0, Ordering::Release);
    }
}

/// Tasks that begin with a unit of work. If nobody hears what became of it, the node looks for them.
pub(crate) struct Beginning<'a> {
    places: &'a Places,
    begun: Vec<Begun>,
}

impl Beginning<'_> {
    /// The unit is committed: their steps may begin.
    pub(crate) fn hand_over(mut self) {
        let begun = std::mem::take(&mut self.begun);
        if begun.is_empty() {
            return;
        }
        metrics::counter!("estafette_tasks_begun_at_once_total").increment(begun.len() as u64);
        for Begun { task, .. } in &begun {
            metrics::histogram!("estafette_tasks_wait_seconds", "kind" => task.kind.clone()).record(0.0);
        }
        if self.places.dispatcher.get().is_none_or(|dispatcher| tell(dispatcher, Begin(begun)).is_err()) {
            self.places.doubt();
        }
    }

    /// The unit was refused: nothing of it is there.
    pub(crate) fn forget(mut self) {
        self.begun.clear();
    }
}

impl Drop for Beginning<'_> {
    fn drop(&mut self) {
        if !self.begun.is_empty() {
            self.places.doubt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use estafette_protocol::{ProductId, TaskId};

    fn places(config: &RuntimeConfig) -> Places {
        Places::new(NodeId::parse("n-test").unwrap(), config)
    }

    fn begun(places: &Places) -> Begun {
        let task = TaskInfo {
            id: TaskId::parse("t1").unwrap(),
            product: ProductId::parse("toy").unwrap(),
            kind: "chain".to_owned(),
            owner: None,
            device: None,
            input: serde_json::Value::Null,
            attempt: 1,
            event: serde_json::Map::new(),
            trace: None,
        };
        Begun { task, lease: 1, graph: Graph::default(), place: places.take().unwrap() }
    }

    #[test]
    fn beside_other_nodes_no_more_begin_at_once_than_steps_may_run() {
        let places = places(&RuntimeConfig { tasks_per_node: 4, steps_per_node: 2, ..RuntimeConfig::default() });
        assert_eq!(places.room(), 2, "nobody has looked for other nodes");
        let one = places.take().unwrap();
        assert_eq!((places.room(), places.free()), (1, 3));
        places.set_alone(true);
        assert_eq!(places.room(), 3);
        drop(one);
        assert_eq!(places.room(), 4);
        places.close();
        assert_eq!((places.room(), places.free()), (0, 0), "the node drains");
        assert!(places.take().is_none());
    }

    #[test]
    fn what_nobody_heard_the_end_of_is_looked_for() {
        let places = places(&RuntimeConfig::default());
        drop(Beginning { places: &places, begun: Vec::new() });
        Beginning { places: &places, begun: vec![begun(&places)] }.forget();
        assert!(!places.is_in_doubt(), "nothing began");
        drop(Beginning { places: &places, begun: vec![begun(&places)] });
        assert!(places.is_in_doubt());
        assert!(!places.is_in_doubt(), "it was asked for");
        Beginning { places: &places, begun: vec![begun(&places)] }.hand_over();
        assert!(places.is_in_doubt(), "nobody took it");
        assert_eq!(places.free(), RuntimeConfig::default().tasks_per_node, "nothing keeps its place");
    }
}
