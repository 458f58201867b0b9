//! What the completed steps of a generation write: exactly once, in the step's own commit.

use super::compose::{self, Composed};
use super::input::{GenerationHead, StepRef, content as source_content};
use super::{Generation, subtask};
use crate::cv::brain::types::{Classification, Modification, Score};
use crate::cv::model::status::{OptimiseState, ScoreState as ScoreMachine};
use crate::cv::pipeline::score;
use crate::cv::pipeline::source::{self, Extracted};
use crate::cv::rules::patch;
use crate::cv::rules::versions as numbering;
use crate::cv::store::activity::{self, Telemetry};
use crate::cv::store::files::{NewCv, Told};
use crate::cv::store::generations::Run;
use crate::cv::store::versions::{self, NewVersion};
use crate::cv::store::{credits, files, generations, new_id};
use crate::cv::{announce, history, ledger, topics};
use estafette_actors::task::{StepOutput, StepView, TaskInfo};
use estafette_actors::{DbError, DbResult, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::change::Change;
use estafette_protocol::cv::event::cv::ChangesProposed;
use estafette_protocol::cv::event::task::{OfferCompleted, OfferExtracted};
use estafette_protocol::cv::status::{ChangeType, CreatedBy, GenerationMode, OfferSourceType, SourceType};
use estafette_protocol::cv::task::StepReport;
use serde::Deserialize;
use serde_json::{Value, json};

fn bad(error: impl std::fmt::Display) -> DbError {
    DbError::Data(error.to_string())
}

pub(super) fn owner(task: &TaskInfo) -> DbResult<&UserId> {
    task.owner.as_ref().ok_or_else(|| bad("a generation has an owner"))
}

/// The offer of a step, as its row is now.
async fn run_of(tx: &Tx<'_>, at: &StepRef) -> DbResult<Run> {
    generations::run(tx, &at.offer_id).await?.ok_or_else(|| source::vanished("an offer of a generation"))
}

/// A step is done.
pub(super) async fn completed(
    kind: &Generation,
    tx: &mut Tx<'_>,
    task: &TaskInfo,
    step: &StepView<'_>,
    at: &StepRef,
    output: &StepOutput,
) -> DbResult<()> {
    let report = StepReport::deserialize(&Value::Object(output.report.clone())).unwrap_or_default();
    let duration = output.report.get("duration_ms").and_then(Value::as_i64).and_then(|ms| i32::try_from(ms).ok());
    // The document of recompose is kept as the CV, not a second time with the subtask.
    let kept = (step.spec.kind != "recompose").then_some(&output.output);
    generations::complete_subtask(tx, subtask(step.spec, at), kept, &report, duration)?;
    match step.spec.kind.as_str() {
        "extract" => extracted(tx, task, at, output).await,
        "classify" => {
            generations::set_classification(tx, &at.offer_id, &output.output);
            let rows: Vec<_> = output
                .add
                .iter()
                .map(|spec| {
                    let item = spec.labels.get("item_index").and_then(Value::as_i64);
                    (spec.kind.clone(), item.and_then(|item| i32::try_from(item).ok()), None)
                })
                .collect();
            generations::insert_subtasks(tx, &at.offer_id, rows);
            Ok(())
        }
        "recompose" => match kind.mode {
            GenerationMode::Adapt => adapted(kind, tx, task, at, &output.output).await,
            GenerationMode::Optimize => optimised(kind, tx, task, at, &output.output).await,
        },
        "match_score" => scored(tx, at, &output.output).await,
        _ => Ok(()),
    }
}

async fn extracted(tx: &mut Tx<'_>, task: &TaskInfo, at: &StepRef, output: &StepOutput) -> DbResult<()> {
    let user = owner(task)?;
    let found = Extracted::deserialize(&output.output).map_err(bad)?;
    let (offer, is_new) = source::store(tx, user, &found).await?;
    if let Some(url) = &found.url {
        activity::link_used(tx, user.as_str(), url).await?;
    }
    generations::was_read(tx, &at.offer_id, offer.id.as_str());
    let event = OfferExtracted {
        offer_index: at.offer_index,
        job_offer_id: offer.id,
        title: offer.content.title,
        company: offer.content.company,
        reused: !is_new,
    };
    tx.emit(&topics::task(&task.id), "offer.extracted", &event)
}

/// The output of step `recompose`; its document, which is long, is looked at where it is.
struct Recomposed<'a> {
    content: &'a Value,
    changes: Vec<Change>,
    classification: &'a Value,
    modifications: &'a Value,
    /// The language that the result is written in.
    language: Option<&'a str>,
}

impl<'a> Recomposed<'a> {
    fn of(output: &'a Value) -> DbResult<Self> {
        let part = |at: &str| output.pointer(at).ok_or_else(|| bad(format!("nothing was recomposed at {at}")));
        Ok(Self {
            content: part("/composed/content")?,
            changes: Vec::deserialize(part("/composed/changes")?).map_err(bad)?,
            classification: part("/classification")?,
            modifications: part("/modifications")?,
            language: output.get("language").and_then(Value::as_str),
        })
    }
}

