//! Asks the database whether it is there: on a connection of its own, twice a second, for everybody ([`crate::gate`]).
//!
//! It wakes by its clock and when a caller doubts. At a change it tells every client (`health`), and while the database is
//! away again with each heartbeat.

use crate::db::{Db, DbResult};
use crate::error::DbError;
use crate::gate::{Down, Standing};
use crate::limits::PROBE_EVERY;
use crate::session::registry::Sessions;
use actix::prelude::*;
use deadpool_postgres::{ClientWrapper, Timeouts};
use estafette_protocol::{Outage, OutageOf, ServerMessage, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// However much is doubted: not more often than this.
const PROBE_PAUSE: Duration = Duration::from_millis(50);

/// The probe of a node.
pub struct Probe {
    db: Db,
    sessions: Arc<Sessions>,
    limit: Duration,
    heartbeat: Duration,
}

impl Probe {
    /// A probe that gives the database `limit` for an answer.
    pub const fn new(db: Db, sessions: Arc<Sessions>, limit: Duration, heartbeat: Duration) -> Self {
        Self { db, sessions, limit, heartbeat }
    }
}

/// What clients are told: the whole list of what this node cannot reach.
pub fn health(standing: &Standing) -> ServerMessage {
    let outages = match standing {
        Standing::Up => Vec::new(),
        Standing::Down(Down { since, .. }) => vec![Outage {
            what: OutageOf::Database,
            since: Timestamp::new(*since),
            message: "the database does not answer: what was done is safe, and everything goes on when it is back"
                .to_owned(),
        }],
    };
    ServerMessage::Health { outages }
}

async fn watch(db: Db, sessions: Arc<Sessions>, limit: Duration, heartbeat: Duration) {
    let gate = Arc::clone(db.gate());
    gate.watch(true);
    let mut link: Option<ClientWrapper> = None;
    let mut told = Instant::now();
    loop {
        let mut outcome = ask(&db, &mut link, limit).await;
        if matches!(outcome, Err(DbError::Unavailable(_) | DbError::Other(_))) && gate.is_up() {
            // One connection may end for reasons of its own: only a second one says that the database is away.
            outcome = ask(&db, &mut link, limit).await;
        }
        let outcome = outcome.map_err(|error| error.to_string());
        if outcome.is_ok() && !gate.is_up() {
            // What was open before may be half of a broken link.
            let dropped = db.pool().retain(|_, _| false);
            tracing::info!(connections = dropped.removed.len(), "the database answers again");
        }
        if let (Err(reason), true) = (&outcome, gate.is_up()) {
            tracing::error!(reason, "the database does not answer: calls are refused until it does");
        }
        let up = outcome.is_ok();
        let changed = gate.set(outcome);
        metrics::gauge!("estafette_database_up").set(if up { 1.0 } else { 0.0 });
        if changed || (!up && told.elapsed() >= heartbeat) {
            told = Instant::now();
            sessions.tell_health(&health(&gate.standing()));
        }
        tokio::select! {
            () = tokio::time::sleep(PROBE_EVERY) => {}
            // Many may doubt at once: one look serves them all.
            () = async { tokio::time::sleep(PROBE_PAUSE).await; gate.doubted().await }, if up => {}
        }
    }
}

async fn ask(db: &Db, link: &mut Option<ClientWrapper>, limit: Duration) -> DbResult<()> {
    // Taken out, so that a question without answer does not keep its connection.
    let open = match link.take() {
        Some(open) if !open.is_closed() => Ok(open),
        _ => {
            let bounds = Timeouts { wait: Some(limit), create: Some(limit), recycle: Some(limit) };
            let client = db.pool().timeout_get(&bounds).await;
            client.map(deadpool_postgres::Object::take).map_err(DbError::from)
        }
    };
    let open = open?;
    match timeout(limit, open.simple_query("SELECT 1")).await {
        Ok(Ok(_)) => {
            *link = Some(open);
            Ok(())
        }
        Ok(Err(error)) => Err(error.into()),
        Err(_elapsed) => Err(DbError::Silent(limit)),
    }
}

impl Actor for Probe {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (db, sessions) = (self.db.clone(), Arc::clone(&self.sessions));
        ctx.spawn(watch(db, sessions, self.limit, self.heartbeat).into_actor(self));
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.db.gate().watch(false);
    }
}

/// The node leaves: nobody asks any more.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Halt;

impl Handler<Halt> for Probe {
    type Result = ();
    fn handle(&mut self, _: Halt, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
