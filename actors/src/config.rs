//! What may be set about a runtime. The server's settings end here.

use crate::session::admission::AdmissionLimits;
use estafette_protocol::limits::Limits;
use std::time::Duration;

/// What may be set about a runtime.
#[derive(Debug, Clone)]
pub struct RuntimeConfig {
    /// A `mark` goes to every socket at least this often.
    pub heartbeat: Duration,
    /// Steps that run at the same time on this node.
    pub steps_per_node: usize,
    /// Steps of one owner that run at the same time on this node.
    pub steps_per_owner: usize,
    /// Tasks that this node works on at the same time.
    pub tasks_per_node: usize,
    /// Tasks of one owner that run at the same time, in all.
    pub tasks_per_owner: usize,
    /// Threads on which supervisors and their steps run.
    pub task_threads: usize,
    /// How long running steps may go on when the node drains, before their tasks go back to the queue.
    pub drain: Duration,
    /// How long the database may take to answer the question whether it is there; without answer it counts as away and
    /// callers are refused at once until it answers.
    pub probe_limit: Duration,
    /// How long a step may wait for something that is away (a model endpoint), in all, without using up its attempts.
    pub patience: Duration,
    /// Events older than this are trimmed from the log; a reader that was away longer gets a snapshot.
    pub event_retention: Duration,
    /// How long it is remembered what each connection was sent, in outline; zero: not at all.
    pub journal: Duration,
    /// Who may come in.
    pub admission: AdmissionLimits,
    /// The bounds told to clients.
    pub limits: Limits,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(15),
            steps_per_node: 64,
            steps_per_owner: 4,
            tasks_per_node: 512,
            tasks_per_owner: 8,
            task_threads: 1,
            drain: Duration::from_secs(10),
            probe_limit: Duration::from_secs(2),
            patience: Duration::from_secs(600),
            event_retention: Duration::from_secs(30 * 24 * 3600),
            journal: Duration::from_secs(24 * 3600),
            admission: AdmissionLimits::default(),
            limits: Limits::default(),
        }
    }
}
