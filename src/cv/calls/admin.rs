//! `admin.*`: people, settings, AI cost, telemetry and feedback, for administrators.

use super::reads::Paged;
use super::{ADMIN, encode, parse};
use crate::cv::accounts;
use crate::cv::rules::account::check_name;
use crate::cv::rules::{known_settings, voice as voice_rules};
use crate::cv::services::Services;
use crate::cv::snapshot;
use crate::cv::store::costs::UsageFilter;
use crate::cv::store::{costs, people, settings, users, voice};
use crate::cv::topics::{self, Admin};
use chrono::{Days, NaiveDate, Utc};
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::UserId;
use estafette_protocol::cv::admin::{AdminUserQuery, SetSettings, SetUser};
use estafette_protocol::cv::costs::{AiCallQuery, CostAlertRule, ModelPricing, UsageQuery};
use estafette_protocol::cv::status::{FeedbackStatus, Role};
use estafette_protocol::cv::voice::{FeedbackQuery, SetFeedback, TelemetryQuery};
use serde::Deserialize;
use serde_json::{Value, json};

/// The calls here.
pub const METHODS: [&str; 15] = [
    "admin.users",
    "admin.user",
    "admin.user_set",
    "admin.settings",
    "admin.settings_set",
    "admin.ai_usage",
    "admin.ai_calls",
    "admin.pricing",
    "admin.pricing_set",
    "admin.alerts",
    "admin.alert_set",
    "admin.alert_delete",
    "admin.telemetry",
    "admin.feedback",
    "admin.feedback_set",
];

/// Days of usage that are shown unless asked otherwise.
const USAGE_DAYS: u64 = 30;
/// Settings of one call.
const MAX_SETTINGS: usize = 100;
/// Alerts that there may be.
const MAX_ALERTS: i64 = 100;
/// Most dollars of a price or a threshold.
const MAX_DOLLARS: f64 = 1_000_000.0;
/// Characters of a name or a description.
const MAX_TEXT: usize = 500;

/// Refuses whoever is no administrator.
///
/// # Errors
/// `forbidden`.
pub fn only(ctx: &CallCtx) -> Result<(), CallError> {
    if ctx.who.role == ADMIN { Ok(()) } else { Err(CallError::forbidden("this is for administrators")) }
}

/// A filter with its page, as one object of parameters.
#[derive(Debug, Deserialize)]
struct Listing<F> {
    #[serde(flatten)]
    filter: F,
    #[serde(flatten)]
    page: Paged,
}

#[derive(Debug, Deserialize)]
struct UserRef {
    id: UserId,
}

#[derive(Debug, Deserialize)]
struct AlertRef {
    id: String,
}

/// Handles one of [`METHODS`].
///
/// # Errors
/// `forbidden` for whoever is no administrator; what the call refuses.
pub async fn dispatch(services: &Services, ctx: &CallCtx, method: &str, params: Value) -> Result<Value, CallError> {
    only(ctx)?;
    let db = ctx.db();
    match method {
        "admin.users" => {
            let asked: Listing<AdminUserQuery> = parse(params)?;
            let (after, limit) = asked.page.checked()?;
            let found = people::list(db, &asked.filter, after.as_deref(), limit + 1).await?;
            encode(&asked.page.page(found, |user| user.id.as_str().to_owned()))
        }
        "admin.user" => {
            let UserRef { id } = parse(params)?;
            encode(&people::one(db, &id).await?.ok_or_else(|| nobody(&id))?)
        }
        "admin.user_set" => set_user(ctx, parse(params)?).await,
        "admin.settings" => encode(&settings::list(db).await?),
        "admin.settings_set" => set_settings(services, ctx, parse(params)?).await,
        "admin.ai_usage" => usage(ctx, parse(params)?).await,
        "admin.ai_calls" => {
            let asked: Listing<AiCallQuery> = parse(params)?;
            let (after, limit) = asked.page.checked()?;
            let found = costs::calls(db, &asked.filter, after.as_deref(), limit + 1).await?;
            encode(&asked.page.page(found, |call| call.id.clone()))
        }
        "admin.pricing" => {
            let page: Paged = parse(params)?;
            let (after, limit) = page.checked()?;
            let found = costs::pricing(db, after.as_deref(), limit + 1).await?;
            encode(&page.page(found, |price| price.model_name.clone()))
        }
        "admin.pricing_set" => set_pricing(services, ctx, parse(params)?).await,
        "admin.alerts" => {
            let page: Paged = parse(params)?;
            let (after, limit) = page.checked()?;
            let found = costs::alerts(db, after.as_deref(), limit + 1).await?;
            encode(&page.page(found, |alert| alert.id.clone().unwrap_or_default()))
        }
        "admin.alert_set" => set_alert(ctx, parse(params)?).await,
        "admin.alert_delete" => {
            let AlertRef { id } = parse(params)?;
            ctx.transaction(
                async |tx| {
                    if costs::delete_alert(tx, &id).await? { Ok(Value::Null) } else { Err(no_alert()) }
                },
            )
            .await
        }
        "admin.telemetry" => {
            let asked: Listing<TelemetryQuery> = parse(params)?;
            let (after, limit) = asked.page.checked()?;
            let found = voice::telemetry(db, &asked.filter, after.as_deref(), limit + 1).await?;
            encode(&asked.page.page(found, |event| event.id.clone()))
        }
        "admin.feedback" => {
            let asked: Listing<FeedbackQuery> = parse(params)?;
            let (after, limit) = asked.page.checked()?;
            let found = voice::list_feedback(db, &asked.filter, after.as_deref(), limit + 1).await?;
            encode(&asked.page.page(found, |feedback| feedback.id.clone()))
        }
        _ => set_feedback(ctx, parse(params)?).await,
    }
}

