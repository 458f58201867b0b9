//! `feedback`, `consent_logs`, `notices`, what clients push into `telemetry_events`, and `users.onboarding_state`.

use super::{Reader, get, json, opt_word, time, word};
use chrono::{DateTime, Utc};
use estafette_actors::{DbResult, Tx};
use estafette_protocol::cv::event::user::Notice;
use estafette_protocol::cv::status::{ConsentAction, FeedbackStatus, NoticeLevel};
use estafette_protocol::cv::voice::{
    Consent, ConsentPreferences, Feedback, FeedbackQuery, FlagText, OnboardingState, SendFeedback, TelemetryItem,
    TelemetryQuery, TelemetryRow,
};
use estafette_protocol::{Timestamp, UserId};
use serde_json::Value;
use tokio_postgres::Row;

/// Feedback of a snapshot.
pub const MAX_SNAPSHOT: i64 = 100;
/// Unread notices of a snapshot.
pub const MAX_NOTICES: i64 = 50;

const FEEDBACK: &str =
    "f.id, f.user_id, u.email, f.rating, f.comment, f.is_bug_report, f.current_cv_file, f.user_agent,
    f.page_url, f.status, f.created_at FROM cv.feedback f JOIN cv.users u ON u.id = f.user_id";

fn feedback_row(row: &Row) -> DbResult<Feedback> {
    Ok(Feedback {
        id: get(row, "id")?,
        user_id: word(row, "user_id")?,
        email: get(row, "email")?,
        rating: get(row, "rating")?,
        comment: get(row, "comment")?,
        is_bug_report: get(row, "is_bug_report")?,
        current_cv_file: get(row, "current_cv_file")?,
        user_agent: get(row, "user_agent")?,
        page_url: get(row, "page_url")?,
        status: word(row, "status")?,
        created_at: time(row, "created_at")?,
    })
}

/// How much a person sent within a day.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn feedback_of_day(db: &impl Reader, user: &str) -> DbResult<i64> {
    let sql = "SELECT count(*) AS n FROM cv.feedback WHERE user_id = $1 AND created_at > now() - interval '1 day'";
    db.row(sql, &[&user]).await?.map_or(Ok(0), |row| get(&row, "n"))
}

/// Keeps feedback.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn add_feedback(tx: &Tx<'_>, user: &str, id: &str, given: &SendFeedback) -> DbResult<()> {
    tx.execute(
        "INSERT INTO cv.feedback (id, user_id, rating, comment, is_bug_report, current_cv_file, user_agent, page_url)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            &id,
            &user,
            &given.rating,
            &given.comment,
            &given.is_bug_report,
            &given.current_cv_file,
            &given.user_agent,
            &given.page_url,
        ],
    )
    .await?;
    Ok(())
}

/// One.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn feedback(db: &impl Reader, id: &str) -> DbResult<Option<Feedback>> {
    let row = db.row(&format!("SELECT {FEEDBACK} WHERE f.id = $1"), &[&id]).await?;
    row.as_ref().map(feedback_row).transpose()
}

/// Feedback, the newest first.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn list_feedback(
    db: &impl Reader,
    filter: &FeedbackQuery,
    after: Option<&str>,
    limit: i64,
) -> DbResult<Vec<Feedback>> {
    let status = filter.status.map(FeedbackStatus::as_str);
    let bugs = filter.is_bug_report.map(|flag| flag == FlagText::True);
    let sql = format!(
        "SELECT {FEEDBACK} WHERE ($1::text IS NULL OR f.status = $1) AND ($2::bool IS NULL OR f.is_bug_report = $2)
            AND ($3::text IS NULL OR (f.created_at, f.id) < (SELECT created_at, id FROM cv.feedback WHERE id = $3))
         ORDER BY f.created_at DESC, f.id DESC LIMIT $4"
    );
    db.rows(&sql, &[&status, &bugs, &after, &limit]).await?.iter().map(feedback_row).collect()
}

/// How many there are: new, reviewed, resolved.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn count_feedback(db: &impl Reader) -> DbResult<(i64, i64, i64)> {
    let row = db
        .row(
            "SELECT count(*) FILTER (WHERE status = 'new') AS new, count(*) FILTER (WHERE status = 'reviewed') AS reviewed,
                count(*) FILTER (WHERE status = 'resolved') AS resolved FROM cv.feedback",
            &[],
        )
        .await?;
    row.map_or(Ok((0, 0, 0)), |row| Ok((get(&row, "new")?, get(&row, "reviewed")?, get(&row, "resolved")?)))
}

