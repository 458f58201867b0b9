//! `background_tasks`: the product's view of a task, written in the engine's commits (D29).

use super::{Reader, get, opt_time, opt_word, time, unsigned, word};
use crate::cv::model::status::TaskState;
use chrono::{DateTime, Utc};
use estafette_actors::db::Params;
use estafette_actors::{Additions, BulkRow, Column, DbResult, Tx, column};
use estafette_protocol::cv::http::TaskQuery;
use estafette_protocol::cv::task::TaskView;
use estafette_protocol::{TaskId, UserId};
use serde_json::Value;
use std::collections::HashMap;
use tokio_postgres::Row;

/// Tasks of a snapshot; more are read page by page.
pub const MAX_SNAPSHOT: i64 = 200;

const COLUMNS: &str = "b.id, b.type, b.title, b.status, coalesce(r.attempt, 1) AS attempt,
    CASE WHEN b.status = 'completed' THEN b.success_message END AS success_message, b.error,
    b.result, b.should_update_cv_list, b.cv_file, coalesce(g.source_cv_file_id, b.payload ->> 'cv_id') AS source_cv_id,
    b.device_id, b.user_id, b.credit_used, b.feature_name, g.mode, coalesce(g.total_offers, 0) AS total_offers,
    coalesce(g.completed_offers, 0) AS completed_offers,
    coalesce(g.credits_debited, (b.payload ->> 'credits_debited')::int, 0) AS credits_debited,
    coalesce(g.credits_refunded, (b.payload ->> 'credits_refunded')::int, 0) AS credits_refunded,
    to_timestamp(b.created_at / 1000.0) AS created, r.started_at, r.finished_at, b.updated_at";
const FROM: &str = "cv.background_tasks b LEFT JOIN cv.cv_generation_tasks g ON g.id = b.id
    LEFT JOIN runtime.tasks r ON r.id = b.id";

fn view(row: &Row) -> DbResult<TaskView> {
    Ok(TaskView {
        id: word(row, "id")?,
        kind: word(row, "type")?,
        title: get(row, "title")?,
        status: word(row, "status")?,
        attempt: unsigned(row, "attempt")?,
        success_message: get(row, "success_message")?,
        error: get(row, "error")?,
        result: get::<Option<Value>>(row, "result")?.unwrap_or(Value::Null),
        should_update_cv_list: get(row, "should_update_cv_list")?,
        cv_file: get(row, "cv_file")?,
        source_cv_id: opt_word(row, "source_cv_id")?,
        device_id: opt_word(row, "device_id")?,
        credit_used: get(row, "credit_used")?,
        feature_name: get(row, "feature_name")?,
        mode: opt_word(row, "mode")?,
        total_offers: unsigned(row, "total_offers")?,
        completed_offers: unsigned(row, "completed_offers")?,
        credits_debited: get(row, "credits_debited")?,
        credits_refunded: get(row, "credits_refunded")?,
        created_at: time(row, "created")?,
        started_at: opt_time(row, "started_at")?,
        completed_at: opt_time(row, "finished_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

/// Whose a task is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskOwner {
    /// The person; none for an anonymous device.
    pub user: Option<UserId>,
    /// Where it was started.
    pub device: String,
}

/// Whose a task is.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn owner(db: &impl Reader, id: &TaskId) -> DbResult<Option<TaskOwner>> {
    let row = db.row("SELECT user_id, device_id FROM cv.background_tasks WHERE id = $1", &[&id.as_str()]).await?;
    row.as_ref().map(whose).transpose()
}

/// Whose tasks are, of those that there are.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn owners(db: &impl Reader, ids: &[&str]) -> DbResult<HashMap<String, TaskOwner>> {
    let rows = db.rows("SELECT id, user_id, device_id FROM cv.background_tasks WHERE id = ANY($1)", &[&ids]).await?;
    rows.iter().map(|row| Ok((get(row, "id")?, whose(row)?))).collect()
}

fn whose(row: &Row) -> DbResult<TaskOwner> {
    Ok(TaskOwner { user: opt_word(row, "user_id")?, device: get(row, "device_id")? })
}

/// When a task was accepted.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn accepted_at(db: &impl Reader, id: &str) -> DbResult<Option<DateTime<Utc>>> {
    let sql = "SELECT to_timestamp(created_at / 1000.0) AS created FROM cv.background_tasks WHERE id = $1";
    db.row(sql, &[&id]).await?.as_ref().map(|row| get(row, "created")).transpose()
}

