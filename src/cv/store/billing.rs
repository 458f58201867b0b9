//! `subscriptions`, `subscription_plans` and their limits, `credit_packs`: the price list, and who bought what.

use super::{Reader, get, opt_time, opt_word, time, unsigned, word};
use crate::cv::billing::rules::price;
use crate::cv::billing::rules::subscription::RegisterState;
use crate::cv::model::status::SubscriptionState;
use estafette_actors::{DbResult, Tx};
use estafette_protocol::cv::billing::{CreditPack, Plan, PlanLimit, SubscriptionView};
use estafette_protocol::cv::billing_admin::{AdminCreditPack, AdminPlan};
use rust_decimal::Decimal;
use tokio_postgres::Row;

const PLAN: &str = "p.id, p.name, p.description, p.is_free, p.tier, p.is_popular, p.price_monthly, p.price_yearly,
    p.yearly_discount_percent, p.price_currency, p.stripe_product_id, p.stripe_price_id_monthly,
    p.stripe_price_id_yearly, p.created_at, p.updated_at,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('feature_name', l.feature_name, 'is_enabled', l.is_enabled,
        'usage_limit', l.usage_limit) ORDER BY l.feature_name), '[]'::jsonb)
     FROM cv.subscription_plan_feature_limits l WHERE l.plan_id = p.id) AS limits,
    (SELECT count(*)::int FROM cv.subscriptions s WHERE s.plan_id = p.id AND s.status <> 'canceled') AS subscribers";

fn money(row: &Row, column: &str) -> DbResult<f64> {
    Ok(price::shown(get::<Decimal>(row, column)?))
}

fn plan_row(row: &Row) -> DbResult<AdminPlan> {
    Ok(AdminPlan {
        plan: Plan {
            id: get(row, "id")?,
            name: get(row, "name")?,
            description: get(row, "description")?,
            is_free: get(row, "is_free")?,
            tier: get(row, "tier")?,
            is_popular: get(row, "is_popular")?,
            price_monthly: money(row, "price_monthly")?,
            price_yearly: money(row, "price_yearly")?,
            yearly_discount_percent: money(row, "yearly_discount_percent")?,
            price_currency: word(row, "price_currency")?,
            limits: super::json::<Vec<PlanLimit>>(row, "limits")?.unwrap_or_default(),
        },
        stripe_product_id: get(row, "stripe_product_id")?,
        stripe_price_id_monthly: get(row, "stripe_price_id_monthly")?,
        stripe_price_id_yearly: get(row, "stripe_price_id_yearly")?,
        subscribers: unsigned(row, "subscribers")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

/// Plans by tier; after the plan `after`, if given.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn plans(db: &impl Reader, after: Option<i32>, limit: i64) -> DbResult<Vec<AdminPlan>> {
    let sql = format!(
        "SELECT {PLAN} FROM cv.subscription_plans p WHERE $1::int IS NULL OR (p.tier, p.id) >
            (SELECT tier, id FROM cv.subscription_plans WHERE id = $1) ORDER BY p.tier, p.id LIMIT $2"
    );
    db.rows(&sql, &[&after, &limit]).await?.iter().map(plan_row).collect()
}

/// One plan.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn plan(db: &impl Reader, id: i32) -> DbResult<Option<AdminPlan>> {
    let row = db.row(&format!("SELECT {PLAN} FROM cv.subscription_plans p WHERE p.id = $1"), &[&id]).await?;
    row.as_ref().map(plan_row).transpose()
}

/// What of a plan is stored, prices exact.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanFields {
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Its tier.
    pub tier: i32,
    /// The usual choice.
    pub is_popular: bool,
    /// Of a month.
    pub price_monthly: Decimal,
    /// Of a year.
    pub price_yearly: Decimal,
    /// Percent.
    pub yearly_discount_percent: Decimal,
    /// Of both.
    pub price_currency: String,
    /// Stripe's product.
    pub stripe_product_id: Option<String>,
    /// Stripe's price of a month.
    pub stripe_price_id_monthly: Option<String>,
    /// Stripe's price of a year.
    pub stripe_price_id_yearly: Option<String>,
}

/// What is stored of a plan, locked until the unit's end.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn lock_plan(tx: &Tx<'_>, id: i32) -> DbResult<Option<PlanFields>> {
    let row = tx.query_opt("SELECT * FROM cv.subscription_plans WHERE id = $1 FOR NO KEY UPDATE", &[&id]).await?;
    row.as_ref()
        .map(|row| {
            Ok(PlanFields {
                name: get(row, "name")?,
                description: get(row, "description")?,
                tier: get(row, "tier")?,
                is_popular: get(row, "is_popular")?,
                price_monthly: get(row, "price_monthly")?,
                price_yearly: get(row, "price_yearly")?,
                yearly_discount_percent: get(row, "yearly_discount_percent")?,
                price_currency: get(row, "price_currency")?,
                stripe_product_id: get(row, "stripe_product_id")?,
                stripe_price_id_monthly: get(row, "stripe_price_id_monthly")?,
                stripe_price_id_yearly: get(row, "stripe_price_id_yearly")?,
            })
        })
        .transpose()
}

