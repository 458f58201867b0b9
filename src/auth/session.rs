//! Sessions and their refresh tokens.
//!
//! A refresh token works once: each refresh gives the next one. A used one that comes again is a stolen copy, or a
//! client whose answer was lost. Within [`REPEAT_GRACE`], from the same device, and as long as none of the tokens that it was
//! exchanged for was used, it is taken for the latter and gets tokens again (two tabs that refresh at once both go on);
//! else the whole session ends, for thief and owner alike.

use super::key::{TokenKey, random_hex};
use super::password::Passwords;
use super::revoked::{SessionMemory, SessionState};
use super::seal::Sealer;
use super::token::{Claims, TokenSigner};
use chrono::{DateTime, Duration as Span, Utc};
use estafette_actors::{AuthError, Authenticator, CallError, Db, Identity, Runtime, Tx};
use estafette_protocol::{DeviceId, ErrorCode, ProductId, SessionId, UserId, ids::new_cuid2};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Instant;

/// How long a repeated refresh from the same device is taken for a lost answer: longer than an outage of half a minute with
/// the client's backoff after it, or everybody whose answer it swallowed would be signed out.
pub const REPEAT_GRACE: std::time::Duration = std::time::Duration::from_secs(120);
/// Sessions of a list.
pub const MAX_LISTED: i64 = 200;
/// Longest refresh token that is looked at, bytes; ours have 64.
const MAX_REFRESH_TOKEN_BYTES: usize = 128;

/// How long tokens live and how passwords are hashed.
#[derive(Debug, Clone, Copy)]
pub struct AuthOptions {
    /// Life of an access token.
    pub access_token: std::time::Duration,
    /// Life of a session that is not used.
    pub refresh_token: std::time::Duration,
    /// bcrypt's cost.
    pub bcrypt_cost: u32,
    /// Password hashes computed at the same time.
    pub bcrypt_concurrency: usize,
}

impl AuthOptions {
    /// For tests: the cheapest hash.
    pub const FAST: Self = Self {
        access_token: std::time::Duration::from_secs(900),
        refresh_token: std::time::Duration::from_secs(30 * 86_400),
        bcrypt_cost: 4,
        bcrypt_concurrency: 4,
    };
}

/// Whom a session is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// The product.
    pub product: ProductId,
    /// The user.
    pub user: UserId,
    /// The role that its access tokens carry.
    pub role: String,
    /// The device, if the client named it.
    pub device: Option<DeviceId>,
}

/// What a sign-in or a refresh gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// For the `Authorization` header and for `hello`.
    pub access_token: String,
    /// For the next refresh; works once.
    pub refresh_token: String,
    /// Seconds until the access token ends.
    pub expires_in: u64,
}

/// A refresh that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refreshed {
    /// The new tokens.
    pub tokens: Tokens,
    /// Whose.
    pub user: UserId,
    /// Their session, the same as before.
    pub session: SessionId,
}

/// A session that was ended by its refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Whose.
    pub user: UserId,
    /// On which device, where known.
    pub device: Option<DeviceId>,
    /// Whether it was open before.
    pub was_open: bool,
}

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// On which device, where known.
    pub device: Option<DeviceId>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it ends unless it is used.
    pub expires_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub used_at: DateTime<Utc>,
}

enum Refusal {
    Unknown,
    Expired,
    Ended,
    Reused,
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        let message = match refusal {
            Refusal::Unknown => "the refresh token is not known: sign in again",
            Refusal::Expired => "the session was not used for too long: sign in again",
            Refusal::Ended => "the session was ended: sign in again",
            Refusal::Reused => "the refresh token was used before, so the session was ended to be safe: sign in again",
        };
        Self::new(ErrorCode::Unauthenticated, message)
    }
}

/// Issues, refreshes and ends sessions; checks access tokens. Cheap to clone.
#[derive(Clone)]
pub struct Auth {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    signer: TokenSigner,
    passwords: Passwords,
    memory: SessionMemory,
    options: AuthOptions,
    key: TokenKey,
}

impl Auth {
    /// With the database that holds the sessions and the key that signs.
    pub fn new(db: Db, key: &TokenKey, options: AuthOptions) -> Self {
        let passwords = Passwords::new(options.bcrypt_cost, options.bcrypt_concurrency);
        let (signer, memory) = (TokenSigner::new(key), SessionMemory::default());
        Self { inner: Arc::new(Inner { db, signer, passwords, memory, options, key: key.clone() }) }
    }

