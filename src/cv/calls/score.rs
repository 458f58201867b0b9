//! `cv.score` (P7).

use super::{device_of, encode, not_blocked, own_cv};
use crate::cv::model::status::ScoreState as ScoreMachine;
use crate::cv::pipeline::CALCULATE_MATCH_SCORE;
use crate::cv::pipeline::score::ScoreTaskInput;
use crate::cv::store::settings::Settings;
use crate::cv::store::tasks::NewBackgroundTask;
use crate::cv::store::{files, offers, tasks};
use crate::cv::{announce, ledger};
use chrono::Utc;
use estafette_actors::task::NewTask;
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::Timestamp;
use estafette_protocol::cv::call::{ScoreCv, TaskStarted};
use serde_json::{Map, Value, json};

const FEATURE: &str = "calculate_match_score";

/// `cv.score`. While one runs on the CV, its task is the answer and nothing is charged (R36).
///
/// # Errors
/// `bad_request` without an offer (R35), `forbidden` when blocked (R19), `insufficient_credits`.
pub async fn score(ctx: &CallCtx, settings: &Settings, params: ScoreCv) -> Result<Value, CallError> {
    let id = NewTask::new_id();
    ctx.transaction(async |tx| {
        let user = &ctx.who.user;
        let row = own_cv(tx, user, &params.id).await?;
        not_blocked(&row)?;
        let cv = &row.file.summary;
        if let Some(running) = tasks::open_of_kind(tx, user.as_str(), CALCULATE_MATCH_SCORE, cv.id.as_str()).await? {
            return encode(&TaskStarted { task_id: running });
        }
        let offer = params.job_offer_id.as_ref().or(cv.job_offer_id.as_ref()).ok_or_else(|| {
            CallError::bad_request("a score needs a job offer: name one, or set the CV's own with cv.set_offer")
        })?;
        let stored = offers::by_id(tx, user.as_str(), offer.as_str()).await?;
        let stored = stored.ok_or_else(|| CallError::not_found(format!("there is no job offer {offer}")))?;
        if cv.job_offer_id.as_ref() != Some(offer) {
            files::set_offer(tx, cv.id.as_str(), Some(offer.as_str())).await?;
        }
        let before = files::by_id(tx, cv.id.as_str()).await?.ok_or_else(|| super::no_cv(&cv.id))?;
        if !files::move_score(tx, cv.id.as_str(), ScoreMachine::InProgress).await? {
            return Err(CallError::conflict("this CV is being scored by a generation: wait for its end"));
        }
        let (device, now) = (device_of(ctx), Utc::now());
        let title = format!("Score {}", cv.filename);
        let success = format!("{} was scored", cv.filename);
        let payload = json!({"cv_id": cv.id, "job_offer_id": offer});
        let task = NewBackgroundTask {
            id: id.as_str(),
            title: &title,
            success_message: &success,
            kind: CALCULATE_MATCH_SCORE,
            should_update_cv_list: true,
            payload: &payload,
            device: &device,
            user: Some(user.as_str()),
            cv_file: Some(&cv.filename),
            feature_name: Some(FEATURE),
            created_at: now.timestamp_millis(),
        };
        if !tasks::insert(tx, &task).await? {
            return Err(CallError::conflict(format!("there is a task {id} already")));
        }
        let reserved = ledger::reserve(tx, settings, user, FEATURE, Some(&id), 1).await?;
        let debit = reserved.transactions.first().and_then(Option::as_deref);
        tasks::set_payment(tx, id.as_str(), reserved.credits_debited, debit, reserved.period_start).await?;
        let input = ScoreTaskInput {
            cv_id: cv.id.as_str().to_owned(),
            offer: stored.content,
            state_before: before.score_state(),
            today: now.format("%Y-%m-%d").to_string(),
        };
        let mut event = Map::new();
        for (name, value) in [
            ("title", json!(title)),
            ("cv_file", json!(cv.filename)),
            ("credit_used", json!(reserved.credits_debited > 0)),
            ("feature_name", json!(FEATURE)),
            ("total_offers", json!(0)),
            ("credits_debited", json!(reserved.credits_debited)),
            ("credits_refunded", json!(0)),
            ("created_at", json!(Timestamp::new(now))),
            ("should_update_cv_list", json!(true)),
            ("success_message", json!(success)),
        ] {
            event.insert(name.to_owned(), value);
        }
        let new = NewTask {
            id: id.clone(),
            kind: CALCULATE_MATCH_SCORE.to_owned(),
            owner: Some(user.clone()),
            device: ctx.who.device.clone(),
            input: encode(&input)?,
            event,
        };
        tx.enqueue(new).await?;
        let after = files::by_id(tx, cv.id.as_str()).await?.ok_or_else(|| super::no_cv(&cv.id))?;
        if after.file.summary.job_offer_id != cv.job_offer_id {
            announce::state(tx, &after)?;
        }
        announce::score(tx, &after)?;
        announce::listed(tx, &after)?;
        encode(&TaskStarted { task_id: id.clone() })
    })
    .await
}
