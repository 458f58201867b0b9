//! `task.cancel`, `task.retry`, `task.test`, and the reading of tasks.

use super::begin::Begin;
use super::reads::Paged;
use super::{ADMIN, anonymous, encode};
use crate::cv::pipeline::TEST;
use crate::cv::pipeline::test::{TestInput, TestLiveInput};
use crate::cv::services::Services;
use crate::cv::snapshot;
use crate::cv::store::tasks;
use chrono::Utc;
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::TaskId;
use estafette_protocol::cv::call::{StartTest, TaskRef};
use estafette_protocol::cv::http::TaskQuery;
use serde::Deserialize;
use serde_json::{Value, json};

fn no_task(id: &TaskId) -> CallError {
    CallError::not_found(format!("there is no task {id}"))
}

/// Refuses a task that is not the caller's.
async fn own(ctx: &CallCtx, id: &TaskId, may_read: bool) -> Result<(), CallError> {
    let owner = tasks::owner(ctx.db(), id).await?.ok_or_else(|| no_task(id))?;
    let mine = match anonymous(&ctx.who) {
        Some(device) => owner.user.is_none() && owner.device == device,
        None => owner.user.as_ref() == Some(&ctx.who.user),
    };
    if mine || (may_read && ctx.who.role == ADMIN) { Ok(()) } else { Err(no_task(id)) }
}

/// `task.cancel`.
///
/// # Errors
/// `not_found`; `conflict` when it has ended.
pub async fn cancel(ctx: &CallCtx, params: TaskRef) -> Result<Value, CallError> {
    own(ctx, &params.id, false).await?;
    ctx.transaction(async |tx| {
        tx.cancel_task(&params.id).await?;
        encode(&tasks::by_id(tx, params.id.as_str()).await?.ok_or_else(|| no_task(&params.id))?)
    })
    .await
}

/// `task.retry`: what failed is debited again, what was completed stays.
///
/// # Errors
/// `not_found`; `conflict` when nothing of it failed; `insufficient_credits`.
pub async fn retry(ctx: &CallCtx, params: TaskRef) -> Result<Value, CallError> {
    own(ctx, &params.id, false).await?;
    ctx.transaction(async |tx| {
        tx.retry_task(&params.id).await?;
        encode(&tasks::by_id(tx, params.id.as_str()).await?.ok_or_else(|| no_task(&params.id))?)
    })
    .await
}

/// `task.test`: a task that only waits, to see the engine work. Costs nothing.
///
/// # Errors
/// `bad_request` outside its bounds; `conflict` when the id exists.
pub async fn test(services: &Services, ctx: &CallCtx, params: StartTest) -> Result<Value, CallError> {
    let live = params.live_every_us.map(|every_us| TestLiveInput {
        every_us,
        bytes: params.live_bytes.unwrap_or(0),
        keys: params.live_keys.unwrap_or(1),
    });
    let input = TestInput {
        steps: params.steps.unwrap_or(1),
        latency_ms: params.latency_ms.unwrap_or(0),
        fail_at: params.fail_at,
        live,
        pure: params.pure.unwrap_or(true),
    };
    input.check(services.test_live_per_second).map_err(CallError::bad_request)?;
    let payload = encode(&input)?;
    let Some(id) = params.id else {
        // An id that was made just now is nobody else's: nothing has to be asked.
        let (id, who) = (estafette_actors::task::NewTask::new_id(), ctx.who.clone());
        return ctx.add(move |unit| encode(&begin_test(&id).add(unit, &who, payload.clone())?)).await;
    };
    ctx.transaction(async |tx| {
        let task = begin_test(&id);
        task.insert(tx, ctx, &payload).await?;
        encode(&task.enqueue(tx, &ctx.who, 0, payload.clone())?)
    })
    .await
}

fn begin_test(id: &TaskId) -> Begin<'_> {
    Begin {
        id,
        kind: TEST,
        title: "Test".to_owned(),
        success: "The test is over".to_owned(),
        cv_file: None,
        feature: None,
        total_offers: 0,
        updates_list: false,
        now: Utc::now(),
    }
}

/// One task with its offers and steps.
///
/// # Errors
/// `not_found`.
pub async fn get(ctx: &CallCtx, params: TaskRef) -> Result<Value, CallError> {
    own(ctx, &params.id, true).await?;
    // Of one moment, or a task that has ended could have an offer that has not.
    let state = ctx.db().keys_at_one_moment(async |db| snapshot::task(db, params.id.as_str()).await).await?;
    encode(&state.ok_or_else(|| no_task(&params.id))?)
}

/// Parameters of the list of tasks.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ListTasks {
    #[serde(flatten)]
    filter: TaskQuery,
    #[serde(flatten)]
    page: Paged,
}

/// The caller's tasks, the newest first (R74); `pending` is an alias of `queued` in the filter (D2).
///
/// # Errors
/// `bad_request` for a bad page.
pub async fn list(ctx: &CallCtx, mut params: Value, generations_only: bool) -> Result<Value, CallError> {
    if let Some(status) = params.get_mut("status")
        && status == "pending"
    {
        *status = json!("queued");
    }
    let params: ListTasks = super::parse(params)?;
    let (after, limit) = params.page.checked()?;
    let whose = match anonymous(&ctx.who) {
        Some(device) => tasks::Whose::Device(device),
        None => tasks::Whose::User(ctx.who.user.as_str()),
    };
    let found = tasks::list(ctx.db(), whose, &params.filter, generations_only, after.as_deref(), limit + 1).await?;
    encode(&params.page.page(found, |task| task.id.as_str().to_owned()))
}
