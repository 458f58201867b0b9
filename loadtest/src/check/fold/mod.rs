//! A topic's state as a client makes it from a snapshot and the events after it, to be held against a fresh snapshot:
//! what both must tell alike.

pub mod patch;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher as _};

/// A topic's state, as far as events tell it.
#[derive(Debug, Clone, PartialEq)]
pub enum Fold {
    /// No snapshot yet, or a topic that is not folded.
    Nothing,
    /// Followed from its first event on: its story is told, and there is no state to be compared.
    Followed,
    /// `task:{id}`.
    Task(TaskFold),
    /// `user:{id}`.
    User(UserFold),
    /// `cv:{id}`.
    Cv(Box<CvFold>),
}

/// A task: its steps and offers by their state's word.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskFold {
    status: String,
    attempt: u64,
    steps: BTreeMap<String, String>,
    offers: BTreeMap<u64, String>,
}

/// A person's feed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UserFold {
    /// Credits.
    pub balance: i64,
    /// Tasks that have not ended.
    pub open: BTreeSet<String>,
    /// CVs by id.
    pub cvs: BTreeMap<String, String>,
}

/// A CV.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CvFold {
    /// The document.
    pub content: Value,
    /// Its revision.
    pub rev: i64,
    version: i64,
    /// Proposed changes with their state's word.
    pub pending: BTreeMap<String, String>,
    versions: BTreeSet<i64>,
    score: Option<i64>,
    score_status: String,
    optimise: String,
}

fn text(value: &Value, path: &str) -> String {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
}
fn number(value: &Value, path: &str) -> Option<i64> {
    value.pointer(path).and_then(Value::as_i64)
}
fn list<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(path).and_then(Value::as_array).into_iter().flatten()
}

impl Fold {
    /// From a snapshot.
    pub fn of(family: &str, state: &Value) -> Self {
        match family {
            "task" => Self::Task(TaskFold {
                status: text(state, "/task/status"),
                attempt: number(state, "/task/attempt").and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
                steps: list(state, "/steps").map(|step| (text(step, "/step"), text(step, "/status"))).collect(),
                offers: list(state, "/offers")
                    .filter_map(|offer| Some((offer.get("offer_index")?.as_u64()?, text(offer, "/status"))))
                    .collect(),
            }),
            "user" => Self::User(UserFold {
                balance: number(state, "/credits/balance").unwrap_or(i64::MIN),
                open: list(state, "/tasks").map(|task| text(task, "/id")).collect(),
                cvs: list(state, "/cvs").map(|cv| (text(cv, "/id"), text(cv, "/filename"))).collect(),
            }),
            "cv" => Self::Cv(Box::new(CvFold {
                content: state.pointer("/file/content").cloned().unwrap_or_default(),
                rev: number(state, "/file/content_rev").unwrap_or(-1),
                version: number(state, "/file/content_version").unwrap_or(-1),
                pending: changes(state, "/file/pending_changes"),
                versions: list(state, "/versions").filter_map(|version| number(version, "/version")).collect(),
                score: number(state, "/file/match_score"),
                score_status: text(state, "/file/match_score_status"),
                optimise: text(state, "/file/optimise_status"),
            })),
            _ => Self::Nothing,
        }
    }

    /// One more event.
    ///
    /// # Errors
    /// An event that does not fit the state.
    pub fn event(&mut self, kind: &str, data: &Value) -> Result<(), String> {
        match self {
            Self::Nothing | Self::Followed => Ok(()),
            Self::Task(task) => {
                task.event(kind, data);
                Ok(())
            }
            Self::User(user) => user.event(kind, data),
            Self::Cv(cv) => cv.event(kind, data),
        }
    }

    /// What a fresh snapshot tells otherwise.
    pub fn differs(&self, fresh: &Self) -> Option<String> {
        match (self, fresh) {
            (Self::Task(folded), Self::Task(fresh)) => folded.differs(fresh),
            (Self::User(folded), Self::User(fresh)) => {
                let same = folded.balance == fresh.balance && folded.open == fresh.open;
                let cvs = folded.cvs.keys().eq(fresh.cvs.keys());
                (!same || !cvs).then(|| {
                    format!(
                        "balance {} / {}, open tasks {:?} / {:?}, CVs {} / {}",
                        folded.balance,
                        fresh.balance,
                        folded.open,
                        fresh.open,
                        folded.cvs.len(),
                        fresh.cvs.len()
                    )
                })
            }
            (Self::Cv(folded), Self::Cv(fresh)) => folded.differs(fresh),
            (Self::Nothing, Self::Nothing) | (Self::Followed, _) => None,
            _ => Some("one of the two is no state of this topic".to_owned()),
        }
    }
}

fn changes(value: &Value, path: &str) -> BTreeMap<String, String> {
    list(value, path).map(|change| (text(change, "/id"), text(change, "/status"))).collect()
}

