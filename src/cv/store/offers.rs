//! `job_offers`.

use super::{Reader, get, json, time, to_json, word};
use estafette_actors::{DbError, DbResult, Tx};
use estafette_protocol::cv::offer::{JobOffer, JobOfferContent};
use estafette_protocol::cv::status::OfferSourceType;
use tokio_postgres::Row;

const COLUMNS: &str =
    "id, source_type, source_value, content, extracted_at, extraction_model, tokens_used, created_at, updated_at";

fn offer(row: &Row) -> DbResult<JobOffer> {
    Ok(JobOffer {
        id: word(row, "id")?,
        source_type: word(row, "source_type")?,
        source_value: get(row, "source_value")?,
        content: json(row, "content")?.unwrap_or_default(),
        extracted_at: time(row, "extracted_at")?,
        extraction_model: get(row, "extraction_model")?,
        tokens_used: get(row, "tokens_used")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

/// A person's offer.
///
/// # Errors
/// [`DbError`], as every function here.
pub async fn by_id(db: &impl Reader, user: &str, id: &str) -> DbResult<Option<JobOffer>> {
    let sql = format!("SELECT {COLUMNS} FROM cv.job_offers WHERE id = $1 AND user_id = $2");
    db.row(&sql, &[&id, &user]).await?.as_ref().map(offer).transpose()
}

/// A person's offer of a source, by its hash first and then by its value (R16, D23).
///
/// # Errors
/// [`DbError`].
pub async fn by_source(
    db: &impl Reader,
    user: &str,
    value: Option<&str>,
    hash: Option<&str>,
) -> DbResult<Option<JobOffer>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM cv.job_offers WHERE user_id = $1 AND (source_value = $2 OR content_hash = $3)
         ORDER BY (content_hash IS NOT DISTINCT FROM $3) DESC LIMIT 1"
    );
    db.row(&sql, &[&user, &value, &hash]).await?.as_ref().map(offer).transpose()
}

/// A person's offers, the newest first.
///
/// # Errors
/// [`DbError`].
pub async fn list(db: &impl Reader, user: &str, after: Option<&str>, limit: i64) -> DbResult<Vec<JobOffer>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM cv.job_offers WHERE user_id = $1 AND ($2::text IS NULL OR (created_at, id) <
            (SELECT created_at, id FROM cv.job_offers WHERE id = $2 AND user_id = $1))
         ORDER BY created_at DESC, id DESC LIMIT $3"
    );
    db.rows(&sql, &[&user, &after, &limit]).await?.iter().map(offer).collect()
}

/// An offer to be stored.
#[derive(Debug, Clone)]
pub struct NewOffer<'a> {
    /// Where it came from.
    pub source_type: OfferSourceType,
    /// URL, file name, or `text:` and hash.
    pub source_value: &'a str,
    /// SHA-256 hex of the PDF or text.
    pub content_hash: Option<&'a str>,
    /// Its facts.
    pub content: &'a JobOfferContent,
    /// What read them.
    pub extraction_model: &'a str,
    /// Tokens that took.
    pub tokens_used: i32,
}

/// Stores an offer; one that somebody stored meanwhile stays (R16). Returns it and whether it is new.
///
/// # Errors
/// [`DbError`].
pub async fn insert(tx: &Tx<'_>, user: &str, new: &NewOffer<'_>) -> DbResult<(JobOffer, bool)> {
    let content = to_json(new.content)?;
    let sql = format!(
        "INSERT INTO cv.job_offers (id, user_id, source_type, source_value, content_hash, content,
            extraction_model, tokens_used)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING {COLUMNS}"
    );
    let inserted = tx
        .query_opt(
            &sql,
            &[
                &super::new_id(),
                &user,
                &new.source_type.as_str(),
                &new.source_value,
                &new.content_hash,
                &content,
                &new.extraction_model,
                &new.tokens_used,
            ],
        )
        .await?;
    if let Some(row) = &inserted {
        return Ok((offer(row)?, true));
    }
    let stored = by_source(tx, user, Some(new.source_value), new.content_hash).await?;
    stored.map(|offer| (offer, false)).ok_or_else(|| DbError::Data("an offer vanished".to_owned()))
}

/// Whether a person has an offer of this source value with another content (D23).
///
/// # Errors
/// [`DbError`].
pub async fn name_taken(db: &impl Reader, user: &str, value: &str, hash: &str) -> DbResult<bool> {
    let row = db
        .row(
            "SELECT 1 FROM cv.job_offers WHERE user_id = $1 AND source_value = $2 AND content_hash IS DISTINCT FROM $3",
            &[&user, &value, &hash],
        )
        .await?;
    Ok(row.is_some())
}

/// Deletes a person's offer; its CVs lose the reference (R17).
///
/// # Errors
/// [`DbError`].
pub async fn delete(tx: &Tx<'_>, user: &str, id: &str) -> DbResult<bool> {
    Ok(tx.execute("DELETE FROM cv.job_offers WHERE id = $1 AND user_id = $2", &[&id, &user]).await? == 1)
}
