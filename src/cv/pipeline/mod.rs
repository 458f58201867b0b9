//! The product's tasks.
//!
//! | module | holds |
//! |---|---|
//! | [`generation`] | `generate-cv` (P1) and `improve-cv` (P2): one graph, two ways to store its result |
//! | [`making`] | `import-pdf` (P3), `translate-cv` (P4), `create-template-cv` (P5), `generate-cv-from-job-title` (P6) |
//! | [`score`] | `calculate-match-score` (P7) |
//! | [`webhook`] | `stripe-webhook` (P8): what Stripe says takes effect |
//! | [`end_subscription`] | Stripe is told when an account is deleted |
//! | [`referral`] | `referral-reward` (R56) |
//! | [`mod@test`] | `test`: steps that only wait |
//! | [`source`] | reading a job offer from an address, a PDF or a text (R15, R16) |
//! | [`ask`] | asking a model: prompts, schema, streaming, on whose behalf |

pub mod ask;
pub mod end_subscription;
pub mod generation;
pub mod making;
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
/// Read a CV from a PDF (P3).
pub const IMPORT_PDF: &str = "import-pdf";
/// Translate a CV (P4).
pub const TRANSLATE_CV: &str = "translate-cv";
/// Make a CV from a template (P5).
pub const CREATE_TEMPLATE_CV: &str = "create-template-cv";
/// Make a CV for a job's title (P6).
pub const GENERATE_CV_FROM_JOB_TITLE: &str = "generate-cv-from-job-title";
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
    let making = |recipe| Arc::new(making::Making::new(recipe, Arc::clone(services))) as Arc<dyn TaskKind>;
    vec![
        making(making::Recipe::Import),
        making(making::Recipe::Translate),
        making(making::Recipe::Template),
        making(making::Recipe::JobTitle),
        Arc::new(generation::Generation::new(GenerationMode::Adapt, Arc::clone(services))),
        Arc::new(generation::Generation::new(GenerationMode::Optimize, Arc::clone(services))),
        Arc::new(score::ScoreTask::new(Arc::clone(services))),
        Arc::new(test::TestTask),
        Arc::new(crate::cv::mail::task::SendEmail::new(services.post.clone())),
        Arc::new(crate::cv::people::erase::EraseTraces),
        Arc::new(webhook::StripeWebhook::new(Arc::clone(services))),
        Arc::new(referral::ReferralReward::new(Arc::clone(services))),
        Arc::new(end_subscription::EndSubscription::new(Arc::clone(services))),
    ]
}
