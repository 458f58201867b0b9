//! Erasure (R8). The account and everything that goes with it are deleted in one unit of work; what the runtime keeps of
//! it (events, tasks, sessions, remembered calls) is taken away by a task right after, which is part of that unit, so
//! that it runs whatever happens to this node.
//!
//! A subscription ends with the period that is paid, by a task that tells Stripe.
//!
//! What stays: `stripe_webhook_logs` (the law wants accounts kept) and `email_logs`, which forget who it was.

use super::letters;
use crate::auth::Auth;
use crate::cv::mail::Post;
use crate::cv::pipeline::end_subscription;
use crate::cv::store::{Reader as _, get, mails, stripe, users};
use estafette_actors::task::{NewTask, StepCtx, StepOutput, StepSpec, TaskEnd, TaskInfo, TaskKind, TaskSummary};
use estafette_actors::{CallError, DbError, DbResult, StepError, Tx};
use estafette_protocol::cv::account::User;
use estafette_protocol::task::TaskStatus;
use estafette_protocol::{StepKey, TaskId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// The kind of the task that takes the runtime's traces away.
pub const ERASE_TRACES: &str = "erase-traces";
/// Bound of one attempt.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What the task works on.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Traces {
    user: String,
    topics: Vec<String>,
    tasks: Vec<String>,
}

/// Deletes an account.
///
/// # Errors
/// `unavailable` when the database does not answer.
pub async fn erase(tx: &mut Tx<'_>, auth: &Auth, post: &Post, user: &User) -> Result<(), CallError> {
    let id = user.id.as_str();
    // In the order of the locks: tasks, then the person.
    let open = tx
        .rows(
            "SELECT id FROM runtime.tasks WHERE product = 'cv' AND status IN ('queued', 'running')
                AND (owner = $1 OR (kind = 'send-email' AND input ->> 'user' = $1)) ORDER BY id FOR UPDATE",
            &[&id],
        )
        .await?;
    for row in &open {
        let task = TaskId::parse(get::<String>(row, "id")?).map_err(CallError::internal)?;
        tx.cancel_task(&task).await?;
    }
    users::lock(tx, id).await?;
    let texts = async |sql: &str| -> DbResult<Vec<String>> {
        tx.rows(sql, &[&id]).await?.iter().map(|row| get(row, "id")).collect()
    };
    let mut tasks = texts("SELECT id FROM runtime.tasks WHERE product = 'cv' AND owner = $1").await?;
    tasks.extend(texts("SELECT id FROM cv.background_tasks WHERE user_id = $1").await?);
    let cvs = texts("SELECT id FROM cv.cv_files WHERE user_id = $1").await?;
    tasks.extend(open.iter().map(|row| get(row, "id")).collect::<DbResult<Vec<String>>>()?);
    tasks.extend(mails::forget(tx, id, user.email.as_deref()).await?);
    tasks.sort_unstable();
    tasks.dedup();
    auth.end_sessions(tx, &user.id, None, "the account was deleted").await?;
    if let Some(email) = &user.email {
        tx.execute("DELETE FROM cv.verification_tokens WHERE identifier = $1", &[email]).await?;
    }
    for subscription in stripe::open_subscriptions(tx, id).await? {
        end_subscription::enqueue(tx, &subscription).await?;
    }
    tx.execute("DELETE FROM cv.users WHERE id = $1", &[&id]).await?;
    let topics = std::iter::once(format!("user:{id}"))
        .chain(cvs.iter().map(|cv| format!("cv:{cv}")))
        .chain(tasks.iter().map(|task| format!("task:{task}")))
        .collect();
    let traces = Traces { user: id.to_owned(), topics, tasks };
    let traces = serde_json::to_value(traces).map_err(CallError::internal)?;
    tx.enqueue(NewTask::new(ERASE_TRACES, traces)).await?;
    letters::farewell(tx, post, user).await
}

/// The kind.
pub struct EraseTraces;