impl TaskFold {
    fn event(&mut self, kind: &str, data: &Value) {
        let step = || text(data, "/step");
        let offer = || data.get("offer_index").and_then(Value::as_u64);
        match kind {
            "task.queued" | "task.started" | "task.completed" | "task.failed" | "task.cancelled" => {
                let attempt = data.get("attempt").and_then(Value::as_u64).unwrap_or(self.attempt);
                if attempt > self.attempt {
                    for status in self.steps.values_mut().chain(self.offers.values_mut()) {
                        if ["failed", "cancelled"].contains(&status.as_str()) {
                            "pending".clone_into(status);
                        }
                    }
                }
                self.attempt = attempt;
                self.status = text(data, "/status");
                if !["task.queued", "task.started"].contains(&kind) {
                    self.end(|_| true);
                }
            }
            "step.started" => {
                self.steps.insert(step(), "running".to_owned());
                if let Some(status) = offer().and_then(|offer| self.offers.get_mut(&offer))
                    && ["pending", "extracting"].contains(&status.as_str())
                {
                    let word = if text(data, "/type") == "extract" { "extracting" } else { "running" };
                    word.clone_into(status);
                }
            }
            "step.completed" => {
                self.steps.insert(step(), "completed".to_owned());
            }
            "step.failed" => {
                let again = data.get("retry_in_ms").is_some_and(|wait| !wait.is_null());
                self.steps.insert(step(), if again { "pending" } else { "failed" }.to_owned());
                let gone: BTreeSet<&str> = list(data, "/cancelled").filter_map(Value::as_str).collect();
                self.end(|step| gone.contains(step));
            }
            "offer.extracted" => self.offer(offer(), "running"),
            "offer.completed" => self.offer(offer(), "completed"),
            "offer.failed" | "offer.cancelled" => {
                self.offer(offer(), kind.trim_start_matches("offer."));
            }
            _ => {}
        }
    }

    fn offer(&mut self, index: Option<u64>, word: &str) {
        if let Some(index) = index {
            self.offers.insert(index, word.to_owned());
        }
    }

    fn end(&mut self, concerns: impl Fn(&str) -> bool) {
        for (step, status) in &mut self.steps {
            if ["pending", "running"].contains(&status.as_str()) && concerns(step) {
                "cancelled".clone_into(status);
            }
        }
    }

    fn differs(&self, fresh: &Self) -> Option<String> {
        if (&self.status, self.attempt) != (&fresh.status, fresh.attempt) {
            return Some(format!(
                "{} (run {}), and the snapshot says {} (run {})",
                self.status, self.attempt, fresh.status, fresh.attempt
            ));
        }
        // What never began is told by no event: waiting and cancelled are then the same to a reader.
        let idle = |word: Option<&String>| word.is_none_or(|word| ["pending", "cancelled"].contains(&word.as_str()));
        let keys: BTreeSet<&String> = self.steps.keys().chain(fresh.steps.keys()).collect();
        for key in keys {
            let (mine, theirs) = (self.steps.get(key), fresh.steps.get(key));
            if mine != theirs && !(idle(mine) && idle(theirs)) {
                return Some(format!("step {key} is {mine:?}, and the snapshot says {theirs:?}"));
            }
        }
        (self.offers != fresh.offers)
            .then(|| format!("the offers are {:?}, and the snapshot says {:?}", self.offers, fresh.offers))
    }
}

impl UserFold {
    fn event(&mut self, kind: &str, data: &Value) -> Result<(), String> {
        let id = || text(data, "/id");
        match kind {
            "task.queued" => {
                self.open.insert(id());
            }
            "task.finished" => {
                self.open.remove(&id());
            }
            "credits.changed" => {
                let (balance, amount) = (number(data, "/balance").unwrap_or(0), number(data, "/amount").unwrap_or(0));
                let before = std::mem::replace(&mut self.balance, balance);
                if before + amount != balance {
                    return Err(format!("a row of {amount} made {before} to {balance}"));
                }
            }
            "cv.created" => {
                self.cvs.insert(id(), text(data, "/filename"));
            }
            "cv.deleted" => {
                self.cvs.remove(&id());
            }
            _ => {}
        }
        Ok(())
    }
}

