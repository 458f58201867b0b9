//! A made-up old database: Prisma's schema with realistic rows, a function of the seed. For the tests, and to try an import
//! at size (README.md says how).
//!
//! Irregular rows come at fixed places, so that 60 people have one of almost every kind: addresses that differ only in case,
//! hashes that are no bcrypt, CVs of an older form, ledgers that do not add up, unfinished tasks, rows of people who are gone.

use serde_json::Value;
use tokio_postgres::Client;

/// The tables.
pub const SCHEMA: &str = include_str!("schema.sql");
const ROWS: &str = include_str!("rows.sql");
/// Everybody's password.
pub const PASSWORD: &str = "ancien mot de passe";

/// Makes the tables and the rows in an empty database. `cost` is bcrypt's.
///
/// # Errors
/// A sentence: what failed.
pub async fn make(client: &Client, people: u32, seed: u32, cost: u32) -> Result<(), String> {
    let said = |error: tokio_postgres::Error| {
        std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
    };
    client.batch_execute(SCHEMA).await.map_err(said)?;
    client.batch_execute("CREATE TEMP TABLE cvs (n integer, content jsonb)").await.map_err(said)?;
    for (n, cv) in (0_i32..).zip(crate::demo::CVS) {
        let content: Value = serde_json::from_str(cv.content).map_err(|error| error.to_string())?;
        client.execute("INSERT INTO cvs VALUES ($1, $2)", &[&n, &content]).await.map_err(said)?;
    }
    let salt = *b"estafette import";
    let hash = bcrypt::hash_with_salt(PASSWORD, cost, salt).map_err(|error| error.to_string())?;
    let hash = hash.format_for_version(bcrypt::Version::TwoB);
    let settings = "SELECT set_config('old.users', $1, false), set_config('old.seed', $2, false), set_config('old.password', $3, false)";
    client.query(settings, &[&people.to_string(), &seed.to_string(), &hash]).await.map_err(said)?;
    client.batch_execute(ROWS).await.map_err(said)?;
    Ok(())
}
