//! `accounts` (linked accounts at other providers) and `oauth_requests` (sign-ins there that are under way).

use super::{Reader, get, opt_word, time, word};
use estafette_actors::{DbResult, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::account::LinkedAccount;
use estafette_protocol::cv::status::{Lang, OauthProvider};
use tokio_postgres::Row;

/// Life of a sign-in that is under way, minutes.
pub const REQUEST_MINUTES: i32 = 10;

fn account(row: &Row) -> DbResult<LinkedAccount> {
    Ok(LinkedAccount {
        id: get(row, "id")?,
        provider: word(row, "provider")?,
        provider_account_id: get(row, "provider_account_id")?,
        created_at: time(row, "created_at")?,
    })
}

/// The linked accounts of a person.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn of_user(db: &impl Reader, user: &UserId) -> DbResult<Vec<LinkedAccount>> {
    let sql = "SELECT id, provider, provider_account_id, created_at FROM cv.accounts WHERE user_id = $1
               ORDER BY created_at, id";
    db.rows(sql, &[&user.as_str()]).await?.iter().map(account).collect()
}

/// Whose a provider's account is (R6).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn owner(db: &impl Reader, provider: OauthProvider, subject: &str) -> DbResult<Option<UserId>> {
    let sql = "SELECT user_id FROM cv.accounts WHERE provider = $1 AND provider_account_id = $2";
    db.row(sql, &[&provider.as_str(), &subject]).await?.as_ref().map(|row| word(row, "user_id")).transpose()
}

/// A provider's account with its tokens, which are encrypted.
#[derive(Debug, Clone)]
pub struct AccountRow {
    /// Its row.
    pub id: String,
    /// `oidc` or `oauth`.
    pub kind: &'static str,
    /// The provider.
    pub provider: OauthProvider,
    /// Its id there.
    pub subject: String,
    /// Encrypted.
    pub access_token: Option<String>,
    /// Encrypted.
    pub refresh_token: Option<String>,
    /// Unix seconds.
    pub expires_at: Option<i64>,
    /// `bearer`, mostly.
    pub token_type: Option<String>,
    /// What it allows.
    pub scope: Option<String>,
    /// Encrypted.
    pub id_token: Option<String>,
}

/// The row of a provider's account, for its tokens to be sealed for it.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn id_of(db: &impl Reader, provider: OauthProvider, subject: &str) -> DbResult<Option<String>> {
    let sql = "SELECT id FROM cv.accounts WHERE provider = $1 AND provider_account_id = $2";
    db.row(sql, &[&provider.as_str(), &subject]).await?.as_ref().map(|row| get(row, "id")).transpose()
}

/// Links an account, or renews its tokens.
///
/// # Errors
/// `accounts_provider_provider_account_id_key`: it was linked to somebody meanwhile.
pub async fn put(tx: &Tx<'_>, user: &UserId, row: &AccountRow) -> DbResult<()> {
    tx.execute(
        "INSERT INTO cv.accounts (id, user_id, type, provider, provider_account_id, refresh_token, access_token,
            expires_at, token_type, scope, id_token)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (id) DO UPDATE SET refresh_token = coalesce($6, accounts.refresh_token), access_token = $7,
            expires_at = $8, token_type = $9, scope = $10, id_token = $11, updated_at = now()",
        &[
            &row.id,
            &user.as_str(),
            &row.kind,
            &row.provider.as_str(),
            &row.subject,
            &row.refresh_token,
            &row.access_token,
            &row.expires_at,
            &row.token_type,
            &row.scope,
            &row.id_token,
        ],
    )
    .await?;
    Ok(())
}

/// Unlinks an account of a person.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn delete(tx: &Tx<'_>, user: &UserId, id: &str) -> DbResult<bool> {
    let deleted = tx.execute("DELETE FROM cv.accounts WHERE id = $1 AND user_id = $2", &[&id, &user.as_str()]).await?;
    Ok(deleted == 1)
}

/// A sign-in at a provider that is under way.
#[derive(Debug, Clone)]
pub struct RequestRow {
    /// Hash of the state.
    pub state: String,
    /// The provider.
    pub provider: OauthProvider,
    /// Hash of the browser's cookie.
    pub browser: String,
    /// What the ID token must carry.
    pub nonce: String,
    /// PKCE's verifier, encrypted.
    pub verifier: String,
    /// Who links; none: a sign-in.
    pub user: Option<UserId>,
    /// The browser's language.
    pub language: Option<Lang>,
}

/// Remembers a sign-in that begins.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn insert_request(tx: &Tx<'_>, row: &RequestRow) -> DbResult<()> {
    tx.execute(
        "INSERT INTO cv.oauth_requests (state, provider, browser, nonce, verifier, user_id, language, expires)
         VALUES ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(mins => $8))",
        &[
            &row.state,
            &row.provider.as_str(),
            &row.browser,
            &row.nonce,
            &row.verifier,
            &row.user.as_ref().map(UserId::as_str),
            &row.language.map(Lang::as_str),
            &REQUEST_MINUTES,
        ],
    )
    .await?;
    Ok(())
}

/// Takes a sign-in that comes back: it works once.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn take_request(tx: &Tx<'_>, state: &str, provider: OauthProvider) -> DbResult<Option<RequestRow>> {
    let sql = "DELETE FROM cv.oauth_requests WHERE state = $1 AND provider = $2 AND expires > now()
               RETURNING state, provider, browser, nonce, verifier, user_id, language";
    let row = tx.query_opt(sql, &[&state, &provider.as_str()]).await?;
    row.as_ref()
        .map(|row| {
            Ok(RequestRow {
                state: get(row, "state")?,
                provider: word(row, "provider")?,
                browser: get(row, "browser")?,
                nonce: get(row, "nonce")?,
                verifier: get(row, "verifier")?,
                user: opt_word(row, "user_id")?,
                language: opt_word(row, "language")?,
            })
        })
        .transpose()
}
