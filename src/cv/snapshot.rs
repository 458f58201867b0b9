//! The state of each topic.

use super::rules::budget::Budgets;
use super::rules::period::period_at;
use super::store::files::MAX_SNAPSHOT;
use super::store::{
    Reader, billing, costs, credits, files, generations, mails, plans, queues, settings, steps, stripe, tasks, users,
    versions, voice,
};
use chrono::Utc;
use estafette_actors::DbResult;
use estafette_protocol::UserId;
use estafette_protocol::cv::admin::AdminTasks;
use estafette_protocol::cv::billing_admin::{AdminWebhooks, WebhookQuery};
use estafette_protocol::cv::costs::{AdminCosts, BudgetState};
use estafette_protocol::cv::mail::{AdminEmails, EmailLogQuery};
use estafette_protocol::cv::snapshot::{AppState, CvState, DeviceState, TaskState, UserState};
use estafette_protocol::cv::voice::{AdminFeedback, FeedbackQuery};

/// `admin:emails`.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn admin_emails(db: &impl Reader) -> DbResult<AdminEmails> {
    let logs = mails::logs(db, &EmailLogQuery::default(), None, mails::MAX_SNAPSHOT).await?;
    Ok(AdminEmails { counts: mails::counts(db).await?, logs })
}

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
        notices: voice::unread(db, id.as_str()).await?,
        onboarding: voice::onboarding(db, id.as_str()).await?,
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
    Ok(tasks(db, &[id]).await?.pop())
}

/// `task:{id}` of those tasks that there are, in any order.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn tasks(db: &impl Reader, ids: &[&str]) -> DbResult<Vec<TaskState>> {
    // Sent together, not one after the other.
    let (tasks, mut offers, mut steps) =
        futures_util::try_join!(tasks::by_ids(db, ids), generations::offers_of(db, ids), steps::of_tasks(db, ids))?;
    let states = tasks.into_iter().map(|task| TaskState {
        offers: offers.remove(task.id.as_str()).unwrap_or_default(),
        steps: steps.remove(task.id.as_str()).unwrap_or_default(),
        progress: None,
        task,
    });
    Ok(states.collect())
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

/// `admin:tasks`.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn admin_tasks(db: &impl Reader) -> DbResult<AdminTasks> {
    Ok(AdminTasks { depth: queues::depth(db, None).await?, items: tasks::newest(db, costs::MAX_SNAPSHOT).await? })
}

/// `admin:costs`.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn admin_costs(db: &impl Reader) -> DbResult<AdminCosts> {
    let budgets = Budgets::of(&settings::read(db).await?);
    let (all, most) = (costs::spent(db, None).await?, costs::most_spent(db).await?);
    let rows = [
        ("budget_user_daily", budgets.user_daily, most.day),
        ("budget_user_monthly", budgets.user_monthly, most.month),
        ("budget_global_daily", budgets.global_daily, all.day),
        ("budget_global_monthly", budgets.global_monthly, all.month),
    ];
    let set = rows.into_iter().filter_map(|(name, limit, spent)| {
        limit.map(|limit| BudgetState { setting_name: name.to_owned(), limit, spent })
    });
    Ok(AdminCosts {
        today: costs::today(db).await?,
        month_cost: all.month,
        budgets: set.collect(),
        alerts: costs::firings(db).await?,
    })
}

/// `admin:feedback`.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn admin_feedback(db: &impl Reader) -> DbResult<AdminFeedback> {
    let (new, reviewed, resolved) = voice::count_feedback(db).await?;
    let items = voice::list_feedback(db, &FeedbackQuery::default(), None, voice::MAX_SNAPSHOT).await?;
    Ok(AdminFeedback { new, reviewed, resolved, items })
}

/// `admin:webhooks`.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn admin_webhooks(db: &impl Reader) -> DbResult<AdminWebhooks> {
    let last = stripe::logs(db, &WebhookQuery::default(), None, stripe::MAX_SNAPSHOT).await?;
    Ok(AdminWebhooks { waiting: stripe::waiting(db).await?, last })
}
