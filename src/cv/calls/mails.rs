//! `admin.email_trigger.*`, `admin.email_template.*`, `admin.email_log.list`: e-mail, for administrators (R60 – R62).

use super::reads::Paged;
use super::{ADMIN, encode, parse};
use crate::cv::mail::Letter;
use crate::cv::mail::render::{render, variables};
use crate::cv::mail::trigger::COMMON;
use crate::cv::rules::account::Email;
use crate::cv::services::Services;
use crate::cv::store::{mails, new_id, users};
use estafette_actors::{CallCtx, CallError, DbError, DbResult, Tx};
use estafette_protocol::Timestamp;
use estafette_protocol::cv::mail::{
    EmailLogQuery, EmailTemplate, EmailTemplatePatch, EmailTrigger, EmailTriggerPatch, NewEmailTemplate,
    NewEmailTrigger, TestEmail, TestEmailStarted,
};
use estafette_protocol::cv::status::Lang;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Characters of a name, a label, a category.
const MAX_NAME: usize = 64;
/// Characters of a subject and of a description.
const MAX_LINE: usize = 300;
/// Bytes of a body, and of the editor's document.
const MAX_BODY: usize = 200_000;
/// Variables of a trigger.
const MAX_VARIABLES: usize = 50;

#[derive(Debug, Deserialize)]
struct ById {
    id: String,
}
#[derive(Debug, Deserialize)]
struct TriggerChange {
    id: String,
    #[serde(flatten)]
    patch: EmailTriggerPatch,
}
#[derive(Debug, Deserialize)]
struct TemplateChange {
    id: String,
    #[serde(flatten)]
    patch: EmailTemplatePatch,
}
#[derive(Debug, Deserialize)]
struct Test {
    id: String,
    #[serde(flatten)]
    test: TestEmail,
}
#[derive(Debug, Deserialize)]
struct Logs {
    #[serde(flatten)]
    filter: EmailLogQuery,
    #[serde(flatten)]
    page: Paged,
}

/// Handles one of these methods.
///
/// # Errors
/// `forbidden` unless it is an administrator who calls; else what the method refuses.
pub async fn dispatch(services: &Services, ctx: &CallCtx, method: &str, params: Value) -> Result<Value, CallError> {
    if ctx.who.role != ADMIN {
        return Err(CallError::forbidden("this is for administrators"));
    }
    let db = ctx.db();
    match method {
        "admin.email_trigger.list" => {
            let page: Paged = parse(params)?;
            let (after, limit) = page.checked()?;
            let found = mails::triggers(db, after.as_deref(), limit + 1).await?;
            encode(&page.page(found, |trigger| trigger.name.clone()))
        }
        "admin.email_trigger.create" => create_trigger(ctx, parse(params)?).await,
        "admin.email_trigger.update" => update_trigger(ctx, parse(params)?).await,
        "admin.email_trigger.delete" => delete_trigger(ctx, parse(params)?).await,
        "admin.email_template.list" => {
            let page: Paged = parse(params)?;
            let (after, limit) = page.checked()?;
            let found = mails::templates(db, after.as_deref(), limit + 1).await?;
            encode(&page.page(found, |template| template.name.clone()))
        }
        "admin.email_template.get" => {
            let ById { id } = parse(params)?;
            encode(&mails::template(db, &id).await?.ok_or_else(|| no_template(&id))?)
        }
        "admin.email_template.create" => create_template(ctx, parse(params)?).await,
        "admin.email_template.update" => update_template(ctx, parse(params)?).await,
        "admin.email_template.delete" => {
            let ById { id } = parse(params)?;
            ctx.transaction(async |tx| {
                if mails::delete_template(tx, &id).await? { Ok(Value::Null) } else { Err(no_template(&id)) }
            })
            .await
        }
        "admin.email_template.test" => test(services, ctx, parse(params)?).await,
        "admin.email_log.list" => {
            let Logs { filter, page } = parse(params)?;
            let (after, limit) = page.checked()?;
            let found = mails::logs(db, &filter, after.as_deref(), limit + 1).await?;
            encode(&page.page(found, |log| log.id.clone()))
        }
        other => Err(CallError::not_found(format!("there is no method `{other}`"))),
    }
}

fn no_template(id: &str) -> CallError {
    CallError::not_found(format!("there is no template {id}"))
}

fn no_trigger(id: &str) -> CallError {
    CallError::not_found(format!("there is no trigger {id}"))
}

fn line(what: &str, text: &str, most: usize) -> Result<String, CallError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(CallError::bad_request(format!("`{what}` needs 1 to {most} printable characters")));
    }
    Ok(text.to_owned())
}

