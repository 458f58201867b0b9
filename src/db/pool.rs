//! Connections to Postgres, with a bound on everything they wait for.

use super::address::Address;
use deadpool::managed::QueueMode;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use estafette_actors::Db;
use std::time::Duration;
use tokio_postgres::NoTls;

/// Bound of opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bound of putting a used connection back into service.
const RECYCLE_TIMEOUT: Duration = Duration::from_secs(5);
/// Silence on a connection after which the system asks whether the other side is still there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// Unacknowledged data after which a connection counts as cut, so that a statement never hangs on a dead link.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(20);

/// Statements are short: compiling them costs more than it saves.
const PLANS: &str = "-c jit=off";

/// What the server does for us when we hang: ends statements, lock waits and forgotten transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolBounds {
    /// Connections of this process.
    pub size: usize,
    /// How long a caller waits for a free connection.
    pub wait: Duration,
    /// Bound of one statement.
    pub statement: Duration,
    /// Bound of a transaction in which nothing happens.
    pub idle_transaction: Duration,
}

/// Why there is no pool.
#[derive(Debug, thiserror::Error)]
#[error("the connection pool cannot be built: {0}")]
pub struct PoolError(String);

/// A pool. Opens no connection yet.
///
/// # Errors
/// [`PoolError`].
pub fn pool(address: impl Into<Address>, bounds: PoolBounds) -> Result<Db, PoolError> {
    let options = format!(
        "-c statement_timeout={} -c idle_in_transaction_session_timeout={} -c lock_timeout={} -c timezone=UTC {PLANS}",
        bounds.statement.as_millis(),
        bounds.idle_transaction.as_millis(),
        bounds.statement.as_millis() / 2,
    );
    let address = address.into().configured(|config| {
        let options = config.get_options().map_or(options.clone(), |given| format!("{options} {given}"));
        config
            .options(options)
            .application_name("estafette")
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives(true)
            .keepalives_idle(KEEPALIVE_IDLE)
            .tcp_user_timeout(TCP_USER_TIMEOUT);
    });
    // Fast recycling: no question before each use; a dead connection shows itself at its first statement.
    let (config, recycling) = (address.config().clone(), ManagerConfig { recycling_method: RecyclingMethod::Fast });
    let manager = match address.tls() {
        Some(tls) => Manager::from_config(config, tls.clone(), recycling),
        None => Manager::from_config(config, NoTls, recycling),
    };
    let pool = Pool::builder(manager)
        .max_size(bounds.size)
        .runtime(Runtime::Tokio1)
        // The one that was used last: its statements are prepared and its caches are warm.
        .queue_mode(QueueMode::Lifo)
        .wait_timeout(Some(bounds.wait))
        .create_timeout(Some(CONNECT_TIMEOUT))
        .recycle_timeout(Some(RECYCLE_TIMEOUT))
        .build()
        .map_err(|error| PoolError(error.to_string()))?;
    Ok(Db::new(pool))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: PoolBounds = PoolBounds {
        size: 1,
        wait: Duration::from_millis(100),
        statement: Duration::from_millis(200),
        idle_transaction: Duration::from_secs(5),
    };

    #[tokio::test]
    async fn a_pool_that_is_used_up_and_a_statement_that_hangs_both_end_in_time() {
        let database = crate::testing::database().await;
        let db = pool(database.config().clone(), BOUNDS).unwrap();
        let error = db.query("SELECT pg_sleep(20)", &[]).await.unwrap_err();
        assert!(error.to_string().contains("statement timeout"), "{error}");
        let held = db.connection().await.unwrap();
        let error = db.connection().await.err().unwrap();
        assert!(error.is_transient(), "{error}");
        drop(held);
        assert!(db.connection().await.is_ok());
    }
}
