//! Starting, cancelling and retrying tasks, inside the caller's unit of work.

use super::graph::{Graph, StepState};
use super::kind::{EventFields, GroupEnd, TaskKind};
use super::places::{Begun, Place};
use super::spec::{NewTask, OnFailure, StepSpec, TaskInfo};
use super::store::{self, FIRST_LEASE, LeaseEnd, NewTaskRow, StepRow, TASK_COLUMNS, TaskRow, merged};
use crate::db::{Additions, DbResult, Effect, Tx};
use crate::error::{CallError, DbError};
use crate::event::TopicKey;
use crate::trace;
use estafette_protocol::task::{StepStatus, TaskStatus};
use estafette_protocol::{EventKind, NodeId, TaskId, Topic};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;

/// The topic that hears of a person's or an anonymous device's tasks.
pub(crate) fn feed(task: &TaskInfo) -> Option<Topic> {
    match (&task.owner, &task.device) {
        (Some(owner), _) => Some(Topic::user(owner)),
        (None, Some(device)) => Some(Topic::device(device)),
        (None, None) => None,
    }
}

pub(crate) fn emit(tx: &mut Additions, task: &TaskInfo, topic: Topic, kind: &str, data: Value) -> DbResult<()> {
    let kind = EventKind::parse(kind).map_err(|error| DbError::Data(error.to_string()))?;
    tx.events.push(crate::event::NewEvent { key: TopicKey { product: task.product.clone(), topic }, kind, data });
    Ok(())
}

/// `task.queued` on the task's topic and on its owner's feed.
pub(crate) fn emit_queued(tx: &mut Additions, task: &TaskInfo, fields: &EventFields) -> DbResult<()> {
    let mut extra = task.event.clone();
    extra.extend(fields.clone());
    let own = json!({
        "id": task.id, "type": task.kind, "status": TaskStatus::Queued, "attempt": task.attempt, "device_id": task.device,
    });
    let data = merged(&extra, own);
    emit(tx, task, Topic::task(&task.id), "task.queued", data.clone())?;
    if let Some(feed) = feed(task) {
        emit(tx, task, feed, "task.queued", data)?;
    }
    Ok(())
}

/// The task's last event on its own topic, and `task.finished` on its owner's feed.
pub(crate) fn emit_ended(
    tx: &mut Additions,
    task: &TaskInfo,
    status: TaskStatus,
    error: Option<&str>,
    result: &Value,
    fields: &EventFields,
) -> DbResult<()> {
    let mut own = json!({"id": task.id, "type": task.kind, "status": status, "error": error, "attempt": task.attempt});
    if !result.is_null() {
        own["result"] = result.clone();
    }
    emit(tx, task, Topic::task(&task.id), &format!("task.{status}"), merged(fields, own))?;
    if let Some(feed) = feed(task) {
        let mut extra = task.event.clone();
        extra.extend(fields.clone());
        let own = json!({"id": task.id, "type": task.kind, "status": status, "error": error, "result": result, "attempt": task.attempt});
        emit(tx, task, feed, "task.finished", merged(&extra, own))?;
    }
    Ok(())
}

fn kind_of(tx: &Additions, task: &TaskInfo) -> DbResult<Arc<dyn TaskKind>> {
    tx.kinds
        .kind(&task.product, &task.kind)
        .cloned()
        .ok_or_else(|| DbError::Data(format!("this server knows no kind of task `{}`", task.kind)))
}

pub(crate) fn enqueue(tx: &mut Additions, new: NewTask) -> DbResult<TaskInfo> {
    let task = TaskInfo {
        id: new.id,
        product: tx.product.clone(),
        kind: new.kind,
        owner: new.owner,
        device: new.device,
        input: new.input,
        attempt: 1,
        event: new.event,
        trace: trace::current(),
    };
    let kind = kind_of(tx, &task)?;
    let plan = kind.plan(&task).map_err(|error| DbError::Data(error.to_string()))?;
    let plan: Vec<Arc<StepSpec>> = plan.into_iter().map(Arc::new).collect();
    let graph = Graph::planned(plan.iter().cloned()).map_err(|error| DbError::Data(error.to_string()))?;
    tx.put(NewTaskRow { task: task.clone(), plan, graph, node: None });
    if tx.followed.is_empty() {
        tx.followed.extend(tx.follower.as_ref().and_then(|follower| follower.follow(&task)));
    }
    emit_queued(tx, &task, &EventFields::new())?;
    tx.effects.push(Effect::Queued);
    Ok(task)
}

/// Begins those of the tasks that the unit accepts for which there is a place: nobody need claim them.
pub(crate) async fn begin_accepted(
    tx: &mut Tx<'_>,
    node: &NodeId,
    mut place: impl FnMut(&TaskInfo) -> Option<Place>,
) -> DbResult<Vec<Begun>> {
    let mut begun = Vec::new();
    let mut left = false;
    tx.amend(|row: &mut NewTaskRow| {
        let Some(place) = place(&row.task) else {
            left = true;
            return;
        };
        row.node = Some(node.clone());
        let graph = std::mem::take(&mut row.graph);
        begun.push(Begun { task: row.task.clone(), lease: FIRST_LEASE, graph, place });
    });
    if !left {
        tx.effects.retain(|effect| *effect != Effect::Queued);
    }
    // As in a group commit: hooks that lock rows of the owners do so in one order.
    begun.sort_by(|one, other| one.task.owner.cmp(&other.task.owner));
    begin_each(tx, node, begun.iter().map(|begun| (&begun.task, 0))).await?;
    Ok(begun)
}