/// One task.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn by_id(db: &impl Reader, id: &str) -> DbResult<Option<TaskView>> {
    let row = db.row(&format!("SELECT {COLUMNS} FROM {FROM} WHERE b.id = $1"), &[&id]).await?;
    row.as_ref().map(view).transpose()
}

/// Tasks, in any order.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn by_ids(db: &impl Reader, ids: &[&str]) -> DbResult<Vec<TaskView>> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE b.id = ANY($1)");
    db.rows(&sql, &[&ids]).await?.iter().map(view).collect()
}

/// Tasks that have not ended: of a person, or (without person) of a device.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn open(db: &impl Reader, user: Option<&str>, device: &str) -> DbResult<Vec<TaskView>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE b.status IN ('queued', 'running')
            AND CASE WHEN $1::text IS NULL THEN b.user_id IS NULL AND b.device_id = $2 ELSE b.user_id = $1 END
         ORDER BY b.created_at DESC, b.id DESC LIMIT $3"
    );
    db.rows(&sql, &[&user, &device, &MAX_SNAPSHOT]).await?.iter().map(view).collect()
}

/// The last tasks of everybody, the newest first.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn newest(db: &impl Reader, limit: i64) -> DbResult<Vec<TaskView>> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} ORDER BY b.created_at DESC, b.id DESC LIMIT $1");
    db.rows(&sql, &[&limit]).await?.iter().map(view).collect()
}

/// Whose tasks are listed (R74).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    /// A person's.
    User(&'a str),
    /// Those of a device without a person.
    Device(&'a str),
}

/// The tasks of a person, or of a device without one, the newest first (R74).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn list(
    db: &impl Reader,
    whose: Whose<'_>,
    filter: &TaskQuery,
    generations_only: bool,
    after: Option<&str>,
    limit: i64,
) -> DbResult<Vec<TaskView>> {
    let id = match whose {
        Whose::User(id) | Whose::Device(id) => id,
    };
    let status = filter.status.map(|status| status.as_str());
    let kind = filter.kind.map(|kind| kind.as_str());
    let device = filter.device.as_ref().map(|device| device.as_str());
    let params: Params<'_> = &[&id, &status, &kind, &device, &after, &limit, &generations_only];
    db.rows(&list_sql(whose), params).await?.iter().map(view).collect()
}

fn list_sql(whose: Whose<'_>) -> String {
    let mine = match whose {
        Whose::User(_) => "b.user_id = $1",
        Whose::Device(_) => "b.device_id = $1 AND b.user_id IS NULL",
    };
    // A generation is of the task's owner: said again, so that Postgres may begin with the owner's generations, which are
    // far fewer than their tasks.
    format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE {mine}
            AND ($2::text IS NULL OR b.status = $2) AND ($3::text IS NULL OR b.type = $3)
            AND ($4::text IS NULL OR b.device_id = $4) AND (NOT $7 OR g.user_id = b.user_id)
            AND ($5::text IS NULL OR (b.created_at, b.id) <
                (SELECT b.created_at, b.id FROM cv.background_tasks b WHERE b.id = $5 AND {mine}))
         ORDER BY b.created_at DESC, b.id DESC LIMIT $6"
    )
}

/// A task to be recorded.
#[derive(Debug, Clone)]
pub struct NewBackgroundTask<'a> {
    /// Its id, the engine's as well.
    pub id: &'a str,
    /// For people.
    pub title: &'a str,
    /// For people, once completed.
    pub success_message: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// Whether its end changes the list of CVs.
    pub should_update_cv_list: bool,
    /// What it was asked for.
    pub payload: &'a Value,
    /// Where it was started.
    pub device: &'a str,
    /// Whose.
    pub user: Option<&'a str>,
    /// File name of the CV it works on.
    pub cv_file: Option<&'a str>,
    /// The feature whose units it takes.
    pub feature_name: Option<&'a str>,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

/// A task that is recorded.
struct Recorded {
    id: String,
    title: String,
    success_message: String,
    kind: &'static str,
    should_update_cv_list: bool,
    payload: Value,
    device: String,
    user: Option<String>,
    cv_file: Option<String>,
    feature_name: Option<String>,
    created_at: i64,
    state: TaskState,
    credit_used: bool,
    payment: Payment,
}

