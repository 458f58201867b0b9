//! `cv_generation_tasks`, `cv_generation_offers`, `cv_generation_subtasks`.

use super::{Reader, get, opt_word, to_json, unsigned, word};
use crate::cv::model::status::{GenerationState, OfferState, SubtaskState};
use chrono::{DateTime, Utc};
use estafette_actors::{BulkRow, Column, DbResult, Tx, column};
use estafette_protocol::cv::ids::JobOfferId;
use estafette_protocol::cv::status::{GenerationMode, OfferSourceType};
use estafette_protocol::cv::task::{GenerationOffer, StepReport};
use serde_json::Value;
use std::collections::HashMap;
use tokio_postgres::Row;

/// What is read of an offer, and from where.
const OFFER: &str =
    "o.id, o.task_id, o.offer_index, o.status, o.source_url, o.job_offer_id, j.content ->> 'title' AS title,
    j.content ->> 'company' AS company, o.generated_cv_file_id, o.generated_cv_file_name, o.retry_count, o.error,
    o.credits_refunded
    FROM cv.cv_generation_offers o LEFT JOIN cv.job_offers j ON j.id = o.job_offer_id";

/// A new generation.
#[derive(Debug, Clone, Copy)]
pub struct NewGeneration<'a> {
    /// The background task's id.
    pub id: &'a str,
    /// Whose.
    pub user: &'a str,
    /// The CV that it works from.
    pub source: &'a str,
    /// New CVs, or changes in place.
    pub mode: GenerationMode,
    /// Its offers.
    pub offers: i32,
    /// Credits taken.
    pub credits_debited: i32,
}

/// Adds a generation. Written with the other rows of the unit.
pub fn insert(tx: &Tx<'_>, new: &NewGeneration<'_>) {
    tx.later(
        "INSERT INTO cv.cv_generation_tasks (id, user_id, source_cv_file_id, mode, total_offers, credits_debited)
         VALUES ($1, $2, $3, $4, $5, $6)",
        vec![
            Box::new(new.id.to_owned()),
            Box::new(new.user.to_owned()),
            Box::new(new.source.to_owned()),
            Box::new(new.mode.as_str()),
            Box::new(new.offers),
            Box::new(new.credits_debited),
        ],
    );
}

/// Adds to the debits.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn add_debits(tx: &Tx<'_>, id: &str, credits: i32) -> DbResult<()> {
    tx.later(
        "UPDATE cv.cv_generation_tasks SET credits_debited = credits_debited + $2 WHERE id = $1",
        vec![Box::new(id.to_owned()), Box::new(credits)],
    );
    Ok(())
}

/// A generation that moves.
struct GenerationMove {
    id: String,
    to: GenerationState,
    error: Option<String>,
}

impl BulkRow for GenerationMove {
    const SQL: &'static str =
        "UPDATE cv.cv_generation_tasks g SET status = c.status, error = c.error, updated_at = now(),
            started_at = CASE WHEN c.status = 'running' THEN coalesce(g.started_at, now()) ELSE g.started_at END,
            completed_at = CASE WHEN c.status IN ('completed', 'failed', 'cancelled') THEN now() END
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS c (id, status, error, sources)
        WHERE g.id = c.id AND (g.status = ANY(string_to_array(c.sources, ',')) OR g.status = c.status)";
    const AT_END: bool = true;
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.id.as_str()),
            column(rows, |row| row.to.as_str()),
            column(rows, |row| row.error.as_deref()),
            column(rows, |row| row.to.sources().join(",")),
        ]
    }
    fn about(&self) -> Option<String> {
        Some(format!("generation {}", self.id))
    }
}

/// Moves a generation; its instants follow. Written with the end of the unit.
pub fn move_to(tx: &Tx<'_>, id: &str, to: GenerationState, error: Option<&str>) {
    tx.put(GenerationMove { id: id.to_owned(), to, error: error.map(str::to_owned) });
}

