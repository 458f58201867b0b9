//! Asks who may read topics, and reads their states with the positions that belong to them. What a product reads together
//! ([`Product::reads_together`]) costs one statement or one transaction for all who ask in one moment.

use crate::db::Db;
use crate::error::CallError;
use crate::event::TopicKey;
use crate::event::log::{self, Head};
use crate::identity::Identity;
use crate::limits::{READ_GROUP, READ_GROUPS};
use crate::product::Product;
use crate::runtime::Runtime;
use crate::together::Together;
use deadpool_postgres::Transaction;
use estafette_protocol::{ErrorCode, Topic};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};

struct Asked {
    who: Identity,
    key: TopicKey,
}

type State = Result<(Head, Value), CallError>;

/// Those who ask for topics of a product that are read together.
pub(crate) struct Reads {
    permissions: Together<Asked, Result<(), CallError>>,
    states: Together<Asked, State>,
}

impl Default for Reads {
    fn default() -> Self {
        let permissions = Together::new(READ_GROUPS, READ_GROUP);
        Self { permissions, states: Together::new(READ_GROUPS, READ_GROUP) }
    }
}

/// Whether somebody may read a topic.
///
/// # Errors
/// What [`Product::authorize`] says; `unavailable` when the database does not answer.
pub(super) async fn authorize(runtime: &Runtime, who: &Identity, key: &TopicKey) -> Result<(), CallError> {
    let product = runtime.product(&key.product)?;
    let db = runtime.db();
    match runtime.reads(&key.product).filter(|_| product.reads_together(&key.topic)) {
        Some(reads) => {
            let asked = Arc::new(Asked { who: who.clone(), key: key.clone() });
            let group = async |group: &[Arc<Asked>]| permissions(db, &*product, group).await;
            let alone = async |asked: &Asked| product.authorize(db, &asked.who, &asked.key.topic).await;
            reads.permissions.ask(asked, group, alone).await
        }
        None => product.authorize(db, who, &key.topic).await,
    }
}

/// The permissions that can be asked for together.
async fn permissions(db: &Db, product: &dyn Product, group: &[Arc<Asked>]) -> Vec<Option<Result<(), CallError>>> {
    product.authorize_each(db, &those(group)).await.unwrap_or_else(|error| {
        tracing::debug!(%error.message, topics = group.len(), "permissions could not be asked for together; each is asked for alone");
        Vec::new()
    })
}

fn those(group: &[Arc<Asked>]) -> Vec<(&Identity, &Topic)> {
    group.iter().map(|asked| (&asked.who, &asked.key.topic)).collect()
}

/// The state of a topic with the position that belongs to it: both are read at one moment.
///
/// # Errors
/// What the product refuses; `unavailable` when the database does not answer.
pub(super) async fn state(runtime: &Runtime, who: &Identity, key: &TopicKey) -> State {
    let product = runtime.product(&key.product)?;
    let (db, turns) = (runtime.db(), runtime.catch_up());
    match runtime.reads(&key.product).filter(|_| product.reads_together(&key.topic)) {
        Some(reads) => {
            let asked = Arc::new(Asked { who: who.clone(), key: key.clone() });
            let group = async |group: &[Arc<Asked>]| together(db, turns, &*product, group).await;
            let alone = async |asked: &Asked| alone(db, turns, &*product, &asked.who, &asked.key).await;
            reads.states.ask(asked, group, alone).await
        }
        None => alone(db, turns, &*product, who, key).await,
    }
}

async fn turn(turns: &Semaphore) -> Result<SemaphorePermit<'_>, CallError> {
    turns.acquire().await.map_err(|_| CallError::new(ErrorCode::Internal, "nothing is read any more"))
}

async fn alone(db: &Db, turns: &Semaphore, product: &dyn Product, who: &Identity, key: &TopicKey) -> State {
    let _turn = turn(turns).await?;
    let read = async |transaction: &Transaction<'_>| {
        let head = async { Ok::<_, CallError>(log::head(transaction, key).await?) };
        // Sent together, not one after the other.
        futures_util::try_join!(head, product.snapshot(transaction, who, &key.topic))
    };
    db.at_one_moment(read).await
}

/// The states that can be read together.
async fn together(db: &Db, turns: &Semaphore, product: &dyn Product, group: &[Arc<Asked>]) -> Vec<Option<State>> {
    let keys: Vec<&TopicKey> = group.iter().map(|asked| &asked.key).collect();
    let asked = those(group);
    let read = async |transaction: &Transaction<'_>| {
        let heads = async { Ok::<_, CallError>(log::each_head(transaction, &keys).await?) };
        futures_util::try_join!(heads, product.snapshots(transaction, &asked))
    };
    let read = async {
        let _turn = turn(turns).await?;
        db.keys_at_one_moment(read).await
    };
    match read.await {
        Ok((heads, states)) => {
            metrics::histogram!("estafette_snapshot_group_size").record(group.len() as f64);
            heads.into_iter().zip(states).map(|(head, state)| state.map(|state| Ok((head, state)))).collect()
        }
        Err(error) => {
            tracing::debug!(%error.message, topics = group.len(), "states could not be read together; each is read alone");
            Vec::new()
        }
    }
}
