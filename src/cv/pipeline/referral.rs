//! `referral-reward` (R56): looks whether a person's referral is due, and rewards both sides. A task of nobody, because
//! it touches two people.

use super::webhook::step_error;
use crate::cv::billing::referral;
use crate::cv::services::Services;
use crate::cv::store::settings;
use crate::cv::topics;
use estafette_actors::task::{NewTask, StepCtx, StepOutput, StepSpec, TaskInfo, TaskKind};
use estafette_actors::{Additions, DbResult, StepError};
use estafette_protocol::{StepKey, UserId};
use serde_json::{Value, json};
use std::sync::Arc;

/// The kind's name.
pub const KIND: &str = "referral-reward";

/// The kind.
pub struct ReferralReward {
    services: Arc<Services>,
}

impl ReferralReward {
    /// With what it works with.
    pub const fn new(services: Arc<Services>) -> Self {
        Self { services }
    }
}

/// Queues a look.
///
/// # Errors
/// A defect: the kind is not there.
pub fn enqueue(unit: &mut Additions, referred: &UserId) -> DbResult<()> {
    unit.enqueue(NewTask::new(KIND, json!({"referred": referred}))).map(drop)
}

#[async_trait::async_trait(?Send)]
impl TaskKind for ReferralReward {
    fn name(&self) -> &'static str {
        KIND
    }

    fn plan(&self, _task: &TaskInfo) -> Result<Vec<StepSpec>, StepError> {
        let key = StepKey::parse("reward").map_err(|error| StepError::fatal("bad_graph", error.to_string()))?;
        Ok(vec![StepSpec::new(key, "reward")])
    }

    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError> {
        let referred = ctx.task.input.get("referred").and_then(Value::as_str).unwrap_or_default();
        let rewarded = self
            .services
            .runtime()?
            .transaction(&topics::product(), async |tx| {
                let settings = settings::read(tx).await?;
                referral::reward(tx, &settings, referred).await
            })
            .await
            .map_err(|error| step_error(&error))?;
        Ok(StepOutput::of(json!({"rewarded": rewarded})))
    }
}
