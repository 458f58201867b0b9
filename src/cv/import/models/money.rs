//! Plans, packs, subscriptions, the ledger, codes (1.4).

use crate::cv::import::model::{Draft, Else, How, ID, Key, Merge, Model, NUMBER, Outside, Words, col};
use serde_json::Value;

const CURRENCIES: Words = &[("EUR", "EUR"), ("USD", "USD"), ("GBP", "GBP")];
/// Section 2, subscriptions.status.
const SUBSCRIPTION_STATES: Words = &[
    ("active", "active"),
    ("trialing", "active"),
    ("canceled", "canceled"),
    ("cancelled", "canceled"),
    ("incomplete_expired", "canceled"),
    ("past_due", "past_due"),
    ("unpaid", "past_due"),
    ("paused", "past_due"),
];
const PERIODS: Words =
    &[("monthly", "monthly"), ("month", "monthly"), ("yearly", "yearly"), ("year", "yearly"), ("annual", "yearly")];
const TRANSACTIONS: Words = &[("purchase", "purchase"), ("usage", "usage"), ("refund", "refund"), ("gift", "gift")];
const REFERRALS: Words = &[
    ("pending", "pending"),
    ("rewarded", "rewarded"),
    ("completed", "rewarded"),
    ("cancelled", "cancelled"),
    ("canceled", "cancelled"),
];
const CODES: Words = &[("credits", "credits"), ("percent_off", "percent_off"), ("amount_off", "amount_off")];
const PRICE: How = How::Range(0, 1_000_000_000, Outside::Nearest);

