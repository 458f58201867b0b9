//! A fresh, migrated database for one test.

use super::cluster;
use crate::cluster::server::ensure_database;
use crate::db::Db;
use crate::migration::{self, Migration};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio_postgres::{Client, Config, NoTls};

/// Connections of one test's pool.
const POOL_SIZE: usize = 12;
/// How long a test waits for a connection before it fails.
const WAIT: Duration = Duration::from_secs(20);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A fresh database with the given migrations, dropped at the end of the test (with `ESTAFETTE_KEEP_TEST_DB` set it
/// stays until the run's cluster is removed, and its name is printed).
///
/// Panics where a test should fail: when there is no Postgres, or a migration does not apply.
#[derive(Debug)]
pub struct TestDatabase {
    config: Config,
    name: String,
}

#[allow(clippy::expect_used, clippy::panic)]
impl TestDatabase {
    /// Copies the template of these migrations (made by the first test that needs it).
    ///
    /// # Panics
    /// See the type.
    pub async fn fresh(files: &[Migration]) -> Self {
        let admin = tokio::task::spawn_blocking(|| cluster::config("postgres")).await;
        let admin = must("start the test cluster", admin);
        let template = template(&admin, files).await;
        let name = format!("t_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let client = connect(&admin).await;
        // A process of an earlier run may have had this number and left its database.
        let copy = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        must("drop an old database", client.batch_execute(&copy).await);
        let copy = format!("CREATE DATABASE {name} TEMPLATE {template}");
        must("copy the template", client.batch_execute(&copy).await);
        let mut config = admin;
        config.dbname(&name);
        Self { config, name }
    }

    /// A connection of its own.
    ///
    /// # Panics
    /// See the type.
    pub async fn connect(&self) -> Client {
        connect(&self.config).await
    }

    /// How to connect.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address, as `DATABASE_URL` takes it.
    pub fn url(&self) -> String {
        let socket = self.config.get_hosts().iter().find_map(|host| match host {
            tokio_postgres::config::Host::Unix(path) => Some(path.display().to_string()),
            tokio_postgres::config::Host::Tcp(_) => None,
        });
        format!("postgresql:///{}?host={}&user={}", self.name, socket.unwrap_or_default(), crate::cluster::ROLE)
    }

    /// A pool of connections to it. Each call makes another one.
    ///
    /// # Panics
    /// See the type.
    pub fn db(&self) -> Db {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(self.config.clone(), NoTls, recycling))
            .max_size(POOL_SIZE)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .build()
            .expect("a pool");
        Db::new(pool)
    }
}

impl Drop for TestDatabase {
    #[allow(clippy::print_stderr)]
    fn drop(&mut self) {
        if std::env::var_os("ESTAFETTE_KEEP_TEST_DB").is_some() {
            cluster::keep();
            eprintln!("kept the test's database: psql '{}'", self.url());
            return;
        }
        let (mut admin, name) = (self.config.clone(), self.name.clone());
        admin.dbname("postgres");
        // A thread of its own, because the test's executor is busy with this very drop.
        let dropped = std::thread::spawn(move || {
            let Ok(executor) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            executor.block_on(async {
                let client = connect(&admin).await;
                if let Err(error) = client.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await {
                    eprintln!("cannot drop {name}: {error}");
                }
            });
        });
        let _ = dropped.join();
    }
}

#[allow(clippy::panic)]
async fn connect(config: &Config) -> Client {
    match config.connect(NoTls).await {
        Ok((client, connection)) => {
            tokio::spawn(connection);
            client
        }
        Err(error) => panic!("cannot connect to the test database: {error}{}", cluster::last_words()),
    }
}

/// Fails the test with what was tried, what the connection saw, and what Postgres itself said.
#[allow(clippy::panic)]
fn must<T, E: std::fmt::Display>(what: &str, outcome: Result<T, E>) -> T {
    outcome.unwrap_or_else(|error| panic!("the test database: cannot {what}: {error}{}", cluster::last_words()))
}

/// The name of the database that has exactly these migrations; made if there is none.
async fn template(admin: &Config, files: &[Migration]) -> String {
    let all: String = files.iter().map(|file| format!("{}/{}:{}\n", file.schema, file.name, file.hash())).collect();
    let whole = Migration { schema: "".into(), name: "".into(), sql: all.into() };
    let name = format!("template_{}", whole.hash().get(..16).unwrap_or_default());
    let client = connect(admin).await;
    // Only a finished template is allowed to be copied (`datistemplate`); tests that come meanwhile wait for the lock.
    let is_finished = "SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate";
    if must("look for the template", client.query_opt(is_finished, &[&name]).await).is_some() {
        return name;
    }
    must("wait for the template's lock", client.batch_execute("SELECT pg_advisory_lock(7001)").await);
    if must("look for the template", client.query_opt(is_finished, &[&name]).await).is_none() {
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        must("drop half a template", client.batch_execute(&drop).await);
        must("create the template", ensure_database(admin, &name).await);
        let mut config = admin.clone();
        let mut inside = connect(config.dbname(&name)).await;
        must("migrate the template", migration::apply(&mut inside, files).await);
        std::mem::drop(inside);
        // The server counts the connection until it has noticed its end: nobody else may hold one while it is copied.
        let left = "SELECT 1 FROM pg_stat_activity WHERE datname = $1";
        while !must("see who is connected", client.query(left, &[&name]).await).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let finish = format!("ALTER DATABASE {name} IS_TEMPLATE true");
        must("finish the template", client.batch_execute(&finish).await);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_test_has_a_database_of_its_own_that_goes_with_it() {
        let file = Migration {
            schema: "runtime".into(),
            name: "0001_create_mark".into(),
            sql: "CREATE TABLE runtime.mark (id int)".into(),
        };
        let (one, two) = (TestDatabase::fresh(std::slice::from_ref(&file)).await, TestDatabase::fresh(&[file]).await);
        one.db().execute("INSERT INTO runtime.mark VALUES (1)", &[]).await.unwrap();
        let count = "SELECT count(*) FROM runtime.mark";
        assert_eq!(two.db().query_one(count, &[]).await.unwrap().get::<_, i64>(0), 0);
        let name = one.name().to_owned();
        drop(one);
        let left = two.db().query("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await.unwrap();
        assert!(left.is_empty());
    }
}
