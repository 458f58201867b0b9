//! `calculate-match-score` (P7): load → score → save. Charged 1; given back on failure and cancel.

use super::ask::{self, Question};
use crate::cv::brain::types::{Score, ScoreInput};
use crate::cv::model::status::{ScoreState as ScoreMachine, TaskState};
use crate::cv::services::Services;
use crate::cv::store::files::CvHead;
use crate::cv::store::{activity, files, tasks};
use crate::cv::{announce, ledger, topics};
use chrono::{DateTime, Utc};
use estafette_actors::task::{
    EventFields, StepCtx, StepOutput, StepSpec, StepView, TaskEnd, TaskInfo, TaskKind, TaskSummary,
};
use estafette_actors::{CallError, DbError, DbResult, StepError, Tx};
use estafette_protocol::cv::event::cv::CvScoreProgress;
use estafette_protocol::cv::offer::JobOfferContent;
use estafette_protocol::cv::score::ScoreState;
use estafette_protocol::cv::status::AiStatus;
use estafette_protocol::task::TaskStatus;
use estafette_protocol::{StepKey, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

const FEATURE: &str = "calculate_match_score";
/// Bound of one attempt of the score itself (P1, P7).
pub const SCORE_TIMEOUT: Duration = Duration::from_secs(60);
/// The parts of a score, in the order in which progress shows them.
const SECTIONS: [&str; 5] = ["technical_skills", "experience", "education", "projects", "soft_skills"];

/// What the task works on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScoreTaskInput {
    /// The CV.
    pub cv_id: String,
    /// The offer's facts.
    pub offer: JobOfferContent,
    /// Where a cancelled score goes back to (section 2).
    pub state_before: ScoreMachine,
    /// The day for which years are counted.
    pub today: String,
}

/// The kind.
pub struct ScoreTask {
    services: Arc<Services>,
}

impl ScoreTask {
    /// With what it works with.
    pub const fn new(services: Arc<Services>) -> Self {
        Self { services }
    }
}

fn key(name: &str) -> Result<StepKey, StepError> {
    StepKey::parse(name).map_err(|error| StepError::fatal("bad_graph", error.to_string()))
}

fn input(task: &TaskInfo) -> Result<ScoreTaskInput, DbError> {
    ScoreTaskInput::deserialize(&task.input).map_err(|error| DbError::Data(error.to_string()))
}

/// Asks for a score and tells its progress on the CV's topic. The sum of the parts is the score (R35).
///
/// # Errors
/// The model's.
pub async fn ask_score(
    services: &Services,
    ctx: &StepCtx,
    cv_id: Option<&str>,
    material: ScoreInput,
) -> Result<(Score, Map<String, Value>), StepError> {
    let topic = cv_id.map(topics::cv).transpose()?;
    let mut on_text = |text: &str| {
        let Some(topic) = &topic else { return };
        // The parts come one after the other: those whose name is there already are done or under way.
        let seen = SECTIONS.iter().filter(|section| text.contains(**section)).count();
        let section = seen.checked_sub(1).and_then(|at| SECTIONS.get(at)).map(|section| (*section).to_owned());
        let fraction = f64::from(u32::try_from(seen).unwrap_or(0)) / 6.0;
        ctx.live_event(topic.clone(), "cv", "cv.score_progress", &CvScoreProgress { fraction, section });
        ctx.delta(text);
    };
    let settings = services.settings(&ctx.db).await?;
    let question = Question {
        feature: "match_score",
        step: "match_score",
        model: settings.generation_model(),
        timeout: SCORE_TIMEOUT,
        last_error: ctx.last_error.as_deref(),
    };
    let answer =
        ask::ask::<Score>(&services.models, question, ask::origin(ctx), &Arc::new(material), &mut on_text).await?;
    let report = answer.report();
    Ok((
        checked(answer.output)
            .map_err(|message| StepError::transient("invalid_output", message).with_report(report.clone()))?,
        report,
    ))
}

/// R35: parts that are not negative and whose sum is the score, 0 to 100.
///
/// # Errors
/// A sentence that the model is told.
pub fn checked(mut score: Score) -> Result<Score, String> {
    let parts = [
        score.breakdown.technical_skills,
        score.breakdown.experience,
        score.breakdown.education,
        score.breakdown.projects,
        score.breakdown.soft_skills,
    ];
    if parts.iter().any(|part| *part < 0) {
        return Err("no part of a score is negative".to_owned());
    }
    let sum = score.breakdown.total();
    if sum > 100 {
        return Err(format!("the sum of the parts is {sum}, more than 100"));
    }
    score.total = sum;
    Ok(score)
}