/// P1: a CV of its own, with the source as version 1 and the result as version 2 (R26).
async fn adapted(kind: &Generation, tx: &mut Tx<'_>, task: &TaskInfo, at: &StepRef, output: &Value) -> DbResult<()> {
    let user = owner(task)?;
    let input = head(task)?;
    let Recomposed { content, changes, modifications, language, .. } = Recomposed::of(output)?;
    let run = run_of(tx, at).await?;
    let language = language.or(input.language.as_deref());
    let (source_type, source_value) = source_of(&run);
    let id = new_id();
    let pending = (!changes.is_empty()).then_some(&changes[..]);
    let cv = NewCv {
        id: &id,
        user: user.as_str(),
        filename: "",
        content,
        content_version: 2,
        source_type,
        source_value: source_value.as_deref(),
        job_offer_id: run.job_offer_id.as_ref().map(|offer| offer.as_str()),
        created_by: Some(CreatedBy::GenerateCv),
        language,
        pending,
        pending_source_version: pending.map(|_| 1),
        credit_transaction_id: run.debit.as_deref(),
    };
    let head = crate::cv::calls::files::insert_generated(tx, &cv).await?;
    let settings = kind.services.settings(&*tx).await?;
    let (max, protected) = (settings.cv_max_versions(), pending.map(|_| 1));
    let source_file = Some(input.source_filename.as_str());
    let source = NewVersion {
        version: 1,
        content: source_content(task)?,
        changelog: None,
        change_type: Some(ChangeType::Adaptation),
        source_file,
    };
    let made_of_it = NewVersion {
        version: 2,
        content,
        changelog: Some(numbering::CHANGELOG_ADAPTATION),
        change_type: Some(ChangeType::Adaptation),
        source_file,
    };
    history::keep(tx, &id, &[source, made_of_it], max, protected).await?;
    if let Some(debit) = &run.debit {
        credits::set_cv(tx, debit, &id);
    }
    announce::created(tx, user, &head)?;
    if pending.is_some() {
        tx.emit(&topics::cv(&id)?, "cv.changes_proposed", &ChangesProposed { pending_source_version: 1, changes })?;
    }
    let results = json!({"modifications": modifications});
    offer_done(tx, task, at, &run, &results, (&id, &head.summary.filename)).await?;
    used(tx, task, &run, "CV_GENERATED", "generate_cv", json!({"cv_id": id, "offer_index": at.offer_index}))
}

/// What an adapted CV came from, by its offer (D6).
fn source_of(run: &Run) -> (SourceType, Option<String>) {
    match &run.source {
        Some((kind, value)) => {
            let from = match kind {
                OfferSourceType::Url => SourceType::Link,
                OfferSourceType::Pdf => SourceType::Pdf,
                OfferSourceType::Text => SourceType::Manual,
            };
            (from, Some(value.clone()))
        }
        None => (SourceType::Manual, run.source_url.clone()),
    }
}

/// P2: the CV itself, the state before saved (R25), its score kept beside the new one (R33).
async fn optimised(kind: &Generation, tx: &mut Tx<'_>, task: &TaskInfo, at: &StepRef, output: &Value) -> DbResult<()> {
    let input = head(task)?;
    let made = Recomposed::of(output)?;
    let run = run_of(tx, at).await?;
    let id = input.source_cv_id.as_str();
    let row = files::lock(tx, id).await?.ok_or_else(|| source::vanished("the CV"))?;
    let cv = &row.file.summary;
    // The writer has other commits to write: what the step found is used as long as nobody edited the CV meanwhile.
    let source = source_content(task)?;
    let composed = if row.file.content == *source {
        Composed { content: made.content.clone(), changes: made.changes }
    } else {
        let classification = Classification::deserialize(made.classification).map_err(bad)?;
        let modifications = Vec::<Modification>::deserialize(made.modifications).map_err(bad)?;
        compose::rebase(&row.file.content, source, &classification, &modifications).map_err(bad)?
    };
    let results = json!({"modifications": made.modifications});
    if composed.changes.is_empty() {
        // Nothing to propose: nothing to pay for (P2).
        ledger::refund_offer(tx, owner(task)?, &task.id, &at.offer_id, "improve_cv").await?;
        optimise_ended(tx, id, OptimiseState::Idle).await?;
        return offer_done(tx, task, at, &run, &results, (id, &cv.filename)).await;
    }
    let numbers = versions::numbers(tx, id).await?;
    let step = numbering::step(cv.content_version, numbers.last().copied());
    history::save_current(tx, id, step.save_as).await?;
    files::keep_score_before(tx, id).await?;
    let rev = cv.content_rev + 1;
    let patch = patch::between(&row.file.content, &composed.content);
    let changes = Some(composed.changes.as_slice());
    files::set_content(tx, id, &composed.content, rev, step.result, changes, Some(step.save_as)).await?;
    if let (Some(offer), None) = (&run.job_offer_id, &cv.job_offer_id) {
        files::set_offer(tx, id, Some(offer.as_str())).await?;
    }
    announce::changed(tx, id, rev, announce::by_task(), &patch, step.result)?;
    let settings = kind.services.settings(&*tx).await?;
    let version = NewVersion {
        version: step.result,
        content: &composed.content,
        changelog: Some(numbering::CHANGELOG_OPTIMIZATION),
        change_type: Some(ChangeType::Optimization),
        source_file: None,
    };
    history::keep(tx, id, &[version], settings.cv_max_versions(), Some(step.save_as)).await?;
    let event = ChangesProposed { pending_source_version: step.save_as, changes: composed.changes.clone() };
    tx.emit(&topics::cv(id)?, "cv.changes_proposed", &event)?;
    optimise_ended(tx, id, OptimiseState::Done).await?;
    offer_done(tx, task, at, &run, &results, (id, &cv.filename)).await?;
    used(tx, task, &run, "CV_OPTIMIZED", "improve_cv", json!({"cv_id": id}))
}

