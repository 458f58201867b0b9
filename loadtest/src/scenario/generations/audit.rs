//! Afterwards, over HTTP: every accepted task is there and ended as the clients saw it, every completed offer made one
//! CV, and the credits add up.

use super::board::Board;
use super::person::Person;
use super::{Kind, Options};
use crate::api::ApiError;
use crate::check::Check;
use crate::check::ledger::{Expected, audit};
use crate::scenario::Run;
use estafette_protocol::TaskId;
use estafette_protocol::cv::credits::{CreditBalance, CreditTransaction};
use estafette_protocol::cv::file::CvSummary;
use estafette_protocol::cv::snapshot::TaskState;
use estafette_protocol::cv::status::OfferStatus;
use estafette_protocol::cv::task::TaskView;
use estafette_protocol::task::TaskStatus;
use serde::Deserialize as _;
use std::collections::HashSet;

/// What a run came to.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) completed: u64,
    pub(super) steps: u64,
    pub(super) restarted: u64,
    pub(super) events: u64,
    pub(super) volatile: u64,
    pub(super) reconnects: u64,
    pub(super) repeats: u64,
}

/// What the clients counted; every task's end was told, or its call would not be over.
pub(super) fn counted(people: &[Person], accepted: u64) -> Totals {
    let mut totals = Totals { completed: accepted, ..Totals::default() };
    people.iter().for_each(|person| totals.add_clients(person));
    totals
}

impl Totals {
    fn add_clients(&mut self, person: &Person) {
        for client in person.clients() {
            let stats = client.stats();
            self.events += stats.events;
            self.volatile += stats.volatile;
            self.repeats += stats.repeats;
            self.reconnects += stats.connects.saturating_sub(1);
        }
    }
}

/// Looks at everything.
pub(super) async fn all(run: &Run, board: &Board, people: &[Person], options: &Options) -> Totals {
    let mut totals = Totals::default();
    let accepted: HashSet<TaskId> = board.accepted().into_iter().collect();
    let mut found = HashSet::new();
    let bar = crate::out::bar("audit", u64::try_from(people.len()).unwrap_or(0));
    for person in people {
        if let Err(error) = one(run, person, options, &accepted, &mut found, &mut totals).await {
            run.findings.broken(Check::AckVisible, format!("{}: {error}", person.account.email()));
        }
        totals.add_clients(person);
        bar.inc(1);
    }
    bar.finish_and_clear();
    for task in accepted.difference(&found) {
        run.findings.broken(Check::AckVisible, format!("{task} was accepted and is not there"));
    }
    totals
}

async fn one(
    run: &Run,
    person: &Person,
    options: &Options,
    accepted: &HashSet<TaskId>,
    found: &mut HashSet<TaskId>,
    totals: &mut Totals,
) -> Result<(), ApiError> {
    let token = person.account.token().await?;
    let tasks: Vec<TaskView> = run.api.list("/v1/tasks", &token).await?;
    let (mut debited, mut refunded, mut made) = (0_i64, 0_i64, 0_usize);
    for task in &tasks {
        let known = if accepted.contains(&task.id) {
            Ok(())
        } else {
            Err(format!("{} is there, though no call was answered with it", task.id))
        };
        run.findings.see(Check::AckVisible, known);
        found.insert(task.id.clone());
        let state: serde_json::Value = run.api.get(&format!("/v1/tasks/{}", task.id), &token).await?;
        same_end(run, person, &task.id, &state, totals);
        debited += i64::from(task.credits_debited);
        match TaskState::deserialize(&state) {
            Ok(state) => {
                let of = |status: OfferStatus| state.offers.iter().filter(|offer| offer.status == status).count();
                made += of(OfferStatus::Completed);
                let lost = of(OfferStatus::Failed) + of(OfferStatus::Cancelled);
                refunded += i64::try_from(lost).unwrap_or(0);
            }
            Err(error) => run.findings.broken(Check::WellFormed, format!("GET /v1/tasks/{}: {error}", task.id)),
        }
    }
    let files: Vec<CvSummary> = run.api.list("/v1/cv/files", &token).await?;
    let right = if files.len() == 1 + made {
        Ok(())
    } else {
        Err(format!(
            "{}: {made} completed offers, and {} CVs beside the first",
            person.account.email(),
            files.len() - 1
        ))
    };
    run.findings.see(Check::AckVisible, right);
    // On a server of our own a unit costs one credit and no plan has an allowance; elsewhere the tasks say what they took.
    let used = match options.kind {
        Kind::Generate if run.target.is_own() => i64::try_from(tasks.len()).unwrap_or(0) * i64::from(options.offers),
        _ => debited,
    };
    let refunded = if used == 0 { 0 } else { refunded };
    credits(run, person, &token, used, refunded).await
}

async fn credits(run: &Run, person: &Person, token: &str, used: i64, refunded: i64) -> Result<(), ApiError> {
    let balance: CreditBalance = run.api.get("/v1/cv/credits", token).await?;
    let ledger: Vec<CreditTransaction> = run.api.list("/v1/cv/credits/transactions", token).await?;
    let faults = audit(&balance, &ledger, Expected { given: person.credits, used, refunded });
    run.findings.hold(Check::Ledger, 1);
    for fault in faults {
        run.findings.broken(Check::Ledger, format!("{}: {fault}", person.account.email()));
    }
    for watcher in &person.watchers {
        let same = match watcher.balance() {
            Some(seen) if seen == i64::from(balance.balance) => Ok(()),
            seen => {
                Err(format!("{}: a client knows {seen:?}, the balance is {}", person.account.email(), balance.balance))
            }
        };
        run.findings.see(Check::LedgerLive, same);
    }
    Ok(())
}

fn same_end(run: &Run, person: &Person, task: &TaskId, state: &serde_json::Value, totals: &mut Totals) {
    let state = match crate::check::task::TaskState::deserialize(state) {
        Ok(state) => state,
        Err(error) => return run.findings.broken(Check::WellFormed, format!("GET /v1/tasks/{task}: {error}")),
    };
    let status = state.task.status;
    let well = match status {
        TaskStatus::Completed => Ok(()),
        _ => Err(format!("{task} is {} ({})", status.as_str(), state.task.error.as_deref().unwrap_or("no reason"))),
    };
    totals.completed += u64::from(well.is_ok());
    run.findings.see(Check::EndedWell, well);
    for (index, watcher) in person.watchers.iter().enumerate() {
        let seen = watcher.story(task);
        let same = match &seen {
            Some(story) if story.status() == Some(status) && story.has_ended() => Ok(()),
            Some(story) => {
                Err(format!("{task}: client {index} saw {:?}, the server says {}", story.status(), status.as_str()))
            }
            None => Err(format!("{task}: client {index} saw nothing of it")),
        };
        run.findings.see(Check::EndedOnce, same);
        let told = match watcher.finished(task) {
            1 => Ok(()),
            times => Err(format!("{task}: the user's topic told its end {times} times to client {index}")),
        };
        run.findings.see(Check::EndedOnce, told);
        let Some(story) = seen else { continue };
        for step in story.lost_in(&state) {
            run.findings
                .broken(Check::SnapshotFits, format!("{task}: {step} completed in the events, and not in the state"));
        }
        if index == 0 {
            totals.steps += u64::try_from(story.completed_steps()).unwrap_or(0);
            totals.restarted += u64::from(story.restarted_steps());
        }
    }
}
