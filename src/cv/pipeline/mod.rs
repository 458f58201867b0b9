//! The product's tasks.
//!
//! | module | holds |
//! |---|---|
//! | [`generation`] | `generate-cv` (P1) and `improve-cv` (P2): one graph, two ways to store its result |
//! | [`score`] | `calculate-match-score` (P7) |
//! | [`webhook`] | `stripe-webhook` (P8): what Stripe says takes effect |
//! | [`referral`] | `referral-reward` (R56) |
//! | [`mod@test`] | `test`: steps that only wait |
//! | [`source`] | reading a job offer from an address, a PDF or a text (R15, R16) |
//! | [`ask`] | asking a model: prompts, schema, streaming, on whose behalf |

pub mod ask;
pub mod generation;
pub mod referral;
pub mod score;
pub mod source;
pub mod test;
pub mod webhook;

use super::services::Services;
use super::store::users;
use estafette_actors::task::{EventFields, TaskInfo, TaskKind};
use estafette_actors::{DbResult, Tx};
use estafette_protocol::cv::status::GenerationMode;
use serde_json::Value;
use std::sync::Arc;

/// Adapt a CV to job offers (P1).
pub const GENERATE_CV: &str = "generate-cv";
/// Improve a CV in place (P2).
pub const IMPROVE_CV: &str = "improve-cv";
/// Score a CV against its offer (P7).
pub const CALCULATE_MATCH_SCORE: &str = "calculate-match-score";
/// Steps that only wait.
pub const TEST: &str = "test";

/// The fields of a task that did not end well: what its start promised is taken back.
fn not_well(mut fields: EventFields) -> EventFields {
    fields.insert("success_message".to_owned(), Value::Null);
    fields
}

/// Locks the owner of a task, before anything else of theirs is (lock order in [`super::store`]).
async fn lock_owner(tx: &Tx<'_>, task: &TaskInfo) -> DbResult<()> {
    match &task.owner {
        Some(owner) => users::lock(tx, owner.as_str()).await,
        None => Ok(()),
    }
}

/// All kinds of task.
pub fn kinds(services: &Arc<Services>) -> Vec<Arc<dyn TaskKind>> {
    vec![
        Arc::new(generation::Generation::new(GenerationMode::Adapt, Arc::clone(services))),
        Arc::new(generation::Generation::new(GenerationMode::Optimize, Arc::clone(services))),
        Arc::new(score::ScoreTask::new(Arc::clone(services))),
        Arc::new(test::TestTask),
        Arc::new(webhook::StripeWebhook::new(Arc::clone(services))),
        Arc::new(referral::ReferralReward::new(Arc::clone(services))),
    ]
}
