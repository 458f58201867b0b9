//! Units: reserved when a task is accepted, given back when an offer of it fails or is cancelled (R40–R48). Everything
//! here happens inside the transaction of its cause, with its events.
//!
//! Whoever calls this holds the person's lock ([`super::store`], lock order).

use super::rules::period::period_at;
use super::rules::units::{self, Payable, Refund, Split, UnitPayment, UnitsRefused};
use super::store::credits::{self, NewTransaction};
use super::store::settings::Settings;
use super::store::{generations, plans, tasks};
use super::topics;
use chrono::{DateTime, Utc};
use estafette_actors::{CallError, DbResult, Tx};
use estafette_protocol::cv::credits::UsageCounter;
use estafette_protocol::cv::event::user::CreditsChanged;
use estafette_protocol::cv::status::TransactionType;
use estafette_protocol::{ErrorCode, TaskId, Timestamp, UserId};
use serde_json::json;

/// What was reserved for a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserved {
    /// The debit of each unit, in order; none: paid by the monthly allowance (R45).
    pub transactions: Vec<Option<String>>,
    /// Credits debited in all.
    pub credits_debited: i32,
    /// The period whose counter was debited, where the allowance paid.
    pub period_start: Option<DateTime<Utc>>,
}

impl Reserved {
    /// Says with the task how it was paid. `units`: of the whole task; one debit pays for all of it only where it has one (D13).
    pub fn say(&self, tx: &Tx<'_>, task: &TaskId, units: usize) {
        let single = self.transactions.first().filter(|_| units == 1).and_then(Option::as_deref);
        tasks::set_payment(tx, task.as_str(), self.credits_debited, single, self.period_start);
    }
}

/// Features that no credit can buy more of (1.9).
fn payable(feature: &str, settings: &Settings) -> Payable {
    match feature {
        "create_template_cv" | "export_cv" => Payable::LimitOnly,
        feature => Payable::Credits(settings.credit_cost(feature)),
    }
}

/// Reserves units, all or none (R41, R42, R44, R45). The task's rows exist already: the ledger refers to them.
///
/// # Errors
/// `forbidden`, `insufficient_credits`, `limit_exceeded` (also for a budget of AI cost): the caller's transaction must not commit then.
pub async fn reserve(
    tx: &mut Tx<'_>,
    settings: &Settings,
    user: &UserId,
    feature: &str,
    task: Option<&TaskId>,
    count: u32,
) -> Result<Reserved, CallError> {
    super::budget::admit(tx, settings, user, feature, task, count).await?;
    let id = user.as_str();
    let asked = async { futures_util::try_join!(credits::lock_balance(tx, id), plans::with_limit(tx, id, feature)) };
    let (balance, plan) = asked.await?;
    let Some((plan, limit)) = plan else {
        return Err(CallError::forbidden("there is no plan for you: ask an administrator"));
    };
    let payable = payable(feature, settings);
    let used = match units::counts(limit, payable) {
        true => plans::lock_counter(tx, id, feature, period_at(plan.anchor, Utc::now())).await?,
        false => 0,
    };
    let split = units::reserve(limit, used, balance, payable, count).map_err(|refused| refusal(&refused, feature))?;
    let usage_limit = limit.map_or(0, |limit| limit.usage_limit);
    let period_start = take_allowance(tx, user, feature, usage_limit, split).await?;
    let mut transactions = Vec::new();
    for unit in 0..count {
        transactions.push(match split.pays(unit) {
            UnitPayment::Allowance | UnitPayment::Credits(0) => None,
            UnitPayment::Credits(price) => Some(debit(tx, user, feature, task, price).await?),
        });
    }
    if plan.referral_waits {
        super::billing::referral::look(tx, user)?;
    }
    Ok(Reserved {
        transactions,
        credits_debited: i32::try_from(split.credits_debited()).unwrap_or(i32::MAX),
        period_start,
    })
}

async fn take_allowance(
    tx: &mut Tx<'_>,
    user: &UserId,
    feature: &str,
    usage_limit: i32,
    split: Split,
) -> DbResult<Option<DateTime<Utc>>> {
    if split.allowance == 0 {
        return Ok(None);
    }
    let delta = i32::try_from(split.allowance).unwrap_or(i32::MAX);
    let Some(counter) = plans::add_to_counter(tx, user.as_str(), feature, None, delta).await? else { return Ok(None) };
    emit_counter(tx, user, feature, usage_limit, counter)?;
    Ok(Some(counter.period.start))
}

async fn debit(tx: &mut Tx<'_>, user: &UserId, feature: &str, task: Option<&TaskId>, price: u32) -> DbResult<String> {
    let amount = -i32::try_from(price).unwrap_or(i32::MAX);
    record(tx, user, amount, TransactionType::Usage, Some(feature), task, None).await
}

