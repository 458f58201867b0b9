//! The runtime as a value: started once a process (or several times in a test), cheap to clone.

use crate::bus::{Bus, BusHealth, InProcess, LocalNode, RedisBus, RedisOptions};
use crate::canary::{Canary, Delivery, Rest, Watch};
use crate::census::Census;
use crate::config::RuntimeConfig;
use crate::db::{BulkRow, Column, Db, Tx, column};
use crate::error::{CallError, DbError};
use crate::event::{LiveEvent, TopicKey};
use crate::identity::{Authenticator, Identity};
use crate::journal::{ConnectionLog, Note};
use crate::limits::{CALLS_END, CATCH_UP_SHARE, CLOSE_TIMEOUT, DRAIN_GRACE, FLUSH_END, TX_ATTEMPTS};
use crate::mailbox::{Slot, tell};
use crate::node::{self, Depart, Node};
use crate::notices::Notices;
use crate::probe::{Halt, Probe};
use crate::product::{CallCtx, Product};
use crate::registry::Registry;
use crate::session::admission::Admission;
use crate::session::follow::Follower;
use crate::session::reads::Reads;
use crate::session::registry::Sessions;
use crate::task::dispatcher::{Dispatcher, DispatcherSetup, Drain, Running};
use crate::task::places::Places;
use crate::unit;
use crate::writer::add::{self, Add, AddWork, AddWriter, Added};
use crate::writer::batch::Flushable;
use crate::writer::batch::Recorder;
use actix::prelude::*;
use estafette_protocol::task::TaskStatus;
use estafette_protocol::{EventKind, IdempotencyKey, NodeId, ProductId, TaskId, Topic, UserId};
use parking_lot::RwLock;
use rand::RngExt as _;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tracing::Instrument as _;

/// The runtime.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

struct Inner {
    id: NodeId,
    db: Db,
    registry: Arc<Registry>,
    bus: Arc<dyn Bus>,
    local: Arc<LocalNode>,
    config: RuntimeConfig,
    authenticator: Option<Arc<dyn Authenticator>>,
    sessions: Arc<Sessions>,
    catch_up: Arc<Semaphore>,
    reads: HashMap<ProductId, Reads>,
    node: Addr<Node>,
    canary: Addr<Canary>,
    watch: Arc<Watch>,
    probe: Addr<Probe>,
    journal: Option<Recorder<Note>>,
    _census: Addr<Census>,
    dispatcher: Addr<Dispatcher>,
    adder: Slot<AddWriter>,
    arbiters: Vec<Arbiter>,
    draining: AtomicBool,
    calls: AtomicUsize,
    admission: Admission,
    flushables: RwLock<Vec<Arc<dyn Flushable>>>,
}

/// Puts a runtime together.
pub struct RuntimeBuilder {
    db: Db,
    registry: Registry,
    config: RuntimeConfig,
    authenticator: Option<Arc<dyn Authenticator>>,
    redis: Option<RedisOptions>,
}

impl RuntimeBuilder {
    /// Adds a product.
    #[must_use]
    pub fn product(mut self, product: Arc<dyn Product>) -> Self {
        self.registry.add(product);
        self
    }

