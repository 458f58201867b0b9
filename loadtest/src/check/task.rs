//! One task as one client sees it: its history folded, and what must never be in it.

use super::Check;
use estafette_protocol::TaskId;
use estafette_protocol::task::{StepCompleted, StepStarted, StepStatus, TaskEvent, TaskStatus};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// What of a task's state is looked at; the same in a snapshot and in `GET /v1/tasks/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TaskState {
    /// The task.
    pub task: TaskHead,
    /// Its steps.
    pub steps: Vec<StepHead>,
}

/// A task without its steps.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TaskHead {
    /// Where it stands.
    pub status: TaskStatus,
    /// Its run, from 1.
    pub attempt: u32,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StepHead {
    /// Its key.
    pub step: String,
    /// Where it stands.
    pub status: StepStatus,
}

/// A rule of tasks that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It ended again, or went on after its end.
    EndedOnce(String),
    /// A completed step started or completed again.
    StepOnce(String),
    /// A snapshot contradicts what was seen.
    Snapshot(String),
    /// A payload without its form.
    Form(String),
}

impl Fault {
    /// The check that it breaks, and what happened.
    pub fn into_finding(self) -> (Check, String) {
        match self {
            Self::EndedOnce(what) => (Check::EndedOnce, what),
            Self::StepOnce(what) => (Check::StepOnce, what),
            Self::Snapshot(what) => (Check::SnapshotFits, what),
            Self::Form(what) => (Check::WellFormed, what),
        }
    }
}

/// A task's history, folded.
#[derive(Debug, Clone)]
pub struct Story {
    id: TaskId,
    attempt: u32,
    status: Option<TaskStatus>,
    done: HashSet<String>,
    starts: HashMap<String, u32>,
}

impl Story {
    /// Nothing is known yet.
    pub fn new(id: TaskId) -> Self {
        Self { id, attempt: 1, status: None, done: HashSet::new(), starts: HashMap::new() }
    }