impl BulkRow for Recorded {
    const SQL: &'static str = "INSERT INTO cv.background_tasks (id, title, success_message, type, should_update_cv_list, payload,
            device_id, user_id, cv_file, feature_name, created_at, status, credit_used, credit_transaction_id,
            feature_counter_period_start)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::jsonb[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::bigint[], $12::text[], $13::bool[], $14::text[], $15::timestamptz[])";
    const AT_END: bool = true;
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.id.as_str()),
            column(rows, |row| row.title.as_str()),
            column(rows, |row| row.success_message.as_str()),
            column(rows, |row| row.kind),
            column(rows, |row| row.should_update_cv_list),
            column(rows, |row| &row.payload),
            column(rows, |row| row.device.as_str()),
            column(rows, |row| row.user.as_deref()),
            column(rows, |row| row.cv_file.as_deref()),
            column(rows, |row| row.feature_name.as_deref()),
            column(rows, |row| row.created_at),
            column(rows, |row| row.state.as_str()),
            column(rows, |row| row.credit_used),
            column(rows, |row| row.payment.transaction.as_deref()),
            column(rows, |row| row.payment.period_start),
        ]
    }
    fn about(&self) -> Option<String> {
        Some(format!("task {}", self.id))
    }
}

/// Adds a task with an id that was made just now. Written with the end of the unit: what the unit says
/// of it meanwhile ([`set_payment`], [`move_to`]) is in its row.
pub fn add(unit: &Additions, task: &NewBackgroundTask<'_>, kind: &'static str) {
    unit.put(Recorded {
        id: task.id.to_owned(),
        title: task.title.to_owned(),
        success_message: task.success_message.to_owned(),
        kind,
        should_update_cv_list: task.should_update_cv_list,
        payload: task.payload.clone(),
        device: task.device.to_owned(),
        user: task.user.map(str::to_owned),
        cv_file: task.cv_file.map(str::to_owned),
        feature_name: task.feature_name.map(str::to_owned),
        created_at: task.created_at,
        state: TaskState::Queued,
        credit_used: false,
        payment: Payment::default(),
    });
}

/// Inserts a task. `false`: the id exists.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn insert(tx: &Tx<'_>, task: &NewBackgroundTask<'_>) -> DbResult<bool> {
    let inserted = tx
        .execute(
            "INSERT INTO cv.background_tasks (id, title, success_message, type, should_update_cv_list, payload,
                device_id, user_id, cv_file, feature_name, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING",
            &[
                &task.id,
                &task.title,
                &task.success_message,
                &task.kind,
                &task.should_update_cv_list,
                &task.payload,
                &task.device,
                &task.user,
                &task.cv_file,
                &task.feature_name,
                &task.created_at,
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// How a task was paid, or paid once more when it is tried again. `transaction` only where one debit paid for
/// all (D13).
pub fn set_payment(
    tx: &Tx<'_>,
    id: &str,
    credits_debited: i32,
    transaction: Option<&str>,
    period_start: Option<DateTime<Utc>>,
) {
    let payment = Payment { transaction: transaction.map(str::to_owned), period_start };
    let mut recorded = false;
    tx.amend(|row: &mut Recorded| {
        if row.id == id {
            if let Some(payload) = row.payload.as_object_mut() {
                payload.insert("credits_debited".to_owned(), credits_debited.into());
            }
            row.credit_used = credits_debited > 0;
            row.payment = payment.clone();
            recorded = true;
        }
    });
    if recorded {
        return;
    }
    tx.later(
        "UPDATE cv.background_tasks SET credit_used = credit_used OR $2 > 0, credit_transaction_id = $3,
            feature_counter_period_start = $4, updated_at = now(),
            payload = coalesce(payload, '{}'::jsonb) || jsonb_build_object('credits_debited',
                coalesce((payload ->> 'credits_debited')::int, 0) + $2)
         WHERE id = $1",
        vec![
            Box::new(id.to_owned()),
            Box::new(credits_debited),
            Box::new(payment.transaction),
            Box::new(payment.period_start),
        ],
    );
}

/// Adds to what was given back.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn add_refund(tx: &Tx<'_>, id: &str, credits: i32) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.background_tasks SET payload = coalesce(payload, '{}'::jsonb) || jsonb_build_object(
            'credits_refunded', coalesce((payload ->> 'credits_refunded')::int, 0) + $2) WHERE id = $1",
        &[&id, &credits],
    )
    .await?;
    Ok(())
}

/// How a task was paid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payment {
    /// The debit, where one paid for all.
    pub transaction: Option<String>,
    /// The period whose counter was debited.
    pub period_start: Option<DateTime<Utc>>,
}

