//! What a product gives to the runtime: who may subscribe to what, the snapshot of a topic, the calls, and the kinds of
//! task. The runtime knows nothing else about it.

use crate::db::{Additions, Db, Tx};
use crate::error::CallError;
use crate::identity::Identity;
use crate::runtime::Runtime;
use crate::session::follow::Follower;
use crate::task::TaskKind;
use estafette_protocol::{IdempotencyKey, ProductId, Topic};
use serde_json::Value;
use std::sync::Arc;

/// One product.
///
/// Its futures need not be `Send`: they run on the runtime's arbiters (single-threaded executors).
#[async_trait::async_trait(?Send)]
pub trait Product: Send + Sync + 'static {
    /// The first half of every key of its topics, tasks and sessions.
    fn id(&self) -> ProductId;

    /// Decides whether `who` may read `topic`. Asked on every subscribe and again after a rights change. Where many ask in one
    /// moment, [`Product::authorize_each`] answers for those topics that [`Product::reads_together`]. Not asked for a task of the
    /// caller's own that a connection's call has just started and follows ([`crate::session::follow`]): that is the right of
    /// whoever owns it.
    ///
    /// # Errors
    /// `not_found` for topics that do not exist or that `who` may not know of, `forbidden` otherwise.
    async fn authorize(&self, db: &Db, who: &Identity, topic: &Topic) -> Result<(), CallError>;

    /// The whole state of a topic. `snapshot` is a repeatable-read transaction in which the runtime has read the
    /// topic's position, so that state and position belong together. Called after [`Product::authorize`]. Where many ask in
    /// one moment, [`Product::snapshots`] answers for those topics that [`Product::reads_together`].
    ///
    /// # Errors
    /// `not_found` when there is no such thing (any more).
    async fn snapshot(
        &self,
        snapshot: &deadpool_postgres::Transaction<'_>,
        who: &Identity,
        topic: &Topic,
    ) -> Result<Value, CallError>;

    /// Whether permissions and states of such topics are read together where many are asked for in one moment.
    fn reads_together(&self, _topic: &Topic) -> bool {
        false
    }

    /// What [`Product::authorize`] says of topics that are read together, in their order. `None`: it cannot be told here, and
    /// [`Product::authorize`] is asked.
    ///
    /// # Errors
    /// Any: each is asked for alone then.
    async fn authorize_each(
        &self,
        _db: &Db,
        asked: &[(&Identity, &Topic)],
    ) -> Result<Vec<Option<Result<(), CallError>>>, CallError> {
        Ok(asked.iter().map(|_| None).collect())
    }

    /// The states of topics that are read together, in their order: each as [`Product::snapshot`] gives it. `None`: it
    /// cannot be told here, and [`Product::snapshot`] is asked. Statements find their rows by arrays of keys
    /// ([`Db::keys_at_one_moment`]).
    ///
    /// # Errors
    /// Any: each is asked for alone then.
    async fn snapshots(
        &self,
        _snapshot: &deadpool_postgres::Transaction<'_>,
        asked: &[(&Identity, &Topic)],
    ) -> Result<Vec<Option<Value>>, CallError> {
        Ok(asked.iter().map(|_| None).collect())
    }

    /// Handles a call, from a socket or from an HTTP route: both come here.
    ///
    /// # Errors
    /// Whatever the method refuses; `not_found` for an unknown method.
    async fn call(&self, ctx: CallCtx, method: &str, params: Value) -> Result<Value, CallError>;

    /// The kinds of task that the product runs.
    fn task_kinds(&self) -> Vec<Arc<dyn TaskKind>>;
}

/// What a handler of a call works with.
#[derive(Clone)]
pub struct CallCtx {
    /// Who calls.
    pub who: Identity,
    /// The runtime.
    pub runtime: Runtime,
    /// The idempotency key, if the caller gave one.
    pub key: Option<IdempotencyKey>,
    /// The method, which is part of what a key stands for.
    pub method: String,
    /// Hex SHA-256 of the parameters: one key with other parameters is a `conflict`.
    pub params_hash: String,
    /// The connection that wants to follow what the call starts.
    pub(crate) follower: Option<Arc<Follower>>,
}

impl CallCtx {
    /// Reads outside a transaction.
    pub fn db(&self) -> &Db {
        self.runtime.db()
    }

    /// Runs a unit of work: the rows that `work` writes, the events it emits, the tasks it starts and (with a key) the
    /// result that a repetition gets, are committed together or not at all. With a key that was used before, `work`
    /// does not run and the first result is returned. A transaction that loses a race (deadlock, serialization) runs
    /// again, at most [`crate::limits::TX_ATTEMPTS`] times, so `work` must not have effects outside it.
    ///
    /// Its statements are planned once for whatever their parameters are: they find rows by keys. Lists that may be
    /// narrowed in many ways are for [`CallCtx::db`].
    ///
    /// # Errors
    /// What `work` returns (nothing is committed then), `conflict` for a key that was used for something else,
    /// `unavailable` when the database does not answer.
    pub async fn transaction<F>(&self, work: F) -> Result<Value, CallError>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<Value, CallError>,
    {
        self.runtime.keyed_transaction(self, work).await
    }

    /// A unit of work that only adds: it asks nothing, so it is written together with those of other calls, which costs a
    /// fraction of a transaction of its own. Everything else is as with [`CallCtx::transaction`]: all or nothing, and with
    /// a key once. `work` runs again when the others' work fails, so it must not have effects outside the unit.
    ///
    /// # Errors
    /// As for [`CallCtx::transaction`]; what a row breaks (a key that exists) is this call's error only.
    pub async fn add(
        &self,
        work: impl Fn(&mut Additions) -> Result<Value, CallError> + Send + Sync + 'static,
    ) -> Result<Value, CallError> {
        self.runtime.add(self, Arc::new(work)).await
    }
}
