//! The unit of work. Its statements are sent as early and waited for as late as they can be: rows that are only added
//! wait until somebody asks a question or the unit ends (those that no question looks at, always until it ends), and what
//! is sent together (the beginning, those rows, the question or the end) is one round trip to Postgres.

mod rounds;

use super::gather::{BulkRow, Column, Param, RowSet, Waiting};
use super::{DbResult, Params};
use crate::error::DbError;
use crate::event::{NewEvent, TopicKey};
use crate::registry::Registry;
use crate::session::follow::{Followed, Follower};
use crate::task::{NewTask, TaskInfo};
use estafette_protocol::{EventKind, ProductId, TaskId, Topic};
use futures_util::FutureExt as _;
use serde::Serialize;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

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

/// What a unit of work adds without asking anything: rows, events, tasks. By itself it is a unit that can be written
/// together with others (see [`crate::CallCtx::add`]).
pub struct Additions {
    pub(crate) product: ProductId,
    pub(crate) kinds: Arc<Registry>,
    pub(crate) events: Vec<NewEvent>,
    pub(crate) effects: Vec<Effect>,
    /// The connection that follows the first task that the unit starts.
    pub(crate) follower: Option<Arc<Follower>>,
    pub(crate) followed: Vec<Followed>,
    rows: RefCell<Waiting>,
}

impl Additions {
    pub(crate) fn new(product: ProductId, kinds: Arc<Registry>) -> Self {
        Self {
            product,
            kinds,
            events: Vec::new(),
            effects: Vec::new(),
            follower: None,
            followed: Vec::new(),
            rows: RefCell::default(),
        }
    }

    /// The product whose topics [`Additions::emit`] writes to.
    pub const fn product(&self) -> &ProductId {
        &self.product
    }

    /// Adds a row, which is written with others of its kind before the unit's next question (unless it says that it waits
    /// for the end: [`BulkRow::AT_END`]), or at its end: an error shows then.
    pub fn put<R: BulkRow>(&self, row: R) {
        self.rows.borrow_mut().add(row);
    }

    /// Looks at the rows of a kind that wait to be written, and may change them.
    pub fn amend<R: BulkRow>(&self, change: impl FnMut(&mut R)) {
        self.rows.borrow_mut().amend(change);
    }

    /// Adds a statement whose answer nobody needs: it is sent with the unit's next question, or at its end, and keeps its
    /// place among the rows and questions. An error shows then.
    pub fn later(&self, sql: &'static str, params: Vec<Param>) {
        self.rows.borrow_mut().later(sql, params);
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
    /// [`DbError::Data`] when the kind is unknown or refuses the input. An id that exists shows when the rows are
    /// written, as [`DbError::Constraint`] `tasks_pkey`.
    pub fn enqueue(&mut self, task: NewTask) -> DbResult<TaskInfo> {
        crate::task::admit::enqueue(self, task)
    }

    /// Takes over what another unit adds.
    pub(crate) fn merge(&mut self, other: Self) {
        self.events.extend(other.events);
        self.effects.extend(other.effects);
        self.followed.extend(other.followed);
        self.rows.borrow_mut().merge(other.rows.into_inner());
    }
}

impl std::fmt::Debug for Additions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Additions").field("events", &self.events.len()).finish_non_exhaustive()
    }
}

/// A unit of work: one Postgres transaction, the events that become visible with its commit, and the tasks it starts.
///
/// Events are appended at the end, in the order of their topics, so that two units never wait for each other's topics
/// in a circle; the row lock on a topic's head, held until the commit, makes the order of `seq` the order of commits.
///
/// Dropped before its end it is rolled back.
pub struct Tx<'a> {
    client: &'a deadpool_postgres::Client,
    begun: Cell<bool>,
    over: Cell<bool>,
    /// What begins it.
    begin: &'static str,
    additions: Additions,
    /// It is a piece of a unit, and asks in rounds with the others.
    part: Option<rounds::Part<'a>>,
}

impl Deref for Tx<'_> {
    type Target = Additions;
    fn deref(&self) -> &Additions {
        &self.additions
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Additions {
        &mut self.additions
    }
}

/// What a statement brought.
#[derive(Default)]
struct Answer {
    rows: Vec<Row>,
    touched: u64,
}

/// A statement whose answer is wanted.
struct Asked<'p> {
    sql: &'p str,
    params: Params<'p>,
    /// Its rows, or how many it touched.
    rows: bool,
}

impl<'p> Asked<'p> {
    /// On its way to Postgres, once it is looked at.
    fn sent(&self, client: &'p deadpool_postgres::Client, statement: &'p Statement) -> Sent<'p> {
        match self.rows {
            true => asks(client, statement, self.params),
            false => touches(client, statement, self.params),
        }
    }
}

