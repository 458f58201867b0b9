//! Access to Postgres: a pool for reading ([`Db`]) and the unit of work ([`Tx`]) in which a product's rows, the events
//! and the tasks of one moment are committed together.

use crate::error::DbError;
use crate::event::{NewEvent, TopicKey};
use crate::gate::Gate;
use crate::task::{NewTask, TaskInfo};
use estafette_protocol::{EventKind, ProductId, TaskId, Topic};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// What storage returns.
pub type DbResult<T> = Result<T, DbError>;

/// Parameters of a statement.
pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A pool of connections, and whether there is a database behind it. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: deadpool_postgres::Pool,
    gate: Arc<Gate>,
}

impl Db {
    /// Wraps a pool. Its size bounds the connections of this process.
    pub fn new(pool: deadpool_postgres::Pool) -> Self {
        Self { pool, gate: Arc::default() }
    }

    /// Whether the database answers. A node's runtime keeps it true; without one it is always open.
    pub const fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// A connection for several statements. Run them inside [`Db::bounded`], so that they end when the database does.
    ///
    /// # Errors
    /// [`DbError::Unavailable`]: at once while the database is away, else when there is none in the pool's time.
    pub async fn connection(&self) -> DbResult<deadpool_postgres::Client> {
        let taken = self.gate.bounded(async { Ok(self.pool.get().await?) }).await;
        self.heed(taken)
    }

    /// Runs `work` as long as the database answers: nobody waits out a frozen one.
    ///
    /// # Errors
    /// What `work` returns; [`DbError::Unavailable`] when the database went away.
    pub async fn bounded<T, E: From<DbError>>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.gate.bounded(work).await
    }

    fn heed<T>(&self, outcome: DbResult<T>) -> DbResult<T> {
        if matches!(outcome, Err(DbError::Unavailable(_))) {
            self.gate.doubt();
        }
        outcome
    }

    /// Rows of one prepared statement (prepared once per connection).
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn query(&self, sql: &str, params: Params<'_>) -> DbResult<Vec<Row>> {
        let work = async {
            let client = self.pool.get().await?;
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query(&statement, params).await?)
        };
        let done = self.bounded(work).await;
        self.heed(done)
    }

    /// One row or none.
    ///
    /// # Errors
    /// [`DbError`]; more than one row is [`DbError::Other`].
    pub async fn query_opt(&self, sql: &str, params: Params<'_>) -> DbResult<Option<Row>> {
        let work = async {
            let client = self.pool.get().await?;
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query_opt(&statement, params).await?)
        };
        let done = self.bounded(work).await;
        self.heed(done)
    }

    /// Exactly one row.
    ///
    /// # Errors
    /// [`DbError`]; another number of rows is [`DbError::Other`].
    pub async fn query_one(&self, sql: &str, params: Params<'_>) -> DbResult<Row> {
        let work = async {
            let client = self.pool.get().await?;
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query_one(&statement, params).await?)
        };
        let done = self.bounded(work).await;
        self.heed(done)
    }

    /// Runs one statement, in a transaction of its own; returns the rows it touched.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn execute(&self, sql: &str, params: Params<'_>) -> DbResult<u64> {
        let work = async {
            let client = self.pool.get().await?;
            let statement = client.prepare_cached(sql).await?;
            Ok(client.execute(&statement, params).await?)
        };
        let done = self.bounded(work).await;
        self.heed(done)
    }

    /// The pool, for what needs it whole (metrics, shutdown).
    pub const fn pool(&self) -> &deadpool_postgres::Pool {
        &self.pool
    }
}

/// A unit of work: one Postgres transaction, the events that become visible with its commit, and the tasks it starts.
///
/// Events are appended at the end, in the order of their topics, so that two units never wait for each other's topics
/// in a circle; the row lock on a topic's head, held until the commit, makes the order of `seq` the order of commits.
pub struct Tx<'a> {
    pub(crate) pg: deadpool_postgres::Transaction<'a>,
    pub(crate) product: ProductId,
    pub(crate) kinds: Arc<crate::registry::Registry>,
    pub(crate) events: Vec<NewEvent>,
    pub(crate) effects: Vec<Effect>,
}

/// What is done after the commit, on this node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Tasks wait for a claim.
    Queued,
    /// A running task was taken from its supervisor.
    Stopped(TaskId),
    /// The rights of a user changed: subscriptions are checked again.
    Recheck(estafette_protocol::UserId),
    /// A session ended: its sockets close.
    SignedOut(estafette_protocol::SessionId, String),
}

