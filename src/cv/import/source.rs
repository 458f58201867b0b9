//! The old database: read only, page by page.

use super::ImportError;
use super::model::Key;
use crate::db::address::Address;
use futures_util::TryStreamExt as _;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::pin::pin;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

/// What Prisma writes into an address and Postgres does not know.
const PRISMA_ONLY: &[&str] = &[
    "schema",
    "connection_limit",
    "pool_timeout",
    "pgbouncer",
    "socket_timeout",
    "statement_cache_size",
    "sslcert",
    "sslpassword",
    "sslidentity",
    "sslaccept",
];
/// People whose address belongs to somebody else, in lower case: more are a database that must be looked at first.
const MAX_COLLISIONS: i64 = 100_000;
/// Bound of one statement.
const STATEMENT: &str = "10min";

/// The old database.
pub struct Source {
    client: Client,
    schema: String,
    tables: BTreeMap<String, BTreeSet<String>>,
    name: String,
}

/// A row as it is read.
pub struct OldRow {
    /// Its key, as text.
    pub key: String,
    /// Its columns.
    pub columns: Result<Map<String, Value>, String>,
    /// How large it is.
    pub bytes: usize,
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The address without what only Prisma understands, and the schema it names.
fn address(text: &str) -> (String, String) {
    let Some((front, query)) = text.split_once('?') else { return (text.to_owned(), "public".to_owned()) };
    let mut schema = "public".to_owned();
    let mut kept = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == "schema" && !value.is_empty() {
            value.clone_into(&mut schema);
        }
        if !PRISMA_ONLY.contains(&name) {
            kept.push(pair);
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    (format!("{front}{query}"), schema)
}

impl Source {
    /// Connects, and looks at what is there. Nothing can be written over this connection.
    ///
    /// # Errors
    /// [`ImportError`]: no address, no answer, no `"User"` table.
    pub async fn open(url: &str, authority: &Path) -> Result<Self, ImportError> {
        let (url, schema) = address(url);
        let address = Address::parse(&url, authority).map_err(|error| ImportError::Source(error.to_string()))?;
        let (client, _link) = address.connect().await.map_err(ImportError::source)?;
        let session = format!(
            "SET default_transaction_read_only = on; SET timezone = 'UTC'; SET statement_timeout = '{STATEMENT}';
             SET application_name = 'estafette import'"
        );
        client.batch_execute(&session).await.map_err(ImportError::source)?;
        let row = client
            .query_one(
                "SELECT concat_ws(':', host(inet_server_addr()), inet_server_port()::text) || '/' || current_database()",
                &[],
            )
            .await
            .map_err(ImportError::source)?;
        let name = format!("{}/{schema}", row.get::<_, String>(0).trim_start_matches('/'));
        let columns = client
            .query(
                "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c
                 JOIN information_schema.tables t USING (table_schema, table_name)
                 WHERE c.table_schema = $1 AND t.table_type = 'BASE TABLE'",
                &[&schema],
            )
            .await
            .map_err(ImportError::source)?;
        let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in columns {
            tables.entry(row.get(0)).or_default().insert(row.get(1));
        }
        if !tables.get("User").is_some_and(|columns| columns.contains("id")) {
            return Err(ImportError::NotFitMyCv(schema));
        }
        Ok(Self { client, schema, tables, name })
    }

    /// Where it is: host, port, database, schema. No password.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns of a table; none where there is no such table.
    pub fn columns(&self, table: &str) -> Option<&BTreeSet<String>> {
        self.tables.get(table)
    }

    /// All tables.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    fn table(&self, name: &str) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(name))
    }

    /// Rows of a table.
    ///
    /// # Errors
    /// [`ImportError`], as every function here.
    pub async fn count(&self, table: &str) -> Result<i64, ImportError> {
        let sql = format!("SELECT count(*) FROM {}", self.table(table));
        Ok(self.client.query_one(&sql, &[]).await.map_err(ImportError::source)?.get(0))
    }

    /// The sum of a column, rounded row by row as the new column is, as decimal text.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn sum(&self, table: &str, column: &str) -> Result<String, ImportError> {
        let column = quoted(column);
        let sql = format!(
            "SELECT coalesce(sum(round({column}::text::numeric, 6)) FILTER (WHERE {column}::text <> 'NaN'), 0)::text FROM {}",
            self.table(table)
        );
        Ok(self.client.query_one(&sql, &[]).await.map_err(ImportError::source)?.get(0))
    }

