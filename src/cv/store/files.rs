//! `cv_files`.

use super::{Reader, get, json, opt_time, opt_word, time, to_json, unsigned, word};
use crate::cv::billing::rules::blocking::Stored;
use crate::cv::model::status::{OptimiseState, ScoreState as ScoreMachine};
use estafette_actors::{DbResult, Tx};
use estafette_protocol::cv::change::Change;
use estafette_protocol::cv::file::{CvFile, CvSummary};
use estafette_protocol::cv::score::ScoreState;
use estafette_protocol::cv::status::{CreatedBy, SourceType};
use estafette_protocol::{Timestamp, UserId};
use serde_json::Value;
use tokio_postgres::Row;

/// CVs of one page.
pub const MAX_PAGE: i64 = 100;
/// CVs in the snapshot of a person; more are read page by page.
pub const MAX_SNAPSHOT: i64 = 500;

const SUMMARY: &str = "id, user_id, filename, concat_ws(' — ', nullif(content #>> '{basics,name}', ''),
    nullif(content #>> '{basics,label}', '')) AS title, content_version, content_rev, source_type, source_value,
    job_offer_id, created_by, original_created_by, language, is_translated, match_score, score_before,
    match_score_status, optimise_status, optimise_updated_at, created_with_credit, blocked, blocked_at, blocked_reason,
    created_at, updated_at, (SELECT count(*) FROM jsonb_array_elements(coalesce(pending_changes, '[]'::jsonb)) c
                 WHERE c ->> 'status' = 'pending')::int AS pending_count";

const SCORE: &str = "match_score_updated_at, score_breakdown, improvement_suggestions, missing_skills, matching_skills";

const DETAIL: &str = "content, pending_changes, pending_source_version, credit_used_at, credit_transaction_id";

/// A CV with its owner.
#[derive(Debug, Clone, PartialEq)]
pub struct CvRow {
    /// Whose.
    pub user: UserId,
    /// The CV.
    pub file: CvFile,
}

/// A CV without its document and what is open in it: all that most events tell.
#[derive(Debug, Clone, PartialEq)]
pub struct CvHead {
    /// Whose.
    pub user: UserId,
    /// Its row in lists.
    pub summary: CvSummary,
    /// Its score.
    pub score: ScoreState,
    /// When its optimisation moved last.
    pub optimise_updated_at: Option<Timestamp>,
}

/// What events tell of a CV.
pub trait Told {
    /// Whose it is.
    fn user(&self) -> &UserId;
    /// Its row in lists.
    fn summary(&self) -> &CvSummary;
    /// Its score.
    fn score(&self) -> &ScoreState;
    /// When its optimisation moved last.
    fn optimise_updated_at(&self) -> Option<Timestamp>;
}

impl Told for CvRow {
    fn user(&self) -> &UserId {
        &self.user
    }
    fn summary(&self) -> &CvSummary {
        &self.file.summary
    }
    fn score(&self) -> &ScoreState {
        &self.file.score
    }
    fn optimise_updated_at(&self) -> Option<Timestamp> {
        self.file.optimise_updated_at
    }
}

impl Told for CvHead {
    fn user(&self) -> &UserId {
        &self.user
    }
    fn summary(&self) -> &CvSummary {
        &self.summary
    }
    fn score(&self) -> &ScoreState {
        &self.score
    }
    fn optimise_updated_at(&self) -> Option<Timestamp> {
        self.optimise_updated_at
    }
}

impl CvRow {
    /// Where its score stands.
    pub fn score_state(&self) -> ScoreMachine {
        self.file.summary.match_score_status.as_str().parse().unwrap_or(ScoreMachine::Idle)
    }
    /// Where its optimisation stands.
    pub fn optimise_state(&self) -> OptimiseState {
        self.file.summary.optimise_status.as_str().parse().unwrap_or(OptimiseState::Idle)
    }
}

fn summary(row: &Row) -> DbResult<CvSummary> {
    Ok(CvSummary {
        id: word(row, "id")?,
        filename: get(row, "filename")?,
        title: get::<Option<String>>(row, "title")?.filter(|title| !title.is_empty()),
        content_version: get(row, "content_version")?,
        content_rev: get(row, "content_rev")?,
        source_type: opt_word(row, "source_type")?,
        source_value: get(row, "source_value")?,
        job_offer_id: opt_word(row, "job_offer_id")?,
        created_by: opt_word(row, "created_by")?,
        original_created_by: opt_word(row, "original_created_by")?,
        language: get(row, "language")?,
        is_translated: get(row, "is_translated")?,
        match_score: get(row, "match_score")?,
        score_before: get(row, "score_before")?,
        match_score_status: word(row, "match_score_status")?,
        optimise_status: word(row, "optimise_status")?,
        pending_count: unsigned(row, "pending_count")?,
        created_with_credit: get(row, "created_with_credit")?,
        blocked: get(row, "blocked")?,
        blocked_at: opt_time(row, "blocked_at")?,
        blocked_reason: get(row, "blocked_reason")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

fn head(row: &Row) -> DbResult<CvHead> {
    let summary = summary(row)?;
    let score = ScoreState {
        score: summary.match_score,
        before: summary.score_before,
        status: summary.match_score_status,
        breakdown: json(row, "score_breakdown")?,
        missing_skills: json(row, "missing_skills")?.unwrap_or_default(),
        matching_skills: json(row, "matching_skills")?.unwrap_or_default(),
        suggestions: json(row, "improvement_suggestions")?.unwrap_or_default(),
        updated_at: opt_time(row, "match_score_updated_at")?,
    };
    let optimise_updated_at = opt_time(row, "optimise_updated_at")?;
    Ok(CvHead { user: word(row, "user_id")?, summary, score, optimise_updated_at })
}

fn cv_row(row: &Row) -> DbResult<CvRow> {
    let CvHead { user, summary, score, optimise_updated_at } = head(row)?;
    Ok(CvRow {
        user,
        file: CvFile {
            score,
            content: get::<Option<Value>>(row, "content")?.unwrap_or(Value::Null),
            optimise_updated_at,
            pending_changes: json(row, "pending_changes")?.unwrap_or_default(),
            pending_source_version: get(row, "pending_source_version")?,
            credit_used_at: opt_time(row, "credit_used_at")?,
            credit_transaction_id: opt_word(row, "credit_transaction_id")?,
            summary,
        },
    })
}

/// One CV.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn by_id(db: &impl Reader, id: &str) -> DbResult<Option<CvRow>> {
    let row = db.row(&format!("SELECT {SUMMARY}, {SCORE}, {DETAIL} FROM cv.cv_files WHERE id = $1"), &[&id]).await?;
    row.as_ref().map(cv_row).transpose()
}

/// The CV that was made for an offer of a generation.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn made_for(db: &impl Reader, offer: &str) -> DbResult<Option<CvRow>> {
    let sql = format!(
        "SELECT {SUMMARY}, {SCORE}, {DETAIL} FROM cv.cv_files
         WHERE id = (SELECT generated_cv_file_id FROM cv.cv_generation_offers WHERE id = $1)"
    );
    db.row(&sql, &[&offer]).await?.as_ref().map(cv_row).transpose()
}

/// One CV, locked until the unit's end.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn lock(tx: &Tx<'_>, id: &str) -> DbResult<Option<CvRow>> {
    let sql = format!("SELECT {SUMMARY}, {SCORE}, {DETAIL} FROM cv.cv_files WHERE id = $1 FOR UPDATE");
    let row = tx.row(&sql, &[&id]).await?;
    row.as_ref().map(cv_row).transpose()
}

/// The owner of a CV.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn owner(db: &impl Reader, id: &str) -> DbResult<Option<UserId>> {
    let row = db.row("SELECT user_id FROM cv.cv_files WHERE id = $1", &[&id]).await?;
    row.as_ref().map(|row| word(row, "user_id")).transpose()
}

