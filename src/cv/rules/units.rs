//! Units: what is paid by the month's allowance, what by credits, and what is given back (R41–R46).

use chrono::{DateTime, Utc};

/// What a plan says about a feature (`subscription_plan_feature_limits`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureLimit {
    /// Whether the feature is there at all.
    pub is_enabled: bool,
    /// Uses a month; -1: unlimited.
    pub usage_limit: i32,
}

/// Whether a feature may be paid with credits once its allowance is used up (spec 1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payable {
    /// Yes, at this price in credits a unit (0: free).
    Credits(u32),
    /// No: the limit is all there is.
    LimitOnly,
}

/// Why units are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitsRefused {
    /// R41.
    #[error("your plan does not include this feature")]
    FeatureOff,
    /// R42, and nothing is created.
    #[error("this needs {needed} credits and you have {balance}")]
    InsufficientCredits {
        /// Credits that would be spent.
        needed: u32,
        /// Credits that are there.
        balance: u32,
    },
    /// R42 for features that credits cannot buy.
    #[error("the limit of {limit} uses a month is reached")]
    LimitReached {
        /// The limit.
        limit: u32,
    },
}

/// How the units of a task are paid: the first `allowance` of them by the counter, the rest by credits (R45).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// Units taken from the month's allowance (the counter moves by as many).
    pub allowance: u32,
    /// Units paid by credits, one transaction each.
    pub credits: u32,
    /// Credits a paid unit costs.
    pub price: u32,
}

impl Split {
    /// Credits debited in all.
    pub const fn credits_debited(self) -> u32 {
        self.credits.saturating_mul(self.price)
    }

    /// How unit `index` (from 0) is paid: R45 gives the allowance to the first.
    pub const fn pays(self, index: u32) -> UnitPayment {
        if index < self.allowance { UnitPayment::Allowance } else { UnitPayment::Credits(self.price) }
    }
}

/// How one unit is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitPayment {
    /// By the month's allowance.
    Allowance,
    /// By this many credits.
    Credits(u32),
}

/// Whether uses are counted: not where a plan allows none, so that every one is paid by credits.
pub fn counts(limit: Option<FeatureLimit>, payable: Payable) -> bool {
    payable == Payable::Credits(0) || limit.is_some_and(|limit| limit.is_enabled && limit.usage_limit != 0)
}

/// Decides how `units` are paid, all or none (R41, R42, R44, R45).
///
/// # Errors
/// [`UnitsRefused`]; nothing may be created then.
pub fn reserve(
    limit: Option<FeatureLimit>,
    used: u32,
    balance: u32,
    payable: Payable,
    units: u32,
) -> Result<Split, UnitsRefused> {
    let limit = limit.filter(|limit| limit.is_enabled).ok_or(UnitsRefused::FeatureOff)?;
    let left = match u32::try_from(limit.usage_limit) {
        Ok(limit) => limit.saturating_sub(used),
        Err(_) => u32::MAX,
    };
    // What is free is counted like an allowance without end, so that it is also given back like one.
    let free = payable == Payable::Credits(0);
    let allowance = if free { units } else { units.min(left) };
    let rest = units - allowance;
    match payable {
        Payable::Credits(price) => {
            let needed = rest.saturating_mul(price);
            if needed > balance {
                return Err(UnitsRefused::InsufficientCredits { needed, balance });
            }
            Ok(Split { allowance, credits: rest, price })
        }
        Payable::LimitOnly if rest > 0 => {
            Err(UnitsRefused::LimitReached { limit: u32::try_from(limit.usage_limit).unwrap_or(0) })
        }
        Payable::LimitOnly => Ok(Split { allowance, credits: 0, price: 0 }),
    }
}

/// How a unit is given back (R46).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refund {
    /// A `refund` transaction of this many credits.
    Credits(u32),
    /// The counter goes down by one.
    Allowance,
    /// Nothing: it was given back before, or its month is over.
    Nothing,
}

