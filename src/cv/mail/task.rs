//! `send-email` (P10): render → send → log. The log's row and `email.logged` are written in the commit that ends the
//! task, so there is one of each e-mail, whatever it took. A node that dies after the e-mail was handed over and before
//! that commit hands it over again, under the same `Message-ID` (or idempotency key): who takes it can tell.

use super::render::{Rendered, render};
use super::transport::{Handed, NO_TRANSPORT};
use super::{MailInput, Post, SEND_EMAIL};
use crate::cv::store::mails::{self, NewLog};
use crate::cv::topics::Admin;
use estafette_actors::task::{StepCtx, StepOutput, StepSpec, TaskEnd, TaskInfo, TaskKind, TaskSummary};
use estafette_actors::{DbError, DbResult, StepError, Tx};
use estafette_protocol::StepKey;
use estafette_protocol::cv::mail::EmailTemplate;
use estafette_protocol::cv::status::{EmailProvider, EmailStatus};
use estafette_protocol::task::TaskStatus;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// Bound of one attempt.
const TIMEOUT: Duration = Duration::from_secs(90);
/// What stands in the log in the place of the address of somebody whose account is gone (R8).
pub const ERASED: &str = "erased";

/// The kind.
pub struct SendEmail {
    post: Post,
}

/// What the step brought.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Done {
    template_id: String,
    template_name: String,
    subject: String,
    provider: EmailProvider,
    provider_id: Option<String>,
}

impl SendEmail {
    /// With the post office.
    pub const fn new(post: Post) -> Self {
        Self { post }
    }

    /// The template, and the label of its trigger.
    async fn template(&self, ctx: &StepCtx, input: &MailInput) -> Result<(EmailTemplate, String), StepError> {
        let gone = |what: &str| StepError::fatal("no_template", format!("there is no template for {what}"));
        match (&input.trigger, &input.template) {
            (Some(trigger), _) => {
                let label = mails::trigger_label(&ctx.db, trigger).await?.unwrap_or_else(|| trigger.clone());
                let template = mails::template_for(&ctx.db, trigger).await?;
                Ok((template.ok_or_else(|| gone(&format!("the trigger {trigger}, and no default one")))?, label))
            }
            (None, Some(id)) => {
                let template = mails::template(&ctx.db, id).await?;
                Ok((template.ok_or_else(|| gone("this test: it was deleted"))?, "Test".to_owned()))
            }
            (None, None) => Err(StepError::fatal("bad_input", "an e-mail without trigger and template")),
        }
    }
}

fn input(task: &TaskInfo) -> Result<MailInput, DbError> {
    MailInput::deserialize(&task.input).map_err(|error| DbError::Data(error.to_string()))
}

#[async_trait::async_trait(?Send)]
impl TaskKind for SendEmail {
    fn name(&self) -> &'static str {
        SEND_EMAIL
    }

    fn plan(&self, _task: &TaskInfo) -> Result<Vec<StepSpec>, StepError> {
        let key = StepKey::parse("send").map_err(|error| StepError::fatal("bad_graph", error.to_string()))?;
        Ok(vec![StepSpec::new(key, "send").within(TIMEOUT).retrying(self.post.0.retry)])
    }

    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError> {
        let input = input(&ctx.task)?;
        let letter = self.post.open(&ctx.task.id, &input).map_err(|error| StepError::fatal("sealed", error))?;
        let (template, label) = self.template(ctx, &input).await?;
        let rendered = render(&template, letter.language, &self.post.common(&letter, &label));
        if !rendered.missing.is_empty() {
            tracing::warn!(template = template.name, missing = ?rendered.missing, "variables of an e-mail without a value");
        }
        let handed = self.post.0.transport.send(&ctx.task.id, &letter.to, &rendered).await;
        let Handed { provider, id } = handed.map_err(|error| self.shown(error, &rendered))?;
        let done = Done {
            template_id: template.id,
            template_name: template.name,
            subject: rendered.subject,
            provider,
            provider_id: id,
        };
        serde_json::to_value(done)
            .map(StepOutput::of)
            .map_err(|error| StepError::fatal("bad_output", error.to_string()))
    }

    async fn on_ended(&self, tx: &mut Tx<'_>, task: &TaskInfo, summary: &TaskSummary) -> DbResult<TaskEnd> {
        let input = input(task)?;
        let done = summary.steps.iter().find_map(|(_, _, output)| Done::deserialize(output).ok());
        let error = summary.error.as_ref().map(|error| error.message.clone());
        let to = self.post.open(&task.id, &input).map_or_else(|_| "?".to_owned(), |letter| letter.to);
        let log = match (done, &error) {
            (Some(done), None) => NewLog {
                template_id: Some(done.template_id),
                template_name: done.template_name,
                subject: done.subject,
                provider: done.provider,
                provider_id: done.provider_id,
                status: EmailStatus::Sent,
                error: None,
            },
            _ => {
                let template = match (&input.trigger, &input.template) {
                    (Some(trigger), _) => mails::template_for(tx, trigger).await?,
                    (None, Some(id)) => mails::template(tx, id).await?,
                    (None, None) => None,
                };
                NewLog {
                    template_id: template.as_ref().map(|template| template.id.clone()),
                    template_name: template.map_or_else(|| input.trigger.clone().unwrap_or_default(), |it| it.name),
                    subject: String::new(),
                    provider: self.post.0.transport.provider(),
                    provider_id: None,
                    status: EmailStatus::Failed,
                    error: error.clone(),
                }
            }
        };
        let is_test = input.trigger.is_none();
        // Nobody's address is kept who has no account (any more): a farewell, a test to somebody else is a test.
        let user = input.user.as_ref();
        let row =
            mails::insert_log(tx, &task.id, user, if user.is_some() || is_test { &to } else { ERASED }, is_test, &log);
        if let Some(row) = row.await? {
            tx.emit(&Admin::Emails.topic(), "email.logged", &row)?;
        }
        let status = if error.is_some() { TaskStatus::Failed } else { TaskStatus::Completed };
        let result = if error.is_some() { Value::Null } else { json!({"status": EmailStatus::Sent}) };
        Ok(TaskEnd { status, result, error, fields: serde_json::Map::new() })
    }
}

impl SendEmail {
    /// In a demo without a way for e-mail the text itself is shown to the administrator.
    fn shown(&self, error: StepError, rendered: &Rendered) -> StepError {
        if self.post.0.show_unsent && error.message == NO_TRANSPORT {
            let text = rendered.text.trim();
            return StepError::fatal(error.code, format!("{NO_TRANSPORT}. It says: {}\n{text}", rendered.subject));
        }
        error
    }
}
