//! The pool, the migrations, the embedded Postgres.
//!
//! | module | holds |
//! |---|---|
//! | [`address`] | where a database is, and whether the link to it is encrypted |
//! | [`pool`] | connections with a bound on everything they wait for |
//! | [`embedded`] | the private Postgres of a server without `DATABASE_URL` |
//! | [`migrations`] | all SQL files, in the order in which they are applied |

pub mod address;
pub mod embedded;
pub mod pool;

use address::Address;
use estafette_actors::migration::{self, Applied, Migration, MigrationError};

/// The CV product's schema.
const CV: &[Migration] = estafette_actors::migrations!("migrations", "cv":
    "0001_create_identity",
    "0002_create_documents",
    "0003_create_tasks",
    "0004_create_plans_and_credits",
    "0005_create_usage_and_settings",
    "0006_add_foreign_keys",
    "0007_seed_settings_and_free_plan",
    "0008_ease_task_check",
    "0010_add_export_design",
    "0015_create_packs_promo_codes_and_referrals",
    "0016_create_stripe",
    "0020_create_email",
    "0021_extend_identity",
    "0022_seed_email",
    "0025_create_costs_and_feedback",
    "0030_create_import",
    "0031_sample_tasks_less",
    "0032_list_tasks_of_a_person",
    "0033_sample_less",
    "0034_compress_faster",
    "0035_write_paid_tasks_once",
);

/// All SQL files: the runtime's, then each product's.
pub fn migrations() -> Vec<Migration> {
    [migration::RUNTIME, CV].concat()
}

/// Brings the database up to date.
///
/// # Errors
/// [`MigrationError`]: a file that changed, a database that is newer, a file that fails, no answer.
pub async fn migrate(address: &Address) -> Result<Vec<Applied>, MigrationError> {
    let (mut client, link) = address.connect().await?;
    let applied = migration::apply(&mut client, &migrations()).await;
    drop(client);
    link.abort();
    applied
}

/// What the database lacks, as `schema/name`. Changes nothing.
///
/// # Errors
/// [`MigrationError`] as for [`migrate`].
pub async fn pending(address: &Address) -> Result<Vec<String>, MigrationError> {
    let (client, link) = address.connect().await?;
    let pending = migration::pending(&client, &migrations()).await;
    drop(client);
    link.abort();
    pending
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sql_file_is_in_the_list() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        for folder in std::fs::read_dir(root).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
            let schema = folder.file_name().to_string_lossy().into_owned();
            estafette_actors::testkit::assert_migrations_complete(root, &migrations(), &schema);
        }
    }

    #[tokio::test]
    async fn all_migrations_apply_to_an_empty_database() {
        let database = crate::testing::database().await;
        let client = database.connect().await;
        assert_eq!(migration::pending(&client, &migrations()).await.unwrap(), Vec::<String>::new());
        assert_eq!(migrate(&database.config().clone().into()).await.unwrap(), []);
    }

    #[tokio::test]
    async fn documents_are_compressed_by_the_fastest_method_that_this_postgres_knows() {
        let database = crate::testing::database().await;
        let sql = "SELECT attrelid::regclass || '.' || attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
            WHERE relnamespace IN ('runtime'::regnamespace, 'cv'::regnamespace) AND relkind = 'r' AND attnum > 0
                AND atttypid IN ('json'::regtype, 'jsonb'::regtype) AND attcompression <> 'l'
                AND EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals))";
        let others: Vec<String> = database.db().query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        assert_eq!(others, Vec::<String>::new(), "a new column of documents: ALTER COLUMN ... SET COMPRESSION lz4");
    }
}
