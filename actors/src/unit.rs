//! The end of a unit of work: events appended, transaction committed, and only then everybody told.

use crate::bus::{Bus, Signal};
use crate::db::{Db, DbResult, Effect, Tx};
use crate::error::DbError;
use crate::event::{StoredEvent, log};
use crate::notices;
use std::sync::Arc;

/// What a committed unit left to be told.
pub(crate) struct Sealed {
    events: Vec<Arc<StoredEvent>>,
    effects: Vec<Effect>,
}

/// Appends the unit's events and commits. After an error nothing is committed, or (a connection lost during the commit
/// itself) nobody knows: callers that repeat must recognise their own work.
pub(crate) async fn seal(db: &Db, tx: Tx<'_>) -> DbResult<Sealed> {
    let Tx { pg, events, effects, .. } = tx;
    let events = db.bounded(log::append(&pg, events)).await?;
    db.bounded(notices::write(&pg, &effects)).await?;
    let committed = db.bounded(async { DbResult::Ok(pg.commit().await?) }).await;
    committed.map_err(|error| if error.is_outage() { DbError::Unanswered(error.to_string()) } else { error })?;
    Ok(Sealed { events, effects })
}

/// Tells the readers of the events, and the actors that have something to do now.
pub(crate) fn announce(bus: &Arc<dyn Bus>, sealed: Sealed) {
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
