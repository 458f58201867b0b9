//! Everything that one client received, in its order: for the comparison with the log, and for the shortest history
//! that shows a fault.

use crate::check::fold::{Fold, fingerprint};
use crate::check::task::{Fault, Story};
use crate::check::{Check, Findings};
use crate::client::Observer;
use crate::measure::{Latencies, Throughput};
use estafette_protocol::{NodeId, ServerMessage, TaskId, Topic};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::mpsc;

/// Entries before and after a fault that are shown.
const SHOWN: usize = 4;

/// One thing that arrived of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it arrived, since the begin of the run.
    pub arrived: Duration,
    /// Its number.
    pub seq: u64,
    /// What it was.
    pub what: What,
}

/// What arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A snapshot of an epoch, or the position from which on a task is followed.
    Snapshot(u64),
    /// An event: its kind, and what stands for its payload.
    Event(String, u64),
}

/// A topic's history at one client.
#[derive(Debug, Clone)]
pub struct History {
    /// What arrived.
    pub entries: Vec<Entry>,
    /// The state made of it.
    pub fold: Fold,
}

#[derive(Default)]
struct Seen {
    topics: HashMap<Topic, History>,
    stories: HashMap<TaskId, Story>,
    finished: HashMap<TaskId, u32>,
    /// Connections made and lost, for the timeline of a fault.
    links: Vec<(Duration, String)>,
    generated: Vec<String>,
}

/// What everybody who watches shares.
#[derive(Clone)]
pub struct Shared {
    /// Where broken promises go.
    pub findings: Arc<Findings>,
    /// What is measured.
    pub latencies: Arc<Latencies>,
    /// What is counted.
    pub throughput: Arc<Throughput>,
    /// The begin of the run.
    pub begin: Instant,
}

/// Records what one client receives.
pub struct Recorder {
    name: String,
    shared: Shared,
    /// Where topics go that the user's feed tells of.
    follow: Option<mpsc::Sender<Topic>>,
    seen: Mutex<Seen>,
}

impl Recorder {
    /// Of the client called `name`.
    pub fn new(name: String, shared: Shared, follow: Option<mpsc::Sender<Topic>>) -> Self {
        Self { name, shared, follow, seen: Mutex::default() }
    }

    /// Its client's name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Topics of which something arrived.
    pub fn topics(&self) -> Vec<Topic> {
        self.seen.lock().topics.keys().cloned().collect()
    }
    /// A topic's history.
    pub fn history(&self, topic: &Topic) -> Option<History> {
        self.seen.lock().topics.get(topic).cloned()
    }
    /// The state of a topic.
    pub fn fold(&self, topic: &Topic) -> Fold {
        self.seen.lock().topics.get(topic).map_or(Fold::Nothing, |history| history.fold.clone())
    }
    /// What it saw of a task.
    pub fn story(&self, task: &TaskId) -> Option<Story> {
        self.seen.lock().stories.get(task).cloned()
    }
    /// How often the user's feed told a task's end.
    pub fn finished(&self, task: &TaskId) -> u32 {
        self.seen.lock().finished.get(task).copied().unwrap_or(0)
    }
    /// CVs that generations made.
    pub fn generated(&self) -> Vec<String> {
        self.seen.lock().generated.clone()
    }
    /// Connections made and lost, since the begin of the run.
    pub fn links(&self) -> Vec<(Duration, String)> {
        self.seen.lock().links.clone()
    }

    /// What arrived of a topic around a number, with the connections made and lost between.
    pub fn around(&self, topic: &Topic, at: usize) -> String {
        let seen = self.seen.lock();
        let Some(history) = seen.topics.get(topic) else { return "nothing".to_owned() };
        let (from, to) = (at.saturating_sub(SHOWN), (at + SHOWN).min(history.entries.len()));
        let shown = history.entries.get(from..to).unwrap_or_default();
        let times = shown.first().zip(shown.last()).map(|(first, last)| (first.arrived, last.arrived));
        let mut lines: Vec<(Duration, String)> = shown
            .iter()
            .map(|entry| {
                let what = match &entry.what {
                    What::Snapshot(epoch) => format!("snapshot at {} (epoch {epoch})", entry.seq),
                    What::Event(kind, _) => format!("event {} {kind}", entry.seq),
                };
                (entry.arrived, what)
            })
            .collect();
        if let Some((first, last)) = times {
            let between = seen.links.iter().filter(|(at, _)| (first..=last).contains(at));
            lines.extend(between.cloned());
        }
        lines.sort_by_key(|(at, _)| *at);
        let lines = lines.iter().map(|(at, what)| format!("{:.3} s {what}", at.as_secs_f64()));
        lines.collect::<Vec<_>>().join("; ")
    }

    fn snapshot(&self, topic: &Topic, epoch: u64, seq: u64, state: &Value, at: Instant) {
        let arrived = at.saturating_duration_since(self.shared.begin);
        let mut seen = self.seen.lock();
        let history = seen.history(topic);
        history.entries.push(Entry { arrived, seq, what: What::Snapshot(epoch) });
        history.fold = Fold::of(topic.family(), state);
        if let Some(task) = task_of(topic) {
            let faults = seen.story(task).snapshot(state);
            drop(seen);
            self.shared.findings.hold(Check::SnapshotFits, 1);
            self.faults(topic, faults);
        }
    }

    /// A call has started the topic's task, and its events come after a position: they begin as after a snapshot.
    fn followed(&self, topic: &Topic, epoch: u64, seq: u64, at: Instant) {
        let arrived = at.saturating_duration_since(self.shared.begin);
        let mut seen = self.seen.lock();
        let history = seen.history(topic);
        history.entries.push(Entry { arrived, seq, what: What::Snapshot(epoch) });
        history.fold = Fold::Followed;
    }

