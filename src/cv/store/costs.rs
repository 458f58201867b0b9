//! What administrators see of AI cost: sums of `openai_usage`, rows of `openai_calls`, `openai_pricing`, `openai_alerts`
//! and their firings.

use super::{Reader, get, opt_word, time, word};
use chrono::NaiveDate;
use estafette_actors::{DbResult, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::costs::{
    AiCall, AiCallQuery, CostAlert, CostAlertRule, CostTick, ModelPricing, UsageBy, UsageSum,
};
use serde_json::Value;
use tokio_postgres::Row;

/// Firings of a snapshot.
pub const MAX_SNAPSHOT: i64 = 100;
/// Firings of one alert that one look writes; the next look goes on.
pub const MAX_FIRINGS: i64 = 100;

/// The first and the last day that is asked for, and the filters.
#[derive(Debug, Clone)]
pub struct UsageFilter<'a> {
    /// From this day on.
    pub from: NaiveDate,
    /// To this day, included.
    pub to: NaiveDate,
    /// Only this person's.
    pub user: Option<&'a str>,
    /// Only this feature's.
    pub feature: Option<&'a str>,
    /// Only this model's.
    pub model: Option<&'a str>,
}

/// How a grouping is asked for: its key (the cursor), what is grouped by, whether the newest come first.
const fn grouping(by: UsageBy) -> (&'static str, &'static str, bool) {
    match by {
        UsageBy::Row => {
            ("o.date::text || ' ' || o.id", "o.date, o.id, o.user_id, u.email, o.feature_name, o.model", true)
        }
        UsageBy::Day => ("o.date::text", "o.date", true),
        UsageBy::User => ("o.user_id", "o.user_id, u.email", false),
        UsageBy::Feature => ("o.feature_name", "o.feature_name", false),
        UsageBy::Model => ("o.model", "o.model", false),
    }
}

/// Sums by group: the group's key (for the cursor) with its sums.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn usage(
    db: &impl Reader,
    by: UsageBy,
    filter: &UsageFilter<'_>,
    after: Option<&str>,
    limit: i64,
) -> DbResult<Vec<(String, UsageSum)>> {
    let (key, group, newest_first) = grouping(by);
    let shown = |column: &'static str, word: &str| {
        if group.split(", ").any(|grouped| grouped == column) {
            format!("{column}::text AS {word}")
        } else {
            format!("NULL::text AS {word}")
        }
    };
    let (than, order) = if newest_first { ("<", "DESC") } else { (">", "ASC") };
    let columns = [
        shown("o.date", "date"),
        shown("o.user_id", "user_id"),
        shown("u.email", "email"),
        shown("o.feature_name", "feature_name"),
        shown("o.model", "model"),
    ]
    .join(", ");
    let sql = format!(
        "SELECT ({key}) AS key, {columns}, sum(o.prompt_tokens)::bigint AS prompt_tokens,
            sum(o.cached_tokens)::bigint AS cached_tokens, sum(o.completion_tokens)::bigint AS completion_tokens,
            sum(o.total_tokens)::bigint AS total_tokens, sum(o.estimated_cost)::float8 AS estimated_cost,
            sum(o.calls_count)::bigint AS calls_count
         FROM cv.openai_usage o JOIN cv.users u ON u.id = o.user_id
         WHERE o.date BETWEEN $1 AND $2 AND ($3::text IS NULL OR o.user_id = $3)
            AND ($4::text IS NULL OR o.feature_name = $4) AND ($5::text IS NULL OR o.model = $5)
            AND ($6::text IS NULL OR ({key}) COLLATE \"C\" {than} $6)
         GROUP BY {group} ORDER BY ({key}) COLLATE \"C\" {order} LIMIT $7"
    );
    let rows = db
        .rows(&sql, &[&filter.from, &filter.to, &filter.user, &filter.feature, &filter.model, &after, &limit])
        .await?;
    rows.iter()
        .map(|row| {
            let sum = UsageSum {
                date: get(row, "date")?,
                user_id: opt_word(row, "user_id")?,
                email: get(row, "email")?,
                feature_name: get(row, "feature_name")?,
                model: get(row, "model")?,
                prompt_tokens: get(row, "prompt_tokens")?,
                cached_tokens: get(row, "cached_tokens")?,
                completion_tokens: get(row, "completion_tokens")?,
                total_tokens: get(row, "total_tokens")?,
                estimated_cost: get(row, "estimated_cost")?,
                calls_count: get(row, "calls_count")?,
            };
            Ok((get(row, "key")?, sum))
        })
        .collect()
}

