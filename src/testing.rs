//! For tests of the server: a fresh database with every migration, on the run's shared private cluster.
//!
//! ```ignore
//! let database = testing::database().await;
//! let db = database.db(); // a pool; the database is dropped with `database`
//! ```

pub use estafette_actors::testkit::TestDatabase;

/// A fresh database with the schemas of the runtime and of all products.
///
/// # Panics
/// When there is no Postgres on this machine, or a migration does not apply.
pub async fn database() -> TestDatabase {
    TestDatabase::fresh(&crate::db::migrations()).await
}
