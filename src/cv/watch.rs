//! What administrators see without asking: the cost of the day and the depth of the queues as they change, and alerts.

use super::services::UsageRecorder;
use super::store::{costs, queues};
use super::topics::{self, Admin};
use async_trait::async_trait;
use estafette_actors::sweep::Sweep;
use estafette_actors::{CallError, Runtime, Tx};
use estafette_protocol::ProductId;
use estafette_protocol::cv::admin::QueueDepth;
use std::sync::Arc;
use std::time::Duration;

/// How often the day's cost is looked at, where calls were recorded since.
const TICK: Duration = Duration::from_secs(2);
/// How often the queues are looked at: this many ticks.
const DEPTH_TICKS: u32 = 2;
/// Alerts that one look goes through.
const MAX_ALERTS: i64 = 100;

/// P12: sums up usage and fires what passed its threshold, each scope and period once (R67).
#[derive(Debug, Clone, Copy, Default)]
pub struct CostAlerts;

#[async_trait(?Send)]
impl Sweep for CostAlerts {
    fn name(&self) -> &'static str {
        "cost-alerts"
    }

    fn product(&self) -> ProductId {
        topics::product()
    }

    fn every(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, CallError> {
        let mut fired = 0;
        for alert in costs::alerts(tx, None, MAX_ALERTS).await?.into_iter().filter(|alert| alert.enabled) {
            for firing in costs::fire(tx, &alert).await? {
                tracing::warn!(alert = firing.name, scope = firing.scope, value = firing.value, "a cost alert fires");
                tx.emit(&Admin::Costs.topic(), "cost.alert", &firing)?;
                fired += 1;
            }
        }
        Ok(fired)
    }
}

/// Tells of cost and queues for as long as the node works, on the current arbiter.
pub fn start(runtime: &Runtime, usage: Arc<UsageRecorder>) {
    let runtime = runtime.clone();
    actix::spawn(async move {
        let (mut ticks, mut last) = (0_u32, None);
        while !runtime.is_draining() {
            tokio::time::sleep(TICK).await;
            if usage.take_news() {
                // What was noted a moment ago may not be written yet.
                usage.flush().await;
                tell_cost(&runtime).await;
            }
            ticks = ticks.wrapping_add(1);
            if ticks.is_multiple_of(DEPTH_TICKS) {
                tell_depth(&runtime, &mut last).await;
            }
        }
    });
}

/// `cost.tick`, volatile, one key a day.
pub async fn tell_cost(runtime: &Runtime) {
    match costs::today(runtime.db()).await {
        Ok(tick) => {
            runtime.live(&topics::product(), Admin::Costs.topic(), &tick.date.clone(), "cost.tick", &tick);
        }
        Err(error) => tracing::debug!(%error, "the cost of the day could not be read"),
    }
}

/// `queue.depth`, volatile, one key a node; only when it differs from what was told before.
async fn tell_depth(runtime: &Runtime, last: &mut Option<QueueDepth>) {
    match queues::depth(runtime.db(), Some(runtime.node_id())).await {
        Ok(depth) => {
            if last.as_ref() != Some(&depth) {
                let key = runtime.node_id().as_str().to_owned();
                runtime.live(&topics::product(), Admin::Tasks.topic(), &key, "queue.depth", &depth);
                *last = Some(depth);
            }
        }
        Err(error) => tracing::debug!(%error, "the queues could not be read"),
    }
}
