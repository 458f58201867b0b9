//! How offers and generations end early, and how they begin again: units given back once, statuses moved along.

use super::effects::{head, owner, tell_optimise};
use super::input::lane;
use super::{Generation, count_fields, move_task};
use crate::cv::calls::not_blocked;
use crate::cv::model::status::{OfferState, OptimiseState, ScoreState as ScoreMachine, TaskState};
use crate::cv::pipeline::not_well;
use crate::cv::pipeline::score::move_and_tell;
use crate::cv::store::{files, generations, settings, uploads};
use crate::cv::{announce, ledger, topics};
use estafette_actors::task::{EventFields, GroupEnd, GroupKey, StepSpec, TaskEnd, TaskInfo, TaskSummary};
use estafette_actors::{CallError, DbResult, Tx};
use estafette_protocol::cv::event::task::OfferEnded;
use estafette_protocol::cv::status::{GenerationMode, OfferStatus};
use estafette_protocol::task::TaskStatus;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An offer ended without its CV: its unit is given back (R46), in the transaction of the cause. An offer whose CV
/// exists already is completed, whatever became of its score.
pub(super) async fn offer_ended(
    mode: GenerationMode,
    tx: &mut Tx<'_>,
    task: &TaskInfo,
    group: &GroupKey,
    end: &GroupEnd<'_>,
) -> DbResult<()> {
    let head = head(task)?;
    let lane = lane(group);
    let Some(offer) = head.offers.iter().find(|offer| Some(offer.index) == lane) else { return Ok(()) };
    let (to, kind, error) = match end {
        GroupEnd::Failed(error) => (OfferState::Failed, "offer.failed", Some(error.message.as_str())),
        GroupEnd::Cancelled => (OfferState::Cancelled, "offer.cancelled", None),
    };
    generations::cancel_subtasks(tx, &offer.id).await?;
    if !generations::move_offer(tx, &offer.id, to, error).await? {
        return Ok(());
    }
    let refunded = ledger::refund_offer(tx, owner(task)?, &task.id, &offer.id, Generation::feature(mode)).await?;
    let runs = generations::offers(tx, task.id.as_str()).await?;
    let retry_count = runs.iter().find(|run| run.offer_index == offer.index).map_or(0, |run| run.retry_count);
    let event = OfferEnded {
        offer_index: offer.index,
        error: error.map(str::to_owned),
        refunded: refunded.is_some(),
        retry_count,
    };
    tx.emit(&topics::task(&task.id), kind, &event)
}

/// All offers are terminal: completed when at least one of them is (section 2).
pub(super) async fn task_ended(
    mode: GenerationMode,
    tx: &mut Tx<'_>,
    task: &TaskInfo,
    summary: &TaskSummary,
) -> DbResult<TaskEnd> {
    let id = task.id.as_str();
    let runs = generations::offers(tx, id).await?;
    let made: Vec<Value> = runs
        .iter()
        .filter(|run| run.status == OfferStatus::Completed)
        .map(|run| {
            json!({"offer_index": run.offer_index, "cv_id": run.generated_cv_file_id,
                   "filename": run.generated_cv_file_name})
        })
        .collect();
    release_uploads(tx, task).await?;
    let fields = count_fields(tx, id).await?;
    if made.is_empty() {
        let first = runs.iter().find_map(|run| run.error.clone());
        let error = first.or_else(|| summary.error.as_ref().map(|error| error.message.clone()));
        let error = error.unwrap_or_else(|| "no offer was completed".to_owned());
        move_task(tx, id, TaskState::Failed, Some(&error), None);
        if mode == GenerationMode::Optimize {
            move_optimise(tx, task, OptimiseState::Failed, Some(&error)).await?;
        }
        let fields = not_well(fields);
        return Ok(TaskEnd { status: TaskStatus::Failed, result: Value::Null, error: Some(error), fields });
    }
    let failed = runs.iter().filter(|run| run.status == OfferStatus::Failed).count();
    let result = json!({"cvs": made, "failed_offers": failed});
    move_task(tx, id, TaskState::Completed, None, Some(&result));
    Ok(TaskEnd { status: TaskStatus::Completed, result, error: None, fields })
}