    fn event(&self, topic: &Topic, seq: u64, kind: &str, data: &Value, at: Instant) {
        let arrived = at.saturating_duration_since(self.shared.begin);
        let mut seen = self.seen.lock();
        let history = seen.history(topic);
        history.entries.push(Entry { arrived, seq, what: What::Event(kind.to_owned(), fingerprint(kind, data)) });
        let folded = history.fold.event(kind, data);
        let index = history.entries.len().saturating_sub(1);
        let task = task_of(topic);
        let faults = task.map(|task| seen.story(task).event(kind, data)).unwrap_or_default();
        if topic.family() == "user" {
            self.user_event(&mut seen, kind, data);
        }
        drop(seen);
        if let Err(why) = folded {
            let around = self.around(topic, index);
            self.shared.findings.broken(Check::StateEqual, format!("{}: {topic} {seq}: {why} ({around})", self.name));
        }
        if topic.family() == "task" {
            let check = if kind.starts_with("step.") { Check::StepOnce } else { Check::EndedOnce };
            self.shared.findings.hold(check, 1);
            if kind == "step.completed" {
                self.shared.throughput.count("steps completed, as clients see it");
            }
        }
        self.faults(topic, faults);
    }

    fn user_event(&self, seen: &mut Seen, kind: &str, data: &Value) {
        let id = || data.get("id").and_then(Value::as_str);
        match kind {
            "task.queued" => {
                let task = id().and_then(|id| TaskId::parse(id).ok());
                if let (Some(task), Some(follow)) = (task, &self.follow) {
                    let _ = follow.try_send(Topic::task(&task));
                }
            }
            "task.finished" => {
                if let Some(task) = id().and_then(|id| TaskId::parse(id).ok()) {
                    *seen.finished.entry(task).or_default() += 1;
                }
            }
            "cv.created" if data.get("created_by").and_then(Value::as_str) == Some("generate-cv") => {
                seen.generated.extend(id().map(str::to_owned));
            }
            _ => {}
        }
    }

    fn faults(&self, topic: &Topic, faults: Vec<Fault>) {
        for fault in faults {
            let (check, what) = fault.into_finding();
            let end = self.seen.lock().topics.get(topic).map_or(0, |history| history.entries.len());
            let around = self.around(topic, end);
            self.shared.findings.broken(check, format!("{}: {what} ({around})", self.name));
        }
    }

    fn link(&self, what: String) {
        self.seen.lock().links.push((self.shared.begin.elapsed(), what));
    }
}

impl Seen {
    fn history(&mut self, topic: &Topic) -> &mut History {
        self.topics.entry(topic.clone()).or_insert_with(|| History { entries: Vec::new(), fold: Fold::Nothing })
    }
    fn story(&mut self, task: TaskId) -> &mut Story {
        self.stories.entry(task.clone()).or_insert_with(|| Story::new(task))
    }
}

fn task_of(topic: &Topic) -> Option<TaskId> {
    (topic.family() == "task").then(|| topic.id().and_then(|id| TaskId::parse(id).ok())).flatten()
}

impl Observer for Recorder {
    fn message(&self, message: &ServerMessage, at: Instant) {
        match message {
            ServerMessage::Snap { topic, epoch, seq, state } => self.snapshot(topic, *epoch, *seq, state, at),
            ServerMessage::Followed { topic, epoch, seq, .. } => self.followed(topic, *epoch, *seq, at),
            ServerMessage::Ev { topic, seq, kind, data, at: committed } => {
                // One machine, one clock: what an event took from its commit to here.
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                let then = u64::try_from(committed.to_chrono().timestamp_millis()).unwrap_or(0);
                if let Some(took) = now.checked_sub(Duration::from_millis(then)) {
                    self.shared.latencies.record("event to reader, faults included", took);
                }
                self.event(topic, *seq, kind.as_str(), data, at);
            }
            ServerMessage::Drain { reconnect_after_ms } => {
                self.link(format!("told to leave, and to come back after {reconnect_after_ms} ms"));
            }
            _ => {}
        }
    }
    fn served_by(&self, node: &NodeId) {
        self.link(format!("connected to {node}"));
    }
    fn lost(&self, why: &str) {
        self.link(format!("lost: {why}"));
    }
}

/// The first place where a history is not 1..n after its snapshots, if there is one.
pub fn break_in(history: &History) -> Option<usize> {
    let mut last: Option<u64> = None;
    history.entries.iter().position(|entry| {
        let fits = match (&entry.what, last) {
            (What::Snapshot(_), None) => true,
            (What::Snapshot(_), Some(_)) | (What::Event(..), None) => false,
            (What::Event(..), Some(last)) => entry.seq == last + 1,
        };
        last = Some(entry.seq);
        !fits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(entries: &[(u64, bool)]) -> History {
        let what = |snapshot| if snapshot { What::Snapshot(1) } else { What::Event("k".to_owned(), 0) };
        let entry = |(seq, snapshot): &(u64, bool)| Entry { arrived: Duration::ZERO, seq: *seq, what: what(*snapshot) };
        History { entries: entries.iter().map(entry).collect(), fold: Fold::Nothing }
    }

    #[test]
    fn a_history_breaks_where_a_number_is_missing_or_comes_again() {
        assert_eq!(break_in(&history(&[(3, true), (4, false), (5, false)])), None);
        assert_eq!(break_in(&history(&[(3, true), (4, false), (6, false)])), Some(2));
        assert_eq!(break_in(&history(&[(3, true), (4, false), (4, false)])), Some(2));
        assert_eq!(break_in(&history(&[(4, false)])), Some(0));
        assert_eq!(break_in(&history(&[(3, true), (9, true)])), Some(1));
    }
}
