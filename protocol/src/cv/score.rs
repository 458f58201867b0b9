//! The match of a CV with its job offer.

use super::status::{AiStatus, Priority};
use crate::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The parts of a score; their sum is the score (cv R35).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ScoreBreakdown {
    /// Technical skills.
    pub technical_skills: i32,
    /// Experience.
    pub experience: i32,
    /// Education.
    pub education: i32,
    /// Projects.
    pub projects: i32,
    /// Soft skills.
    pub soft_skills: i32,
}

impl ScoreBreakdown {
    /// The score: the sum of the parts.
    pub const fn total(&self) -> i32 {
        self.technical_skills
            .saturating_add(self.experience)
            .saturating_add(self.education)
            .saturating_add(self.projects)
            .saturating_add(self.soft_skills)
    }
}

/// What would raise the score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Suggestion {
    /// How much it matters.
    pub priority: Priority,
    /// What to do.
    pub suggestion: String,
    /// The expected gain (`+8`).
    pub impact: String,
}

/// The score of a CV with all that explains it. Null parts: never scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ScoreState {
    /// 0 to 100.
    pub score: Option<i32>,
    /// The score before the last optimisation (cv R33).
    pub before: Option<i32>,
    /// `idle` with a score: the score is outdated.
    pub status: AiStatus,
    /// Its parts.
    pub breakdown: Option<ScoreBreakdown>,
    /// Skills of the offer that the CV lacks.
    pub missing_skills: Vec<String>,
    /// Skills of the offer that the CV has.
    pub matching_skills: Vec<String>,
    /// What would raise it.
    pub suggestions: Vec<Suggestion>,
    /// When it was last computed.
    pub updated_at: Option<Timestamp>,
}
