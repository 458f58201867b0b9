//! The states of the CV product and every legal move between them (spec section 2): one table a state machine, tested
//! over its whole matrix. A move that is not listed is refused with [`IllegalMove`].

use serde::{Deserialize, Serialize};

/// A move that the state machine does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {from} and cannot become {to}")]
pub struct IllegalMove {
    /// The machine's name for people.
    pub what: &'static str,
    /// Where it is.
    pub from: &'static str,
    /// Where it was to go.
    pub to: &'static str,
}

/// A word that is not a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{word}`")]
pub struct UnknownState {
    /// The machine's name for people.
    pub what: &'static str,
    /// The word.
    pub word: String,
}

macro_rules! machine {
    (
        $(#[$doc:meta])* $name:ident, $what:literal {
            $($(#[$vdoc:meta])* $state:ident = $word:literal => [$($to:ident),* $(,)?]),* $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $state,)* }

        impl $name {
            /// All states.
            pub const ALL: &'static [Self] = &[$(Self::$state,)*];

            /// The word in the database and on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$state => $word,)* }
            }

            /// The states that may follow.
            pub const fn next(self) -> &'static [Self] {
                match self { $(Self::$state => &[$(Self::$to,)*],)* }
            }

            /// Moves on.
            ///
            /// # Errors
            /// [`IllegalMove`] for a move that is not in the table.
            pub fn to(self, to: Self) -> Result<Self, IllegalMove> {
                if self.next().contains(&to) {
                    Ok(to)
                } else {
                    Err(IllegalMove { what: $what, from: self.as_str(), to: to.as_str() })
                }
            }

            /// The states from which this one can be reached, for a guarded `UPDATE … WHERE status = ANY(…)`.
            pub fn sources(self) -> Vec<&'static str> {
                Self::ALL.iter().filter(|from| from.next().contains(&self)).map(|from| from.as_str()).collect()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownState;
            fn from_str(word: &str) -> Result<Self, UnknownState> {
                match word {
                    $($word => Ok(Self::$state),)*
                    _ => Err(UnknownState { what: $what, word: word.to_owned() }),
                }
            }
        }
    };
}

machine! {
    /// `background_tasks.status`.
    TaskState, "the task" {
        /// Accepted, its units reserved.
        Queued = "queued" => [Running, Cancelled],
        /// A node works on it. Back to queued when its node is lost.
        Running = "running" => [Queued, Completed, Failed, Cancelled],
        /// Ended well; queued again only while an offer of it is failed.
        Completed = "completed" => [Queued],
        /// No offer was completed; may be retried.
        Failed = "failed" => [Queued],
        /// Ended by its owner.
        Cancelled = "cancelled" => [],
    }
}

machine! {
    /// `cv_generation_tasks.status`: mirrors [`TaskState`], with `pending` for queued.
    GenerationState, "the generation" {
        /// Not begun.
        Pending = "pending" => [Running, Cancelled],
        /// At work.
        Running = "running" => [Pending, Completed, Failed, Cancelled],
        /// Ended with at least one CV.
        Completed = "completed" => [Pending],
        /// Ended without.
        Failed = "failed" => [Pending],
        /// Ended by its owner.
        Cancelled = "cancelled" => [],
    }
}

impl From<TaskState> for GenerationState {
    fn from(state: TaskState) -> Self {
        match state {
            TaskState::Queued => Self::Pending,
            TaskState::Running => Self::Running,
            TaskState::Completed => Self::Completed,
            TaskState::Failed => Self::Failed,
            TaskState::Cancelled => Self::Cancelled,
        }
    }
}

machine! {
    /// `cv_generation_offers.status`.
    OfferState, "the offer" {
        /// Not begun.
        Pending = "pending" => [Extracting, Running, Failed, Cancelled],
        /// Its source is being read.
        Extracting = "extracting" => [Running, Failed, Cancelled],
        /// Its CV is being made.
        Running = "running" => [Completed, Failed, Cancelled],
        /// Its CV exists.
        Completed = "completed" => [],
        /// A required step failed for good; its unit was given back.
        Failed = "failed" => [Pending],
        /// Ended by its owner; its unit was given back.
        Cancelled = "cancelled" => [],
    }
}

machine! {
    /// `cv_generation_subtasks.status`.
    SubtaskState, "the step" {
        /// Waits.
        Pending = "pending" => [Running, Failed, Cancelled],
        /// An attempt runs; pending again after an error that may pass, or a lost lease.
        Running = "running" => [Pending, Completed, Failed, Cancelled],
        /// Done.
        Completed = "completed" => [],
        /// Failed for good; pending again only by a retry of the task.
        Failed = "failed" => [Pending],
        /// Ended before it could; pending again only by a retry of the task (its offer failed, not this step).
        Cancelled = "cancelled" => [Pending],
    }
}

machine! {
    /// `cv_files.match_score_status`.
    ScoreState, "the score" {
        /// Never scored, or outdated.
        Idle = "idle" => [InProgress],
        /// A score task runs.
        InProgress = "inprogress" => [Done, Failed, Idle],
        /// Scored.
        Done = "done" => [InProgress, Idle],
        /// The last try failed; the score before is kept.
        Failed = "failed" => [InProgress, Idle],
    }
}

machine! {
    /// `cv_files.optimise_status`.
    OptimiseState, "the optimisation" {
        /// None.
        Idle = "idle" => [InProgress],
        /// An improve-cv task runs.
        InProgress = "inprogress" => [Done, Idle, Failed],
        /// Finished: its changes await review.
        Done = "done" => [Idle],
        /// The last try failed.
        Failed = "failed" => [InProgress],
    }
}

machine! {
    /// The state of one change in `pending_changes`.
    ChangeState, "the change" {
        /// Awaits its decision.
        Pending = "pending" => [Accepted, Rejected, Superseded],
        /// Kept.
        Accepted = "accepted" => [],
        /// Taken back.
        Rejected = "rejected" => [],
        /// Its field was edited by hand meanwhile, or a version was restored.
        Superseded = "superseded" => [],
    }
}

machine! {
    /// `subscriptions.status`.
    SubscriptionState, "the subscription" {
        /// Paid, or on trial.
        Active = "active" => [PastDue, Canceled],
        /// A payment failed: unpaid or paused. The plan stays until Stripe gives up.
        PastDue = "past_due" => [Active, Canceled],
        /// Over: the free plan counts (R51). A new checkout begins it again.
        Canceled = "canceled" => [Active],
    }
}

impl SubscriptionState {
    /// What Stripe's word means here (G9); `None`: it has not begun, and may never.
    pub fn of_stripe(word: &str) -> Option<Self> {
        match word {
            "active" | "trialing" => Some(Self::Active),
            "past_due" | "unpaid" | "paused" => Some(Self::PastDue),
            "canceled" => Some(Self::Canceled),
            _ => None,
        }
    }

    /// Whether its plan is in force (R40).
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Active | Self::PastDue)
    }

    /// The moves from here to there: events may be heard of late or not at all, but nothing is skipped that the table
    /// does not allow.
    pub fn path(self, to: Self) -> Vec<Self> {
        match (self.to(to), self.to(Self::Active)) {
            _ if self == to => Vec::new(),
            (Ok(to), _) => vec![to],
            (Err(_), Ok(active)) if active.to(to).is_ok() => vec![active, to],
            _ => Vec::new(),
        }
    }
}