/// A score as the CV keeps it.
pub fn done(score: &Score, before: Option<i32>) -> ScoreState {
    ScoreState {
        score: Some(score.total),
        before,
        status: AiStatus::Done,
        breakdown: Some(score.breakdown),
        missing_skills: score.missing_skills.clone(),
        matching_skills: score.matching_skills.clone(),
        suggestions: score.suggestions.clone(),
        updated_at: Some(Timestamp::new(Utc::now())),
    }
}

/// Moves the score of a CV and tells, if the CV is still there and the move is one.
///
/// # Errors
/// [`DbError`].
pub async fn move_and_tell(tx: &mut Tx<'_>, cv: &str, to: ScoreMachine) -> DbResult<()> {
    match files::move_score(tx, cv, to).await? {
        Some(moved) => tell(tx, &moved),
        None => Ok(()),
    }
}

fn tell(tx: &mut Tx<'_>, scored: &CvHead) -> DbResult<()> {
    announce::score(tx, scored)?;
    announce::listed(tx, scored)
}

/// Stores a score and tells, if the CV is still there. A score of a content that was edited meanwhile is stored as
/// outdated. `before` is the score of the content that it was made from, where none is kept yet.
///
/// # Errors
/// [`DbError`].
pub async fn save_and_tell(tx: &mut Tx<'_>, cv: &str, score: &Score, rev: i64, before: Option<i32>) -> DbResult<()> {
    match files::set_score(tx, cv, &done(score, before), rev).await? {
        Some(scored) => tell(tx, &scored),
        None => Ok(()),
    }
}

#[derive(Serialize, Deserialize)]
struct Loaded {
    content: Value,
    rev: i64,
}