fn nobody(id: &UserId) -> CallError {
    CallError::not_found(format!("there is nobody with the id {id}"))
}

fn no_alert() -> CallError {
    CallError::not_found("there is no such alert")
}

/// Changes a person's role, name or confirmation. The last administrator stays one.
async fn set_user(ctx: &CallCtx, given: SetUser) -> Result<Value, CallError> {
    let name = check_name(given.name.as_deref()).map_err(CallError::bad_request)?;
    if given.email_verified == Some(false) {
        return Err(CallError::bad_request("a confirmation is not taken back: `email_verified` is true or missing"));
    }
    let id = &given.id;
    ctx.transaction(async |tx| {
        let administrators = people::lock_administrators(tx).await?;
        users::lock(tx, id.as_str()).await?;
        let before = people::one(tx, id).await?.ok_or_else(|| nobody(id))?;
        if let Some(role) = given.role.filter(|role| *role != before.role) {
            let last = administrators.iter().all(|administrator| administrator == id.as_str());
            if role == Role::User && last {
                return Err(CallError::conflict("this is the last administrator: make somebody else one first"));
            }
            users::set_role(tx, id, role).await?;
            people::set_session_roles(tx, id, role).await?;
            tx.recheck_subscriptions(id.clone());
        }
        if given.name.is_some() {
            people::set_name(tx, id, name.as_deref()).await?;
        }
        if given.email_verified == Some(true) && before.email_verified.is_none() {
            accounts::confirm_email(tx, id).await?;
        }
        if let Some(row) = users::by_id(tx, id).await? {
            tx.emit(&topics::user(id), "account.changed", &row.user)?;
        }
        encode(&people::one(tx, id).await?.ok_or_else(|| nobody(id))?)
    })
    .await
}

/// R73: in force on this node at once and on all within 2 s, and announced.
async fn set_settings(services: &Services, ctx: &CallCtx, given: SetSettings) -> Result<Value, CallError> {
    if given.values.is_empty() || given.values.len() > MAX_SETTINGS {
        return Err(CallError::bad_request(format!("`values` has 1 to {MAX_SETTINGS} settings")));
    }
    let mut checked = Vec::with_capacity(given.values.len());
    for (name, value) in &given.values {
        checked.push((name, known_settings::check(name, value).map_err(CallError::bad_request)?));
    }
    let done = ctx
        .transaction(async |tx| {
            let mut changed = false;
            for (name, new) in &checked {
                changed |= settings::set(tx, name, &new.value, new.category).await?;
            }
            if changed {
                let state = snapshot::app(tx).await?;
                tx.emit(&topics::app(), "settings.changed", &state)?;
            }
            encode(&settings::list(tx).await?)
        })
        .await;
    services.forget();
    done
}

