//! What the steps of the CV product take and give, for the rules here and for a model alike.
//!
//! A step's **proposal** is what a model (or a rule) says; it is small, closed and strict, so that it has an exact JSON
//! Schema. A step's **outcome** is what becomes of it: the section afterwards and the modifications that lead there.
//! [`super::outcome`] makes the one out of the other, and is where a proposal that invents something is held back.

use estafette_protocol::cv::change::Modification as WireModification;
pub use estafette_protocol::cv::offer::{
    Contract, JobEducation, JobExperience, JobLanguage, JobLocation, JobOfferContent as JobOffer, JobSalary, JobSkills,
    Remote, SalaryPeriod,
};
pub use estafette_protocol::cv::score::{ScoreBreakdown, Suggestion};
pub use estafette_protocol::cv::status::{ChangeAction, Priority};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// What is known of a page, a file or a pasted text that should be a job offer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OfferSource {
    /// Where it was read.
    pub url: Option<String>,
    /// The page's `<title>`.
    pub title: Option<String>,
    /// The page's language as it declares it; the text decides when it differs.
    pub lang: Option<String>,
    /// The visible text, one block per line.
    pub text: String,
    /// The page's schema.org `JobPosting`, if it has one that could be read.
    pub job_posting: Option<Value>,
    /// `<meta>` by name or property (`og:title`, `description`).
    pub meta: BTreeMap<String, String>,
}

/// The facts of an offer with the language that it is written in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OfferDraft {
    /// The facts (cv R15).
    pub offer: JobOffer,
    /// ISO 639-1; null when it could not be told.
    pub language: Option<String>,
}

/// The text is no job offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub struct NotAnOffer {
    /// A sentence for the person who gave it, with what to do instead.
    pub reason: String,
}

/// The answer of step `extract`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Extraction {
    /// Whether the text is one job offer.
    pub is_job_offer: bool,
    /// Why not, as a sentence for the person who gave it; null for an offer.
    pub refusal: Option<String>,
    /// The language of the offer, ISO 639-1.
    pub language: Option<String>,
    /// The facts (cv R15); empty when it is no offer.
    pub offer: JobOffer,
}

/// What becomes of an experience or a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Stays as it is.
    Keep,
    /// Is rewritten towards the offer.
    Adapt,
    /// Says nothing to the offer: a project is left out, an experience is reduced to its facts (the career stays whole).
    Remove,
}

/// The verdict on one experience or project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Its place in the CV's list, from 0.
    pub index: u32,
    /// What becomes of it.
    pub action: Fate,
    /// How much it says to the offer, 0 to 1.
    pub relevance: f64,
    /// Why, for people, in the target language.
    pub reason: String,
}

/// A place in the CV that shows a skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// The section (`work`, `skills`, …).
    pub section: String,
    /// The item of the section, from 0.
    pub item_index: Option<u32>,
    /// The words that show it, as they stand in the CV.
    pub quote: String,
}

/// A skill that the offer asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WantedSkill {
    /// Its name.
    pub name: String,
    /// Asked for (true) or only welcome.
    pub required: bool,
    /// Where the CV shows it; empty when it does not.
    pub proofs: Vec<Proof>,
}

/// The answer of step `classify`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Classification {
    /// The language of the adapted CV: that of the offer, ISO 639-1.
    pub target_language: String,
    /// One verdict per entry of `work`, in its order.
    pub experiences: Vec<Verdict>,
    /// One verdict per entry of `projects`, in its order.
    pub projects: Vec<Verdict>,
    /// What the offer asks for and where the CV shows it.
    pub wanted_skills: Vec<WantedSkill>,
}

/// A new text for a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TextEdit {
    /// The text.
    pub text: String,
    /// Why, for people, in the target language.
    pub reason: String,
}

/// A new list for a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListEdit {
    /// The entries.
    pub items: Vec<String>,
    /// Why, for people, in the target language.
    pub reason: String,
}

/// A new order of a section's entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderEdit {
    /// The places of the entries in the CV, from 0, in the new order. Entries that are not named follow in their order.
    pub order: Vec<u32>,
    /// Why, for people, in the target language.
    pub reason: String,
}

/// A new list within one entry of a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntryEdit {
    /// The entry's place in the CV, from 0.
    pub index: u32,
    /// The list's new entries.
    pub items: Vec<String>,
    /// Why, for people, in the target language.
    pub reason: String,
}

/// The answer of step `batch_experience`: null leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExperienceProposal {
    /// The text about the work.
    pub summary: Option<TextEdit>,
    /// The achievements, the most telling first.
    pub highlights: Option<ListEdit>,
    /// The keywords, where the entry has them.
    pub keywords: Option<ListEdit>,
}

/// The answer of step `batch_project`: null leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProjectProposal {
    /// The text about the project.
    pub description: Option<TextEdit>,
    /// The achievements, the most telling first.
    pub highlights: Option<ListEdit>,
    /// The keywords, those of the offer first.
    pub keywords: Option<ListEdit>,
}

