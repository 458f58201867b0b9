//! Applies SQL files in order, once each, and notices when one that was applied has changed.
//!
//! The runner is here because the runtime needs its own schema in every database it runs on; products hand in theirs.

use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio_postgres::Client;

/// One SQL file of `migrations/<schema>/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The schema it belongs to, which is the name of its folder.
    pub schema: Cow<'static, str>,
    /// The file's name without `.sql`: `NNNN_verb_noun`.
    pub name: Cow<'static, str>,
    /// Its statements.
    pub sql: Cow<'static, str>,
}

impl Migration {
    /// The hash that is kept when it is applied: hex SHA-256 of the file.
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.sql.as_bytes()))
    }
}

/// The files of a schema, embedded: `migrations!("../migrations", "runtime": "0001_create_tasks", …)`. The path is
/// relative to the crate that uses the macro.
#[macro_export]
macro_rules! migrations {
    ($root:literal, $schema:literal: $($name:literal),* $(,)?) => {
        &[$($crate::migration::Migration {
            schema: ::std::borrow::Cow::Borrowed($schema),
            name: ::std::borrow::Cow::Borrowed($name),
            sql: ::std::borrow::Cow::Borrowed(include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"), "/", $root, "/", $schema, "/", $name, ".sql"
            ))),
        },)*]
    };
}

/// The runtime's own schema.
pub const RUNTIME: &[Migration] = crate::migrations!("../migrations", "runtime": "0001_create_runtime", "0002_create_sessions", "0003_add_task_trace", "0004_create_turns_and_notices", "0005_create_journal", "0006_ease_hot_tables", "0007_write_steps_when_they_end", "0008_batch_events", "0009_sample_less", "0010_sample_less_for_indexes", "0011_find_what_ended_lately", "0012_compress_faster");

/// Why the database was not brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A file that was applied has another content now.
    #[error(
        "migration {schema}/{name} was changed after it was applied to this database: restore the file and put the change into a new one"
    )]
    Changed {
        /// Its schema.
        schema: String,
        /// Its name.
        name: String,
    },
    /// The database knows a file that this program does not have.
    #[error(
        "the database has migration {schema}/{name}, which this version of estafette does not know: it is older than the database, run a newer one"
    )]
    Newer {
        /// Its schema.
        schema: String,
        /// Its name.
        name: String,
    },
    /// A file was added before one that is applied already.
    #[error(
        "migration {schema}/{name} comes before {applied}, which is applied already: give it a number after that one"
    )]
    OutOfOrder {
        /// Its schema.
        schema: String,
        /// Its name.
        name: String,
        /// The one after it.
        applied: String,
    },
    /// A file failed; nothing of it was kept.
    #[error("migration {schema}/{name} failed and was rolled back: {message}")]
    Failed {
        /// Its schema.
        schema: String,
        /// Its name.
        name: String,
        /// What the database said.
        message: String,
    },
    /// The database did not answer, or another process migrates for too long.
    #[error("the migrations cannot be checked: {0}")]
    Database(String),
}

impl MigrationError {
    /// With what the server itself said (its log's end, as the end of a sentence) where only the connection knows that
    /// something went wrong.
    #[must_use]
    pub fn with_log(self, said: &str) -> Self {
        match self {
            Self::Database(text) => Self::Database(format!("{text}{said}")),
            Self::Failed { schema, name, message } => {
                Self::Failed { schema, name, message: format!("{message}{said}") }
            }
            other => other,
        }
    }
}

impl From<tokio_postgres::Error> for MigrationError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(sentence(&error))
    }
}

/// A migration that was applied now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// `schema/name`.
    pub name: String,
    /// How long it took.
    pub took: Duration,
}

/// The advisory lock that processes which migrate the same database wait for ("estafett" in ASCII).
const LOCK_KEY: i64 = 0x6573_7461_6665_7474;
/// How long one waits for another process that migrates.
const LOCK_TIMEOUT: &str = "60s";

