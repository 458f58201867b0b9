//! The settings that there are, and what each may be. An administrator's typing error must not become a behaviour.

use estafette_protocol::cv::status::SettingCategory;

/// What a setting's text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// 1/true or 0/false; kept as 1 or 0.
    Flag,
    /// A whole number within bounds.
    Count(u32, u32),
    /// The name of a model; empty: not set.
    Model,
    /// US dollars; empty: no bound.
    Dollars,
}

const fn known(name: &'static str, kind: Kind, category: SettingCategory) -> (&'static str, Kind, SettingCategory) {
    (name, kind, category)
}

/// Section 1.8, and the budgets.
const KNOWN: &[(&str, Kind, SettingCategory)] = &[
    known("openai_default_model", Kind::Model, SettingCategory::Openai),
    known("model_cv_generation", Kind::Model, SettingCategory::AiModels),
    known("openai_extraction_model", Kind::Model, SettingCategory::Openai),
    known("model_extract_job_offer", Kind::Model, SettingCategory::AiModels),
    known("registration_enabled", Kind::Flag, SettingCategory::Features),
    known("maintenance_mode", Kind::Flag, SettingCategory::General),
    known("default_token_limit", Kind::Count(0, 10_000), SettingCategory::General),
    known("cv_max_versions", Kind::Count(1, 100), SettingCategory::Features),
    known("generation_max_offers", Kind::Count(1, 50), SettingCategory::Features),
    known("referral_referrer_credits", Kind::Count(0, 10_000), SettingCategory::Features),
    known("referral_referred_credits", Kind::Count(0, 10_000), SettingCategory::Features),
    known("budget_user_daily", Kind::Dollars, SettingCategory::Features),
    known("budget_user_monthly", Kind::Dollars, SettingCategory::Features),
    known("budget_global_daily", Kind::Dollars, SettingCategory::Features),
    known("budget_global_monthly", Kind::Dollars, SettingCategory::Features),
];
/// `credit_cost_{feature_name}`.
const COST: &str = "credit_cost_";
/// Longest name of a model.
const MAX_MODEL_NAME: usize = 128;
/// Most dollars of a budget.
const MAX_DOLLARS: f64 = 10_000_000.0;

/// A setting as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its value.
    pub value: String,
    /// Its group.
    pub category: SettingCategory,
}

fn feature(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Checks a new value.
///
/// # Errors
/// A sentence that says what the setting may be, or that there is no such setting.
pub fn check(name: &str, value: &str) -> Result<Checked, String> {
    let (kind, category) = match KNOWN.iter().find(|(known, ..)| *known == name) {
        Some((_, kind, category)) => (*kind, *category),
        None if name.strip_prefix(COST).is_some_and(feature) => (Kind::Count(0, 1_000), SettingCategory::Features),
        None => {
            let names: Vec<&str> = KNOWN.iter().map(|(name, ..)| *name).collect();
            let shown: String = name.chars().take(64).collect();
            return Err(format!("there is no setting `{shown}`; there are {}, {COST}…", names.join(", ")));
        }
    };
    let value = value.trim();
    let value = match kind {
        Kind::Flag => match value.to_lowercase().as_str() {
            "1" | "true" => "1".to_owned(),
            "0" | "false" => "0".to_owned(),
            _ => return Err(format!("`{name}` is 1 or 0")),
        },
        Kind::Count(least, most) => match value.parse::<u32>() {
            Ok(number) if (least..=most).contains(&number) => number.to_string(),
            _ => return Err(format!("`{name}` is a whole number, {least} to {most}")),
        },
        Kind::Model => {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/');
            if value.len() > MAX_MODEL_NAME || !value.chars().all(plain) {
                return Err(format!("`{name}` is a model's name: letters, digits and - _ . : /"));
            }
            value.to_owned()
        }
        Kind::Dollars if value.is_empty() => String::new(),
        Kind::Dollars => match value.parse::<f64>() {
            Ok(dollars) if (0.0..=MAX_DOLLARS).contains(&dollars) => value.to_owned(),
            _ => return Err(format!("`{name}` is an amount in US dollars, such as 12.50, or empty for no bound")),
        },
    };
    Ok(Checked { value, category })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_accept_both_spellings_and_are_kept_as_one_and_zero() {
        for (given, kept) in [("1", "1"), ("true", "1"), ("TRUE", "1"), ("0", "0"), ("false", "0")] {
            assert_eq!(check("maintenance_mode", given).unwrap().value, kept);
        }
        assert!(check("maintenance_mode", "maybe").unwrap_err().contains("1 or 0"));
    }

    #[test]
    fn what_is_no_setting_or_no_value_of_it_is_refused_with_what_is_possible() {
        assert!(check("maintenence_mode", "1").unwrap_err().contains("maintenance_mode"));
        assert!(check("cv_max_versions", "0").unwrap_err().contains("1 to 100"));
        assert!(check("cv_max_versions", "-1").is_err());
        assert!(check("credit_cost_", "1").is_err() && check("credit_cost_A", "1").is_err());
        assert_eq!(check("credit_cost_generate_cv", " 3 ").unwrap().value, "3");
        for bad in ["-1", "NaN", "inf", "a lot", "1e99"] {
            assert!(check("budget_user_daily", bad).is_err(), "{bad}");
        }
        assert_eq!(check("budget_user_daily", "").unwrap().value, "");
        assert!(check("model_cv_generation", "gpt 4'; --").is_err());
    }
}
