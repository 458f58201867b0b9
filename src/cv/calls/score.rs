//! `cv.score` (P7).

use super::begin::Begin;
use super::{encode, not_blocked, own_cv};
use crate::cv::model::status::ScoreState as ScoreMachine;
use crate::cv::pipeline::CALCULATE_MATCH_SCORE;
use crate::cv::pipeline::score::ScoreTaskInput;
use crate::cv::rules::titles;
use crate::cv::store::settings::Settings;
use crate::cv::store::tasks::OpenTask;
use crate::cv::store::{files, offers, tasks};
use crate::cv::{announce, ledger};
use chrono::Utc;
use estafette_actors::task::NewTask;
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::cv::call::{ScoreCv, TaskStarted};
use serde_json::{Value, json};

const FEATURE: &str = "calculate_match_score";

/// `cv.score`. While one runs on the CV for the same offer, its task is the answer and nothing is charged (R36).
///
/// # Errors
/// `bad_request` without an offer (R35), `conflict` while the CV is scored against another offer or by a generation, `forbidden` when blocked (R19), `insufficient_credits`.
pub async fn score(ctx: &CallCtx, settings: &Settings, params: ScoreCv) -> Result<Value, CallError> {
    let id = NewTask::new_id();
    ctx.transaction(async |tx| {
        let user = &ctx.who.user;
        let row = own_cv(tx, user, &params.id).await?;
        not_blocked(&row)?;
        let cv = &row.file.summary;
        let offer = params.job_offer_id.as_ref().or(cv.job_offer_id.as_ref());
        if let Some(running) = tasks::open_of_kind(tx, user.as_str(), CALCULATE_MATCH_SCORE, cv.id.as_str()).await? {
            return match offer {
                Some(other) if running.job_offer.as_deref() != Some(other.as_str()) => Err(other_offer(&running)),
                _ => encode(&TaskStarted { task_id: running.id }),
            };
        }
        let offer = offer.ok_or_else(|| {
            CallError::bad_request("a score needs a job offer: name one, or set the CV's own with cv.set_offer")
        })?;
        let stored = offers::by_id(tx, user.as_str(), offer.as_str()).await?;
        let stored = stored.ok_or_else(|| CallError::not_found(format!("there is no job offer {offer}")))?;
        if cv.job_offer_id.as_ref() != Some(offer) {
            files::set_offer(tx, cv.id.as_str(), Some(offer.as_str())).await?;
        }
        let before = files::by_id(tx, cv.id.as_str()).await?.ok_or_else(|| super::no_cv(&cv.id))?;
        if files::move_score(tx, cv.id.as_str(), ScoreMachine::InProgress).await?.is_none() {
            return Err(CallError::conflict("this CV is being scored by a generation: wait for its end"));
        }
        let now = Utc::now();
        let name = titles::of_cv(&row.file.content, &cv.filename);
        let against = titles::of_offer(&stored.content).unwrap_or_else(|| "its job offer".to_owned());
        let task = Begin {
            id: &id,
            kind: CALCULATE_MATCH_SCORE,
            title: format!("Score “{name}” against {against}"),
            success: format!("“{name}” was scored against {against}"),
            cv_file: Some(&cv.filename),
            feature: Some(FEATURE),
            total_offers: 0,
            updates_list: true,
            now,
        };
        task.put(tx, &ctx.who, &json!({"cv_id": cv.id, "job_offer_id": offer}));
        let reserved = ledger::reserve(tx, settings, user, FEATURE, Some(&id), 1).await?;
        reserved.say(tx, &id, 1);
        let input = ScoreTaskInput {
            cv_id: cv.id.as_str().to_owned(),
            offer: stored.content,
            state_before: before.score_state(),
            today: now.format("%Y-%m-%d").to_string(),
        };
        let started = task.enqueue(tx, &ctx.who, reserved.credits_debited, encode(&input)?)?;
        let after = files::by_id(tx, cv.id.as_str()).await?.ok_or_else(|| super::no_cv(&cv.id))?;
        if after.file.summary.job_offer_id != cv.job_offer_id {
            announce::state(tx, &after)?;
        }
        announce::score(tx, &after)?;
        announce::listed(tx, &after)?;
        encode(&started)
    })
    .await
}

/// R36: one score at a time, and the answer of a call is never another question's.
fn other_offer(running: &OpenTask) -> CallError {
    CallError::conflict("this CV is being scored against another job offer: wait for that score's end, or cancel it")
        .with_details(json!({"task_id": running.id, "job_offer_id": running.job_offer}))
}
