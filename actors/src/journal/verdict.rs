//! What became of one event for one session.

use super::note::What;
use crate::db::{Db, DbResult};
use chrono::{DateTime, Utc};
use estafette_protocol::{ProductId, SessionId, Topic, UserId};
use serde::Serialize;
use serde_json::Value;

/// Notes that are read for one answer, the newest.
const MAX_NOTES: i64 = 2_000;

/// A note, as it is read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Noted {
    /// When.
    pub at: DateTime<Utc>,
    /// On which connection.
    pub connection: String,
    /// On which node.
    pub node: String,
    /// What happened: a word of [`What`].
    pub what: &'static str,
    /// To which topic.
    pub topic: Option<String>,
    /// The position.
    pub seq: Option<i64>,
    /// What belongs to it.
    pub detail: Value,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// There is no such event.
    NoSuchEvent,
    /// It was queued for the connection and the connection went on.
    Sent,
    /// It is contained in a state that was sent.
    InSnapshot,
    /// The client resumed after it: it said that it had it.
    ClientHadIt,
    /// The subscription reads the log at its reader's pace and has not come to it.
    OnItsWay,
    /// The connection ended before it; it comes with the next one.
    ConnectionEnded,
    /// The subscription ended before it.
    SubscriptionEnded,
    /// The session did not subscribe to the topic in the time that is remembered.
    NotSubscribed,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// In a word.
    pub fate: Fate,
    /// In a sentence.
    pub sentence: String,
    /// The notes that it was made from, the oldest first.
    pub notes: Vec<Noted>,
}

/// What a session's connections noted, the newest `limit`, the oldest of them first; of one topic, or of all.
///
/// # Errors
/// [`crate::DbError`] when the database does not answer.
pub async fn notes(
    db: &Db,
    product: &ProductId,
    session: &SessionId,
    topic: Option<&Topic>,
    limit: i64,
) -> DbResult<Vec<Noted>> {
    let topic = topic.map(ToString::to_string);
    let rows = db
        .query(
            "SELECT at, connection, node_id, what, topic, seq, detail FROM runtime.journal
             WHERE session_id = $1 AND product = $2 AND ($3::text IS NULL OR topic IS NULL OR topic = $3)
             ORDER BY id DESC LIMIT $4",
            &[&session.as_str(), &product.as_str(), &topic, &limit.clamp(1, MAX_NOTES)],
        )
        .await?;
    rows.iter()
        .rev()
        .map(|row| {
            Ok(Noted {
                at: row.try_get(0)?,
                connection: row.try_get(1)?,
                node: row.try_get(2)?,
                what: row.try_get::<_, &str>(3)?.parse::<What>()?.as_str(),
                topic: row.try_get(4)?,
                seq: row.try_get(5)?,
                detail: row.try_get(6)?,
            })
        })
        .collect()
}

/// A session that the journal remembers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Remembered {
    /// The session.
    pub session: String,
    /// Its first note that is kept.
    pub from: DateTime<Utc>,
    /// Its last one.
    pub to: DateTime<Utc>,
    /// How many connections it had.
    pub connections: i64,
}

/// Sessions that are listed for a user, the newest first.
const MAX_SESSIONS: i64 = 50;

/// The sessions of a user that the journal remembers.
///
/// # Errors
/// [`crate::DbError`] when the database does not answer.
pub async fn sessions(db: &Db, product: &ProductId, user: &UserId) -> DbResult<Vec<Remembered>> {
    let rows = db
        .query(
            "SELECT session_id, min(at), max(at), count(DISTINCT connection) FROM runtime.journal
             WHERE product = $1 AND user_id = $2 GROUP BY session_id ORDER BY max(at) DESC LIMIT $3",
            &[&product.as_str(), &user.as_str(), &MAX_SESSIONS],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Remembered {
                session: row.try_get(0)?,
                from: row.try_get(1)?,
                to: row.try_get(2)?,
                connections: row.try_get(3)?,
            })
        })
        .collect()
}

/// Why a session saw an event, or did not.
///
/// # Errors
/// [`crate::DbError`] when the database does not answer.
pub async fn explain(
    db: &Db,
    product: &ProductId,
    session: &SessionId,
    topic: &Topic,
    seq: u64,
) -> DbResult<Explanation> {
    let row = db
        .query_opt(
            "SELECT head_seq FROM runtime.topics WHERE product = $1 AND topic = $2",
            &[&product.as_str(), &topic.to_string()],
        )
        .await?;
    let head = row.map_or(Ok(0), |row| row.try_get::<_, i64>(0))?;
    let notes = notes(db, product, session, Some(topic), MAX_NOTES).await?;
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    let (fate, sentence) = judge(head, &notes, &topic.to_string(), seq);
    Ok(Explanation { fate, sentence, notes })
}

fn clock(at: DateTime<Utc>) -> impl std::fmt::Display {
    at.format("%Y-%m-%d %H:%M:%S UTC")
}

fn text<'a>(note: &'a Noted, name: &str) -> &'a str {
    note.detail.get(name).and_then(Value::as_str).unwrap_or("no reason was noted")
}

