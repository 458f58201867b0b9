//! `stripe_webhook_logs`, `stripe_subscriptions`, `stripe_payments`: what Stripe said.

use super::{Reader, get, opt_word, time, word};
use crate::cv::billing::rules::payment::Payment;
use crate::cv::billing::rules::subscription::{Register, RegisterState};
use estafette_actors::{DbResult, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::billing::BillingPeriod;
use estafette_protocol::cv::billing_admin::{StripeWebhook, StripeWebhookDetail, WebhookQuery};
use serde_json::Value;
use tokio_postgres::Row;

/// Rows of the topic's snapshot.
pub const MAX_SNAPSHOT: i64 = 100;

const LOG: &str = "id, event_id, event_type, processed, error, created_at";

fn log_row(row: &Row) -> DbResult<StripeWebhook> {
    Ok(StripeWebhook {
        id: get(row, "id")?,
        event_id: get(row, "event_id")?,
        event_type: get(row, "event_type")?,
        processed: get(row, "processed")?,
        error: get(row, "error")?,
        created_at: time(row, "created_at")?,
    })
}

/// Keeps an event. `None`: it is there already (R53).
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn log(tx: &Tx<'_>, event: &str, kind: &str, payload: &Value) -> DbResult<Option<StripeWebhook>> {
    let sql = format!(
        "INSERT INTO cv.stripe_webhook_logs (id, event_id, event_type, payload) VALUES ($1, $2, $3, $4)
         ON CONFLICT (event_id) DO NOTHING RETURNING {LOG}"
    );
    let row = tx.query_opt(&sql, &[&super::new_id(), &event, &kind, &payload]).await?;
    row.as_ref().map(log_row).transpose()
}

/// An event with what it said, locked until the unit's end.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn lock_log(tx: &Tx<'_>, id: &str) -> DbResult<Option<StripeWebhookDetail>> {
    let sql = format!("SELECT {LOG}, payload FROM cv.stripe_webhook_logs WHERE id = $1 FOR UPDATE");
    let row = tx.query_opt(&sql, &[&id]).await?;
    row.as_ref()
        .map(|row| Ok(StripeWebhookDetail { webhook: log_row(row)?, payload: get(row, "payload")? }))
        .transpose()
}

/// The same for reading.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn log_by_id(db: &impl Reader, id: &str) -> DbResult<Option<StripeWebhookDetail>> {
    let sql = format!("SELECT {LOG}, payload FROM cv.stripe_webhook_logs WHERE id = $1");
    let row = db.row(&sql, &[&id]).await?;
    row.as_ref()
        .map(|row| Ok(StripeWebhookDetail { webhook: log_row(row)?, payload: get(row, "payload")? }))
        .transpose()
}

/// Notes how an attempt ended: without error the event took effect, which is final.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn note(tx: &Tx<'_>, id: &str, error: Option<&str>) -> DbResult<Option<StripeWebhook>> {
    let sql = format!(
        "UPDATE cv.stripe_webhook_logs SET processed = $2::text IS NULL, error = $2 WHERE id = $1 AND NOT processed
         RETURNING {LOG}"
    );
    let row = tx.query_opt(&sql, &[&id, &error]).await?;
    row.as_ref().map(log_row).transpose()
}

/// A page of events, the newest first.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn logs(
    db: &impl Reader,
    filter: &WebhookQuery,
    after: Option<&str>,
    limit: i64,
) -> DbResult<Vec<StripeWebhook>> {
    let sql = format!(
        "SELECT {LOG} FROM cv.stripe_webhook_logs
         WHERE ($1::bool IS NULL OR processed = $1) AND ($2::text IS NULL OR event_type = $2)
           AND ($3::text IS NULL OR (created_at, id) < (SELECT created_at, id FROM cv.stripe_webhook_logs WHERE id = $3))
         ORDER BY created_at DESC, id DESC LIMIT $4"
    );
    db.rows(&sql, &[&filter.processed, &filter.event_type, &after, &limit]).await?.iter().map(log_row).collect()
}

/// Events that have not taken effect.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn waiting(db: &impl Reader) -> DbResult<u32> {
    let row = db.row("SELECT count(*)::int AS n FROM cv.stripe_webhook_logs WHERE NOT processed", &[]).await?;
    row.as_ref().map_or(Ok(0), |row| super::unsigned(row, "n"))
}

