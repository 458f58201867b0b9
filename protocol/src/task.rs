//! The states of tasks and steps, shared by every product, and the payloads of the task events. A product adds fields
//! of its own to the payloads (credits, offers, …); clients ignore the fields that they do not know.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum TaskStatus {
    /// Accepted; waits for a node to claim it.
    Queued,
    /// A node works on it.
    Running,
    /// Ended well.
    Completed,
    /// Ended without its result; can be retried.
    Failed,
    /// Ended by its owner.
    Cancelled,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum StepStatus {
    /// Waits for its dependencies, for a limit, or for its next attempt.
    Pending,
    /// An attempt runs.
    Running,
    /// Its effect is committed; it never runs again.
    Completed,
    /// Its attempts are used up, or the error was final.
    Failed,
    /// Its task or its group ended before it could.
    Cancelled,
}

macro_rules! status_words {
    ($type:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $type {
            /// The word on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
            /// All states.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
        impl std::str::FromStr for $type {
            type Err = crate::ids::InvalidId;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(crate::ids::InvalidId { what: stringify!($type), rule: [$($word),*].join(", ") }),
                }
            }
        }
    };
}

status_words!(TaskStatus { Queued = "queued", Running = "running", Completed = "completed", Failed = "failed", Cancelled = "cancelled" });
status_words!(StepStatus { Pending = "pending", Running = "running", Completed = "completed", Failed = "failed", Cancelled = "cancelled" });

impl TaskStatus {
    /// Whether nothing happens to the task any more unless its owner retries it.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl StepStatus {
    /// Whether nothing happens to the step any more unless its task is retried.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}
