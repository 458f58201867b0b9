//! Which task waits for its end, and when it was meant to begin.

use crate::measure::{Latencies, Throughput};
use crate::scenario::Run;
use estafette_protocol::TaskId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;
use tokio::sync::oneshot;

/// What was seen of a task before the answer to its call was.
#[derive(Default)]
struct Early {
    progressed: Option<Instant>,
    ended: Option<Instant>,
}

struct Card {
    meant: Instant,
    progressed: bool,
    ended: Option<oneshot::Sender<()>>,
}

/// The tasks under way.
pub(super) struct Board {
    cards: Mutex<HashMap<TaskId, Card>>,
    early: Mutex<HashMap<TaskId, Early>>,
    latencies: Arc<Latencies>,
    throughput: Arc<Throughput>,
    kills: AtomicU32,
}

impl Board {
    pub(super) fn new(run: &Run) -> Self {
        Self {
            cards: Mutex::default(),
            early: Mutex::default(),
            latencies: Arc::clone(&run.latencies),
            throughput: Arc::clone(&run.throughput),
            kills: AtomicU32::new(0),
        }
    }

    /// A task was accepted; the receiver is told of its end.
    pub(super) fn expect(&self, task: &TaskId, meant: Instant) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.cards.lock().insert(task.clone(), Card { meant, progressed: false, ended: Some(sender) });
        let early = self.early.lock().remove(task).unwrap_or_default();
        if let Some(at) = early.progressed {
            self.progressed(task, at);
        }
        if let Some(at) = early.ended {
            self.ended(task, at);
        }
        receiver
    }

    /// A first sign of work on a task was seen.
    pub(super) fn progressed(&self, task: &TaskId, at: Instant) {
        let mut cards = self.cards.lock();
        let Some(card) = cards.get_mut(task) else {
            self.early.lock().entry(task.clone()).or_default().progressed.get_or_insert(at);
            return;
        };
        if std::mem::replace(&mut card.progressed, true) {
            return;
        }
        self.latencies.record("enqueue to first progress", at.saturating_duration_since(card.meant));
    }

    /// A task's end was seen.
    pub(super) fn ended(&self, task: &TaskId, at: Instant) {
        let mut cards = self.cards.lock();
        let Some(card) = cards.get_mut(task) else {
            self.early.lock().entry(task.clone()).or_default().ended.get_or_insert(at);
            return;
        };
        let Some(ended) = card.ended.take() else { return };
        self.latencies.record("enqueue to end", at.saturating_duration_since(card.meant));
        self.throughput.count("tasks ended");
        let _ = ended.send(());
    }

    /// A step was completed.
    pub(super) fn step_completed(&self) {
        self.throughput.count("steps completed");
    }

    /// Tasks that wait for their end.
    pub(super) fn waiting(&self) -> usize {
        self.cards.lock().values().filter(|card| card.ended.is_some()).count()
    }
    /// Tasks that were accepted.
    pub(super) fn accepted(&self) -> Vec<TaskId> {
        self.cards.lock().keys().cloned().collect()
    }
    pub(super) fn killed(&self) {
        self.kills.fetch_add(1, Ordering::Relaxed);
    }
    pub(super) fn kills(&self) -> u32 {
        self.kills.load(Ordering::Relaxed)
    }
}
