//! Who speaks: what an access token says, checked before it gets here.

use chrono::{DateTime, Utc};
use estafette_protocol::{DeviceId, ProductId, SessionId, UserId};

/// Who speaks. Made by an [`Authenticator`]; the runtime trusts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The product whose user this is.
    pub product: ProductId,
    /// The user.
    pub user: UserId,
    /// The signed-in session (a user on a device); the same in every token of that session.
    pub session: SessionId,
    /// The role, a word of the product (`USER`, `ADMIN`, …).
    pub role: String,
    /// The device, once known (`hello` names it; HTTP may not).
    pub device: Option<DeviceId>,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}

/// Why a token was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Not a token of this server, or its signature does not hold.
    #[error("the token is not valid: sign in again")]
    Invalid,
    /// Its time is over.
    #[error("the token has expired: refresh it")]
    Expired,
    /// The session was ended (signed out, password changed).
    #[error("the session was ended: sign in again")]
    Revoked,
    /// It cannot be checked now.
    #[error("the token cannot be checked now: try again")]
    Unavailable,
}

/// Turns an access token into an identity.
#[async_trait::async_trait(?Send)]
pub trait Authenticator: Send + Sync + 'static {
    /// Checks a token.
    ///
    /// # Errors
    /// [`AuthError`] when it does not hold.
    async fn authenticate(&self, token: &str) -> Result<Identity, AuthError>;
}
