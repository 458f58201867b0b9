//! Budgets of AI work, and when one is passed.

use chrono::{DateTime, Datelike as _, Days, Months, NaiveTime, Utc};
use estafette_protocol::Timestamp;

/// The budgets that are set, US dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budgets {
    /// One person, one UTC day.
    pub user_daily: Option<f64>,
    /// One person, one UTC month.
    pub user_monthly: Option<f64>,
    /// Everybody, one UTC day.
    pub global_daily: Option<f64>,
    /// Everybody, one UTC month.
    pub global_monthly: Option<f64>,
}

/// A budget that would be passed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct Exceeded {
    /// The setting.
    pub setting: &'static str,
    /// Its value.
    pub limit: f64,
    /// What was spent, what is open included.
    pub spent: f64,
    /// What is asked for.
    pub expected: f64,
}

impl Exceeded {
    fn sentence(&self) -> String {
        let until = if self.is_daily() { "tomorrow (UTC)" } else { "next month" };
        if self.is_personal() {
            format!("this would pass your budget for AI work: try again {until}, or ask an administrator")
        } else {
            format!("the service's budget for AI work is used up: try again {until}")
        }
    }

    /// Whether it is one person's.
    pub fn is_personal(&self) -> bool {
        self.setting.starts_with("budget_user")
    }

    fn is_daily(&self) -> bool {
        self.setting.ends_with("daily")
    }

    /// When its next period begins.
    pub fn resets_at(&self, now: DateTime<Utc>) -> Timestamp {
        let today = now.date_naive();
        let next = if self.is_daily() {
            today.checked_add_days(Days::new(1))
        } else {
            today.with_day(1).and_then(|first| first.checked_add_months(Months::new(1)))
        };
        Timestamp::new(next.map_or(now, |day| day.and_time(NaiveTime::MIN).and_utc()))
    }
}

impl Budgets {
    /// Whether none is set.
    pub const fn is_empty(&self) -> bool {
        !self.of_users() && !self.of_all()
    }

    /// Whether one of single people is set.
    pub const fn of_users(&self) -> bool {
        self.user_daily.is_some() || self.user_monthly.is_some()
    }

    /// Whether one of everybody is set.
    pub const fn of_all(&self) -> bool {
        self.global_daily.is_some() || self.global_monthly.is_some()
    }

    /// Whether a person may spend `expected` more.
    ///
    /// # Errors
    /// The budget that says no.
    pub fn check_user(&self, day: f64, month: f64, expected: f64) -> Result<(), Exceeded> {
        within("budget_user_daily", self.user_daily, day, expected)?;
        within("budget_user_monthly", self.user_monthly, month, expected)
    }

    /// Whether all together may spend `expected` more.
    ///
    /// # Errors
    /// The budget that says no.
    pub fn check_all(&self, day: f64, month: f64, expected: f64) -> Result<(), Exceeded> {
        within("budget_global_daily", self.global_daily, day, expected)?;
        within("budget_global_monthly", self.global_monthly, month, expected)
    }
}

fn within(setting: &'static str, limit: Option<f64>, spent: f64, expected: f64) -> Result<(), Exceeded> {
    match limit {
        // What costs nothing passes nothing, but not beyond a budget that is passed already.
        Some(limit) if spent + expected > limit => Err(Exceeded { setting, limit, spent, expected }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_passed_by_what_is_spent_and_expected_together() {
        let budgets = Budgets { user_daily: Some(1.0), global_monthly: Some(10.0), ..Budgets::default() };
        assert!(budgets.check_user(0.6, 500.0, 0.4).is_ok(), "up to the last cent; no monthly one is set");
        let exceeded = budgets.check_user(0.6, 0.6, 0.5).unwrap_err();
        assert_eq!((exceeded.setting, exceeded.is_personal()), ("budget_user_daily", true));
        assert!(budgets.check_all(0.0, 9.0, 1.0).is_ok());
        assert_eq!(budgets.check_all(0.0, 9.5, 1.0).unwrap_err().setting, "budget_global_monthly");
        assert!(Budgets::default().check_user(1e9, 1e9, 1e9).is_ok(), "none set");
    }

    #[test]
    fn a_budget_begins_anew_with_the_utc_day_or_month() {
        let now = "2026-12-31T23:30:00Z".parse().unwrap();
        let of = |setting| Exceeded { setting, limit: 1.0, spent: 1.0, expected: 1.0 }.resets_at(now).to_string();
        assert_eq!(of("budget_user_daily"), "2027-01-01T00:00:00.000Z");
        assert_eq!(of("budget_global_monthly"), "2027-01-01T00:00:00.000Z");
    }
}
