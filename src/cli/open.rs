//! What every command needs: the database (private or given), brought up to date, sessions, and the products.

use super::failure::Failure;
use crate::auth::{Auth, AuthOptions, SessionSweep, TokenKey};
use crate::catalog::{self, Catalog, Parts};
use crate::config::{RedisProtocol, Settings};
use crate::db::address::Address;
use crate::db::embedded::Embedded;
use crate::db::{self, pool};
use estafette_actors::bus::redis::{Protocol, RedisAddress, RedisAddressError, RedisOptions};
use estafette_actors::cluster::ClusterError;
use estafette_actors::session::admission::AdmissionLimits;
use estafette_actors::{Db, Runtime, RuntimeConfig};
use estafette_protocol::limits::Limits;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Connections beyond the pool: the node's lock, migrations, a person with `psql`.
const CONNECTIONS_BESIDE_POOL: u32 = 14;

/// The open parts of a server.
pub struct Opened {
    /// The pool.
    pub db: Db,
    /// Sessions and passwords.
    pub auth: Auth,
    /// The products.
    pub catalog: Arc<Catalog>,
    /// The private Postgres, if it is ours.
    pub embedded: Option<Embedded>,
}

/// Opens the database and what stands on it.
///
/// # Errors
/// [`Failure`]: no Postgres, a folder in use, a database that cannot be brought up to date, settings of a product.
pub async fn open(settings: &Settings, sharing: Sharing) -> Result<Opened, Failure> {
    let (address, embedded) = database(settings, sharing).await?;
    match finish(settings, address, embedded.as_ref()).await {
        Ok((db, auth, catalog)) => Ok(Opened { db, auth, catalog, embedded }),
        Err(failure) => {
            if let Some(embedded) = embedded {
                embedded.stop().await?;
            }
            Err(failure)
        }
    }
}

async fn finish(
    settings: &Settings,
    address: Address,
    embedded: Option<&Embedded>,
) -> Result<(Db, Auth, Arc<Catalog>), Failure> {
    bring_up_to_date(settings, &address, embedded).await?;
    let bounds = pool::PoolBounds {
        size: usize::try_from(settings.database.pool_size).unwrap_or(usize::MAX),
        wait: Duration::from_millis(settings.database.pool_wait_ms),
        statement: Duration::from_millis(settings.database.statement_timeout_ms),
        idle_transaction: Duration::from_millis(settings.database.idle_transaction_timeout_ms),
    };
    let db = pool::pool(address, bounds)?;
    let key = TokenKey::load(&settings.auth.token_key, &settings.server.data_dir)?;
    let options = AuthOptions {
        access_token: Duration::from_secs(settings.auth.access_token_secs),
        refresh_token: Duration::from_secs(settings.auth.refresh_token_days * 86_400),
        bcrypt_cost: settings.auth.bcrypt_cost,
        bcrypt_concurrency: settings.auth.bcrypt_concurrency,
    };
    let auth = Auth::new(db.clone(), &key, options);
    let parts = Parts { settings, db: &db, auth: &auth };
    let catalog = catalog::standard(&parts).map_err(Failure::settings)?;
    Ok((db, auth, Arc::new(catalog)))
}

/// What to do when a running server has the private Postgres in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Refuse: there is one server to a data folder.
    Alone,
    /// Use it together: a command that is done in a moment.
    Together,
}

/// Where the database is; starts the private one when none is given.
///
/// # Errors
/// [`Failure`].
pub async fn database(settings: &Settings, sharing: Sharing) -> Result<(Address, Option<Embedded>), Failure> {
    let address = settings.database.url.expose();
    if !address.is_empty() {
        return Ok((Address::parse(address, &settings.database.ca)?, None));
    }
    let binaries = Some(settings.database.pg_bin.clone()).filter(|folder| folder != Path::new(""));
    let connections = settings.database.pool_size + CONNECTIONS_BESIDE_POOL;
    let embedded = match Embedded::start(&settings.server.data_dir, binaries, connections).await {
        Err(locked @ ClusterError::Locked(_)) if sharing == Sharing::Together => {
            let running = Embedded::of_running_server(&settings.server.data_dir);
            return running.map(|config| (config.into(), None)).ok_or_else(|| locked.into());
        }
        outcome => outcome?,
    };
    tracing::info!(folder = %embedded.folder().display(), psql = embedded.url(), "private Postgres");
    Ok((embedded.config().into(), Some(embedded)))
}

