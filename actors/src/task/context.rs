//! What a running step sees.

use super::spec::{StepSpec, TaskInfo};
use super::waits::{StepWaits, Waits};
use crate::db::Db;
use crate::error::StepError;
use estafette_protocol::{EventKind, StepKey, Topic};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// Where volatile events of a step go. The runtime implements it; tests may too.
pub trait LiveSink: Send + Sync {
    /// Publishes a volatile event: never stored, the newest per `(topic, key)` wins.
    fn live(&self, topic: Topic, key: String, kind: EventKind, data: Value);
}

/// What a running step sees.
#[derive(Clone)]
pub struct StepCtx {
    /// The task.
    pub task: Arc<TaskInfo>,
    /// The step.
    pub step: Arc<StepSpec>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Why the attempt before failed: a model is told, so that it does better.
    pub last_error: Option<String>,
    /// For reading, and for writing what is harmless when repeated (caches). Effects belong into
    /// [`super::TaskKind::on_step_completed`].
    pub db: Db,
    pub(crate) outputs: Arc<HashMap<StepKey, Arc<Value>>>,
    pub(crate) live: Arc<dyn LiveSink>,
    pub(crate) waits: Arc<Waits>,
}

impl StepCtx {
    /// A context for tests of a step.
    pub fn new(
        task: Arc<TaskInfo>,
        step: Arc<StepSpec>,
        attempt: u32,
        last_error: Option<String>,
        db: Db,
        outputs: HashMap<StepKey, Arc<Value>>,
        live: Arc<dyn LiveSink>,
    ) -> Self {
        Self { task, step, attempt, last_error, db, outputs: Arc::new(outputs), live, waits: Arc::default() }
    }

    /// The output of a completed step, read as `T`.
    ///
    /// # Errors
    /// A final [`StepError`] when the step has no output or not one of that form: a defect of the graph.
    pub fn output<T: DeserializeOwned>(&self, key: &StepKey) -> Result<T, StepError> {
        let value = self
            .output_value(key)
            .ok_or_else(|| StepError::fatal("missing_output", format!("step {key} has no output")))?;
        T::deserialize(&*value)
            .map_err(|error| StepError::fatal("bad_output", format!("output of step {key}: {error}")))
    }

    /// The output of a completed step.
    pub fn output_value(&self, key: &StepKey) -> Option<Arc<Value>> {
        self.outputs.get(key).cloned()
    }

    /// All outputs so far, with their keys.
    pub fn outputs(&self) -> impl Iterator<Item = (&StepKey, &Arc<Value>)> {
        self.outputs.iter()
    }

    /// The step's input, read as `T`.
    ///
    /// # Errors
    /// A final [`StepError`] when it has another form.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, StepError> {
        T::deserialize(&self.step.input)
            .map_err(|error| StepError::fatal("bad_input", format!("input of step {}: {error}", self.step.key)))
    }

    /// Publishes the text that the step has written so far (`step.delta` on the task's topic). `text` is the whole text
    /// since the attempt began, so that a dropped event is harmless; the runtime coalesces.
    pub fn delta(&self, text: &str) {
        self.live_event(
            Topic::task(&self.task.id),
            self.step.key.as_str(),
            "step.delta",
            &serde_json::json!({"step": self.step.key, "offset": 0, "text": text}),
        );
    }

    /// Where the step, or who works for it, says what it waits for.
    pub fn waits(&self) -> StepWaits {
        StepWaits::new(Arc::clone(&self.waits), self.step.key.clone())
    }

    /// Publishes a volatile event on any topic of the product.
    pub fn live_event(&self, topic: Topic, key: &str, kind: &str, data: &impl Serialize) {
        let (Ok(kind), Ok(data)) = (EventKind::parse(kind), serde_json::to_value(data)) else {
            tracing::error!(kind, "a volatile event that cannot be encoded");
            return;
        };
        self.live.live(topic, key.to_owned(), kind, data);
    }
}
