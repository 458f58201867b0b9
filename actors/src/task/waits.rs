//! What the steps of a running task wait for, so that those who watch know why nothing happens (protocol P41).

use chrono::{DateTime, Utc};
use estafette_protocol::task::{TaskWait, WaitReason};
use estafette_protocol::{StepKey, Timestamp};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Notify;

#[derive(Debug)]
struct Entry {
    wait: TaskWait,
    /// It does nothing meanwhile: it may be taken away at any moment.
    parked: bool,
}

/// The waits of one task. At most one a step.
#[derive(Debug, Default)]
pub struct Waits {
    entries: Mutex<BTreeMap<StepKey, Entry>>,
    changed: Notify,
}

impl Waits {
    fn put(&self, step: &StepKey, wait: TaskWait, parked: bool) {
        let wait = TaskWait { step: Some(step.clone()), ..wait };
        let mut entries = self.entries.lock();
        if entries.get(step).is_none_or(|entry| entry.wait != wait || entry.parked != parked) {
            entries.insert(step.clone(), Entry { wait, parked });
            self.changed.notify_one();
        }
    }

    /// The step waits for nothing any more.
    pub fn clear(&self, step: &StepKey) {
        if self.entries.lock().remove(step).is_some() {
            self.changed.notify_one();
        }
    }

    /// All, in the order of the steps.
    pub fn list(&self) -> Vec<TaskWait> {
        self.entries.lock().values().map(|entry| entry.wait.clone()).collect()
    }

    /// The steps that do nothing while they wait.
    pub fn parked(&self) -> Vec<StepKey> {
        self.entries.lock().iter().filter(|(_, entry)| entry.parked).map(|(step, _)| step.clone()).collect()
    }

    /// Resolves when something changed since the last look.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

/// Says what one step waits for. Whoever works for the step (a model's client) has one.
#[derive(Debug, Clone)]
pub struct StepWaits {
    waits: Arc<Waits>,
    step: StepKey,
}

impl StepWaits {
    /// Of a step.
    pub const fn new(waits: Arc<Waits>, step: StepKey) -> Self {
        Self { waits, step }
    }

    /// The step works, but waits for something since then.
    pub fn waits(&self, reason: WaitReason, since: DateTime<Utc>) {
        self.waits.put(&self.step, TaskWait::new(reason, Timestamp::new(since)), false);
    }

    /// The step does nothing until then (or until it is told to go on).
    pub fn parked(&self, reason: WaitReason, since: DateTime<Utc>, until: Option<DateTime<Utc>>) {
        let wait = TaskWait { until: until.map(Timestamp::new), ..TaskWait::new(reason, Timestamp::new(since)) };
        self.waits.put(&self.step, wait, true);
    }

    /// The step may not begin yet: so many run already.
    pub fn held_back(&self, reason: WaitReason, since: DateTime<Utc>, limit: usize) {
        let limit = Some(u32::try_from(limit).unwrap_or(u32::MAX));
        self.waits.put(&self.step, TaskWait { limit, ..TaskWait::new(reason, Timestamp::new(since)) }, false);
    }

    /// The step waits for nothing any more.
    pub fn works(&self) {
        self.waits.clear(&self.step);
    }
}

impl PartialEq for StepWaits {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.waits, &other.waits) && self.step == other.step
    }
}
