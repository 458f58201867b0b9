//! `generate-cv` (P1) and `improve-cv` (P2): the same graph, one sub-graph an offer.
//!
//! ```text
//! extract ─ classify ┬ batch_experience[i] … ┐
//!                    ├ batch_project[j] …    ├ batch_summary ─ recompose ─ match_score
//!                    ├ batch_extras          │
//!                    └ batch_skills          ┘
//! ```
//!
//! `classify` adds the steps of the experiences and projects that it wants rewritten. An offer that is stored already
//! has no `extract`; a CV that is improved for itself has no `match_score` either.
//!
//! | module | holds |
//! |---|---|
//! | [`input`] | what the task works on |
//! | [`plan`] | the graph: keys, weights, timeouts |
//! | [`steps`] | what each step does |
//! | [`compose`] | the result out of the steps' modifications: pure |
//! | [`effects`] | what a completed step writes |
//! | [`ends`] | failed, cancelled and retried offers; the end of the task |

pub mod compose;
pub mod effects;
pub mod ends;
pub mod input;
pub mod plan;
pub mod steps;

use self::input::{GenerationHead, StepRef, content, known};
use super::{GENERATE_CV, IMPROVE_CV, lock_owner};
use crate::cv::model::status::{GenerationState, SubtaskState, TaskState};
use crate::cv::services::Services;
use crate::cv::store::generations::{self, SubtaskKey};
use crate::cv::store::tasks;
use estafette_actors::task::{
    EventFields, GroupEnd, GroupKey, StepCtx, StepFailure, StepOutput, StepSpec, StepView, TaskEnd, TaskInfo, TaskKind,
    TaskSummary,
};
use estafette_actors::{CallError, DbResult, StepError, Tx};
use estafette_protocol::cv::status::GenerationMode;
use serde_json::json;
use std::sync::Arc;

/// One of the two kinds.
pub struct Generation {
    mode: GenerationMode,
    services: Arc<Services>,
}

impl Generation {
    /// Adapting or optimising.
    pub const fn new(mode: GenerationMode, services: Arc<Services>) -> Self {
        Self { mode, services }
    }

    /// The feature whose units it takes (1.9).
    pub const fn feature(mode: GenerationMode) -> &'static str {
        match mode {
            GenerationMode::Adapt => "generate_cv",
            GenerationMode::Optimize => "improve_cv",
        }
    }
}

/// The counts that the task's events carry.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn count_fields(tx: &Tx<'_>, id: &str) -> DbResult<EventFields> {
    let counts = generations::counts(tx, id).await?.unwrap_or_default();
    let mut fields = EventFields::new();
    fields.insert("credits_debited".to_owned(), json!(counts.credits_debited));
    fields.insert("credits_refunded".to_owned(), json!(counts.credits_refunded));
    fields.insert("completed_offers".to_owned(), json!(counts.completed_offers));
    fields.insert("total_offers".to_owned(), json!(counts.total_offers));
    Ok(fields)
}

/// Moves the task and its generation together (section 2: one mirrors the other).
pub fn move_task(tx: &Tx<'_>, id: &str, to: TaskState, error: Option<&str>, result: Option<&serde_json::Value>) {
    tasks::move_to(tx, id, to, error, result);
    generations::move_to(tx, id, GenerationState::from(to), error);
}

#[async_trait::async_trait(?Send)]
impl TaskKind for Generation {
    fn name(&self) -> &'static str {
        match self.mode {
            GenerationMode::Adapt => GENERATE_CV,
            GenerationMode::Optimize => IMPROVE_CV,
        }
    }

    fn beside_others(&self) -> bool {
        true
    }

    fn plan(&self, task: &TaskInfo) -> Result<Vec<StepSpec>, StepError> {
        known(content(task))?;
        plan::first_steps(&known(GenerationHead::of(task))?)
    }

    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError> {
        steps::run(&self.services, ctx).await
    }

    async fn on_started(&self, tx: &mut Tx<'_>, task: &TaskInfo) -> DbResult<EventFields> {
        move_task(tx, task.id.as_str(), TaskState::Running, None, None);
        for offer in &effects::head(task)?.offers {
            generations::start_offer(tx, &offer.id, offer.source.needs_extraction());
        }
        count_fields(tx, task.id.as_str()).await
    }

    async fn on_requeued(&self, tx: &mut Tx<'_>, task: &TaskInfo) -> DbResult<EventFields> {
        move_task(tx, task.id.as_str(), TaskState::Queued, None, None);
        count_fields(tx, task.id.as_str()).await
    }

    async fn on_step_started(&self, tx: &mut Tx<'_>, task: &TaskInfo, step: &StepView<'_>) -> DbResult<()> {
        let at = StepRef::of(step.spec)?;
        match step.spec.kind.as_str() {
            "extract" => generations::extracting(tx, &at.offer_id),
            "match_score" => {
                lock_owner(tx, task).await?;
                effects::score_started(tx, &at).await?;
            }
            _ => {}
        }
        generations::move_subtask(tx, subtask(step.spec, &at), SubtaskState::Running, None);
        Ok(())
    }

    async fn on_step_completed(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        step: &StepView<'_>,
        output: &StepOutput,
    ) -> DbResult<()> {
        let at = StepRef::of(step.spec)?;
        if matches!(step.spec.kind.as_str(), "extract" | "recompose" | "match_score") {
            lock_owner(tx, task).await?;
        }
        effects::completed(self, tx, task, step, &at, output).await
    }

    async fn on_step_failed(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        step: &StepView<'_>,
        failure: &StepFailure<'_>,
    ) -> DbResult<()> {
        let at = StepRef::of(step.spec)?;
        let to = if failure.retry_in.is_some() { SubtaskState::Pending } else { SubtaskState::Failed };
        generations::move_subtask(tx, subtask(step.spec, &at), to, Some(&failure.error.message));
        // R37: the failed score of a generation is the CV's, not the generation's.
        if step.spec.kind == "match_score" && failure.retry_in.is_none() {
            lock_owner(tx, task).await?;
            effects::score_failed(tx, &at).await?;
        }
        Ok(())
    }

    async fn on_group_ended(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        group: &GroupKey,
        end: GroupEnd<'_>,
    ) -> DbResult<()> {
        lock_owner(tx, task).await?;
        ends::offer_ended(self.mode, tx, task, group, &end).await
    }

    async fn on_ended(&self, tx: &mut Tx<'_>, task: &TaskInfo, summary: &TaskSummary) -> DbResult<TaskEnd> {
        lock_owner(tx, task).await?;
        ends::task_ended(self.mode, tx, task, summary).await
    }

    async fn on_cancelled(&self, tx: &mut Tx<'_>, task: &TaskInfo, _open: &[StepSpec]) -> DbResult<EventFields> {
        lock_owner(tx, task).await?;
        ends::task_cancelled(self.mode, tx, task).await
    }

    async fn on_retried(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        reopened: &[StepSpec],
    ) -> Result<EventFields, CallError> {
        lock_owner(tx, task).await?;
        ends::task_retried(self.mode, tx, task, reopened).await
    }
}

/// Where the subtask of a step is.
fn subtask<'a>(spec: &'a StepSpec, at: &'a StepRef) -> SubtaskKey<'a> {
    SubtaskKey { offer: &at.offer_id, kind: &spec.kind, item: at.item_index.and_then(|item| i32::try_from(item).ok()) }
}
