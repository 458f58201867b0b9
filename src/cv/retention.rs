//! G10: what is kept for 13 months and then as daily sums only.
//!
//! Of calls to models the daily sums are `openai_usage`, which stays; of telemetry they are made here, in the statement
//! that takes the events away. Consents stay: a legal log has no end but the account's.

use super::topics;
use async_trait::async_trait;
use estafette_actors::sweep::{BATCH, Sweep};
use estafette_actors::{CallError, Tx};
use estafette_protocol::ProductId;

/// Each takes at most `$1` rows away and says how many.
const STATEMENTS: [&str; 4] = [
    "WITH gone AS (
        DELETE FROM cv.telemetry_events WHERE id IN (SELECT id FROM cv.telemetry_events
            WHERE created_at < now() - interval '13 months' ORDER BY created_at, id LIMIT $1)
        RETURNING type, category, coalesce(status, '') AS status, coalesce(duration, 0) AS duration,
            (timestamp AT TIME ZONE 'UTC')::date AS date
     ), kept AS (
        INSERT INTO cv.telemetry_daily AS d (date, type, category, status, events_count, total_duration)
        SELECT date, type, category, status, count(*), sum(duration) FROM gone GROUP BY 1, 2, 3, 4
        ON CONFLICT (date, type, category, status) DO UPDATE SET
            events_count = d.events_count + excluded.events_count,
            total_duration = d.total_duration + excluded.total_duration
     )
     SELECT count(*) AS gone FROM gone",
    "WITH gone AS (DELETE FROM cv.openai_calls WHERE id IN (SELECT id FROM cv.openai_calls
        WHERE created_at < now() - interval '13 months' ORDER BY created_at, id LIMIT $1) RETURNING 1)
     SELECT count(*) AS gone FROM gone",
    "WITH gone AS (DELETE FROM cv.openai_alert_firings WHERE id IN (SELECT id FROM cv.openai_alert_firings
        WHERE fired_at < now() - interval '13 months' ORDER BY fired_at, id LIMIT $1) RETURNING 1)
     SELECT count(*) AS gone FROM gone",
    "WITH gone AS (DELETE FROM cv.notices WHERE id IN (SELECT id FROM cv.notices
        WHERE created_at < now() - interval '13 months' OR read_at < now() - interval '90 days'
        ORDER BY created_at, id LIMIT $1) RETURNING 1)
     SELECT count(*) AS gone FROM gone",
];

/// The product's sweep of what is past its time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Retention;

#[async_trait(?Send)]
impl Sweep for Retention {
    fn name(&self) -> &'static str {
        "retention"
    }

    fn product(&self) -> ProductId {
        topics::product()
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, CallError> {
        let mut most = 0;
        for statement in STATEMENTS {
            let gone: i64 = tx.query_one(statement, &[&BATCH]).await?.try_get("gone")?;
            most = most.max(gone.unsigned_abs());
        }
        Ok(most)
    }
}