#[async_trait::async_trait(?Send)]
impl TaskKind for EraseTraces {
    fn name(&self) -> &'static str {
        ERASE_TRACES
    }

    fn plan(&self, _task: &TaskInfo) -> Result<Vec<StepSpec>, StepError> {
        let key = StepKey::parse("erase").map_err(|error| StepError::fatal("bad_graph", error.to_string()))?;
        Ok(vec![StepSpec::new(key, "erase").within(TIMEOUT).retrying(crate::cv::mail::RETRY)])
    }

    /// Each statement may be repeated.
    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError> {
        let traces =
            Traces::deserialize(&ctx.task.input).map_err(|error| StepError::fatal("bad_input", error.to_string()))?;
        let db = &ctx.db;
        db.execute(
            "WITH gone AS (DELETE FROM runtime.topics WHERE product = 'cv' AND topic = ANY($1) RETURNING id)
             DELETE FROM runtime.log WHERE topic_id IN (SELECT id FROM gone)",
            &[&traces.topics],
        )
        .await?;
        db.execute(
            "WITH gone AS (DELETE FROM runtime.tasks WHERE product = 'cv' AND status NOT IN ('queued', 'running')
                AND (id = ANY($2) OR owner = $1) RETURNING id)
             DELETE FROM runtime.step_states WHERE task_id IN (SELECT id FROM gone)",
            &[&traces.user, &traces.tasks],
        )
        .await?;
        for sql in [
            // What administrators watch goes on without a hole in its numbers, and without whom it was about.
            "UPDATE runtime.log l
             SET data = replace((CASE WHEN l.data::jsonb ? 'recipient_email'
                                 THEN l.data::jsonb || '{\"recipient_email\": \"erased\", \"error\": null}'::jsonb
                                 ELSE l.data::jsonb END)::text, $1, 'erased')::json
             FROM runtime.topics t
             WHERE t.id = l.topic_id AND t.product = 'cv' AND t.topic LIKE 'admin:%' AND l.kind IS NOT NULL
               AND position($1 in l.data::text) > 0",
            "UPDATE runtime.log l
             SET data = (
                SELECT json_agg(CASE WHEN position($1 in e.event::text) = 0 THEN e.event ELSE replace(json_build_array(
                    e.event -> 0,
                    CASE WHEN (e.event -> 1)::jsonb ? 'recipient_email'
                    THEN (e.event -> 1)::jsonb || '{\"recipient_email\": \"erased\", \"error\": null}'::jsonb
                    ELSE (e.event -> 1)::jsonb END)::text, $1, 'erased')::json END ORDER BY e.place)
                FROM json_array_elements(l.data) WITH ORDINALITY AS e (event, place))
             FROM runtime.topics t
             WHERE t.id = l.topic_id AND t.product = 'cv' AND t.topic LIKE 'admin:%' AND l.kind IS NULL
               AND position($1 in l.data::text) > 0",
            "DELETE FROM runtime.calls WHERE product = 'cv' AND user_id = $1",
            "DELETE FROM runtime.refresh_tokens WHERE product = 'cv' AND user_id = $1",
            "DELETE FROM runtime.sessions WHERE product = 'cv' AND user_id = $1",
            "DELETE FROM runtime.journal WHERE product = 'cv' AND user_id = $1",
            "DELETE FROM runtime.turns WHERE product = 'cv' AND who = $1",
        ] {
            db.execute(sql, &[&traces.user]).await?;
        }
        Ok(StepOutput::default())
    }

    /// The task forgets whom it was about, too.
    async fn on_ended(&self, tx: &mut Tx<'_>, task: &TaskInfo, summary: &TaskSummary) -> DbResult<TaskEnd> {
        let error = summary.error.as_ref().map(|error| error.message.clone());
        if error.is_none() {
            let none = Traces { user: String::new(), topics: Vec::new(), tasks: Vec::new() };
            let none = serde_json::to_value(none).map_err(|error| DbError::Data(error.to_string()))?;
            let sql = "UPDATE runtime.tasks SET input = $2 WHERE id = $1";
            tx.later(sql, vec![Box::new(task.id.as_str().to_owned()), Box::new(none)]);
        }
        let status = if error.is_some() { TaskStatus::Failed } else { TaskStatus::Completed };
        Ok(TaskEnd { status, result: Value::Null, error, fields: Map::new() })
    }
}
