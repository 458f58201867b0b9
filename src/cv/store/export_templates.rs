//! `export_templates`.

use super::{Reader, get, time, to_json, word};
use estafette_actors::{DbError, DbResult, Tx};
use estafette_protocol::cv::call::{ExportTemplate, SectionChoice};
use estafette_protocol::cv::status::ExportDesign;
use std::collections::BTreeMap;
use tokio_postgres::Row;

const COLUMNS: &str = "id, name, design, selections, created_at, updated_at";

fn template(row: &Row) -> DbResult<ExportTemplate> {
    let selections: serde_json::Value = get(row, "selections")?;
    Ok(ExportTemplate {
        id: word(row, "id")?,
        name: get(row, "name")?,
        design: word(row, "design")?,
        selections: serde_json::from_value(selections).map_err(|error| DbError::Data(error.to_string()))?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

/// A person's template.
///
/// # Errors
/// [`DbError`], as every function here.
pub async fn by_id(db: &impl Reader, user: &str, id: &str) -> DbResult<Option<ExportTemplate>> {
    let sql = format!("SELECT {COLUMNS} FROM cv.export_templates WHERE id = $1 AND user_id = $2");
    db.row(&sql, &[&id, &user]).await?.as_ref().map(template).transpose()
}

/// A person's templates, the newest first; after the template `after`, if given.
///
/// # Errors
/// [`DbError`].
pub async fn list(db: &impl Reader, user: &str, after: Option<&str>, limit: i64) -> DbResult<Vec<ExportTemplate>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM cv.export_templates WHERE user_id = $1 AND ($2::text IS NULL OR (created_at, id) <
            (SELECT created_at, id FROM cv.export_templates WHERE id = $2 AND user_id = $1))
         ORDER BY created_at DESC, id DESC LIMIT $3"
    );
    db.rows(&sql, &[&user, &after, &limit]).await?.iter().map(template).collect()
}

/// How many a person has.
///
/// # Errors
/// [`DbError`].
pub async fn count(db: &impl Reader, user: &str) -> DbResult<i64> {
    let row = db.row("SELECT count(*) AS n FROM cv.export_templates WHERE user_id = $1", &[&user]).await?;
    row.as_ref().map_or(Ok(0), |row| get(row, "n"))
}

/// Inserts a template. `false`: the name is taken (R21).
///
/// # Errors
/// [`DbError`].
pub async fn insert(
    tx: &Tx<'_>,
    id: &str,
    user: &str,
    name: &str,
    design: ExportDesign,
    selections: &BTreeMap<String, SectionChoice>,
) -> DbResult<bool> {
    let inserted = tx
        .execute(
            "INSERT INTO cv.export_templates (id, user_id, name, design, selections) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (user_id, name) DO NOTHING",
            &[&id, &user, &name, &design.as_str(), &to_json(selections)?],
        )
        .await?;
    Ok(inserted == 1)
}

/// Whether another template of the person has the name (R21).
///
/// # Errors
/// [`DbError`].
pub async fn name_taken(db: &impl Reader, user: &str, name: &str, but: &str) -> DbResult<bool> {
    let sql = "SELECT 1 FROM cv.export_templates WHERE user_id = $1 AND name = $2 AND id <> $3";
    Ok(db.row(sql, &[&user, &name, &but]).await?.is_some())
}

/// Stores a template's new state.
///
/// # Errors
/// [`DbError`].
pub async fn update(tx: &Tx<'_>, template: &ExportTemplate) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.export_templates SET name = $2, design = $3, selections = $4, updated_at = now() WHERE id = $1",
        &[&template.id.as_str(), &template.name, &template.design.as_str(), &to_json(&template.selections)?],
    )
    .await?;
    Ok(())
}

/// Deletes a template.
///
/// # Errors
/// [`DbError`].
pub async fn delete(tx: &Tx<'_>, id: &str) -> DbResult<()> {
    tx.execute("DELETE FROM cv.export_templates WHERE id = $1", &[&id]).await?;
    Ok(())
}
