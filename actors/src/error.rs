//! Which error belongs to which layer: [`CallError`] is what a caller may see, [`DbError`] is what storage did, and
//! [`StepError`] says what becomes of a step. HTTP is not known here.

use estafette_protocol::ErrorCode;
use estafette_protocol::task::WaitReason;
use rand::RngExt as _;
use serde_json::Value;
use std::time::Duration;

/// A refusal that goes to the caller, over a socket or HTTP alike.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct CallError {
    /// The protocol's code.
    pub code: ErrorCode,
    /// For people: what is wrong and what to do.
    pub message: String,
    /// Machine-readable particulars.
    pub details: Option<Value>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// A transaction lost a race: the unit of work may run again by itself.
    lost_race: bool,
}

impl CallError {
    /// Whether the cause is a lost race between transactions, so that running the unit again may succeed.
    pub const fn is_lost_race(&self) -> bool {
        self.lost_race
    }

    /// An error with a code and a sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: None, retry_after: None, lost_race: false }
    }

    /// Adds machine-readable particulars.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Adds when to try again.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// The request is malformed.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }
    /// No such thing, or none that this user may see.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }
    /// Signed in, but not allowed.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, message)
    }
    /// The state does not allow it now.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }
    /// A dependency is down, or a bound is reached: the caller waits and repeats.
    pub fn unavailable(message: impl Into<String>, after: Duration) -> Self {
        Self::new(ErrorCode::Unavailable, message).with_retry_after(after)
    }
    /// A defect. The cause is logged here, once, and never sent.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(error = %cause, "internal error");
        Self::new(ErrorCode::Internal, "an internal error; it was logged")
    }
}

/// What storage did.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection: the database is down, restarting or unreachable, or the pool is exhausted.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database took a question and gave no answer in this time: frozen, or the link is cut.
    #[error("no answer from the database within {} ms", .0.as_millis())]
    Silent(Duration),
    /// The database went away while it committed: whether it did is not known. Who repeats must recognise its own work.
    #[error("the database went away during a commit: {0}")]
    Unanswered(String),
    /// The transaction lost against another one and may simply run again (deadlock, serialization failure).
    #[error("the transaction must run again: {0}")]
    Retry(String),
    /// Two writers met on a unique key or a check; holds the constraint's name.
    #[error("constraint {constraint}: {message}")]
    Constraint {
        /// The constraint's name in the database.
        constraint: String,
        /// What the database said.
        message: String,
    },
    /// A row does not have the form the code expects.
    #[error("unexpected data: {0}")]
    Data(String),
    /// Anything else the database refused.
    #[error("database: {0}")]
    Other(String),
}

impl DbError {
    /// Whether running the same transaction again may succeed.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Silent(_) | Self::Unanswered(_) | Self::Retry(_))
    }

    /// Whether there is no database to talk to, as opposed to one that refuses.
    pub const fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Silent(_) | Self::Unanswered(_))
    }
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState as S;
        let Some(db) = error.as_db_error() else {
            // A conversion error names itself; everything else without a server's answer is the link.
            let text = std::error::Error::source(&error)
                .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
            return if error.is_closed()
                || text.contains("closed")
                || std::error::Error::source(&error).is_some_and(|cause| cause.is::<std::io::Error>())
            {
                Self::Unavailable(text)
            } else {
                Self::Other(text)
            };
        };
        let code = db.code();
        if *code == S::T_R_DEADLOCK_DETECTED || *code == S::T_R_SERIALIZATION_FAILURE || *code == S::LOCK_NOT_AVAILABLE
        {
            return Self::Retry(db.message().to_owned());
        }
        // Class 57 is operator intervention (shutdown, crash recovery), 53 is insufficient resources, 08 the link.
        if ["57P", "53", "08"].iter().any(|class| code.code().starts_with(class)) {
            return Self::Unavailable(db.message().to_owned());
        }
        match db.constraint() {
            Some(constraint) => {
                Self::Constraint { constraint: constraint.to_owned(), message: db.message().to_owned() }
            }
            None => Self::Other(format!("{} ({})", db.message(), code.code())),
        }
    }
}

impl From<deadpool_postgres::PoolError> for DbError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => match Self::from(error) {
                Self::Other(text) => Self::Unavailable(text),
                other => other,
            },
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// How long a caller waits before it repeats a call that lost its races.
const RACE_RETRY_AFTER: Duration = Duration::from_secs(1);
/// Shortest and longest wait told to the callers of an outage: spread, so that they do not come back all at once.
const STORAGE_RETRY_AFTER_MS: std::ops::Range<u64> = 1_000..3_000;