/// The verdict. Pure: `head` is the topic's newest number, `notes` are in the order of time.
fn judge(head: i64, notes: &[Noted], topic: &str, seq: i64) -> (Fate, String) {
    if seq < 1 || seq > head {
        return (Fate::NoSuchEvent, format!("{topic} has no event {seq}: its newest is {head}"));
    }
    let of_topic = || notes.iter().filter(|note| note.topic.as_deref() == Some(topic));
    let reached = |note: &&Noted| note.seq.is_some_and(|at| at >= seq);
    if let Some(note) = of_topic().find(reached) {
        let at = clock(note.at);
        match note.what {
            "subscribed" => {
                let had = note.seq.unwrap_or_default();
                return (
                    Fate::ClientHadIt,
                    format!("the client resumed after {had} at {at}: it said that it had {seq}"),
                );
            }
            "snapshot" => {
                let state = note.seq.unwrap_or_default();
                return (Fate::InSnapshot, format!("it is a part of the state as of {state}, which was sent at {at}"));
            }
            _ => return (Fate::Sent, format!("it was handed to connection {} by {at}", note.connection)),
        }
    }
    let Some(subscribed) = of_topic().rfind(|note| note.what == "subscribed") else {
        return (
            Fate::NotSubscribed,
            format!("this session did not subscribe to {topic} in the time that is remembered"),
        );
    };
    let came_to = of_topic().filter_map(|note| note.seq).max().unwrap_or(0);
    let after = |note: &&Noted| note.connection == subscribed.connection && note.at >= subscribed.at;
    if let Some(ended) = of_topic().filter(after).find(|note| note.what == "ended") {
        let sentence =
            format!("the subscription ended at {} ({}); it had come to {came_to}", clock(ended.at), text(ended, "why"));
        return (Fate::SubscriptionEnded, sentence);
    }
    if let Some(closed) = notes.iter().filter(after).find(|note| note.what == "closed") {
        let sentence = format!(
            "the connection ended at {} ({}); it had come to {came_to} of {head}, and the rest comes with the next subscription",
            clock(closed.at),
            text(closed, "reason")
        );
        return (Fate::ConnectionEnded, sentence);
    }
    let sentence = format!("the subscription has come to {came_to} of {head} and reads the log at its reader's pace");
    (Fate::OnItsWay, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use serde_json::json;

    /// Connection, what, seq.
    type Row = (&'static str, &'static str, Option<i64>);

    /// Notes a second apart.
    fn notes(of: &[Row]) -> Vec<Noted> {
        let start = DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().with_timezone(&Utc);
        of.iter()
            .enumerate()
            .map(|(second, (connection, what, seq))| Noted {
                at: start + TimeDelta::seconds(i64::try_from(second).unwrap()),
                connection: (*connection).to_owned(),
                node: "n-1".to_owned(),
                what,
                topic: (!matches!(*what, "opened" | "closed")).then(|| "cv:1".to_owned()),
                seq: *seq,
                detail: json!({"why": "no longer allowed", "reason": "1006"}),
            })
            .collect()
    }

    #[test]
    fn every_fate_has_its_sentence() {
        let opened = ("a", "opened", None);
        let subscribed = ("a", "subscribed", None);
        let cases: Vec<(Vec<Row>, i64, Fate, &str)> = vec![
            (vec![opened, subscribed, ("a", "snapshot", Some(400))], 412, Fate::OnItsWay, "400 of 500"),
            (vec![opened, subscribed, ("a", "snapshot", Some(420))], 412, Fate::InSnapshot, "as of 420"),
            (
                vec![subscribed, ("a", "snapshot", Some(400)), ("a", "position", Some(411))],
                412,
                Fate::OnItsWay,
                "411 of 500",
            ),
            (
                vec![subscribed, ("a", "snapshot", Some(400)), ("a", "position", Some(412))],
                412,
                Fate::Sent,
                "connection a",
            ),
            (vec![("a", "subscribed", Some(450))], 412, Fate::ClientHadIt, "after 450"),
            (
                vec![subscribed, ("a", "position", Some(409)), ("a", "closed", None)],
                412,
                Fate::ConnectionEnded,
                "(1006); it had come to 409",
            ),
            (
                vec![
                    subscribed,
                    ("a", "position", Some(409)),
                    ("a", "closed", None),
                    ("b", "subscribed", Some(409)),
                    ("b", "live", Some(415)),
                ],
                412,
                Fate::Sent,
                "connection b",
            ),
            (
                vec![subscribed, ("a", "position", Some(9)), ("a", "ended", None)],
                412,
                Fate::SubscriptionEnded,
                "no longer allowed",
            ),
            (vec![opened], 412, Fate::NotSubscribed, "did not subscribe"),
            (vec![opened], 501, Fate::NoSuchEvent, "newest is 500"),
        ];
        for (of, seq, fate, says) in cases {
            let (found, sentence) = judge(500, &notes(&of), "cv:1", seq);
            assert_eq!(found, fate, "{sentence}");
            assert!(sentence.contains(says), "{sentence}");
        }
    }
}
