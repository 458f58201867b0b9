//! Where queued tasks stand, told to those who wait. Each node looks itself and tells its own readers: nothing travels
//! over the bus, however many wait.

use super::turns::PLACES;
use crate::bus::LocalNode;
use crate::db::{Db, DbResult};
use crate::error::DbError;
use crate::event::{LiveEvent, TopicKey};
use crate::limits::POSITIONS;
use chrono::{DateTime, Utc};
use estafette_protocol::task::{TaskProgress, TaskWait, WaitReason};
use estafette_protocol::{EventKind, ProductId, Timestamp, Topic};
use std::fmt::Display;

fn data(error: impl Display) -> DbError {
    DbError::Data(error.to_string())
}

/// Tells the readers of this node where their queued tasks stand, and whose limit they wait for. A task whose turn is beyond
/// its owner's limit waits for one of the owner's own to end.
///
/// # Errors
/// [`DbError`].
pub(super) async fn announce(db: &Db, local: &LocalNode, kinds: &[String], per_owner: usize) -> DbResult<()> {
    let limit = i64::try_from(per_owner).unwrap_or(i64::MAX);
    let kind = EventKind::parse("task.progress").map_err(data)?;
    for row in db.query(PLACES, &[&kinds, &limit, &POSITIONS]).await? {
        let topic = Topic::of("task", row.try_get::<_, &str>(0)?).map_err(data)?;
        let product = ProductId::parse(row.try_get::<_, &str>(1)?).map_err(data)?;
        let since = row.try_get(4)?;
        let progress = progress(row.try_get(2)?, row.try_get(3)?, since, row.try_get(5)?, per_owner);
        let key = TopicKey { product, topic };
        let progress = serde_json::to_value(progress).map_err(data)?;
        local.deliver_live(&LiveEvent::new(key, "task".to_owned(), kind.clone(), progress));
    }
    Ok(())
}

/// `place` counts from 1, as people do.
fn progress(place: i64, own_limit: bool, since: DateTime<Utc>, fraction: f64, per_owner: usize) -> TaskProgress {
    let reason = if own_limit { WaitReason::OwnLimit } else { WaitReason::ServerLimit };
    let limit = own_limit.then(|| u32::try_from(per_owner).unwrap_or(u32::MAX));
    TaskProgress {
        fraction,
        running: Vec::new(),
        queue_position: u32::try_from(place).ok(),
        waits: vec![TaskWait { limit, ..TaskWait::new(reason, Timestamp::new(since)) }],
    }
}
