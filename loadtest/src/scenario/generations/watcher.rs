//! What one client sees of its user and of its tasks, folded and checked as it arrives.

use super::board::Board;
use crate::check::ledger::LiveBalance;
use crate::check::task::{Fault, Story};
use crate::check::{Check, Findings};
use crate::client::Observer;
use estafette_protocol::cv::event::user::CreditsChanged;
use estafette_protocol::task::TaskStatus;
use estafette_protocol::{ServerMessage, TaskId, Topic};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

#[derive(Default)]
struct Seen {
    stories: HashMap<TaskId, Story>,
    finished: HashMap<TaskId, u32>,
    balance: LiveBalance,
}

/// What one client sees.
pub(super) struct Watcher {
    findings: Arc<Findings>,
    /// Who measures: one of a user's two clients does.
    board: Option<Arc<Board>>,
    /// Where topics of new tasks go that its user's topic told of.
    follow: Option<mpsc::Sender<Topic>>,
    seen: Mutex<Seen>,
    /// Only ends and steps are counted: what the connection checks by itself has to do.
    lean: bool,
}

impl Watcher {
    pub(super) fn new(
        findings: &Arc<Findings>,
        board: Option<Arc<Board>>,
        follow: Option<mpsc::Sender<Topic>>,
        lean: bool,
    ) -> Self {
        Self { findings: Arc::clone(findings), board, follow, seen: Mutex::default(), lean }
    }

    /// What it saw of a task.
    pub(super) fn story(&self, task: &TaskId) -> Option<Story> {
        self.seen.lock().stories.get(task).cloned()
    }
    /// How often `user:{id}` told a task's end.
    pub(super) fn finished(&self, task: &TaskId) -> u32 {
        self.seen.lock().finished.get(task).copied().unwrap_or(0)
    }
    /// The balance that it knows.
    pub(super) fn balance(&self) -> Option<i64> {
        self.seen.lock().balance.now()
    }

    fn of_task(&self, topic: &Topic) -> Option<TaskId> {
        if topic.family() != "task" {
            return None;
        }
        topic.id().and_then(|id| TaskId::parse(id).ok())
    }

    fn task_snapshot(&self, task: TaskId, state: &Value, at: Instant) {
        let mut seen = self.seen.lock();
        let story = seen.stories.entry(task.clone()).or_insert_with(|| Story::new(task.clone()));
        let faults = story.snapshot(state);
        let ended = story.has_ended();
        drop(seen);
        self.findings.hold(Check::SnapshotFits, 1);
        self.faults(faults);
        if let Some(board) = self.board.as_ref().filter(|_| ended) {
            board.ended(&task, at);
        }
    }

    fn task_event(&self, task: TaskId, kind: &str, data: &Value, at: Instant) {
        let mut seen = self.seen.lock();
        let story = seen.stories.entry(task.clone()).or_insert_with(|| Story::new(task.clone()));
        let faults = story.event(kind, data);
        let ended = story.has_ended();
        drop(seen);
        self.findings.hold(if kind.starts_with("step.") { Check::StepOnce } else { Check::EndedOnce }, 1);
        self.faults(faults);
        let Some(board) = &self.board else { return };
        match kind {
            "step.started" => board.progressed(&task, at),
            "step.completed" => board.step_completed(),
            _ if ended => board.ended(&task, at),
            _ => {}
        }
    }

    fn user_event(&self, kind: &str, data: &Value) {
        let task = || data.get("id").and_then(Value::as_str).and_then(|id| TaskId::parse(id).ok());
        match kind {
            "credits.changed" => match CreditsChanged::deserialize(data) {
                Ok(row) => {
                    let outcome = self.seen.lock().balance.changed(row.amount.into(), row.balance.into());
                    self.findings.see(Check::LedgerLive, outcome);
                }
                Err(error) => self.findings.broken(Check::WellFormed, format!("credits.changed: {error}")),
            },
            "task.queued" => {
                let Some(task) = task() else {
                    return self.findings.broken(Check::WellFormed, "task.queued without id");
                };
                if let Some(follow) = &self.follow
                    && follow.try_send(Topic::task(&task)).is_err()
                {
                    self.findings.broken(Check::WellFormed, "the harness follows too many tasks at once");
                }
            }
            "task.finished" => {
                let Some(task) = task() else {
                    return self.findings.broken(Check::WellFormed, "task.finished without id");
                };
                *self.seen.lock().finished.entry(task).or_default() += 1;
            }
            _ => {}
        }
    }

    fn faults(&self, faults: Vec<Fault>) {
        for fault in faults {
            let (check, what) = fault.into_finding();
            self.findings.broken(check, what);
        }
    }
}

impl Watcher {
    fn count(&self, message: &ServerMessage, at: Instant) {
        let Some(board) = &self.board else { return };
        let (topic, status) = match message {
            ServerMessage::Ev { topic, kind, .. } if topic.family() == "task" => match kind.as_str() {
                "step.completed" => return board.step_completed(),
                "task.completed" => (topic, TaskStatus::Completed),
                "task.failed" => (topic, TaskStatus::Failed),
                "task.cancelled" => (topic, TaskStatus::Cancelled),
                _ => return,
            },
            // A task that ended before its snapshot was read.
            ServerMessage::Snap { topic, state, .. } if topic.family() == "task" => {
                match state.pointer("/task/status").map(TaskStatus::deserialize) {
                    Some(Ok(status)) if status.is_terminal() => (topic, status),
                    _ => return,
                }
            }
            _ => return,
        };
        let Some(task) = self.of_task(topic) else { return };
        let well = match status {
            TaskStatus::Completed => Ok(()),
            status => Err(format!("{task} is {}", status.as_str())),
        };
        self.findings.see(Check::EndedWell, well);
        board.ended(&task, at);
    }
}

impl Observer for Watcher {
    fn message(&self, message: &ServerMessage, at: Instant) {
        if self.lean {
            return self.count(message, at);
        }
        match message {
            ServerMessage::Snap { topic, state, .. } => match self.of_task(topic) {
                Some(task) => self.task_snapshot(task, state, at),
                None if topic.family() == "user" => match state.pointer("/credits/balance").and_then(Value::as_i64) {
                    Some(balance) => self.seen.lock().balance.snapshot(balance),
                    None => self.findings.broken(Check::WellFormed, format!("{topic}: a snapshot without a balance")),
                },
                None => {}
            },
            ServerMessage::Ev { topic, kind, data, .. } => match self.of_task(topic) {
                Some(task) => self.task_event(task, kind.as_str(), data, at),
                None if topic.family() == "user" => self.user_event(kind.as_str(), data),
                None => {}
            },
            ServerMessage::Live { topic, kind, data, .. } => {
                let running = kind.as_str() == "task.progress" && data.get("queue_position").is_none_or(Value::is_null);
                if let (Some(task), Some(board), true) = (self.of_task(topic), &self.board, running) {
                    board.progressed(&task, at);
                }
            }
            _ => {}
        }
    }
}
