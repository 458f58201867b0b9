//! `openai_pricing`, `openai_calls`, `openai_usage`: what calls to models used up (R65, R66).

use super::{Reader, get};
use crate::ai::Decimal;
use crate::ai::{AiCallRecord, ModelPrice, PriceBook};
use estafette_actors::{Db, DbError, DbResult};
use tokio_postgres::Row;

fn decimal(row: &Row, column: &str) -> DbResult<Option<Decimal>> {
    let text: Option<String> = get(row, column)?;
    text.map(|text| text.parse().map_err(|error| DbError::Data(format!("column {column}: {error}")))).transpose()
}

/// The active prices.
///
/// # Errors
/// [`DbError`], as every function here.
pub async fn prices(db: &impl Reader) -> DbResult<PriceBook> {
    let rows = db
        .rows(
            "SELECT model_name, input_price_per_m_token::text AS input, output_price_per_m_token::text AS output,
                cache_price_per_m_token::text AS cache, input_price_per_m_token_priority::text AS input_priority,
                output_price_per_m_token_priority::text AS output_priority,
                cache_price_per_m_token_priority::text AS cache_priority
             FROM cv.openai_pricing WHERE is_active",
            &[],
        )
        .await?;
    let mut prices = Vec::with_capacity(rows.len());
    for row in &rows {
        let price = ModelPrice {
            input: decimal(row, "input")?.unwrap_or_default(),
            output: decimal(row, "output")?.unwrap_or_default(),
            cache: decimal(row, "cache")?.unwrap_or_default(),
            input_priority: decimal(row, "input_priority")?,
            output_priority: decimal(row, "output_priority")?,
            cache_priority: decimal(row, "cache_priority")?,
        };
        prices.push((get(row, "model_name")?, price));
    }
    Ok(PriceBook::new(prices))
}

/// Records calls and adds them to the usage of their UTC day, in one statement, so that the sum over calls is the usage
/// row (R65). Calls on nobody's behalf have no row. Calls of a person who is gone by now are left out with them.
///
/// # Errors
/// [`DbError`].
pub async fn record(db: &Db, calls: &[AiCallRecord]) -> DbResult<()> {
    let calls: Vec<&AiCallRecord> = calls.iter().filter(|call| call.origin.user.is_some()).collect();
    if calls.is_empty() {
        return Ok(());
    }
    let tokens = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let ids: Vec<String> = calls.iter().map(|_| super::new_id()).collect();
    let usage_ids: Vec<String> = calls.iter().map(|_| super::new_id()).collect();
    let users: Vec<&str> =
        calls.iter().filter_map(|call| call.origin.user.as_ref()).map(|user| user.as_str()).collect();
    let features: Vec<&str> = calls.iter().map(|call| call.feature.as_str()).collect();
    let models: Vec<&str> = calls.iter().map(|call| call.model()).collect();
    let prompt: Vec<i32> = calls.iter().map(|call| tokens(call.usage.prompt_tokens)).collect();
    let cached: Vec<i32> = calls.iter().map(|call| tokens(call.usage.cached_tokens)).collect();
    let completion: Vec<i32> = calls.iter().map(|call| tokens(call.usage.completion_tokens)).collect();
    let costs: Vec<String> = calls.iter().map(|call| call.cost.to_string()).collect();
    let durations: Vec<i32> = calls.iter().map(|call| tokens(call.usage.duration_ms)).collect();
    let metadata: Vec<serde_json::Value> = calls.iter().map(|call| call.metadata()).collect();
    let at: Vec<chrono::DateTime<chrono::Utc>> = calls.iter().map(|call| call.at).collect();
    db.execute(
        "WITH given AS (
            SELECT t.* FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[],
                $8::int[], $9::text[], $10::int[], $11::jsonb[], $12::timestamptz[])
                AS t (id, usage_id, user_id, feature, model, prompt, cached, completion, cost, duration, metadata, at)
            JOIN cv.users u ON u.id = t.user_id
         ), logged AS (
            INSERT INTO cv.openai_calls (id, user_id, feature_name, model, prompt_tokens, cached_tokens,
                completion_tokens, total_tokens, estimated_cost, duration, metadata, created_at)
            SELECT id, user_id, feature, model, prompt, cached, completion, prompt + completion,
                cost::numeric(14, 6), duration, metadata, at FROM given
         )
         INSERT INTO cv.openai_usage AS u (id, user_id, feature_name, model, date, prompt_tokens, cached_tokens,
            completion_tokens, total_tokens, estimated_cost, calls_count)
         SELECT min(usage_id), user_id, feature, model, (at AT TIME ZONE 'UTC')::date, sum(prompt), sum(cached),
            sum(completion), sum(prompt + completion), sum(cost::numeric(14, 6)), count(*)::int
         FROM given GROUP BY user_id, feature, model, (at AT TIME ZONE 'UTC')::date
         ORDER BY user_id, feature, model
         ON CONFLICT (user_id, feature_name, model, date) DO UPDATE SET
            prompt_tokens = u.prompt_tokens + excluded.prompt_tokens,
            cached_tokens = u.cached_tokens + excluded.cached_tokens,
            completion_tokens = u.completion_tokens + excluded.completion_tokens,
            total_tokens = u.total_tokens + excluded.total_tokens,
            estimated_cost = u.estimated_cost + excluded.estimated_cost,
            calls_count = u.calls_count + excluded.calls_count, updated_at = now()",
        &[
            &ids,
            &usage_ids,
            &users,
            &features,
            &models,
            &prompt,
            &cached,
            &completion,
            &costs,
            &durations,
            &metadata,
            &at,
        ],
    )
    .await?;
    Ok(())
}
