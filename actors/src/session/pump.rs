//! Reads what an outbox asks for: a topic's state, or the next page of its log. One read a connection at a time, and a
//! bounded number on the node, so that a thousand clients that come back at once queue here and not in the database.

use super::outbox::{Outbox, Work};
use super::reads;
use crate::event::log;
use crate::identity::Identity;
use crate::runtime::Runtime;
use estafette_protocol::{ErrorCode, ServerMessage, Topic};
use rand::RngExt as _;
use std::sync::Arc;
use std::time::Duration;

/// How long a read that failed waits before it is tried again: spread, so that all the readers of an outage do not come
/// back in the same moment.
const RETRY_MS: std::ops::Range<u64> = 200..1_000;

async fn pause(runtime: &Runtime) {
    runtime.db().gate().up().await;
    let pause = rand::rng().random_range(RETRY_MS);
    tokio::time::sleep(Duration::from_millis(pause)).await;
}

/// A subscription that ended because its topic is gone or may not be read any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The topic.
    pub topic: Topic,
    /// Why.
    pub message: String,
}

/// Does one piece of work. `Some` when the subscription cannot go on.
pub async fn read(runtime: &Runtime, who: &Identity, outbox: &Arc<Outbox>, work: Work) -> Option<Ended> {
    runtime.db().gate().up().await;
    match work {
        Work::Page(sub, key, after) => {
            let Ok(turn) = runtime.catch_up().acquire().await else { return None };
            match runtime.db().bounded(log::page(runtime.db(), &key, after)).await {
                Ok(page) => outbox.page(sub, &page),
                Err(error) => {
                    tracing::warn!(topic = %key.topic, %error, "a page of the log could not be read; tried again");
                    drop(turn);
                    pause(runtime).await;
                    outbox.give_back(sub);
                }
            }
        }
        Work::Snapshot(sub, key) => match reads::state(runtime, who, &key).await {
            Ok((head, state)) => {
                let message = ServerMessage::Snap { topic: key.topic, epoch: head.epoch, seq: head.seq, state };
                outbox.snapshot(sub, head, &message);
            }
            Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::BadRequest) => {
                return Some(Ended { topic: key.topic, message: error.message });
            }
            Err(error) => {
                tracing::warn!(topic = %key.topic, error = %error.message, "a snapshot could not be read; tried again");
                pause(runtime).await;
                outbox.give_back(sub);
            }
        },
    }
    None
}
