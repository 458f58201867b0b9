//! Requests to Stripe: form-encoded, each that makes something with an idempotency key, so that repeating it after a lost
//! answer makes nothing twice.

use super::form::Form;
use crate::config::Settings;
use estafette_actors::CallError;
use serde_json::Value;
use std::time::Duration;

/// The version of the interface that our requests are written for.
pub const VERSION: &str = "2024-06-20";
/// Attempts of one request.
const ATTEMPTS: u32 = 3;
/// Before the second attempt; doubled before the third.
const PAUSE: Duration = Duration::from_millis(300);
/// Largest answer that is read, bytes.
const ANSWER_MAX: usize = 1024 * 1024;
/// When somebody may try again whose checkout could not be opened.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StripeError {
    /// No answer, or one that says that Stripe has a problem or too much to do.
    #[error("Stripe does not answer: {0}")]
    Away(String),
    /// Stripe refuses the request.
    #[error("Stripe refuses ({status}{}): {message}", .code.as_deref().map(|code| format!(", {code}")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Stripe's word.
        code: Option<String>,
        /// Stripe's sentence.
        message: String,
    },
}

impl From<StripeError> for CallError {
    fn from(error: StripeError) -> Self {
        match error {
            StripeError::Away(_) => {
                tracing::warn!(%error, "Stripe is away");
                Self::unavailable("payments are not possible just now: try again shortly", RETRY_AFTER)
            }
            // A key that is wrong, a price that is not there: for whoever runs the server, not for who pays.
            StripeError::Refused { .. } => Self::internal(error),
        }
    }
}

/// Stripe. Cheap to clone.
#[derive(Clone)]
pub struct Stripe {
    http: reqwest::Client,
    base: String,
    key: String,
    webhook_secret: String,
    return_url: String,
}

impl std::fmt::Debug for Stripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stripe").field("base", &self.base).finish_non_exhaustive()
    }
}

/// A checkout to be opened.
#[derive(Debug, Clone)]
pub struct NewCheckout {
    /// Everything but where to come back to.
    pub form: Form,
    /// The same for a repetition.
    pub key: String,
}

impl Stripe {
    /// As the settings say; none without a key.
    ///
    /// # Errors
    /// A sentence when no HTTP client can be made.
    pub fn from_settings(settings: &Settings) -> Result<Option<Self>, String> {
        let stripe = &settings.stripe;
        if stripe.secret_key.is_empty() {
            return Ok(None);
        }
        let timeout = Duration::from_millis(stripe.timeout_ms);
        let (key, secret) = (stripe.secret_key.expose(), stripe.webhook_secret.expose());
        Self::new(&stripe.base_url, key, secret, &settings.public_url(), timeout).map(Some)
    }