const TABLE: &str = "CREATE SCHEMA IF NOT EXISTS runtime;
CREATE TABLE IF NOT EXISTS runtime.schema_migrations (
    schema text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    duration_ms bigint NOT NULL,
    PRIMARY KEY (schema, name)
)";

/// Applies what is missing of `files`, in their order, each in a transaction of its own, under an advisory lock.
///
/// # Errors
/// [`MigrationError`]; what was applied before the failing file stays applied.
pub async fn apply(client: &mut Client, files: &[Migration]) -> Result<Vec<Applied>, MigrationError> {
    client.batch_execute(&format!("SET lock_timeout = '{LOCK_TIMEOUT}'")).await?;
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK_KEY]).await?;
    client.batch_execute("RESET lock_timeout").await?;
    let outcome = apply_locked(client, files).await;
    client.execute("SELECT pg_advisory_unlock($1)", &[&LOCK_KEY]).await?;
    outcome
}

/// What of `files` is not applied yet, in order, as `schema/name`.
///
/// # Errors
/// [`MigrationError`] as for [`apply`]; nothing is changed.
pub async fn pending(client: &Client, files: &[Migration]) -> Result<Vec<String>, MigrationError> {
    let known = client.query_one("SELECT to_regclass('runtime.schema_migrations') IS NOT NULL", &[]).await?;
    let applied = if known.get::<_, bool>(0) { read_applied(client).await? } else { HashMap::new() };
    Ok(check(files, &applied)?.into_iter().map(|file| format!("{}/{}", file.schema, file.name)).collect())
}

async fn apply_locked(client: &mut Client, files: &[Migration]) -> Result<Vec<Applied>, MigrationError> {
    client.batch_execute(TABLE).await?;
    let applied = read_applied(client).await?;
    let mut done = Vec::new();
    for file in check(files, &applied)? {
        let began = Instant::now();
        let failed = |error: tokio_postgres::Error| MigrationError::Failed {
            schema: file.schema.to_string(),
            name: file.name.to_string(),
            message: sentence(&error),
        };
        let transaction = client.transaction().await?;
        transaction.batch_execute(&file.sql).await.map_err(failed)?;
        let took = began.elapsed();
        transaction
            .execute(
                "INSERT INTO runtime.schema_migrations (schema, name, sha256, duration_ms) VALUES ($1, $2, $3, $4)",
                &[&&*file.schema, &&*file.name, &file.hash(), &i64::try_from(took.as_millis()).unwrap_or(i64::MAX)],
            )
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        done.push(Applied { name: format!("{}/{}", file.schema, file.name), took });
    }
    Ok(done)
}

type Hashes = HashMap<(String, String), String>;

async fn read_applied(client: &Client) -> Result<Hashes, MigrationError> {
    let rows = client.query("SELECT schema, name, sha256 FROM runtime.schema_migrations", &[]).await?;
    Ok(rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect())
}

/// The files that are missing in the database, after the check that what it has fits.
fn check<'a>(files: &'a [Migration], applied: &Hashes) -> Result<Vec<&'a Migration>, MigrationError> {
    let key = |file: &Migration| (file.schema.to_string(), file.name.to_string());
    let mut names: Vec<&(String, String)> = applied.keys().collect();
    names.sort();
    if let Some((schema, name)) = names.iter().find(|name| !files.iter().any(|file| key(file) == ***name)) {
        return Err(MigrationError::Newer { schema: schema.clone(), name: name.clone() });
    }
    let mut missing = Vec::new();
    for file in files {
        let (schema, name) = key(file);
        match applied.get(&(schema.clone(), name.clone())) {
            Some(hash) if *hash == file.hash() => {}
            Some(_) => return Err(MigrationError::Changed { schema, name }),
            None => {
                let later = names.iter().find(|(other, later)| *other == schema && *later > name);
                if let Some((_, applied)) = later {
                    return Err(MigrationError::OutOfOrder { schema, name, applied: applied.clone() });
                }
                missing.push(file);
            }
        }
    }
    Ok(missing)
}

