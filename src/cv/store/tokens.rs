//! The one-time tokens: `email_verification_tokens`, `auto_sign_in_tokens`, `users.reset_token`,
//! `email_change_requests`. Each works once: using it deletes the row. What is stored is the SHA-256 of a token (D24).

use super::{Reader, get, new_id, word};
use crate::auth::session::hash_of;
use chrono::{DateTime, Utc};
use estafette_actors::{DbResult, Tx};
use estafette_protocol::UserId;

/// Life of a verification token (R3), hours.
pub const VERIFICATION_HOURS: i32 = 24;
/// Life of an auto sign-in token (R3), minutes.
pub const AUTO_SIGN_IN_MINUTES: i32 = 10;
/// Life of a reset token (R4), minutes.
pub const RESET_MINUTES: i32 = 60;
/// Life of a change of address (R5), hours.
pub const EMAIL_CHANGE_HOURS: i32 = 24;

/// A new token, and the id of its row.
#[derive(Debug, Clone)]
pub struct Token {
    /// The row.
    pub id: String,
    /// What is sent to the person, and stored nowhere.
    pub text: String,
}

fn fresh() -> Token {
    Token { id: new_id(), text: crate::auth::key::random_hex() }
}

/// Longest token that is looked at, bytes; ours have 64.
const MAX_TOKEN: usize = 128;

fn hash(token: &str) -> Option<String> {
    (token.len() <= MAX_TOKEN).then(|| hash_of(token))
}

/// A verification token; those before it work no more.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn new_verification(tx: &Tx<'_>, user: &UserId) -> DbResult<Token> {
    let token = fresh();
    tx.execute("DELETE FROM cv.email_verification_tokens WHERE user_id = $1", &[&user.as_str()]).await?;
    tx.execute(
        "INSERT INTO cv.email_verification_tokens (id, user_id, token, expires)
         VALUES ($1, $2, $3, now() + make_interval(hours => $4))",
        &[&token.id, &user.as_str(), &hash_of(&token.text), &VERIFICATION_HOURS],
    )
    .await?;
    Ok(token)
}

/// When the person's verification token was made, if there is one.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn verification_made(db: &impl Reader, user: &UserId) -> DbResult<Option<DateTime<Utc>>> {
    let sql = "SELECT max(created_at) AS made FROM cv.email_verification_tokens WHERE user_id = $1";
    db.row(sql, &[&user.as_str()]).await?.as_ref().map_or(Ok(None), |row| get(row, "made"))
}

/// Uses a verification token. Whose; none: unknown, used or expired.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn use_verification(tx: &Tx<'_>, token: &str) -> DbResult<Option<UserId>> {
    let sql = "DELETE FROM cv.email_verification_tokens WHERE token = $1 AND expires > now() RETURNING user_id";
    used(tx, sql, token).await
}

/// An auto sign-in token.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn new_auto_sign_in(tx: &Tx<'_>, user: &UserId) -> DbResult<Token> {
    let token = fresh();
    tx.execute(
        "INSERT INTO cv.auto_sign_in_tokens (id, user_id, token, expires)
         VALUES ($1, $2, $3, now() + make_interval(mins => $4))",
        &[&token.id, &user.as_str(), &hash_of(&token.text), &AUTO_SIGN_IN_MINUTES],
    )
    .await?;
    Ok(token)
}

/// Uses an auto sign-in token.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn use_auto_sign_in(tx: &Tx<'_>, token: &str) -> DbResult<Option<UserId>> {
    let sql = "DELETE FROM cv.auto_sign_in_tokens WHERE token = $1 AND expires > now() RETURNING user_id";
    used(tx, sql, token).await
}

