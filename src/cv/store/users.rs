//! `users`.

use super::{Reader, get, opt_time, opt_word, time, word};
use estafette_actors::{BulkRow, Column, DbResult, Tx, column};
use estafette_protocol::UserId;
use estafette_protocol::cv::account::User;
use estafette_protocol::cv::status::{Lang, Role};
use tokio_postgres::Row;

const COLUMNS: &str = "id, name, email, email_verified, image, role, language, created_at, password_hash";

/// A user with what only the server may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// As the person sees it.
    pub user: User,
    /// bcrypt; none for OAuth-only users (R2).
    pub password_hash: Option<String>,
}

fn user_row(row: &Row) -> DbResult<UserRow> {
    Ok(UserRow {
        user: User {
            id: word(row, "id")?,
            name: get(row, "name")?,
            email: get(row, "email")?,
            email_verified: opt_time(row, "email_verified")?,
            image: get(row, "image")?,
            role: opt_word(row, "role")?.unwrap_or(Role::User),
            language: opt_word(row, "language")?,
            created_at: time(row, "created_at")?,
        },
        password_hash: get(row, "password_hash")?,
    })
}

/// By id.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn by_id(db: &impl Reader, id: &UserId) -> DbResult<Option<UserRow>> {
    let row = db.row(&format!("SELECT {COLUMNS} FROM cv.users WHERE id = $1"), &[&id.as_str()]).await?;
    row.as_ref().map(user_row).transpose()
}

/// By address, in lower case (R1).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn by_email(db: &impl Reader, email: &str) -> DbResult<Option<UserRow>> {
    let row = db.row(&format!("SELECT {COLUMNS} FROM cv.users WHERE email = $1"), &[&email]).await?;
    row.as_ref().map(user_row).transpose()
}

/// A new user with an empty balance.
///
/// # Errors
/// `users_email_key` when the address is taken.
pub async fn insert(
    tx: &Tx<'_>,
    id: &str,
    email: Option<&str>,
    name: Option<&str>,
    password_hash: Option<&str>,
    role: Role,
    language: Option<Lang>,
) -> DbResult<()> {
    tx.execute(
        "INSERT INTO cv.users (id, email, name, password_hash, role, language) VALUES ($1, $2, $3, $4, $5, $6)",
        &[&id, &email, &name, &password_hash, &role.as_str(), &language.map(Lang::as_str)],
    )
    .await?;
    tx.execute("INSERT INTO cv.credit_balances (id, user_id) VALUES ($1, $2)", &[&super::new_id(), &id]).await?;
    Ok(())
}

/// Gives a role.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_role(tx: &Tx<'_>, id: &UserId, role: Role) -> DbResult<()> {
    tx.execute("UPDATE cv.users SET role = $2, updated_at = now() WHERE id = $1", &[&id.as_str(), &role.as_str()])
        .await?;
    Ok(())
}

/// The address counts as confirmed.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn verify_email(tx: &Tx<'_>, id: &UserId) -> DbResult<()> {
    let sql = "UPDATE cv.users SET email_verified = coalesce(email_verified, now()), updated_at = now() WHERE id = $1";
    tx.execute(sql, &[&id.as_str()]).await?;
    Ok(())
}

/// Gives a password, or takes it away.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_password(tx: &Tx<'_>, id: &UserId, hash: Option<&str>) -> DbResult<()> {
    let sql =
        "UPDATE cv.users SET password_hash = $2, reset_token = NULL, reset_token_expiry = NULL, updated_at = now()
               WHERE id = $1";
    tx.execute(sql, &[&id.as_str(), &hash]).await?;
    Ok(())
}

/// Replaces a hash by a stronger one of the same password, unless it was changed meanwhile.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn strengthen(tx: &Tx<'_>, id: &UserId, from: Option<&str>, to: &str) -> DbResult<()> {
    let sql = "UPDATE cv.users SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
    tx.execute(sql, &[&id.as_str(), &from, &to]).await?;
    Ok(())
}

/// A new address, which counts as confirmed.
///
/// # Errors
/// `users_email_key` when it is taken.
pub async fn set_email(tx: &Tx<'_>, id: &UserId, email: &str) -> DbResult<()> {
    let sql = "UPDATE cv.users SET email = $2, email_verified = now(), updated_at = now() WHERE id = $1";
    tx.execute(sql, &[&id.as_str(), &email]).await?;
    Ok(())
}

/// The profile: what is none is taken away.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_profile(tx: &Tx<'_>, user: &User) -> DbResult<()> {
    let sql = "UPDATE cv.users SET name = $2, image = $3, language = $4, updated_at = now() WHERE id = $1";
    let language = user.language.map(Lang::as_str);
    tx.execute(sql, &[&user.id.as_str(), &user.name, &user.image, &language]).await?;
    Ok(())
}

/// The lock that every unit of work takes before it locks anything else of a person (see the lock order in
/// [`super`]). Rows that refer to the person can be added beside it.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn lock(tx: &Tx<'_>, user: &str) -> DbResult<()> {
    tx.put(Lock(user.to_owned()));
    Ok(())
}

/// A person who is locked.
struct Lock(String);

impl BulkRow for Lock {
    const SQL: &'static str = "SELECT 1 FROM cv.users WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![column(rows, |row| row.0.as_str())]
    }
}
