//! `end-subscription`: a person's account is gone, so Stripe is told that their subscription ends with the period that is
//! paid. A task, because Stripe may be away when the account is deleted, and nobody is left to try again.

use super::webhook::RETRY;
use crate::cv::services::Services;
use crate::stripe::StripeError;
use estafette_actors::task::{NewTask, StepCtx, StepOutput, StepSpec, TaskInfo, TaskKind};
use estafette_actors::{DbResult, StepError, Tx};
use estafette_protocol::StepKey;
use serde_json::{Value, json};
use std::sync::Arc;

/// The kind's name.
pub const KIND: &str = "end-subscription";

/// The kind.
pub struct EndSubscription {
    services: Arc<Services>,
}

impl EndSubscription {
    /// With what it works with.
    pub const fn new(services: Arc<Services>) -> Self {
        Self { services }
    }
}

/// Queues the end of a subscription, by Stripe's id. The task names nobody.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn enqueue(tx: &mut Tx<'_>, subscription: &str) -> DbResult<()> {
    tx.enqueue(NewTask::new(KIND, json!({"subscription": subscription}))).await.map(drop)
}

#[async_trait::async_trait(?Send)]
impl TaskKind for EndSubscription {
    fn name(&self) -> &'static str {
        KIND
    }

    fn plan(&self, _task: &TaskInfo) -> Result<Vec<StepSpec>, StepError> {
        let key = StepKey::parse("end").map_err(|error| StepError::fatal("bad_graph", error.to_string()))?;
        Ok(vec![StepSpec::new(key, "end").retrying(RETRY)])
    }

    /// May be repeated: the end is asked for, not counted.
    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError> {
        let id = ctx.task.input.get("subscription").and_then(Value::as_str).unwrap_or_default();
        let stripe = self.services.stripe().map_err(|error| StepError::fatal("no_payments", error.message))?;
        match stripe.cancel_at_period_end(id, true).await {
            Ok(_) => Ok(StepOutput::default()),
            Err(error @ StripeError::Away(_)) => Err(StepError::transient("stripe_away", error.to_string())),
            // It ended in the meantime, or was never there: nothing is paid any more.
            Err(StripeError::Refused { status: 404, .. }) => Ok(StepOutput::default()),
            Err(error @ StripeError::Refused { .. }) => Err(StepError::fatal("refused", error.to_string())),
        }
    }
}