impl<'a> Tx<'a> {
    pub(crate) fn new(
        pg: deadpool_postgres::Transaction<'a>,
        product: ProductId,
        kinds: Arc<crate::registry::Registry>,
    ) -> Self {
        Self { pg, product, kinds, events: Vec::new(), effects: Vec::new() }
    }

    /// The transaction itself. Use the methods below where they fit: they keep their statements prepared.
    pub const fn pg(&self) -> &deadpool_postgres::Transaction<'a> {
        &self.pg
    }

    /// The product whose topics [`Tx::emit`] writes to.
    pub const fn product(&self) -> &ProductId {
        &self.product
    }

    /// Rows of one prepared statement.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn query(&self, sql: &str, params: Params<'_>) -> DbResult<Vec<Row>> {
        let statement = self.pg.prepare_cached(sql).await?;
        Ok(self.pg.query(&statement, params).await?)
    }

    /// One row or none.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn query_opt(&self, sql: &str, params: Params<'_>) -> DbResult<Option<Row>> {
        let statement = self.pg.prepare_cached(sql).await?;
        Ok(self.pg.query_opt(&statement, params).await?)
    }

    /// Exactly one row.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn query_one(&self, sql: &str, params: Params<'_>) -> DbResult<Row> {
        let statement = self.pg.prepare_cached(sql).await?;
        Ok(self.pg.query_one(&statement, params).await?)
    }

    /// Runs one statement; returns the rows it touched.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn execute(&self, sql: &str, params: Params<'_>) -> DbResult<u64> {
        let statement = self.pg.prepare_cached(sql).await?;
        Ok(self.pg.execute(&statement, params).await?)
    }

    /// Emits a durable event of this unit's product; it gets its `seq` at the commit.
    ///
    /// # Errors
    /// [`DbError::Data`] when `kind` is not an event kind or `data` cannot be encoded: a defect of the caller.
    pub fn emit(&mut self, topic: &Topic, kind: &str, data: &impl Serialize) -> DbResult<()> {
        let kind = EventKind::parse(kind).map_err(|error| DbError::Data(error.to_string()))?;
        let data = serde_json::to_value(data).map_err(|error| DbError::Data(error.to_string()))?;
        self.emit_value(topic.clone(), kind, data);
        Ok(())
    }

    pub(crate) fn emit_value(&mut self, topic: Topic, kind: EventKind, data: Value) {
        self.events.push(NewEvent { key: TopicKey { product: self.product.clone(), topic }, kind, data });
    }

    /// Starts a task: its rows, its steps and its `task.queued` events are part of this unit.
    ///
    /// # Errors
    /// [`DbError::Constraint`] `tasks_pkey` when the id exists; [`DbError::Data`] when the kind is unknown or refuses
    /// the input.
    pub async fn enqueue(&mut self, task: NewTask) -> DbResult<TaskInfo> {
        crate::task::admit::enqueue(self, task).await
    }

    /// Cancels a task in this unit: whoever runs it is fenced off from now on.
    ///
    /// # Errors
    /// `not_found` when there is no such task, `conflict` when it has ended.
    pub async fn cancel_task(&mut self, id: &TaskId) -> Result<(), crate::error::CallError> {
        crate::task::admit::cancel(self, id).await
    }

    /// Queues a failed task again (or a completed one with failed groups): failed and cancelled steps run again,
    /// completed ones do not.
    ///
    /// # Errors
    /// `not_found`; `conflict` when nothing of it failed; whatever [`crate::task::TaskKind::on_retried`] refuses.
    pub async fn retry_task(&mut self, id: &TaskId) -> Result<(), crate::error::CallError> {
        crate::task::admit::retry(self, id).await
    }

    /// After the commit, subscriptions of a user are authorised again; those not allowed any more end with `revoked`.
    pub fn recheck_subscriptions(&mut self, user: estafette_protocol::UserId) {
        self.effects.push(Effect::Recheck(user));
    }

    /// After the commit, the sockets of a session are closed with 4401.
    pub fn end_session(&mut self, session: estafette_protocol::SessionId, reason: impl Into<String>) {
        self.effects.push(Effect::SignedOut(session, reason.into()));
    }
}