fn register(row: &Row) -> DbResult<Register> {
    let started: Option<chrono::DateTime<chrono::Utc>> = get(row, "started_at")?;
    let state = match started {
        None => None,
        Some(started_at) => Some(RegisterState {
            customer: get(row, "stripe_customer_id")?,
            price: get(row, "stripe_price_id")?,
            plan: get(row, "plan_id")?,
            period: word(row, "billing_period")?,
            started_at,
            period_start: get(row, "current_period_start")?,
            period_end: get(row, "current_period_end")?,
            cancel_at_period_end: get(row, "cancel_at_period_end")?,
            canceled_at: get(row, "canceled_at")?,
        }),
    };
    Ok(Register {
        id: get(row, "id")?,
        status: get(row, "status")?,
        status_mark: get(row, "status_mark")?,
        state_mark: get(row, "state_mark")?,
        state,
    })
}

/// What is known of a person's subscriptions at Stripe.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn registers(tx: &Tx<'_>, user: &str) -> DbResult<Vec<Register>> {
    let rows = tx.query("SELECT * FROM cv.stripe_subscriptions WHERE user_id = $1 ORDER BY id", &[&user]).await?;
    rows.iter().map(register).collect()
}

/// Keeps what is known of one.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn keep_register(tx: &Tx<'_>, user: &str, customer: &str, register: &Register) -> DbResult<()> {
    let state = register.state.as_ref();
    let customer = state.map_or(customer, |state| state.customer.as_str());
    tx.execute(
        "INSERT INTO cv.stripe_subscriptions (id, user_id, stripe_customer_id, status, status_mark, state_mark,
            stripe_price_id, plan_id, billing_period, started_at, current_period_start, current_period_end,
            cancel_at_period_end, canceled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (id) DO UPDATE SET stripe_customer_id = excluded.stripe_customer_id, status = excluded.status,
            status_mark = excluded.status_mark, state_mark = excluded.state_mark,
            stripe_price_id = excluded.stripe_price_id, plan_id = excluded.plan_id,
            billing_period = excluded.billing_period, started_at = excluded.started_at,
            current_period_start = excluded.current_period_start, current_period_end = excluded.current_period_end,
            cancel_at_period_end = excluded.cancel_at_period_end, canceled_at = excluded.canceled_at,
            updated_at = now()",
        &[
            &register.id,
            &user,
            &customer,
            &register.status,
            &register.status_mark,
            &register.state_mark,
            &state.and_then(|state| state.price.as_deref()),
            &state.map(|state| state.plan),
            &state.map(|state| state.period.as_str()),
            &state.map(|state| state.started_at),
            &state.map(|state| state.period_start),
            &state.map(|state| state.period_end),
            &state.is_some_and(|state| state.cancel_at_period_end),
            &state.and_then(|state| state.canceled_at),
        ],
    )
    .await?;
    Ok(())
}

/// The person of a subscription that was heard of before.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn user_of_subscription(db: &impl Reader, id: &str) -> DbResult<Option<UserId>> {
    let row = db.row("SELECT user_id FROM cv.stripe_subscriptions WHERE id = $1", &[&id]).await?;
    row.as_ref().map(|row| word(row, "user_id")).transpose()
}

/// The plan that a price of Stripe's belongs to, and how often it is paid.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn plan_of_price(db: &impl Reader, price: &str) -> DbResult<Option<(i32, BillingPeriod)>> {
    let row = db
        .row(
            "SELECT id, stripe_price_id_yearly IS NOT DISTINCT FROM $1 AS yearly FROM cv.subscription_plans
             WHERE stripe_price_id_monthly = $1 OR stripe_price_id_yearly = $1",
            &[&price],
        )
        .await?;
    row.as_ref()
        .map(|row| {
            let yearly: bool = get(row, "yearly")?;
            Ok((get(row, "id")?, if yearly { BillingPeriod::Yearly } else { BillingPeriod::Monthly }))
        })
        .transpose()
}

/// A payment, made when it is not there, locked until the unit's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    /// Whose; none: only its refund was heard of.
    pub user: Option<UserId>,
    /// What is known.
    pub payment: Payment,
    /// The row of the ledger.
    pub purchase: Option<String>,
}