/// Writes a row of the ledger and tells about it.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn record(
    tx: &mut Tx<'_>,
    user: &UserId,
    amount: i32,
    kind: TransactionType,
    feature: Option<&str>,
    task: Option<&TaskId>,
    related: Option<&str>,
) -> DbResult<String> {
    let task_id = task.map(TaskId::as_str);
    let (payment, invoice, metadata) = (None, None, None);
    let new = NewTransaction {
        user: user.as_str(),
        amount,
        kind,
        feature,
        task: task_id,
        related,
        payment,
        invoice,
        metadata,
    };
    record_full(tx, user, &new).await
}

/// The same with everything that a row may have.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn record_full(tx: &mut Tx<'_>, user: &UserId, new: &NewTransaction<'_>) -> DbResult<String> {
    let NewTransaction { amount, kind, feature, related, .. } = *new;
    let task = new.task.map(topics::parse_id::<TaskId>).transpose()?;
    let (id, balance) = credits::record(tx, new).await?;
    let event = CreditsChanged {
        balance,
        amount,
        kind,
        transaction_id: topics::parse_id(&id)?,
        feature_name: feature.map(str::to_owned),
        task_id: task,
        related_transaction_id: related.map(topics::parse_id).transpose()?,
    };
    tx.emit(&topics::user(user), "credits.changed", &event)?;
    Ok(id)
}

/// R9: the credits of a new user.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn welcome_gift(tx: &mut Tx<'_>, settings: &Settings, user: &UserId) -> DbResult<()> {
    let amount = i32::try_from(settings.default_token_limit()).unwrap_or(i32::MAX);
    if amount > 0 {
        record(tx, user, amount, TransactionType::Gift, None, None, None).await?;
    }
    Ok(())
}

/// Gives the unit of an offer back, exactly once (R46). Returns the credits, 0 for an allowance; `None`: it was given
/// back before.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn refund_offer(
    tx: &mut Tx<'_>,
    user: &UserId,
    task: &TaskId,
    offer: &str,
    feature: &str,
) -> DbResult<Option<i32>> {
    let Some(unit) = generations::take_refund(tx, offer).await? else { return Ok(None) };
    let credits = refund(tx, user, task, unit.transaction.as_deref(), feature).await?;
    generations::add_refunds(tx, task.as_str(), credits).await?;
    Ok(Some(credits))
}

/// Gives the one unit of a task without offers back (R46).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn refund_task(tx: &mut Tx<'_>, user: &UserId, task: &TaskId, feature: &str) -> DbResult<i32> {
    let Some(payment) = tasks::payment(tx, task.as_str()).await? else { return Ok(0) };
    let credits = refund(tx, user, task, payment.transaction.as_deref(), feature).await?;
    tasks::add_refund(tx, task.as_str(), credits).await?;
    Ok(credits)
}

async fn refund(
    tx: &mut Tx<'_>,
    user: &UserId,
    task: &TaskId,
    transaction: Option<&str>,
    feature: &str,
) -> DbResult<i32> {
    if let Some(debit_id) = transaction {
        // Whoever marks the debit gives it back; the unique key on refunds stands behind that.
        let debit = credits::take_debit(tx, debit_id).await?;
        let paid = UnitPayment::Credits(debit.map_or(0, |debit| debit.credits));
        let Refund::Credits(amount) = units::refund(debit.is_none(), paid, None, None) else { return Ok(0) };
        let amount = i32::try_from(amount).unwrap_or(i32::MAX);
        record(tx, user, amount, TransactionType::Refund, Some(feature), Some(task), Some(debit_id)).await?;
        return Ok(amount);
    }
    let period = tasks::payment(tx, task.as_str()).await?.and_then(|payment| payment.period_start);
    if period.is_some()
        && let Some(counter) = plans::add_to_counter(tx, user.as_str(), feature, period, -1).await?
    {
        let limit = plans::limit(tx, user.as_str(), feature).await?;
        emit_counter(tx, user, feature, limit.map_or(0, |limit| limit.usage_limit), counter)?;
    }
    Ok(0)
}

fn emit_counter(
    tx: &mut Tx<'_>,
    user: &UserId,
    feature: &str,
    usage_limit: i32,
    counter: plans::CounterRow,
) -> DbResult<()> {
    let event = UsageCounter {
        feature_name: feature.to_owned(),
        count: counter.count,
        usage_limit,
        period_start: Timestamp::new(counter.period.start),
        period_end: Timestamp::new(counter.period.end),
    };
    tx.emit(&topics::user(user), "counter.changed", &event)
}

fn refusal(refused: &UnitsRefused, feature: &str) -> CallError {
    let (code, details) = match refused {
        UnitsRefused::FeatureOff => (ErrorCode::Forbidden, json!({"feature": feature})),
        UnitsRefused::InsufficientCredits { needed, balance } => {
            (ErrorCode::InsufficientCredits, json!({"feature": feature, "needed": needed, "balance": balance}))
        }
        UnitsRefused::LimitReached { limit } => (ErrorCode::LimitExceeded, json!({"feature": feature, "limit": limit})),
    };
    CallError::new(code, refused.to_string()).with_details(details)
}
