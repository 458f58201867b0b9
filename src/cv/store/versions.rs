//! `cv_versions`.

use super::{Reader, get, opt_word, time, word};
use estafette_actors::{BulkRow, Column, DbResult, Tx, column};
use estafette_protocol::cv::file::{CvVersion, CvVersionSummary};
use estafette_protocol::cv::status::ChangeType;
use serde_json::Value;
use tokio_postgres::Row;

const SUMMARY: &str = "id, version, changelog, change_type, source_file, match_score, created_at";

fn summary(row: &Row) -> DbResult<CvVersionSummary> {
    Ok(CvVersionSummary {
        id: word(row, "id")?,
        version: get(row, "version")?,
        changelog: get(row, "changelog")?,
        change_type: opt_word(row, "change_type")?,
        source_file: get(row, "source_file")?,
        match_score: get(row, "match_score")?,
        created_at: time(row, "created_at")?,
    })
}

/// The kept versions of a CV, the newest first. Their number is bounded by `cv_max_versions`.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn list(db: &impl Reader, cv: &str) -> DbResult<Vec<CvVersionSummary>> {
    let sql = format!("SELECT {SUMMARY} FROM cv.cv_versions WHERE cv_file_id = $1 ORDER BY version DESC");
    db.rows(&sql, &[&cv]).await?.iter().map(summary).collect()
}

/// One version.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn one(db: &impl Reader, cv: &str, version: i32) -> DbResult<Option<CvVersion>> {
    let sql = format!("SELECT {SUMMARY}, content FROM cv.cv_versions WHERE cv_file_id = $1 AND version = $2");
    let row = db.row(&sql, &[&cv, &version]).await?;
    row.as_ref().map(|row| Ok(CvVersion { summary: summary(row)?, content: get(row, "content")? })).transpose()
}

/// The numbers of the kept versions, ascending.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn numbers(db: &impl Reader, cv: &str) -> DbResult<Vec<i32>> {
    let rows = db.rows("SELECT version FROM cv.cv_versions WHERE cv_file_id = $1 ORDER BY version", &[&cv]).await?;
    rows.iter().map(|row| get(row, "version")).collect()
}

/// Saves the current state of a CV under a number, with its scores; a row of that number gets the content and scores of
/// now, so that manual edits are not lost (R25).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn save_current(tx: &Tx<'_>, cv: &str, version: i32) -> DbResult<()> {
    tx.execute(
        "INSERT INTO cv.cv_versions (id, cv_file_id, version, content, match_score, score_breakdown,
            improvement_suggestions, missing_skills, matching_skills)
         SELECT $2, id, $3, coalesce(content, '{}'::jsonb), match_score, score_breakdown, improvement_suggestions,
            missing_skills, matching_skills
         FROM cv.cv_files WHERE id = $1
         ON CONFLICT (cv_file_id, version) DO UPDATE SET content = excluded.content,
            match_score = excluded.match_score, score_breakdown = excluded.score_breakdown,
            improvement_suggestions = excluded.improvement_suggestions, missing_skills = excluded.missing_skills,
            matching_skills = excluded.matching_skills",
        &[&cv, &super::new_id(), &version],
    )
    .await?;
    Ok(())
}

/// A version to be kept.
#[derive(Debug, Clone)]
pub struct NewVersion<'a> {
    /// Its number.
    pub version: i32,
    /// The document.
    pub content: &'a Value,
    /// What changed, for people.
    pub changelog: Option<&'a str>,
    /// What made it.
    pub change_type: Option<ChangeType>,
    /// For an adaptation: the source's file name.
    pub source_file: Option<&'a str>,
}

/// A version that is kept.
struct Kept {
    cv: String,
    version: i32,
    content: Value,
    changelog: Option<String>,
    change_type: Option<ChangeType>,
    source_file: Option<String>,
}

impl BulkRow for Kept {
    const SQL: &'static str =
        "INSERT INTO cv.cv_versions (id, cv_file_id, version, content, changelog, change_type, source_file)
        SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::jsonb[], $5::text[], $6::text[], $7::text[])";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |_| super::new_id()),
            column(rows, |row| row.cv.as_str()),
            column(rows, |row| row.version),
            column(rows, |row| &row.content),
            column(rows, |row| row.changelog.as_deref()),
            column(rows, |row| row.change_type.map(ChangeType::as_str)),
            column(rows, |row| row.source_file.as_deref()),
        ]
    }
}

/// Inserts a version. Written with the other rows of the unit.
pub fn insert(tx: &Tx<'_>, cv: &str, version: &NewVersion<'_>) {
    tx.put(Kept {
        cv: cv.to_owned(),
        version: version.version,
        content: version.content.clone(),
        changelog: version.changelog.map(str::to_owned),
        change_type: version.change_type,
        source_file: version.source_file.map(str::to_owned),
    });
}

/// R30: the newest version gets the final content.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_newest_content(tx: &Tx<'_>, cv: &str, content: &Value) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.cv_versions SET content = $2
         WHERE cv_file_id = $1 AND version = (SELECT max(version) FROM cv.cv_versions WHERE cv_file_id = $1)",
        &[&cv, &content],
    )
    .await?;
    Ok(())
}

/// Drops versions (R27).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn delete(tx: &Tx<'_>, cv: &str, versions: &[i32]) -> DbResult<()> {
    if !versions.is_empty() {
        tx.execute("DELETE FROM cv.cv_versions WHERE cv_file_id = $1 AND version = ANY($2)", &[&cv, &versions]).await?;
    }
    Ok(())
}
