//! Work that a cluster does once in a while: removing what is over. Every node looks, one runs it.
//!
//! Who runs it is decided by a row of `runtime.calls`, the same that makes a call with a key take effect once: its key
//! is the sweep and the number of the period, by the database's clock, and it is written in the transaction of the
//! sweep's first batch. A sweep that fails, or whose node dies in it, leaves no row and is tried again at the next look.

use crate::db::Tx;
use crate::error::CallError;
use crate::runtime::Runtime;
use estafette_protocol::ProductId;
use futures_util::FutureExt as _;
use rand::RngExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// How often a node looks whether something is due.
pub const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Rows that one transaction of a sweep takes away.
pub const BATCH: i64 = 2_000;
/// Batches of one run; what is left then waits for the next period.
pub const MAX_BATCHES: u32 = 100;
/// The `user_id` of the rows that say that a sweep ran.
const WHO: &str = "sweep";

/// Something that is done once a period in a cluster.
#[async_trait::async_trait(?Send)]
pub trait Sweep: Send + Sync {
    /// Its name, unique in the server; at most 64 bytes.
    fn name(&self) -> &'static str;

    /// The product whose topics it may write to.
    fn product(&self) -> ProductId;

    /// Its period, at most 24 hours (so long are the rows kept that say that it ran).
    fn every(&self) -> Duration {
        Duration::from_secs(3_600)
    }

    /// Takes away at most [`BATCH`] rows of each kind and returns how many of the kind with the most. It is called again
    /// at once while that is the bound. May run twice: it must not matter.
    ///
    /// # Errors
    /// Whatever goes wrong; nothing of the batch is kept then, and it is tried again at the next look.
    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, CallError>;
}

/// Looks for due sweeps for as long as the node works, on the current arbiter.
pub fn schedule(runtime: &Runtime, sweeps: Vec<Arc<dyn Sweep>>) {
    let runtime = runtime.clone();
    actix::spawn(async move {
        // Not all nodes of a cluster that was started at once at the same moment.
        let mut wait = LOOK_EVERY.mul_f64(rand::rng().random_range(0.1..1.0));
        loop {
            tokio::time::sleep(wait).await;
            if runtime.is_draining() {
                return;
            }
            for sweep in &sweeps {
                // A sweep that panics must not take the others with it.
                let ran = AssertUnwindSafe(run_if_due(&runtime, &**sweep)).catch_unwind().await;
                match ran {
                    Ok(Ok(Some(rows))) => tracing::info!(sweep = sweep.name(), rows, "swept"),
                    Ok(Ok(None)) => {}
                    Ok(Err(error)) => tracing::warn!(sweep = sweep.name(), %error, "a sweep failed; it is tried again"),
                    Err(_panic) => tracing::error!(sweep = sweep.name(), "a sweep panicked; it is tried again"),
                }
            }
            wait = LOOK_EVERY;
        }
    });
}

/// Runs a sweep unless somebody in the cluster did in this period. Returns the rows that it took, `None` when it was not
/// due.
///
/// # Errors
/// The sweep's.
pub async fn run_if_due(runtime: &Runtime, sweep: &dyn Sweep) -> Result<Option<u64>, CallError> {
    let product = sweep.product();
    let first = runtime
        .transaction(
            &product,
            async |tx| {
                if claim(tx, sweep).await? { Ok(Some(sweep.run(tx).await?)) } else { Ok(None) }
            },
        )
        .await?;
    let Some(mut last) = first else { return Ok(None) };
    let (mut all, mut batches) = (last, 1);
    while last >= BATCH.unsigned_abs() && batches < MAX_BATCHES && !runtime.is_draining() {
        last = runtime.transaction(&product, async |tx| sweep.run(tx).await).await?;
        all += last;
        batches += 1;
    }
    Ok(Some(all))
}

/// Whether this period is ours.
async fn claim(tx: &Tx<'_>, sweep: &dyn Sweep) -> Result<bool, CallError> {
    let seconds = sweep.every().as_secs_f64().max(1.0);
    let made = tx
        .execute(
            "INSERT INTO runtime.calls (product, user_id, key, method, params_hash)
             VALUES ($1, $2, $3 || ':' || floor(extract(epoch FROM now())::float8 / $4)::bigint::text, $3, '')
             ON CONFLICT DO NOTHING",
            &[&tx.product().as_str(), &WHO, &sweep.name(), &seconds],
        )
        .await?;
    Ok(made == 1)
}
