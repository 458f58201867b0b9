//! Plans, packs, subscriptions, referrals and promo codes, as people see them. Prices are in units of their currency
//! (12.5 is twelve and a half), with at most two decimals.

use super::ids::TransactionId;
use crate::Timestamp;
use crate::words::words;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

words! {
    /// Where a subscription stands.
    pub enum BillingStatus {
        /// Paid, or on trial.
        Active = "active",
        /// A payment failed; the plan stays until Stripe gives up.
        PastDue = "past_due",
        /// Over; the free plan counts.
        Canceled = "canceled",
    }

    /// How often a subscription is paid.
    pub enum BillingPeriod {
        /// Each month.
        Monthly = "monthly",
        /// Each year.
        Yearly = "yearly",
    }

    /// The currencies of prices.
    pub enum Currency {
        /// Euro.
        Eur = "EUR",
        /// US dollar.
        Usd = "USD",
        /// Pound sterling.
        Gbp = "GBP",
    }

    /// What a promo code gives.
    pub enum PromoType {
        /// Credits, at once.
        Credits = "credits",
        /// So many percent less at a checkout.
        PercentOff = "percent_off",
        /// So much less at a checkout.
        AmountOff = "amount_off",
    }

    /// Where a referral stands.
    pub enum ReferralStatus {
        /// The referred person has not used anything yet, or has not confirmed their address.
        Pending = "pending",
        /// Both sides have their credits.
        Rewarded = "rewarded",
        /// It will not be rewarded.
        Cancelled = "cancelled",
    }
}

/// What a plan says about a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct PlanLimit {
    /// The feature (`generate_cv`); `max_cvs` is the number of CVs that are kept.
    pub feature_name: String,
    /// Whether the plan has it at all.
    pub is_enabled: bool,
    /// Uses a month; -1 = unlimited.
    pub usage_limit: i32,
}

/// A plan of the price list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Plan {
    /// Its id.
    pub id: i32,
    /// Its name, unique.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Whether it costs nothing.
    pub is_free: bool,
    /// 0 free, 1 basic, 2 pro, …
    pub tier: i32,
    /// Whether it is shown as the usual choice.
    pub is_popular: bool,
    /// Price of a month.
    pub price_monthly: f64,
    /// Price of a year (cv R55).
    pub price_yearly: f64,
    /// What a year costs less than twelve months, percent.
    pub yearly_discount_percent: f64,
    /// Currency of both prices.
    pub price_currency: Currency,
    /// What it says about each feature.
    pub limits: Vec<PlanLimit>,
}

/// A pack of credits (cv R54: only packs that are offered are listed).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CreditPack {
    /// Its id.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Credits in it.
    pub credit_amount: i32,
    /// Its price.
    pub price: f64,
    /// Currency of the price.
    pub price_currency: Currency,
}

/// A person's subscription and the plan in force: durable `subscription.changed`, and the answer of
/// `GET /v1/cv/subscription`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SubscriptionView {
    /// The plan in force (cv R40).
    pub plan_id: i32,
    /// Its name.
    pub plan_name: String,
    /// Its tier.
    pub tier: i32,
    /// Null: there never was a subscription.
    pub status: Option<BillingStatus>,
    /// How often it is paid.
    pub billing_period: Option<BillingPeriod>,
    /// When it is paid again, or ends.
    pub current_period_end: Option<Timestamp>,
    /// Whether it ends then.
    pub cancel_at_period_end: bool,
}

/// Parameters of `billing.checkout`: a plan with its period, or a pack of credits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Checkout {
    /// The plan to subscribe to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub plan_id: Option<i32>,
    /// How often it is paid; monthly when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub billing_period: Option<BillingPeriod>,
    /// The pack to buy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub credit_pack_id: Option<i32>,
    /// A code that makes it cheaper.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub promo_code: Option<String>,
}

/// Result of `billing.checkout`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CheckoutStarted {
    /// Stripe's id of the checkout.
    pub id: String,
    /// Where the person pays.
    pub url: String,
}

/// Result of `billing.portal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct PortalOpened {
    /// Where the person changes plan, card and address.
    pub url: String,
}

/// Parameters of `billing.redeem`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Redeem {
    /// The code, in any case.
    pub code: String,
}

/// Result of `billing.redeem`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Redeemed {
    /// Credits that it gave.
    pub credits: i32,
    /// The balance after it.
    pub balance: i32,
    /// The row of the ledger.
    pub transaction_id: TransactionId,
}

/// One person who came by a person's code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Referral {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub status: ReferralStatus,
    /// Credits that it brought.
    pub referrer_credits: i32,
    /// When that person signed up.
    pub created_at: Timestamp,
    /// When it was rewarded.
    pub rewarded_at: Option<Timestamp>,
}

/// A person's code and who came by it: answer of `GET /v1/cv/referrals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Referrals {
    /// The code: `referral_code` of a sign-up.
    pub code: String,
    /// What each referral brings to who refers.
    pub referrer_credits: i32,
    /// What it brings to who is referred.
    pub referred_credits: i32,
    /// The newest first.
    pub items: Vec<Referral>,
    /// For `?after=`; null: the list ends here.
    pub next: Option<String>,
}