/// The counts of a generation, for events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Credits taken.
    pub credits_debited: i32,
    /// Credits given back.
    pub credits_refunded: i32,
    /// Offers in state completed.
    pub completed_offers: u32,
    /// Offers in all.
    pub total_offers: u32,
}

/// The counts of a generation; none for other kinds of task.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn counts(db: &impl Reader, id: &str) -> DbResult<Option<Counts>> {
    let row = db
        .row(
            "SELECT credits_debited, credits_refunded, completed_offers, total_offers FROM cv.cv_generation_tasks
             WHERE id = $1",
            &[&id],
        )
        .await?;
    row.as_ref()
        .map(|row| {
            Ok(Counts {
                credits_debited: get(row, "credits_debited")?,
                credits_refunded: get(row, "credits_refunded")?,
                completed_offers: unsigned(row, "completed_offers")?,
                total_offers: unsigned(row, "total_offers")?,
            })
        })
        .transpose()
}

/// An offer that a generation begins with. Written with the other rows of the unit.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Its id.
    pub id: String,
    /// The generation.
    pub task: String,
    /// Its lane.
    pub index: i32,
    /// The page that it is read from.
    pub source_url: Option<String>,
    /// The offer, where it was read before.
    pub job_offer: Option<String>,
    /// Its debit; none: the monthly allowance.
    pub transaction: Option<String>,
}

impl BulkRow for NewRun {
    const SQL: &'static str =
        "INSERT INTO cv.cv_generation_offers (id, task_id, offer_index, source_url, job_offer_id, credit_transaction_id)
        SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[])";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.id.as_str()),
            column(rows, |row| row.task.as_str()),
            column(rows, |row| row.index),
            column(rows, |row| row.source_url.as_deref()),
            column(rows, |row| row.job_offer.as_deref()),
            column(rows, |row| row.transaction.as_deref()),
        ]
    }
}

/// The offers of a generation by index.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn offers(db: &impl Reader, task: &str) -> DbResult<Vec<GenerationOffer>> {
    let sql = format!("SELECT {OFFER} WHERE o.task_id = $1 ORDER BY o.offer_index");
    db.rows(&sql, &[&task]).await?.iter().map(offer).collect()
}

/// The offers of generations, by the ids of their tasks, each by index.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn offers_of(db: &impl Reader, tasks: &[&str]) -> DbResult<HashMap<String, Vec<GenerationOffer>>> {
    let sql = format!("SELECT {OFFER} WHERE o.task_id = ANY($1) ORDER BY o.task_id, o.offer_index");
    let mut found: HashMap<String, Vec<GenerationOffer>> = HashMap::new();
    for row in db.rows(&sql, &[&tasks]).await? {
        found.entry(get(&row, "task_id")?).or_default().push(offer(&row)?);
    }
    Ok(found)
}

fn offer(row: &Row) -> DbResult<GenerationOffer> {
    Ok(GenerationOffer {
        id: word(row, "id")?,
        offer_index: unsigned(row, "offer_index")?,
        status: word(row, "status")?,
        source_url: get(row, "source_url")?,
        job_offer_id: opt_word(row, "job_offer_id")?,
        title: get(row, "title")?,
        company: get(row, "company")?,
        generated_cv_file_id: opt_word(row, "generated_cv_file_id")?,
        generated_cv_file_name: get(row, "generated_cv_file_name")?,
        retry_count: unsigned(row, "retry_count")?,
        error: get(row, "error")?,
        credits_refunded: get(row, "credits_refunded")?,
    })
}

/// Moves an offer. `false`: not in a state from which it may go there.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn move_offer(tx: &Tx<'_>, id: &str, to: OfferState, error: Option<&str>) -> DbResult<bool> {
    let moved = tx
        .execute(
            "UPDATE cv.cv_generation_offers SET status = $2, error = $3, updated_at = now()
             WHERE id = $1 AND status = ANY($4)",
            &[&id, &to.as_str(), &error, &to.sources()],
        )
        .await?;
    Ok(moved == 1)
}

