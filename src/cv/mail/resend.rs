//! Resend's HTTP interface, and its webhook (signed as Svix does).

use super::render::Rendered;
use super::transport::Handed;
use crate::fetch::retry_after;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use estafette_actors::StepError;
use estafette_protocol::TaskId;
use estafette_protocol::cv::status::{EmailProvider, EmailStatus};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

/// How old, and how far ahead, a webhook's time may be.
pub const TOLERANCE: Duration = Duration::from_secs(300);
/// Longest answer that is looked at, bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// Longest part of a refusal that is kept, characters.
const MAX_SHOWN: usize = 300;

/// Resend.
pub struct Resend {
    client: reqwest::Client,
    emails: String,
    key: String,
    from: String,
    webhook: Option<Webhook>,
}

impl Resend {
    /// With its base address (`https://api.resend.com`) and key.
    ///
    /// # Errors
    /// A sentence that says what cannot be used.
    pub fn new(base: &str, key: &str, from: &str, timeout: Duration) -> Result<Self, String> {
        super::smtp::mailbox(from)?;
        let client = reqwest::Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|error| format!("no HTTP client can be made: {error}"))?;
        let emails = format!("{}/emails", base.trim_end_matches('/'));
        Ok(Self { client, emails, key: key.to_owned(), from: from.to_owned(), webhook: None })
    }

    /// Takes webhooks that are signed with this secret (`whsec_…`).
    ///
    /// # Errors
    /// A sentence: it is not one.
    pub fn with_webhook(mut self, secret: &str) -> Result<Self, String> {
        self.webhook = Some(Webhook::new(secret)?);
        Ok(self)
    }

    /// Its webhook, if it is set up.
    pub const fn webhook(&self) -> Option<&Webhook> {
        self.webhook.as_ref()
    }

    /// Hands an e-mail over.
    ///
    /// # Errors
    /// Final where Resend refuses the e-mail; else another attempt may help, not before its `Retry-After`.
    pub async fn send(&self, task: &TaskId, to: &str, letter: &Rendered) -> Result<Handed, StepError> {
        let body = json!({
            "from": self.from, "to": [to], "subject": letter.subject, "html": letter.html, "text": letter.text,
        });
        let request = self.client.post(&self.emails).bearer_auth(&self.key).json(&body);
        let answer = request.header("idempotency-key", task.as_str()).send().await;
        let answer = answer
            .map_err(|error| StepError::transient("resend_unreachable", format!("Resend: {}", error.without_url())))?;
        let status = answer.status();
        let wait = retry_after::parse(answer.headers(), Utc::now());
        let text = answer.bytes().await.map_err(|error| StepError::transient("resend", error.to_string()))?;
        let text = text.get(..text.len().min(MAX_ANSWER)).unwrap_or_default();
        if status.is_success() {
            #[derive(Deserialize)]
            struct Sent {
                id: String,
            }
            let sent: Sent = serde_json::from_slice(text)
                .map_err(|error| StepError::fatal("resend", format!("Resend's answer cannot be read: {error}")))?;
            return Ok(Handed { provider: EmailProvider::Resend, id: Some(sent.id) });
        }
        let shown: String = String::from_utf8_lossy(text).chars().take(MAX_SHOWN).collect();
        let message = format!("Resend answers {status}: {shown}");
        let may_pass = status.is_server_error()
            || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT);
        match (may_pass, wait) {
            (true, Some(wait)) => Err(StepError::transient("resend", message).not_before(wait)),
            (true, None) => Err(StepError::transient("resend", message)),
            (false, _) => Err(StepError::fatal("resend_refused", message)),
        }
    }
}

/// What a webhook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Resend's id of the e-mail.
    pub email: String,
    /// What became of it; `None`: something that is not kept.
    pub status: Option<EmailStatus>,
    /// When Resend said it first.
    pub at: DateTime<Utc>,
    /// Why it came back.
    pub error: Option<String>,
}

/// Checks webhooks.
pub struct Webhook(hmac::Key);

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// A header is missing or not what it should be.
    #[error("the headers svix-id, svix-timestamp and svix-signature are needed")]
    Headers,
    /// It is older or newer than [`TOLERANCE`].
    #[error("the webhook's time is more than 5 minutes off: is it a repetition, or is a clock wrong?")]
    Time,
    /// No signature fits.
    #[error("the webhook's signature does not fit: is the secret the one of this endpoint?")]
    Signature,
    /// The body is not what Resend sends.
    #[error("the webhook's body cannot be read")]
    Body,
}

