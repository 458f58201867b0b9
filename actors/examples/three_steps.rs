//! A durable task of three steps, without any of the products. Needs a Postgres: a private one is started in a folder.
//!
//! `cargo run -p estafette-actors --features testkit --example three_steps`
#![allow(clippy::print_stdout, missing_docs)]

use estafette_actors::task::{NewTask, StepCtx, StepOutput, StepSpec, StepView, TaskInfo, TaskKind};
use estafette_actors::{CallCtx, CallError, Db, DbResult, Identity, Product, Runtime, StepError, Tx};
use estafette_protocol::{ProductId, StepKey, Topic, task::TaskStatus};
use serde_json::{Value, json};
use std::{error::Error, sync::Arc, time::Duration};

struct Tea;

#[async_trait::async_trait(?Send)]
impl TaskKind for Tea {
    fn name(&self) -> &'static str {
        "tea"
    }

    fn plan(&self, _: &TaskInfo) -> Result<Vec<StepSpec>, StepError> {
        let key = |name| StepKey::parse(name).map_err(|error| StepError::fatal("key", error.to_string()));
        Ok(vec![
            StepSpec::new(key("boil")?, "boil"),
            StepSpec::new(key("steep")?, "steep").after([key("boil")?]).within(Duration::from_secs(5)),
            StepSpec::new(key("pour")?, "pour").after([key("steep")?]),
        ])
    }

    // Runs without a transaction, and again after a crash.
    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError> {
        tokio::time::sleep(Duration::from_millis(200)).await;
        Ok(StepOutput::of(json!({"done": ctx.step.key})))
    }

    // Runs in the transaction that marks the step: this effect happens exactly once.
    #[rustfmt::skip]
    async fn on_step_completed(&self, tx: &mut Tx<'_>, task: &TaskInfo, step: &StepView<'_>, _: &StepOutput) -> DbResult<()> {
        println!("{} of {} is committed", step.spec.key, task.id);
        tx.emit(&Topic::task(&task.id), "tea.step", &json!({"step": step.spec.key}))
    }
}

struct Kitchen;

#[async_trait::async_trait(?Send)]
impl Product for Kitchen {
    fn id(&self) -> ProductId {
        ProductId::parse("kitchen").unwrap_or_else(|_| unreachable!("a valid id"))
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
        vec![Arc::new(Tea)]
    }
}

#[actix::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = estafette_actors::testkit::TestDatabase::fresh(estafette_actors::migration::RUNTIME).await;
    let runtime = Runtime::builder(database.db()).product(Arc::new(Kitchen)).start().await?;
    let tea = async |tx: &mut Tx<'_>| Ok(tx.enqueue(NewTask::new("tea", json!({}))).await?);
    let task = runtime.transaction(&Kitchen.id(), tea).await?;
    while runtime.task_status(&task.id).await? != Some(TaskStatus::Completed) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    runtime.drain(Duration::ZERO).await;
    Ok(())
}
