//! Budgets: AI work that would pass one is refused before it begins.
//!
//! There are two doors. [`admit`] stands before a task: what was spent, what the open tasks will cost and what this one
//! will must stay within the budget. A unit is expected to cost what the last ones of its kind did. [`BudgetGuard`]
//! stands before each call to a model, for what the expectation did not see, and for calls outside of tasks. Beyond it
//! go only the calls that are under way at that moment.

use super::rules::budget::{Budgets, Exceeded};
use super::store::settings::{self, Settings};
use super::store::{Reader, costs};
use crate::ai::{AiError, AiErrorCode, AiRequest, CallGuard};
use chrono::Utc;
use estafette_actors::{CallError, Db, DbError, DbResult};
use estafette_protocol::{ErrorCode, TaskId, UserId};
use parking_lot::RwLock;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::json;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

impl Budgets {
    /// Those of the settings.
    pub fn of(settings: &Settings) -> Self {
        Self {
            user_daily: settings.dollars("budget_user_daily"),
            user_monthly: settings.dollars("budget_user_monthly"),
            global_daily: settings.dollars("budget_global_daily"),
            global_monthly: settings.dollars("budget_global_monthly"),
        }
    }
}

/// Tokens of a unit that no task of its kind has told the cost of yet: read, written.
const ASSUMED: (i32, i32) = (20_000, 5_000);
/// How long the guard believes the settings: a change is in force within 2 s (R73).
const LIFE: Duration = Duration::from_secs(1);

/// Features whose tasks ask models (1.9).
const AI_FEATURES: [&str; 6] =
    ["generate_cv", "improve_cv", "import_pdf", "translate_cv", "generate_cv_from_job_title", "calculate_match_score"];

async fn expected(db: &impl Reader, settings: &Settings, kind: &str) -> DbResult<f64> {
    match costs::unit_cost(db, kind).await? {
        Some(cost) => Ok(cost),
        None => costs::list_price(db, settings.generation_model(), ASSUMED.0, ASSUMED.1).await,
    }
}

/// Before a task of `units` units: refuses what would pass a budget.
///
/// # Errors
/// `limit_exceeded`, with the budget and when it begins anew in `details`.
pub async fn admit(
    db: &impl Reader,
    settings: &Settings,
    user: &UserId,
    feature: &str,
    task: Option<&TaskId>,
    units: u32,
) -> Result<(), CallError> {
    let budgets = Budgets::of(settings);
    if budgets.is_empty() || !AI_FEATURES.contains(&feature) {
        return Ok(());
    }
    let kind = feature.replace('_', "-");
    let (mut mine, mut all) = (0.0, 0.0);
    let this = expected(db, settings, &kind).await? * f64::from(units);
    // A task that is tried again has its row already.
    for (open, is_mine, units) in costs::open_units(db, user.as_str(), task.map_or("", TaskId::as_str)).await? {
        let cost = expected(db, settings, &open).await? * i32::try_from(units).map_or(f64::MAX, f64::from);
        all += cost;
        mine += if is_mine { cost } else { 0.0 };
    }
    if budgets.of_users() {
        let spent = costs::spent(db, Some(user.as_str())).await?;
        budgets.check_user(spent.day + mine, spent.month + mine, this).map_err(|exceeded| refusal(&exceeded))?;
    }
    if budgets.of_all() {
        let spent = costs::spent(db, None).await?;
        budgets.check_all(spent.day + all, spent.month + all, this).map_err(|exceeded| refusal(&exceeded))?;
    }
    Ok(())
}

/// The refusal for who asks: amounts of everybody together are nobody's business.
fn refusal(exceeded: &Exceeded) -> CallError {
    let mut details = json!({"budget": exceeded.setting, "resets_at": exceeded.resets_at(Utc::now())});
    if exceeded.is_personal()
        && let Some(map) = details.as_object_mut()
    {
        map.insert("limit".into(), exceeded.limit.into());
        map.insert("spent".into(), exceeded.spent.into());
        map.insert("expected".into(), exceeded.expected.into());
    }
    CallError::new(ErrorCode::LimitExceeded, exceeded.to_string()).with_details(details)
}

/// Stands before each call to a model.
#[derive(Default)]
pub struct BudgetGuard {
    db: OnceLock<Db>,
    known: RwLock<Option<(Instant, Budgets)>>,
}

impl BudgetGuard {
    /// From now on it can ask.
    pub fn start(&self, db: Db) {
        self.db.get_or_init(|| db);
    }

    async fn budgets(&self, db: &Db) -> DbResult<Budgets> {
        if let Some((at, budgets)) = *self.known.read()
            && at.elapsed() < LIFE
        {
            return Ok(budgets);
        }
        let budgets = Budgets::of(&settings::read(db).await?);
        *self.known.write() = Some((Instant::now(), budgets));
        Ok(budgets)
    }

    async fn look(&self, db: &Db, user: Option<&UserId>, expected: f64) -> Result<Result<(), Exceeded>, DbError> {
        let budgets = self.budgets(db).await?;
        if let Some(user) = user
            && budgets.of_users()
        {
            let spent = costs::spent(db, Some(user.as_str())).await?;
            if let Err(exceeded) = budgets.check_user(spent.day, spent.month, expected) {
                return Ok(Err(exceeded));
            }
        }
        if budgets.of_all() {
            let spent = costs::spent(db, None).await?;
            return Ok(budgets.check_all(spent.day, spent.month, expected));
        }
        Ok(Ok(()))
    }
}

#[async_trait::async_trait(?Send)]
impl CallGuard for BudgetGuard {
    async fn admit(&self, request: &AiRequest, expected: Decimal) -> Result<(), AiError> {
        // What costs nothing (the offline rules, a model without a price) passes no budget.
        let (Some(db), false) = (self.db.get(), expected.is_zero()) else { return Ok(()) };
        match self.look(db, request.origin.user.as_ref(), expected.to_f64().unwrap_or_default()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(exceeded)) => Err(AiError::unsent(AiErrorCode::OverBudget, exceeded.to_string())),
            Err(error) => {
                tracing::warn!(%error, "the budget could not be looked at: the call waits");
                Err(AiError::unsent(AiErrorCode::Unavailable, "the budget could not be looked at: try again"))
            }
        }
    }
}
