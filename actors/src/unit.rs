//! The end of a unit of work: events appended, transaction committed, and only then everybody told.

use crate::bus::{Bus, Signal};
use crate::db::{Db, DbResult, Effect, Tx};
use crate::error::DbError;
use crate::event::{NewEvent, StoredEvent, log};
use crate::notices;
use crate::session::follow::{self, Followed};
use std::sync::Arc;
use tokio_postgres::types::ToSql;

/// What a committed unit left to be told.
pub(crate) struct Sealed {
    events: Vec<Arc<StoredEvent>>,
    effects: Vec<Effect>,
    followed: Vec<Followed>,
}

/// Appends the unit's events and commits, in one round trip. After an error nothing is committed, or (the connection was
/// lost, or the database went away, while the commit was on its way) nobody knows: callers that repeat must recognise
/// their own work.
pub(crate) async fn seal(db: &Db, mut tx: Tx<'_>) -> DbResult<Sealed> {
    let (events, effects) = (std::mem::take(&mut tx.events), std::mem::take(&mut tx.effects));
    let followed = std::mem::take(&mut tx.followed);
    notices::add(&tx, &effects);
    // Nothing was sent yet: a refusal here is a plain one.
    db.gate().pass()?;
    let committed = db.bounded(commit(&tx, events)).await;
    let events =
        committed.map_err(|error| if error.is_outage() { DbError::Unanswered(error.to_string()) } else { error })?;
    Ok(Sealed { events, effects, followed })
}

async fn commit(tx: &Tx<'_>, events: Vec<NewEvent>) -> DbResult<Vec<Arc<StoredEvent>>> {
    if events.is_empty() {
        tx.commit(None).await?;
        return Ok(Vec::new());
    }
    let appending = log::Appending::new(events)?;
    let columns = appending.columns();
    let params: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| &**column as &(dyn ToSql + Sync)).collect();
    let answer = tx.commit(Some((log::APPEND, &params))).await?;
    drop(columns);
    appending.stored(&answer)
}

/// Tells the readers of the events, and the actors that have something to do now.
pub(crate) fn announce(bus: &Arc<dyn Bus>, sealed: Sealed) {
    // Before the hubs hear of it.
    follow::begin(&sealed.followed, &sealed.events);
    if !sealed.events.is_empty() {
        metrics::counter!("estafette_events_total").increment(sealed.events.len() as u64);
        bus.publish(sealed.events.into());
    }
    let mut queued = false;
    for effect in sealed.effects {
        match effect {
            Effect::Queued => queued = true,
            Effect::Stopped(task) => bus.signal(Signal::Stopped(task)),
            Effect::Recheck(user) => bus.signal(Signal::Recheck(user)),
            Effect::SignedOut(session, reason) => bus.signal(Signal::SignedOut(session, reason)),
        }
    }
    if queued {
        bus.signal(Signal::Queued);
    }
}
