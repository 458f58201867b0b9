//! The ways of an e-mail.

use super::render::Rendered;
use super::resend::Resend;
use super::smtp::Smtp;
use crate::config::Settings;
use estafette_actors::StepError;
use estafette_protocol::TaskId;
use estafette_protocol::cv::status::EmailProvider;
use std::time::Duration;

/// What an administrator is told of an e-mail that nobody could send.
pub const NO_TRANSPORT: &str = "not sent: no way for e-mail is set up (smtp-url or resend-api-key)";

/// A way.
pub enum Transport {
    /// None: every e-mail fails, with a sentence that says why.
    None,
    /// A mail server.
    Smtp(Box<Smtp>),
    /// Resend's HTTP interface.
    Resend(Box<Resend>),
}

/// An e-mail that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// To whom.
    pub provider: EmailProvider,
    /// Its id there.
    pub id: Option<String>,
}

impl Transport {
    /// From the settings: a mail server, else Resend, else none.
    ///
    /// # Errors
    /// A sentence that says which setting cannot be used.
    pub fn from_settings(settings: &Settings) -> Result<Self, String> {
        let mail = &settings.mail;
        let timeout = Duration::from_millis(mail.timeout_ms);
        match (mail.smtp_url.is_empty(), mail.resend_api_key.is_empty()) {
            (true, true) => Ok(Self::None),
            (false, false) => Err("both smtp-url and resend-api-key are set: leave one of them empty".to_owned()),
            (false, true) => {
                Smtp::new(mail.smtp_url.expose(), &mail.smtp_ca, &mail.from, timeout).map(Box::new).map(Self::Smtp)
            }
            (true, false) => {
                let secret = mail.resend_webhook_secret.expose();
                let resend = Resend::new(&mail.resend_base_url, mail.resend_api_key.expose(), &mail.from, timeout)?;
                Ok(Self::Resend(Box::new(if secret.is_empty() { resend } else { resend.with_webhook(secret)? })))
            }
        }
    }

    /// The way that is written into the log.
    pub const fn provider(&self) -> EmailProvider {
        match self {
            Self::None | Self::Smtp(_) => EmailProvider::Smtp,
            Self::Resend(_) => EmailProvider::Resend,
        }
    }

    /// Hands an e-mail over. `task` makes a repetition recognisable: it is the `Message-ID`, or the idempotency key.
    ///
    /// # Errors
    /// Whether another attempt can help.
    pub async fn send(&self, task: &TaskId, to: &str, letter: &Rendered) -> Result<Handed, StepError> {
        match self {
            Self::None => Err(StepError::fatal("no_transport", NO_TRANSPORT)),
            Self::Smtp(smtp) => smtp.send(task, to, letter).await,
            Self::Resend(resend) => resend.send(task, to, letter).await,
        }
    }
}
