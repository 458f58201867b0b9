//! Giving tasks away in good order: at a drain each task goes back to the queue as soon as its running steps have ended,
//! and what takes longer than the limit is given back as it is.

use super::dispatcher::DispatcherSetup;
use super::rescue::{Lost, rescue};
use super::supervisor::{Quiesce, Stop, TaskSupervisor};
use crate::db::DbResult;
use crate::limits::CLAIM_BATCH;
use crate::mailbox::tell;
use actix::Addr;
use estafette_protocol::TaskId;
use std::time::Duration;
use tokio::time::Instant;

/// How often supervisors are asked whether they are done.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Hands all running tasks over, within the node's drain time.
pub(crate) async fn drain(setup: &DispatcherSetup, supervisors: Vec<(TaskId, Addr<TaskSupervisor>)>) {
    let deadline = Instant::now() + setup.config.drain;
    let mut open = supervisors;
    loop {
        // All are told before any is waited for: nobody begins another step.
        let answers = futures_util::future::join_all(open.iter().map(|(_, addr)| addr.send(Quiesce))).await;
        let (mut quiet, mut still) = (Vec::new(), Vec::new());
        for (entry, answer) in open.into_iter().zip(answers) {
            if matches!(answer, Ok(false)) { still.push(entry) } else { quiet.push(entry) }
        }
        open = still;
        if !quiet.is_empty() {
            give_back(setup, &quiet).await;
        }
        if open.is_empty() || Instant::now() >= deadline {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    if !open.is_empty() {
        tracing::warn!(tasks = open.len(), "steps that took too long are cut off and run again elsewhere");
    }
    // What is left, and what was claimed in the last moment.
    loop {
        match rescue(&setup.db, &setup.registry, &setup.bus, &Lost::Drained(setup.node.as_str())).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                // The lock goes with the process: other nodes take over what could not be handed over.
                tracing::warn!(%error, "running tasks could not be handed over");
                break;
            }
        }
    }
    for (_, addr) in &open {
        let _gone = tell(addr, Stop);
    }
}

async fn give_back(setup: &DispatcherSetup, quiet: &[(TaskId, Addr<TaskSupervisor>)]) {
    let ids: Vec<&str> = quiet.iter().map(|(id, _)| id.as_str()).collect();
    if let Err(error) = these(setup, &ids).await {
        tracing::warn!(%error, tasks = ids.len(), "tasks could not be handed over yet");
        return;
    }
    for (_, addr) in quiet {
        let _gone = tell(addr, Stop);
    }
}

/// Gives some of this node's tasks back.
///
/// # Errors
/// [`crate::DbError`].
pub(crate) async fn these(setup: &DispatcherSetup, ids: &[&str]) -> DbResult<()> {
    for chunk in ids.chunks(usize::try_from(CLAIM_BATCH).unwrap_or(1)) {
        rescue(&setup.db, &setup.registry, &setup.bus, &Lost::Quiet(setup.node.as_str(), chunk)).await?;
    }
    Ok(())
}
