//! The writer of calls that only add: takes many and writes them in one transaction, each with its key, its rows, its
//! tasks and its events. If the transaction fails for another reason than the database being away, each call is written
//! alone, so that one bad call harms no other.
//!
//! A call whose key is known (it came before, perhaps on another node) is left out and looked up by whoever asked.

use super::group_span;
use crate::bus::Bus;
use crate::db::{Additions, Db, DbResult, Tx};
use crate::error::{CallError, DbError};
use crate::limits::{ADD_BATCH, ADD_QUEUE, TX_ATTEMPTS};
use crate::registry::Registry;
use crate::session::follow::Follower;
use crate::task::places::Places;
use crate::task::spec::TaskInfo;
use crate::task::store::NewTaskRow;
use crate::unit;
use actix::prelude::*;
use estafette_protocol::{IdempotencyKey, ProductId, UserId};
use futures_util::FutureExt as _;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span};

/// What a call adds. May run again when it is written alone, so it has no effect outside.
pub type AddWork = dyn Fn(&mut Additions) -> Result<Value, CallError> + Send + Sync;

/// What became of a call.
#[derive(Debug)]
pub enum Added {
    /// It is durable.
    Done(Value),
    /// Nothing was written: its key was used before (or that must be looked at before it is refused).
    Known,
    /// Nothing of it is there (or, for an outage in the commit, nobody knows: the error says so).
    Refused(CallError),
}

/// A call that only adds.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Add {
    /// The product.
    pub product: ProductId,
    /// Who calls.
    pub user: UserId,
    /// The method, which is part of what a key stands for.
    pub method: String,
    /// Hex SHA-256 of the parameters.
    pub params_hash: String,
    /// The idempotency key, if the caller gave one.
    pub key: Option<IdempotencyKey>,
    /// The connection that wants to follow what it starts.
    pub(crate) follower: Option<Arc<Follower>>,
    /// What it adds.
    pub work: Arc<AddWork>,
    /// Where the outcome goes.
    pub answer: oneshot::Sender<Added>,
    /// The caller's span: a task that is started belongs to its trace.
    pub span: Span,
}

/// Remembers keys with the results of their calls; those that were there before are not returned. In one order, so that
/// no two groups wait for each other in a circle.
const REMEMBER: &str = "
INSERT INTO runtime.calls (product, user_id, key, method, params_hash, result)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[]) ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING RETURNING product, user_id, key";

/// What the writer works with.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) db: Db,
    pub(crate) registry: Arc<Registry>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) places: Arc<Places>,
}

/// Whether tasks may begin as they are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beginnings {
    /// Where it is their turn.
    AtOnce,
    /// They wait for a claim.
    Queued,
}

/// The writer of calls that only add.
pub struct AddWriter {
    setup: Setup,
    queue: VecDeque<Add>,
    writing: bool,
}

impl AddWriter {
    /// A writer.
    pub(crate) const fn new(setup: Setup) -> Self {
        Self { setup, queue: VecDeque::new(), writing: false }
    }

    fn write_next(&mut self, ctx: &mut Context<Self>) {
        if self.writing || self.queue.is_empty() {
            return;
        }
        self.writing = true;
        let take = self.queue.len().min(ADD_BATCH);
        let batch: Vec<Add> = self.queue.drain(..take).collect();
        metrics::histogram!("estafette_add_batch_size").record(batch.len() as f64);
        let setup = self.setup.clone();
        let write = async move { write_batch(&setup, batch).await };
        ctx.spawn(write.into_actor(self).map(|(), writer, ctx| {
            writer.writing = false;
            writer.write_next(ctx);
        }));
    }
}

impl Actor for AddWriter {
    type Context = Context<Self>;
    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(ADD_QUEUE);
    }
}

impl Handler<Add> for AddWriter {
    type Result = ();
    fn handle(&mut self, add: Add, ctx: &mut Self::Context) {
        if self.queue.len() >= ADD_QUEUE {
            let _gone = add.answer.send(Added::Refused(CallError::unavailable("the node is busy", FULL_RETRY)));
            return;
        }
        self.queue.push_back(add);
        self.write_next(ctx);
    }
}

/// A caller that finds the queue full comes back after this time.
pub(crate) const FULL_RETRY: std::time::Duration = std::time::Duration::from_secs(1);

