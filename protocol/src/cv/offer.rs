//! Job offers.

use super::ids::JobOfferId;
use super::status::OfferSourceType;
use crate::Timestamp;
use crate::words::words;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

words! {
    /// The kind of contract (cv R15).
    pub enum Contract {
        /// Permanent.
        Cdi = "CDI",
        /// Fixed term.
        Cdd = "CDD",
        /// Self-employed.
        Freelance = "Freelance",
        /// Internship.
        Stage = "Stage",
        /// Work and school in turn.
        Alternance = "Alternance",
    }

    /// How much of the work is done from elsewhere.
    pub enum Remote {
        /// None.
        Onsite = "onsite",
        /// Some.
        Hybrid = "hybrid",
        /// All.
        Full = "full",
    }

    /// What a salary is paid for.
    pub enum SalaryPeriod {
        /// An hour.
        Hour = "hour",
        /// A day.
        Day = "day",
        /// A week.
        Week = "week",
        /// A month.
        Month = "month",
        /// A year.
        Year = "year",
    }
}

/// The facts of a job offer (cv R15). What the offer does not say is null, or an empty list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct JobOfferContent {
    /// The job's title.
    pub title: Option<String>,
    /// Who offers it.
    pub company: Option<String>,
    /// The kind of contract.
    pub contract: Option<Contract>,
    /// The experience that is asked for.
    pub experience: JobExperience,
    /// Where.
    pub location: JobLocation,
    /// The pay.
    pub salary: JobSalary,
    /// The skills.
    pub skills: JobSkills,
    /// The education that is asked for.
    pub education: JobEducation,
    /// The languages that are asked for.
    pub languages: Vec<JobLanguage>,
    /// What the person will do.
    pub responsibilities: Vec<String>,
    /// What is given beside the pay.
    pub benefits: Vec<String>,
}

/// The experience that an offer asks for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct JobExperience {
    /// Years at least.
    pub min_years: Option<f64>,
    /// Years at most.
    pub max_years: Option<f64>,
    /// In the offer's words or `junior`, `mid`, `senior`, `lead`.
    pub level: Option<String>,
}

/// Where the work is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct JobLocation {
    /// City.
    pub city: Option<String>,
    /// Country, by name or ISO 3166-1 alpha-2, as the offer says it.
    pub country: Option<String>,
    /// How much of the work is done from elsewhere.
    pub remote: Option<Remote>,
}

/// The pay.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct JobSalary {
    /// At least, in units of the currency.
    pub min: Option<f64>,
    /// At most, in units of the currency.
    pub max: Option<f64>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// What it is paid for.
    pub period: Option<SalaryPeriod>,
}

/// The skills that an offer names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct JobSkills {
    /// Asked for.
    pub required: Vec<String>,
    /// Welcome.
    pub nice_to_have: Vec<String>,
}

/// The education that an offer asks for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct JobEducation {
    /// The degree.
    pub level: Option<String>,
    /// The subject.
    pub field: Option<String>,
}

/// A language that an offer asks for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct JobLanguage {
    /// Its name.
    pub language: String,
    /// How well.
    pub level: Option<String>,
}

/// A job offer of a person, as lists and routes return it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct JobOffer {
    /// Its id.
    pub id: JobOfferId,
    /// Where it came from.
    pub source_type: OfferSourceType,
    /// The URL, the PDF's file name, or `text:` and 16 hex digits.
    pub source_value: String,
    /// Its facts.
    pub content: JobOfferContent,
    /// When the facts were read.
    pub extracted_at: Timestamp,
    /// What read them; `offline` for the built-in rules.
    pub extraction_model: String,
    /// Tokens that reading took.
    pub tokens_used: i32,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