/// How a task was paid.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn payment(db: &impl Reader, id: &str) -> DbResult<Option<Payment>> {
    let row = db
        .row(
            "SELECT credit_transaction_id, feature_counter_period_start FROM cv.background_tasks WHERE id = $1",
            &[&id],
        )
        .await?;
    row.as_ref()
        .map(|row| {
            Ok(Payment {
                transaction: get(row, "credit_transaction_id")?,
                period_start: get(row, "feature_counter_period_start")?,
            })
        })
        .transpose()
}

/// A task that moves.
struct TaskMove {
    id: String,
    to: TaskState,
    error: Option<String>,
    result: Option<Value>,
}

impl BulkRow for TaskMove {
    const SQL: &'static str = "UPDATE cv.background_tasks b SET status = c.status, error = c.error, result = c.result, updated_at = now()
        FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::text[]) AS c (id, status, error, result, sources)
        WHERE b.id = c.id AND (b.status = ANY(string_to_array(c.sources, ',')) OR b.status = c.status)";
    const AT_END: bool = true;
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.id.as_str()),
            column(rows, |row| row.to.as_str()),
            column(rows, |row| row.error.as_deref()),
            column(rows, |row| row.result.as_ref()),
            column(rows, |row| row.to.sources().join(",")),
        ]
    }
    fn about(&self) -> Option<String> {
        Some(format!("task {}", self.id))
    }
}

/// Moves a task, and the generation of the same id along (section 2: it mirrors), unless it is in a state from which it
/// may not go there. Written with the end of the unit, or when that is settled.
pub fn move_to(tx: &Tx<'_>, id: &str, to: TaskState, error: Option<&str>, result: Option<&Value>) {
    // One that begins with the unit that records it is recorded as it then is.
    let mut recorded = false;
    if error.is_none() && result.is_none() {
        tx.amend(|row: &mut Recorded| {
            if row.id == id && to.sources().contains(&row.state.as_str()) {
                row.state = to;
                recorded = true;
            }
        });
    }
    if !recorded {
        tx.put(TaskMove { id: id.to_owned(), to, error: error.map(str::to_owned), result: result.cloned() });
    }
}

/// Why a CV is busy: a task that is not terminal has it as source or target (R20).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn busy_with(db: &impl Reader, user: &str, cv: &str, filename: &str) -> DbResult<Option<TaskId>> {
    let row = db
        .row(
            "SELECT b.id FROM cv.background_tasks b LEFT JOIN cv.cv_generation_tasks g ON g.id = b.id
             WHERE b.user_id = $1 AND b.status IN ('queued', 'running')
               AND (g.source_cv_file_id = $2 OR b.payload ->> 'cv_id' = $2 OR b.cv_file = $3
                    OR EXISTS (SELECT 1 FROM cv.cv_generation_offers o
                               WHERE o.task_id = b.id AND o.generated_cv_file_id = $2))
             LIMIT 1",
            &[&user, &cv, &filename],
        )
        .await?;
    row.as_ref().map(|row| word(row, "id")).transpose()
}

/// A task that is not terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTask {
    /// Its id.
    pub id: TaskId,
    /// The offer that its payload names (a score).
    pub job_offer: Option<String>,
}

/// The open task of a kind on a CV (R36; one improve-cv per CV).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn open_of_kind(db: &impl Reader, user: &str, kind: &str, cv: &str) -> DbResult<Option<OpenTask>> {
    let row = db
        .row(
            "SELECT id, payload ->> 'job_offer_id' AS job_offer FROM cv.background_tasks WHERE user_id = $1 AND type = $2 AND status IN ('queued', 'running')
               AND payload ->> 'cv_id' = $3 LIMIT 1",
            &[&user, &kind, &cv],
        )
        .await?;
    row.as_ref().map(|row| Ok(OpenTask { id: word(row, "id")?, job_offer: get(row, "job_offer")? })).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How Postgres reads a list of somebody's.
    async fn plan(generations_only: bool) -> String {
        let database = crate::testing::database().await;
        let none: Option<&str> = None;
        let params: Params<'_> = &[&"somebody", &none, &none, &none, &none, &51_i64, &generations_only];
        crate::testing::plan(&database.db(), &list_sql(Whose::User("somebody")), params).await.unwrap()
    }

    #[tokio::test]
    async fn the_tasks_of_a_person_are_read_in_the_order_of_their_index() {
        let plan = plan(false).await;
        assert!(plan.contains("background_tasks_user_id_created_at_id_idx") && !plan.contains("Sort"), "{plan}");
    }

    #[tokio::test]
    async fn a_list_of_generations_may_begin_with_those_of_the_person() {
        let plan = plan(true).await;
        assert!(plan.contains("cv_generation_tasks_user_id_created_at_idx"), "{plan}");
    }
}