/// What does not belong to anybody.
pub(super) const PRICES: &[Model] = &[
    Model {
        name: "SubscriptionPlan",
        table: "subscription_plans",
        key: NUMBER,
        columns: &[
            col("id", "id", How::Same),
            col("name", "name", How::Same),
            col("description", "description", How::Same),
            col("isFree", "is_free", How::Or("false")),
            col("tier", "tier", How::Range(0, 1000, Outside::Nearest)),
            col("isPopular", "is_popular", How::Or("false")),
            col("priceMonthly", "price_monthly", PRICE),
            col("priceYearly", "price_yearly", PRICE),
            col("yearlyDiscountPercent", "yearly_discount_percent", How::Range(0, 100, Outside::Nearest)),
            col("priceCurrency", "price_currency", How::Word(CURRENCIES, Else::Is("EUR"))),
            col("stripeProductId", "stripe_product_id", How::Same),
            col("stripePriceIdMonthly", "stripe_price_id_monthly", How::Same),
            col("stripePriceIdYearly", "stripe_price_id_yearly", How::Same),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Over("t.name = r.name OR (t.is_free AND r.is_free)"),
        gives_up: &[],
        mend: Some(plan),
        sums: &[],
    },
    Model {
        name: "SubscriptionPlanFeatureLimit",
        table: "subscription_plan_feature_limits",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("planId", "plan_id", How::Mapped("SubscriptionPlan")),
            col("featureName", "feature_name", How::Same),
            col("isEnabled", "is_enabled", How::Or("true")),
            col("usageLimit", "usage_limit", How::Range(-1, i32::MAX as i64, Outside::Nearest)),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Over("t.plan_id = r.plan_id AND t.feature_name = r.feature_name"),
        gives_up: &[],
        mend: Some(of_plan),
        sums: &[],
    },
    Model {
        name: "CreditPack",
        table: "credit_packs",
        key: NUMBER,
        columns: &[
            col("id", "id", How::Same),
            col("name", "name", How::Same),
            col("description", "description", How::Same),
            col("creditAmount", "credit_amount", How::Same),
            col("price", "price", PRICE),
            col("priceCurrency", "price_currency", How::Word(CURRENCIES, Else::Is("EUR"))),
            col("isActive", "is_active", How::Or("true")),
            col("stripeProductId", "stripe_product_id", How::Same),
            col("stripePriceId", "stripe_price_id", How::Same),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Over("t.credit_amount = r.credit_amount"),
        gives_up: &[],
        mend: None,
        sums: &[],
    },
];

/// In the order of writing.
pub(super) const MODELS: &[Model] = &[
    Model {
        name: "Subscription",
        table: "subscriptions",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("stripeCustomerId", "stripe_customer_id", How::Same),
            col("stripeSubscriptionId", "stripe_subscription_id", How::Same),
            col("stripePriceId", "stripe_price_id", How::Same),
            col("planId", "plan_id", How::Mapped("SubscriptionPlan")),
            col("status", "status", How::Word(SUBSCRIPTION_STATES, Else::Refuse)),
            col("billingPeriod", "billing_period", How::Word(PERIODS, Else::Is("monthly"))),
            col("currentPeriodStart", "current_period_start", How::Same),
            col("currentPeriodEnd", "current_period_end", How::Same),
            col("cancelAtPeriodEnd", "cancel_at_period_end", How::Or("false")),
            col("canceledAt", "canceled_at", How::Same),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: Some(of_plan),
        sums: &[],
    },
    Model {
        name: "CreditTransaction",
        table: "credit_transactions",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("amount", "amount", How::Same),
            col("type", "type", How::Word(TRANSACTIONS, Else::Refuse)),
            col("featureName", "feature_name", How::Same),
            col("taskId", "task_id", How::Ref("background_tasks")),
            col("cvFileId", "cv_file_id", How::Ref("cv_files")),
            col("stripePaymentIntentId", "stripe_payment_intent_id", How::Same),
            col("stripeInvoiceId", "stripe_invoice_id", How::Same),
            col("refunded", "refunded", How::Or("false")),
            col("relatedTransactionId", "related_transaction_id", How::Link("credit_transactions")),
            col("metadata", "metadata", How::Json(Else::Wrap)),
            col("createdAt", "created_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: Some(transaction),
        sums: &[("amount", "amount")],
    },
    Model {
        name: "FeatureUsageCounter",
        table: "feature_usage_counters",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("featureName", "feature_name", How::Same),
            col("count", "count", How::Range(0, i32::MAX as i64, Outside::Nearest)),
            col("periodStart", "period_start", How::Same),
            col("periodEnd", "period_end", How::Same),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[("count", "count")],
    },
    Model {
        name: "StripeWebhookLog",
        table: "stripe_webhook_logs",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("eventId", "event_id", How::Same),
            col("eventType", "event_type", How::Same),
            col("payload", "payload", How::Json(Else::Wrap)),
            col("processed", "processed", How::Or("false")),
            col("error", "error", How::Same),
            col("createdAt", "created_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[],
    },
    Model {
        name: "Referral",
        table: "referrals",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("referrerId", "referrer_id", How::Owner("users")),
            col("referredId", "referred_id", How::Owner("users")),
            col("codeUsed", "code_used", How::Or("\"\"")),
            col("status", "status", How::Word(REFERRALS, Else::Is("pending"))),
            col("referrerCredits", "referrer_credits", How::Or("0")),
            col("referredCredits", "referred_credits", How::Or("0")),
            col("referrerTransactionId", "referrer_transaction_id", How::Ref("credit_transactions")),
            col("referredTransactionId", "referred_transaction_id", How::Ref("credit_transactions")),
            col("rewardedAt", "rewarded_at", How::Same),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[],
    },
    Model {
        name: "PromoCode",
        table: "promo_codes",
        key: Key { old: "id", new: "id", number: false },
        columns: &[
            col("id", "id", How::Id),
            col("code", "code", How::Same),
            col("type", "type", How::Word(CODES, Else::Refuse)),
            col("value", "value", How::Same),
            col("currency", "currency", How::Word(CURRENCIES, Else::Null)),
            col("planId", "plan_id", How::Mapped("SubscriptionPlan")),
            col("creditPackId", "credit_pack_id", How::Mapped("CreditPack")),
            col("maxUses", "max_uses", How::Same),
            col("maxUsesPerUser", "max_uses_per_user", How::Or("1")),
            col("currentUses", "current_uses", How::Or("0")),
            col("validFrom", "valid_from", How::Same),
            col("validUntil", "valid_until", How::Same),
            col("isActive", "is_active", How::Or("true")),
            col("stripeCouponId", "stripe_coupon_id", How::Same),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: Some(code),
        sums: &[],
    },
];

fn plan(draft: &mut Draft) {
    for column in ["tier", "price_monthly", "price_yearly", "yearly_discount_percent"] {
        if draft.get(column).is_null() {
            draft.set(column, 0);
        }
    }
}

fn of_plan(draft: &mut Draft) {
    if draft.get("plan_id").is_null() {
        draft.refuse("owner_missing", "its plan is not here");
    }
}

/// The ledger's signs (R48): what does not fit is refused, and the balance is made right by a row of its own
/// ([`crate::cv::import::ledger`]).
fn transaction(draft: &mut Draft) {
    let amount = draft.number("amount").unwrap_or(0);
    let fits = match draft.text("type") {
        Some("usage") => amount < 0,
        Some("refund" | "gift") => amount > 0,
        Some("purchase") => amount != 0,
        _ => return,
    };
    if !fits {
        draft.refuse("bad_amount", format!("an amount of {amount} does not fit the transaction's type (R48)"));
    }
}

fn code(draft: &mut Draft) {
    let upper = draft.text("code").map(|code| code.trim().to_uppercase());
    draft.set("code", upper.map_or(Value::Null, Value::from));
}
