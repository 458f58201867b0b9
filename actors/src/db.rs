//! Access to Postgres: a pool for reading ([`Db`]) and the unit of work ([`Tx`]) in which a product's rows, the events
//! and the tasks of one moment are committed together.

mod gather;
mod tx;

pub(crate) use gather::RawJson;
pub use gather::{BulkRow, Column, Param, column};
pub(crate) use tx::Effect;
pub use tx::{Additions, Tx};

use crate::error::DbError;
use crate::gate::Gate;
use futures_util::FutureExt as _;
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

    /// What several statements read of one moment, whatever is committed meanwhile: a repeatable-read transaction that
    /// changes nothing.
    ///
    /// # Errors
    /// What `read` returns; [`DbError`].
    pub async fn at_one_moment<T, E: From<DbError>>(
        &self,
        read: impl AsyncFnOnce(&deadpool_postgres::Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.moment(None, read).await
    }

    /// The same for statements that find rows by arrays of their keys: Postgres keeps their plans. Otherwise it makes them
    /// anew for each execution where it thinks that the array's length deserves it, which costs more than the reading.
    ///
    /// # Errors
    /// As for [`Db::at_one_moment`].
    pub async fn keys_at_one_moment<T, E: From<DbError>>(
        &self,
        read: impl AsyncFnOnce(&deadpool_postgres::Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.moment(Some("SET LOCAL plan_cache_mode = force_generic_plan"), read).await
    }

    async fn moment<T, E: From<DbError>>(
        &self,
        first: Option<&str>,
        read: impl AsyncFnOnce(&deadpool_postgres::Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut client = self.connection().await?;
        let work = async {
            let transaction = client
                .build_transaction()
                .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()
                .await
                .map_err(DbError::from)?;
            if let Some(first) = first {
                // Sent by the first look at it, before what is read. If it fails, so does that.
                let _unheard = transaction.batch_execute(first).now_or_never();
            }
            let read = read(&transaction).await?;
            // What was read is right whatever becomes of the end. Sent by the first look at it, before anything that the
            // connection's next user sends.
            let _unheard = transaction.commit().now_or_never();
            Ok(read)
        };
        self.bounded(work).await
    }

    /// The pool, for what needs it whole (metrics, shutdown).
    pub const fn pool(&self) -> &deadpool_postgres::Pool {
        &self.pool
    }
}
