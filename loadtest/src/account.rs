//! One person: signed up, with tokens that are refreshed before they end.

use crate::api::{Api, ApiError};
use estafette_protocol::cv::account::{AuthTokens, RefreshRequest, SignIn, SignUp};
use estafette_protocol::{DeviceId, ErrorCode, UserId};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// A token this close to its end is refreshed before it is used.
const AHEAD: Duration = Duration::from_secs(30);
/// How long a token that was made elsewhere is taken for good, seconds.
const HELD_SECS: u32 = 86_400;
/// Everybody's password.
const PASSWORD: &str = "correct horse battery";

struct Held {
    tokens: AuthTokens,
    until: Instant,
}

/// One person.
pub struct Account {
    api: Api,
    user: UserId,
    email: String,
    held: Mutex<Held>,
    /// How far the person's clock is off, seconds: ahead or behind.
    clock: AtomicI64,
    signed_out: AtomicU32,
}

/// The device that a person signs in with: refreshes are repeated by the same one.
fn device_of(email: &str) -> Option<DeviceId> {
    DeviceId::parse(email.replace('@', ".")).ok()
}

impl Account {
    /// Signs a new person up.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn sign_up(api: &Api, email: &str) -> Result<Self, ApiError> {
        let body = SignUp {
            referral_code: None,
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            name: Some("Load Test".to_owned()),
            language: None,
            device: device_of(email),
        };
        let tokens: AuthTokens = api.post("/v1/cv/auth/sign-up", &body, None, None).await?;
        Ok(Self::of(api, email, tokens))
    }

    /// Signs a person in once more: another session of theirs.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn sign_in(api: &Api, email: &str) -> Result<Self, ApiError> {
        let body = SignIn { email: email.to_owned(), password: PASSWORD.to_owned(), device: device_of(email) };
        let tokens: AuthTokens = api.post("/v1/cv/auth/sign-in", &body, None, None).await?;
        Ok(Self::of(api, email, tokens))
    }

    fn of(api: &Api, email: &str, tokens: AuthTokens) -> Self {
        let (user, email) = (tokens.user.id.clone(), email.to_owned());
        Self {
            api: api.clone(),
            user,
            email,
            held: Mutex::new(Held::new(tokens)),
            clock: AtomicI64::new(0),
            signed_out: AtomicU32::new(0),
        }
    }

    /// A person with a token that was made elsewhere, and that is never refreshed.
    ///
    /// # Errors
    /// A bad id.
    pub fn holding(api: &Api, user: &str, token: &str) -> Result<Self, String> {
        let user = serde_json::json!({
            "id": user, "name": null, "email": null, "email_verified": null, "image": null, "role": "USER",
            "created_at": "2026-11-21T00:00:00.000Z",
        });
        let user: estafette_protocol::cv::account::User =
            serde_json::from_value(user).map_err(|error| error.to_string())?;
        let (access_token, refresh_token) = (token.to_owned(), String::new());
        let tokens = AuthTokens { access_token, refresh_token, expires_in: HELD_SECS, user };
        Ok(Self::of(api, "", tokens))
    }

    /// Their id.
    pub fn user(&self) -> &UserId {
        &self.user
    }
    /// Their address.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// A token that is good for a while.
    ///
    /// # Errors
    /// [`ApiError`] when it had to be refreshed and was not.
    pub async fn token(&self) -> Result<String, ApiError> {
        let held = self.held.lock().await;
        if held.until > self.now() + AHEAD {
            return Ok(held.tokens.access_token.clone());
        }
        drop(held);
        self.refresh().await
    }

    /// Times their session ended and they had to sign in again.
    pub fn signed_out(&self) -> u32 {
        self.signed_out.load(Ordering::Relaxed)
    }

    /// The person's clock jumps: it is off by so many seconds from now on, ahead or behind. Tokens are refreshed too
    /// early then, or used after their end.
    pub fn set_clock(&self, seconds: i64) {
        self.clock.store(seconds, Ordering::Relaxed);
    }

    fn now(&self) -> Instant {
        let now = Instant::now();
        let off = self.clock.load(Ordering::Relaxed);
        let by = Duration::from_secs(off.unsigned_abs());
        if off < 0 { now.checked_sub(by).unwrap_or(now) } else { now + by }
    }

    /// A new token, whatever the old one says.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn refresh(&self) -> Result<String, ApiError> {
        let mut held = self.held.lock().await;
        let body = RefreshRequest { refresh_token: held.tokens.refresh_token.clone() };
        let path = "/v1/cv/auth/refresh";
        let answer = match device_of(&self.email) {
            Some(device) => self.api.post_by(path, &body, &device).await,
            None => self.api.post(path, &body, None, None).await,
        };
        let tokens: AuthTokens = match answer {
            // The session ended: a person would have to type the password again.
            Err(ApiError::Refused { code: ErrorCode::Unauthenticated, .. }) if !self.email.is_empty() => {
                self.signed_out.fetch_add(1, Ordering::Relaxed);
                let email = self.email.clone();
                let body = SignIn { email, password: PASSWORD.to_owned(), device: device_of(&self.email) };
                self.api.post("/v1/cv/auth/sign-in", &body, None, None).await?
            }
            answer => answer?,
        };
        *held = Held::new(tokens);
        Ok(held.tokens.access_token.clone())
    }
}

impl Held {
    fn new(tokens: AuthTokens) -> Self {
        let until = Instant::now() + Duration::from_secs(tokens.expires_in.into());
        Self { tokens, until }
    }
}
