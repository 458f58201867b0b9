//! How many steps run at the same time: by node and by owner. First come, first served within an owner; an owner that
//! has used up its share waits only for itself.

use estafette_protocol::task::WaitReason;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Counts running steps.
#[derive(Debug)]
pub struct Limiter {
    node: Arc<Semaphore>,
    owners: Mutex<HashMap<String, Arc<Semaphore>>>,
    per_owner: usize,
    per_node: usize,
}

/// Why a step may not begin now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked {
    /// Whose limit is reached: `own_limit` or `server_limit`.
    pub reason: WaitReason,
    /// So many steps at the same time.
    pub limit: usize,
}

/// The right to run one step; given back when dropped.
#[derive(Debug)]
pub struct Permit {
    _owner: OwnedSemaphorePermit,
    _node: OwnedSemaphorePermit,
}

impl Limiter {
    /// At most `per_node` steps in all and `per_owner` of one owner.
    pub fn new(per_node: usize, per_owner: usize) -> Self {
        let (per_node, per_owner) = (per_node.max(1), per_owner.max(1));
        Self { node: Arc::new(Semaphore::new(per_node)), owners: Mutex::default(), per_owner, per_node }
    }

    fn owner(&self, owner: &str) -> Arc<Semaphore> {
        let mut owners = self.owners.lock();
        if owners.len() > 10_000 {
            // Owners without a running or waiting step are only names.
            owners.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        Arc::clone(owners.entry(owner.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(self.per_owner))))
    }

    /// A permit, if there is one now.
    ///
    /// # Errors
    /// Whose limit is reached.
    pub fn try_acquire(&self, owner: &str) -> Result<Permit, Blocked> {
        let blocked = |reason, limit| move |_| Blocked { reason, limit };
        let own = self.owner(owner).try_acquire_owned().map_err(blocked(WaitReason::OwnLimit, self.per_owner))?;
        let node =
            Arc::clone(&self.node).try_acquire_owned().map_err(blocked(WaitReason::ServerLimit, self.per_node))?;
        Ok(Permit { _owner: own, _node: node })
    }

    /// Waits for a permit: first for the owner's share, then for the node's, so that an owner's queue takes no place of
    /// the node's. `None` only when the limiter is closed, which it never is.
    pub async fn acquire(&self, owner: &str) -> Option<Permit> {
        let own = self.owner(owner).acquire_owned().await.ok()?;
        let node = Arc::clone(&self.node).acquire_owned().await.ok()?;
        Some(Permit { _owner: own, _node: node })
    }

    /// Steps that could begin now on this node.
    pub fn free(&self) -> usize {
        self.node.available_permits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_owner_waits_only_for_itself() {
        let limiter = Limiter::new(3, 2);
        let held = [limiter.try_acquire("a").unwrap(), limiter.try_acquire("a").unwrap()];
        let blocked = limiter.try_acquire("a").unwrap_err();
        assert_eq!(blocked, Blocked { reason: WaitReason::OwnLimit, limit: 2 });
        let other = limiter.try_acquire("b").unwrap();
        let blocked = limiter.try_acquire("c").unwrap_err();
        assert_eq!(blocked, Blocked { reason: WaitReason::ServerLimit, limit: 3 }, "the node is full");
        drop(other);
        drop(held);
        assert_eq!(limiter.free(), 3);
        assert!(limiter.acquire("a").await.is_some());
    }
}
