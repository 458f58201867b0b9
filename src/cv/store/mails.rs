//! `email_triggers`, `email_templates`, `email_logs`.

use super::{Reader, get, json, new_id, opt_word, time, word};
use estafette_actors::{DbError, DbResult, Tx};
use estafette_protocol::cv::mail::{EmailLog, EmailLogQuery, EmailTemplate, EmailTrigger};
use estafette_protocol::cv::status::{EmailProvider, EmailStatus};
use estafette_protocol::{TaskId, UserId};
use std::collections::BTreeMap;
use tokio_postgres::Row;

/// Rows of the topic's snapshot.
pub const MAX_SNAPSHOT: i64 = 100;

const TRIGGER: &str = "id, name, label, description, variables, category, icon, is_system, created_at, updated_at";
const TEMPLATE: &str = "m.id, m.name, m.trigger_id, m.subject, m.design_json, m.html_content, m.variables, m.is_active,
    m.is_default, m.language, m.translations, m.created_at, m.updated_at";
const LOG: &str =
    "id, template_id, template_name, recipient_email, recipient_user_id, subject, status, error, provider,
    provider_id, resend_id, is_test_email, task_id, created_at";

fn trigger_row(row: &Row) -> DbResult<EmailTrigger> {
    Ok(EmailTrigger {
        id: get(row, "id")?,
        name: get(row, "name")?,
        label: get(row, "label")?,
        description: get(row, "description")?,
        variables: json(row, "variables")?.unwrap_or_default(),
        category: get(row, "category")?,
        icon: get(row, "icon")?,
        is_system: get(row, "is_system")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

fn template_row(row: &Row) -> DbResult<EmailTemplate> {
    Ok(EmailTemplate {
        id: get(row, "id")?,
        name: get(row, "name")?,
        trigger_id: get(row, "trigger_id")?,
        subject: get(row, "subject")?,
        design_json: get(row, "design_json")?,
        html_content: get(row, "html_content")?,
        variables: json(row, "variables")?.unwrap_or_default(),
        is_active: get(row, "is_active")?,
        is_default: get(row, "is_default")?,
        language: word(row, "language")?,
        translations: json(row, "translations")?.unwrap_or_default(),
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

fn log_row(row: &Row) -> DbResult<EmailLog> {
    Ok(EmailLog {
        id: get(row, "id")?,
        template_id: get(row, "template_id")?,
        template_name: get(row, "template_name")?,
        recipient_email: get(row, "recipient_email")?,
        recipient_user_id: opt_word(row, "recipient_user_id")?,
        subject: get(row, "subject")?,
        status: word(row, "status")?,
        error: get(row, "error")?,
        provider: word(row, "provider")?,
        provider_id: get(row, "provider_id")?,
        resend_id: get(row, "resend_id")?,
        is_test_email: get(row, "is_test_email")?,
        task_id: opt_word(row, "task_id")?,
        created_at: time(row, "created_at")?,
    })
}

/// All triggers by name, after one of them.
///
/// # Errors
/// [`DbError`], as every function here.
pub async fn triggers(db: &impl Reader, after: Option<&str>, limit: i64) -> DbResult<Vec<EmailTrigger>> {
    let sql =
        format!("SELECT {TRIGGER} FROM cv.email_triggers WHERE $1::text IS NULL OR name > $1 ORDER BY name LIMIT $2");
    db.rows(&sql, &[&after, &limit]).await?.iter().map(trigger_row).collect()
}

/// One trigger.
///
/// # Errors
/// [`DbError`].
pub async fn trigger(db: &impl Reader, id: &str) -> DbResult<Option<EmailTrigger>> {
    let row = db.row(&format!("SELECT {TRIGGER} FROM cv.email_triggers WHERE id = $1"), &[&id]).await?;
    row.as_ref().map(trigger_row).transpose()
}

/// What a trigger is called by people.
///
/// # Errors
/// [`DbError`].
pub async fn trigger_label(db: &impl Reader, name: &str) -> DbResult<Option<String>> {
    let row = db.row("SELECT label FROM cv.email_triggers WHERE name = $1", &[&name]).await?;
    row.as_ref().map(|row| get(row, "label")).transpose()
}

/// Writes a trigger: a new one, or the one with its id. Its name and whether it is the server's never change.
///
/// # Errors
/// `email_triggers_name_key`.
pub async fn put_trigger(tx: &Tx<'_>, trigger: &EmailTrigger) -> DbResult<()> {
    tx.execute(
        "INSERT INTO cv.email_triggers (id, name, label, description, variables, category, icon)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET label = $3, description = $4, variables = $5, category = $6, icon = $7,
            updated_at = now()",
        &[
            &trigger.id,
            &trigger.name,
            &trigger.label,
            &trigger.description,
            &super::to_json(&trigger.variables)?,
            &trigger.category,
            &trigger.icon,
        ],
    )
    .await?;
    Ok(())
}

/// Deletes a trigger that is not the server's (R61); its templates stay without one.
///
/// # Errors
/// [`DbError`].
pub async fn delete_trigger(tx: &Tx<'_>, id: &str) -> DbResult<bool> {
    Ok(tx.execute("DELETE FROM cv.email_triggers WHERE id = $1 AND NOT is_system", &[&id]).await? == 1)
}

/// All templates by name, after one of them.
///
/// # Errors
/// [`DbError`].
pub async fn templates(db: &impl Reader, after: Option<&str>, limit: i64) -> DbResult<Vec<EmailTemplate>> {
    let sql = format!(
        "SELECT {TEMPLATE} FROM cv.email_templates m WHERE $1::text IS NULL OR m.name > $1 ORDER BY m.name LIMIT $2"
    );
    db.rows(&sql, &[&after, &limit]).await?.iter().map(template_row).collect()
}

/// One template.
///
/// # Errors
/// [`DbError`].
pub async fn template(db: &impl Reader, id: &str) -> DbResult<Option<EmailTemplate>> {
    let row = db.row(&format!("SELECT {TEMPLATE} FROM cv.email_templates m WHERE m.id = $1"), &[&id]).await?;
    row.as_ref().map(template_row).transpose()
}

/// R60: the trigger's active template, else the default one.
///
/// # Errors
/// [`DbError`].
pub async fn template_for(db: &impl Reader, trigger: &str) -> DbResult<Option<EmailTemplate>> {
    let sql = format!(
        "SELECT {TEMPLATE} FROM cv.email_templates m LEFT JOIN cv.email_triggers t ON t.id = m.trigger_id
         WHERE (t.name = $1 AND m.is_active) OR m.is_default
         ORDER BY (t.name IS NOT DISTINCT FROM $1 AND m.is_active) DESC LIMIT 1"
    );
    db.row(&sql, &[&trigger]).await?.as_ref().map(template_row).transpose()
}

/// Writes a template: a new one, or the one with its id. Another one that is active for the same trigger, or the default,
/// is so no more (R62).
///
/// # Errors
/// `email_templates_name_key`.
pub async fn put_template(tx: &Tx<'_>, template: &EmailTemplate) -> DbResult<()> {
    // Two that are activated at the same time take turns.
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('cv.email_templates', 0))", &[]).await?;
    if template.is_active && template.trigger_id.is_some() {
        tx.execute(
            "UPDATE cv.email_templates SET is_active = false, updated_at = now()
             WHERE trigger_id = $1 AND is_active AND id <> $2",
            &[&template.trigger_id, &template.id],
        )
        .await?;
    }
    if template.is_default {
        tx.execute(
            "UPDATE cv.email_templates SET is_default = false, updated_at = now() WHERE is_default AND id <> $1",
            &[&template.id],
        )
        .await?;
    }
    tx.execute(
        "INSERT INTO cv.email_templates (id, name, trigger_id, subject, design_json, html_content, variables, is_active,
            is_default, language, translations)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (id) DO UPDATE SET name = $2, trigger_id = $3, subject = $4, design_json = $5, html_content = $6,
            variables = $7, is_active = $8, is_default = $9, language = $10, translations = $11, updated_at = now()",
        &[
            &template.id,
            &template.name,
            &template.trigger_id,
            &template.subject,
            &template.design_json,
            &template.html_content,
            &super::to_json(&template.variables)?,
            &template.is_active,
            &template.is_default,
            &template.language.as_str(),
            &super::to_json(&template.translations)?,
        ],
    )
    .await?;
    Ok(())
}

/// Deletes a template; its rows in the log keep its name (R60).
///
/// # Errors
/// [`DbError`].
pub async fn delete_template(tx: &Tx<'_>, id: &str) -> DbResult<bool> {
    Ok(tx.execute("DELETE FROM cv.email_templates WHERE id = $1", &[&id]).await? == 1)
}

/// What is logged of an e-mail.
#[derive(Debug, Clone)]
pub struct NewLog {
    /// The template.
    pub template_id: Option<String>,
    /// What it was called.
    pub template_name: String,
    /// The subject.
    pub subject: String,
    /// By which way.
    pub provider: EmailProvider,
    /// Its id there.
    pub provider_id: Option<String>,
    /// What became of it.
    pub status: EmailStatus,
    /// Why it failed.
    pub error: Option<String>,
}

/// Logs an e-mail. Of somebody who is gone meanwhile no address is kept (R8). `None`: the id at the provider is known.
///
/// # Errors
/// [`DbError`].
pub async fn insert_log(
    tx: &Tx<'_>,
    task: &TaskId,
    user: Option<&UserId>,
    to: &str,
    is_test: bool,
    log: &NewLog,
) -> DbResult<Option<EmailLog>> {
    let sql = format!(
        "WITH who AS (SELECT id FROM cv.users WHERE id = $4 FOR KEY SHARE),
              template AS (SELECT id FROM cv.email_templates WHERE id = $2 FOR KEY SHARE)
         INSERT INTO cv.email_logs (id, template_id, template_name, recipient_email, recipient_user_id, subject, status,
            error, provider, provider_id, is_test_email, task_id)
         VALUES ($1, (SELECT id FROM template), $3,
            CASE WHEN $4::text IS NULL OR EXISTS (SELECT 1 FROM who) THEN $5 ELSE $13 END,
            (SELECT id FROM who), $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT DO NOTHING RETURNING {LOG}"
    );
    let (user, erased) = (user.map(UserId::as_str), crate::cv::mail::task::ERASED);
    let row = tx
        .query_opt(
            &sql,
            &[
                &new_id(),
                &log.template_id,
                &log.template_name,
                &user,
                &to,
                &log.subject,
                &log.status.as_str(),
                &log.error,
                &log.provider.as_str(),
                &log.provider_id,
                &is_test,
                &task.as_str(),
                &erased,
            ],
        )
        .await?;
    row.as_ref().map(log_row).transpose()
}

/// What came of telling the log what a provider reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// The row as it is now.
    Moved(Box<EmailLog>),
    /// It was there already, or the state does not follow.
    Unmoved,
    /// There is no such e-mail (yet).
    Unknown,
}

/// sent → delivered or bounced, by the provider's word (section 2).
///
/// # Errors
/// [`DbError`].
pub async fn report(
    tx: &Tx<'_>,
    provider: EmailProvider,
    provider_id: &str,
    status: EmailStatus,
    error: Option<&str>,
) -> DbResult<Reported> {
    let (provider, status) = (provider.as_str(), status.as_str());
    let sql = format!(
        "UPDATE cv.email_logs SET status = $3, error = $4
         WHERE provider = $1 AND provider_id = $2 AND status = 'sent' RETURNING {LOG}"
    );
    if let Some(row) = tx.query_opt(&sql, &[&provider, &provider_id, &status, &error]).await? {
        return Ok(Reported::Moved(Box::new(log_row(&row)?)));
    }
    let known = "SELECT 1 FROM cv.email_logs WHERE provider = $1 AND provider_id = $2";
    let known = tx.query_opt(known, &[&provider, &provider_id]).await?.is_some();
    Ok(if known { Reported::Unmoved } else { Reported::Unknown })
}

/// The log, the newest first.
///
/// # Errors
/// [`DbError`].
pub async fn logs(
    db: &impl Reader,
    filter: &EmailLogQuery,
    after: Option<&str>,
    limit: i64,
) -> DbResult<Vec<EmailLog>> {
    let sql = format!(
        "SELECT {LOG} FROM cv.email_logs WHERE ($1::text IS NULL OR status = $1)
            AND ($2::text IS NULL OR recipient_email = lower($2)) AND ($3::text IS NULL OR template_name = $3)
            AND ($4::text IS NULL OR (created_at, id) < (SELECT created_at, id FROM cv.email_logs WHERE id = $4))
         ORDER BY created_at DESC, id DESC LIMIT $5"
    );
    let status = filter.status.map(EmailStatus::as_str);
    db.rows(&sql, &[&status, &filter.recipient, &filter.template, &after, &limit]).await?.iter().map(log_row).collect()
}

/// How many there are of each state.
///
/// # Errors
/// [`DbError`].
pub async fn counts(db: &impl Reader) -> DbResult<BTreeMap<EmailStatus, i64>> {
    let rows = db.rows("SELECT status, count(*) AS n FROM cv.email_logs GROUP BY status", &[]).await?;
    rows.iter().map(|row| Ok((word(row, "status")?, get(row, "n")?))).collect()
}

/// R8: the log forgets who it was about. Returns the tasks that sent these e-mails.
///
/// # Errors
/// [`DbError`].
pub async fn forget(tx: &Tx<'_>, user: &str, email: Option<&str>) -> DbResult<Vec<String>> {
    let rows = tx
        .query(
            "UPDATE cv.email_logs SET recipient_user_id = NULL, recipient_email = $3,
                error = CASE WHEN error IS NULL THEN NULL ELSE $3 END
             WHERE recipient_user_id = $1 OR recipient_email = $2 RETURNING task_id",
            &[&user, &email, &crate::cv::mail::task::ERASED],
        )
        .await?;
    let tasks = rows.iter().map(|row| get::<Option<String>>(row, "task_id"));
    Ok(tasks.collect::<Result<Vec<_>, DbError>>()?.into_iter().flatten().collect())
}