fn names(variables: &[String]) -> Result<Vec<String>, CallError> {
    let good = |name: &String| {
        !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if variables.len() > MAX_VARIABLES || !variables.iter().all(good) {
        let sentence = format!("`variables` has at most {MAX_VARIABLES} names of letters, digits and _");
        return Err(CallError::bad_request(sentence));
    }
    let unique: BTreeSet<&String> = variables.iter().collect();
    Ok(unique.into_iter().cloned().collect())
}

fn checked_trigger(trigger: &mut EmailTrigger) -> Result<(), CallError> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if trigger.name.is_empty() || trigger.name.len() > MAX_NAME || !trigger.name.chars().all(word) {
        return Err(CallError::bad_request(format!("`name` needs 1 to {MAX_NAME} of a-z, 0-9 and _")));
    }
    trigger.label = line("label", &trigger.label, MAX_NAME)?;
    trigger.category = line("category", &trigger.category, MAX_NAME)?;
    let text = trigger.description.as_deref().filter(|text| !text.trim().is_empty());
    trigger.description = text.map(|text| line("description", text, MAX_LINE)).transpose()?;
    let icon = trigger.icon.as_deref().filter(|text| !text.trim().is_empty());
    trigger.icon = icon.map(|text| line("icon", text, MAX_NAME)).transpose()?;
    trigger.variables = names(&trigger.variables)?;
    Ok(())
}

/// A name that is taken is a `conflict`.
fn taken<T>(written: DbResult<T>, key: &str, name: &str) -> Result<T, CallError> {
    match written {
        Err(DbError::Constraint { constraint, .. }) if constraint == key => {
            Err(CallError::conflict(format!("there is one named `{name}` already")))
        }
        other => Ok(other?),
    }
}

async fn stored_trigger(tx: &Tx<'_>, mut trigger: EmailTrigger) -> Result<Value, CallError> {
    checked_trigger(&mut trigger)?;
    taken(mails::put_trigger(tx, &trigger).await, "email_triggers_name_key", &trigger.name)?;
    encode(&mails::trigger(tx, &trigger.id).await?.ok_or_else(|| no_trigger(&trigger.id))?)
}

async fn create_trigger(ctx: &CallCtx, new: NewEmailTrigger) -> Result<Value, CallError> {
    let now = Timestamp::new(chrono::Utc::now());
    ctx.transaction(async |tx| {
        let new = new.clone();
        let trigger = EmailTrigger {
            id: new_id(),
            name: new.name.trim().to_owned(),
            label: new.label,
            description: new.description,
            variables: new.variables.unwrap_or_default(),
            category: new.category.unwrap_or_else(|| "general".to_owned()),
            icon: new.icon,
            is_system: false,
            created_at: now,
            updated_at: now,
        };
        stored_trigger(tx, trigger).await
    })
    .await
}

async fn update_trigger(ctx: &CallCtx, change: TriggerChange) -> Result<Value, CallError> {
    ctx.transaction(async |tx| {
        let (id, patch) = (&change.id, change.patch.clone());
        let mut trigger = mails::trigger(tx, id).await?.ok_or_else(|| no_trigger(id))?;
        if let Some(variables) = patch.variables {
            if trigger.is_system && names(&variables)? != names(&trigger.variables)? {
                let sentence = "the variables of a system trigger are what the server gives: they cannot be changed";
                return Err(CallError::forbidden(sentence));
            }
            trigger.variables = variables;
        }
        trigger.label = patch.label.unwrap_or(trigger.label);
        trigger.description = patch.description.or(trigger.description);
        trigger.category = patch.category.unwrap_or(trigger.category);
        trigger.icon = patch.icon.or(trigger.icon);
        stored_trigger(tx, trigger).await
    })
    .await
}

/// R61.
async fn delete_trigger(ctx: &CallCtx, ById { id }: ById) -> Result<Value, CallError> {
    ctx.transaction(async |tx| {
        let trigger = mails::trigger(tx, &id).await?.ok_or_else(|| no_trigger(&id))?;
        if trigger.is_system {
            let sentence = format!("`{}` is a trigger of the system and cannot be deleted", trigger.name);
            return Err(CallError::forbidden(sentence));
        }
        mails::delete_trigger(tx, &id).await?;
        Ok(Value::Null)
    })
    .await
}