/// Moves feedback on from one of these; whether it was there.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn move_feedback(tx: &Tx<'_>, id: &str, from: &[FeedbackStatus], to: FeedbackStatus) -> DbResult<bool> {
    let from: Vec<&str> = from.iter().map(|status| status.as_str()).collect();
    let sql = "UPDATE cv.feedback SET status = $3 WHERE id = $1 AND status = ANY($2)";
    Ok(tx.execute(sql, &[&id, &from, &to.as_str()]).await? == 1)
}

/// Whether a person chose before.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn has_consented(db: &impl Reader, user: &str) -> DbResult<bool> {
    Ok(db.row("SELECT 1 FROM cv.consent_logs WHERE user_id = $1 LIMIT 1", &[&user]).await?.is_some())
}

/// Who chooses, for the log.
#[derive(Debug, Clone, Default)]
pub struct Witness {
    /// From where.
    pub ip: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
}

/// R71: adds a choice.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn add_consent(
    tx: &Tx<'_>,
    user: &str,
    action: ConsentAction,
    choice: &ConsentPreferences,
    witness: &Witness,
) -> DbResult<Consent> {
    let preferences = super::to_json(choice)?;
    let row = tx
        .query_one(
            "INSERT INTO cv.consent_logs (id, user_id, action, preferences, ip, user_agent, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp()) RETURNING id, action, preferences, created_at",
            &[&super::new_id(), &user, &action.as_str(), &preferences, &witness.ip, &witness.user_agent],
        )
        .await?;
    consent_row(&row)
}

fn consent_row(row: &Row) -> DbResult<Consent> {
    Ok(Consent {
        id: get(row, "id")?,
        action: word(row, "action")?,
        preferences: json(row, "preferences")?.unwrap_or_default(),
        created_at: time(row, "created_at")?,
    })
}

/// A person's choices, the newest first.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn consents(db: &impl Reader, user: &str, after: Option<&str>, limit: i64) -> DbResult<Vec<Consent>> {
    let rows = db
        .rows(
            "SELECT id, action, preferences, created_at FROM cv.consent_logs WHERE user_id = $1
                AND ($2::text IS NULL OR (created_at, id) <
                    (SELECT created_at, id FROM cv.consent_logs WHERE id = $2 AND user_id = $1))
             ORDER BY created_at DESC, id DESC LIMIT $3",
            &[&user, &after, &limit],
        )
        .await?;
    rows.iter().map(consent_row).collect()
}

/// R71: whether telemetry may say whose it is.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn may_track(db: &impl Reader, user: &str) -> DbResult<bool> {
    let row = db
        .row(
            "SELECT coalesce((preferences ->> 'functional')::bool, false)
                OR coalesce((preferences ->> 'analytics')::bool, false) AS may
             FROM cv.consent_logs WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1",
            &[&user],
        )
        .await?;
    row.map_or(Ok(false), |row| get(&row, "may"))
}

/// Stores what a client pushed, in one statement. Without `who` it says neither whose it is nor what was particular.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn push(
    tx: &Tx<'_>,
    who: Option<(&str, Option<&str>)>,
    events: &[(TelemetryItem, DateTime<Utc>)],
) -> DbResult<()> {
    let ids: Vec<String> = events.iter().map(|_| super::new_id()).collect();
    let kinds: Vec<&str> = events.iter().map(|(event, _)| event.kind.as_str()).collect();
    let categories: Vec<&str> = events.iter().map(|(event, _)| event.category.as_str()).collect();
    let particular = who.is_some();
    let metadata: Vec<Option<Value>> =
        events.iter().map(|(event, _)| event.metadata.clone().filter(|_| particular).map(Value::Object)).collect();
    let durations: Vec<Option<i32>> = events.iter().map(|(event, _)| event.duration).collect();
    let statuses: Vec<Option<&str>> = events.iter().map(|(event, _)| event.status.map(|word| word.as_str())).collect();
    let errors: Vec<Option<&str>> =
        events.iter().map(|(event, _)| event.error.as_deref().filter(|_| particular)).collect();
    let times: Vec<DateTime<Utc>> = events.iter().map(|(_, at)| *at).collect();
    let (user, device) = who.map_or((None, None), |(user, device)| (Some(user), device));
    tx.execute(
        "INSERT INTO cv.telemetry_events (id, user_id, device_id, type, category, metadata, duration, status, error, timestamp)
         SELECT t.id, $1, $2, t.type, t.category, t.metadata, t.duration, t.status, t.error, t.at
         FROM unnest($3::text[], $4::text[], $5::text[], $6::jsonb[], $7::int[], $8::text[], $9::text[], $10::timestamptz[])
            AS t (id, type, category, metadata, duration, status, error, at)",
        &[&user, &device, &ids, &kinds, &categories, &metadata, &durations, &statuses, &errors, &times],
    )
    .await?;
    Ok(())
}

