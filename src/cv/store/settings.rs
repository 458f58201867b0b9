//! `settings`.

use super::{Reader, get, time, word};
use estafette_actors::{DbResult, Tx};
use estafette_protocol::cv::admin::Setting;
use estafette_protocol::cv::status::SettingCategory;
use std::collections::HashMap;

/// All settings, read at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(HashMap<String, String>);

/// Reads all settings.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn read(db: &impl Reader) -> DbResult<Settings> {
    let rows = db.rows("SELECT setting_name, value FROM cv.settings", &[]).await?;
    let pairs = rows.iter().map(|row| Ok((get(row, "setting_name")?, get(row, "value")?)));
    Ok(Settings(pairs.collect::<DbResult<_>>()?))
}

/// All settings with what administrators see of them, by name.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn list(db: &impl Reader) -> DbResult<Vec<Setting>> {
    let sql = "SELECT setting_name, value, category, description, updated_at FROM cv.settings ORDER BY setting_name";
    let rows = db.rows(sql, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Setting {
                setting_name: get(row, "setting_name")?,
                value: get(row, "value")?,
                category: word(row, "category")?,
                description: get(row, "description")?,
                updated_at: time(row, "updated_at")?,
            })
        })
        .collect()
}

/// Writes a setting; whether that changed it. In the order of names, so that two units never wait in a circle.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set(tx: &Tx<'_>, name: &str, value: &str, category: SettingCategory) -> DbResult<bool> {
    let changed = tx
        .execute(
            "INSERT INTO cv.settings AS s (id, setting_name, value, category) VALUES ($1, $2, $3, $4)
             ON CONFLICT (setting_name) DO UPDATE SET value = excluded.value, updated_at = now()
             WHERE s.value <> excluded.value",
            &[&super::new_id(), &name, &value, &category.as_str()],
        )
        .await?;
    Ok(changed == 1)
}

impl Settings {
    /// The text of a setting.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// 1 or true, 0 or false; anything else is the default.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        match self.text(name).map(str::to_lowercase).as_deref() {
            Some("1" | "true") => true,
            Some("0" | "false") => false,
            _ => default,
        }
    }

    /// A number; anything else is the default.
    pub fn number(&self, name: &str, default: u32) -> u32 {
        self.text(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    /// US dollars; anything else, and nothing, is none.
    pub fn dollars(&self, name: &str) -> Option<f64> {
        self.text(name).and_then(|value| value.parse().ok()).filter(|value: &f64| value.is_finite())
    }

    /// R7.
    pub fn maintenance_mode(&self) -> bool {
        self.flag("maintenance_mode", false)
    }
    /// R1.
    pub fn registration_enabled(&self) -> bool {
        self.flag("registration_enabled", true)
    }
    /// Credits of a new user (R9).
    pub fn default_token_limit(&self) -> u32 {
        self.number("default_token_limit", 5)
    }
    /// R27.
    pub fn cv_max_versions(&self) -> usize {
        usize::try_from(self.number("cv_max_versions", 5)).unwrap_or(5).max(1)
    }
    /// Offers of one generation (G7).
    pub fn generation_max_offers(&self) -> usize {
        usize::try_from(self.number("generation_max_offers", 10)).unwrap_or(10).max(1)
    }
    /// Credits a unit of a feature costs (G2).
    pub fn credit_cost(&self, feature: &str) -> u32 {
        self.number(&format!("credit_cost_{feature}"), 1)
    }
    /// The model that writes CVs (D12: the newer key wins).
    pub fn generation_model(&self) -> &str {
        self.text("model_cv_generation").or_else(|| self.text("openai_default_model")).unwrap_or("gpt-4o")
    }
    /// The model that reads job offers (D12).
    pub fn extraction_model(&self) -> &str {
        self.text("model_extract_job_offer").or_else(|| self.text("openai_extraction_model")).unwrap_or("gpt-4o-mini")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn booleans_accept_both_spellings() {
        for (word, value) in [("1", true), ("true", true), ("0", false), ("FALSE", false)] {
            assert_eq!(settings(&[("maintenance_mode", word)]).maintenance_mode(), value);
        }
        assert!(!settings(&[("maintenance_mode", "maybe")]).maintenance_mode());
    }

    #[test]
    fn d12_the_newer_key_wins() {
        let both = settings(&[("openai_default_model", "old"), ("model_cv_generation", "new")]);
        assert_eq!(both.generation_model(), "new");
        assert_eq!(settings(&[("openai_default_model", "old")]).generation_model(), "old");
    }

    #[test]
    fn g2_a_unit_costs_one_credit_unless_set() {
        assert_eq!(settings(&[]).credit_cost("generate_cv"), 1);
        assert_eq!(settings(&[("credit_cost_generate_cv", "3")]).credit_cost("generate_cv"), 3);
    }
}
