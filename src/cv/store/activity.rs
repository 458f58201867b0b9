//! `telemetry_events`, `feature_usage`, `link_history`.

use super::{Reader, get, time};
use estafette_actors::{BulkRow, Column, DbResult, Tx, column};
use estafette_protocol::cv::http::Link;
use serde_json::Value;

/// Something that happened, for statistics.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// Whose.
    pub user: Option<String>,
    /// `CV_GENERATED`, …
    pub kind: &'static str,
    /// `cv_management`, …
    pub category: &'static str,
    /// Particulars.
    pub metadata: Value,
    /// Where.
    pub device: Option<String>,
    /// Milliseconds.
    pub duration: Option<i32>,
    /// `success`, `error` or `cancelled`.
    pub status: &'static str,
    /// Why it failed.
    pub error: Option<String>,
}

/// Records an event with the end of the unit. Without the person's consent to functional or analytics it counts, and says
/// neither whose it is nor what was particular (R71).
pub fn telemetry(tx: &Tx<'_>, event: Telemetry) {
    tx.put(event);
}

impl BulkRow for Telemetry {
    const SQL: &'static str =
        "INSERT INTO cv.telemetry_events (id, user_id, type, category, metadata, device_id, duration, status, error)
        SELECT t.id, CASE WHEN c.may THEN t.user_id END, t.type, t.category, CASE WHEN c.may THEN t.metadata END,
            CASE WHEN c.may THEN t.device END, t.duration, t.status, CASE WHEN c.may THEN t.error END
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::int[], $8::text[], $9::text[])
            AS t (id, user_id, type, category, metadata, device, duration, status, error),
        LATERAL (SELECT coalesce((SELECT coalesce((preferences ->> 'functional')::bool, false)
                OR coalesce((preferences ->> 'analytics')::bool, false)
             FROM cv.consent_logs l WHERE l.user_id = t.user_id ORDER BY l.created_at DESC, l.id DESC LIMIT 1), false) AS may) c";
    const AT_END: bool = true;
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |_| super::new_id()),
            column(rows, |row| row.user.as_deref()),
            column(rows, |row| row.kind),
            column(rows, |row| row.category),
            column(rows, |row| &row.metadata),
            column(rows, |row| row.device.as_deref()),
            column(rows, |row| row.duration),
            column(rows, |row| row.status),
            column(rows, |row| row.error.as_deref()),
        ]
    }
}

/// A feature that was used.
struct Used {
    user: String,
    feature: &'static str,
    duration_ms: i64,
}

impl BulkRow for Used {
    const SQL: &'static str =
        "INSERT INTO cv.feature_usage AS f (id, user_id, feature_name, usage_count, total_duration)
        SELECT min(u.id), u.user_id, u.feature, count(*), sum(u.duration)::bigint
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS u (id, user_id, feature, duration)
        GROUP BY u.user_id, u.feature ORDER BY u.user_id, u.feature
        ON CONFLICT (user_id, feature_name) DO UPDATE SET usage_count = f.usage_count + excluded.usage_count,
            last_used_at = now(), total_duration = f.total_duration + excluded.total_duration, updated_at = now()";
    const AT_END: bool = true;
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |_| super::new_id()),
            column(rows, |row| row.user.as_str()),
            column(rows, |row| row.feature),
            column(rows, |row| row.duration_ms),
        ]
    }
}

/// R72: a feature was used to its end. Counted with the end of the unit.
pub fn feature_used(tx: &Tx<'_>, user: &str, feature: &'static str, duration_ms: i64) {
    tx.put(Used { user: user.to_owned(), feature, duration_ms });
}

/// R18: an address was used; once per person, the latest use counts.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn link_used(tx: &Tx<'_>, user: &str, url: &str) -> DbResult<()> {
    tx.later(
        "INSERT INTO cv.link_history (id, user_id, url) VALUES ($1, $2, $3)
         ON CONFLICT (user_id, url) DO UPDATE SET created_at = clock_timestamp()",
        vec![Box::new(super::new_id()), Box::new(user.to_owned()), Box::new(url.to_owned())],
    );
    Ok(())
}

/// A person's addresses, the last used first.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn links(db: &impl Reader, user: &str, after: Option<&str>, limit: i64) -> DbResult<Vec<Link>> {
    let rows = db
        .rows(
            "SELECT id, url, created_at FROM cv.link_history WHERE user_id = $1 AND ($2::text IS NULL OR
                (created_at, id) < (SELECT created_at, id FROM cv.link_history WHERE id = $2 AND user_id = $1))
             ORDER BY created_at DESC, id DESC LIMIT $3",
            &[&user, &after, &limit],
        )
        .await?;
    rows.iter()
        .map(|row| Ok(Link { id: get(row, "id")?, url: get(row, "url")?, created_at: time(row, "created_at")? }))
        .collect()
}

/// Forgets an address.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn delete_link(tx: &Tx<'_>, user: &str, id: &str) -> DbResult<bool> {
    Ok(tx.execute("DELETE FROM cv.link_history WHERE id = $1 AND user_id = $2", &[&id, &user]).await? == 1)
}
