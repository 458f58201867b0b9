//! E-mail: what is sent when, by which way, and what became of it (R60 – R62, P10).
//!
//! Nothing is sent inside a request: [`Post::queue`] adds a task to the unit of work that causes the e-mail, so that it
//! is sent if and only if that is committed. What the letter says and where it goes is sealed in the task's input: the
//! database never holds a link that signs somebody in.
//!
//! | module | holds |
//! |---|---|
//! | [`trigger`] | what the server itself writes about |
//! | [`render`] | variables in templates; the frame of a letter; its text without HTML |
//! | [`task`] | the task `send-email`: render, send, log |
//! | [`transport`] | the ways: none, a mail server, Resend |
//! | [`smtp`], [`resend`] | the two of them; Resend's webhook |

pub mod render;
pub mod resend;
pub mod smtp;
pub mod task;
pub mod transport;
pub mod trigger;

use crate::auth::{Auth, Sealer};
use crate::config::Settings;
use estafette_actors::task::{NewTask, RetryPolicy};
use estafette_actors::{CallError, Tx};
use estafette_protocol::cv::account::User;
use estafette_protocol::cv::status::Lang;
use estafette_protocol::{TaskId, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use transport::Transport;
pub use trigger::Trigger;

/// The kind of the task that sends an e-mail.
pub const SEND_EMAIL: &str = "send-email";
/// What the letters are sealed for.
const PURPOSE: &str = "e-mail";
/// P10: five attempts, the pauses between them from a minute to an hour.
pub const RETRY: RetryPolicy = RetryPolicy {
    max_attempts: 5,
    first_delay: Duration::from_secs(60),
    factor: 4,
    max_delay: Duration::from_secs(3_600),
    jitter: 0.2,
};

/// The post office: queues e-mails and knows how they are sent. Cheap to clone.
#[derive(Clone)]
pub struct Post(Arc<Office>);

struct Office {
    sealer: Sealer,
    transport: Transport,
    app_name: String,
    app_url: String,
    retry: RetryPolicy,
    show_unsent: bool,
}

/// An e-mail to be sent.
#[derive(Debug, Clone)]
pub struct Mail<'a> {
    /// Why.
    pub trigger: Trigger,
    /// What it is about: one person gets one e-mail of a trigger about one thing (P10).
    pub about: &'a str,
    /// Where to.
    pub to: &'a str,
    /// Whom to, if they have an account.
    pub user: Option<&'a UserId>,
    /// How they are called.
    pub name: Option<&'a str>,
    /// In which language.
    pub language: Option<Lang>,
    /// The values of the trigger's variables.
    pub variables: Vec<(&'static str, String)>,
}

impl<'a> Mail<'a> {
    /// An e-mail to somebody with an account, at their address; `None`: they have none.
    pub fn to(trigger: Trigger, user: &'a User, about: &'a str) -> Option<Self> {
        Some(Self {
            trigger,
            about,
            to: user.email.as_deref()?,
            user: Some(&user.id),
            name: user.name.as_deref(),
            language: user.language,
            variables: Vec::new(),
        })
    }

    /// With the value of a variable.
    #[must_use]
    pub fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((variable, value.into()));
        self
    }
}

/// What only the one who sends it may read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Letter {
    /// Where to.
    pub to: String,
    /// How they are called.
    pub name: Option<String>,
    /// In which language; none: the template's.
    pub language: Option<Lang>,
    /// The values of the variables.
    pub variables: BTreeMap<String, String>,
}

/// What the task works on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MailInput {
    /// The trigger's name; none: a test of a template.
    pub trigger: Option<String>,
    /// The template, for a test.
    pub template: Option<String>,
    /// Whom to.
    pub user: Option<UserId>,
    /// The letter, sealed for this task.
    pub letter: String,
}

impl Post {
    /// From the settings.
    ///
    /// # Errors
    /// A sentence that says which setting cannot be used.
    pub fn from_settings(settings: &Settings, auth: &Auth) -> Result<Self, String> {
        let sealer = auth.sealer(PURPOSE).map_err(|error| error.to_string())?;
        Ok(Self(Arc::new(Office {
            sealer,
            transport: Transport::from_settings(settings)?,
            app_name: settings.mail.app_name.clone(),
            app_url: settings.public_url(),
            retry: RETRY,
            show_unsent: settings.mail.show_unsent,
        })))
    }

    /// Sends nothing: every e-mail is logged as failed.
    ///
    /// # Errors
    /// `internal`: never.
    pub fn nowhere() -> Result<Self, CallError> {
        Self::with(Transport::None, RETRY)
    }

    /// With a transport, and a key of its own: for tests.
    ///
    /// # Errors
    /// `internal`: never.
    pub fn with(transport: Transport, retry: RetryPolicy) -> Result<Self, CallError> {
        let key = crate::auth::key::random_hex();
        let sealer = Sealer::derived(key.as_bytes(), PURPOSE).map_err(CallError::internal)?;
        let (app_name, app_url) = ("Estafette".to_owned(), "http://localhost:7777".to_owned());
        Ok(Self(Arc::new(Office { sealer, transport, app_name, app_url, retry, show_unsent: false })))
    }