    /// Who checks access tokens. Without it no socket gets past `hello`.
    #[must_use]
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.authenticator = Some(authenticator);
        self
    }

    /// Limits and intervals.
    #[must_use]
    pub fn config(mut self, config: RuntimeConfig) -> Self {
        self.config = config;
        self
    }

    /// The Redis over which nodes tell each other. Without it there is one node, or several that meet in the log only:
    /// correct, and up to a second slower.
    #[must_use]
    pub fn redis(mut self, redis: Option<RedisOptions>) -> Self {
        self.redis = redis;
        self
    }

    /// Starts the node's actors on the current actix system: the node and its lock, the commit writers, the dispatcher.
    ///
    /// # Errors
    /// [`DbError`] when the database does not answer.
    pub async fn start(self) -> Result<Runtime, DbError> {
        let Self { db, registry, config, authenticator, redis } = self;
        let registry = Arc::new(registry);
        let name = format!("n-{}", estafette_protocol::ids::new_cuid2());
        let id = NodeId::parse(&name).map_err(|error| DbError::Data(error.to_string()))?;
        let local = Arc::new(LocalNode::default());
        let bus: Arc<dyn Bus> = match redis {
            Some(options) => Arc::new(RedisBus::start(options, Arc::clone(&local))),
            None => Arc::new(InProcess::new(Arc::clone(&local))),
        };
        let writers = node::start_writers(&db, &registry, &bus);
        let places = Arc::new(Places::new(id.clone(), &config));
        let adder = Slot::new(node::start_adder(&db, &registry, &bus, &places));
        let lock_key: i64 = rand::rng().random();
        let lock = node::take_lock(&db, &id, lock_key).await?;
        let arbiters: Vec<Arbiter> = (0..config.task_threads.max(1)).map(|_| Arbiter::new()).collect();
        let node = Node {
            id: id.clone(),
            lock_key,
            db: db.clone(),
            registry: Arc::clone(&registry),
            bus: Arc::clone(&bus),
            config: config.clone(),
            writers: writers.clone(),
            adder: adder.clone(),
            places: Arc::clone(&places),
            lock: Some(lock),
            steady: node::Steady::default(),
            heard: std::time::Instant::now(),
            beating: None,
            rescuing: false,
            trimming: false,
            analyzing: false,
            leaving: false,
        }
        .start();
        let dispatcher = Dispatcher::new(DispatcherSetup {
            node: id.clone(),
            db: db.clone(),
            registry: Arc::clone(&registry),
            bus: Arc::clone(&bus),
            local: Arc::clone(&local),
            config: config.clone(),
            writers,
            places: Arc::clone(&places),
            arbiters: arbiters.iter().map(Arbiter::handle).collect(),
        })
        .start();
        places.serve(dispatcher.clone());
        local.add_listener(dispatcher.clone().recipient());
        let watch = Watch::new(&id);
        let canary =
            Canary::new(id.clone(), db.clone(), Arc::clone(&bus), Arc::clone(&local), Arc::clone(&watch))?.start();
        let sessions = Arc::new(Sessions::default());
        local.add_listener(crate::session::registry::Listener::new(Arc::clone(&sessions)).start().recipient());
        Notices::new(db.clone(), Arc::clone(&local)).start();
        let probe = Probe::new(db.clone(), Arc::clone(&sessions), config.probe_limit, config.heartbeat).start();
        let journal = (!config.journal.is_zero()).then(|| Recorder::<Note>::start(db.clone()));
        let census = Census {
            id: id.clone(),
            db: db.clone(),
            sessions: Arc::clone(&sessions),
            dispatcher: dispatcher.clone(),
            telling: false,
        }
        .start();
        let turns = (db.pool().status().max_size / CATCH_UP_SHARE).max(1);
        let admission = Admission::new(config.admission);
        let reads = registry.products().map(|(product, _)| (product.clone(), Reads::default())).collect();
        let inner = Inner {
            id,
            db,
            registry,
            bus,
            local,
            config,
            authenticator,
            sessions,
            catch_up: Arc::new(Semaphore::new(turns)),
            reads,
            node,
            canary,
            watch,
            probe,
            journal: journal.clone(),
            _census: census,
            dispatcher,
            adder,
            arbiters,
            draining: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
            admission,
            flushables: RwLock::default(),
        };
        let runtime = Runtime { inner: Arc::new(inner) };
        if let Some(journal) = journal {
            runtime.flush_at_drain(Arc::new(journal));
        }
        Ok(runtime)
    }
}

impl Runtime {
    /// Starts to put a runtime together.
    pub fn builder(db: Db) -> RuntimeBuilder {
        RuntimeBuilder {
            db,
            registry: Registry::default(),
            config: RuntimeConfig::default(),
            authenticator: None,
            redis: None,
        }
    }

    /// This node.
    pub fn node_id(&self) -> &NodeId {
        &self.inner.id
    }

    /// For reading.
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    /// Limits and intervals.
    pub fn config(&self) -> &RuntimeConfig {
        &self.inner.config
    }

    /// How the bus to other nodes is.
    pub fn bus_health(&self) -> BusHealth {
        self.inner.bus.health()
    }