/// A reset token; one before it works no more. None when the last one was made less than a minute ago.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn new_reset(tx: &Tx<'_>, user: &UserId) -> DbResult<Option<Token>> {
    let token = fresh();
    let made = tx
        .execute(
            "UPDATE cv.users SET reset_token = $2, reset_token_expiry = now() + make_interval(mins => $3),
                updated_at = now()
             WHERE id = $1 AND (reset_token_expiry IS NULL
                OR reset_token_expiry < now() + make_interval(mins => $3) - interval '1 minute')",
            &[&user.as_str(), &hash_of(&token.text), &RESET_MINUTES],
        )
        .await?;
    Ok((made == 1).then_some(token))
}

/// Uses a reset token.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn use_reset(tx: &Tx<'_>, token: &str) -> DbResult<Option<UserId>> {
    let sql = "UPDATE cv.users SET reset_token = NULL, reset_token_expiry = NULL, updated_at = now()
               WHERE reset_token = $1 AND reset_token_expiry > now() RETURNING id AS user_id";
    used(tx, sql, token).await
}

async fn used(tx: &Tx<'_>, sql: &str, token: &str) -> DbResult<Option<UserId>> {
    let Some(hash) = hash(token) else { return Ok(None) };
    tx.query_opt(sql, &[&hash]).await?.as_ref().map(|row| word(row, "user_id")).transpose()
}

/// A change of address that waits for confirmations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailChangeRow {
    /// Its row.
    pub id: String,
    /// Whose.
    pub user: UserId,
    /// The new address.
    pub new_email: String,
    /// Whether the current address confirmed.
    pub current: bool,
    /// Whether the new one did.
    pub new: bool,
}

/// Begins a change of address; one before it is over. The tokens: for the current address (none where there is none),
/// for the new one.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn new_email_change(
    tx: &Tx<'_>,
    user: &UserId,
    new_email: &str,
    has_current: bool,
) -> DbResult<(Option<Token>, Token)> {
    let (new, current) = (fresh(), has_current.then(fresh));
    let current_hash = current.as_ref().map(|token| hash_of(&token.text));
    tx.execute("DELETE FROM cv.email_change_requests WHERE user_id = $1", &[&user.as_str()]).await?;
    tx.execute(
        "INSERT INTO cv.email_change_requests (id, user_id, new_email, token, current_token, expires, current_confirmed_at)
         VALUES ($1, $2, $3, $4, $5, now() + make_interval(hours => $6), CASE WHEN $5::text IS NULL THEN now() END)",
        &[&new.id, &user.as_str(), &new_email, &hash_of(&new.text), &current_hash, &EMAIL_CHANGE_HOURS],
    )
    .await?;
    Ok((current, new))
}

/// Uses a token of one of the two addresses. None: unknown, used or expired.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn confirm_email_change(tx: &Tx<'_>, token: &str) -> DbResult<Option<EmailChangeRow>> {
    let Some(hash) = hash(token) else { return Ok(None) };
    // A token is replaced by what no token hashes to: it works once.
    let row = tx
        .query_opt(
            "UPDATE cv.email_change_requests SET
                new_confirmed_at = CASE WHEN token = $1 THEN now() ELSE new_confirmed_at END,
                current_confirmed_at = CASE WHEN current_token = $1 THEN now() ELSE current_confirmed_at END,
                token = CASE WHEN token = $1 THEN 'used:' || id ELSE token END,
                current_token = CASE WHEN current_token = $1 THEN NULL ELSE current_token END
             WHERE (token = $1 OR current_token = $1) AND expires > now()
             RETURNING id, user_id, new_email, current_confirmed_at IS NOT NULL AS current, new_confirmed_at IS NOT NULL AS new",
            &[&hash],
        )
        .await?;
    row.as_ref()
        .map(|row| {
            Ok(EmailChangeRow {
                id: get(row, "id")?,
                user: word(row, "user_id")?,
                new_email: get(row, "new_email")?,
                current: get(row, "current")?,
                new: get(row, "new")?,
            })
        })
        .transpose()
}

/// A change of address is over.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn end_email_change(tx: &Tx<'_>, id: &str) -> DbResult<()> {
    tx.execute("DELETE FROM cv.email_change_requests WHERE id = $1", &[&id]).await?;
    Ok(())
}