async fn write_batch(setup: &Setup, batch: Vec<Add>) {
    let mut groups: VecDeque<(Vec<Add>, u32, Beginnings)> = VecDeque::from([(batch, 1, Beginnings::AtOnce)]);
    while let Some((group, attempt, beginnings)) = groups.pop_front() {
        let written = write_group(setup, &group, beginnings).instrument(group_span(group.iter().map(|add| &add.span)));
        let written = AssertUnwindSafe(written).catch_unwind().await;
        match written.unwrap_or_else(|_| Err(DbError::Other("a call panicked".to_owned()))) {
            Ok(outcomes) => {
                for (add, outcome) in group.into_iter().zip(outcomes) {
                    // A caller that is gone needs no answer.
                    let _gone = add.answer.send(outcome);
                }
            }
            Err(error) if error.is_outage() => {
                let error = CallError::from(error);
                for add in group {
                    let _gone = add.answer.send(Added::Refused(error.clone()));
                }
            }
            Err(DbError::Retry(_)) if attempt < TX_ATTEMPTS => {
                groups.push_front((group, attempt + 1, beginnings));
            }
            // A task that cannot begin is no reason to refuse it.
            Err(_) if beginnings == Beginnings::AtOnce => groups.push_front((group, attempt, Beginnings::Queued)),
            Err(error) => match <[Add; 1]>::try_from(group) {
                Ok([add]) => {
                    let _gone = add.answer.send(Added::Refused(error.into()));
                }
                Err(group) => {
                    tracing::warn!(%error, calls = group.len(), "calls could not be written together; each is tried alone");
                    metrics::counter!("estafette_commit_splits_total").increment(1);
                    for add in group.into_iter().rev() {
                        groups.push_front((vec![add], 1, Beginnings::AtOnce));
                    }
                }
            },
        }
    }
}

type Named<'a> = (&'a str, &'a str, &'a str);

fn name(add: &Add) -> Option<Named<'_>> {
    add.key.as_ref().map(|key| (add.product.as_str(), add.user.as_str(), key.as_str()))
}

async fn write_group(setup: &Setup, group: &[Add], beginnings: Beginnings) -> DbResult<Vec<Added>> {
    let Setup { db, registry, bus, places } = setup;
    let mut outcomes: Vec<Option<Added>> = group.iter().map(|_| None).collect();
    let mut parts: Vec<Option<(Additions, Value)>> = Vec::with_capacity(group.len());
    for (add, outcome) in group.iter().zip(&mut outcomes) {
        let mut part = Additions::new(add.product.clone(), Arc::clone(registry));
        part.follower.clone_from(&add.follower);
        parts.push(match add.span.in_scope(|| (add.work)(&mut part)) {
            Ok(value) => Some((part, value)),
            Err(error) => {
                // With a key it may be a repetition, which gets what the first one got: whoever asked looks.
                *outcome = Some(if add.key.is_some() { Added::Known } else { Added::Refused(error) });
                None
            }
        });
    }
    let Some(first) = group.first() else { return Ok(Vec::new()) };
    let client = db.connection().await?;
    let mut tx = Tx::planned(&client, first.product.clone(), Arc::clone(registry));
    let tasks = accepted(&parts, beginnings);
    let asked = async { futures_util::try_join!(remember(&tx, group, &parts), places.standing(&tx, registry, &tasks)) };
    let (fresh, standing) = db.bounded(asked).await?;
    for (place, (add, (part, outcome))) in group.iter().zip(parts.into_iter().zip(&mut outcomes)).enumerate() {
        let Some((part, value)) = part else { continue };
        let known = name(add).is_some_and(|name| fresh.get(&name) != Some(&place));
        *outcome = Some(if known {
            Added::Known
        } else {
            tx.merge(part);
            Added::Done(value)
        });
    }
    drop(fresh);
    let beginning = db.bounded(places.begin(&mut tx, standing)).await?;
    match unit::seal(db, tx).await {
        Ok(sealed) => unit::announce(bus, sealed),
        Err(error) => {
            if !error.is_outage() {
                beginning.forget();
            }
            return Err(error);
        }
    }
    beginning.hand_over();
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(Added::Known)).collect())
}

/// The tasks that would be accepted and may begin.
fn accepted(parts: &[Option<(Additions, Value)>], beginnings: Beginnings) -> Vec<TaskInfo> {
    let mut tasks = Vec::new();
    if beginnings == Beginnings::AtOnce {
        for (part, _) in parts.iter().flatten() {
            part.amend(|row: &mut NewTaskRow| tasks.push(row.task.clone()));
        }
    }
    tasks
}

/// Remembers the keys. Returns those that are new, each with the place of its (first) call.
async fn remember<'a>(
    tx: &Tx<'_>,
    group: &'a [Add],
    parts: &[Option<(Additions, Value)>],
) -> DbResult<BTreeMap<Named<'a>, usize>> {
    let mut asked: BTreeMap<Named<'_>, usize> = BTreeMap::new();
    for (place, (add, part)) in group.iter().zip(parts).enumerate() {
        if let (Some(name), Some(_)) = (name(add), part) {
            asked.entry(name).or_insert(place);
        }
    }
    if asked.is_empty() {
        return Ok(asked);
    }
    let (mut products, mut users, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    let (mut methods, mut hashes, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for ((product, user, key), place) in &asked {
        let (Some(add), Some(Some((_, value)))) = (group.get(*place), parts.get(*place)) else { continue };
        products.push(*product);
        users.push(*user);
        keys.push(*key);
        methods.push(add.method.as_str());
        hashes.push(add.params_hash.as_str());
        results.push(value);
    }
    let rows = tx.query(REMEMBER, &[&products, &users, &keys, &methods, &hashes, &results]).await?;
    let mut fresh = HashSet::with_capacity(rows.len());
    for row in &rows {
        let name: Named<'_> = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        fresh.insert(name);
    }
    asked.retain(|name, _| fresh.contains(name));
    Ok(asked)
}