    /// How committed events reach the readers of this node.
    pub fn delivery(&self) -> Delivery {
        self.inner.watch.delivery()
    }

    pub(crate) fn bus(&self) -> &Arc<dyn Bus> {
        &self.inner.bus
    }

    pub(crate) fn local(&self) -> &Arc<LocalNode> {
        &self.inner.local
    }

    pub(crate) fn sessions(&self) -> &Arc<Sessions> {
        &self.inner.sessions
    }

    /// The door for connections.
    pub fn admission(&self) -> &Admission {
        &self.inner.admission
    }

    pub(crate) fn authenticator(&self) -> Option<&Arc<dyn Authenticator>> {
        self.inner.authenticator.as_ref()
    }

    pub(crate) fn catch_up(&self) -> &Arc<Semaphore> {
        &self.inner.catch_up
    }

    pub(crate) fn reads(&self, product: &ProductId) -> Option<&Reads> {
        self.inner.reads.get(product)
    }

    pub(crate) fn product(&self, id: &ProductId) -> Result<Arc<dyn Product>, CallError> {
        self.inner
            .registry
            .product(id)
            .cloned()
            .ok_or_else(|| CallError::not_found(format!("this server has no product `{id}`")))
    }

    /// Registers what is flushed when the node drains.
    pub fn flush_at_drain(&self, flushable: Arc<dyn Flushable>) {
        self.inner.flushables.write().push(flushable);
    }

    /// Publishes a volatile event of a product.
    pub fn live(&self, product: &ProductId, topic: Topic, key: &str, kind: &str, data: &impl Serialize) {
        let (Ok(kind), Ok(data)) = (EventKind::parse(kind), serde_json::to_value(data)) else {
            tracing::error!(kind, "a volatile event that cannot be encoded");
            return;
        };
        let key_of = TopicKey { product: product.clone(), topic };
        self.inner.bus.publish_live(LiveEvent::new(key_of, key.to_owned(), kind, data));
    }

    /// Whether the node drains: no new calls that start work, no new sockets.
    pub fn is_draining(&self) -> bool {
        self.inner.draining.load(Ordering::Acquire)
    }

    /// Handles a call of `who` by HTTP.
    ///
    /// # Errors
    /// Whatever the product refuses.
    pub async fn call(
        &self,
        who: Identity,
        method: &str,
        params: Value,
        key: Option<IdempotencyKey>,
    ) -> Result<Value, CallError> {
        self.call_from(who, method, params, key, None).await
    }

    /// Handles a call of `who`, perhaps of a connection that follows what it starts: the one way in, for sockets and for
    /// HTTP routes.
    ///
    /// # Errors
    /// Whatever the product refuses.
    pub(crate) async fn call_from(
        &self,
        who: Identity,
        method: &str,
        params: Value,
        key: Option<IdempotencyKey>,
        follower: Option<Arc<Follower>>,
    ) -> Result<Value, CallError> {
        let product = self.product(&who.product)?;
        let params_hash = hex::encode(Sha256::digest(params.to_string()));
        let ctx = CallCtx { who, runtime: self.clone(), key, method: method.to_owned(), params_hash, follower };
        let began = std::time::Instant::now();
        let _under_way = UnderWay::begin(&self.inner.calls);
        let span = tracing::info_span!("call", otel.name = %format_args!("call {method}"), method, user.id = %ctx.who.user, session.id = %ctx.who.session);
        let result = product.call(ctx, method, params).instrument(span).await;
        let outcome = result.as_ref().map_or_else(|error| error.code.as_str(), |_| "ok");
        metrics::histogram!("estafette_call_seconds", "outcome" => outcome).record(began.elapsed().as_secs_f64());
        result
    }

    /// A unit of work that nobody called for: sign-up, sweeps, webhooks. Runs again when it loses a race.
    ///
    /// # Errors
    /// What `work` returns; `unavailable` when the database does not answer.
    pub async fn transaction<T, F>(&self, product: &ProductId, work: F) -> Result<T, CallError>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T, CallError>,
    {
        self.transaction_of(product, None, work).await
    }