/// The id of a person's CV of a name (R10: unique).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn id_by_name(db: &impl Reader, user: &str, filename: &str) -> DbResult<Option<String>> {
    let row = db.row("SELECT id FROM cv.cv_files WHERE user_id = $1 AND filename = $2", &[&user, &filename]).await?;
    row.as_ref().map(|row| get(row, "id")).transpose()
}

/// A person's CVs without content, the newest first; after the CV `after`, if given.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn list(db: &impl Reader, user: &str, after: Option<&str>, limit: i64) -> DbResult<Vec<CvSummary>> {
    let sql = format!(
        "SELECT {SUMMARY} FROM cv.cv_files WHERE user_id = $1 AND ($2::text IS NULL OR (created_at, id) <
            (SELECT created_at, id FROM cv.cv_files WHERE id = $2 AND user_id = $1))
         ORDER BY created_at DESC, id DESC LIMIT $3"
    );
    db.rows(&sql, &[&user, &after, &limit]).await?.iter().map(summary).collect()
}

/// Number of a person's CVs.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn count(db: &impl Reader, user: &str) -> DbResult<i64> {
    let row = db.row("SELECT count(*) AS n FROM cv.cv_files WHERE user_id = $1", &[&user]).await?;
    row.as_ref().map_or(Ok(0), |row| get(row, "n"))
}