/// How far an offer has come.
enum Progress {
    /// Its task runs, and it has to be read first (unless it was, before a retry).
    ToBeRead,
    /// Its task runs, and there is nothing to be read.
    Known,
    /// It is being read.
    Extracting,
    /// It was read.
    Read(String),
    /// The CV was held against it.
    Classified(Value),
}

/// An offer that comes a step further.
struct Further {
    offer: String,
    progress: Progress,
}

impl Further {
    /// The state that it comes to, and those that it may come from.
    fn moves(&self) -> Option<(OfferState, Vec<&'static str>)> {
        match self.progress {
            // With the task starts what waits for it.
            Progress::ToBeRead | Progress::Known => Some((OfferState::Running, vec![OfferState::Pending.as_str()])),
            Progress::Read(_) => Some((OfferState::Running, OfferState::Running.sources())),
            Progress::Extracting => Some((OfferState::Extracting, OfferState::Extracting.sources())),
            Progress::Classified(_) => None,
        }
    }
}

impl BulkRow for Further {
    const SQL: &'static str = "UPDATE cv.cv_generation_offers o SET
            job_offer_id = coalesce(c.job_offer, o.job_offer_id),
            classification_result = coalesce(c.classification, o.classification_result),
            status = CASE WHEN o.status = ANY(string_to_array(c.sources, ',')) THEN c.status ELSE o.status END,
            error = CASE WHEN o.status = ANY(string_to_array(c.sources, ',')) THEN NULL ELSE o.error END,
            updated_at = now()
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::bool[])
            AS c (id, status, sources, job_offer, classification, to_be_read)
        WHERE o.id = c.id AND NOT (c.to_be_read AND o.job_offer_id IS NULL)
            AND (c.job_offer IS NOT NULL OR c.classification IS NOT NULL OR o.status = ANY(string_to_array(c.sources, ',')))";
    const AT_END: bool = true;
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.offer.as_str()),
            column(rows, |row| row.moves().map(|(to, _)| to.as_str())),
            column(rows, |row| row.moves().map(|(_, sources)| sources.join(","))),
            column(rows, |row| match &row.progress {
                Progress::Read(job_offer) => Some(job_offer.as_str()),
                _ => None,
            }),
            column(rows, |row| match &row.progress {
                Progress::Classified(found) => Some(found),
                _ => None,
            }),
            column(rows, |row| matches!(row.progress, Progress::ToBeRead)),
        ]
    }
    fn about(&self) -> Option<String> {
        Some(format!("offer {}", self.offer))
    }
}

fn further(tx: &Tx<'_>, offer: &str, progress: Progress) {
    tx.put(Further { offer: offer.to_owned(), progress });
}

/// The task runs: an offer whose source is known runs with it (section 2). After a retry that is so as well. Written with
/// the end of the unit, as all that brings an offer further.
pub fn start_offer(tx: &Tx<'_>, id: &str, needs_extraction: bool) {
    further(tx, id, if needs_extraction { Progress::ToBeRead } else { Progress::Known });
}

/// An offer is being read now.
pub fn extracting(tx: &Tx<'_>, id: &str) {
    further(tx, id, Progress::Extracting);
}

/// An offer was read: its CV is being made.
pub fn was_read(tx: &Tx<'_>, id: &str, job_offer: &str) {
    further(tx, id, Progress::Read(job_offer.to_owned()));
}

/// What classification found.
pub fn set_classification(tx: &Tx<'_>, id: &str, classification: &Value) {
    further(tx, id, Progress::Classified(classification.clone()));
}

/// What an offer's effects need to know of it.
#[derive(Debug, Clone)]
pub struct Run {
    /// The offer that was read.
    pub job_offer_id: Option<JobOfferId>,
    /// The page that it was to be read from.
    pub source_url: Option<String>,
    /// The CV that was made for it.
    pub generated_cv_file_id: Option<String>,
    /// Its debit; none: the monthly allowance.
    pub debit: Option<String>,
    /// Where the offer came from, as long as it is kept (R17).
    pub source: Option<(OfferSourceType, String)>,
    /// When its task was accepted.
    pub accepted_at: DateTime<Utc>,
}

