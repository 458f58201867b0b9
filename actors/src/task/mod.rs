//! Durable tasks: graphs of steps whose every outcome is committed.
//!
//! | module | holds |
//! |---|---|
//! | [`spec`] | what a step is: key, needs, retry policy, timeout, weight |
//! | [`kind`] | the trait a product implements for each kind of task |
//! | [`context`] | what a running step sees |
//! | [`shown`] | how the steps of a task stand, for those who show them |

pub(crate) mod admit;
mod attempt;
pub mod context;
pub mod dispatcher;
pub mod graph;
pub(crate) mod handover;
pub mod kind;
mod layout;
pub mod limiter;
pub(crate) mod places;
mod positions;
pub mod rescue;
pub mod shown;
pub mod spec;
pub mod store;
pub mod supervisor;
pub mod suspect;
mod turns;
pub mod waits;

pub use context::StepCtx;
pub use kind::{EventFields, GroupEnd, StepFailure, StepOutput, StepView, TaskEnd, TaskKind, TaskSummary};
pub use spec::{GroupKey, NewTask, OnFailure, RetryPolicy, StepSpec, TaskInfo};
