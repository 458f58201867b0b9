//! The step graph of one task, as pure state: what may start, what an outcome changes, when it is over. The supervisor
//! asks it and the commit writer stores what it answers; neither decides anything about steps by itself.

use super::spec::{GroupKey, OnFailure, StepSpec};
use crate::error::{StepError, StepRetry};
use crate::limits::TASK_STEPS;
use chrono::{DateTime, Utc};
use estafette_protocol::StepKey;
use estafette_protocol::task::StepStatus;
use rand::RngExt as _;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// A step and how it stands.
#[derive(Debug, Clone)]
pub struct StepState {
    /// What it is.
    pub spec: Arc<StepSpec>,
    /// How it stands.
    pub status: StepStatus,
    /// Attempts begun.
    pub attempt: u32,
    /// Not before this time.
    pub run_after: Option<DateTime<Utc>>,
    /// Where completed.
    pub output: Option<Arc<Value>>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// Needs that were added while the task ran.
    pub extra_needs: Vec<StepKey>,
}

impl StepState {
    /// A step that has not begun.
    pub fn new(spec: Arc<StepSpec>) -> Self {
        Self {
            spec,
            status: StepStatus::Pending,
            attempt: 0,
            run_after: None,
            output: None,
            error: None,
            extra_needs: Vec::new(),
        }
    }

    fn needs(&self) -> impl Iterator<Item = &StepKey> {
        self.spec.needs.iter().chain(&self.extra_needs)
    }
}

/// Why a graph is refused: a defect of the kind of task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Two steps have one key.
    #[error("step {0} is given twice")]
    Duplicate(StepKey),
    /// A need names no step.
    #[error("step {step} needs {need}, which does not exist")]
    UnknownNeed {
        /// The waiting step.
        step: StepKey,
        /// What it waits for.
        need: StepKey,
    },
    /// Steps wait for each other in a circle, or for a step that has begun.
    #[error("step {0} would wait for ever")]
    Cycle(StepKey),
    /// Too many steps.
    #[error("a task may have {TASK_STEPS} steps")]
    TooLarge,
    /// No step at all.
    #[error("a task needs at least one step")]
    Empty,
}

/// What a final failure did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fallout {
    /// Groups that ended with it.
    pub groups: Vec<GroupKey>,
    /// Steps that will not run any more.
    pub cancelled: Vec<StepKey>,
}

/// The step graph of one task.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    steps: Vec<StepState>,
    index: HashMap<StepKey, usize>,
    failure: Option<StepError>,
}

impl Graph {
    /// A graph of steps in their order.
    ///
    /// # Errors
    /// [`GraphError`] when it could never come to an end.
    pub fn new(steps: Vec<StepState>) -> Result<Self, GraphError> {
        if steps.is_empty() {
            return Err(GraphError::Empty);
        }
        let mut graph = Self::default();
        for step in steps {
            graph.push(step)?;
        }
        graph.check()?;
        Ok(graph)
    }

