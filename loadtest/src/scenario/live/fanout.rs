//! `loadtest fanout --live`: one task makes volatile events at a rate, many readers follow it.

use super::{Speaker, address, figures, judge, readers, sessions, settings};
use crate::check::Check;
use crate::cli::ServerArgs;
use crate::lean::{Crowd, CrowdOptions, Measured, estafette::Estafette};
use crate::report::Report;
use crate::scenario::sockets::allow_files;
use crate::scenario::{Failure, Run};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// Readers of one session.
const READERS_A_SESSION: usize = 20;
/// Until all readers are there.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// Before it is measured.
const WARM: Duration = Duration::from_secs(3);
/// How long one step of the task speaks.
const STEP_MS: u64 = 60_000;
/// Bytes of an event's data beside its text: three names, two numbers, the text's head.
const DATA_BYTES: u32 = 31;
/// So many keys that no event replaces another.
const KEYS: u32 = 4_096;
/// How long stalled readers may take until they have everything again.
const AWAKE: Duration = Duration::from_secs(10);

/// One busy topic and its readers.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Load {
    /// Readers.
    pub readers: usize,
    /// Further readers that stop reading while it is measured.
    pub stalled: usize,
    /// Events a second.
    pub rate: f64,
    /// Bytes of an event's data.
    pub payload: u32,
    /// How long it is measured, seconds.
    pub seconds: f64,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// What was asked for.
    pub load: Load,
    /// What the readers saw, and what that cost.
    pub measured: Measured,
}

/// Settings that our own server needs for it.
pub fn own_settings() -> Vec<(&'static str, String)> {
    settings()
}

/// Runs it against the server of `run`, which must have been started with [`own_settings`].
///
/// # Errors
/// [`Failure`].
pub async fn measure(run: &Run, load: Load) -> Result<Outcome, Failure> {
    let all = load.readers + load.stalled;
    allow_files(u64::try_from(all).unwrap_or(0) + 256)?;
    let (host, at) = address(run)?;
    let people = run.people(1, 0).await?;
    let sessions = sessions(run, &people, all.div_ceil(READERS_A_SESSION).max(1)).await?;
    let [account] = &people[..] else { return Err(Failure::Other("no user".to_owned())) };
    // It speaks while the readers come, too.
    let time = READY_WITHIN.as_secs_f64() + WARM.as_secs_f64() + load.seconds;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of a test run")]
    let (steps, every_us) = ((time * 1000.0) as u64 / STEP_MS + 1, (1e6 / load.rate.max(0.02)) as u64);
    let text = load.payload.saturating_sub(DATA_BYTES);
    let speaker = Speaker { steps, step_ms: STEP_MS, every_us, text, keys: KEYS };
    let topic = speaker.begin(run, account, &format!("fanout-{}", rand::random::<u32>())).await?;
    let readers = readers(&sessions, vec![vec![topic.clone()]; all]).await?;
    let dialect = Arc::new(Estafette::new(host, readers).map_err(Failure::Other)?);
    let options = CrowdOptions { connections: all, stalled: load.stalled, threads: 1 };
    let crowd = Crowd::start(dialect, at, options).map_err(Failure::Other)?;
    crowd.ready(READY_WITHIN).await.map_err(Failure::Other)?;
    tokio::time::sleep(WARM).await;
    crowd.stall(load.stalled > 0);
    let measured = crowd.measure(Duration::from_secs_f64(load.seconds), run.target.parts()).await;
    crowd.stall(false);
    if load.stalled > 0 {
        tokio::time::sleep(AWAKE).await;
    }
    crowd.close().await;
    let mut measured = measured.map_err(Failure::Other)?;
    measured.connections = load.readers;
    let id = topic.id().unwrap_or_default();
    let path = format!("/v1/tasks/{id}/cancel");
    // A task that goes on speaking to nobody would be a cost of whatever is measured next.
    let _ended: serde_json::Value =
        run.api.post(&path, &serde_json::json!({}), Some(&account.token().await?), None).await?;
    Ok(Outcome { load, measured })
}

/// The scenario of the command line.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run(load: Load, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    let run = Run::start(server, seed, &own_settings()).await?;
    let Outcome { measured, .. } = measure(&run, load).await?;
    if load.stalled == 0 {
        judge(&run, &measured);
    }
    let checks: &[Check] = if load.stalled == 0 { &[Check::Contiguous, Check::WellFormed] } else { &[] };
    let mut report = run.finish("fanout --live", checks).await;
    #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
    report.figure("readers", load.readers as f64, "");
    report.figure("events a second", load.rate, "a second");
    report.figure("bytes of an event's data", load.payload.into(), "");
    figures(&mut report, &measured);
    Ok(report)
}
