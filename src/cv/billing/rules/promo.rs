//! Promo codes (R57).

use chrono::{DateTime, Utc};
use estafette_protocol::cv::billing::PromoType;

/// Characters of a code.
pub const MAX_CODE: usize = 40;

/// A code as it is kept: upper case, without spaces around it.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn code(text: &str) -> Result<String, String> {
    let code = text.trim().to_uppercase();
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if code.is_empty() || code.len() > MAX_CODE || !code.chars().all(plain) {
        return Err(format!("a code has 1 to {MAX_CODE} letters, digits, - or _"));
    }
    Ok(code)
}

/// What a code is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Credits, at once; the person is on this plan.
    Redeem(i32),
    /// Less at a checkout for this plan.
    Plan(i32),
    /// Less at a checkout for this pack.
    Pack(i32),
}

/// What of a code decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What it gives.
    pub kind: PromoType,
    /// For this plan only.
    pub plan: Option<i32>,
    /// For this pack only.
    pub pack: Option<i32>,
    /// Uses in all.
    pub max_uses: Option<i32>,
    /// Uses of one person.
    pub max_uses_per_user: i32,
    /// Uses so far.
    pub uses: i32,
    /// From when.
    pub valid_from: DateTime<Utc>,
    /// Until when.
    pub valid_until: Option<DateTime<Utc>>,
    /// Whether it works.
    pub is_active: bool,
}

/// Why a code does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PromoRefused {
    /// Switched off, or outside its dates.
    #[error("this code is not valid (any more)")]
    NotValid,
    /// All uses are gone.
    #[error("this code was used up")]
    UsedUp,
    /// This person used it as often as they may.
    #[error("you have used this code already")]
    UsedByYou,
    /// It makes a checkout cheaper.
    #[error("this code makes a purchase cheaper: enter it at the checkout")]
    AtCheckout,
    /// It gives credits.
    #[error("this code gives credits: redeem it, it does not make a purchase cheaper")]
    Credits,
    /// It is for something else.
    #[error("this code is for another plan or another pack")]
    Elsewhere,
}

impl Terms {
    /// Whether somebody who used it `mine` times may use it once more.
    ///
    /// # Errors
    /// [`PromoRefused`].
    pub fn check(&self, asked: Use, mine: i32, now: DateTime<Utc>) -> Result<(), PromoRefused> {
        if !self.is_active || now < self.valid_from || self.valid_until.is_some_and(|until| now >= until) {
            return Err(PromoRefused::NotValid);
        }
        if self.max_uses.is_some_and(|max| self.uses >= max) {
            return Err(PromoRefused::UsedUp);
        }
        if mine >= self.max_uses_per_user {
            return Err(PromoRefused::UsedByYou);
        }
        match (self.kind, asked) {
            (PromoType::Credits, Use::Redeem(plan)) if self.plan.is_none_or(|only| only == plan) => Ok(()),
            (PromoType::Credits, Use::Redeem(_)) => Err(PromoRefused::Elsewhere),
            (PromoType::Credits, _) => Err(PromoRefused::Credits),
            (_, Use::Redeem(_)) => Err(PromoRefused::AtCheckout),
            // A code for a plan does not make packs cheaper, nor the other way round.
            (_, Use::Plan(plan)) if self.pack.is_none() && self.plan.is_none_or(|only| only == plan) => Ok(()),
            (_, Use::Pack(pack)) if self.plan.is_none() && self.pack.is_none_or(|only| only == pack) => Ok(()),
            _ => Err(PromoRefused::Elsewhere),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(kind: PromoType) -> Terms {
        Terms {
            kind,
            plan: None,
            pack: None,
            max_uses: Some(2),
            max_uses_per_user: 1,
            uses: 0,
            valid_from: DateTime::from_timestamp(100, 0).unwrap(),
            valid_until: DateTime::from_timestamp(200, 0),
            is_active: true,
        }
    }

    #[test]
    fn r57_valid_inside_its_dates_below_its_uses_and_for_what_it_is() {
        let now = DateTime::from_timestamp(150, 0).unwrap();
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let credits = terms(PromoType::Credits);
        assert_eq!(credits.check(Use::Redeem(1), 0, now), Ok(()));
        for (when, outcome) in [(99, Err(PromoRefused::NotValid)), (100, Ok(())), (200, Err(PromoRefused::NotValid))] {
            assert_eq!(credits.check(Use::Redeem(1), 0, at(when)), outcome, "{when}");
        }
        assert_eq!(credits.check(Use::Redeem(1), 1, now), Err(PromoRefused::UsedByYou));
        assert_eq!(Terms { uses: 2, ..credits.clone() }.check(Use::Redeem(1), 0, now), Err(PromoRefused::UsedUp));
        let off = Terms { is_active: false, ..credits.clone() };
        assert_eq!(off.check(Use::Redeem(1), 0, now), Err(PromoRefused::NotValid));
        assert_eq!(credits.check(Use::Plan(1), 0, now), Err(PromoRefused::Credits));
        assert_eq!(Terms { plan: Some(2), ..credits }.check(Use::Redeem(1), 0, now), Err(PromoRefused::Elsewhere));
        let percent = terms(PromoType::PercentOff);
        assert_eq!(percent.check(Use::Redeem(1), 0, now), Err(PromoRefused::AtCheckout));
        assert_eq!(percent.check(Use::Pack(1), 0, now), Ok(()));
        let for_plan = Terms { plan: Some(2), ..percent };
        assert_eq!(for_plan.check(Use::Plan(2), 0, now), Ok(()));
        assert_eq!(for_plan.check(Use::Plan(3), 0, now), Err(PromoRefused::Elsewhere));
        assert_eq!(for_plan.check(Use::Pack(2), 0, now), Err(PromoRefused::Elsewhere));
    }

    #[test]
    fn r57_codes_are_kept_in_upper_case() {
        assert_eq!(code(" Summer-26 ").unwrap(), "SUMMER-26");
        for bad in ["", "a b", "é", &"x".repeat(41)] {
            assert!(code(bad).is_err(), "{bad}");
        }
    }
}