/// An offer of a generation.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn run(db: &impl Reader, offer: &str) -> DbResult<Option<Run>> {
    let row = db
        .row(
            "SELECT o.job_offer_id, o.source_url, o.generated_cv_file_id, o.credit_transaction_id, j.source_type,
                j.source_value, to_timestamp(b.created_at / 1000.0) AS accepted_at
             FROM cv.cv_generation_offers o JOIN cv.background_tasks b ON b.id = o.task_id
                LEFT JOIN cv.job_offers j ON j.id = o.job_offer_id
             WHERE o.id = $1",
            &[&offer],
        )
        .await?;
    row.as_ref()
        .map(|row| {
            Ok(Run {
                job_offer_id: opt_word(row, "job_offer_id")?,
                source_url: get(row, "source_url")?,
                generated_cv_file_id: get(row, "generated_cv_file_id")?,
                debit: get(row, "credit_transaction_id")?,
                source: opt_word(row, "source_type")?.zip(get(row, "source_value")?),
                accepted_at: get(row, "accepted_at")?,
            })
        })
        .transpose()
}

/// An offer is completed: its CV is stored, and the generation counts it.
///
/// # Errors
/// [`estafette_actors::DbError`]; [`estafette_actors::DbError::Data`] when it is not running: a defect.
pub async fn complete_offer(
    tx: &Tx<'_>,
    id: &str,
    task: &str,
    batch_results: &Value,
    cv: &str,
    filename: &str,
) -> DbResult<()> {
    let to = OfferState::Completed;
    let moved = tx
        .execute(
            "UPDATE cv.cv_generation_offers SET status = $2, batch_results = $3, generated_cv_file_id = $4,
                generated_cv_file_name = $5, error = NULL, updated_at = now()
             WHERE id = $1 AND status = ANY($6)",
            &[&id, &to.as_str(), &batch_results, &cv, &filename, &to.sources()],
        )
        .await?;
    if moved != 1 {
        return Err(estafette_actors::DbError::Data(format!("offer {id} is completed but was not running")));
    }
    tx.later(
        "UPDATE cv.cv_generation_tasks SET completed_offers = completed_offers + 1, updated_at = now() WHERE id = $1",
        vec![Box::new(task.to_owned())],
    );
    Ok(())
}

/// An offer whose unit is to be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrefunded {
    /// Its debit; none: the monthly allowance.
    pub transaction: Option<String>,
    /// Retries so far.
    pub retry_count: u32,
}

/// Marks an offer as refunded. `None`: it was before (R46: exactly once).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn take_refund(tx: &Tx<'_>, id: &str) -> DbResult<Option<Unrefunded>> {
    let row = tx
        .query_opt(
            "UPDATE cv.cv_generation_offers SET credits_refunded = true, updated_at = now()
             WHERE id = $1 AND NOT credits_refunded RETURNING credit_transaction_id, retry_count",
            &[&id],
        )
        .await?;
    row.as_ref()
        .map(|row| {
            Ok(Unrefunded {
                transaction: get(row, "credit_transaction_id")?,
                retry_count: unsigned(row, "retry_count")?,
            })
        })
        .transpose()
}

/// Adds to what was given back.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn add_refunds(tx: &Tx<'_>, id: &str, credits: i32) -> DbResult<()> {
    if credits > 0 {
        tx.execute(
            "UPDATE cv.cv_generation_tasks SET credits_refunded = credits_refunded + $2 WHERE id = $1",
            &[&id, &credits],
        )
        .await?;
    }
    Ok(())
}

