//! The CV product's SQL: one function a query, grouped by table. No decisions are made here; statements that move a
//! state say in their `WHERE` from where it may move.
//!
//! # The lock order
//! Every unit of work, of a call, a hook of a task or a group commit of many tasks, takes its locks in this order, so that
//! no two of them wait for each other in a circle:
//!
//! 1. the call's key (`runtime.calls`), by the runtime;
//! 2. tasks (`runtime.tasks`), by their ids, by the runtime;
//! 3. **the people** whose rows it is going to lock ([`users::lock`]), by their ids: calls have one, and the runtime runs
//!    the hooks of a group in the order of the tasks' owners;
//! 4. whatever else belongs to these people, in any order: CVs, offers, uploads, the balance, counters, generations;
//! 5. the heads of topics (`runtime.topics`), by the runtime at the end.
//!
//! What touches only one row of a person, or only adds rows, needs no lock of theirs; nor does a sweep, which waits for
//! nothing of a person while it holds anything that a unit of theirs may wait for.
//!
//! | module | tables |
//! |---|---|
//! | [`users`] | `users` |
//! | [`settings`] | `settings` |
//! | [`files`] | `cv_files` |
//! | [`versions`] | `cv_versions` |
//! | [`offers`] | `job_offers` |
//! | [`uploads`] | `uploads` |
//! | [`tasks`] | `background_tasks` |
//! | [`generations`] | `cv_generation_tasks`, `cv_generation_offers`, `cv_generation_subtasks` |
//! | [`steps`] | the engine's view of a task's steps (read only) |
//! | [`queues`] | the engine's queues (read only) |
//! | [`events`] | the event log of a CV (read only) |
//! | [`credits`] | `credit_balances`, `credit_transactions` |
//! | [`plans`] | `subscription_plans`, their limits, `subscriptions`, `feature_usage_counters` |
//! | [`billing`] | the price list, `credit_packs`, who bought what |
//! | [`promos`] | `promo_codes`, `promo_code_redemptions`, `referrals` |
//! | [`stripe`] | `stripe_webhook_logs`, `stripe_subscriptions`, `stripe_payments` |
//! | [`usage`] | `openai_pricing`, `openai_calls`, `openai_usage` |
//! | [`costs`] | the same with `openai_alerts`, for administrators |
//! | [`people`] | `users` and what belongs to them, for administrators |
//! | [`voice`] | `feedback`, `consent_logs`, `notices`, `telemetry_events` as clients push them, the introduction |
//! | [`mails`] | `email_triggers`, `email_templates`, `email_logs` |
//! | [`tokens`] | the one-time tokens, `email_change_requests` |
//! | [`linked`] | `accounts`, `oauth_requests` |
//! | [`activity`] | `telemetry_events`, `feature_usage`, `link_history` |

pub mod activity;
pub mod billing;
pub mod costs;
pub mod credits;
pub mod events;
pub mod export_templates;
pub mod files;
pub mod generations;
pub mod linked;
pub mod mails;
pub mod offers;
pub mod people;
pub mod plans;
pub mod promos;
pub mod queues;
pub mod settings;
pub mod steps;
pub mod stripe;
pub mod tasks;
pub mod tokens;
pub mod uploads;
pub mod usage;
pub mod users;
pub mod versions;
pub mod voice;

use chrono::{DateTime, Utc};
use estafette_actors::db::Params;
use estafette_actors::{Db, DbError, DbResult, Tx};
use estafette_protocol::Timestamp;
use estafette_protocol::ids::new_cuid2;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::str::FromStr;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

/// Something that answers queries: the pool, a unit of work, or the snapshot of a topic.
pub trait Reader {
    /// Rows of one statement.
    fn rows(&self, sql: &str, params: Params<'_>) -> impl Future<Output = DbResult<Vec<Row>>>;

    /// One row or none; of several the first.
    fn row(&self, sql: &str, params: Params<'_>) -> impl Future<Output = DbResult<Option<Row>>> {
        async { Ok(self.rows(sql, params).await?.into_iter().next()) }
    }
}

impl Reader for Db {
    async fn rows(&self, sql: &str, params: Params<'_>) -> DbResult<Vec<Row>> {
        self.query(sql, params).await
    }
}
impl Reader for Tx<'_> {
    async fn rows(&self, sql: &str, params: Params<'_>) -> DbResult<Vec<Row>> {
        self.query(sql, params).await
    }
}
impl Reader for deadpool_postgres::Transaction<'_> {
    async fn rows(&self, sql: &str, params: Params<'_>) -> DbResult<Vec<Row>> {
        let statement = self.prepare_cached(sql).await?;
        Ok(self.query(&statement, params).await?)
    }
}

/// A new id.
pub fn new_id() -> String {
    new_cuid2()
}

pub(in crate::cv) fn get<'r, T: FromSql<'r>>(row: &'r Row, column: &str) -> DbResult<T> {
    row.try_get(column).map_err(|error| DbError::Data(format!("column {column}: {error}")))
}

fn word<T: FromStr>(row: &Row, column: &str) -> DbResult<T>
where
    T::Err: std::fmt::Display,
{
    let text: &str = get(row, column)?;
    text.parse().map_err(|error| DbError::Data(format!("column {column}: {error}")))
}

fn opt_word<T: FromStr>(row: &Row, column: &str) -> DbResult<Option<T>>
where
    T::Err: std::fmt::Display,
{
    let text: Option<&str> = get(row, column)?;
    text.map(|text| text.parse().map_err(|error| DbError::Data(format!("column {column}: {error}")))).transpose()
}

fn time(row: &Row, column: &str) -> DbResult<Timestamp> {
    get::<DateTime<Utc>>(row, column).map(Timestamp::new)
}

fn opt_time(row: &Row, column: &str) -> DbResult<Option<Timestamp>> {
    Ok(get::<Option<DateTime<Utc>>>(row, column)?.map(Timestamp::new))
}

fn json<T: DeserializeOwned>(row: &Row, column: &str) -> DbResult<Option<T>> {
    let value: Option<Value> = get(row, column)?;
    value
        .map(|value| serde_json::from_value(value).map_err(|error| DbError::Data(format!("column {column}: {error}"))))
        .transpose()
}

fn unsigned(row: &Row, column: &str) -> DbResult<u32> {
    Ok(u32::try_from(get::<i32>(row, column)?).unwrap_or(0))
}

/// Encodes a value for a jsonb column.
///
/// # Errors
/// [`DbError::Data`]: a defect of the caller.
pub fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> DbResult<Value> {
    serde_json::to_value(value).map_err(|error| DbError::Data(error.to_string()))
}
