//! `cv_generation_tasks`, `cv_generation_offers`, `cv_generation_subtasks`.

use super::{Reader, get, opt_word, to_json, unsigned, word};
use crate::cv::model::status::{GenerationState, OfferState, SubtaskState};
use estafette_actors::{DbResult, Tx};
use estafette_protocol::cv::task::{GenerationOffer, StepReport};
use serde_json::Value;

/// A new generation. `id` is the background task's.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn insert(tx: &Tx<'_>, id: &str, user: &str, source: &str, mode: &str, offers: i32) -> DbResult<()> {
    tx.execute(
        "INSERT INTO cv.cv_generation_tasks (id, user_id, source_cv_file_id, mode, total_offers)
         VALUES ($1, $2, $3, $4, $5)",
        &[&id, &user, &source, &mode, &offers],
    )
    .await?;
    Ok(())
}

/// Adds to the debits.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn add_debits(tx: &Tx<'_>, id: &str, credits: i32) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.cv_generation_tasks SET credits_debited = credits_debited + $2 WHERE id = $1",
        &[&id, &credits],
    )
    .await?;
    Ok(())
}

/// Moves a generation; its instants follow.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn move_to(tx: &Tx<'_>, id: &str, to: GenerationState, error: Option<&str>) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.cv_generation_tasks SET status = $2, error = $3, updated_at = now(),
            started_at = CASE WHEN $2 = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
            completed_at = CASE WHEN $2 IN ('completed', 'failed', 'cancelled') THEN now() END
         WHERE id = $1 AND (status = ANY($4) OR status = $2)",
        &[&id, &to.as_str(), &error, &to.sources()],
    )
    .await?;
    Ok(())
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

/// A new offer of a generation.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn insert_offer(
    tx: &Tx<'_>,
    id: &str,
    task: &str,
    index: i32,
    source_url: Option<&str>,
    job_offer: Option<&str>,
    transaction: Option<&str>,
) -> DbResult<()> {
    tx.execute(
        "INSERT INTO cv.cv_generation_offers (id, task_id, offer_index, source_url, job_offer_id, credit_transaction_id)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[&id, &task, &index, &source_url, &job_offer, &transaction],
    )
    .await?;
    Ok(())
}

/// The offers of a generation by index.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn offers(db: &impl Reader, task: &str) -> DbResult<Vec<GenerationOffer>> {
    let rows = db
        .rows(
            "SELECT o.id, o.offer_index, o.status, o.source_url, o.job_offer_id, j.content ->> 'title' AS title,
                j.content ->> 'company' AS company, o.generated_cv_file_id, o.generated_cv_file_name, o.retry_count,
                o.error, o.credits_refunded
             FROM cv.cv_generation_offers o LEFT JOIN cv.job_offers j ON j.id = o.job_offer_id
             WHERE o.task_id = $1 ORDER BY o.offer_index",
            &[&task],
        )
        .await?;
    rows.iter()
        .map(|row| {
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
        })
        .collect()
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

/// The task runs: offers whose source is known run with it (section 2). After a retry that is so as well.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn start_offers(tx: &Tx<'_>, task: &str) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.cv_generation_offers o SET status = 'running', updated_at = now()
         WHERE o.task_id = $1 AND o.status = 'pending' AND (o.job_offer_id IS NOT NULL OR NOT EXISTS
            (SELECT 1 FROM cv.cv_generation_subtasks s WHERE s.offer_id = o.id AND s.type = 'extract'))",
        &[&task],
    )
    .await?;
    Ok(())
}

/// An offer's source is known now.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_job_offer(tx: &Tx<'_>, id: &str, job_offer: &str) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.cv_generation_offers SET job_offer_id = $2, updated_at = now() WHERE id = $1",
        &[&id, &job_offer],
    )
    .await?;
    Ok(())
}

/// What classification found.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_classification(tx: &Tx<'_>, id: &str, classification: &Value) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.cv_generation_offers SET classification_result = $2, updated_at = now() WHERE id = $1",
        &[&id, &classification],
    )
    .await?;
    Ok(())
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
    tx.execute(
        "UPDATE cv.cv_generation_tasks SET completed_offers = completed_offers + 1, updated_at = now() WHERE id = $1",
        &[&task],
    )
    .await?;
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