/// Single calls, the newest first.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn calls(db: &impl Reader, filter: &AiCallQuery, after: Option<&str>, limit: i64) -> DbResult<Vec<AiCall>> {
    let user = filter.user_id.as_ref().map(UserId::as_str);
    let task = filter.task_id.as_ref().map(|task| task.as_str());
    let rows = db
        .rows(
            "SELECT c.id, c.user_id, u.email, c.feature_name, c.model, c.prompt_tokens, c.cached_tokens,
                c.completion_tokens, c.total_tokens, c.estimated_cost::float8 AS estimated_cost, c.duration, c.metadata,
                c.created_at
             FROM cv.openai_calls c JOIN cv.users u ON u.id = c.user_id
             WHERE ($1::text IS NULL OR c.user_id = $1) AND ($2::text IS NULL OR c.feature_name = $2)
                AND ($3::text IS NULL OR c.model = $3) AND ($4::text IS NULL OR c.metadata ->> 'task_id' = $4)
                AND ($5::text IS NULL OR (c.created_at, c.id) <
                    (SELECT created_at, id FROM cv.openai_calls WHERE id = $5))
             ORDER BY c.created_at DESC, c.id DESC LIMIT $6",
            &[&user, &filter.feature_name, &filter.model, &task, &after, &limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(AiCall {
                id: get(row, "id")?,
                user_id: word(row, "user_id")?,
                email: get(row, "email")?,
                feature_name: get(row, "feature_name")?,
                model: get(row, "model")?,
                prompt_tokens: get(row, "prompt_tokens")?,
                cached_tokens: get(row, "cached_tokens")?,
                completion_tokens: get(row, "completion_tokens")?,
                total_tokens: get(row, "total_tokens")?,
                estimated_cost: get(row, "estimated_cost")?,
                duration: get(row, "duration")?,
                metadata: get::<Option<Value>>(row, "metadata")?.unwrap_or(Value::Null),
                created_at: time(row, "created_at")?,
            })
        })
        .collect()
}

const PRICING: &str =
    "model_name, input_price_per_m_token::float8 AS input, output_price_per_m_token::float8 AS output,
    cache_price_per_m_token::float8 AS cache, input_price_per_m_token_priority::float8 AS input_priority,
    output_price_per_m_token_priority::float8 AS output_priority,
    cache_price_per_m_token_priority::float8 AS cache_priority, description, is_active";

fn pricing_row(row: &Row) -> DbResult<ModelPricing> {
    Ok(ModelPricing {
        model_name: get(row, "model_name")?,
        input_price_per_m_token: get(row, "input")?,
        output_price_per_m_token: get(row, "output")?,
        cache_price_per_m_token: get(row, "cache")?,
        input_price_per_m_token_priority: get(row, "input_priority")?,
        output_price_per_m_token_priority: get(row, "output_priority")?,
        cache_price_per_m_token_priority: get(row, "cache_priority")?,
        description: get(row, "description")?,
        is_active: get(row, "is_active")?,
    })
}

/// Prices by model name, those out of force as well.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn pricing(db: &impl Reader, after: Option<&str>, limit: i64) -> DbResult<Vec<ModelPricing>> {
    let sql = format!(
        "SELECT {PRICING} FROM cv.openai_pricing WHERE $1::text IS NULL OR model_name COLLATE \"C\" > $1
         ORDER BY model_name COLLATE \"C\" LIMIT $2"
    );
    db.rows(&sql, &[&after, &limit]).await?.iter().map(pricing_row).collect()
}

