//! Statistics of tables that grow fast. A plan made while a table is empty reads all of it, or takes any index, and a
//! connection keeps it; Postgres' own autovacuum looks once a minute, by when such a plan has cost more than the work. So
//! a node has a table looked at whenever it has grown by half since the last time: about twenty times on the way to ten
//! million rows. Fresh statistics also make every connection plan anew.

use crate::db::{Db, DbResult};

/// Rows that must have changed, beside half of the table.
const CHANGED: f64 = 500.0;
/// Tables at one look.
const TABLES: i64 = 16;

/// Tables of ours that have grown since they were looked at. Those of another owner are that one's care.
const GROWN: &str = "
SELECT quote_ident(s.schemaname) || '.' || quote_ident(s.relname)
FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
WHERE s.schemaname = ANY($1) AND s.n_mod_since_analyze > $2::float8 + greatest(c.reltuples, 0) / 2
      AND s.n_live_tup > greatest(c.reltuples, 0) * 1.5 AND pg_has_role(c.relowner, 'USAGE')
ORDER BY s.n_mod_since_analyze DESC LIMIT $3";

/// Has the tables of these schemas looked at that need it.
///
/// # Errors
/// [`crate::DbError`].
pub(crate) async fn renew(db: &Db, schemas: &[String]) -> DbResult<()> {
    for row in db.query(GROWN, &[&schemas, &CHANGED, &TABLES]).await? {
        let table: String = row.try_get(0)?;
        // Another node may be at it: once is enough.
        db.execute(&format!("ANALYZE (SKIP_LOCKED) {table}"), &[]).await?;
        tracing::debug!(table, "its statistics were renewed");
    }
    Ok(())
}