impl CvFold {
    fn event(&mut self, kind: &str, data: &Value) -> Result<(), String> {
        match kind {
            "cv.changed" => {
                let rev = number(data, "/rev").ok_or("no rev")?;
                let before = std::mem::replace(&mut self.rev, rev);
                self.version = number(data, "/content_version").unwrap_or(self.version);
                let patch = data.get("patch").cloned().unwrap_or_default();
                let patch: Vec<_> = serde_json::from_value(patch).map_err(|error| error.to_string())?;
                patch::apply(&mut self.content, &patch).map_err(|why| format!("revision {before} to {rev}: {why}"))?;
            }
            "cv.version" => {
                self.versions.extend(number(data, "/version"));
                for gone in list(data, "/pruned").filter_map(Value::as_i64) {
                    self.versions.remove(&gone);
                }
            }
            "cv.score" => {
                self.score = number(data, "/score");
                self.score_status = text(data, "/status");
            }
            "cv.optimise" => self.optimise = text(data, "/status"),
            "cv.changes_proposed" => self.pending = changes(data, "/changes"),
            "cv.change_decided" => {
                self.rev = number(data, "/rev").unwrap_or(self.rev);
                if number(data, "/remaining") == Some(0) {
                    self.pending.clear();
                    "idle".clone_into(&mut self.optimise);
                } else {
                    self.pending.insert(text(data, "/change_id"), text(data, "/decision"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn differs(&self, fresh: &Self) -> Option<String> {
        let heads = |cv: &Self| {
            (cv.rev, cv.version, cv.versions.clone(), cv.score, cv.score_status.clone(), cv.optimise.clone())
        };
        if heads(self) != heads(fresh) {
            return Some(format!("{:?}, and the snapshot says {:?}", heads(self), heads(fresh)));
        }
        if self.pending != fresh.pending {
            return Some(format!("the changes are {:?}, and the snapshot says {:?}", self.pending, fresh.pending));
        }
        (canonical(&self.content) != canonical(&fresh.content)).then(|| "the content is another".to_owned())
    }
}

/// A value as text that is the same for the same value: sorted names, and numbers without regard to how a codec wrote
/// them.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let fields = sorted.into_iter().map(|(name, value)| format!("{name:?}:{}", canonical(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

/// A number that stands for an event's kind and payload.
pub fn fingerprint(kind: &str, data: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(kind.as_bytes());
    hasher.write(canonical(data).as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tasks_events_make_the_state_of_a_later_snapshot() {
        let state = |status: &str, a: &str, b: &str, offer: &str| {
            json!({"task": {"status": status, "attempt": 1}, "offers": [{"offer_index": 0, "status": offer}],
                "steps": [{"step": "a", "status": a}, {"step": "b", "status": b}]})
        };
        let mut fold = Fold::of("task", &state("queued", "pending", "pending", "pending"));
        let events = [
            ("task.started", json!({"status": "running", "attempt": 1})),
            ("step.started", json!({"step": "a", "type": "extract", "offer_index": 0})),
            ("step.completed", json!({"step": "a"})),
            ("step.failed", json!({"step": "b", "retry_in_ms": null, "cancelled": []})),
            ("offer.failed", json!({"offer_index": 0})),
            ("task.failed", json!({"status": "failed", "attempt": 1})),
        ];
        for (kind, data) in events {
            fold.event(kind, &data).unwrap();
        }
        assert_eq!(fold.differs(&Fold::of("task", &state("failed", "completed", "failed", "failed"))), None);
        assert!(fold.differs(&Fold::of("task", &state("failed", "running", "failed", "failed"))).is_some());
        assert!(fold.differs(&Fold::of("task", &state("completed", "completed", "failed", "failed"))).is_some());
    }

    #[test]
    fn a_cv_that_lost_an_edit_is_found() {
        let state = |rev: i64, name: &str| {
            json!({"file": {"content": {"basics": {"name": name}}, "content_rev": rev, "content_version": 1,
                "pending_changes": [], "match_score": null, "match_score_status": "idle", "optimise_status": "idle"},
                "versions": []})
        };
        let mut fold = Fold::of("cv", &state(1, "a"));
        let patch = json!([{"op": "replace", "path": "/basics/name", "value": "b"}]);
        fold.event("cv.changed", &json!({"rev": 2, "content_version": 1, "patch": patch})).unwrap();
        assert_eq!(fold.differs(&Fold::of("cv", &state(2, "b"))), None);
        assert!(fold.differs(&Fold::of("cv", &state(3, "b"))).is_some());
        assert!(fold.differs(&Fold::of("cv", &state(2, "a"))).is_some());
    }

    #[test]
    fn a_balance_that_jumps_is_found() {
        let state = json!({"credits": {"balance": 5}, "tasks": [], "cvs": []});
        let mut fold = Fold::of("user", &state);
        fold.event("credits.changed", &json!({"balance": 4, "amount": -1})).unwrap();
        assert!(fold.event("credits.changed", &json!({"balance": 4, "amount": -1})).is_err());
    }

    #[test]
    fn codecs_that_write_numbers_otherwise_tell_the_same() {
        assert_eq!(fingerprint("k", &json!({"a": 1, "b": [2.0]})), fingerprint("k", &json!({"b": [2], "a": 1.0})));
        assert_ne!(fingerprint("k", &json!({"a": 1})), fingerprint("k", &json!({"a": 2})));
    }
}