    /// At an address, with the secret key and the secret of the webhooks.
    ///
    /// # Errors
    /// A sentence when no HTTP client can be made.
    pub fn new(
        base: &str,
        key: &str,
        webhook_secret: &str,
        return_url: &str,
        timeout: Duration,
    ) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| format!("no HTTP client can be made for Stripe: {error}"))?;
        let trimmed = |text: &str| text.trim_end_matches('/').to_owned();
        Ok(Self {
            http,
            base: trimmed(base),
            key: key.to_owned(),
            webhook_secret: webhook_secret.to_owned(),
            return_url: trimmed(return_url),
        })
    }

    /// The secret by which webhooks are known.
    pub fn webhook_secret(&self) -> &str {
        &self.webhook_secret
    }

    /// Where people come back to.
    pub fn return_url(&self, path: &str) -> String {
        format!("{}{path}", self.return_url)
    }

    /// A customer for a person. The same person always gets the same one, even from two requests at once.
    ///
    /// # Errors
    /// [`StripeError`].
    pub async fn customer(&self, user: &str, email: Option<&str>, name: Option<&str>) -> Result<String, StripeError> {
        let form = Form::new().set_some("email", email).set_some("name", name).set("metadata[user_id]", user);
        let made = self.post("/v1/customers", &form, Some(&format!("customer-{user}"))).await?;
        id_of(&made)
    }

    /// Opens a checkout: its id and its address.
    ///
    /// # Errors
    /// [`StripeError`].
    pub async fn checkout(&self, new: &NewCheckout) -> Result<(String, String), StripeError> {
        let made = self.post("/v1/checkout/sessions", &new.form, Some(&new.key)).await?;
        let url = made.get("url").and_then(Value::as_str).map(str::to_owned);
        Ok((id_of(&made)?, url.ok_or_else(|| StripeError::Away("a checkout without an address".to_owned()))?))
    }

    /// Ends a checkout that nobody is to pay.
    ///
    /// # Errors
    /// [`StripeError`].
    pub async fn expire_checkout(&self, id: &str) -> Result<(), StripeError> {
        self.post(&format!("/v1/checkout/sessions/{id}/expire"), &Form::new(), None).await.map(drop)
    }

    /// Opens the portal for a customer: its address.
    ///
    /// # Errors
    /// [`StripeError`].
    pub async fn portal(&self, customer: &str, return_url: &str) -> Result<String, StripeError> {
        let form = Form::new().set("customer", customer).set("return_url", return_url);
        let made = self.post("/v1/billing_portal/sessions", &form, None).await?;
        let url = made.get("url").and_then(Value::as_str).map(str::to_owned);
        url.ok_or_else(|| StripeError::Away("a portal without an address".to_owned()))
    }

    /// Says whether a subscription ends with its period; what it is then.
    ///
    /// # Errors
    /// [`StripeError`].
    pub async fn cancel_at_period_end(&self, subscription: &str, cancel: bool) -> Result<Value, StripeError> {
        let form = Form::new().set("cancel_at_period_end", cancel);
        self.post(&format!("/v1/subscriptions/{subscription}"), &form, None).await
    }

    /// Makes a coupon of this id, or finds it there.
    ///
    /// # Errors
    /// [`StripeError`].
    pub async fn coupon(&self, id: &str, form: &Form) -> Result<String, StripeError> {
        match self.post("/v1/coupons", &form.clone().set("id", id), None).await {
            Err(StripeError::Refused { code: Some(code), .. }) if code == "resource_already_exists" => {
                Ok(id.to_owned())
            }
            other => id_of(&other?),
        }
    }

    /// Sends a request, again where that can help.
    async fn post(&self, path: &str, form: &Form, key: Option<&str>) -> Result<Value, StripeError> {
        let fresh;
        let key = match key {
            Some(key) => key,
            None => {
                fresh = estafette_protocol::ids::new_cuid2();
                &fresh
            }
        };
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            match self.send(path, form, key).await {
                Err(StripeError::Away(_)) if attempt < ATTEMPTS => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn send(&self, path: &str, form: &Form, key: &str) -> Result<Value, StripeError> {
        // What reqwest says of an address is left out: nothing of a request belongs into a log.
        let away = |error: reqwest::Error| StripeError::Away(error.without_url().to_string());
        let answer = self
            .http
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.key)
            .header("stripe-version", VERSION)
            .header("idempotency-key", key)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.encode())
            .send()
            .await
            .map_err(away)?;
        let status = answer.status().as_u16();
        if answer.content_length().is_some_and(|length| length > ANSWER_MAX as u64) {
            return Err(StripeError::Away("an answer that is too long".to_owned()));
        }
        let body = answer.bytes().await.map_err(away)?;
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if (200..300).contains(&status) {
            return Ok(body);
        }
        let word = |name: &str| body.pointer(&format!("/error/{name}")).and_then(Value::as_str).map(str::to_owned);
        // 409: another request with the same key is under way.
        if status >= 500 || matches!(status, 409 | 429) {
            return Err(StripeError::Away(format!("status {status}")));
        }
        let message = word("message").unwrap_or_else(|| "without a reason".to_owned());
        Err(StripeError::Refused { status, code: word("code"), message })
    }
}

fn id_of(object: &Value) -> Result<String, StripeError> {
    let id = object.get("id").and_then(Value::as_str).map(str::to_owned);
    id.ok_or_else(|| StripeError::Away("an answer without an id".to_owned()))
}