/// The answer of step `batch_extras`: null or an empty list leaves a section as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExtrasProposal {
    /// Courses of an education, those of the offer first.
    pub courses: Vec<EntryEdit>,
    /// Highlights of voluntary work, the most telling first.
    pub volunteer_highlights: Vec<EntryEdit>,
    /// The order of the languages.
    pub languages: Option<OrderEdit>,
    /// The order of the certificates.
    pub certificates: Option<OrderEdit>,
    /// The order of the awards.
    pub awards: Option<OrderEdit>,
    /// The order of the publications.
    pub publications: Option<OrderEdit>,
    /// The order of the interests.
    pub interests: Option<OrderEdit>,
}

/// A group of skills.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SkillGroup {
    /// The group's place in the CV, from 0; null for a new group.
    pub index: Option<u32>,
    /// The name of a new group; null keeps the name of a group that the CV has.
    pub name: Option<String>,
    /// Its skills, those of the offer first. Null leaves them as they are.
    pub keywords: Option<Vec<String>>,
}

/// The answer of step `batch_skills`: null leaves the skills as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SkillsProposal {
    /// All groups in their new order. Groups of the CV that are not named follow as they are.
    pub groups: Option<Vec<SkillGroup>>,
    /// Why, for people, in the target language.
    pub reason: String,
}

/// The answer of step `batch_summary`: null leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SummaryProposal {
    /// The headline.
    pub label: Option<TextEdit>,
    /// The summary.
    pub summary: Option<TextEdit>,
}

/// The answer of step `match_score` (cv R35).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// 0 to 100: the sum of the breakdown.
    pub total: i32,
    /// Its parts.
    pub breakdown: ScoreBreakdown,
    /// Skills of the offer that the CV lacks, the most important first.
    pub missing_skills: Vec<String>,
    /// Skills of the offer that the CV has.
    pub matching_skills: Vec<String>,
    /// What would raise the score, the most useful first.
    pub suggestions: Vec<Suggestion>,
}

/// One change of one value of the CV: what cv R28 keeps, before it has an id and a status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Modification {
    /// The section (`work`, `basics`, …).
    pub section: String,
    /// The field within the section or entry; the section's name when it changes as a whole.
    pub field: String,
    /// The entry's place in the section, from 0.
    pub item_index: Option<u32>,
    /// JSON pointer (RFC 6901) to the value in the CV.
    pub path: String,
    /// The value before; null where there was none.
    pub before: Value,
    /// The value after; null where it is removed.
    pub after: Value,
    /// Why, for people, in the target language.
    pub reason: String,
    /// What it does.
    pub action: ChangeAction,
}

impl From<Modification> for WireModification {
    fn from(own: Modification) -> Self {
        Self { field: own.field, before: own.before, after: own.after, reason: own.reason, action: own.action }
    }
}

/// What a step makes of its part of the CV.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The part afterwards: the entry, the section, or (extras) an object of sections.
    pub after: Value,
    /// How it got there; paths are relative to the CV.
    pub modifications: Vec<Modification>,
}

/// Why a CV is being rewritten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// For an offer (P1).
    #[default]
    Adapt,
    /// For itself, with or without an offer (P2).
    Optimize,
}

/// A JSON document, which may be long: shared with whoever has it, not copied.
#[derive(Clone)]
pub struct Document(Arc<dyn AsRef<Value> + Send + Sync>);

impl Document {
    /// One that is a part of something else.
    pub fn part_of(whole: impl AsRef<Value> + Send + Sync + 'static) -> Self {
        Self(Arc::new(whole))
    }
}

impl From<Value> for Document {
    fn from(value: Value) -> Self {
        struct Whole(Value);
        impl AsRef<Value> for Whole {
            fn as_ref(&self) -> &Value {
                &self.0
            }
        }
        Self::part_of(Whole(value))
    }
}

impl Default for Document {
    fn default() -> Self {
        Value::Null.into()
    }
}

impl Deref for Document {
    type Target = Value;
    fn deref(&self) -> &Value {
        (*self.0).as_ref()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The input of every step of a generation.
#[derive(Debug, Clone, Default)]
pub struct StepInput {
    /// The CV (JSON Resume; unknown keys are kept).
    pub cv: Document,
    /// The offer; null: the CV is improved for itself (P2).
    pub offer: Option<JobOffer>,
    /// Why.
    pub mode: Mode,
    /// The language of the offer when it is known; else it is told from the offer's words.
    pub language: Option<String>,
    /// The answer of step `classify`; null for that step itself.
    pub classification: Option<Classification>,
    /// Which experience or project, for the steps that have one.
    pub index: Option<u32>,
    /// Suggestions of the last score (P2).
    pub suggestions: Vec<Suggestion>,
    /// Modifications of the other steps, for `batch_summary`.
    pub modifications: Vec<Modification>,
    /// The day for which years are counted (`2026-11-21`); null: the newest date that the CV names.
    pub today: Option<String>,
}

/// The input of step `match_score`.
#[derive(Debug, Clone, Default)]
pub struct ScoreInput {
    /// The CV.
    pub cv: Document,
    /// The offer.
    pub offer: JobOffer,
    /// The language of the offer when it is known.
    pub language: Option<String>,
    /// As in [`StepInput::today`].
    pub today: Option<String>,
}