fn sentence(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(
        || std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
        |db| match db.position() {
            Some(tokio_postgres::error::ErrorPosition::Original(at)) => format!("{} (at character {at})", db.message()),
            _ => db.message().to_owned(),
        },
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::TestDatabase;

    fn file(schema: &str, name: &str, sql: &str) -> Migration {
        Migration { schema: schema.to_owned().into(), name: name.to_owned().into(), sql: Cow::Owned(sql.to_owned()) }
    }

    fn two() -> Vec<Migration> {
        vec![
            file("runtime", "0001_create_a", "CREATE TABLE runtime.a (id int)"),
            file("shop", "0001_create_b", "CREATE SCHEMA shop; CREATE TABLE shop.b (id int)"),
        ]
    }

    #[test]
    fn every_file_of_the_runtime_is_in_its_list() {
        crate::testkit::assert_migrations_complete(
            concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations"),
            RUNTIME,
            "runtime",
        );
    }

    #[tokio::test]
    async fn an_empty_database_gets_all_and_a_second_run_nothing() {
        let database = TestDatabase::fresh(&[]).await;
        let mut client = database.connect().await;
        assert_eq!(pending(&client, &two()).await.unwrap().len(), 2);
        let applied = apply(&mut client, &two()).await.unwrap();
        assert_eq!(
            applied.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
            ["runtime/0001_create_a", "shop/0001_create_b"]
        );
        assert_eq!(apply(&mut client, &two()).await.unwrap(), []);
        assert_eq!(pending(&client, &two()).await.unwrap(), Vec::<String>::new());
        client.execute("INSERT INTO shop.b VALUES (1)", &[]).await.unwrap();
    }

    #[tokio::test]
    async fn a_changed_an_unknown_and_a_late_file_are_refused() {
        let database = TestDatabase::fresh(&[]).await;
        let mut client = database.connect().await;
        apply(&mut client, &two()).await.unwrap();

        let mut changed = two();
        changed[1].sql = Cow::Borrowed("CREATE SCHEMA shop");
        let error = apply(&mut client, &changed).await.unwrap_err();
        assert!(matches!(&error, MigrationError::Changed { name, .. } if name == "0001_create_b"), "{error}");

        let error = apply(&mut client, &two()[..1]).await.unwrap_err();
        assert!(matches!(&error, MigrationError::Newer { schema, .. } if schema == "shop"), "{error}");

        let mut late = two();
        late.insert(1, file("shop", "0000_create_c", "SELECT 1"));
        let error = apply(&mut client, &late).await.unwrap_err();
        assert!(matches!(&error, MigrationError::OutOfOrder { applied, .. } if applied == "0001_create_b"), "{error}");
    }

    #[tokio::test]
    async fn a_file_that_fails_leaves_nothing_and_the_ones_before_it_stay() {
        let database = TestDatabase::fresh(&[]).await;
        let mut client = database.connect().await;
        let mut files = two();
        files.push(file("shop", "0002_break", "CREATE TABLE shop.c (id int); SELECT nonsense"));
        let error = apply(&mut client, &files).await.unwrap_err();
        assert!(
            error.to_string().contains("shop/0002_break failed and was rolled back: column \"nonsense\""),
            "{error}"
        );
        assert_eq!(pending(&client, &files).await.unwrap(), ["shop/0002_break"]);
        assert!(client.query("SELECT * FROM shop.c", &[]).await.is_err(), "its first statement was rolled back");
        files.pop();
        files.push(file("shop", "0002_break", "CREATE TABLE shop.c (id int)"));
        assert_eq!(apply(&mut client, &files).await.unwrap().len(), 1, "and the lock was given back");
    }

    #[tokio::test]
    async fn two_processes_that_migrate_at_once_apply_each_file_once() {
        let database = TestDatabase::fresh(&[]).await;
        let (mut one, mut two_) = (database.connect().await, database.connect().await);
        let files = vec![file("runtime", "0001_create_a", "CREATE TABLE runtime.a (id int); SELECT pg_sleep(0.2)")];
        let (first, second) = tokio::join!(apply(&mut one, &files), apply(&mut two_, &files));
        assert_eq!(first.unwrap().len() + second.unwrap().len(), 1);
    }
}
