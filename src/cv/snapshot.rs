//! The state of each topic.

use super::rules::period::period_at;
use super::store::files::MAX_SNAPSHOT;
use super::store::{
    Reader, billing, credits, files, generations, plans, settings, steps, stripe, tasks, users, versions,
};
use chrono::Utc;
use estafette_actors::DbResult;
use estafette_protocol::UserId;
use estafette_protocol::cv::billing_admin::{WebhookQuery, WebhooksState};
use estafette_protocol::cv::snapshot::{AdminState, AppState, CvState, DeviceState, TaskState, UserState};

/// `user:{id}`.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn user(db: &impl Reader, id: &UserId) -> DbResult<Option<UserState>> {
    let Some(row) = users::by_id(db, id).await? else { return Ok(None) };
    let plan = plans::of_user(db, id.as_str()).await?;
    let counters = match &plan {
        Some(plan) => plans::counters(db, id.as_str(), plan.plan.id, period_at(plan.anchor, Utc::now())).await?,
        None => Vec::new(),
    };
    Ok(Some(UserState {
        user: row.user,
        credits: credits::balance(db, id.as_str()).await?,
        plan: plan.map(|plan| plan.plan),
        subscription: billing::view(db, id.as_str()).await?,
        counters,
        tasks: tasks::open(db, Some(id.as_str()), "").await?,
        cvs: files::list(db, id.as_str(), None, MAX_SNAPSHOT).await?,
        notices: Vec::new(),
    }))
}

/// `device:{id}`.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn device(db: &impl Reader, id: &str) -> DbResult<DeviceState> {
    Ok(DeviceState { tasks: tasks::open(db, None, id).await? })
}

/// `task:{id}`.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn task(db: &impl Reader, id: &str) -> DbResult<Option<TaskState>> {
    // Sent together, not one after the other.
    let (task, offers, steps) =
        futures_util::try_join!(tasks::by_id(db, id), generations::offers(db, id), steps::of_task(db, id))?;
    Ok(task.map(|task| TaskState { offers, steps, progress: None, task }))
}

/// `cv:{id}`.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn cv(db: &impl Reader, id: &str) -> DbResult<Option<CvState>> {
    let Some(row) = files::by_id(db, id).await? else { return Ok(None) };
    Ok(Some(CvState { file: row.file, versions: versions::list(db, id).await? }))
}

/// `app`.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn app(db: &impl Reader) -> DbResult<AppState> {
    let settings = settings::read(db).await?;
    Ok(AppState {
        maintenance_mode: settings.maintenance_mode(),
        registration_enabled: settings.registration_enabled(),
    })
}

/// The topics `admin:{what}` that there are.
pub const ADMIN_TOPICS: [&str; 1] = ["webhooks"];
/// Rows in a snapshot for administrators (4.1).
const LAST: i64 = 100;

/// `admin:{what}`.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn admin(db: &impl Reader, what: &str) -> DbResult<Option<AdminState>> {
    match what {
        "webhooks" => {
            let last = stripe::logs(db, &WebhookQuery::default(), None, LAST).await?;
            let webhooks = WebhooksState { waiting: stripe::waiting(db).await?, last };
            Ok(Some(AdminState { webhooks: Some(webhooks) }))
        }
        _ => Ok(None),
    }
}
