//! `subscription_plans`, their limits, `subscriptions`, `feature_usage_counters`.

use super::{Reader, get, time, unsigned};
use crate::cv::rules::period::Period;
use crate::cv::rules::units::FeatureLimit;
use chrono::{DateTime, Utc};
use estafette_actors::{DbResult, Tx};
use estafette_protocol::cv::credits::{PlanSummary, UsageCounter};
use tokio_postgres::Row;

/// The plan a person is on (R40), and the instant their months count from (R43).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// The plan.
    pub plan: PlanSummary,
    /// `current_period_start`, or the day of sign-up without subscription.
    pub anchor: DateTime<Utc>,
    /// Whether a referral waits for this person's first use (R56): open, and the address is confirmed.
    pub referral_waits: bool,
}

const PLAN: &str = "p.id, p.name, p.tier, p.is_free, coalesce(s.current_period_start, u.created_at) AS anchor,
    u.referred_by IS NOT NULL AND u.email_verified IS NOT NULL AND EXISTS (SELECT 1 FROM cv.referrals r
        WHERE r.referred_id = u.id AND r.status = 'pending') AS referral_waits";
const OF_USER: &str = "cv.users u
    LEFT JOIN cv.subscriptions s ON s.user_id = u.id AND s.status IN ('active', 'past_due')
    JOIN cv.subscription_plans p ON p.id = s.plan_id OR (s.plan_id IS NULL AND p.is_free)";

fn plan(row: &Row) -> DbResult<PlanRow> {
    Ok(PlanRow {
        plan: PlanSummary {
            id: get(row, "id")?,
            name: get(row, "name")?,
            tier: get(row, "tier")?,
            is_free: get(row, "is_free")?,
        },
        anchor: get(row, "anchor")?,
        referral_waits: get(row, "referral_waits")?,
    })
}

/// R40: the plan of an active or past-due subscription, else the free plan. None where no free plan is set up.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn of_user(db: &impl Reader, user: &str) -> DbResult<Option<PlanRow>> {
    let row = db.row(&format!("SELECT {PLAN} FROM {OF_USER} WHERE u.id = $1"), &[&user]).await?;
    row.as_ref().map(plan).transpose()
}

/// The same, with what the plan says about a feature.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn with_limit(
    db: &impl Reader,
    user: &str,
    feature: &str,
) -> DbResult<Option<(PlanRow, Option<FeatureLimit>)>> {
    let sql = format!(
        "SELECT {PLAN}, l.is_enabled, l.usage_limit FROM {OF_USER}
         LEFT JOIN cv.subscription_plan_feature_limits l ON l.plan_id = p.id AND l.feature_name = $2
         WHERE u.id = $1"
    );
    let row = db.row(&sql, &[&user, &feature]).await?;
    row.as_ref()
        .map(|row| {
            let limit = match (get(row, "is_enabled")?, get(row, "usage_limit")?) {
                (Some(is_enabled), Some(usage_limit)) => Some(FeatureLimit { is_enabled, usage_limit }),
                _ => None,
            };
            Ok((plan(row)?, limit))
        })
        .transpose()
}

/// What a person's plan says about a feature.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn limit(db: &impl Reader, user: &str, feature: &str) -> DbResult<Option<FeatureLimit>> {
    Ok(with_limit(db, user, feature).await?.and_then(|(_, limit)| limit))
}

/// A person's counter of a feature for the period, locked until the unit's end. A counter of an older period begins
/// again at 0 (R43).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn lock_counter(tx: &Tx<'_>, user: &str, feature: &str, period: Period) -> DbResult<u32> {
    let row = tx
        .query_one(
            "INSERT INTO cv.feature_usage_counters AS c (id, user_id, feature_name, count, period_start, period_end)
             VALUES ($1, $2, $3, 0, $4, $5)
             ON CONFLICT (user_id, feature_name) DO UPDATE SET
                count = CASE WHEN now() >= c.period_end THEN 0 ELSE c.count END,
                period_start = CASE WHEN now() >= c.period_end THEN excluded.period_start ELSE c.period_start END,
                period_end = CASE WHEN now() >= c.period_end THEN excluded.period_end ELSE c.period_end END
             RETURNING count",
            &[&super::new_id(), &user, &feature, &period.start, &period.end],
        )
        .await?;
    unsigned(&row, "count")
}

/// Moves a counter. Returns the row as it is then; `None` when its period is not `period_start` (R46).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn add_to_counter(
    tx: &Tx<'_>,
    user: &str,
    feature: &str,
    period_start: Option<DateTime<Utc>>,
    delta: i32,
) -> DbResult<Option<CounterRow>> {
    let row = tx
        .query_opt(
            "UPDATE cv.feature_usage_counters SET count = greatest(count + $3, 0), updated_at = now()
             WHERE user_id = $1 AND feature_name = $2 AND ($4::timestamptz IS NULL OR period_start = $4)
             RETURNING count, period_start, period_end",
            &[&user, &feature, &delta, &period_start],
        )
        .await?;
    row.as_ref()
        .map(|row| {
            Ok(CounterRow {
                count: get(row, "count")?,
                period: Period { start: get(row, "period_start")?, end: get(row, "period_end")? },
            })
        })
        .transpose()
}

/// A counter as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterRow {
    /// Uses in the period.
    pub count: i32,
    /// The period.
    pub period: Period,
}

/// The plan's features with a person's use of them. A counter whose period is over shows 0 and the period of now.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn counters(db: &impl Reader, user: &str, plan: i32, now: Period) -> DbResult<Vec<UsageCounter>> {
    let rows = db
        .rows(
            "SELECT l.feature_name, l.usage_limit, CASE WHEN now() < c.period_end THEN c.count ELSE 0 END AS count,
                CASE WHEN now() < c.period_end THEN c.period_start ELSE $3 END AS period_start,
                CASE WHEN now() < c.period_end THEN c.period_end ELSE $4 END AS period_end
             FROM cv.subscription_plan_feature_limits l
             LEFT JOIN cv.feature_usage_counters c ON c.user_id = $1 AND c.feature_name = l.feature_name
             WHERE l.plan_id = $2 AND l.is_enabled AND l.feature_name <> 'max_cvs' ORDER BY l.feature_name",
            &[&user, &plan, &now.start, &now.end],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(UsageCounter {
                feature_name: get(row, "feature_name")?,
                count: get(row, "count")?,
                usage_limit: get(row, "usage_limit")?,
                period_start: time(row, "period_start")?,
                period_end: time(row, "period_end")?,
            })
        })
        .collect()
}