/// Writes a model's prices, new or changed.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_pricing(tx: &Tx<'_>, price: &ModelPricing) -> DbResult<ModelPricing> {
    let sql = format!(
        "INSERT INTO cv.openai_pricing (id, model_name, input_price_per_m_token, output_price_per_m_token,
            cache_price_per_m_token, input_price_per_m_token_priority, output_price_per_m_token_priority,
            cache_price_per_m_token_priority, description, is_active)
         VALUES ($1, $2, $3::float8::numeric, $4::float8::numeric, $5::float8::numeric, $6::float8::numeric,
            $7::float8::numeric, $8::float8::numeric, $9, $10)
         ON CONFLICT (model_name) DO UPDATE SET input_price_per_m_token = excluded.input_price_per_m_token,
            output_price_per_m_token = excluded.output_price_per_m_token,
            cache_price_per_m_token = excluded.cache_price_per_m_token,
            input_price_per_m_token_priority = excluded.input_price_per_m_token_priority,
            output_price_per_m_token_priority = excluded.output_price_per_m_token_priority,
            cache_price_per_m_token_priority = excluded.cache_price_per_m_token_priority,
            description = excluded.description, is_active = excluded.is_active, updated_at = now()
         RETURNING {PRICING}"
    );
    let row = tx
        .query_one(
            &sql,
            &[
                &super::new_id(),
                &price.model_name,
                &price.input_price_per_m_token,
                &price.output_price_per_m_token,
                &price.cache_price_per_m_token,
                &price.input_price_per_m_token_priority,
                &price.output_price_per_m_token_priority,
                &price.cache_price_per_m_token_priority,
                &price.description,
                &price.is_active,
            ],
        )
        .await?;
    pricing_row(&row)
}

const ALERT: &str = "id, type, threshold::float8 AS threshold, enabled, name, description, last_fired_key";

fn alert_row(row: &Row) -> DbResult<CostAlertRule> {
    Ok(CostAlertRule {
        id: get(row, "id")?,
        kind: get(row, "type")?,
        threshold: get(row, "threshold")?,
        enabled: get(row, "enabled")?,
        name: get(row, "name")?,
        description: get(row, "description")?,
        last_fired_key: get(row, "last_fired_key")?,
    })
}

/// Alerts, the oldest first.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn alerts(db: &impl Reader, after: Option<&str>, limit: i64) -> DbResult<Vec<CostAlertRule>> {
    let sql = format!(
        "SELECT {ALERT} FROM cv.openai_alerts WHERE $1::text IS NULL OR (created_at, id) >
            (SELECT created_at, id FROM cv.openai_alerts WHERE id = $1)
         ORDER BY created_at, id LIMIT $2"
    );
    db.rows(&sql, &[&after, &limit]).await?.iter().map(alert_row).collect()
}

/// Writes an alert: a new one without id, else the one of that id; `None`: there is none.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_alert(tx: &Tx<'_>, alert: &CostAlertRule) -> DbResult<Option<CostAlertRule>> {
    let row = match &alert.id {
        None => {
            let sql = format!(
                "INSERT INTO cv.openai_alerts (id, type, threshold, enabled, name, description, created_at)
                 VALUES ($1, $2, $3::float8::numeric, $4, $5, $6, clock_timestamp()) RETURNING {ALERT}"
            );
            let id = super::new_id();
            tx.query_opt(&sql, &[&id, &alert.kind, &alert.threshold, &alert.enabled, &alert.name, &alert.description])
                .await?
        }
        Some(id) => {
            let sql = format!(
                "UPDATE cv.openai_alerts SET type = $2, threshold = $3::float8::numeric, enabled = $4, name = $5,
                    description = $6, updated_at = now() WHERE id = $1 RETURNING {ALERT}"
            );
            tx.query_opt(&sql, &[id, &alert.kind, &alert.threshold, &alert.enabled, &alert.name, &alert.description])
                .await?
        }
    };
    row.as_ref().map(alert_row).transpose()
}

/// How many alerts there are.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn count_alerts(db: &impl Reader) -> DbResult<i64> {
    db.row("SELECT count(*) AS n FROM cv.openai_alerts", &[]).await?.map_or(Ok(0), |row| get(&row, "n"))
}

/// Removes an alert with its firings.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn delete_alert(tx: &Tx<'_>, id: &str) -> DbResult<bool> {
    Ok(tx.execute("DELETE FROM cv.openai_alerts WHERE id = $1", &[&id]).await? == 1)
}

const FIRING: &str = "id, type, name, scope, period, value::float8 AS value, threshold::float8 AS threshold, fired_at";

fn firing_row(row: &Row) -> DbResult<CostAlert> {
    Ok(CostAlert {
        id: get(row, "id")?,
        kind: get(row, "type")?,
        name: get(row, "name")?,
        scope: get(row, "scope")?,
        period: get(row, "period")?,
        value: get(row, "value")?,
        threshold: get(row, "threshold")?,
        fired_at: time(row, "fired_at")?,
    })
}