#[async_trait::async_trait(?Send)]
impl TaskKind for ScoreTask {
    fn name(&self) -> &'static str {
        super::CALCULATE_MATCH_SCORE
    }

    fn beside_others(&self) -> bool {
        true
    }

    fn plan(&self, task: &TaskInfo) -> Result<Vec<StepSpec>, StepError> {
        input(task)?;
        Ok(vec![
            StepSpec::new(key("load")?, "load").weighing(1).within(Duration::from_secs(30)),
            StepSpec::new(key("score")?, "match_score").after([key("load")?]).weighing(8).within(SCORE_TIMEOUT),
            StepSpec::new(key("save")?, "save").after([key("score")?]).weighing(1).within(Duration::from_secs(30)),
        ])
    }

    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError> {
        let task = input(&ctx.task)?;
        match ctx.step.kind.as_str() {
            "load" => {
                let row = files::by_id(&ctx.db, &task.cv_id).await?;
                let row = row.ok_or_else(|| StepError::fatal("cv_gone", "the CV does not exist any more"))?;
                let loaded = Loaded { content: row.file.content, rev: row.file.summary.content_rev };
                Ok(StepOutput::of(
                    serde_json::to_value(loaded).map_err(|e| StepError::fatal("bad_output", e.to_string()))?,
                ))
            }
            "match_score" => {
                let loaded: Loaded = ctx.output(&key("load")?)?;
                let material = ScoreInput {
                    cv: loaded.content.into(),
                    offer: task.offer,
                    language: None,
                    today: Some(task.today),
                };
                let (score, report) = ask_score(&self.services, ctx, Some(&task.cv_id), material).await?;
                let output = serde_json::to_value(score).map_err(|e| StepError::fatal("bad_output", e.to_string()))?;
                Ok(StepOutput { output, report, ..StepOutput::default() })
            }
            _ => {
                let (score, loaded): (Score, Loaded) = (ctx.output(&key("score")?)?, ctx.output(&key("load")?)?);
                Ok(StepOutput::of(json!({"score": score, "rev": loaded.rev})))
            }
        }
    }

    async fn on_started(&self, tx: &mut Tx<'_>, task: &TaskInfo) -> DbResult<EventFields> {
        tasks::move_to(tx, task.id.as_str(), TaskState::Running, None, None);
        Ok(EventFields::new())
    }

    async fn on_requeued(&self, tx: &mut Tx<'_>, task: &TaskInfo) -> DbResult<EventFields> {
        tasks::move_to(tx, task.id.as_str(), TaskState::Queued, None, None);
        Ok(EventFields::new())
    }

    async fn on_step_completed(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        step: &StepView<'_>,
        output: &StepOutput,
    ) -> DbResult<()> {
        if step.spec.kind != "save" {
            return Ok(());
        }
        super::lock_owner(tx, task).await?;
        let bad = |error: serde_json::Error| DbError::Data(error.to_string());
        let score = Score::deserialize(&output.output["score"]).map_err(bad)?;
        let rev = output.output["rev"].as_i64().unwrap_or_default();
        save_and_tell(tx, &input(task)?.cv_id, &score, rev, None).await
    }

    async fn on_ended(&self, tx: &mut Tx<'_>, task: &TaskInfo, summary: &TaskSummary) -> DbResult<TaskEnd> {
        super::lock_owner(tx, task).await?;
        let cv = input(task)?.cv_id;
        let id = task.id.as_str();
        let mut fields = EventFields::new();
        let Some(error) = &summary.error else {
            let score = summary.steps.iter().find(|(spec, ..)| spec.kind == "match_score");
            let result = json!({"cv_id": cv, "match_score": score.and_then(|(.., output)| output.get("total"))});
            tasks::move_to(tx, id, TaskState::Completed, None, Some(&result));
            if let Some(owner) = &task.owner {
                activity::feature_used(tx, owner.as_str(), FEATURE, took(tx, id).await?);
            }
            return Ok(TaskEnd { status: TaskStatus::Completed, result, error: None, fields });
        };
        tasks::move_to(tx, id, TaskState::Failed, Some(&error.message), None);
        move_and_tell(tx, &cv, ScoreMachine::Failed).await?;
        if let Some(owner) = &task.owner {
            let credits = ledger::refund_task(tx, owner, &task.id, FEATURE).await?;
            fields.insert("credits_refunded".to_owned(), json!(credits));
        }
        let fields = super::not_well(fields);
        Ok(TaskEnd { status: TaskStatus::Failed, result: Value::Null, error: Some(error.message.clone()), fields })
    }

    async fn on_cancelled(&self, tx: &mut Tx<'_>, task: &TaskInfo, _open: &[StepSpec]) -> DbResult<EventFields> {
        super::lock_owner(tx, task).await?;
        let input = input(task)?;
        let mut fields = EventFields::new();
        tasks::move_to(tx, task.id.as_str(), TaskState::Cancelled, None, None);
        // Back to the state before; a failed one is idle with its old score.
        let to = if input.state_before == ScoreMachine::Done { ScoreMachine::Done } else { ScoreMachine::Idle };
        move_and_tell(tx, &input.cv_id, to).await?;
        if let Some(owner) = &task.owner {
            let credits = ledger::refund_task(tx, owner, &task.id, FEATURE).await?;
            fields.insert("credits_refunded".to_owned(), json!(credits));
        }
        Ok(super::not_well(fields))
    }

    async fn on_retried(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        _reopened: &[StepSpec],
    ) -> Result<EventFields, CallError> {
        super::lock_owner(tx, task).await?;
        let cv = input(task)?.cv_id;
        let moved = files::move_score(tx, &cv, ScoreMachine::InProgress).await?;
        let moved = moved.ok_or_else(|| CallError::conflict("this CV is gone, or is being scored already"))?;
        let mut fields = EventFields::new();
        if let Some(owner) = &task.owner {
            let settings = crate::cv::store::settings::read(tx).await?;
            let reserved = ledger::reserve(tx, &settings, owner, FEATURE, Some(&task.id), 1).await?;
            reserved.say(tx, &task.id, 1);
            fields.insert("credits_debited".to_owned(), json!(reserved.credits_debited));
        }
        tasks::move_to(tx, task.id.as_str(), TaskState::Queued, None, None);
        tell(tx, &moved)?;
        Ok(fields)
    }
}

/// Milliseconds since a task was accepted.
///
/// # Errors
/// [`DbError`].
pub async fn took(tx: &Tx<'_>, id: &str) -> DbResult<i64> {
    Ok(tasks::accepted_at(tx, id).await?.map_or(0, since))
}

/// Milliseconds since a moment.
pub fn since(at: DateTime<Utc>) -> i64 {
    (Utc::now() - at).num_milliseconds().max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use estafette_protocol::cv::score::ScoreBreakdown;

    #[test]
    fn r35_the_sum_of_the_parts_is_the_score() {
        let breakdown =
            ScoreBreakdown { technical_skills: 30, experience: 20, education: 5, projects: 5, soft_skills: 2 };
        let score = checked(Score { total: 99, breakdown, ..Score::default() }).unwrap();
        assert_eq!(score.total, 62);
        let too_much = ScoreBreakdown { technical_skills: 90, experience: 20, ..breakdown };
        assert!(checked(Score { breakdown: too_much, ..Score::default() }).is_err());
        let negative = ScoreBreakdown { projects: -1, ..breakdown };
        assert!(checked(Score { breakdown: negative, ..Score::default() }).is_err());
    }
}