    /// The state after what was seen.
    pub fn status(&self) -> Option<TaskStatus> {
        self.status
    }
    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.status.is_some_and(TaskStatus::is_terminal)
    }
    /// Steps that were started more than once: run again after a crash or a failed attempt, before they completed.
    pub fn restarted_steps(&self) -> u32 {
        self.starts.values().map(|starts| starts.saturating_sub(1)).sum()
    }
    /// Steps that completed.
    pub fn completed_steps(&self) -> usize {
        self.done.len()
    }

    /// Takes a snapshot.
    pub fn snapshot(&mut self, state: &Value) -> Vec<Fault> {
        let state: TaskState = match TaskState::deserialize(state) {
            Ok(state) => state,
            Err(error) => return vec![Fault::Form(format!("{}: the snapshot: {error}", self.id))],
        };
        let mut faults = Vec::new();
        for step in self.lost_in(&state) {
            faults.push(Fault::Snapshot(format!(
                "{}: {step} completed before, and the snapshot says otherwise",
                self.id
            )));
        }
        self.attempt = state.task.attempt;
        self.status = Some(state.task.status);
        let completed = state.steps.into_iter().filter(|step| step.status == StepStatus::Completed);
        self.done.extend(completed.map(|step| step.step));
        faults
    }

    /// Completed steps that another state says are not (only a retry may take completions back, and it does not).
    pub fn lost_in(&self, state: &TaskState) -> Vec<String> {
        let completed: HashSet<&str> = state
            .steps
            .iter()
            .filter(|step| step.status == StepStatus::Completed)
            .map(|step| step.step.as_str())
            .collect();
        let mut lost: Vec<String> =
            self.done.iter().filter(|step| !completed.contains(step.as_str())).cloned().collect();
        lost.sort();
        lost
    }

    /// Takes a durable event.
    pub fn event(&mut self, kind: &str, data: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        let form = |error: serde_json::Error| Fault::Form(format!("{kind}: {error}"));
        match kind {
            "task.queued" | "task.started" | "task.completed" | "task.failed" | "task.cancelled" => {
                match TaskEvent::deserialize(data) {
                    Ok(event) => self.task_event(kind, event, &mut faults),
                    Err(error) => faults.push(form(error)),
                }
            }
            "step.started" => match StepStarted::deserialize(data) {
                Ok(event) => {
                    let step = event.step.as_str();
                    self.alive(kind, step, &mut faults);
                    if self.done.contains(step) {
                        faults.push(Fault::StepOnce(format!("{}: {step} starts again after it completed", self.id)));
                    }
                    *self.starts.entry(step.to_owned()).or_default() += 1;
                }
                Err(error) => faults.push(form(error)),
            },
            "step.completed" => match StepCompleted::deserialize(data) {
                Ok(event) => {
                    self.alive(kind, event.step.as_str(), &mut faults);
                    if !self.done.insert(event.step.as_str().to_owned()) {
                        faults.push(Fault::StepOnce(format!("{}: {} completed twice", self.id, event.step)));
                    }
                }
                Err(error) => faults.push(form(error)),
            },
            _ => {}
        }
        faults
    }

    fn alive(&self, kind: &str, step: &str, faults: &mut Vec<Fault>) {
        if self.has_ended() {
            faults.push(Fault::EndedOnce(format!("{}: {kind} of {step} after the task's end", self.id)));
        }
    }

    fn task_event(&mut self, kind: &str, event: TaskEvent, faults: &mut Vec<Fault>) {
        if event.attempt > self.attempt {
            // A retry: what had failed runs again; what was completed stays.
            self.attempt = event.attempt;
            self.starts.clear();
        } else if self.has_ended() {
            faults.push(Fault::EndedOnce(format!("{}: {kind} after it had ended", self.id)));
        }
        self.status = Some(event.status);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn story() -> Story {
        Story::new(TaskId::parse("t").unwrap())
    }
    fn task(status: &str, attempt: u32) -> Value {
        json!({"id": "t", "type": "test", "status": status, "attempt": attempt})
    }
    fn step(key: &str) -> Value {
        json!({"step": key, "type": "sleep", "attempt": 1, "duration_ms": 5})
    }

    #[test]
    fn a_normal_life_has_no_fault() {
        let mut story = story();
        let life = [
            ("task.queued", task("queued", 1)),
            ("task.started", task("running", 1)),
            ("step.started", step("a")),
            ("step.started", step("a")),
            ("step.completed", step("a")),
            ("offer.completed", json!({})),
            ("task.completed", task("completed", 1)),
        ];
        for (kind, data) in life {
            assert_eq!(story.event(kind, &data), vec![], "{kind}");
        }
        assert!(story.has_ended());
        assert_eq!((story.restarted_steps(), story.completed_steps()), (1, 1));
    }

    #[test]
    fn a_second_end_is_found() {
        let mut story = story();
        story.event("task.failed", &task("failed", 1));
        assert!(matches!(story.event("task.completed", &task("completed", 1))[..], [Fault::EndedOnce(_)]));
    }

    #[test]
    fn a_retry_is_another_run() {
        let mut story = story();
        story.event("step.completed", &step("a"));
        story.event("task.failed", &task("failed", 1));
        assert_eq!(story.event("task.queued", &task("queued", 2)), vec![]);
        assert!(!story.has_ended());
        assert!(matches!(story.event("step.started", &step("a"))[..], [Fault::StepOnce(_)]));
    }

    #[test]
    fn a_completed_step_that_runs_again_is_found() {
        let mut story = story();
        story.event("step.completed", &step("a"));
        assert!(matches!(story.event("step.started", &step("a"))[..], [Fault::StepOnce(_)]));
        assert!(matches!(story.event("step.completed", &step("a"))[..], [Fault::StepOnce(_)]));
    }

    #[test]
    fn a_step_that_the_snapshot_says_completed_must_not_run_again() {
        let mut story = story();
        let state =
            json!({"task": {"status": "running", "attempt": 1}, "steps": [{"step": "a", "status": "completed"}]});
        assert_eq!(story.snapshot(&state), vec![]);
        assert!(matches!(story.event("step.started", &step("a"))[..], [Fault::StepOnce(_)]));
    }

    #[test]
    fn a_snapshot_that_forgot_a_completed_step_is_found() {
        let mut story = story();
        story.event("step.completed", &step("a"));
        let state = json!({"task": {"status": "running", "attempt": 1}, "steps": [{"step": "a", "status": "running"}]});
        assert!(matches!(story.snapshot(&state)[..], [Fault::Snapshot(_)]));
    }

    #[test]
    fn a_payload_without_its_form_is_found() {
        assert!(matches!(story().event("step.completed", &json!({}))[..], [Fault::Form(_)]));
    }
}