/// What a new CV starts with.
#[derive(Debug, Clone)]
pub struct NewCv<'a> {
    /// Its id.
    pub id: &'a str,
    /// Whose.
    pub user: &'a str,
    /// Its name, unique per person.
    pub filename: &'a str,
    /// The document.
    pub content: &'a Value,
    /// 1; 2 for an adaptation, whose version 1 is the source (R26).
    pub content_version: i32,
    /// What it came from.
    pub source_type: SourceType,
    /// URL, file name or job title.
    pub source_value: Option<&'a str>,
    /// The offer it is for.
    pub job_offer_id: Option<&'a str>,
    /// How it was made.
    pub created_by: Option<CreatedBy>,
    /// ISO 639-1.
    pub language: Option<&'a str>,
    /// Changes under review.
    pub pending: Option<&'a [Change]>,
    /// The version that they are shown against.
    pub pending_source_version: Option<i32>,
    /// The debit that paid for it (R47).
    pub credit_transaction_id: Option<&'a str>,
}

/// Inserts a CV. `None`: the name is taken.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn insert(tx: &Tx<'_>, cv: &NewCv<'_>) -> DbResult<Option<CvHead>> {
    let pending = cv.pending.map(to_json).transpose()?;
    let source_type = cv.source_type.as_str();
    let created_by = cv.created_by.map(CreatedBy::as_str);
    let sql = format!(
        "INSERT INTO cv.cv_files (id, user_id, filename, content, content_version, source_type, source_value,
                job_offer_id, created_by, language, pending_changes, pending_source_version, created_with_credit,
                credit_used_at, credit_transaction_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::text IS NOT NULL,
                CASE WHEN $13::text IS NULL THEN NULL ELSE now() END, $13)
             ON CONFLICT (user_id, filename) DO NOTHING RETURNING {SUMMARY}, {SCORE}"
    );
    let inserted = tx
        .query_opt(
            &sql,
            &[
                &cv.id,
                &cv.user,
                &cv.filename,
                &cv.content,
                &cv.content_version,
                &source_type,
                &cv.source_value,
                &cv.job_offer_id,
                &created_by,
                &cv.language,
                &pending,
                &cv.pending_source_version,
                &cv.credit_transaction_id,
            ],
        )
        .await?;
    inserted.as_ref().map(head).transpose()
}

/// R14: what tells a translation from other CVs.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn mark_translated(tx: &Tx<'_>, id: &str, original: Option<CreatedBy>) -> DbResult<CvHead> {
    let sql = format!(
        "UPDATE cv.cv_files SET is_translated = true, original_created_by = $2 WHERE id = $1 RETURNING {SUMMARY}, {SCORE}"
    );
    head(&tx.query_one(&sql, &[&id, &original.map(CreatedBy::as_str)]).await?)
}

/// Stores a content with its revision, version and open changes. The score of an older content is shown as outdated
/// (section 2: done, failed → idle).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_content(
    tx: &Tx<'_>,
    id: &str,
    content: &Value,
    rev: i64,
    version: i32,
    pending: Option<&[Change]>,
    pending_source_version: Option<i32>,
) -> DbResult<()> {
    let pending = pending.map(to_json).transpose()?;
    tx.execute(
        "UPDATE cv.cv_files SET content = $2, content_rev = $3, content_version = $4, pending_changes = $5,
            pending_source_version = $6, updated_at = now(),
            match_score_status = CASE WHEN content IS DISTINCT FROM $2 AND match_score_status IN ('done', 'failed')
                                      THEN 'idle' ELSE match_score_status END
         WHERE id = $1",
        &[&id, &content, &rev, &version, &pending, &pending_source_version],
    )
    .await?;
    Ok(())
}

/// Moves the optimisation. `None`: it is not in a state from which it may go there.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn move_optimise(tx: &Tx<'_>, id: &str, to: OptimiseState) -> DbResult<Option<CvHead>> {
    let sql = format!(
        "UPDATE cv.cv_files SET optimise_status = $2, optimise_updated_at = now(), updated_at = now()
         WHERE id = $1 AND optimise_status = ANY($3) RETURNING {SUMMARY}, {SCORE}"
    );
    tx.query_opt(&sql, &[&id, &to.as_str(), &to.sources()]).await?.as_ref().map(head).transpose()
}

/// Moves the score. `None`: it is not in a state from which it may go there.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn move_score(tx: &Tx<'_>, id: &str, to: ScoreMachine) -> DbResult<Option<CvHead>> {
    let sql = format!(
        "UPDATE cv.cv_files SET match_score_status = $2, updated_at = now()
         WHERE id = $1 AND match_score_status = ANY($3) RETURNING {SUMMARY}, {SCORE}"
    );
    tx.query_opt(&sql, &[&id, &to.as_str(), &to.sources()]).await?.as_ref().map(head).transpose()
}