machine! {
    /// `referrals.status`.
    ReferralState, "the referral" {
        /// The referred person has not used anything yet, or has not confirmed their address.
        Pending = "pending" => [Rewarded, Cancelled],
        /// Both sides have their credits.
        Rewarded = "rewarded" => [],
        /// It will not be rewarded.
        Cancelled = "cancelled" => [],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks all pairs: exactly the listed moves are legal, and words survive a round trip.
    macro_rules! matrix {
        ($test:ident, $type:ident, [$($from:ident -> $to:ident),* $(,)?]) => {
            #[test]
            fn $test() {
                let legal = [$(($type::$from, $type::$to)),*];
                for &from in $type::ALL {
                    assert_eq!(from.as_str().parse::<$type>().unwrap(), from);
                    assert_eq!(serde_json::to_value(from).unwrap(), from.as_str());
                    for &to in $type::ALL {
                        let allowed = legal.contains(&(from, to));
                        assert_eq!(from.to(to).is_ok(), allowed, "{from} -> {to}");
                        assert_eq!(to.sources().contains(&from.as_str()), allowed);
                    }
                }
            }
        };
    }

    matrix!(section2_background_tasks, TaskState, [
        Queued -> Running, Running -> Queued, Running -> Completed, Running -> Failed,
        Queued -> Cancelled, Running -> Cancelled, Failed -> Queued, Completed -> Queued,
    ]);
    matrix!(section2_generations_mirror_tasks, GenerationState, [
        Pending -> Running, Running -> Pending, Running -> Completed, Running -> Failed,
        Pending -> Cancelled, Running -> Cancelled, Failed -> Pending, Completed -> Pending,
    ]);
    // `pending -> failed` is not in the text of section 2: the extraction that cannot even start (a source that was
    // deleted before the step began) ends the offer all the same.
    matrix!(section2_offers, OfferState, [
        Pending -> Extracting, Pending -> Running, Extracting -> Running, Running -> Completed,
        Extracting -> Failed, Running -> Failed, Pending -> Failed,
        Pending -> Cancelled, Extracting -> Cancelled, Running -> Cancelled, Failed -> Pending,
    ]);
    matrix!(section2_subtasks, SubtaskState, [
        Pending -> Running, Running -> Pending, Running -> Completed, Running -> Failed, Pending -> Failed,
        Pending -> Cancelled, Running -> Cancelled, Failed -> Pending, Cancelled -> Pending,
    ]);
    matrix!(section2_match_score, ScoreState, [
        Idle -> InProgress, Done -> InProgress, Failed -> InProgress, InProgress -> Done, InProgress -> Failed,
        InProgress -> Idle, Done -> Idle, Failed -> Idle,
    ]);
    matrix!(section2_optimise, OptimiseState, [
        Idle -> InProgress, Failed -> InProgress, InProgress -> Done, InProgress -> Idle, InProgress -> Failed,
        Done -> Idle,
    ]);
    matrix!(section2_changes, ChangeState, [
        Pending -> Accepted, Pending -> Rejected, Pending -> Superseded,
    ]);

    matrix!(section2_subscriptions, SubscriptionState, [
        Active -> PastDue, PastDue -> Active, Active -> Canceled, PastDue -> Canceled, Canceled -> Active,
    ]);
    matrix!(section2_referrals, ReferralState, [Pending -> Rewarded, Pending -> Cancelled]);

    #[test]
    fn g9_every_word_of_stripe_has_its_meaning_and_every_state_is_reached_by_legal_moves() {
        for (word, state) in [
            ("active", Some(SubscriptionState::Active)),
            ("trialing", Some(SubscriptionState::Active)),
            ("past_due", Some(SubscriptionState::PastDue)),
            ("unpaid", Some(SubscriptionState::PastDue)),
            ("paused", Some(SubscriptionState::PastDue)),
            ("canceled", Some(SubscriptionState::Canceled)),
            ("incomplete", None),
            ("incomplete_expired", None),
        ] {
            assert_eq!(SubscriptionState::of_stripe(word), state, "{word}");
        }
        for &from in SubscriptionState::ALL {
            for &to in SubscriptionState::ALL {
                let mut at = from;
                for next in from.path(to) {
                    at = at.to(next).unwrap();
                }
                assert_eq!(at, to, "{from} to {to}");
            }
        }
    }

    #[test]
    fn every_generation_state_mirrors_one_task_state() {
        for &from in TaskState::ALL {
            for &to in TaskState::ALL {
                assert_eq!(
                    from.to(to).is_ok(),
                    GenerationState::from(from).to(GenerationState::from(to)).is_ok(),
                    "{from} -> {to}"
                );
            }
        }
    }

    #[test]
    fn unknown_words_are_refused() {
        assert!("loading".parse::<ScoreState>().is_err());
        assert!("".parse::<TaskState>().is_err());
    }
}