/// What tasks' kinds do when they begin, with how often each was rescued. They are given in the order of their owners.
pub(crate) async fn begin_each(
    tx: &mut Tx<'_>,
    node: &NodeId,
    tasks: impl Iterator<Item = (&TaskInfo, i32)>,
) -> DbResult<()> {
    let all = tasks.map(|(task, rescues)| Ok(Begins { kind: kind_of(tx, task)?, task, rescues }));
    let all = all.collect::<DbResult<Vec<_>>>()?;
    for pieces in beside(&all, |begins| (&*begins.kind, begins.task)) {
        let begin = async |tx: &mut Tx<'_>, piece: &[Begins<'_>]| {
            for begins in piece {
                begin(tx, begins, node).await?;
            }
            Ok(())
        };
        tx.beside(pieces, begin).await?;
    }
    Ok(())
}

/// A task that begins.
struct Begins<'a> {
    kind: Arc<dyn TaskKind>,
    task: &'a TaskInfo,
    rescues: i32,
}

/// What is to be done for tasks one after the other (they are in the order of their owners), each time as the pieces that
/// may be done beside each other: one an owner where their kinds allow it ([`TaskKind::beside_others`]).
pub(crate) fn beside<T>(all: &[T], of: impl Fn(&T) -> (&dyn TaskKind, &TaskInfo)) -> Vec<Vec<&[T]>> {
    let alike = |one: &T| {
        let (kind, task) = of(one);
        kind.beside_others() && task.owner.is_some()
    };
    let series = all.chunk_by(|one, other| alike(one) == alike(other));
    series
        .map(|series| match series.first().is_some_and(alike) {
            true => series.chunk_by(|one, other| of(one).1.owner == of(other).1.owner).collect(),
            false => vec![series],
        })
        .collect()
}

/// What a task's kind does when it begins, and `task.started`.
async fn begin(tx: &mut Tx<'_>, begins: &Begins<'_>, node: &NodeId) -> DbResult<()> {
    let Begins { kind, task, rescues } = begins;
    tx.product = task.product.clone();
    let mut data = kind.on_started(tx, task).await?;
    for (name, value) in [
        ("id", Value::from(task.id.as_str())),
        ("type", Value::from(task.kind.as_str())),
        ("status", Value::from(TaskStatus::Running.as_str())),
        ("attempt", Value::from(task.attempt)),
        ("node", Value::from(node.as_str())),
        ("rescues", Value::from(*rescues)),
    ] {
        data.insert(name.to_owned(), value);
    }
    emit(tx, task, Topic::task(&task.id), "task.started", Value::Object(data))
}

/// Locks a task of the unit's product.
async fn locked(tx: &Tx<'_>, id: &TaskId) -> Result<TaskRow, CallError> {
    let row = tx
        .query_opt(
            &format!("SELECT {TASK_COLUMNS} FROM runtime.tasks t WHERE t.id = $1 AND t.product = $2 FOR UPDATE"),
            &[&id.as_str(), &tx.product.as_str()],
        )
        .await?;
    let row = row.ok_or_else(|| CallError::not_found(format!("there is no task {id}")))?;
    Ok(store::task_row(&row)?)
}

/// Of a task that runs no more: its lease ends, and so does each step that has not.
pub(crate) fn end_open_steps(tx: &Additions, task: &TaskId, graph: &Graph) {
    tx.put(LeaseEnd(task.clone()));
    for step in graph.steps().iter().filter(|step| !step.status.is_terminal()) {
        tx.put(StepRow::new(task, &step.spec.key, StepStatus::Cancelled, step.attempt));
    }
}

pub(crate) async fn cancel(tx: &mut Tx<'_>, id: &TaskId) -> Result<(), CallError> {
    let row = locked(tx, id).await?;
    if row.status.is_terminal() {
        return Err(CallError::conflict(format!("the task is already {}", row.status)));
    }
    let task = row.info;
    let kind = kind_of(tx, &task)?;
    store::lock_leases(tx, &[id.as_str()], false).await?;
    let graph = store::graphs(tx, &[id.as_str()]).await?.remove(id.as_str()).unwrap_or_default();
    // Raising the lease fences off whoever runs it: from this commit on nothing of that run can be written.
    tx.execute(
        "UPDATE runtime.tasks SET status = 'cancelled', node_id = NULL, finished_at = now(), lease_epoch = lease_epoch + 1,
                commit_no = 0 WHERE id = $1",
        &[&id.as_str()],
    )
    .await?;
    end_open_steps(tx, &task.id, &graph);
    for group in graph.open_groups() {
        kind.on_group_ended(tx, &task, &group, GroupEnd::Cancelled).await?;
    }
    let open: Vec<StepSpec> =
        graph.steps().iter().filter(|step| !step.status.is_terminal()).map(|step| (*step.spec).clone()).collect();
    let fields = kind.on_cancelled(tx, &task, &open).await?;
    emit_ended(tx, &task, TaskStatus::Cancelled, None, &Value::Null, &fields)?;
    if row.status == TaskStatus::Running {
        tx.effects.push(Effect::Stopped(task.id));
    }
    Ok(())
}