    /// Hashes and checks passwords.
    pub fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }

    /// Encrypts what is kept for one purpose, with a key that all nodes share: it is derived from the one that signs.
    ///
    /// # Errors
    /// `internal`: never.
    pub fn sealer(&self, purpose: &str) -> Result<Sealer, CallError> {
        Sealer::derived(self.inner.key.bytes(), purpose).map_err(CallError::internal)
    }

    /// The open sessions of a user, the last used first, at most [`MAX_LISTED`].
    ///
    /// # Errors
    /// `unavailable` when the database does not answer.
    pub async fn sessions(&self, product: &ProductId, user: &UserId) -> Result<Vec<SessionRow>, CallError> {
        let rows = self
            .inner
            .db
            .query(
                "SELECT s.id, s.device, s.created_at, s.expires_at,
                        coalesce((SELECT max(t.created_at) FROM runtime.refresh_tokens t WHERE t.session_id = s.id),
                                 s.created_at) AS used_at
                 FROM runtime.sessions s
                 WHERE s.product = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > now()
                 ORDER BY used_at DESC, s.id LIMIT $3",
                &[&product.as_str(), &user.as_str(), &MAX_LISTED],
            )
            .await?;
        let row = |row: &tokio_postgres::Row| {
            Ok(SessionRow {
                id: SessionId::parse(row.get::<_, String>(0)).map_err(CallError::internal)?,
                device: row.get::<_, Option<String>>(1).and_then(|text| DeviceId::parse(text).ok()),
                created_at: row.get(2),
                expires_at: row.get(3),
                used_at: row.get(4),
            })
        };
        rows.iter().map(row).collect()
    }

    /// Ends one session of a user: as [`Auth::sign_out`], whoever asks. Its device; `None` when it is not an open one of
    /// theirs.
    ///
    /// # Errors
    /// `unavailable` when the database does not answer.
    pub async fn end_session(
        &self,
        tx: &mut Tx<'_>,
        user: &UserId,
        session: &SessionId,
        reason: &str,
    ) -> Result<Option<Option<DeviceId>>, CallError> {
        let sql = "SELECT device FROM runtime.sessions
                   WHERE id = $1 AND product = $2 AND user_id = $3 AND revoked_at IS NULL";
        let product = tx.product().as_str().to_owned();
        let Some(row) = tx.query_opt(sql, &[&session.as_str(), &product, &user.as_str()]).await? else {
            return Ok(None);
        };
        let device = row.get::<_, Option<String>>(0).and_then(|text| DeviceId::parse(text).ok());
        self.end(tx, session, reason).await?;
        Ok(Some(device))
    }

    /// Begins a session, in the unit of work of the sign-up or sign-in.
    ///
    /// # Errors
    /// `unavailable` when the database does not answer.
    pub async fn issue(&self, tx: &mut Tx<'_>, new: &NewSession) -> Result<Tokens, CallError> {
        let session = SessionId::parse(new_cuid2()).map_err(CallError::internal)?;
        let expires_at = self.session_end();
        tx.execute(
            "INSERT INTO runtime.sessions (id, product, user_id, role, device, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                &session.as_str(),
                &new.product.as_str(),
                &new.user.as_str(),
                &new.role,
                &new.device.as_ref().map(DeviceId::as_str),
                &expires_at,
            ],
        )
        .await?;
        let refresh_token = self.insert_token(tx, &session, new, expires_at).await?;
        self.tokens(&session, new, refresh_token)
    }

    /// Exchanges a refresh token for new tokens.
    ///
    /// # Errors
    /// `unauthenticated` when it is unknown, expired, of another product, of a session that ended, or used before.
    pub async fn refresh(
        &self,
        runtime: &Runtime,
        product: &ProductId,
        token: &str,
        device: Option<&DeviceId>,
    ) -> Result<Refreshed, CallError> {
        if token.len() > MAX_REFRESH_TOKEN_BYTES {
            return Err(Refusal::Unknown.into());
        }
        let hash = hash_of(token);
        // A refusal may write (it ends the session), so it is a value of the unit of work and not its error.
        let outcome: Result<Refreshed, Refusal> =
            runtime.transaction(product, async |tx| self.rotate(tx, &hash, device).await).await?;
        Ok(outcome?)
    }

    async fn rotate(
        &self,
        tx: &mut Tx<'_>,
        hash: &str,
        device: Option<&DeviceId>,
    ) -> Result<Result<Refreshed, Refusal>, CallError> {
        let row = tx
            .query_opt(
                "SELECT t.session_id, t.user_id, t.device, t.used_at, t.expires_at, s.role, s.revoked_at,
                        EXISTS (SELECT 1 FROM runtime.refresh_tokens n WHERE n.session_id = t.session_id
                                AND n.token_hash <> t.token_hash AND n.created_at >= t.used_at AND n.used_at IS NOT NULL)
                 FROM runtime.refresh_tokens t JOIN runtime.sessions s ON s.id = t.session_id
                 WHERE t.token_hash = $1 AND t.product = $2 FOR UPDATE",
                &[&hash, &tx.product().as_str().to_owned()],
            )
            .await?;
        let Some(row) = row else { return Ok(Err(Refusal::Unknown)) };
        let session = SessionId::parse(row.get::<_, String>(0)).map_err(CallError::internal)?;
        let known_device: Option<String> = row.get(2);
        if row.get::<_, Option<DateTime<Utc>>>(6).is_some() {
            return Ok(Err(Refusal::Ended));
        }
        if row.get::<_, DateTime<Utc>>(4) <= Utc::now() {
            return Ok(Err(Refusal::Expired));
        }
        let used_at: Option<DateTime<Utc>> = row.get(3);
        if let Some(used_at) = used_at {
            let grace = Span::from_std(REPEAT_GRACE).unwrap_or_else(|_| Span::zero());
            let same_device = known_device.is_some() && known_device.as_deref() == device.map(DeviceId::as_str);
            // Whoever has used a successor had the answer: this is somebody else.
            let answer_arrived: bool = row.get(7);
            if !same_device || answer_arrived || Utc::now() - used_at > grace {
                tracing::warn!(session.id = %session, "a used refresh token came again: the session is ended");
                self.end(tx, &session, "refresh token used twice").await?;
                return Ok(Err(Refusal::Reused));
            }
        }
        let new = NewSession {
            product: tx.product().clone(),
            user: UserId::parse(row.get::<_, String>(1)).map_err(CallError::internal)?,
            role: row.get(5),
            device: device.cloned().or_else(|| known_device.and_then(|text| DeviceId::parse(text).ok())),
        };
        let expires_at = self.session_end();
        let refresh_token = self.insert_token(tx, &session, &new, expires_at).await?;
        tx.execute(
            "UPDATE runtime.refresh_tokens SET used_at = coalesce(used_at, now()), replaced_by = coalesce(replaced_by, $2)
             WHERE token_hash = $1",
            &[&hash, &hash_of(&refresh_token)],
        )
        .await?;
        tx.execute("UPDATE runtime.sessions SET expires_at = $2 WHERE id = $1", &[&session.as_str(), &expires_at])
            .await?;
        let tokens = self.tokens(&session, &new, refresh_token)?;
        Ok(Ok(Refreshed { tokens, user: new.user, session }))
    }

    /// Ends a session: its refresh tokens work no more, and after the commit its sockets close and its access tokens
    /// are refused (on other nodes within [`super::revoked::MEMORY`]).
    ///
    /// # Errors
    /// `unavailable` when the database does not answer.
    pub async fn sign_out(&self, tx: &mut Tx<'_>, session: &SessionId) -> Result<(), CallError> {
        self.end(tx, session, "signed out").await.map(|_| ())
    }

    /// Ends all sessions of a user (password changed, blocked), except one. Returns how many.
    ///
    /// # Errors
    /// `unavailable` when the database does not answer.
    pub async fn end_sessions(
        &self,
        tx: &mut Tx<'_>,
        user: &UserId,
        except: Option<&SessionId>,
        reason: &str,
    ) -> Result<usize, CallError> {
        let rows = tx
            .query(
                "SELECT id FROM runtime.sessions
                 WHERE product = $1 AND user_id = $2 AND revoked_at IS NULL AND id IS DISTINCT FROM $3 ORDER BY id",
                &[&tx.product().as_str().to_owned(), &user.as_str(), &except.map(SessionId::as_str)],
            )
            .await?;
        for row in &rows {
            let session = SessionId::parse(row.get::<_, String>(0)).map_err(CallError::internal)?;
            self.end(tx, &session, reason).await?;
        }
        Ok(rows.len())
    }

    /// Changes the role that the user's next access tokens carry.
    ///
    /// # Errors
    /// `unavailable` when the database does not answer.
    pub async fn set_role(&self, tx: &mut Tx<'_>, user: &UserId, role: &str) -> Result<(), CallError> {
        tx.execute(
            "UPDATE runtime.sessions SET role = $3 WHERE product = $1 AND user_id = $2 AND revoked_at IS NULL",
            &[&tx.product().as_str().to_owned(), &user.as_str(), &role],
        )
        .await?;
        Ok(())
    }

    /// Ends the session that a refresh token belongs to, whatever became of the token: for whoever signs out after the
    /// access token has expired. `None` when the token is not known here.
    ///
    /// # Errors
    /// `unavailable` when the database does not answer.
    pub async fn sign_out_by_token(&self, tx: &mut Tx<'_>, token: &str) -> Result<Option<Ended>, CallError> {
        if token.len() > MAX_REFRESH_TOKEN_BYTES {
            return Ok(None);
        }
        let sql =
            "SELECT session_id, user_id, device FROM runtime.refresh_tokens WHERE token_hash = $1 AND product = $2";
        let row = tx.query_opt(sql, &[&hash_of(token), &tx.product().as_str().to_owned()]).await?;
        let Some(row) = row else { return Ok(None) };
        let session = SessionId::parse(row.get::<_, String>(0)).map_err(CallError::internal)?;
        let user = UserId::parse(row.get::<_, String>(1)).map_err(CallError::internal)?;
        let device = row.get::<_, Option<String>>(2).and_then(|text| DeviceId::parse(text).ok());
        let was_open = self.end(tx, &session, "signed out").await?;
        Ok(Some(Ended { user, device, was_open }))
    }

    /// Returns whether it was open.
    async fn end(&self, tx: &mut Tx<'_>, session: &SessionId, reason: &str) -> Result<bool, CallError> {
        let ended = tx.execute(
            "UPDATE runtime.sessions SET revoked_at = now(), revoked_reason = $2 WHERE id = $1 AND revoked_at IS NULL",
            &[&session.as_str(), &reason],
        )
        .await?;
        tx.end_session(session.clone(), reason);
        // Before the commit, so that no request gets through after the answer; should the commit fail, the memory
        // forgets it in seconds.
        self.inner.memory.end(session.clone(), Instant::now());
        Ok(ended == 1)
    }

    async fn insert_token(
        &self,
        tx: &mut Tx<'_>,
        session: &SessionId,
        new: &NewSession,
        expires_at: DateTime<Utc>,
    ) -> Result<String, CallError> {
        let token = random_hex();
        tx.execute(
            "INSERT INTO runtime.refresh_tokens (token_hash, session_id, product, user_id, device, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                &hash_of(&token),
                &session.as_str(),
                &new.product.as_str(),
                &new.user.as_str(),
                &new.device.as_ref().map(DeviceId::as_str),
                &expires_at,
            ],
        )
        .await?;
        Ok(token)
    }

    fn tokens(&self, session: &SessionId, new: &NewSession, refresh_token: String) -> Result<Tokens, CallError> {
        let now = Utc::now().timestamp();
        let expires_in = self.inner.options.access_token.as_secs();
        let claims = Claims {
            product: new.product.clone(),
            sub: new.user.clone(),
            sid: session.clone(),
            role: new.role.clone(),
            iat: now,
            exp: now.saturating_add(i64::try_from(expires_in).unwrap_or(i64::MAX)),
        };
        let access_token = self.inner.signer.sign(&claims).map_err(CallError::internal)?;
        Ok(Tokens { access_token, refresh_token, expires_in })
    }

    fn session_end(&self) -> DateTime<Utc> {
        Utc::now() + Span::from_std(self.inner.options.refresh_token).unwrap_or_else(|_| Span::days(1))
    }
}

