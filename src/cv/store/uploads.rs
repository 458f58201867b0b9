//! `uploads`.

use super::{Reader, get, time, unsigned, word};
use estafette_actors::{DbResult, Tx};
use estafette_protocol::cv::http::Upload;
use estafette_protocol::cv::status::UploadKind;
use tokio_postgres::Row;

/// How long an upload waits for a task, and stays after the task's end (G12).
pub const KEPT_HOURS: i32 = 24;

fn upload(row: &Row) -> DbResult<Upload> {
    Ok(Upload {
        id: word(row, "id")?,
        kind: word(row, "kind")?,
        filename: get(row, "filename")?,
        mime_type: get(row, "mime_type")?,
        size_bytes: unsigned(row, "size_bytes")?,
        sha256: get(row, "sha256")?,
        expires_at: time(row, "expires_at")?,
    })
}

const COLUMNS: &str = "id, kind, filename, mime_type, size_bytes, sha256, expires_at";

/// A person's upload that has not expired.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn by_id(db: &impl Reader, user: &str, id: &str) -> DbResult<Option<Upload>> {
    let sql = format!("SELECT {COLUMNS} FROM cv.uploads WHERE id = $1 AND user_id = $2 AND expires_at > now()");
    db.row(&sql, &[&id, &user]).await?.as_ref().map(upload).transpose()
}

/// A person's upload of a kind with these bytes, that has not expired.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn by_hash(db: &impl Reader, user: &str, kind: UploadKind, sha256: &str) -> DbResult<Option<Upload>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM cv.uploads WHERE user_id = $1 AND kind = $2 AND sha256 = $3 AND expires_at > now()
         ORDER BY created_at DESC LIMIT 1"
    );
    db.row(&sql, &[&user, &kind.as_str(), &sha256]).await?.as_ref().map(upload).transpose()
}

/// The bytes of a person's upload.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn bytes(db: &impl Reader, user: &str, id: &str) -> DbResult<Option<Vec<u8>>> {
    let row = db.row("SELECT bytes FROM cv.uploads WHERE id = $1 AND user_id = $2", &[&id, &user]).await?;
    row.as_ref().map(|row| get(row, "bytes")).transpose()
}

/// Stores a file.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn insert(tx: &Tx<'_>, user: &str, file: &Upload, bytes: &[u8]) -> DbResult<()> {
    tx.execute(
        "INSERT INTO cv.uploads (id, user_id, kind, filename, mime_type, size_bytes, sha256, bytes, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            &file.id.as_str(),
            &user,
            &file.kind.as_str(),
            &file.filename,
            &file.mime_type,
            &i32::try_from(file.size_bytes).unwrap_or(i32::MAX),
            &file.sha256,
            &bytes,
            &file.expires_at.to_chrono(),
        ],
    )
    .await?;
    Ok(())
}

/// Keeps uploads for another day from now: a task uses them, or has just ended (G12).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn keep(tx: &Tx<'_>, user: &str, ids: &[String]) -> DbResult<()> {
    if !ids.is_empty() {
        tx.execute(
            "UPDATE cv.uploads SET expires_at = now() + make_interval(hours => $3) WHERE user_id = $1 AND id = ANY($2)",
            &[&user, &ids, &KEPT_HOURS],
        )
        .await?;
    }
    Ok(())
}

/// Drops an upload that nobody needs any more.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn delete(tx: &Tx<'_>, user: &str, id: &str) -> DbResult<()> {
    tx.execute("DELETE FROM cv.uploads WHERE user_id = $1 AND id = $2", &[&user, &id]).await?;
    Ok(())
}

/// Files that a person has waiting.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn count(db: &impl Reader, user: &str) -> DbResult<i64> {
    let sql = "SELECT count(*) AS n FROM cv.uploads WHERE user_id = $1 AND expires_at > now()";
    db.row(sql, &[&user]).await?.as_ref().map_or(Ok(0), |row| get(row, "n"))
}