/// The last firings, the newest first.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn firings(db: &impl Reader) -> DbResult<Vec<CostAlert>> {
    let sql =
        format!("SELECT {FIRING} FROM cv.openai_alert_firings ORDER BY fired_at DESC, id DESC LIMIT {MAX_SNAPSHOT}");
    db.rows(&sql, &[]).await?.iter().map(firing_row).collect()
}

/// What each type of alert sums up: scope, period, sum; in SQL over `openai_usage` (or the calls without a price).
fn sums_of(kind: &str) -> Option<String> {
    let usage = |scope: &str, period: &str, since: &str| {
        Some(format!(
            "SELECT {scope} AS scope, to_char({since}, '{period}') AS period, sum(o.estimated_cost) AS value
             FROM cv.openai_usage o WHERE o.date >= {since}
             GROUP BY 1, 2 HAVING sum(o.estimated_cost) > a.threshold"
        ))
    };
    let (today, month) = ("(now() AT TIME ZONE 'UTC')::date", "date_trunc('month', now() AT TIME ZONE 'UTC')::date");
    match kind {
        "user_daily" => usage("o.user_id", "YYYY-MM-DD", today),
        "user_monthly" => usage("o.user_id", "YYYY-MM", month),
        "global_daily" => usage("'global'", "YYYY-MM-DD", today),
        "global_monthly" => usage("'global'", "YYYY-MM", month),
        "feature_daily" => usage("o.feature_name", "YYYY-MM-DD", today),
        "unknown_model" => Some(
            "SELECT c.model AS scope, to_char(c.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS period,
                count(*)::numeric AS value
             FROM cv.openai_calls c WHERE c.metadata ? 'unpriced' AND c.created_at > now() - interval '1 day'
             GROUP BY 1, 2 HAVING count(*) > a.threshold"
                .to_owned(),
        ),
        _ => None,
    }
}

/// P12 for one alert: what it fires now, each scope and period once (R67), at most [`MAX_FIRINGS`].
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn fire(tx: &Tx<'_>, alert: &CostAlertRule) -> DbResult<Vec<CostAlert>> {
    let (Some(id), Some(sums)) = (&alert.id, sums_of(&alert.kind)) else { return Ok(Vec::new()) };
    let sql = format!(
        "INSERT INTO cv.openai_alert_firings (id, alert_id, type, name, scope, period, value, threshold)
         SELECT 'f' || substr(md5(random()::text || s.scope || s.period), 1, 23), a.id, a.type, a.name, s.scope, s.period, s.value,
            a.threshold
         FROM cv.openai_alerts a CROSS JOIN LATERAL ({sums}) s
         WHERE a.id = $1 AND a.enabled AND NOT EXISTS (SELECT 1 FROM cv.openai_alert_firings f
            WHERE f.alert_id = a.id AND f.scope = s.scope AND f.period = s.period)
         ORDER BY s.value DESC LIMIT {MAX_FIRINGS}
         ON CONFLICT DO NOTHING RETURNING {FIRING}"
    );
    let fired: Vec<CostAlert> = tx.query(&sql, &[id]).await?.iter().map(firing_row).collect::<DbResult<_>>()?;
    if let Some(last) = fired.last() {
        let key = format!("{}:{}", last.scope, last.period);
        tx.execute("UPDATE cv.openai_alerts SET last_fired_key = $2, updated_at = now() WHERE id = $1", &[id, &key])
            .await?;
    }
    Ok(fired)
}

/// The UTC day so far, of everybody.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn today(db: &impl Reader) -> DbResult<CostTick> {
    let row = db
        .row(
            "SELECT (now() AT TIME ZONE 'UTC')::date::text AS date, coalesce(sum(estimated_cost), 0)::float8 AS cost,
                coalesce(sum(calls_count), 0)::bigint AS calls
             FROM cv.openai_usage WHERE date = (now() AT TIME ZONE 'UTC')::date",
            &[],
        )
        .await?;
    row.as_ref().map_or_else(
        || Ok(CostTick { date: String::new(), cost: 0.0, calls: 0 }),
        |row| Ok(CostTick { date: get(row, "date")?, cost: get(row, "cost")?, calls: get(row, "calls")? }),
    )
}