/// A failed offer is tried again, with a new debit (section 2).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn retry_offer(tx: &Tx<'_>, id: &str, transaction: Option<&str>) -> DbResult<()> {
    // What this unit said of it before comes first.
    tx.settle();
    let to = OfferState::Pending;
    tx.execute(
        "UPDATE cv.cv_generation_offers SET status = $2, error = NULL, retry_count = retry_count + 1,
            credits_refunded = false, credit_transaction_id = $3, updated_at = now()
         WHERE id = $1 AND status = ANY($4)",
        &[&id, &to.as_str(), &transaction, &to.sources()],
    )
    .await?;
    tx.execute(
        "UPDATE cv.cv_generation_subtasks SET status = 'pending', error = NULL, updated_at = now()
         WHERE offer_id = $1 AND status IN ('failed', 'cancelled')",
        &[&id],
    )
    .await?;
    Ok(())
}

/// A subtask that is recorded.
struct NewSubtask {
    id: String,
    offer: String,
    kind: String,
    item: Option<i32>,
    input: Option<Value>,
}

impl BulkRow for NewSubtask {
    const SQL: &'static str = "INSERT INTO cv.cv_generation_subtasks (id, offer_id, type, item_index, input)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::jsonb[])
        ON CONFLICT (offer_id, type, coalesce(item_index, -1)) DO NOTHING";
    const AT_END: bool = true;
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.id.as_str()),
            column(rows, |row| row.offer.as_str()),
            column(rows, |row| row.kind.as_str()),
            column(rows, |row| row.item),
            column(rows, |row| row.input.as_ref()),
        ]
    }
    fn about(&self) -> Option<String> {
        Some(about(&self.offer, &self.kind, self.item))
    }
}

fn about(offer: &str, kind: &str, item: Option<i32>) -> String {
    format!("subtask {offer} {kind} {}", item.unwrap_or(-1))
}

/// Subtasks to be recorded: kind, item index, input. Written with the end of the unit, as all that is said of a subtask.
pub fn insert_subtasks(tx: &Tx<'_>, offer: &str, rows: Vec<(String, Option<i32>, Option<Value>)>) {
    for (kind, item, input) in rows {
        tx.put(NewSubtask { id: super::new_id(), offer: offer.to_owned(), kind, item, input });
    }
}

/// The input of a subtask (the text of an offer that was pasted).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn subtask_input(db: &impl Reader, offer: &str, kind: &str) -> DbResult<Option<Value>> {
    let row = db
        .row("SELECT input FROM cv.cv_generation_subtasks WHERE offer_id = $1 AND type = $2", &[&offer, &kind])
        .await?;
    row.as_ref().map_or(Ok(None), |row| get(row, "input"))
}

/// A subtask's place: offer, kind, item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubtaskKey<'a> {
    /// `cv_generation_offers.id`.
    pub offer: &'a str,
    /// The kind of step.
    pub kind: &'a str,
    /// The experience or project.
    pub item: Option<i32>,
}

impl SubtaskKey<'_> {
    fn about(&self) -> String {
        about(self.offer, self.kind, self.item)
    }
}

/// A subtask that moves.
struct SubtaskMove {
    offer: String,
    kind: String,
    item: Option<i32>,
    to: SubtaskState,
    error: Option<String>,
    about: String,
}

impl BulkRow for SubtaskMove {
    const SQL: &'static str =
        "UPDATE cv.cv_generation_subtasks s SET status = c.status, error = c.error, updated_at = now(),
            retry_count = s.retry_count
                + CASE WHEN c.status = 'pending' OR (s.status = 'running' AND c.status = 'running') THEN 1 ELSE 0 END
        FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[])
            AS c (offer_id, type, item, status, error, sources)
        WHERE s.offer_id = c.offer_id AND s.type = c.type AND coalesce(s.item_index, -1) = coalesce(c.item, -1)
            AND (s.status = ANY(string_to_array(c.sources, ',')) OR s.status = c.status)";
    const AT_END: bool = true;
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.offer.as_str()),
            column(rows, |row| row.kind.as_str()),
            column(rows, |row| row.item),
            column(rows, |row| row.to.as_str()),
            column(rows, |row| row.error.as_deref()),
            column(rows, |row| row.to.sources().join(",")),
        ]
    }
    fn about(&self) -> Option<String> {
        Some(self.about.clone())
    }
}