/// Checks a template against its trigger and names its variables.
async fn checked_template(tx: &Tx<'_>, template: &mut EmailTemplate) -> Result<(), CallError> {
    template.name = line("name", &template.name, MAX_NAME)?;
    template.translations.remove(&template.language);
    let own = (&template.subject, &template.html_content);
    let others = template.translations.values().map(|text| (&text.subject, &text.html_content));
    let mut used = BTreeSet::new();
    for (subject, html) in std::iter::once(own).chain(others) {
        line("subject", subject, MAX_LINE)?;
        if html.trim().is_empty() || html.len() > MAX_BODY {
            return Err(CallError::bad_request(format!("`html_content` needs 1 to {MAX_BODY} bytes")));
        }
        used.extend(variables(subject));
        used.extend(variables(html));
    }
    if template.design_json.to_string().len() > MAX_BODY {
        return Err(CallError::bad_request(format!("`design_json` has at most {MAX_BODY} bytes")));
    }
    if let Some(id) = &template.trigger_id {
        let trigger = mails::trigger(tx, id).await?.ok_or_else(|| no_trigger(id))?;
        let known = |name: &&String| !COMMON.contains(&name.as_str()) && !trigger.variables.contains(*name);
        let strange: Vec<&String> = used.iter().filter(known).collect();
        if !strange.is_empty() {
            let message = format!("the trigger `{}` gives no value for some variables of this template", trigger.name);
            let offered: Vec<&str> = COMMON.into_iter().chain(trigger.variables.iter().map(String::as_str)).collect();
            return Err(CallError::bad_request(message).with_details(json!({"unknown": strange, "known": offered})));
        }
    }
    template.variables = used.into_iter().collect();
    Ok(())
}

async fn stored_template(tx: &Tx<'_>, mut template: EmailTemplate) -> Result<Value, CallError> {
    checked_template(tx, &mut template).await?;
    taken(mails::put_template(tx, &template).await, "email_templates_name_key", &template.name)?;
    encode(&mails::template(tx, &template.id).await?.ok_or_else(|| no_template(&template.id))?)
}

async fn create_template(ctx: &CallCtx, new: NewEmailTemplate) -> Result<Value, CallError> {
    let now = Timestamp::new(chrono::Utc::now());
    ctx.transaction(async |tx| {
        let new = new.clone();
        let template = EmailTemplate {
            id: new_id(),
            name: new.name,
            trigger_id: new.trigger_id.filter(|id| !id.is_empty()),
            subject: new.subject,
            design_json: new.design_json.unwrap_or_else(|| json!({"type": "doc", "content": []})),
            html_content: new.html_content,
            variables: Vec::new(),
            is_active: new.is_active,
            is_default: new.is_default,
            language: new.language.unwrap_or(Lang::French),
            translations: new.translations,
            created_at: now,
            updated_at: now,
        };
        stored_template(tx, template).await
    })
    .await
}

async fn update_template(ctx: &CallCtx, change: TemplateChange) -> Result<Value, CallError> {
    ctx.transaction(async |tx| {
        let (id, patch) = (&change.id, change.patch.clone());
        let mut template = mails::template(tx, id).await?.ok_or_else(|| no_template(id))?;
        if let Some(trigger) = patch.trigger_id {
            template.trigger_id = Some(trigger).filter(|id| !id.is_empty());
        }
        template.name = patch.name.unwrap_or(template.name);
        template.subject = patch.subject.unwrap_or(template.subject);
        template.design_json = patch.design_json.unwrap_or(template.design_json);
        template.html_content = patch.html_content.unwrap_or(template.html_content);
        template.is_active = patch.is_active.unwrap_or(template.is_active);
        template.is_default = patch.is_default.unwrap_or(template.is_default);
        template.language = patch.language.unwrap_or(template.language);
        template.translations = patch.translations.unwrap_or(template.translations);
        stored_template(tx, template).await
    })
    .await
}

/// A test of a template: every variable needs a value (R61).
async fn test(services: &Services, ctx: &CallCtx, Test { id, test }: Test) -> Result<Value, CallError> {
    let template = mails::template(ctx.db(), &id).await?.ok_or_else(|| no_template(&id))?;
    let me = users::by_id(ctx.db(), &ctx.who.user).await?.map(|row| row.user);
    let to = test.to.clone().or_else(|| me.as_ref().and_then(|me| me.email.clone()));
    let to = to.ok_or_else(|| CallError::bad_request("you have no address: say `to` whom the test goes"))?;
    let to = Email::parse(&to).map_err(CallError::bad_request)?;
    let letter = Letter {
        to: to.as_str().to_owned(),
        name: me.and_then(|me| me.name),
        language: test.language,
        variables: test.variables.clone(),
    };
    let rendered = render(&template, test.language, &services.post.common(&letter, "Test"));
    if !rendered.missing.is_empty() {
        let message = format!("a test needs a value for each variable; missing: {}", rendered.missing.join(", "));
        return Err(CallError::bad_request(message).with_details(json!({"missing": rendered.missing})));
    }
    ctx.transaction(async |tx| {
        let task_id = services.post.queue_test(tx, &template.id, &letter).await?;
        let (subject, html_content) = (rendered.subject.clone(), rendered.html.clone());
        encode(&TestEmailStarted { task_id, subject, html_content })
    })
    .await
}