async fn optimise_ended(tx: &mut Tx<'_>, id: &str, to: OptimiseState) -> DbResult<()> {
    if let Some(moved) = files::move_optimise(tx, id, to).await? {
        return tell_optimise(tx, &moved);
    }
    // A version was restored meanwhile, which ended it already: what else the step changed is told all the same.
    match files::by_id(tx, id).await? {
        Some(row) => tell_optimise(tx, &row),
        None => Ok(()),
    }
}

/// Tells where the optimisation stands now, with the list row and the score that became outdated.
pub(super) fn tell_optimise(tx: &mut Tx<'_>, row: &impl Told) -> DbResult<()> {
    announce::optimise(tx, row, None)?;
    announce::score(tx, row)?;
    announce::listed(tx, row)
}

async fn offer_done(
    tx: &mut Tx<'_>,
    task: &TaskInfo,
    at: &StepRef,
    run: &Run,
    results: &Value,
    (cv, filename): (&str, &str),
) -> DbResult<()> {
    generations::complete_offer(tx, &at.offer_id, task.id.as_str(), results, cv, filename).await?;
    let event = OfferCompleted {
        offer_index: at.offer_index,
        job_offer_id: run.job_offer_id.clone(),
        generated_cv_file_id: topics::parse_id(cv)?,
        generated_cv_file_name: filename.to_owned(),
    };
    tx.emit(&topics::task(&task.id), "offer.completed", &event)
}

/// Statistics of a completed use (R72).
fn used(
    tx: &Tx<'_>,
    task: &TaskInfo,
    run: &Run,
    kind: &'static str,
    feature: &'static str,
    metadata: Value,
) -> DbResult<()> {
    let user = owner(task)?.as_str();
    let duration = score::since(run.accepted_at);
    let event = Telemetry {
        user: Some(user.to_owned()),
        kind,
        category: "cv_management",
        metadata,
        device: task.device.as_ref().map(|device| device.as_str().to_owned()),
        duration: i32::try_from(duration).ok(),
        status: "success",
        error: None,
    };
    activity::telemetry(tx, event);
    activity::feature_used(tx, user, feature, duration);
    Ok(())
}

/// The CV of an offer, once there is one.
async fn made_cv(tx: &Tx<'_>, at: &StepRef) -> DbResult<Option<String>> {
    Ok(run_of(tx, at).await?.generated_cv_file_id)
}

pub(super) async fn score_started(tx: &mut Tx<'_>, at: &StepRef) -> DbResult<()> {
    match made_cv(tx, at).await? {
        Some(cv) => score::move_and_tell(tx, &cv, ScoreMachine::InProgress).await,
        None => Ok(()),
    }
}

pub(super) async fn score_failed(tx: &mut Tx<'_>, at: &StepRef) -> DbResult<()> {
    match made_cv(tx, at).await? {
        Some(cv) => score::move_and_tell(tx, &cv, ScoreMachine::Failed).await,
        None => Ok(()),
    }
}

async fn scored(tx: &mut Tx<'_>, at: &StepRef, output: &Value) -> DbResult<()> {
    let cv = match output.get("cv_id").and_then(Value::as_str) {
        Some(cv) => Some(cv.to_owned()),
        // Of a step that a node of an earlier version ran.
        None => made_cv(tx, at).await?,
    };
    let Some(cv) = cv else { return Ok(()) };
    let found = Score::deserialize(output.get("score").unwrap_or(&Value::Null)).map_err(bad)?;
    let rev = output.get("rev").and_then(Value::as_i64).unwrap_or_default();
    let before = output.get("before").and_then(Value::as_i64).and_then(|before| i32::try_from(before).ok());
    score::save_and_tell(tx, &cv, &found, rev, before).await
}

/// The head of the input; named here so that the ends read like the effects.
pub(super) fn head(task: &TaskInfo) -> DbResult<GenerationHead> {
    GenerationHead::of(task)
}
