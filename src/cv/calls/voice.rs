//! `onboarding.get`, `onboarding.set`, `consent.set`, `consent.list`, `feedback.send`, `telemetry.push`, `notice.read`:
//! what people tell us of themselves.

use super::reads::Paged;
use super::{encode, parse};
use crate::cv::rules::voice::{self as rules, OnboardingRefused};
use crate::cv::store::voice::{self as store, Witness};
use crate::cv::store::{new_id, users};
use crate::cv::topics::{self, Admin};
use crate::http::origin;
use chrono::Utc;
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::cv::voice::{
    NoticesRead, PushTelemetry, SendFeedback, SetConsent, SetOnboarding, TelemetryStored,
};
use estafette_protocol::{DeviceId, ErrorCode};
use serde_json::Value;

/// The calls here.
pub const METHODS: [&str; 7] = [
    "onboarding.get",
    "onboarding.set",
    "consent.set",
    "consent.list",
    "feedback.send",
    "telemetry.push",
    "notice.read",
];

/// Handles one of [`METHODS`].
///
/// # Errors
/// What it refuses.
pub async fn dispatch(ctx: &CallCtx, method: &str, params: Value) -> Result<Value, CallError> {
    match method {
        "onboarding.get" => encode(&store::onboarding(ctx.db(), ctx.who.user.as_str()).await?.unwrap_or_default()),
        "onboarding.set" => onboarding(ctx, parse(params)?).await,
        "consent.set" => consent(ctx, parse(params)?).await,
        "consent.list" => {
            let page: Paged = parse(params)?;
            let (after, limit) = page.checked()?;
            let found = store::consents(ctx.db(), ctx.who.user.as_str(), after.as_deref(), limit + 1).await?;
            encode(&page.page(found, |consent| consent.id.clone()))
        }
        "feedback.send" => feedback(ctx, parse(params)?).await,
        "telemetry.push" => telemetry(ctx, parse(params)?).await,
        _ => notices_read(ctx).await,
    }
}

async fn onboarding(ctx: &CallCtx, params: SetOnboarding) -> Result<Value, CallError> {
    let user = &ctx.who.user;
    ctx.transaction(async |tx| {
        users::lock(tx, user.as_str()).await?;
        let before = store::onboarding(tx, user.as_str()).await?;
        rules::move_onboarding(before.as_ref(), &params.state, params.restart).map_err(|refused| match refused {
            OnboardingRefused::Bad(sentence) => CallError::bad_request(sentence),
            OnboardingRefused::Back(sentence) => CallError::conflict(sentence),
        })?;
        store::set_onboarding(tx, user.as_str(), &params.state).await?;
        tx.emit(&topics::user(user), "onboarding.changed", &params.state)?;
        encode(&params.state)
    })
    .await
}

/// R71: a choice is added, nothing is changed.
async fn consent(ctx: &CallCtx, params: SetConsent) -> Result<Value, CallError> {
    let user = &ctx.who.user;
    if !params.preferences.necessary {
        return Err(CallError::bad_request("`necessary` cannot be refused: delete the account instead"));
    }
    let witness = origin::current().map_or_else(Witness::default, |origin| Witness {
        ip: origin.ip.map(|ip| ip.to_string()),
        user_agent: origin.user_agent,
    });
    ctx.transaction(async |tx| {
        users::lock(tx, user.as_str()).await?;
        let first = !store::has_consented(tx, user.as_str()).await?;
        let action = rules::consent_action(first, &params.preferences);
        let consent = store::add_consent(tx, user.as_str(), action, &params.preferences, &witness).await?;
        tx.emit(&topics::user(user), "consent.changed", &consent)?;
        encode(&consent)
    })
    .await
}

async fn feedback(ctx: &CallCtx, params: SendFeedback) -> Result<Value, CallError> {
    rules::check_feedback(&params).map_err(CallError::bad_request)?;
    let (user, id) = (&ctx.who.user, new_id());
    ctx.transaction(async |tx| {
        users::lock(tx, user.as_str()).await?;
        if store::feedback_of_day(tx, user.as_str()).await? >= rules::FEEDBACK_PER_DAY {
            let sentence = format!("{} messages a day are read; send the next one tomorrow", rules::FEEDBACK_PER_DAY);
            return Err(CallError::new(ErrorCode::LimitExceeded, sentence));
        }
        store::add_feedback(tx, user.as_str(), &id, &params).await?;
        let stored = store::feedback(tx, &id).await?;
        let stored = stored.ok_or_else(|| CallError::internal("new feedback vanished"))?;
        tx.emit(&Admin::Feedback.topic(), "feedback.created", &stored)?;
        encode(&stored)
    })
    .await
}

/// A bounded batch. Without consent to functional or analytics it is counted, and says nothing of the person (R71).
async fn telemetry(ctx: &CallCtx, params: PushTelemetry) -> Result<Value, CallError> {
    let (user, now) = (ctx.who.user.as_str(), Utc::now());
    if !(1..=rules::MAX_EVENTS).contains(&params.events.len()) {
        return Err(CallError::bad_request(format!("`events` has 1 to {} events", rules::MAX_EVENTS)));
    }
    let mut events = Vec::with_capacity(params.events.len());
    for (index, event) in params.events.into_iter().enumerate() {
        rules::check_telemetry(&event)
            .map_err(|sentence| CallError::bad_request(format!("event {index}: {sentence}")))?;
        let at = rules::telemetry_time(event.timestamp.map(|at| at.to_chrono()), now);
        events.push((event, at));
    }
    let device = ctx.who.device.as_ref().map(DeviceId::as_str);
    ctx.transaction(async |tx| {
        let with_user = store::may_track(tx, user).await?;
        store::push(tx, with_user.then_some((user, device)), &events).await?;
        encode(&TelemetryStored { stored: u32::try_from(events.len()).unwrap_or(u32::MAX), with_user })
    })
    .await
}

async fn notices_read(ctx: &CallCtx) -> Result<Value, CallError> {
    let user = &ctx.who.user;
    ctx.transaction(async |tx| {
        users::lock(tx, user.as_str()).await?;
        let read = NoticesRead { at: store::read_notices(tx, user.as_str()).await? };
        tx.emit(&topics::user(user), "notices.read", &read)?;
        encode(&read)
    })
    .await
}