/// Notes what was paid, or what went back, or both; returns what is known then.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn note_payment(
    tx: &Tx<'_>,
    id: &str,
    user: Option<&str>,
    credits: Option<i32>,
    amount: i64,
    refunded: i64,
) -> DbResult<PaymentRow> {
    let row = tx
        .query_one(
            "INSERT INTO cv.stripe_payments AS p (id, user_id, credits, amount_total, amount_refunded)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (id) DO UPDATE SET user_id = coalesce(p.user_id, excluded.user_id),
                credits = coalesce(p.credits, excluded.credits),
                amount_total = greatest(p.amount_total, excluded.amount_total),
                amount_refunded = greatest(p.amount_refunded, excluded.amount_refunded), updated_at = now()
             RETURNING user_id, credits, amount_total, amount_refunded, credits_taken, purchase_transaction_id",
            &[&id, &user, &credits, &amount, &refunded],
        )
        .await?;
    let purchase: Option<String> = get(&row, "purchase_transaction_id")?;
    let credits: Option<i32> = get(&row, "credits")?;
    Ok(PaymentRow {
        user: opt_word(&row, "user_id")?,
        payment: Payment {
            credits: credits.and_then(|credits| u32::try_from(credits).ok()),
            amount: get(&row, "amount_total")?,
            refunded: get(&row, "amount_refunded")?,
            credited: purchase.is_some(),
            taken: super::unsigned(&row, "credits_taken")?,
        },
        purchase,
    })
}

/// Notes what the ledger knows of a payment by now.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn settle_payment(tx: &Tx<'_>, id: &str, purchase: Option<&str>, taken: u32) -> DbResult<()> {
    let taken = i32::try_from(taken).unwrap_or(i32::MAX);
    tx.execute(
        "UPDATE cv.stripe_payments SET purchase_transaction_id = coalesce(purchase_transaction_id, $2),
            credits_taken = $3, updated_at = now() WHERE id = $1",
        &[&id, &purchase, &taken],
    )
    .await?;
    Ok(())
}

/// Whose a customer of Stripe's is.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn user_of_customer(db: &impl Reader, customer: &str) -> DbResult<Option<UserId>> {
    let row = db.row("SELECT id FROM cv.users WHERE stripe_customer_id = $1", &[&customer]).await?;
    row.as_ref().map(|row| word(row, "id")).transpose()
}

/// Whether a person is there.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn user_exists(db: &impl Reader, user: &str) -> DbResult<bool> {
    Ok(db.row("SELECT 1 FROM cv.users WHERE id = $1", &[&user]).await?.is_some())
}

/// Ties a person to a customer of Stripe's; the first one stays (D22).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn tie_customer(tx: &Tx<'_>, user: &str, customer: &str) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.users SET stripe_customer_id = $2, updated_at = now()
         WHERE id = $1 AND stripe_customer_id IS NULL
           AND NOT EXISTS (SELECT 1 FROM cv.users WHERE stripe_customer_id = $2)",
        &[&user, &customer],
    )
    .await?;
    Ok(())
}

/// The customer of a person, with what Stripe is told of them.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn customer_of(db: &impl Reader, user: &str) -> DbResult<Option<CustomerRow>> {
    let row = db.row("SELECT stripe_customer_id, email, name FROM cv.users WHERE id = $1", &[&user]).await?;
    row.as_ref()
        .map(|row| {
            Ok(CustomerRow {
                customer: get(row, "stripe_customer_id")?,
                email: get(row, "email")?,
                name: get(row, "name")?,
            })
        })
        .transpose()
}

/// A person as Stripe is told of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerRow {
    /// The customer, once there is one.
    pub customer: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// Their name.
    pub name: Option<String>,
}

/// Stripe's ids of a person's subscriptions that may be paid again.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn open_subscriptions(db: &impl Reader, user: &str) -> DbResult<Vec<String>> {
    let sql = "SELECT id FROM cv.stripe_subscriptions
               WHERE user_id = $1 AND status IS DISTINCT FROM 'canceled' AND NOT cancel_at_period_end ORDER BY id";
    db.rows(sql, &[&user]).await?.iter().map(|row| get(row, "id")).collect()
}
