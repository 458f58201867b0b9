//! `stripe-webhook` (P8): an event of Stripe takes effect. A task of nobody: it has no row in `background_tasks`, its row
//! is the one of the log.

use crate::cv::billing::{apply, webhook};
use crate::cv::services::Services;
use crate::cv::store::stripe;
use crate::cv::topics;
use estafette_actors::task::{
    NewTask, RetryPolicy, StepCtx, StepFailure, StepOutput, StepSpec, StepView, TaskInfo, TaskKind,
};
use estafette_actors::{CallError, DbResult, StepError, Tx};
use estafette_protocol::{ErrorCode, StepKey};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The kind's name.
pub const KIND: &str = "stripe-webhook";
/// P8: 8 retries, up to an hour.
pub const RETRY: RetryPolicy = RetryPolicy {
    max_attempts: 9,
    first_delay: Duration::from_secs(1),
    factor: 4,
    max_delay: Duration::from_secs(3_600),
    jitter: 0.2,
};

/// The kind.
pub struct StripeWebhook {
    services: Arc<Services>,
    retry: RetryPolicy,
}

impl StripeWebhook {
    /// With what it works with.
    pub const fn new(services: Arc<Services>) -> Self {
        Self { services, retry: RETRY }
    }
}

/// Queues the event of a row of the log.
///
/// # Errors
/// A defect: the kind is not there.
pub async fn enqueue(tx: &mut Tx<'_>, log: &str) -> DbResult<()> {
    tx.enqueue(NewTask::new(KIND, json!({"log": log}))).await.map(drop)
}

fn log_of(task: &TaskInfo) -> Result<&str, StepError> {
    let log = task.input.get("log").and_then(Value::as_str);
    log.ok_or_else(|| StepError::fatal("bad_input", "the task names no row of the log"))
}

/// Every refusal may be mended: by an event that comes later, or by an administrator.
pub(super) fn step_error(error: &CallError) -> StepError {
    let failed = StepError::transient(error.code.as_str(), error.message.clone());
    match error.retry_after.filter(|_| error.code == ErrorCode::Unavailable) {
        Some(after) => failed.not_before(after),
        None => failed,
    }
}

#[async_trait::async_trait(?Send)]
impl TaskKind for StripeWebhook {
    fn name(&self) -> &'static str {
        KIND
    }

    fn plan(&self, task: &TaskInfo) -> Result<Vec<StepSpec>, StepError> {
        log_of(task)?;
        let key = StepKey::parse("apply").map_err(|error| StepError::fatal("bad_graph", error.to_string()))?;
        Ok(vec![StepSpec::new(key, "apply").retrying(self.retry)])
    }

    // The effect is a transaction of its own and not the hook's: it locks a person, and hooks of other people's tasks may
    // share theirs. It happens once all the same: what took effect is marked in the same transaction.
    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError> {
        let log = log_of(&ctx.task)?;
        let runtime = self.services.runtime()?;
        runtime
            .transaction(&topics::product(), async |tx| apply::apply(tx, log).await)
            .await
            .map_err(|error| step_error(&error))?;
        Ok(StepOutput::default())
    }

    async fn on_step_failed(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        _step: &StepView<'_>,
        failure: &StepFailure<'_>,
    ) -> DbResult<()> {
        let Ok(log) = log_of(task) else { return Ok(()) };
        if let Some(row) = stripe::note(tx, log, Some(&failure.error.message)).await? {
            webhook::tell(tx, &row)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p8_eight_retries_up_to_an_hour() {
        assert_eq!(RETRY.max_attempts - 1, 8);
        let mut delay = RETRY.first_delay;
        for _ in 1..RETRY.max_attempts - 1 {
            delay = (delay * RETRY.factor).min(RETRY.max_delay);
        }
        assert_eq!(delay, Duration::from_secs(3_600));
    }
}
