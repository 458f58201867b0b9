//! What people do: generations, edits, reviews, scores, plain tasks, cancellations, retries, repetitions; by chance,
//! from the seed.

use super::Stage;
use super::person::{Made, Outcome, Person, task_id};
use crate::check::task::Story;
use crate::measure::Schedule;
use estafette_protocol::TaskId;
use estafette_protocol::task::TaskStatus;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Calls of one person that wait for an answer at most; above it the person waits.
const CALLS_OPEN: usize = 12;
/// Tasks that one person starts at most: each stays subscribed, and a connection has 256 subscriptions.
const TASKS: usize = 180;
/// Of a hundred chances, those of what must succeed.
const CALM: u32 = 55;
/// Times an edit is made again on the newest revision.
const REBASES: u32 = 4;

/// Whether the mix goes on.
pub type Going = Arc<AtomicBool>;

/// What people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// Everything, also what fails on purpose.
    Full,
    /// Only what must succeed: generations, plain tasks, edits.
    Calm,
}

/// Acts for one person until it is over, then waits for every answer.
pub async fn act(stage: Arc<Stage>, person: Arc<Person>, mix: Mix, per_second: f64, going: Going) {
    let seed = stage.seed ^ (u64::try_from(person.index).unwrap_or(0) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let rng = &mut StdRng::seed_from_u64(seed);
    let schedule = Schedule::new(Instant::now(), per_second);
    let mut calls = JoinSet::new();
    let mut number = 0;
    while going.load(Ordering::Relaxed) {
        let due = tokio::time::timeout(Duration::from_millis(500), schedule.due(number)).await;
        while calls.try_join_next().is_some() {}
        if due.is_err() || calls.len() >= CALLS_OPEN {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        number += 1;
        if let Some(action) = choose(rng, &stage, &person, mix, number) {
            let (stage, person) = (Arc::clone(&stage), Arc::clone(&person));
            calls.spawn(async move { action.run(&stage, &person).await });
        }
    }
    while calls.join_next().await.is_some() {}
}

/// One thing to do.
enum Action {
    Call(&'static str, Value),
    Edit(String),
    Repeat(Made),
}

impl Action {
    async fn run(self, stage: &Stage, person: &Person) {
        match self {
            Self::Call(method, params) => {
                person.call(stage, method, params).await;
            }
            Self::Edit(text) => edit(stage, person, &text).await,
            Self::Repeat(made) => person.repeat(stage, made).await,
        }
    }
}

/// Puts a text that is nowhere else into the summary; on the newest revision, if need be several times.
async fn edit(stage: &Stage, person: &Person, text: &str) {
    for attempt in 0..REBASES {
        let Some(cv) = person.document() else { return };
        // A summary of another form is somebody else's: an edit adds or replaces it whole.
        let operation = if cv.content.pointer("/basics/summary").is_some() { "replace" } else { "add" };
        let text = format!("{text} Attempt {attempt}.");
        let patch = json!([{"op": operation, "path": "/basics/summary", "value": text}]);
        let params = json!({"id": person.cv, "rev": cv.rev, "patch": patch});
        if person.call(stage, "cv.update", params).await.is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn choose(rng: &mut StdRng, stage: &Stage, person: &Person, mix: Mix, number: u64) -> Option<Action> {
    let roll = rng.random_range(0..if mix == Mix::Calm { CALM } else { 100 });
    // Drawn whether they are used or not, so that what comes later does not depend on what was possible here.
    let (count, accept, fail) =
        (rng.random_range(1..=2_u64), rng.random_bool(0.6), rng.random_bool(0.15) && mix == Mix::Full);
    let (steps, latency) = (rng.random_range(4..=16_u32), rng.random_range(200..=1_000_u64));
    let pick: usize = rng.random_range(0..1_000_000);
    let full = person.book().iter().filter(|made| starts_a_task(made.method)).count() >= TASKS;
    let offer = |place: u64| {
        let index = u64::try_from(person.index).unwrap_or(0) * 1_000_000 + number * 10 + place;
        json!({"text": crate::sample::offer(stage.seed, index)})
    };
    match roll {
        0..25 if !full => {
            let offers: Vec<Value> = (0..count).map(offer).collect();
            let params = json!({"source_cv_id": person.cv, "mode": "adapt", "offers": offers});
            Some(Action::Call("cv.generate", params))
        }
        25..45 => Some(Action::Edit(format!("Edit {}-{}-{number} of {}.", stage.tag, person.index, person.cv))),
        45..55 if !full => {
            let mut params = json!({"steps": steps, "latency_ms": latency});
            if let (true, Value::Object(params)) = (fail, &mut params) {
                params.insert("fail_at".to_owned(), json!(steps / 2));
            }
            Some(Action::Call("task.test", params))
        }
        // From here on: what may be refused, or ends a task otherwise ([`CALM`]).
        55..65 if !full => {
            let params = json!({"source_cv_id": person.cv, "mode": "optimize", "offers": [offer(0)]});
            Some(Action::Call("cv.generate", params))
        }
        65..73 => review(person, accept),
        73..80 if !full => {
            let made = person.seats[0].recorder.generated();
            let cv = made.get(pick % made.len().max(1))?;
            Some(Action::Call("cv.score", json!({"id": cv})))
        }
        80..86 => {
            let task = one_in(person, pick, |status| !status.is_terminal())?;
            Some(Action::Call("task.cancel", json!({"id": task})))
        }
        86..92 => {
            let task = one_in(person, pick, |status| matches!(status, TaskStatus::Failed | TaskStatus::Cancelled))?;
            Some(Action::Call("task.retry", json!({"id": task})))
        }
        92..97 => {
            let done: Vec<Made> =
                person.book().into_iter().filter(|made| matches!(made.outcome, Outcome::Done(_))).collect();
            let made = done.get(pick % done.len().max(1))?.clone();
            Some(Action::Repeat(made))
        }
        97..100 => {
            let content = crate::sample::cv(stage.seed, 1_000 + number);
            Some(Action::Call("cv.create", json!({"content": content})))
        }
        _ => None,
    }
}

/// Whether a method's answer names a task.
pub fn starts_a_task(method: &str) -> bool {
    ["cv.generate", "cv.score", "task.test"].contains(&method)
}

fn review(person: &Person, accept: bool) -> Option<Action> {
    let cv = person.document()?;
    let open: Vec<Value> = cv
        .pending
        .iter()
        .filter(|(_, status)| status.as_str() == "pending")
        .take(3)
        .map(|(id, _)| json!({"change_id": id, "accept": accept}))
        .collect();
    (!open.is_empty()).then(|| Action::Call("cv.review", json!({"id": person.cv, "decisions": open})))
}

/// One of the person's tasks that is, as far as is known, in such a state.
fn one_in(person: &Person, pick: usize, wanted: impl Fn(TaskStatus) -> bool) -> Option<TaskId> {
    let recorder = &person.seats[0].recorder;
    let status = |task: &TaskId| recorder.story(task).as_ref().and_then(Story::status);
    let tasks: Vec<TaskId> = person.tasks().into_iter().filter(|task| status(task).is_some_and(&wanted)).collect();
    tasks.get(pick % tasks.len().max(1)).cloned()
}

/// Starts a plain task of so many steps of so long.
pub async fn plain(stage: &Stage, person: &Person, steps: u32, latency: Duration) -> Option<TaskId> {
    let millis = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    let result = person.call(stage, "task.test", json!({"steps": steps, "latency_ms": millis})).await?;
    task_id(&result)
}