    /// The graph of a task of which no attempt ever began.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn planned(plan: impl IntoIterator<Item = Arc<StepSpec>>) -> Result<Self, GraphError> {
        Self::new(plan.into_iter().map(StepState::new).collect())
    }

    fn push(&mut self, step: StepState) -> Result<(), GraphError> {
        if self.steps.len() >= TASK_STEPS {
            return Err(GraphError::TooLarge);
        }
        if self.index.insert(step.spec.key.clone(), self.steps.len()).is_some() {
            return Err(GraphError::Duplicate(step.spec.key.clone()));
        }
        self.steps.push(step);
        Ok(())
    }

    /// Every need exists and no circle is closed (Kahn's algorithm).
    fn check(&self) -> Result<(), GraphError> {
        let mut waiting: Vec<usize> = Vec::with_capacity(self.steps.len());
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); self.steps.len()];
        for (place, step) in self.steps.iter().enumerate() {
            let mut count = 0;
            for need in step.needs() {
                let Some(of) = self.index.get(need) else {
                    return Err(GraphError::UnknownNeed { step: step.spec.key.clone(), need: need.clone() });
                };
                if let Some(list) = dependents.get_mut(*of) {
                    list.push(place);
                }
                count += 1;
            }
            waiting.push(count);
        }
        let mut free: Vec<usize> =
            waiting.iter().enumerate().filter(|(_, count)| **count == 0).map(|(i, _)| i).collect();
        let mut done = 0;
        while let Some(place) = free.pop() {
            done += 1;
            for dependent in dependents.get(place).into_iter().flatten() {
                if let Some(count) = waiting.get_mut(*dependent) {
                    *count -= 1;
                    if *count == 0 {
                        free.push(*dependent);
                    }
                }
            }
        }
        if done == self.steps.len() {
            return Ok(());
        }
        let stuck = waiting.iter().position(|count| *count > 0).and_then(|place| self.steps.get(place));
        stuck.map_or(Ok(()), |step| Err(GraphError::Cycle(step.spec.key.clone())))
    }

    /// The steps in their order.
    pub fn steps(&self) -> &[StepState] {
        &self.steps
    }

    /// One step.
    pub fn get(&self, key: &StepKey) -> Option<&StepState> {
        self.index.get(key).and_then(|place| self.steps.get(*place))
    }

    fn get_mut(&mut self, key: &StepKey) -> Option<&mut StepState> {
        self.index.get(key).and_then(|place| self.steps.get_mut(*place))
    }

    fn satisfied(&self, need: &StepKey) -> bool {
        self.get(need).is_some_and(|step| match step.status {
            StepStatus::Completed => true,
            StepStatus::Failed | StepStatus::Cancelled => step.spec.on_failure == OnFailure::Continue,
            StepStatus::Pending | StepStatus::Running => false,
        })
    }

    /// The steps that may begin now, in their order.
    pub fn ready(&self, now: DateTime<Utc>) -> Vec<StepKey> {
        self.steps
            .iter()
            .filter(|step| step.status == StepStatus::Pending)
            .filter(|step| step.run_after.is_none_or(|at| at <= now))
            .filter(|step| step.needs().all(|need| self.satisfied(need)))
            .map(|step| step.spec.key.clone())
            .collect()
    }

    /// The next time at which a step that waits for its next attempt may begin.
    pub fn next_attempt(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.steps
            .iter()
            .filter(|step| step.status == StepStatus::Pending)
            .filter_map(|step| step.run_after)
            .filter(|at| *at > now)
            .min()
    }

    /// An attempt begins. Returns its number, from 1; `None` unless the step is pending.
    pub fn start(&mut self, key: &StepKey) -> Option<u32> {
        let step = self.get_mut(key)?;
        if step.status != StepStatus::Pending {
            return None;
        }
        step.status = StepStatus::Running;
        step.run_after = None;
        step.attempt += 1;
        Some(step.attempt)
    }

    /// An attempt that was about to begin does not.
    pub fn unstart(&mut self, key: &StepKey) {
        if let Some(step) = self.get_mut(key).filter(|step| step.status == StepStatus::Running) {
            step.status = StepStatus::Pending;
            step.attempt = step.attempt.saturating_sub(1);
        }
    }

    /// A step is done. Added steps whose key exists already are left as they are. Returns the steps that were added.
    ///
    /// # Errors
    /// [`GraphError`] when the added steps make a graph that cannot end; nothing is changed then.
    pub fn complete(
        &mut self,
        key: &StepKey,
        output: Value,
        add: Vec<StepSpec>,
        also_needs: &[(StepKey, StepKey)],
    ) -> Result<Vec<Arc<StepSpec>>, GraphError> {
        if add.is_empty() && also_needs.is_empty() {
            self.completed(key, output);
            return Ok(Vec::new());
        }
        let mut next = self.clone();
        let mut added = Vec::new();
        for spec in add {
            if next.index.contains_key(&spec.key) {
                continue;
            }
            let spec = Arc::new(spec);
            next.push(StepState::new(Arc::clone(&spec)))?;
            added.push(spec);
        }
        for (waiting, need) in also_needs {
            let Some(step) = next.get_mut(waiting) else {
                return Err(GraphError::UnknownNeed { step: waiting.clone(), need: need.clone() });
            };
            if step.status != StepStatus::Pending {
                return Err(GraphError::Cycle(waiting.clone()));
            }
            if !step.needs().any(|present| present == need) {
                step.extra_needs.push(need.clone());
            }
        }
        next.check()?;
        next.completed(key, output);
        *self = next;
        Ok(added)
    }

    fn completed(&mut self, key: &StepKey, output: Value) {
        if let Some(step) = self.get_mut(key) {
            step.status = StepStatus::Completed;
            step.output = Some(Arc::new(output));
            step.error = None;
        }
    }

    /// An attempt failed and another follows after `delay`.
    pub fn retry(&mut self, key: &StepKey, error: &StepError, delay: Duration, now: DateTime<Utc>) {
        if let Some(step) = self.get_mut(key) {
            step.status = StepStatus::Pending;
            step.run_after = Some(now + delay);
            step.error = Some(error.message.clone());
        }
    }

    /// The last attempt failed. Running steps that it takes along are among the cancelled ones.
    pub fn fail(&mut self, key: &StepKey, error: &StepError) -> Fallout {
        let Some(step) = self.get_mut(key) else { return Fallout::default() };
        step.status = StepStatus::Failed;
        step.error = Some(error.message.clone());
        let effect = step.spec.on_failure;
        let group = step.spec.group.clone();
        let mut fallout = Fallout::default();
        match effect {
            OnFailure::Continue => return fallout,
            OnFailure::FailTask => {
                fallout.groups = self.open_groups();
                fallout.groups.extend(group.filter(|group| !fallout.groups.contains(group)));
                self.failure.get_or_insert_with(|| error.clone());
                self.cancel_where(|_| true, &mut fallout.cancelled);
            }
            OnFailure::FailGroup => {
                self.failure.get_or_insert_with(|| error.clone());
                self.cancel_where(|step| step.spec.group == group, &mut fallout.cancelled);
                fallout.groups.extend(group);
                // What waits for a step that will never be done, in whatever group, will never be done either.
                loop {
                    let doomed: BTreeSet<StepKey> = self
                        .steps
                        .iter()
                        .filter(|step| step.status == StepStatus::Pending)
                        .filter(|step| {
                            step.needs().any(|need| {
                                self.get(need).is_some_and(|need| {
                                    matches!(need.status, StepStatus::Failed | StepStatus::Cancelled)
                                        && need.spec.on_failure != OnFailure::Continue
                                })
                            })
                        })
                        .map(|step| step.spec.key.clone())
                        .collect();
                    if doomed.is_empty() {
                        break;
                    }
                    for group in self
                        .steps
                        .iter()
                        .filter(|step| doomed.contains(&step.spec.key))
                        .filter_map(|step| step.spec.group.clone())
                    {
                        if !fallout.groups.contains(&group) {
                            fallout.groups.push(group);
                        }
                    }
                    self.cancel_where(|step| doomed.contains(&step.spec.key), &mut fallout.cancelled);
                }
            }
        }
        fallout
    }

    fn cancel_where(&mut self, which: impl Fn(&StepState) -> bool, cancelled: &mut Vec<StepKey>) {
        for step in self.steps.iter_mut().filter(|step| !step.status.is_terminal()) {
            if which(step) {
                step.status = StepStatus::Cancelled;
                cancelled.push(step.spec.key.clone());
            }
        }
    }

    /// Groups that have a step which has not ended.
    pub fn open_groups(&self) -> Vec<GroupKey> {
        let mut open: Vec<GroupKey> = Vec::new();
        for group in
            self.steps.iter().filter(|step| !step.status.is_terminal()).filter_map(|step| step.spec.group.as_ref())
        {
            if !open.contains(group) {
                open.push(group.clone());
            }
        }
        open
    }

    /// Whether every step has ended.
    pub fn is_ended(&self) -> bool {
        self.steps.iter().all(|step| step.status.is_terminal())
    }

    /// Steps of which an attempt runs.
    pub fn running(&self) -> Vec<StepKey> {
        self.steps.iter().filter(|step| step.status == StepStatus::Running).map(|step| step.spec.key.clone()).collect()
    }

    /// The outputs of the completed steps.
    pub fn outputs(&self) -> HashMap<StepKey, Arc<Value>> {
        self.steps
            .iter()
            .filter_map(|step| step.output.as_ref().map(|output| (step.spec.key.clone(), Arc::clone(output))))
            .collect()
    }

    /// The share of the work that has ended, 0 to 1, by weight. May go back when steps are added: who shows it keeps
    /// the highest.
    pub fn fraction(&self) -> f64 {
        // In whole numbers: the sum of no floats at all is -0.
        let weigh = |step: &StepState| u64::from(step.spec.weight);
        let all: u64 = self.steps.iter().map(weigh).sum();
        let ended: u64 = self.steps.iter().filter(|step| step.status.is_terminal()).map(weigh).sum();
        if all > 0 { (ended as f64 / all as f64 * 1000.0).round() / 1000.0 } else { 0.0 }
    }

    /// The first final failure that ended the task or a group.
    pub const fn failure(&self) -> Option<&StepError> {
        self.failure.as_ref()
    }

    /// Steps that need this one, directly or through others, in their order.
    pub fn dependents(&self, key: &StepKey) -> Vec<StepKey> {
        let mut found = BTreeSet::from([key]);
        loop {
            let known = found.len();
            let needing = self.steps.iter().filter(|step| step.needs().any(|need| found.contains(need)));
            found.extend(needing.map(|step| &step.spec.key).collect::<Vec<_>>());
            if found.len() == known {
                break;
            }
        }
        let keys = self.steps.iter().map(|step| &step.spec.key);
        keys.filter(|of| *of != key && found.contains(of)).cloned().collect()
    }

    /// What was known of a step's attempts is forgotten: it waits as if none had begun.
    pub fn forget(&mut self, key: &StepKey) {
        if let Some(step) = self.get_mut(key) {
            *step = StepState {
                extra_needs: std::mem::take(&mut step.extra_needs),
                ..StepState::new(Arc::clone(&step.spec))
            };
        }
    }

    /// Remembers the failure of an earlier run of the supervisor.
    pub fn set_failure(&mut self, error: StepError) {
        self.failure.get_or_insert(error);
    }
}