/// Stored events, the newest first.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn telemetry(
    db: &impl Reader,
    filter: &TelemetryQuery,
    after: Option<&str>,
    limit: i64,
) -> DbResult<Vec<TelemetryRow>> {
    let status = filter.status.map(|status| status.as_str());
    let user = filter.user_id.as_ref().map(UserId::as_str);
    let rows = db
        .rows(
            "SELECT id, user_id, type, category, metadata, device_id, duration, status, error, timestamp
             FROM cv.telemetry_events
             WHERE ($1::text IS NULL OR type = $1) AND ($2::text IS NULL OR category = $2)
                AND ($3::text IS NULL OR status = $3) AND ($4::text IS NULL OR user_id = $4)
                AND ($5::text IS NULL OR (timestamp, id) <
                    (SELECT timestamp, id FROM cv.telemetry_events WHERE id = $5))
             ORDER BY timestamp DESC, id DESC LIMIT $6",
            &[&filter.kind, &filter.category, &status, &user, &after, &limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(TelemetryRow {
                id: get(row, "id")?,
                user_id: opt_word(row, "user_id")?,
                kind: get(row, "type")?,
                category: get(row, "category")?,
                metadata: get::<Option<Value>>(row, "metadata")?.unwrap_or(Value::Null),
                device_id: get(row, "device_id")?,
                duration: get(row, "duration")?,
                status: opt_word(row, "status")?,
                error: get(row, "error")?,
                timestamp: time(row, "timestamp")?,
            })
        })
        .collect()
}

/// How far a person's introduction is. What older installations wrote otherwise counts as not begun.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn onboarding(db: &impl Reader, user: &str) -> DbResult<Option<OnboardingState>> {
    let row = db.row("SELECT onboarding_state FROM cv.users WHERE id = $1", &[&user]).await?;
    let Some(row) = row else { return Ok(None) };
    let stored: Option<Value> = get(&row, "onboarding_state")?;
    Ok(stored.and_then(|stored| serde_json::from_value(stored).ok()))
}

/// Keeps it.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_onboarding(tx: &Tx<'_>, user: &str, state: &OnboardingState) -> DbResult<()> {
    let state = super::to_json(state)?;
    tx.execute("UPDATE cv.users SET onboarding_state = $2, updated_at = now() WHERE id = $1", &[&user, &state]).await?;
    Ok(())
}

/// Keeps a notice until it is read.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn add_notice(tx: &Tx<'_>, user: &str, notice: &Notice) -> DbResult<()> {
    tx.later(
        "INSERT INTO cv.notices (id, user_id, level, code, text, data) VALUES ($1, $2, $3, $4, $5, $6)",
        vec![
            Box::new(super::new_id()),
            Box::new(user.to_owned()),
            Box::new(notice.level.as_str()),
            Box::new(notice.code.clone()),
            Box::new(notice.text.clone()),
            Box::new(notice.data.clone()),
        ],
    );
    Ok(())
}

/// What a person has not read, the newest first.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn unread(db: &impl Reader, user: &str) -> DbResult<Vec<Notice>> {
    let sql = "SELECT level, code, text, data FROM cv.notices WHERE user_id = $1 AND read_at IS NULL
               ORDER BY created_at DESC, id DESC LIMIT $2";
    let rows = db.rows(sql, &[&user, &MAX_NOTICES]).await?;
    rows.iter()
        .map(|row| {
            Ok(Notice {
                level: word::<NoticeLevel>(row, "level")?,
                code: get(row, "code")?,
                text: get(row, "text")?,
                data: get::<Option<Value>>(row, "data")?.unwrap_or(Value::Null),
            })
        })
        .collect()
}

/// All notices of a person up to now are read; when that was.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn read_notices(tx: &Tx<'_>, user: &str) -> DbResult<Timestamp> {
    let row = tx
        .query_one(
            "WITH read AS (UPDATE cv.notices SET read_at = now() WHERE user_id = $1 AND read_at IS NULL)
             SELECT now() AS at",
            &[&user],
        )
        .await?;
    time(&row, "at")
}
