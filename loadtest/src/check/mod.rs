//! What must hold, by id. A check that fails says what was seen; a check that looked at nothing fails as well, because
//! it proves nothing.
//!
//! | module | holds |
//! |---|---|
//! | [`fold`] | a topic's state made from a snapshot and events, against a fresh snapshot |
//! | [`history`] | one topic as one client sees it: no gap, no duplicate, no reordering, across reconnects |
//! | [`task`] | one task: it ends once, and a completed step never runs again |
//! | [`ledger`] | credits: ledger, balance and what was used agree |

pub mod fold;
pub mod history;
pub mod ledger;
pub mod task;

use parking_lot::Mutex;
use serde::Serialize;
use std::collections::BTreeMap;

/// Failures of one check whose text is kept; further ones are only counted.
pub const EXAMPLES: usize = 20;

macro_rules! checks {
    ($($(#[doc = $doc:literal])* $name:ident = $id:literal;)*) => {
        /// A promise that is checked.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Check { $($(#[doc = $doc])* $name,)* }

        impl Check {
            /// Its id in reports.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }
            /// What it says.
            pub const fn promise(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

checks! {
    /// Each topic reaches each client as one history: without gap, duplicate or reordering, also across reconnects.
    Contiguous = "history.contiguous";
    /// At rest, each client has every event up to the head that the server tells.
    Complete = "history.complete";
    /// A snapshot and the events after it tell the same story as the events before it.
    SnapshotFits = "history.snapshot-fits";
    /// The server answers in the form of the protocol.
    WellFormed = "protocol.well-formed";
    /// Each accepted task ends exactly once, and the HTTP API says the same end.
    EndedOnce = "task.ended-once";
    /// A task ends as it should (nothing was made to fail).
    EndedWell = "task.ended-well";
    /// A completed step never starts or completes again in the same run of its task.
    StepOnce = "task.step-once";
    /// Ledger rows add up to the balance, and both to what was given, used and refunded.
    Ledger = "credits.ledger";
    /// The balance in each event is the one before it plus its amount.
    LedgerLive = "credits.live-balance";
    /// What an acknowledged call did is there, once, also when it was repeated with its key.
    AckVisible = "call.acknowledged-visible";
    /// A call that may be repeated is answered in the end.
    CallAnswered = "call.answered";
    /// A connection stays open while nothing is wrong with it.
    StaysOpen = "socket.stays-open";
    /// A mark arrives with every heartbeat.
    Marks = "socket.marks";
    /// A reader that stalled gets every durable event once it reads again.
    StalledReader = "fanout.stalled-reader";
    /// A stalled reader costs the server bounded memory.
    FlatMemory = "server.flat-memory";
    /// The fault that was asked for happened while tasks ran.
    FaultHappened = "fault.happened";
    /// What each client received of a topic is, row by row, what the log holds.
    EqualsLog = "history.equals-log";
    /// A state made from snapshot and events equals the server's fresh snapshot.
    StateEqual = "history.state-equal";
    /// Each step's effect happened once: one completion in the log for a completed step, one product row for an offer.
    EffectOnce = "step.effect-once";
    /// A call with a key took effect once, and repeating it returns the first result.
    CallOnce = "call.once";
    /// Each task that a fault met moves again without help.
    MovesAgain = "task.moves-again";
    /// Nobody has to sign in again because something broke.
    SignedIn = "session.survives";
    /// No node panicked.
    NoPanic = "node.no-panic";
    /// No node ended unless it was made to, and each ends in good order when asked to.
    StaysUp = "node.stays-up";
    /// At rest a node holds no more memory and file handles than a bound.
    Bounded = "node.bounded";
    /// At rest the database holds no lock, connection, or row of nodes that are gone.
    NoLeak = "database.no-leak";
    /// A rolling restart fails no task and shows no error to a client.
    Unnoticed = "rolling.unnoticed";
    /// Events go from node to node in a bounded time, with and without Redis.
    CrossNode = "bus.cross-node";
    /// Connections come back spread in time, and are complete again.
    Returns = "storm.returns";
    /// The tables hold as many rows as a measurement says.
    ScaleFilled = "scale.filled";
    /// A task and the reading of one cost as much in full tables as in empty ones, within a quarter.
    ScaleTasks = "scale.flat-tasks";
    /// An event and a connection cost as much beside many connections as beside few, within a quarter.
    ScaleConnections = "scale.flat-connections";
    /// Two nodes do at least 85 % of what one does on the same processors.
    ScaleNodes = "scale.two-nodes";
    /// Real input that is a job offer is accepted.
    InputAccepted = "eval.accepted";
    /// Input that is none is refused with a typed error.
    InputRefused = "eval.refused-typed";
    /// A found fact is the one that the page states.
    FactsFit = "eval.facts";
    /// A score lies between 0 and 100 and is the sum of its parts.
    ScoreForm = "eval.score-form";
    /// A CV that fits an offer scores higher than one that does not.
    ScoreOrder = "eval.score-order";
}

#[derive(Debug, Default)]
struct Tally {
    looked: u64,
    failed: u64,
    examples: Vec<String>,
}

/// Collects what the checks find. Shared by everything that runs.
#[derive(Debug, Default)]
pub struct Findings(Mutex<BTreeMap<Check, Tally>>);

/// One check's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckResult {
    /// Its id.
    pub id: &'static str,
    /// What it says.
    pub promise: &'static str,
    /// Whether it holds.
    pub passed: bool,
    /// Things that were looked at.
    pub looked_at: u64,
    /// Things that broke it.
    pub failed: u64,
    /// The first of them.
    pub examples: Vec<String>,
}

impl Findings {
    /// `count` things were looked at and hold.
    pub fn hold(&self, check: Check, count: u64) {
        self.0.lock().entry(check).or_default().looked += count;
    }

    /// One thing was looked at and does not hold.
    pub fn broken(&self, check: Check, what: impl Into<String>) {
        let mut tallies = self.0.lock();
        let tally = tallies.entry(check).or_default();
        tally.looked += 1;
        tally.failed += 1;
        if tally.examples.len() < EXAMPLES {
            tally.examples.push(what.into());
        }
    }

    /// One thing was looked at.
    pub fn see(&self, check: Check, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.hold(check, 1),
            Err(what) => self.broken(check, what),
        }
    }

    /// The results: those of `expected` also when nothing was looked at, which is a failure.
    pub fn results(&self, expected: &[Check]) -> Vec<CheckResult> {
        let mut tallies = self.0.lock();
        for check in expected {
            let tally = tallies.entry(*check).or_default();
            if tally.looked == 0 {
                tally.failed = 1;
                tally.examples = vec!["nothing was looked at, so nothing is proved".to_owned()];
            }
        }
        let result = |(check, tally): (&Check, &Tally)| CheckResult {
            id: check.id(),
            promise: check.promise(),
            passed: tally.failed == 0,
            looked_at: tally.looked,
            failed: tally.failed,
            examples: tally.examples.clone(),
        };
        tallies.iter().map(result).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_looked_at_nothing_fails() {
        let findings = Findings::default();
        findings.hold(Check::EndedOnce, 3);
        let results = findings.results(&[Check::EndedOnce, Check::Ledger]);
        let by_id = |id: &str| results.iter().find(|result| result.id == id).unwrap().passed;
        assert!(by_id("task.ended-once"));
        assert!(!by_id("credits.ledger"));
    }

    #[test]
    fn failures_are_counted_and_examples_bounded() {
        let findings = Findings::default();
        for n in 0..100 {
            findings.broken(Check::StepOnce, format!("number {n}"));
        }
        let results = findings.results(&[]);
        assert_eq!((results[0].failed, results[0].examples.len()), (100, EXAMPLES));
    }
}