/// Moves a subtask; a return to pending counts as a retry. A lost lease may leave it running when its next attempt
/// begins, so running may become running.
pub fn move_subtask(tx: &Tx<'_>, key: SubtaskKey<'_>, to: SubtaskState, error: Option<&str>) {
    tx.put(SubtaskMove {
        offer: key.offer.to_owned(),
        kind: key.kind.to_owned(),
        item: key.item,
        to,
        error: error.map(str::to_owned),
        about: key.about(),
    });
}

/// A subtask that is done.
struct SubtaskDone {
    offer: String,
    kind: String,
    item: Option<i32>,
    output: Option<Value>,
    modifications: Option<Value>,
    report: StepReport,
    duration_ms: Option<i32>,
    about: String,
}

fn tokens(count: Option<u32>) -> i32 {
    i32::try_from(count.unwrap_or(0)).unwrap_or(i32::MAX)
}

impl BulkRow for SubtaskDone {
    const SQL: &'static str = "UPDATE cv.cv_generation_subtasks s SET status = 'completed', output = c.output,
            modifications = c.modifications, model_used = c.model, prompt_tokens = c.prompt, cached_tokens = c.cached,
            completion_tokens = c.completion, estimated_cost = c.cost::numeric(14, 6), duration_ms = c.duration, error = NULL,
            updated_at = now()
        FROM unnest($1::text[], $2::text[], $3::int[], $4::jsonb[], $5::jsonb[], $6::text[], $7::int[], $8::int[], $9::int[],
            $10::double precision[], $11::int[])
            AS c (offer_id, type, item, output, modifications, model, prompt, cached, completion, cost, duration)
        WHERE s.offer_id = c.offer_id AND s.type = c.type AND coalesce(s.item_index, -1) = coalesce(c.item, -1)
            AND s.status <> 'completed'";
    const AT_END: bool = true;
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.offer.as_str()),
            column(rows, |row| row.kind.as_str()),
            column(rows, |row| row.item),
            column(rows, |row| row.output.as_ref()),
            column(rows, |row| row.modifications.as_ref()),
            column(rows, |row| row.report.model_used.as_deref()),
            column(rows, |row| tokens(row.report.prompt_tokens)),
            column(rows, |row| tokens(row.report.cached_tokens)),
            column(rows, |row| tokens(row.report.completion_tokens)),
            column(rows, |row| row.report.estimated_cost.unwrap_or(0.0)),
            column(rows, |row| row.duration_ms),
        ]
    }
    fn about(&self) -> Option<String> {
        Some(self.about.clone())
    }
}

/// A subtask is done.
///
/// # Errors
/// [`estafette_actors::DbError::Data`]: a defect.
pub fn complete_subtask(
    tx: &Tx<'_>,
    key: SubtaskKey<'_>,
    output: Option<&Value>,
    report: &StepReport,
    duration_ms: Option<i32>,
) -> DbResult<()> {
    tx.put(SubtaskDone {
        offer: key.offer.to_owned(),
        kind: key.kind.to_owned(),
        item: key.item,
        output: output.cloned(),
        modifications: report.modifications.as_ref().map(to_json).transpose()?,
        report: report.clone(),
        duration_ms,
        about: key.about(),
    });
    Ok(())
}

/// The open subtasks of an offer end with it.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn cancel_subtasks(tx: &Tx<'_>, offer: &str) -> DbResult<()> {
    // What this unit said of them before comes first.
    tx.settle();
    tx.execute(
        "UPDATE cv.cv_generation_subtasks SET status = 'cancelled', updated_at = now()
         WHERE offer_id = $1 AND status IN ('pending', 'running')",
        &[&offer],
    )
    .await?;
    Ok(())
}