    /// The same, perhaps of a call.
    async fn transaction_of<T, F>(&self, product: &ProductId, call: Option<&CallCtx>, work: F) -> Result<T, CallError>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T, CallError>,
    {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.try_transaction(product, call, &work).await {
                Err(Attempt::Lost(cause)) if attempt < TX_ATTEMPTS => {
                    tracing::debug!(attempt, cause, "a transaction lost a race and runs again");
                    let pause = rand::rng().random_range(0..20 * u64::from(attempt));
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                Err(Attempt::Lost(cause)) => return Err(DbError::Retry(cause).into()),
                Err(Attempt::Refused(error)) => return Err(error),
                Ok(value) => return Ok(value),
            }
        }
    }

    async fn try_transaction<T, F>(&self, product: &ProductId, call: Option<&CallCtx>, work: &F) -> Result<T, Attempt>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T, CallError>,
    {
        let db = &self.inner.db;
        let client = db.connection().await?;
        let (product, registry) = (product.clone(), Arc::clone(&self.inner.registry));
        let mut tx = match call {
            None => Tx::new(&client, product, registry),
            Some(_) => Tx::planned(&client, product, registry),
        };
        tx.follower = call.and_then(|call| call.follower.clone());
        let value = match db.bounded(work(&mut tx)).await {
            Ok(value) => value,
            // A statement's lost race comes back through the caller's own error as `unavailable` (see `From<DbError>`).
            Err(error) if error.is_lost_race() => return Err(Attempt::Lost(error.message)),
            Err(error) => return Err(Attempt::Refused(error)),
        };
        // The commit may not be let go without a word: whoever waits for it is told that its outcome is not known.
        unit::announce(&self.inner.bus, unit::seal(db, tx).await?);
        Ok(value)
    }

    /// Writes what a call adds, together with what other calls add at the same time.
    pub(crate) async fn add(&self, ctx: &CallCtx, work: Arc<AddWork>) -> Result<Value, CallError> {
        self.inner.db.gate().pass()?;
        let (answer, outcome) = tokio::sync::oneshot::channel();
        let add = Add {
            product: ctx.who.product.clone(),
            user: ctx.who.user.clone(),
            method: ctx.method.clone(),
            params_hash: ctx.params_hash.clone(),
            key: ctx.key.clone(),
            follower: ctx.follower.clone(),
            work: Arc::clone(&work),
            answer,
            span: tracing::Span::current(),
        };
        if tell(&self.inner.adder.get(), add).is_err() {
            return Err(CallError::unavailable("the node is busy", add::FULL_RETRY));
        }
        match outcome.await {
            Ok(Added::Done(value)) => Ok(value),
            Ok(Added::Refused(error)) => Err(error),
            Ok(Added::Known) => self.keyed_transaction(ctx, async |tx: &mut Tx<'_>| work(tx)).await,
            Err(_stopped) => Err(DbError::Unanswered("the writer was started again".to_owned()).into()),
        }
    }

    pub(crate) async fn keyed_transaction<F>(&self, ctx: &CallCtx, work: F) -> Result<Value, CallError>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<Value, CallError>,
    {
        let Some(key) = &ctx.key else {
            return self.transaction_of(&ctx.who.product, Some(ctx), work).await;
        };
        self.transaction_of(&ctx.who.product, Some(ctx), async |tx: &mut Tx<'_>| {
            // The row is the lock: a repetition that comes while the first one runs waits here for its end.
            let (product, user) = (ctx.who.product.as_str(), ctx.who.user.as_str());
            let fresh = tx
                .execute(
                    "INSERT INTO runtime.calls (product, user_id, key, method, params_hash) VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT DO NOTHING",
                    &[&product, &user, &key.as_str(), &ctx.method, &ctx.params_hash],
                )
                .await?;
            if fresh == 0 {
                let row = tx
                    .query_one(
                        "SELECT method, params_hash, result FROM runtime.calls WHERE product = $1 AND user_id = $2 AND key = $3",
                        &[&product, &user, &key.as_str()],
                    )
                    .await?;
                let (method, hash): (String, String) = (row.try_get(0)?, row.try_get(1)?);
                if method != ctx.method || hash != ctx.params_hash {
                    return Err(CallError::conflict("this idempotency key was used for another call: use a new one"));
                }
                return Ok(row.try_get::<_, Option<Value>>(2)?.unwrap_or(Value::Null));
            }
            let result = work(tx).await?;
            tx.put(CallResult {
                product: ctx.who.product.clone(),
                user: ctx.who.user.clone(),
                key: key.clone(),
                result: result.clone(),
            });
            Ok(result)
        })
        .await
    }