async fn usage(ctx: &CallCtx, asked: Listing<UsageQuery>) -> Result<Value, CallError> {
    let (after, limit) = asked.page.checked()?;
    let day = |name: &str, text: Option<&str>| match text {
        None => Ok(None),
        Some(text) => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map(Some)
            .map_err(|_| CallError::bad_request(format!("`{name}` is a day such as 2026-11-21"))),
    };
    let filter = &asked.filter;
    let today = Utc::now().date_naive();
    let to = day("to", filter.to.as_deref())?.unwrap_or(today);
    let month_ago = to.checked_sub_days(Days::new(USAGE_DAYS)).unwrap_or(to);
    let from = day("from", filter.from.as_deref())?.unwrap_or(month_ago);
    let filter = UsageFilter {
        from,
        to,
        user: filter.user_id.as_ref().map(UserId::as_str),
        feature: filter.feature_name.as_deref(),
        model: filter.model.as_deref(),
    };
    let by = asked.filter.by.unwrap_or_default();
    let found = costs::usage(ctx.db(), by, &filter, after.as_deref(), limit + 1).await?;
    let page = asked.page.page(found, |(key, _)| key.clone());
    let items: Vec<_> = page.items.into_iter().map(|(_, sum)| sum).collect();
    Ok(json!({"items": items, "next": page.next}))
}

fn dollars(what: &str, amount: f64) -> Result<(), CallError> {
    if (0.0..=MAX_DOLLARS).contains(&amount) {
        Ok(())
    } else {
        Err(CallError::bad_request(format!("`{what}` is an amount in US dollars, 0 to {MAX_DOLLARS}")))
    }
}

fn words(what: &str, text: &str, least: usize, most: usize) -> Result<(), CallError> {
    if (least..=most).contains(&text.chars().count()) {
        Ok(())
    } else {
        Err(CallError::bad_request(format!("`{what}` has {least} to {most} characters")))
    }
}

async fn set_pricing(services: &Services, ctx: &CallCtx, price: ModelPricing) -> Result<Value, CallError> {
    words("model_name", &price.model_name, 1, 128)?;
    words("description", price.description.as_deref().unwrap_or_default(), 0, MAX_TEXT)?;
    for (what, amount) in [
        ("input_price_per_m_token", Some(price.input_price_per_m_token)),
        ("output_price_per_m_token", Some(price.output_price_per_m_token)),
        ("cache_price_per_m_token", Some(price.cache_price_per_m_token)),
        ("input_price_per_m_token_priority", price.input_price_per_m_token_priority),
        ("output_price_per_m_token_priority", price.output_price_per_m_token_priority),
        ("cache_price_per_m_token_priority", price.cache_price_per_m_token_priority),
    ] {
        amount.map_or(Ok(()), |amount| dollars(what, amount))?;
    }
    let done = ctx.transaction(async |tx| encode(&costs::set_pricing(tx, &price).await?)).await;
    services.forget();
    done
}

async fn set_alert(ctx: &CallCtx, alert: CostAlertRule) -> Result<Value, CallError> {
    words("type", &alert.kind, 1, 64)?;
    words("name", &alert.name, 1, 128)?;
    words("description", alert.description.as_deref().unwrap_or_default(), 0, MAX_TEXT)?;
    dollars("threshold", alert.threshold)?;
    ctx.transaction(async |tx| {
        if alert.id.is_none() && costs::count_alerts(tx).await? >= MAX_ALERTS {
            return Err(CallError::new(
                estafette_protocol::ErrorCode::LimitExceeded,
                format!("there are {MAX_ALERTS} alerts already: change or remove one"),
            ));
        }
        encode(&costs::set_alert(tx, &alert).await?.ok_or_else(no_alert)?)
    })
    .await
}

async fn set_feedback(ctx: &CallCtx, given: SetFeedback) -> Result<Value, CallError> {
    let missing = || CallError::not_found("there is no such feedback");
    ctx.transaction(async |tx| {
        let from: &[FeedbackStatus] = voice_rules::feedback_from(given.status);
        let moved = voice::move_feedback(tx, &given.id, from, given.status).await?;
        let now = voice::feedback(tx, &given.id).await?.ok_or_else(missing)?;
        if !moved {
            let (is, to) = (now.status, given.status);
            return Err(CallError::conflict(format!("this feedback is {is} and cannot become {to}")));
        }
        tx.emit(&Admin::Feedback.topic(), "feedback.changed", &now)?;
        encode(&now)
    })
    .await
}
