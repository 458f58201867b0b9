//! What a connection notes.

use crate::db::{Db, DbResult};
use crate::error::DbError;
use crate::identity::Identity;
use crate::writer::batch::{Record, Recorder};
use chrono::{DateTime, Utc};
use estafette_protocol::{NodeId, ProductId, SessionId, Topic, UserId};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// A kind of note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The connection was welcomed. Detail: codec, client.
    Opened,
    /// A subscription began; `seq` is the client's own position, if it gave one.
    Subscribed,
    /// The topic's state as of `seq` was queued for the connection.
    Snapshot,
    /// Events up to `seq` were queued for the connection. Noted with the heartbeat, when it moved.
    Position,
    /// The subscription reads the log from now on: its reader is slow, or something was missed. `seq`: queued so far.
    Behind,
    /// The subscription takes events as they come again. `seq`: queued so far.
    Live,
    /// The subscription ended. Detail: why.
    Ended,
    /// The connection ended. Detail: code, reason, bytes that waited.
    Closed,
}

impl What {
    const ALL: [Self; 8] = [
        Self::Opened,
        Self::Subscribed,
        Self::Snapshot,
        Self::Position,
        Self::Behind,
        Self::Live,
        Self::Ended,
        Self::Closed,
    ];

    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Subscribed => "subscribed",
            Self::Snapshot => "snapshot",
            Self::Position => "position",
            Self::Behind => "behind",
            Self::Live => "live",
            Self::Ended => "ended",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for What {
    type Err = DbError;
    fn from_str(word: &str) -> Result<Self, DbError> {
        let known = Self::ALL.into_iter().find(|what| what.as_str() == word);
        known.ok_or_else(|| DbError::Data(format!("`{word}` is no kind of note")))
    }
}

/// A note, as it is written.
#[derive(Debug, Clone)]
pub struct Note {
    at: DateTime<Utc>,
    product: String,
    session: String,
    user: String,
    connection: String,
    node: String,
    what: What,
    topic: Option<String>,
    seq: Option<i64>,
    detail: Value,
}

#[async_trait::async_trait(?Send)]
impl Record for Note {
    const NAME: &'static str = "journal";

    async fn write(db: &Db, notes: &[Self]) -> DbResult<()> {
        fn all<'a, T>(notes: &'a [Note], of: impl Fn(&'a Note) -> T) -> Vec<T> {
            notes.iter().map(of).collect()
        }
        db.execute(
            "INSERT INTO runtime.journal (at, product, session_id, user_id, connection, node_id, what, topic, seq, detail)
             SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                                  $8::text[], $9::bigint[], $10::jsonb[])",
            &[
                &all(notes, |note| note.at),
                &all(notes, |note| note.product.as_str()),
                &all(notes, |note| note.session.as_str()),
                &all(notes, |note| note.user.as_str()),
                &all(notes, |note| note.connection.as_str()),
                &all(notes, |note| note.node.as_str()),
                &all(notes, |note| note.what.as_str()),
                &all(notes, |note| note.topic.as_deref()),
                &all(notes, |note| note.seq),
                &all(notes, |note| &note.detail),
            ],
        )
        .await?;
        Ok(())
    }
}

/// Where one connection notes what happens to it.
pub struct ConnectionLog {
    /// `None`: nothing is kept.
    recorder: Option<Recorder<Note>>,
    product: ProductId,
    user: UserId,
    session: SessionId,
    connection: String,
    node: NodeId,
}

impl fmt::Debug for ConnectionLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionLog").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl ConnectionLog {
    /// The log of a connection that was welcomed. Without a recorder nothing is kept.
    pub fn new(recorder: Option<Recorder<Note>>, who: &Identity, node: NodeId) -> Self {
        let (product, user, session) = (who.product.clone(), who.user.clone(), who.session.clone());
        Self { recorder, product, user, session, connection: estafette_protocol::ids::new_cuid2(), node }
    }

    /// Whose connection it is.
    pub const fn user(&self) -> &UserId {
        &self.user
    }

    /// The session that it belongs to.
    pub const fn session(&self) -> &SessionId {
        &self.session
    }

    /// Notes something; never waits.
    pub fn note(&self, what: What, topic: Option<&Topic>, seq: Option<u64>, detail: Value) {
        let Some(recorder) = &self.recorder else { return };
        recorder.record(Note {
            at: Utc::now(),
            product: self.product.to_string(),
            session: self.session.to_string(),
            user: self.user.to_string(),
            connection: self.connection.clone(),
            node: self.node.to_string(),
            what,
            topic: topic.map(ToString::to_string),
            seq: seq.and_then(|seq| i64::try_from(seq).ok()),
            detail,
        });
    }
}