    /// An address of the console.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0.app_url)
    }

    /// The secret of Resend's webhook, if it is set up.
    pub fn webhook(&self) -> Option<&resend::Webhook> {
        match &self.0.transport {
            Transport::Resend(resend) => resend.webhook(),
            _ => None,
        }
    }

    /// Queues an e-mail in a unit of work. `None`: this person gets it already.
    ///
    /// # Errors
    /// `unavailable` when the database does not answer.
    pub async fn queue(&self, tx: &mut Tx<'_>, mail: &Mail<'_>) -> Result<Option<TaskId>, CallError> {
        let trigger = mail.trigger.as_str();
        let id = task_id(&[trigger, mail.user.map_or(mail.to, UserId::as_str), mail.about])?;
        let letter = Letter {
            to: mail.to.to_owned(),
            name: mail.name.map(str::to_owned),
            language: mail.language,
            variables: mail.variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        };
        // Two units that want the same e-mail take turns.
        tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", &[&id.as_str()]).await?;
        if tx.query_opt("SELECT 1 FROM runtime.tasks WHERE id = $1", &[&id.as_str()]).await?.is_some() {
            return Ok(None);
        }
        let trigger = Some(trigger.to_owned());
        let input = MailInput { trigger, template: None, user: mail.user.cloned(), letter: self.seal(&id, &letter)? };
        self.enqueue(tx, id.clone(), &input).await?;
        Ok(Some(id))
    }

    /// Queues a test of a template.
    ///
    /// # Errors
    /// `unavailable` when the database does not answer.
    pub async fn queue_test(&self, tx: &mut Tx<'_>, template: &str, letter: &Letter) -> Result<TaskId, CallError> {
        let id = task_id(&[&crate::auth::key::random_hex()])?;
        let template = Some(template.to_owned());
        let input = MailInput { trigger: None, template, user: None, letter: self.seal(&id, letter)? };
        self.enqueue(tx, id.clone(), &input).await?;
        Ok(id)
    }

    async fn enqueue(&self, tx: &mut Tx<'_>, id: TaskId, input: &MailInput) -> Result<(), CallError> {
        let input = serde_json::to_value(input).map_err(CallError::internal)?;
        // Nobody's task: it is no work of the person's, and does not stand in their list.
        tx.enqueue(NewTask { id, ..NewTask::new(SEND_EMAIL, input) }).await?;
        Ok(())
    }

    fn seal(&self, id: &TaskId, letter: &Letter) -> Result<String, CallError> {
        let text = serde_json::to_string(letter).map_err(CallError::internal)?;
        self.0.sealer.seal(id.as_str(), &text).map_err(CallError::internal)
    }

    /// The letter of a task.
    ///
    /// # Errors
    /// A sentence: the server's key was changed.
    pub fn open(&self, id: &TaskId, input: &MailInput) -> Result<Letter, String> {
        let text = self.0.sealer.open(id.as_str(), &input.letter).map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// The values that every template may name.
    pub fn common(&self, letter: &Letter, trigger_label: &str) -> BTreeMap<String, String> {
        let name = letter.name.clone().unwrap_or_else(|| letter.to.clone());
        let mut values = BTreeMap::from([
            ("app_name".to_owned(), self.0.app_name.clone()),
            ("app_url".to_owned(), self.0.app_url.clone()),
            ("user_name".to_owned(), name),
            ("user_email".to_owned(), letter.to.clone()),
            ("trigger_label".to_owned(), trigger_label.to_owned()),
        ]);
        values.extend(letter.variables.clone());
        values
    }
}

/// The key of an e-mail (P10) as the id of its task.
fn task_id(parts: &[&str]) -> Result<TaskId, CallError> {
    let hash = hex::encode(Sha256::digest(parts.join("\n")));
    TaskId::parse(format!("mail_{}", hash.get(..40).unwrap_or(&hash))).map_err(CallError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p10_five_attempts_from_a_minute_to_an_hour() {
        let mut delay = RETRY.first_delay;
        let delays: Vec<u64> = (1..RETRY.max_attempts)
            .map(|_| {
                let now = delay.min(RETRY.max_delay);
                delay *= RETRY.factor;
                now.as_secs()
            })
            .collect();
        assert_eq!(delays, [60, 240, 960, 3_600]);
    }

    #[test]
    fn a_letter_opens_in_its_own_task_only() {
        let post = Post::nowhere().unwrap();
        let (one, two) = (task_id(&["a", "b"]).unwrap(), task_id(&["a", "c"]).unwrap());
        assert_ne!(one, two);
        let variables = BTreeMap::from([("link".to_owned(), "https://x/#token=secret".to_owned())]);
        let letter = Letter { to: "ana@example.com".to_owned(), name: None, language: None, variables };
        let sealed = post.seal(&one, &letter).unwrap();
        assert!(!sealed.contains("secret"));
        let input = MailInput { trigger: None, template: None, user: None, letter: sealed };
        assert_eq!(post.open(&one, &input).unwrap().to, "ana@example.com");
        assert!(post.open(&two, &input).is_err());
    }
}