/// The headers of a webhook.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// `svix-id`.
    pub id: &'a str,
    /// `svix-timestamp`: Unix seconds.
    pub timestamp: &'a str,
    /// `svix-signature`: `v1,<base64>`, several separated by blanks.
    pub signature: &'a str,
}

impl Webhook {
    /// With a secret (`whsec_` and base64).
    ///
    /// # Errors
    /// A sentence: it is not one.
    pub fn new(secret: &str) -> Result<Self, String> {
        let wrong = || "the secret of Resend's webhook (resend-webhook-secret) looks like whsec_ and base64".to_owned();
        let bytes = STANDARD.decode(secret.strip_prefix("whsec_").ok_or_else(wrong)?).map_err(|_| wrong())?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The signature of a message, without its version: for tests.
    pub fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        STANDARD.encode(hmac::sign(&self.0, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()))
    }

    /// Checks signature and time, and reads what it says.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub fn read(&self, signed: Signed<'_>, body: &[u8], now: DateTime<Utc>) -> Result<Report, WebhookError> {
        let seconds: i64 = signed.timestamp.parse().map_err(|_| WebhookError::Headers)?;
        let at = DateTime::<Utc>::from_timestamp(seconds, 0).ok_or(WebhookError::Headers)?;
        let message = [signed.id.as_bytes(), b".", signed.timestamp.as_bytes(), b".", body].concat();
        let fits = signed.signature.split(' ').filter_map(|part| part.strip_prefix("v1,")).any(|signature| {
            STANDARD.decode(signature).is_ok_and(|bytes| hmac::verify(&self.0, &message, &bytes).is_ok())
        });
        if !fits {
            return Err(WebhookError::Signature);
        }
        if (now - at).abs().to_std().is_ok_and(|off| off > TOLERANCE) {
            return Err(WebhookError::Time);
        }
        let body: Body = serde_json::from_slice(body).map_err(|_| WebhookError::Body)?;
        let status = match body.kind.as_str() {
            "email.delivered" => Some(EmailStatus::Delivered),
            "email.bounced" => Some(EmailStatus::Bounced),
            _ => None,
        };
        let said = body.created_at.as_deref().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        Ok(Report {
            email: body.data.email_id,
            status,
            at: said.map_or(at, |said| said.to_utc()),
            error: body.data.bounce.map(|bounce| bounce.message.chars().take(MAX_SHOWN).collect()),
        })
    }
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    created_at: Option<String>,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    email_id: String,
    #[serde(default)]
    bounce: Option<Bounce>,
}

#[derive(Deserialize)]
struct Bounce {
    #[serde(default)]
    message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Svix' documentation of manual verification.
    #[test]
    fn a_signature_is_as_svix_documents_it() {
        let webhook = Webhook::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = webhook.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
        assert_eq!(signature, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_webhook_is_believed_only_with_its_signature_and_in_time() {
        let webhook = Webhook::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"type":"email.bounced","created_at":"2026-11-21T10:00:00Z","data":{"email_id":"e1","bounce":{"message":"no such box"}}}"#;
        let now = DateTime::<Utc>::from_timestamp(1_700_000_000, 0).unwrap();
        let read =
            |id: &str, at: &str, signature: &str| webhook.read(Signed { id, timestamp: at, signature }, body, now);
        let good = format!("v1,{}", webhook.sign("m1", "1700000000", body));
        let report = read("m1", "1700000000", &format!("v1,AAAA v2,x {good}")).unwrap();
        assert_eq!((report.email.as_str(), report.status), ("e1", Some(EmailStatus::Bounced)));
        assert_eq!(report.error.as_deref(), Some("no such box"));
        assert_eq!(read("m2", "1700000000", &good), Err(WebhookError::Signature));
        assert_eq!(read("m1", "1700000001", &good), Err(WebhookError::Signature));
        assert_eq!(read("m1", "soon", &good), Err(WebhookError::Headers));
        let old = format!("v1,{}", webhook.sign("m1", "1699999600", body));
        assert_eq!(read("m1", "1699999600", &old), Err(WebhookError::Time));
        assert!(Webhook::new("whsec_!").is_err() && Webhook::new("abc").is_err());
    }
}