/// Subtasks to be recorded: kind, item index, input.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn insert_subtasks(tx: &Tx<'_>, offer: &str, rows: &[(String, Option<i32>, Option<Value>)]) -> DbResult<()> {
    let ids: Vec<String> = rows.iter().map(|_| super::new_id()).collect();
    let kinds: Vec<&str> = rows.iter().map(|(kind, _, _)| kind.as_str()).collect();
    let items: Vec<Option<i32>> = rows.iter().map(|(_, item, _)| *item).collect();
    let inputs: Vec<&Option<Value>> = rows.iter().map(|(_, _, input)| input).collect();
    tx.execute(
        "INSERT INTO cv.cv_generation_subtasks (id, offer_id, type, item_index, input)
         SELECT id, $1, type, item, input FROM unnest($2::text[], $3::text[], $4::int[], $5::jsonb[])
            AS t (id, type, item, input)
         ON CONFLICT (offer_id, type, coalesce(item_index, -1)) DO NOTHING",
        &[&offer, &ids, &kinds, &items, &inputs],
    )
    .await?;
    Ok(())
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

/// Moves a subtask; a return to pending counts as a retry. A lost lease may leave it running when its next attempt
/// begins, so running may become running.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn move_subtask(tx: &Tx<'_>, key: SubtaskKey<'_>, to: SubtaskState, error: Option<&str>) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.cv_generation_subtasks SET status = $4, error = $5, updated_at = now(),
            retry_count = retry_count + CASE WHEN $4 = 'pending' OR (status = 'running' AND $4 = 'running') THEN 1 ELSE 0 END
         WHERE offer_id = $1 AND type = $2 AND coalesce(item_index, -1) = coalesce($3, -1)
           AND (status = ANY($6) OR status = $4)",
        &[&key.offer, &key.kind, &key.item, &to.as_str(), &error, &to.sources()],
    )
    .await?;
    Ok(())
}

/// A subtask is done.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn complete_subtask(
    tx: &Tx<'_>,
    key: SubtaskKey<'_>,
    output: Option<&Value>,
    report: &StepReport,
    duration_ms: Option<i32>,
) -> DbResult<()> {
    let modifications = report.modifications.as_ref().map(to_json).transpose()?;
    let tokens = |count: Option<u32>| i32::try_from(count.unwrap_or(0)).unwrap_or(i32::MAX);
    tx.execute(
        "UPDATE cv.cv_generation_subtasks SET status = 'completed', output = $4, modifications = $5, model_used = $6,
            prompt_tokens = $7, cached_tokens = $8, completion_tokens = $9,
            estimated_cost = $10::double precision::numeric(14, 6), duration_ms = $11, error = NULL, updated_at = now()
         WHERE offer_id = $1 AND type = $2 AND coalesce(item_index, -1) = coalesce($3, -1) AND status <> 'completed'",
        &[
            &key.offer,
            &key.kind,
            &key.item,
            &output,
            &modifications,
            &report.model_used,
            &tokens(report.prompt_tokens),
            &tokens(report.cached_tokens),
            &tokens(report.completion_tokens),
            &report.estimated_cost.unwrap_or(0.0),
            &duration_ms,
        ],
    )
    .await?;
    Ok(())
}

/// The open subtasks of an offer end with it.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn cancel_subtasks(tx: &Tx<'_>, offer: &str) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.cv_generation_subtasks SET status = 'cancelled', updated_at = now()
         WHERE offer_id = $1 AND status IN ('pending', 'running')",
        &[&offer],
    )
    .await?;
    Ok(())
}

/// The debit of an offer; none: the monthly allowance.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn debit_of(db: &impl Reader, offer: &str) -> DbResult<Option<String>> {
    let row = db.row("SELECT credit_transaction_id FROM cv.cv_generation_offers WHERE id = $1", &[&offer]).await?;
    row.as_ref().map_or(Ok(None), |row| get(row, "credit_transaction_id"))
}