    /// The sum of what people had, debts counted as nothing.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn balances(&self) -> Result<i64, ImportError> {
        let sql = format!("SELECT coalesce(sum(greatest(balance, 0)), 0)::bigint FROM {}", self.table("CreditBalance"));
        Ok(self.client.query_one(&sql, &[]).await.map_err(ImportError::source)?.get(0))
    }

    /// People whose address somebody else keeps: of those with one address in lower case, who verified it first keeps it,
    /// then who signed up first.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn without_address(&self) -> Result<Vec<String>, ImportError> {
        let has = |column: &str| self.columns("User").is_some_and(|columns| columns.contains(column));
        let mut order = vec!["id"];
        if has("createdAt") {
            order.insert(0, "\"createdAt\"");
        }
        if has("emailVerified") {
            order.insert(0, "\"emailVerified\" IS NULL");
        }
        let sql = format!(
            "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY lower(btrim(email)) ORDER BY {}) AS n
                             FROM {} WHERE btrim(email) <> '') AS ranked WHERE n > 1 LIMIT $1",
            order.join(", "),
            self.table("User")
        );
        let limit = MAX_COLLISIONS + 1;
        let rows = self.client.query(&sql, &[&limit]).await.map_err(ImportError::source)?;
        if rows.len() > usize::try_from(MAX_COLLISIONS).unwrap_or(usize::MAX) {
            return Err(ImportError::TooManyCollisions(MAX_COLLISIONS));
        }
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Rows after a key, in its order, at most `limit`; they are handed over as they arrive, so that no more than the
    /// caller keeps is in memory.
    ///
    /// # Errors
    /// [`ImportError`], also of `take`.
    pub async fn page(
        &self,
        table: &str,
        key: Key,
        after: Option<&str>,
        limit: i64,
        mut take: impl AsyncFnMut(OldRow) -> Result<(), ImportError>,
    ) -> Result<u64, ImportError> {
        let column = quoted(key.old);
        let cast = if key.number { "$1::text::bigint" } else { "$1::text" };
        let condition =
            if after.is_some() { format!("WHERE {column} > {cast}") } else { "WHERE $1::text IS NULL".to_owned() };
        let sql = format!(
            "SELECT t.{column}::text, to_json(t)::text FROM
             (SELECT * FROM {} {condition} ORDER BY {column} LIMIT $2) AS t ORDER BY t.{column}",
            self.table(table)
        );
        let params: [&(dyn ToSql + Sync); 2] = [&after, &limit];
        let rows = self.client.query_raw(&sql, params).await.map_err(ImportError::source)?;
        let mut rows = pin!(rows);
        let mut count = 0;
        while let Some(row) = rows.try_next().await.map_err(ImportError::source)? {
            let (key, text): (String, &str) = (row.get(0), row.get(1));
            let columns = serde_json::from_str(text).map_err(|error| error.to_string());
            let row = OldRow { key, columns, bytes: text.len() };
            take(row).await?;
            count += 1;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prismas_words_are_taken_out_of_the_address() {
        let (url, schema) = address("postgresql://u:p@h:5432/d?schema=app&connection_limit=5&sslmode=require");
        assert_eq!((url.as_str(), schema.as_str()), ("postgresql://u:p@h:5432/d?sslmode=require", "app"));
        assert_eq!(address("postgresql://h/d?schema=public").0, "postgresql://h/d");
        assert_eq!(address("postgresql://h/d").1, "public");
    }
}