pub(crate) async fn retry(tx: &mut Tx<'_>, id: &TaskId) -> Result<(), CallError> {
    let row = locked(tx, id).await?;
    if !matches!(row.status, TaskStatus::Failed | TaskStatus::Completed) {
        return Err(CallError::conflict(format!(
            "only a task with a failure can be retried; this one is {}",
            row.status
        )));
    }
    let mut task = row.info;
    let kind = kind_of(tx, &task)?;
    let graph = store::graphs(tx, &[id.as_str()]).await?.remove(id.as_str()).unwrap_or_default();
    let lost = |step: &&StepState| matches!(step.status, StepStatus::Failed | StepStatus::Cancelled);
    let groups: HashSet<_> = graph
        .steps()
        .iter()
        .filter(lost)
        .filter(|step| step.spec.on_failure != OnFailure::Continue)
        .map(|step| step.spec.group.clone())
        .collect();
    // A step that may fail runs again only together with the group that it belongs to.
    let reopened: Vec<StepSpec> = graph
        .steps()
        .iter()
        .filter(lost)
        .filter(|step| groups.contains(&step.spec.group))
        .map(|step| (*step.spec).clone())
        .collect();
    if reopened.is_empty() {
        return Err(CallError::conflict("nothing of this task failed"));
    }
    task.attempt += 1;
    let keys: Vec<&str> = reopened.iter().map(|spec| spec.key.as_str()).collect();
    tx.execute(
        "UPDATE runtime.tasks SET status = 'queued', attempt = attempt + 1, lease_epoch = lease_epoch + 1, commit_no = 0,
                rescues = 0, queued_at = now(), finished_at = NULL, error = NULL, result = NULL WHERE id = $1",
        &[&id.as_str()],
    )
    .await?;
    tx.execute(
        "UPDATE runtime.step_states SET status = 'pending', attempt = 0, run_after = NULL, error = NULL, finished_at = NULL
         WHERE task_id = $1 AND key = ANY($2)",
        &[&id.as_str(), &keys],
    )
    .await?;
    let fields = kind.on_retried(tx, &task, &reopened).await?;
    emit_queued(tx, &task, &fields)?;
    tx.effects.push(Effect::Queued);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use estafette_protocol::{ProductId, UserId};

    struct Kind {
        beside: bool,
    }

    #[async_trait::async_trait(?Send)]
    impl TaskKind for Kind {
        fn name(&self) -> &'static str {
            "kind"
        }
        fn beside_others(&self) -> bool {
            self.beside
        }
        fn plan(&self, _: &TaskInfo) -> Result<Vec<StepSpec>, crate::error::StepError> {
            Ok(Vec::new())
        }
        async fn run(&self, _: &crate::task::StepCtx) -> Result<crate::task::StepOutput, crate::error::StepError> {
            Ok(crate::task::StepOutput::default())
        }
    }

    /// What is done, of tasks as `owner` and whether their kinds allow it: `|` parts what is done beside each other, `;` what
    /// comes after it.
    fn done(tasks: &[(&str, bool)]) -> String {
        let tasks: Vec<(Kind, TaskInfo)> = tasks
            .iter()
            .map(|(owner, beside)| {
                let task = TaskInfo {
                    id: NewTask::new_id(),
                    product: ProductId::parse("toy").unwrap(),
                    kind: "kind".to_owned(),
                    owner: (!owner.is_empty()).then(|| UserId::parse(*owner).unwrap()),
                    device: None,
                    input: Value::Null,
                    attempt: 1,
                    event: EventFields::new(),
                    trace: None,
                };
                (Kind { beside: *beside }, task)
            })
            .collect();
        let name = |(_, task): &(Kind, TaskInfo)| task.owner.as_ref().map_or("-", |owner| owner.as_str()).to_owned();
        let piece = |piece: &&[(Kind, TaskInfo)]| piece.iter().map(name).collect::<String>();
        let pieces = beside(&tasks, |(kind, task)| (kind, task));
        pieces
            .iter()
            .map(|beside| beside.iter().map(piece).collect::<Vec<_>>().join("|"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn owners_are_beside_each_other_and_whatever_has_none_or_may_not_keeps_its_turn() {
        assert_eq!(done(&[("a", true), ("a", true), ("b", true), ("c", true)]), "aa|b|c");
        assert_eq!(done(&[("", true), ("", true), ("a", true), ("b", true)]), "--; a|b");
        assert_eq!(done(&[("a", true), ("b", false), ("c", false), ("d", true), ("e", true)]), "a; bc; d|e");
        assert_eq!(done(&[]), "");
    }
}