#[async_trait::async_trait(?Send)]
impl Authenticator for Auth {
    async fn authenticate(&self, token: &str) -> Result<Identity, AuthError> {
        let identity = self.inner.signer.check(token)?;
        let now = Instant::now();
        let state = match self.inner.memory.get(&identity, now) {
            Some(state) => state,
            None => {
                let sql =
                    "SELECT revoked_at IS NULL FROM runtime.sessions WHERE id = $1 AND product = $2 AND user_id = $3";
                let (session, product, user) =
                    (identity.session.as_str(), identity.product.as_str(), identity.user.as_str());
                let row = self.inner.db.query_opt(sql, &[&session, &product, &user]).await.map_err(|error| {
                    tracing::warn!(%error, "a token cannot be checked");
                    AuthError::Unavailable
                })?;
                let live = row.is_some_and(|row| row.get(0));
                let state = if live { SessionState::Live } else { SessionState::Ended };
                self.inner.memory.put(&identity, state, now);
                state
            }
        };
        match state {
            SessionState::Live => Ok(identity),
            SessionState::Ended => Err(AuthError::Revoked),
        }
    }
}

/// Hex SHA-256: a token of 256 random bits needs no slower hash, and is found by its index, so that no comparison of
/// the secret itself takes a time that tells something.
pub fn hash_of(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
