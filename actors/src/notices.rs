//! Signals that must not be lost: rights withdrawn, sessions ended. They are written in the transaction that makes them
//! true; the bus tells the other nodes at once, and each node looks here every second for what the bus did not bring.

use crate::bus::{LocalNode, Signal};
use crate::db::{BulkRow, Column, Db, DbResult, Effect, Tx, column};
use crate::error::DbError;
use crate::limits::{CANARY_ANSWER, NOTICE_EVERY, NOTICE_KEEP};
use actix::prelude::*;
use estafette_protocol::{SessionId, UserId};
use std::collections::HashSet;
use std::sync::Arc;

/// A notice that is to be written.
struct Notice {
    kind: &'static str,
    subject: String,
    reason: String,
}

impl BulkRow for Notice {
    const SQL: &'static str =
        "INSERT INTO runtime.notices (kind, subject, reason) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.kind),
            column(rows, |row| row.subject.as_str()),
            column(rows, |row| row.reason.as_str()),
        ]
    }
}

/// Adds the effects of a unit that other nodes must hear to what it writes.
pub(crate) fn add(tx: &Tx<'_>, effects: &[Effect]) {
    for effect in effects {
        let (kind, subject, reason) = match effect {
            Effect::Recheck(user) => ("recheck", user.as_str(), ""),
            Effect::SignedOut(session, reason) => ("signed_out", session.as_str(), reason.as_str()),
            // Queued tasks are looked for, and a stopped one is fenced off.
            Effect::Queued | Effect::Stopped(_) => continue,
        };
        tx.put(Notice { kind, subject: subject.to_owned(), reason: reason.to_owned() });
    }
}

/// Looks for notices of other nodes. A signal may be told twice: the listeners look themselves what is true.
pub struct Notices {
    db: Db,
    local: Arc<LocalNode>,
    /// What was told already, of the window that is looked at.
    told: HashSet<i64>,
    looking: bool,
    first: bool,
}

impl Notices {
    /// Looks from now on.
    pub fn new(db: Db, local: Arc<LocalNode>) -> Self {
        Self { db, local, told: HashSet::new(), looking: false, first: true }
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        if self.looking {
            return;
        }
        self.looking = true;
        let db = self.db.clone();
        // A transaction that began long ago may commit its notice only now: the window is longer than any transaction.
        let read = async move {
            let sql = "SELECT id, kind, subject, reason FROM runtime.notices WHERE at > now() - make_interval(secs => $1) ORDER BY id";
            tokio::time::timeout(CANARY_ANSWER, db.query(sql, &[&NOTICE_KEEP.as_secs_f64()])).await
        };
        ctx.spawn(read.into_actor(self).map(|read, notices, _| {
            notices.looking = false;
            match read {
                Ok(Ok(rows)) => notices.tell(&rows),
                Ok(Err(error)) => tracing::debug!(%error, "notices could not be looked for"),
                Err(_elapsed) => tracing::debug!("the look for notices takes too long"),
            }
        }));
    }

    fn tell(&mut self, rows: &[tokio_postgres::Row]) {
        let mut present = HashSet::with_capacity(rows.len());
        for row in rows {
            match notice(row) {
                Ok((id, signal)) => {
                    present.insert(id);
                    // At the start nobody is connected: nothing to tell.
                    if !self.first && !self.told.contains(&id) {
                        self.local.hear(&signal);
                    }
                }
                Err(error) => tracing::warn!(%error, "a notice that cannot be read"),
            }
        }
        self.first = false;
        self.told = present;
    }
}

fn notice(row: &tokio_postgres::Row) -> DbResult<(i64, Signal)> {
    let data = |error: estafette_protocol::ids::InvalidId| DbError::Data(error.to_string());
    let (kind, subject): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
    let signal = match kind {
        "recheck" => Signal::Recheck(UserId::parse(subject).map_err(data)?),
        "signed_out" => Signal::SignedOut(SessionId::parse(subject).map_err(data)?, row.try_get(3)?),
        other => return Err(DbError::Data(format!("notice of the kind {other}"))),
    };
    Ok((row.try_get(0)?, signal))
}

impl Actor for Notices {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.look(ctx);
        ctx.run_interval(NOTICE_EVERY, Self::look);
    }
}
