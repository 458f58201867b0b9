//! `users`.

use super::{Reader, get, opt_time, opt_word, time, word};
use estafette_actors::{DbResult, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::account::User;
use estafette_protocol::cv::status::Role;
use tokio_postgres::Row;

const COLUMNS: &str = "id, name, email, email_verified, image, role, created_at, password_hash";

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
    email: &str,
    name: Option<&str>,
    password_hash: &str,
    role: Role,
) -> DbResult<()> {
    tx.execute(
        "INSERT INTO cv.users (id, email, name, password_hash, role) VALUES ($1, $2, $3, $4, $5)",
        &[&id, &email, &name, &password_hash, &role.as_str()],
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
    tx.execute("UPDATE cv.users SET email_verified = now(), updated_at = now() WHERE id = $1", &[&id.as_str()]).await?;
    Ok(())
}

/// The lock that every unit of work takes before it locks anything else of a person (see the lock order in
/// [`super`]). Rows that refer to the person can be added beside it.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn lock(tx: &Tx<'_>, user: &str) -> DbResult<()> {
    tx.later("SELECT 1 FROM cv.users WHERE id = $1 FOR NO KEY UPDATE", vec![Box::new(user.to_owned())]);
    Ok(())
}