type Sent<'a> = Pin<Box<dyn Future<Output = Result<Answer, tokio_postgres::Error>> + 'a>>;

impl<'a> Tx<'a> {
    /// A unit on a connection. Nothing is sent yet.
    pub(crate) fn new(client: &'a deadpool_postgres::Client, product: ProductId, kinds: Arc<Registry>) -> Self {
        let additions = Additions::new(product, kinds);
        Self { client, begun: Cell::new(false), over: Cell::new(false), begin: "BEGIN", additions, part: None }
    }

    /// A piece of this unit.
    fn piece<'p>(&'p self, part: rounds::Part<'p>) -> Tx<'p> {
        let mut piece = Tx::new(self.client, self.additions.product.clone(), Arc::clone(&self.additions.kinds));
        piece.part = Some(part);
        piece
    }

    /// What it adds, where it is a piece of another one.
    fn into_additions(mut self) -> Additions {
        let nothing = Additions::new(self.additions.product.clone(), Arc::clone(&self.additions.kinds));
        std::mem::replace(&mut self.additions, nothing)
    }

    /// A unit whose statements find rows by their keys and take arrays of any length, as those of calls and commits do: their
    /// plans do not depend on what is in the parameters, and making them anew for each execution, as Postgres does where it
    /// thinks that a longer array deserves it, costs more than many of them take.
    pub(crate) fn planned(client: &'a deadpool_postgres::Client, product: ProductId, kinds: Arc<Registry>) -> Self {
        let mut tx = Self::new(client, product, kinds);
        tx.begin = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan";
        tx
    }

    /// Rows of one prepared statement.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn query(&self, sql: &str, params: Params<'_>) -> DbResult<Vec<Row>> {
        Ok(self.ask(Asked { sql, params, rows: true }).await?.rows)
    }

    /// One row or none.
    ///
    /// # Errors
    /// [`DbError`]; more than one row is [`DbError::Other`].
    pub async fn query_opt(&self, sql: &str, params: Params<'_>) -> DbResult<Option<Row>> {
        let mut rows = self.query(sql, params).await?.into_iter();
        match (rows.next(), rows.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(DbError::Other("more than one row where one was expected".to_owned())),
        }
    }

    /// Exactly one row.
    ///
    /// # Errors
    /// [`DbError`]; another number of rows is [`DbError::Other`].
    pub async fn query_one(&self, sql: &str, params: Params<'_>) -> DbResult<Row> {
        let row = self.query_opt(sql, params).await?;
        row.ok_or_else(|| DbError::Other("no row where one was expected".to_owned()))
    }

    /// Runs one statement; returns the rows it touched.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn execute(&self, sql: &str, params: Params<'_>) -> DbResult<u64> {
        Ok(self.ask(Asked { sql, params, rows: false }).await?.touched)
    }

    /// Looks at the rows of a kind that wait to be written, and may change them: as [`Additions::amend`], and for a piece of
    /// a unit those of the whole unit as well.
    pub fn amend<R: BulkRow>(&self, mut change: impl FnMut(&mut R)) {
        if let Some(part) = &self.part {
            part.unit().additions.amend(&mut change);
        }
        self.additions.amend(change);
    }

    /// What is asked from now on sees all rows that wait, those that would wait for the end as well.
    pub fn settle(&self) {
        self.additions.rows.borrow_mut().hasten();
    }

    async fn ask(&self, asked: Asked<'_>) -> DbResult<Answer> {
        if let Some(part) = &self.part {
            return part.send(self, asked).await;
        }
        let rows = self.additions.rows.borrow_mut().take_soon();
        self.send(rows, Some(asked), false, || ()).await
    }

    /// The end: the rows that wait, a last statement, the commit. Sent together: when this fails for an outage, nobody
    /// knows whether it is committed.
    pub(crate) async fn commit(&self, last: Option<(&str, Params<'_>)>) -> DbResult<Vec<Row>> {
        if !self.begun.get() && last.is_none() && self.additions.rows.borrow().is_empty() {
            return Ok(Vec::new());
        }
        let last = last.map(|(sql, params)| Asked { sql, params, rows: true });
        let rows = self.additions.rows.borrow_mut().take();
        Ok(self.send(rows, last, true, || ()).await?.rows)
    }

    /// Sends the beginning (once), rows, a statement and the end in one go, says when it is on its way, and returns the
    /// statement's answer.
    async fn send(
        &self,
        sets: Vec<Box<dyn RowSet>>,
        asked: Option<Asked<'_>>,
        end: bool,
        on_its_way: impl FnOnce(),
    ) -> DbResult<Answer> {
        let client = self.client;
        let mut statements = Vec::with_capacity(sets.len());
        for set in &sets {
            statements.push(client.prepare_cached(set.sql()).await?);
        }
        let asked = match asked {
            Some(asked) => Some((client.prepare_cached(asked.sql).await?, asked)),
            None => None,
        };
        let columns: Vec<Vec<Column<'_>>> = sets.iter().map(|set| set.columns()).collect();
        let rows: Vec<Vec<&(dyn ToSql + Sync)>> = columns
            .iter()
            .map(|columns| columns.iter().map(|column| &**column as &(dyn ToSql + Sync)).collect())
            .collect();
        let mut flow: Vec<Sent<'_>> = Vec::with_capacity(sets.len() + 3);
        if !self.begun.replace(true) {
            flow.push(plain(client, self.begin));
        }
        for (statement, rows) in statements.iter().zip(&rows) {
            flow.push(touches(client, statement, rows));
        }
        let place = asked.as_ref().map(|(statement, asked)| {
            flow.push(asked.sent(client, statement));
            flow.len() - 1
        });
        if end {
            flow.push(plain(client, "COMMIT"));
        }
        let answers = in_order(flow, on_its_way).await;
        // Whatever came of it: a transaction that has failed is rolled back by its commit.
        self.over.set(end);
        let mut answers = answers?;
        Ok(place.map(|place| answers.swap_remove(place)).unwrap_or_default())
    }
}

