//! The product's calls: what a socket and an HTTP route reach alike. Each handler parses its parameters, decides by the
//! rules and writes in one transaction.
//!
//! | module | calls |
//! |---|---|
//! | [`files`] | `cv.create`, `cv.update`, `cv.rename`, `cv.delete`, `cv.set_offer` |
//! | [`review`] | `cv.review`, `cv.restore` |
//! | [`generate`] | `cv.generate` |
//! | [`score`] | `cv.score` |
//! | [`making`] | `cv.import`, `cv.translate`, `cv.create_template`, `cv.from_job_title` |
//! | [`export`] | `cv.export` |
//! | [`export_templates`] | `export_template.list`, `.get`, `.create`, `.update`, `.delete` |
//! | [`mails`] | `admin.email_trigger.*`, `admin.email_template.*`, `admin.email_log.list` |
//! | [`offers`] | `job_offer.create`, `job_offer.delete` |
//! | [`tasks`] | `task.cancel`, `task.retry`, `task.test`, `task.get`, `task.list`, `generation.list` |
//! | [`admin`] | `admin.*`: people, settings, cost, telemetry, feedback |
//! | [`voice`] | `onboarding.*`, `consent.*`, `feedback.send`, `telemetry.push`, `notice.read` |
//! | [`billing`] | `billing.*`, `subscription.get`, `referral.get`, the price list |
//! | [`admin_money`] | `admin.*` about plans, packs, promo codes, gifts, blocks, webhooks |
//! | `begin` | what all tasks begin with |
//! | [`reads`] | `cv.get`, `cv.list`, … : what is read over HTTP |

pub mod admin;
pub mod admin_money;
mod begin;
pub mod billing;
pub mod export;
pub mod export_templates;
pub mod files;
pub mod generate;
pub mod mails;
pub mod making;
pub mod offers;
pub mod reads;
pub mod review;
pub mod score;
pub mod tasks;
pub mod voice;