impl From<DbError> for CallError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Retry(cause) => {
                let mut error = Self::unavailable(
                    format!("too much happens to the same rows at once ({cause}); try again"),
                    RACE_RETRY_AFTER,
                );
                error.lost_race = true;
                error
            }
            DbError::Unavailable(_) | DbError::Silent(_) | DbError::Unanswered(_) => {
                // One line a caller: the outage itself is told once, by the probe.
                tracing::debug!(%error, "storage unavailable");
                let after = Duration::from_millis(rand::rng().random_range(STORAGE_RETRY_AFTER_MS));
                if matches!(error, DbError::Unanswered(_)) {
                    let text = "the database went away during the commit; try again with the same key";
                    return Self::unavailable(text, after).with_details(serde_json::json!({"outcome": "unknown"}));
                }
                Self::unavailable("the database does not answer; try again shortly", after)
            }
            other => Self::internal(other),
        }
    }
}

impl From<tokio_postgres::Error> for CallError {
    fn from(error: tokio_postgres::Error) -> Self {
        DbError::from(error).into()
    }
}

/// How an attempt of a step went wrong, and what becomes of it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct StepError {
    /// A short machine-readable word (`timeout`, `not_found`, `model_refused`, `invalid_output`, …).
    pub code: String,
    /// For people.
    pub message: String,
    /// Whether another attempt can help.
    pub retry: StepRetry,
    /// What the attempt used up all the same (model, tokens, cost): merged into `step.failed`.
    pub report: serde_json::Map<String, Value>,
}

/// Whether another attempt can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepRetry {
    /// By the step's policy.
    Policy,
    /// By the step's policy, but not before this time (a server's Retry-After).
    After(Duration),
    /// What the step needs is away or busy: it is asked again without counting an attempt, after this time if it is known,
    /// as long as the node's patience lasts. Then by the policy.
    Wait(WaitReason, Option<Duration>),
    /// No: the input is wrong, or somebody refused for good.
    Never,
}

impl StepError {
    /// An error that the step's policy may retry.
    pub fn transient(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), retry: StepRetry::Policy, report: serde_json::Map::new() }
    }

    /// An error that no attempt can mend.
    pub fn fatal(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), retry: StepRetry::Never, report: serde_json::Map::new() }
    }

    /// Retried, but not before `after`.
    #[must_use]
    pub fn not_before(mut self, after: Duration) -> Self {
        self.retry = StepRetry::After(after);
        self
    }

    /// Asked again without counting an attempt: what the step needs is away.
    #[must_use]
    pub const fn waiting(mut self, reason: WaitReason, after: Option<Duration>) -> Self {
        self.retry = StepRetry::Wait(reason, after);
        self
    }

    /// What the attempt used up: merged into `step.failed`.
    #[must_use]
    pub fn with_report(mut self, report: serde_json::Map<String, Value>) -> Self {
        self.report = report;
        self
    }
}

impl From<DbError> for StepError {
    fn from(error: DbError) -> Self {
        if error.is_outage() {
            Self::transient("database", error.to_string()).waiting(WaitReason::Storage, None)
        } else if error.is_transient() {
            Self::transient("database", error.to_string())
        } else {
            Self::fatal("database", error.to_string())
        }
    }
}

impl From<tokio_postgres::Error> for StepError {
    fn from(error: tokio_postgres::Error) -> Self {
        DbError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_unavailable_with_a_time_and_a_lost_commit_says_so() {
        for error in [DbError::Unavailable("x".into()), DbError::Silent(Duration::from_secs(1))] {
            let call = CallError::from(error);
            assert_eq!((call.code, &call.details), (ErrorCode::Unavailable, &None));
            assert!(call.retry_after.is_some_and(|after| after >= Duration::from_secs(1)));
        }
        let call = CallError::from(DbError::Unanswered("x".into()));
        assert_eq!(call.details, Some(serde_json::json!({"outcome": "unknown"})));
        assert_eq!(StepError::from(DbError::Unavailable("x".into())).retry, StepRetry::Wait(WaitReason::Storage, None));
        assert_eq!(StepError::from(DbError::Retry("x".into())).retry, StepRetry::Policy);
    }
}