fn plain<'a>(client: &'a deadpool_postgres::Client, sql: &'static str) -> Sent<'a> {
    Box::pin(async move { client.batch_execute(sql).await.map(|()| Answer::default()) })
}

fn asks<'a>(client: &'a deadpool_postgres::Client, statement: &'a Statement, params: Params<'a>) -> Sent<'a> {
    Box::pin(async move { Ok(Answer { rows: client.query(statement, params).await?, touched: 0 }) })
}

fn touches<'a>(client: &'a deadpool_postgres::Client, statement: &'a Statement, params: Params<'a>) -> Sent<'a> {
    Box::pin(async move { Ok(Answer { rows: Vec::new(), touched: client.execute(statement, params).await? }) })
}

/// Sends all in their order, says so, then waits for all. The first error is the one that counts: those behind it only say that
/// the transaction has failed already.
async fn in_order(mut flow: Vec<Sent<'_>>, on_its_way: impl FnOnce()) -> DbResult<Vec<Answer>> {
    // A statement is sent by the first look at it, and none waits for anything before that.
    let mut looked = Vec::with_capacity(flow.len());
    for sent in &mut flow {
        looked.push(futures_util::poll!(sent.as_mut()));
    }
    on_its_way();
    let mut answers = Vec::with_capacity(flow.len());
    let mut failed = None;
    for (sent, looked) in flow.into_iter().zip(looked) {
        let answer = match looked {
            Poll::Ready(answer) => answer,
            Poll::Pending => sent.await,
        };
        match answer {
            Ok(answer) => answers.push(answer),
            Err(error) => {
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(answers), |error| Err(error.into()))
}

impl Tx<'_> {
    /// Starts a task: as [`Additions::enqueue`].
    ///
    /// # Errors
    /// [`DbError::Data`] when the kind is unknown or refuses the input.
    pub async fn enqueue(&mut self, task: NewTask) -> DbResult<TaskInfo> {
        self.additions.enqueue(task)
    }

    /// Cancels a task in this unit: whoever runs it is fenced off from now on. What its kind says of that is there to be
    /// asked for then.
    ///
    /// # Errors
    /// `not_found` when there is no such task, `conflict` when it has ended.
    pub async fn cancel_task(&mut self, id: &TaskId) -> Result<(), crate::error::CallError> {
        crate::task::admit::cancel(self, id).await?;
        self.settle();
        Ok(())
    }

    /// Queues a failed task again (or a completed one with failed groups): failed and cancelled steps run again,
    /// completed ones do not. What its kind says of that is there to be asked for then.
    ///
    /// # Errors
    /// `not_found`; `conflict` when nothing of it failed; whatever [`crate::task::TaskKind::on_retried`] refuses.
    pub async fn retry_task(&mut self, id: &TaskId) -> Result<(), crate::error::CallError> {
        crate::task::admit::retry(self, id).await?;
        self.settle();
        Ok(())
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

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        if self.begun.get() && !self.over.get() {
            // Sent by the first look at it, before anything that the connection's next user sends.
            let _unheard = self.client.batch_execute("ROLLBACK").now_or_never();
        }
    }
}