use super::services::Services;
use super::store::Reader;
use super::store::files::{self as cv_files, CvRow};
use super::store::{tasks as background_tasks, users};
use crate::auth::caller::ANONYMOUS;
use estafette_actors::{CallCtx, CallError, Identity, Tx};
use estafette_protocol::cv::CvId;
use estafette_protocol::{DeviceId, ErrorCode, UserId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;

/// The role that may read everything.
pub const ADMIN: &str = "ADMIN";
/// The role of the server itself, on behalf of a provider. No token has it.
pub const SYSTEM: &str = "SYSTEM";
/// An event of Stripe; only for [`SYSTEM`].
pub const STRIPE_WEBHOOK: &str = "stripe.webhook";

#[derive(serde::Deserialize)]
struct SignedBody {
    signature: String,
    body: String,
}

/// What a device without a person may do (G8): nothing that costs, nothing that is somebody's.
pub const OF_DEVICES: &[&str] =
    &["task.test", "cv.create_template", "task.get", "task.list", "task.cancel", "task.retry"];
/// Tasks of one such device that have not ended.
pub const MAX_DEVICE_TASKS: usize = 5;

/// The device of a caller without a person.
pub fn anonymous(who: &Identity) -> Option<&str> {
    (who.role == ANONYMOUS).then(|| who.user.as_str())
}

/// Handles a call.
///
/// # Errors
/// Whatever it refuses; `not_found` for an unknown method; `unavailable` in maintenance (R7).
pub async fn dispatch(services: &Services, mut ctx: CallCtx, method: &str, params: Value) -> Result<Value, CallError> {
    if method == STRIPE_WEBHOOK && ctx.who.role == SYSTEM {
        let given: SignedBody = parse(params)?;
        let (secret, now) = (services.stripe()?.webhook_secret(), chrono::Utc::now().timestamp());
        let fresh =
            super::billing::webhook::receive(&ctx.runtime, secret, &given.signature, given.body.as_bytes(), now);
        return Ok(json!({"received": true, "repeated": !fresh.await?}));
    }
    let settings = services.settings(ctx.db()).await?;
    if settings.maintenance_mode() && ctx.who.role != ADMIN {
        let wait = Duration::from_secs(60);
        return Err(CallError::unavailable("the service is being maintained; your running tasks go on", wait));
    }
    if ctx.who.role == ANONYMOUS {
        if !OF_DEVICES.contains(&method) {
            return Err(CallError::forbidden("this needs an account: sign in"));
        }
        // Whatever device it says to be: it is the one that its token names.
        ctx.who.device = DeviceId::parse(ctx.who.user.as_str()).ok();
        if ["task.test", "cv.create_template"].contains(&method) {
            room_for_a_task(&ctx).await?;
        }
    }
    match method {
        "cv.create" => files::create(&ctx, parse(params)?).await,
        "cv.update" => files::update(&ctx, params).await,
        "cv.rename" => files::rename(&ctx, parse(params)?).await,
        "cv.delete" => files::delete(&ctx, parse(params)?).await,
        "cv.set_offer" => files::set_offer(&ctx, parse(params)?).await,
        "cv.review" => review::review(&ctx, parse(params)?).await,
        "cv.restore" => review::restore(&ctx, &settings, parse(params)?).await,
        "cv.generate" => generate::generate(&ctx, &settings, params).await,
        "cv.score" => score::score(&ctx, &settings, parse(params)?).await,
        "cv.export" => export::export(services, &ctx, &settings, parse(params)?).await,
        "cv.import" => making::import(&ctx, &settings, parse(params)?).await,
        "cv.translate" => making::translate(&ctx, &settings, parse(params)?).await,
        "cv.create_template" => making::create_template(&ctx, &settings, parse(params)?).await,
        "cv.from_job_title" => making::from_job_title(&ctx, &settings, parse(params)?).await,
        "export_template.list" => export_templates::list(&ctx, params).await,
        "export_template.get" => export_templates::get(&ctx, parse(params)?).await,
        "export_template.create" => export_templates::create(&ctx, parse(params)?).await,
        "export_template.update" => export_templates::update(&ctx, parse(params)?).await,
        "export_template.delete" => export_templates::delete(&ctx, parse(params)?).await,
        "job_offer.create" => offers::create(services, &ctx, params).await,
        "job_offer.delete" => offers::delete(&ctx, parse(params)?).await,
        _ if method.starts_with("admin.email_") => mails::dispatch(services, &ctx, method, params).await,
        "task.cancel" => tasks::cancel(&ctx, parse(params)?).await,
        "task.retry" => tasks::retry(&ctx, parse(params)?).await,
        "task.test" => tasks::test(services, &ctx, parse(params)?).await,
        "task.get" => tasks::get(&ctx, parse(params)?).await,
        "task.list" => tasks::list(&ctx, params, false).await,
        "generation.list" => tasks::list(&ctx, params, true).await,
        _ if admin::METHODS.contains(&method) => admin::dispatch(services, &ctx, method, params).await,
        _ if voice::METHODS.contains(&method) => voice::dispatch(&ctx, method, params).await,
        _ if billing::METHODS.contains(&method) => billing::dispatch(services, &ctx, &settings, method, params).await,
        _ if admin_money::METHODS.contains(&method) => admin_money::dispatch(&ctx, method, params).await,
        _ => reads::dispatch(&ctx, method, params).await,
    }
}

async fn room_for_a_task(ctx: &CallCtx) -> Result<(), CallError> {
    let open = background_tasks::open(ctx.db(), None, ctx.who.user.as_str()).await?;
    if open.len() >= MAX_DEVICE_TASKS {
        let sentence = format!("{MAX_DEVICE_TASKS} tasks of this device have not ended: wait for one, or sign in");
        return Err(CallError::new(ErrorCode::LimitExceeded, sentence));
    }
    Ok(())
}

/// Reads parameters.
///
/// # Errors
/// `bad_request` that names the field.
pub fn parse<T: DeserializeOwned>(params: Value) -> Result<T, CallError> {
    serde_json::from_value(params).map_err(|error| CallError::bad_request(format!("the parameters: {error}")))
}

/// Encodes a result.
///
/// # Errors
/// `internal`: a defect.
pub fn encode(result: &impl Serialize) -> Result<Value, CallError> {
    serde_json::to_value(result).map_err(CallError::internal)
}

/// The CV as its owner finds it, locked with its owner (R11: somebody else's does not exist for them).
///
/// # Errors
/// `not_found`.
pub async fn own_cv(tx: &Tx<'_>, user: &UserId, id: &CvId) -> Result<CvRow, CallError> {
    users::lock(tx, user.as_str()).await?;
    let row = cv_files::lock(tx, id.as_str()).await?;
    row.filter(|row| row.user == *user).ok_or_else(|| no_cv(id))
}

/// The CV for reading; an administrator may read everybody's (R11).
///
/// # Errors
/// `not_found`.
pub async fn readable_cv(db: &impl Reader, user: &UserId, role: &str, id: &CvId) -> Result<CvRow, CallError> {
    let row = cv_files::by_id(db, id.as_str()).await?;
    row.filter(|row| row.user == *user || role == ADMIN).ok_or_else(|| no_cv(id))
}

/// R11.
pub fn no_cv(id: &CvId) -> CallError {
    CallError::not_found(format!("there is no CV {id}"))
}

/// R19: what a blocked CV refuses.
///
/// # Errors
/// `forbidden`, the reason in `details`.
pub fn not_blocked(row: &CvRow) -> Result<(), CallError> {
    let cv = &row.file.summary;
    if cv.blocked {
        return Err(CallError::forbidden("this CV is blocked: it can be read and deleted only")
            .with_details(json!({"blocked_reason": cv.blocked_reason, "blocked_at": cv.blocked_at})));
    }
    Ok(())
}

/// The device that a task is recorded for; callers over HTTP need not name one.
pub fn device_of(who: &Identity) -> String {
    who.device.as_ref().map_or_else(|| "http".to_owned(), |device| device.as_str().to_owned())
}