/// Stores a score of the content that had revision `rev`: outdated, where it was edited meanwhile. A score before that is
/// kept already stays. The newest version keeps the score too (R25: each row keeps its scores). `None`: the CV is gone.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_score(tx: &Tx<'_>, id: &str, score: &ScoreState, rev: i64) -> DbResult<Option<CvHead>> {
    let breakdown = score.breakdown.map(|breakdown| to_json(&breakdown)).transpose()?;
    let (missing, matching) = (to_json(&score.missing_skills)?, to_json(&score.matching_skills)?);
    let suggestions = to_json(&score.suggestions)?;
    let at = score.updated_at.map(Timestamp::to_chrono);
    let status = score.status.as_str();
    let outdated = ScoreMachine::Idle.as_str();
    let sql = format!(
        "UPDATE cv.cv_files SET match_score = $2, match_score_status = CASE WHEN content_rev = $10 THEN $3 ELSE $11 END,
            score_breakdown = $4, missing_skills = $5, matching_skills = $6, improvement_suggestions = $7,
            match_score_updated_at = $8, score_before = coalesce(score_before, $9), updated_at = now()
         WHERE id = $1 RETURNING {SUMMARY}, {SCORE}"
    );
    let row = tx
        .query_opt(
            &sql,
            &[
                &id,
                &score.score,
                &status,
                &breakdown,
                &missing,
                &matching,
                &suggestions,
                &at,
                &score.before,
                &rev,
                &outdated,
            ],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    tx.execute(
        "UPDATE cv.cv_versions v SET match_score = $2, score_breakdown = $3, missing_skills = $4, matching_skills = $5,
            improvement_suggestions = $6
         FROM cv.cv_files f WHERE f.id = $1 AND v.cv_file_id = f.id AND v.version = f.content_version",
        &[&id, &score.score, &breakdown, &missing, &matching, &suggestions],
    )
    .await?;
    head(&row).map(Some)
}

/// R33: the score before an optimisation.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn keep_score_before(tx: &Tx<'_>, id: &str) -> DbResult<()> {
    tx.execute("UPDATE cv.cv_files SET score_before = match_score WHERE id = $1", &[&id]).await?;
    Ok(())
}

/// A person's CVs as blocking sees them (R52), locked until the unit's end.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn lock_stored(tx: &Tx<'_>, user: &str) -> DbResult<Vec<Stored>> {
    let sql =
        "SELECT id, created_with_credit, updated_at, CASE WHEN blocked THEN coalesce(blocked_reason, '') END AS reason
               FROM cv.cv_files WHERE user_id = $1 ORDER BY id FOR UPDATE";
    let rows = tx.query(sql, &[&user]).await?;
    rows.iter()
        .map(|row| {
            Ok(Stored {
                id: get(row, "id")?,
                created_with_credit: get(row, "created_with_credit")?,
                updated_at: get(row, "updated_at")?,
                blocked: get(row, "reason")?,
            })
        })
        .collect()
}

/// Whether a CV of a person is blocked for this reason.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn blocked_because(db: &impl Reader, user: &str, reason: &str) -> DbResult<bool> {
    let sql = "SELECT 1 FROM cv.cv_files WHERE user_id = $1 AND blocked AND blocked_reason = $2 LIMIT 1";
    Ok(db.row(sql, &[&user, &reason]).await?.is_some())
}

/// Blocks a CV for a reason, or sets it free. Its place among the most recently changed stays (R52).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_blocked(tx: &Tx<'_>, id: &str, reason: Option<&str>) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.cv_files SET blocked = $2::text IS NOT NULL, blocked_reason = $2,
            blocked_at = CASE WHEN $2::text IS NULL THEN NULL ELSE now() END WHERE id = $1",
        &[&id, &reason],
    )
    .await?;
    Ok(())
}

/// Renames. Fails on `cv_files_user_id_filename_key` when the name is taken.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn rename(tx: &Tx<'_>, id: &str, filename: &str) -> DbResult<()> {
    tx.execute("UPDATE cv.cv_files SET filename = $2, updated_at = now() WHERE id = $1", &[&id, &filename]).await?;
    Ok(())
}

/// Sets the offer; a score of another offer is outdated (section 2).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_offer(tx: &Tx<'_>, id: &str, offer: Option<&str>) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.cv_files SET job_offer_id = $2, updated_at = now(),
            match_score_status = CASE WHEN job_offer_id IS DISTINCT FROM $2 AND match_score_status IN ('done', 'failed')
                                      THEN 'idle' ELSE match_score_status END
         WHERE id = $1",
        &[&id, &offer],
    )
    .await?;
    Ok(())
}

/// Deletes a CV with its versions.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn delete(tx: &Tx<'_>, id: &str) -> DbResult<()> {
    tx.execute("DELETE FROM cv.cv_files WHERE id = $1", &[&id]).await?;
    Ok(())
}
