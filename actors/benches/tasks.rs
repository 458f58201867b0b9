//! A task of ten steps, one after the other, each committed: admission, claim, supervisor, commits, events and rows, as
//! far as this process does the work. Postgres is a real one, and another process: its work is not counted.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../protocol/benches/harness/mod.rs"]
mod harness;

use estafette_actors::task::{
    NewTask, StepCtx, StepOutput, StepSpec, StepView, TaskEnd, TaskInfo, TaskKind, TaskSummary,
};
use estafette_actors::testkit::TestDatabase;
use estafette_actors::{
    CallCtx, CallError, Db, DbResult, Identity, Product, Runtime, RuntimeConfig, StepError, Tx, migration,
};
use estafette_protocol::task::TaskStatus;
use estafette_protocol::{ProductId, StepKey, Topic};
use harness::{Path, path_that_waits};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Steps of the task.
const STEPS: usize = 10;

/// Steps that take no time and write one event each.
struct Plain(mpsc::UnboundedSender<()>);

#[async_trait::async_trait(?Send)]
impl TaskKind for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn plan(&self, _: &TaskInfo) -> Result<Vec<StepSpec>, StepError> {
        let key = |at: usize| StepKey::parse(format!("step.{at}")).unwrap();
        Ok((0..STEPS).map(|at| StepSpec::new(key(at), "plain").after(at.checked_sub(1).map(key))).collect())
    }

    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError> {
        Ok(StepOutput::of(json!({"done": ctx.step.key, "text": "Développeuse backend, Maison Claire"})))
    }

    async fn on_step_completed(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        step: &StepView<'_>,
        _: &StepOutput,
    ) -> DbResult<()> {
        tx.emit(&Topic::task(&task.id), "plain.progress", &json!({"step": step.spec.key}))
    }

    async fn on_ended(&self, _: &mut Tx<'_>, _: &TaskInfo, _: &TaskSummary) -> DbResult<TaskEnd> {
        // Its commit follows; the next task is on its way meanwhile.
        let _over = self.0.send(());
        let (status, result) = (TaskStatus::Completed, Value::Null);
        Ok(TaskEnd { status, result, error: None, fields: Default::default() })
    }
}

struct Works(mpsc::UnboundedSender<()>);

fn works() -> ProductId {
    ProductId::parse("works").unwrap()
}

#[async_trait::async_trait(?Send)]
impl Product for Works {
    fn id(&self) -> ProductId {
        works()
    }
    async fn authorize(&self, _: &Db, _: &Identity, _: &Topic) -> Result<(), CallError> {
        Ok(())
    }
    async fn snapshot(
        &self,
        _: &deadpool_postgres::Transaction<'_>,
        _: &Identity,
        _: &Topic,
    ) -> Result<Value, CallError> {
        Ok(Value::Null)
    }
    async fn call(&self, _: CallCtx, method: &str, _: Value) -> Result<Value, CallError> {
        Err(CallError::not_found(format!("unknown method {method}")))
    }
    fn task_kinds(&self) -> Vec<Arc<dyn TaskKind>> {
        vec![Arc::new(Plain(self.0.clone()))]
    }
}

/// `at_once` tasks are started together, and all have ended before the next are.
fn tasks(at_once: usize) -> Box<dyn FnMut()> {
    let system = actix::System::new();
    let (ended, mut end) = mpsc::unbounded_channel();
    let (database, runtime) = system.block_on(async {
        let database = TestDatabase::fresh(migration::RUNTIME).await;
        // What a node does every few seconds whether there is work or not is kept out of the figure.
        let config = RuntimeConfig {
            journal: Duration::ZERO,
            heartbeat: Duration::from_secs(600),
            tasks_per_owner: at_once.max(8),
            ..RuntimeConfig::default()
        };
        let runtime = Runtime::builder(database.db()).product(Arc::new(Works(ended))).config(config).start().await;
        (database, runtime.unwrap())
    });
    Box::new(move || {
        let _kept = &database;
        system.block_on(async {
            let enqueue = async |tx: &mut Tx<'_>| {
                for _ in 0..at_once {
                    tx.enqueue(NewTask::new("plain", json!({}))).await?;
                }
                Ok(())
            };
            runtime.transaction(&works(), enqueue).await.unwrap();
            for _ in 0..at_once {
                end.recv().await.unwrap();
            }
        });
    })
}

const PATHS: &[Path] = &[
    path_that_waits("tasks/one_of_10_steps", 10, || tasks(1)),
    path_that_waits("tasks/16_at_once_of_10_steps", 3, || tasks(16)),
];

fn main() {
    harness::main(PATHS);
}