/// The task was cancelled; its open offers ended before.
pub(super) async fn task_cancelled(mode: GenerationMode, tx: &mut Tx<'_>, task: &TaskInfo) -> DbResult<EventFields> {
    let id = task.id.as_str();
    move_task(tx, id, TaskState::Cancelled, None, None);
    for run in generations::offers(tx, id).await? {
        // A CV that was made before keeps its place; a score that was under way is not.
        if let (OfferStatus::Completed, Some(cv)) = (run.status, &run.generated_cv_file_id) {
            let row = files::by_id(tx, cv.as_str()).await?;
            if row.is_some_and(|row| row.score_state() == ScoreMachine::InProgress) {
                move_and_tell(tx, cv.as_str(), ScoreMachine::Idle).await?;
            }
        }
    }
    if mode == GenerationMode::Optimize {
        let cv = head(task)?.source_cv_id;
        let row = files::by_id(tx, &cv).await?;
        if row.is_some_and(|row| row.optimise_state() == OptimiseState::InProgress) {
            move_optimise(tx, task, OptimiseState::Idle, None).await?;
        }
    }
    release_uploads(tx, task).await?;
    Ok(not_well(count_fields(tx, id).await?))
}

async fn move_optimise(tx: &mut Tx<'_>, task: &TaskInfo, to: OptimiseState, error: Option<&str>) -> DbResult<()> {
    let cv = head(task)?.source_cv_id;
    if let Some(moved) = files::move_optimise(tx, &cv, to).await? {
        announce::optimise(tx, &moved, error)?;
        announce::listed(tx, &moved)?;
    }
    Ok(())
}

/// G12: a file stays for a day after the task that read it.
async fn release_uploads(tx: &Tx<'_>, task: &TaskInfo) -> DbResult<()> {
    let head = head(task)?;
    let ids: Vec<String> = head.offers.iter().filter_map(|offer| offer.source.upload()).map(str::to_owned).collect();
    match &task.owner {
        Some(user) => uploads::keep(tx, user.as_str(), &ids).await,
        None => Ok(()),
    }
}

/// The failed offers are debited again, one unit each; their completed steps stay (section 2).
pub(super) async fn task_retried(
    mode: GenerationMode,
    tx: &mut Tx<'_>,
    task: &TaskInfo,
    reopened: &[StepSpec],
) -> Result<EventFields, CallError> {
    let (id, user) = (task.id.as_str(), owner(task)?);
    let head = head(task)?;
    let lanes: BTreeSet<u32> = reopened.iter().filter_map(|spec| spec.group.as_ref()).filter_map(lane).collect();
    if mode == GenerationMode::Optimize {
        let row = files::lock(tx, &head.source_cv_id).await?;
        let row = row.ok_or_else(|| CallError::conflict("the CV does not exist any more"))?;
        not_blocked(&row)?;
        if row.file.pending_source_version.is_some() {
            return Err(CallError::conflict("changes of this CV await your review: decide about them first"));
        }
        let moved = files::move_optimise(tx, &head.source_cv_id, OptimiseState::InProgress).await?;
        let moved = moved.ok_or_else(|| CallError::conflict("this CV is being optimised already"))?;
        tell_optimise(tx, &moved)?;
    }
    let settings = settings::read(tx).await?;
    let feature = Generation::feature(mode);
    let count = u32::try_from(lanes.len()).unwrap_or(u32::MAX);
    let reserved = ledger::reserve(tx, &settings, user, feature, Some(&task.id), count).await?;
    for (lane, debit) in lanes.iter().zip(&reserved.transactions) {
        if let Some(offer) = head.offers.iter().find(|offer| offer.index == *lane) {
            generations::retry_offer(tx, &offer.id, debit.as_deref()).await?;
        }
    }
    reserved.say(tx, &task.id, head.offers.len());
    generations::add_debits(tx, id, reserved.credits_debited).await?;
    move_task(tx, id, TaskState::Queued, None, None);
    let mut fields = count_fields(tx, id).await?;
    fields.insert("credit_used".to_owned(), json!(reserved.credits_debited > 0));
    Ok(fields)
}