/// Decides how the unit of a failed or cancelled offer is given back, once (R46). `debited_period` is the period whose
/// counter was debited, `counter_period` the counter's period now.
pub fn refund(
    already: bool,
    paid: UnitPayment,
    debited_period: Option<DateTime<Utc>>,
    counter_period: Option<DateTime<Utc>>,
) -> Refund {
    match paid {
        _ if already => Refund::Nothing,
        UnitPayment::Credits(0) => Refund::Nothing,
        UnitPayment::Credits(amount) => Refund::Credits(amount),
        UnitPayment::Allowance if debited_period.is_some() && debited_period == counter_period => Refund::Allowance,
        UnitPayment::Allowance => Refund::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn limit(usage_limit: i32) -> Option<FeatureLimit> {
        Some(FeatureLimit { is_enabled: true, usage_limit })
    }

    #[test]
    fn r41_a_feature_that_is_off_cannot_be_bought() {
        let off = Some(FeatureLimit { is_enabled: false, usage_limit: -1 });
        for limit in [None, off] {
            assert_eq!(reserve(limit, 0, 1000, Payable::Credits(1), 1), Err(UnitsRefused::FeatureOff));
        }
    }

    #[test]
    fn r42_allowance_first_then_credits_then_refusal() {
        assert_eq!(reserve(limit(-1), 9999, 0, Payable::Credits(1), 3).unwrap().allowance, 3);
        assert_eq!(reserve(limit(3), 3, 1, Payable::Credits(1), 1).unwrap().credits, 1);
        assert_eq!(
            reserve(limit(0), 0, 0, Payable::Credits(1), 1),
            Err(UnitsRefused::InsufficientCredits { needed: 1, balance: 0 })
        );
        assert_eq!(reserve(limit(2), 2, 99, Payable::LimitOnly, 1), Err(UnitsRefused::LimitReached { limit: 2 }));
    }

    #[test]
    fn r45_the_first_offers_take_the_allowance() {
        let split = reserve(limit(5), 3, 10, Payable::Credits(2), 4).unwrap();
        assert_eq!(split, Split { allowance: 2, credits: 2, price: 2 });
        assert_eq!(split.credits_debited(), 4);
        assert_eq!(split.pays(1), UnitPayment::Allowance);
        assert_eq!(split.pays(2), UnitPayment::Credits(2));
    }

    #[test]
    fn r46_a_refund_happens_once_and_only_in_its_period() {
        let now = Utc::now();
        let old = now - chrono::Duration::days(31);
        assert_eq!(refund(true, UnitPayment::Credits(1), None, None), Refund::Nothing);
        assert_eq!(refund(false, UnitPayment::Credits(2), None, None), Refund::Credits(2));
        assert_eq!(refund(false, UnitPayment::Allowance, Some(now), Some(now)), Refund::Allowance);
        assert_eq!(refund(false, UnitPayment::Allowance, Some(old), Some(now)), Refund::Nothing);
        assert_eq!(refund(false, UnitPayment::Allowance, None, None), Refund::Nothing);
    }

    #[test]
    fn g2_a_free_feature_is_counted_and_never_debited() {
        let split = reserve(limit(1), 5, 0, Payable::Credits(0), 3).unwrap();
        assert_eq!(split, Split { allowance: 3, credits: 0, price: 0 });
    }

    proptest! {
        #[test]
        fn uses_that_are_not_counted_change_nothing(usage_limit in -1..3, is_enabled: bool, used: u32, balance: u32, price in 0..3_u32, units in 1..9_u32) {
            let limit = Some(FeatureLimit { is_enabled, usage_limit });
            for payable in [Payable::Credits(price), Payable::LimitOnly] {
                if !counts(limit, payable) {
                    prop_assert_eq!(reserve(limit, used, balance, payable, units), reserve(limit, 0, balance, payable, units));
                }
            }
        }

        #[test]
        fn r44_all_or_none_and_never_more_than_the_balance(
            usage_limit in -1_i32..20, used in 0_u32..30, balance in 0_u32..50, price in 1_u32..4, units in 1_u32..12,
        ) {
            match reserve(limit(usage_limit), used, balance, Payable::Credits(price), units) {
                Ok(split) => {
                    prop_assert_eq!(split.allowance + split.credits, units);
                    prop_assert!(split.credits_debited() <= balance);
                    if usage_limit >= 0 {
                        prop_assert!(split.allowance == 0 || used + split.allowance <= usage_limit.unsigned_abs());
                    } else {
                        prop_assert_eq!(split.credits, 0);
                    }
                    let sum: u32 = (0..units).map(|i| match split.pays(i) {
                        UnitPayment::Credits(n) => n,
                        UnitPayment::Allowance => 0,
                    }).sum();
                    prop_assert_eq!(sum, split.credits_debited());
                }
                Err(UnitsRefused::InsufficientCredits { needed, balance: had }) => {
                    prop_assert!(needed > balance && had == balance);
                }
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
    }
}