/// What was spent, US dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// In this UTC day.
    pub day: f64,
    /// In this UTC month.
    pub month: f64,
}

/// What a person's AI work cost (or, without one, everybody's).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn spent(db: &impl Reader, user: Option<&str>) -> DbResult<Spent> {
    // Two statements: one plan for both would read everybody's month for a person's.
    let whose = if user.is_some() { "user_id = $1" } else { "$1::text IS NULL" };
    let sql = format!(
        "SELECT coalesce(sum(estimated_cost) FILTER (WHERE date = (now() AT TIME ZONE 'UTC')::date), 0)::float8 AS day,
            coalesce(sum(estimated_cost), 0)::float8 AS month
         FROM cv.openai_usage WHERE date >= date_trunc('month', now() AT TIME ZONE 'UTC')::date AND {whose}"
    );
    let row = db.row(&sql, &[&user]).await?;
    row.as_ref()
        .map_or_else(|| Ok(Spent::default()), |row| Ok(Spent { day: get(row, "day")?, month: get(row, "month")? }))
}

/// The most that one person's AI work cost.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn most_spent(db: &impl Reader) -> DbResult<Spent> {
    let row = db
        .row(
            "SELECT coalesce(max(day), 0)::float8 AS day, coalesce(max(month), 0)::float8 AS month FROM (
                SELECT sum(estimated_cost) FILTER (WHERE date = (now() AT TIME ZONE 'UTC')::date) AS day,
                    sum(estimated_cost) AS month
                FROM cv.openai_usage WHERE date >= date_trunc('month', now() AT TIME ZONE 'UTC')::date GROUP BY user_id) s",
            &[],
        )
        .await?;
    row.as_ref()
        .map_or_else(|| Ok(Spent::default()), |row| Ok(Spent { day: get(row, "day")?, month: get(row, "month")? }))
}

/// Units of tasks that have not ended, one task excepted: kind, whether this person's, how many.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn open_units(db: &impl Reader, user: &str, except: &str) -> DbResult<Vec<(String, bool, i64)>> {
    let rows = db
        .rows(
            "SELECT b.type AS kind, coalesce(b.user_id = $1, false) AS mine,
                sum(greatest(coalesce(g.total_offers, 1), 1))::bigint AS units
             FROM cv.background_tasks b LEFT JOIN cv.cv_generation_tasks g ON g.id = b.id
             WHERE b.status IN ('queued', 'running') AND b.feature_name IS NOT NULL AND b.id <> $2 GROUP BY 1, 2",
            &[&user, &except],
        )
        .await?;
    rows.iter().map(|row| Ok((get(row, "kind")?, get(row, "mine")?, get(row, "units")?))).collect()
}

/// What a unit of this kind of task has cost lately, on average over the last 50 that completed; `None` before the first.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn unit_cost(db: &impl Reader, kind: &str) -> DbResult<Option<f64>> {
    let row = db
        .row(
            "SELECT avg(c.cost / r.units)::float8 AS cost FROM (
                SELECT b.id, greatest(coalesce(g.total_offers, 1), 1) AS units
                FROM cv.background_tasks b LEFT JOIN cv.cv_generation_tasks g ON g.id = b.id
                WHERE b.type = $1 AND b.status = 'completed' ORDER BY b.created_at DESC LIMIT 50) r
             CROSS JOIN LATERAL (
                SELECT sum(estimated_cost) AS cost FROM cv.openai_calls WHERE metadata ->> 'task_id' = r.id) c
             WHERE c.cost IS NOT NULL",
            &[&kind],
        )
        .await?;
    row.as_ref().map_or(Ok(None), |row| get(row, "cost"))
}

/// What so many tokens of a model cost by the list.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn list_price(db: &impl Reader, model: &str, prompt: i32, completion: i32) -> DbResult<f64> {
    let row = db
        .row(
            "SELECT (($2::int * input_price_per_m_token + $3::int * output_price_per_m_token) / 1000000)::float8 AS cost
             FROM cv.openai_pricing WHERE model_name = $1 AND is_active",
            &[&model, &prompt, &completion],
        )
        .await?;
    row.as_ref().map_or(Ok(0.0), |row| get(row, "cost"))
}