/// Stores a plan, a new one without `id`; returns its id.
///
/// # Errors
/// `subscription_plans_…_key` when a name or an id of Stripe's is another plan's.
pub async fn store_plan(tx: &Tx<'_>, id: Option<i32>, plan: &PlanFields) -> DbResult<i32> {
    let columns = "name = $1, description = $2, tier = $3, is_popular = $4, price_monthly = $5, price_yearly = $6,
        yearly_discount_percent = $7, price_currency = $8, stripe_product_id = $9, stripe_price_id_monthly = $10,
        stripe_price_id_yearly = $11, updated_at = now()";
    let sql = match id {
        Some(_) => format!("UPDATE cv.subscription_plans SET {columns} WHERE id = $12::int RETURNING id"),
        None => "INSERT INTO cv.subscription_plans (name, description, tier, is_popular, price_monthly, price_yearly,
                yearly_discount_percent, price_currency, stripe_product_id, stripe_price_id_monthly,
                stripe_price_id_yearly)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 WHERE $12::int IS NULL RETURNING id"
            .to_owned(),
    };
    let row = tx
        .query_one(
            &sql,
            &[
                &plan.name,
                &plan.description,
                &plan.tier,
                &plan.is_popular,
                &plan.price_monthly,
                &plan.price_yearly,
                &plan.yearly_discount_percent,
                &plan.price_currency,
                &plan.stripe_product_id,
                &plan.stripe_price_id_monthly,
                &plan.stripe_price_id_yearly,
                &id,
            ],
        )
        .await?;
    get(&row, "id")
}

/// Sets what a plan says about a feature.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_limit(tx: &Tx<'_>, plan: i32, limit: &PlanLimit) -> DbResult<()> {
    tx.execute(
        "INSERT INTO cv.subscription_plan_feature_limits (id, plan_id, feature_name, is_enabled, usage_limit)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (plan_id, feature_name) DO UPDATE SET is_enabled = excluded.is_enabled,
            usage_limit = excluded.usage_limit, updated_at = now()",
        &[&super::new_id(), &plan, &limit.feature_name, &limit.is_enabled, &limit.usage_limit],
    )
    .await?;
    Ok(())
}

const PACK: &str = "id, name, description, credit_amount, price, price_currency, is_active, stripe_product_id,
    stripe_price_id, created_at, updated_at";

fn pack_row(row: &Row) -> DbResult<AdminCreditPack> {
    Ok(AdminCreditPack {
        id: get(row, "id")?,
        name: get(row, "name")?,
        description: get(row, "description")?,
        credit_amount: get(row, "credit_amount")?,
        price: money(row, "price")?,
        price_currency: word(row, "price_currency")?,
        is_active: get(row, "is_active")?,
        stripe_product_id: get(row, "stripe_product_id")?,
        stripe_price_id: get(row, "stripe_price_id")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

/// Packs, the smallest first; only those that are offered (R54), or all, or those that are not.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn packs(
    db: &impl Reader,
    active: Option<bool>,
    after: Option<i32>,
    limit: i64,
) -> DbResult<Vec<AdminCreditPack>> {
    let sql = format!(
        "SELECT {PACK} FROM cv.credit_packs WHERE ($1::bool IS NULL OR is_active = $1)
            AND ($2::int IS NULL OR credit_amount > (SELECT credit_amount FROM cv.credit_packs WHERE id = $2))
         ORDER BY credit_amount LIMIT $3"
    );
    db.rows(&sql, &[&active, &after, &limit]).await?.iter().map(pack_row).collect()
}

/// One pack.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn pack(db: &impl Reader, id: i32) -> DbResult<Option<AdminCreditPack>> {
    let row = db.row(&format!("SELECT {PACK} FROM cv.credit_packs WHERE id = $1"), &[&id]).await?;
    row.as_ref().map(pack_row).transpose()
}

/// As everybody sees it.
pub fn offered(pack: AdminCreditPack) -> CreditPack {
    CreditPack {
        id: pack.id,
        name: pack.name,
        description: pack.description,
        credit_amount: pack.credit_amount,
        price: pack.price,
        price_currency: pack.price_currency,
    }
}

/// What of a pack is stored, the price exact.
#[derive(Debug, Clone, PartialEq)]
pub struct PackFields {
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Credits in it.
    pub credit_amount: i32,
    /// Its price.
    pub price: Decimal,
    /// Of the price.
    pub price_currency: String,
    /// Whether it is offered.
    pub is_active: bool,
    /// Stripe's product.
    pub stripe_product_id: Option<String>,
    /// Stripe's price.
    pub stripe_price_id: Option<String>,
}

/// What is stored of a pack, locked until the unit's end.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn lock_pack(tx: &Tx<'_>, id: i32) -> DbResult<Option<PackFields>> {
    let row = tx.query_opt("SELECT * FROM cv.credit_packs WHERE id = $1 FOR NO KEY UPDATE", &[&id]).await?;
    row.as_ref()
        .map(|row| {
            Ok(PackFields {
                name: get(row, "name")?,
                description: get(row, "description")?,
                credit_amount: get(row, "credit_amount")?,
                price: get(row, "price")?,
                price_currency: get(row, "price_currency")?,
                is_active: get(row, "is_active")?,
                stripe_product_id: get(row, "stripe_product_id")?,
                stripe_price_id: get(row, "stripe_price_id")?,
            })
        })
        .transpose()
}

