//! `telemetry_events`, `feature_usage`, `link_history`.

use super::{Reader, get, time};
use estafette_actors::{DbResult, Tx};
use estafette_protocol::cv::http::Link;
use serde_json::Value;

/// Something that happened, for statistics.
#[derive(Debug, Clone)]
pub struct Telemetry<'a> {
    /// Whose.
    pub user: Option<&'a str>,
    /// `CV_GENERATED`, …
    pub kind: &'a str,
    /// `cv_management`, …
    pub category: &'a str,
    /// Particulars.
    pub metadata: Value,
    /// Where.
    pub device: Option<&'a str>,
    /// Milliseconds.
    pub duration: Option<i32>,
    /// `success`, `error` or `cancelled`.
    pub status: &'a str,
    /// Why it failed.
    pub error: Option<&'a str>,
}

/// Records an event. Without the person's consent to functional or analytics it counts, and says neither whose it is
/// nor what was particular (R71).
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn telemetry(tx: &Tx<'_>, event: &Telemetry<'_>) -> DbResult<()> {
    tx.later(
        "INSERT INTO cv.telemetry_events (id, user_id, type, category, metadata, device_id, duration, status, error)
         SELECT $1::text, CASE WHEN c.may THEN $2::text END, $3::text, $4::text, CASE WHEN c.may THEN $5::jsonb END,
            CASE WHEN c.may THEN $6::text END, $7::int, $8::text, CASE WHEN c.may THEN $9::text END
         FROM (SELECT coalesce((SELECT coalesce((preferences ->> 'functional')::bool, false)
                OR coalesce((preferences ->> 'analytics')::bool, false)
             FROM cv.consent_logs WHERE user_id = $2::text ORDER BY created_at DESC, id DESC LIMIT 1), false) AS may) c",
        vec![
            Box::new(super::new_id()),
            Box::new(event.user.map(str::to_owned)),
            Box::new(event.kind.to_owned()),
            Box::new(event.category.to_owned()),
            Box::new(event.metadata.clone()),
            Box::new(event.device.map(str::to_owned)),
            Box::new(event.duration),
            Box::new(event.status.to_owned()),
            Box::new(event.error.map(str::to_owned)),
        ],
    );
    Ok(())
}

/// R72: a feature was used to its end.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn feature_used(tx: &Tx<'_>, user: &str, feature: &str, duration_ms: i64) -> DbResult<()> {
    tx.later(
        "INSERT INTO cv.feature_usage AS f (id, user_id, feature_name, usage_count, total_duration)
         VALUES ($1, $2, $3, 1, $4)
         ON CONFLICT (user_id, feature_name) DO UPDATE SET usage_count = f.usage_count + 1, last_used_at = now(),
            total_duration = f.total_duration + excluded.total_duration, updated_at = now()",
        vec![Box::new(super::new_id()), Box::new(user.to_owned()), Box::new(feature.to_owned()), Box::new(duration_ms)],
    );
    Ok(())
}

/// R18: an address was used; once per person, the latest use counts.
///
/// # Errors
/// [`estafette_actors::DbError`].
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