    /// How a task stands; `None` when there is no such task.
    ///
    /// # Errors
    /// [`DbError`] when the database does not answer.
    pub async fn task_status(&self, id: &TaskId) -> Result<Option<TaskStatus>, DbError> {
        let row = self.inner.db.query_opt("SELECT status FROM runtime.tasks WHERE id = $1", &[&id.as_str()]).await?;
        let Some(row) = row else { return Ok(None) };
        row.try_get::<_, &str>(0)?.parse().map(Some).map_err(|error| DbError::Data(format!("{error}")))
    }

    /// Where a connection of `who` notes what happens to it.
    pub(crate) fn connection_log(&self, who: &Identity) -> ConnectionLog {
        ConnectionLog::new(self.inner.journal.clone(), who, self.inner.id.clone())
    }

    /// Brings the metrics about what is waiting up to date: called by whoever is about to collect them.
    pub fn report(&self) {
        crate::stats::report(&self.inner.sessions);
    }

    /// How many tasks run on this node.
    pub async fn running_tasks(&self) -> usize {
        self.inner.dispatcher.send(Running).await.unwrap_or(0)
    }

    /// Waits until every call is answered, but not longer than `limit`.
    async fn calls_ended(&self, limit: Duration) {
        let deadline = tokio::time::Instant::now() + limit;
        while self.inner.calls.load(Ordering::Acquire) > 0 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Leaves in good order: no new claims, clients told when to come back (spread over `spread`), running steps given
    /// their time, tasks handed over, writers flushed, the node's row removed.
    pub async fn drain(&self, spread: Duration) {
        if self.inner.draining.swap(true, Ordering::AcqRel) {
            return;
        }
        tracing::info!("the node drains");
        let _resting = self.inner.canary.send(Rest).await;
        self.inner.sessions.drain(spread);
        // Clients leave in their time, and are served meanwhile; tasks are handed over at the same time.
        let sockets = self.inner.sessions.emptied(spread + DRAIN_GRACE);
        let (_stopped, ()) = tokio::join!(self.inner.dispatcher.send(Drain), sockets);
        self.calls_ended(CALLS_END).await;
        let flushables: Vec<Arc<dyn Flushable>> = self.inner.flushables.read().clone();
        for flushable in flushables {
            if tokio::time::timeout(FLUSH_END, flushable.flush()).await.is_err() {
                tracing::warn!("observations could not be written in time and are lost: the database is away");
            }
        }
        self.inner.sessions.close_all();
        self.inner.sessions.emptied(CLOSE_TIMEOUT).await;
        let _stopped = self.inner.node.send(Depart).await;
        let _stopped = self.inner.probe.send(Halt).await;
        self.inner.bus.close().await;
        for arbiter in &self.inner.arbiters {
            arbiter.stop();
        }
        tracing::info!("the node has left");
    }
}

/// What a call with a key returned, for its repetition.
struct CallResult {
    product: ProductId,
    user: UserId,
    key: IdempotencyKey,
    result: Value,
}

impl BulkRow for CallResult {
    const SQL: &'static str = "UPDATE runtime.calls c SET result = x.result
        FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[]) AS x (product, user_id, key, result)
        WHERE c.product = x.product AND c.user_id = x.user_id AND c.key = x.key";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.product.as_str()),
            column(rows, |row| row.user.as_str()),
            column(rows, |row| row.key.as_str()),
            column(rows, |row| &row.result),
        ]
    }
}

/// A call that has not been answered yet; a handler that panics counts as answered.
struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    fn begin(calls: &'a AtomicUsize) -> Self {
        calls.fetch_add(1, Ordering::AcqRel);
        Self(calls)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How one run of a unit of work went wrong.
enum Attempt {
    Lost(String),
    Refused(CallError),
}

impl From<DbError> for Attempt {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Retry(cause) => Self::Lost(cause),
            other => Self::Refused(other.into()),
        }
    }
}