/// Stores a pack, a new one without `id`; returns its id.
///
/// # Errors
/// `credit_packs_…_key` when the number of credits or an id of Stripe's is another pack's.
pub async fn store_pack(tx: &Tx<'_>, id: Option<i32>, pack: &PackFields) -> DbResult<i32> {
    let sql = match id {
        Some(_) => {
            "UPDATE cv.credit_packs SET name = $1, description = $2, credit_amount = $3, price = $4, price_currency = $5,
                is_active = $6, stripe_product_id = $7, stripe_price_id = $8, updated_at = now()
             WHERE id = $9::int RETURNING id"
        }
        None => {
            "INSERT INTO cv.credit_packs (name, description, credit_amount, price, price_currency, is_active,
                stripe_product_id, stripe_price_id)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE $9::int IS NULL RETURNING id"
        }
    };
    let row = tx
        .query_one(
            sql,
            &[
                &pack.name,
                &pack.description,
                &pack.credit_amount,
                &pack.price,
                &pack.price_currency,
                &pack.is_active,
                &pack.stripe_product_id,
                &pack.stripe_price_id,
                &id,
            ],
        )
        .await?;
    get(&row, "id")
}

/// A person's subscription and the plan in force (R40). `None` where no plan is set up.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn view(db: &impl Reader, user: &str) -> DbResult<Option<SubscriptionView>> {
    let row = db
        .row(
            "SELECT p.id, p.name, p.tier, s.status, s.billing_period, s.current_period_end,
                coalesce(s.cancel_at_period_end AND s.status <> 'canceled', false) AS ends
             FROM cv.users u LEFT JOIN cv.subscriptions s ON s.user_id = u.id
             JOIN cv.subscription_plans p
               ON CASE WHEN s.status IN ('active', 'past_due') THEN p.id = s.plan_id ELSE p.is_free END
             WHERE u.id = $1",
            &[&user],
        )
        .await?;
    row.as_ref()
        .map(|row| {
            Ok(SubscriptionView {
                plan_id: get(row, "id")?,
                plan_name: get(row, "name")?,
                tier: get(row, "tier")?,
                status: opt_word(row, "status")?,
                billing_period: opt_word(row, "billing_period")?,
                current_period_end: opt_time(row, "current_period_end")?,
                cancel_at_period_end: get(row, "ends")?,
            })
        })
        .transpose()
}

/// A person's row of `subscriptions`, as far as it decides what may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// Where it stands.
    pub status: SubscriptionState,
    /// Stripe's subscription.
    pub stripe_id: Option<String>,
    /// Whether it ends with its period.
    pub cancel_at_period_end: bool,
}

/// A person's subscription.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn subscription(db: &impl Reader, user: &str) -> DbResult<Option<SubscriptionRow>> {
    let row = db
        .row(
            "SELECT status, stripe_subscription_id, cancel_at_period_end FROM cv.subscriptions WHERE user_id = $1",
            &[&user],
        )
        .await?;
    row.as_ref()
        .map(|row| {
            let status: &str = get(row, "status")?;
            Ok(SubscriptionRow {
                status: status.parse().map_err(|error: crate::cv::model::status::UnknownState| {
                    estafette_actors::DbError::Data(error.to_string())
                })?,
                stripe_id: get(row, "stripe_subscription_id")?,
                cancel_at_period_end: get(row, "cancel_at_period_end")?,
            })
        })
        .transpose()
}

/// Writes a person's one subscription as it was made from what Stripe said.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn store_subscription(
    tx: &Tx<'_>,
    user: &str,
    stripe_id: &str,
    status: SubscriptionState,
    state: &RegisterState,
) -> DbResult<()> {
    tx.execute(
        "INSERT INTO cv.subscriptions (id, user_id, stripe_customer_id, stripe_subscription_id, stripe_price_id, plan_id,
            status, billing_period, current_period_start, current_period_end, cancel_at_period_end, canceled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (user_id) DO UPDATE SET stripe_customer_id = excluded.stripe_customer_id,
            stripe_subscription_id = excluded.stripe_subscription_id, stripe_price_id = excluded.stripe_price_id,
            plan_id = excluded.plan_id, status = excluded.status, billing_period = excluded.billing_period,
            current_period_start = excluded.current_period_start, current_period_end = excluded.current_period_end,
            cancel_at_period_end = excluded.cancel_at_period_end, canceled_at = excluded.canceled_at,
            updated_at = now()",
        &[
            &super::new_id(),
            &user,
            &state.customer,
            &stripe_id,
            &state.price,
            &state.plan,
            &status.as_str(),
            &state.period.as_str(),
            &state.period_start,
            &state.period_end,
            &state.cancel_at_period_end,
            &state.canceled_at,
        ],
    )
    .await?;
    Ok(())
}