/// The wait before the next attempt, or `None` when there is none. Pure but for the random source: exponential backoff
/// with jitter to both sides; a server's Retry-After is a lower bound.
pub fn retry_delay(spec: &StepSpec, attempt: u32, error: &StepError, rng: &mut impl rand::Rng) -> Option<Duration> {
    if error.retry == StepRetry::Never || attempt >= spec.retry.max_attempts {
        return None;
    }
    let power = spec.retry.factor.saturating_pow(attempt.saturating_sub(1));
    let base = spec.retry.first_delay.saturating_mul(power).min(spec.retry.max_delay);
    let jitter = spec.retry.jitter.clamp(0.0, 1.0);
    let factor = if jitter > 0.0 { rng.random_range(1.0 - jitter..=1.0 + jitter) } else { 1.0 };
    let delay = base.mul_f64(factor);
    Some(match error.retry {
        StepRetry::After(after) | StepRetry::Wait(_, Some(after)) => delay.max(after),
        StepRetry::Policy | StepRetry::Wait(_, None) | StepRetry::Never => delay,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::RetryPolicy;
    use proptest::prelude::*;

    fn key(name: &str) -> StepKey {
        StepKey::parse(name).unwrap()
    }
    fn step(name: &str, needs: &[&str]) -> StepSpec {
        StepSpec::new(key(name), name).after(needs.iter().map(|need| key(need)))
    }
    fn graph(specs: Vec<StepSpec>) -> Graph {
        Graph::planned(specs.into_iter().map(Arc::new)).unwrap()
    }
    fn group(name: &str) -> GroupKey {
        GroupKey::new(name)
    }

    #[test]
    fn a_graph_that_could_never_end_is_refused() {
        let refused = |specs: Vec<StepSpec>| Graph::planned(specs.into_iter().map(Arc::new)).unwrap_err();
        assert_eq!(refused(vec![]), GraphError::Empty);
        assert_eq!(refused(vec![step("a", &["a"])]), GraphError::Cycle(key("a")));
        assert!(matches!(refused(vec![step("a", &["b"]), step("b", &["a"])]), GraphError::Cycle(_)));
        assert!(matches!(refused(vec![step("a", &["x"])]), GraphError::UnknownNeed { .. }));
        assert_eq!(refused(vec![step("a", &[]), step("a", &[])]), GraphError::Duplicate(key("a")));
    }

    #[test]
    fn a_step_begins_when_what_it_needs_is_done_and_not_twice() {
        let now = Utc::now();
        let mut graph = graph(vec![step("a", &[]), step("b", &["a"])]);
        assert_eq!(graph.ready(now), vec![key("a")]);
        assert_eq!(graph.start(&key("a")), Some(1));
        assert_eq!(graph.start(&key("a")), None);
        assert!(graph.ready(now).is_empty());
        graph.complete(&key("a"), Value::Null, vec![], &[]).unwrap();
        assert_eq!(graph.ready(now), vec![key("b")]);
    }

    #[test]
    fn nothing_done_is_zero_and_not_minus_zero() {
        assert_eq!(serde_json::json!(graph(vec![step("a", &[])]).fraction()).to_string(), "0.0");
    }

    #[test]
    fn steps_added_while_running_hold_back_what_waits_for_them() {
        let now = Utc::now();
        let mut graph = graph(vec![step("classify", &[]), step("summary", &["classify"])]);
        graph.start(&key("classify"));
        let add = vec![step("b0", &["classify"]), step("b1", &["classify"])];
        let also = [(key("summary"), key("b0")), (key("summary"), key("b1"))];
        assert_eq!(graph.complete(&key("classify"), Value::Null, add, &also).unwrap().len(), 2);
        assert_eq!(graph.ready(now), vec![key("b0"), key("b1")]);
        for name in ["b0", "b1"] {
            graph.start(&key(name));
            graph.complete(&key(name), Value::Null, vec![], &[]).unwrap();
        }
        assert_eq!(graph.ready(now), vec![key("summary")]);
    }

    #[test]
    fn a_failed_group_ends_alone_and_the_others_go_on() {
        let mut graph = graph(vec![
            step("e0", &[]).in_group(group("0")),
            step("c0", &["e0"]).in_group(group("0")),
            step("e1", &[]).in_group(group("1")),
        ]);
        graph.start(&key("e0"));
        let fallout = graph.fail(&key("e0"), &StepError::fatal("not_found", "404"));
        assert_eq!(fallout, Fallout { groups: vec![group("0")], cancelled: vec![key("c0")] });
        assert_eq!(graph.ready(Utc::now()), vec![key("e1")]);
        assert!(!graph.is_ended());
    }

    #[test]
    fn a_failed_step_that_may_fail_harms_nothing() {
        let mut graph = graph(vec![step("a", &[]).on_failure(OnFailure::Continue), step("b", &["a"])]);
        graph.start(&key("a"));
        assert_eq!(graph.fail(&key("a"), &StepError::fatal("x", "x")), Fallout::default());
        assert_eq!(graph.ready(Utc::now()), vec![key("b")]);
        assert!(graph.failure().is_none());
    }

    #[test]
    fn a_failed_step_of_the_task_ends_everything() {
        let mut graph =
            graph(vec![step("a", &[]), step("b", &[]).in_group(group("g")), step("c", &["b"]).in_group(group("g"))]);
        graph.start(&key("a"));
        graph.start(&key("b"));
        let fallout = graph.fail(&key("a"), &StepError::fatal("x", "x"));
        assert_eq!(fallout.cancelled, vec![key("b"), key("c")]);
        assert_eq!(fallout.groups, vec![group("g")]);
        assert!(graph.is_ended());
    }

    #[test]
    fn delays_follow_the_policy_and_the_server() {
        let mut rng = rand::rng();
        let spec = step("a", &[]).retrying(RetryPolicy { jitter: 0.0, ..RetryPolicy::DEFAULT });
        let error = StepError::transient("x", "x");
        let delays: Vec<_> = (1..=3).map(|attempt| retry_delay(&spec, attempt, &error, &mut rng)).collect();
        assert_eq!(delays, vec![Some(Duration::from_secs(1)), Some(Duration::from_secs(4)), None]);
        let told = StepError::transient("x", "x").not_before(Duration::from_secs(9));
        assert_eq!(retry_delay(&spec, 1, &told, &mut rng), Some(Duration::from_secs(9)));
        assert_eq!(retry_delay(&spec, 1, &StepError::fatal("x", "x"), &mut rng), None);
    }

    proptest! {
        /// Whatever the order and the outcomes, a graph comes to an end, and no step runs before what it needs.
        #[test]
        fn every_graph_ends(
            edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..30),
            groups in proptest::collection::vec(0_usize..4, 12),
            outcomes in proptest::collection::vec(0_u8..4, 200),
        ) {
            let specs: Vec<StepSpec> = (0..12).map(|i| {
                let needs: Vec<String> = edges.iter().filter(|(a, b)| *a < *b && *b == i).map(|(a, _)| format!("s{a}")).collect();
                let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
                let spec = step(&format!("s{i}"), &needs);
                match groups[i] {
                    0 => spec,
                    1 => spec.on_failure(OnFailure::Continue),
                    g => spec.in_group(group(&g.to_string())),
                }
            }).collect();
            let mut graph = graph(specs);
            let mut outcomes = outcomes.into_iter();
            let mut now = Utc::now();
            let mut rounds = 0;
            while !graph.is_ended() {
                rounds += 1;
                prop_assert!(rounds < 200, "stuck: {:?}", graph.steps().iter().map(|s| (s.spec.key.to_string(), s.status)).collect::<Vec<_>>());
                let ready = graph.ready(now);
                if ready.is_empty() {
                    now = graph.next_attempt(now).expect("something is ready or waits for its next attempt");
                    continue;
                }
                for name in ready {
                    if graph.start(&name).is_none() { continue; }
                    let before = graph.get(&name).unwrap().clone();
                    for need in &before.spec.needs {
                        prop_assert!(graph.get(need).unwrap().status.is_terminal());
                    }
                    match outcomes.next().unwrap_or(0) {
                        0 | 1 => { graph.complete(&name, Value::Null, vec![], &[]).unwrap(); }
                        2 if before.attempt < 3 => graph.retry(&name, &StepError::transient("x", "x"), Duration::from_secs(1), now),
                        _ => { graph.fail(&name, &StepError::fatal("x", "x")); }
                    }
                }
            }
            prop_assert!((graph.fraction() - 1.0).abs() < f64::EPSILON);
        }
    }
}