/// Applies the migrations, or says which are missing where that is not allowed.
///
/// # Errors
/// [`Failure`].
pub async fn bring_up_to_date(
    settings: &Settings,
    address: &Address,
    embedded: Option<&Embedded>,
) -> Result<(), Failure> {
    if settings.database.migrate {
        let outcome = match embedded {
            Some(embedded) => embedded.migrate().await,
            None => db::migrate(address).await,
        };
        for applied in outcome? {
            tracing::info!(migration = applied.name, duration_ms = applied.took.as_millis(), "migration applied");
        }
        return Ok(());
    }
    let pending = match embedded {
        Some(embedded) => embedded.explained(db::pending(address).await).await?,
        None => db::pending(address).await?,
    };
    match pending.first() {
        None => Ok(()),
        Some(first) => Err(Failure::work(format!(
            "the database lacks {} migration(s), the first is {first}: run `estafette migrate`, or allow it with --auto-migrate true",
            pending.len()
        ))),
    }
}

/// Starts the runtime with the products.
///
/// # Errors
/// [`Failure`] when the database does not answer.
pub async fn runtime(settings: &Settings, opened: &Opened) -> Result<Runtime, Failure> {
    let mut builder = Runtime::builder(opened.db.clone())
        .authenticator(Arc::new(opened.auth.clone()))
        .config(runtime_config(settings))
        .redis(redis(settings).map_err(Failure::settings)?);
    for product in opened.catalog.products() {
        builder = builder.product(product);
    }
    let runtime = builder.start().await?;
    opened.catalog.started(&runtime);
    let sessions = SessionSweep::new().map_err(Failure::work)?;
    estafette_actors::sweep::schedule(&runtime, vec![Arc::new(sessions)]);
    Ok(runtime)
}

fn redis(settings: &Settings) -> Result<Option<RedisOptions>, RedisAddressError> {
    if settings.redis.url.is_empty() {
        return Ok(None);
    }
    Ok(Some(RedisOptions {
        address: RedisAddress::parse(settings.redis.url.expose())?,
        prefix: settings.redis.prefix.clone(),
        protocol: match settings.redis.protocol {
            RedisProtocol::Auto => Protocol::Auto,
            RedisProtocol::Resp2 => Protocol::Resp2,
        },
    }))
}

/// A runtime that only commits: its products' tasks wait for a server.
///
/// # Errors
/// [`Failure`] when the database does not answer.
pub async fn idle_runtime(opened: &Opened) -> Result<Runtime, Failure> {
    Ok(Runtime::builder(opened.db.clone()).start().await?)
}

fn runtime_config(settings: &Settings) -> RuntimeConfig {
    RuntimeConfig {
        heartbeat: Duration::from_millis(settings.server.heartbeat_ms),
        steps_per_node: settings.tasks.steps_per_node,
        steps_per_owner: settings.tasks.steps_per_user,
        tasks_per_node: settings.tasks.per_node,
        tasks_per_owner: settings.tasks.per_user,
        task_threads: settings.tasks.threads,
        drain: Duration::from_millis(settings.server.drain_ms),
        probe_limit: Duration::from_millis(settings.database.probe_limit_ms),
        patience: Duration::from_secs(settings.ai.patience_secs),
        admission: AdmissionLimits {
            connections: settings.limits.connections,
            connections_per_user: settings.limits.connections_per_user,
            accepts_per_second: settings.limits.accepts_per_second,
        },
        limits: Limits {
            subscriptions: settings.limits.subscriptions,
            calls_in_flight: settings.limits.calls_in_flight,
            messages_per_second: settings.limits.messages_per_second,
            ..Limits::default()
        },
        event_retention: Duration::from_secs(settings.events.retention_days * 86_400),
        journal: Duration::from_secs(settings.events.journal_hours * 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtimes_defaults_are_the_settings_defaults() {
        let (ours, theirs) = (runtime_config(&Settings::default()), RuntimeConfig::default());
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }
}
