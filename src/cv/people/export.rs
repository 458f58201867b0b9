//! Everything about a person (GDPR, article 15 and 20): every row that is theirs, of every table.
//!
//! The tables are not listed here: they are found by the keys of the database that lead to the person, so that a table
//! that is added later is in the export from its first day.

use crate::cv::store::{Reader, get};
use estafette_actors::{Db, DbResult};
use serde_json::Value;
use std::collections::BTreeMap;

/// Rows of one statement.
const PAGE: i64 = 200;
/// Tables that hold nothing but secrets of a moment.
const LEFT_OUT: [&str; 3] = ["email_verification_tokens", "auto_sign_in_tokens", "oauth_requests"];
/// Columns that let somebody in.
const SECRETS: [&str; 8] = [
    "password_hash",
    "reset_token",
    "reset_token_expiry",
    "token",
    "current_token",
    "access_token",
    "refresh_token",
    "id_token",
];

/// A table with the condition that a row is the person's (`$1`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The table.
    pub table: String,
    condition: String,
}

/// A foreign key of a table of the product.
struct ForeignKey {
    table: String,
    column: String,
    to: String,
    cascades: bool,
}

/// What belongs to a person: `users` itself, the tables that refer to it, and those whose rows go with theirs.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn sections(db: &impl Reader) -> DbResult<Vec<Section>> {
    let rows = db
        .rows(
            "SELECT t.relname AS table, a.attname AS column, r.relname AS to, c.confdeltype = 'c' AS cascades
             FROM pg_constraint c
             JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
             JOIN pg_namespace n ON n.oid = t.relnamespace
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
             WHERE c.contype = 'f' AND n.nspname = 'cv' AND cardinality(c.conkey) = 1
             ORDER BY 1, 2",
            &[],
        )
        .await?;
    let keys = rows.iter().map(|row| {
        Ok(ForeignKey {
            table: get(row, "table")?,
            column: get(row, "column")?,
            to: get(row, "to")?,
            cascades: get(row, "cascades")?,
        })
    });
    let keys: Vec<ForeignKey> = keys.collect::<DbResult<_>>()?;
    let mut found: BTreeMap<String, String> = BTreeMap::from([("users".to_owned(), "id = $1".to_owned())]);
    for key in keys.iter().filter(|key| key.to == "users" && key.table != "users") {
        let mine = format!("{} = $1", key.column);
        let condition = found.entry(key.table.clone()).or_default();
        *condition = if condition.is_empty() { mine } else { format!("{condition} OR {mine}") };
    }
    // Rows that go when a row of theirs goes: versions of a CV, steps of a generation.
    loop {
        let next = keys.iter().find_map(|key| {
            let parent = found.get(&key.to).filter(|_| key.cascades && !found.contains_key(&key.table))?;
            Some((key.table.clone(), format!("{} IN (SELECT id FROM cv.{} WHERE {parent})", key.column, key.to)))
        });
        match next {
            Some((table, condition)) => found.insert(table, condition),
            None => break,
        };
    }
    let sections = found.into_iter().filter(|(table, _)| !LEFT_OUT.contains(&table.as_str()));
    Ok(sections.map(|(table, condition)| Section { table, condition }).collect())
}

/// The next rows of a table, after one of them: its id with each. Fewer than asked for: the table is over.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn page(db: &Db, section: &Section, user: &str, after: &str) -> DbResult<(Vec<(String, Value)>, bool)> {
    let Section { table, condition } = section;
    let sql = format!(
        "SELECT id::text AS id, to_jsonb(t) - $4::text[] AS doc FROM cv.{table} t
         WHERE ({condition}) AND id::text > $2 ORDER BY id::text LIMIT $3"
    );
    let rows = db.rows(&sql, &[&user, &after, &PAGE, &SECRETS.as_slice()]).await?;
    let more = i64::try_from(rows.len()).unwrap_or(PAGE) == PAGE;
    let rows = rows.iter().map(|row| Ok((get(row, "id")?, get(row, "doc")?))).collect::<DbResult<_>>()?;
    Ok((rows, more))
}
