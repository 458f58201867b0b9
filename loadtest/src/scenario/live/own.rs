//! `loadtest own`: many connections, each following a task of its own, whose events are few: one in ten is durable and
//! comes through Postgres.

use super::{Speaker, address, figures, judge, readers, settings};
use crate::check::Check;
use crate::cli::ServerArgs;
use crate::lean::{Crowd, CrowdOptions, Measured, estafette::Estafette};
use crate::report::Report;
use crate::scenario::sockets::allow_files;
use crate::scenario::{Failure, Run};
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// Connections, and tasks, of one person.
const CONNECTIONS_A_PERSON: usize = 100;
/// Until all are there.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// Before it is measured: all tasks run, none is being begun.
const WARM: Duration = Duration::from_secs(5);
/// Durable events at the end of each step: it is completed, and the next one is started.
const DURABLE_A_STEP: f64 = 2.0;
/// Text of a volatile event, beside which its data has 31 bytes.
const TEXT: u32 = 169;

/// Options of the scenario.
#[derive(Debug, Clone, Copy, Args, Serialize)]
pub struct Load {
    /// Connections, each with a task of its own.
    #[arg(long, default_value_t = 5_000)]
    pub connections: usize,
    /// Events a second of each.
    #[arg(long, default_value_t = 2.0)]
    pub rate: f64,
    /// Which share of them is durable.
    #[arg(long, default_value_t = 0.1)]
    pub durable: f64,
    /// How long it is measured, seconds.
    #[arg(long, default_value_t = 30.0)]
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
    allow_files(u64::try_from(load.connections).unwrap_or(0) + 256)?;
    let (host, at) = address(run)?;
    let people = run.people(load.connections.div_ceil(CONNECTIONS_A_PERSON).max(1), 0).await?;
    let step_secs = (DURABLE_A_STEP / (load.rate * load.durable).max(0.04)).clamp(0.1, 50.0);
    let time = READY_WITHIN.as_secs_f64() + WARM.as_secs_f64() + load.seconds;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive numbers of a test run")]
    let speaker = Speaker {
        steps: (time / step_secs) as u64 + 1,
        step_ms: (step_secs * 1e3) as u64,
        every_us: (1e6 / (load.rate * (1.0 - load.durable)).max(0.02)) as u64,
        text: TEXT,
        keys: 1,
    };
    let tag = rand::random::<u32>();
    let bar = crate::out::bar("tasks", u64::try_from(load.connections).unwrap_or(0));
    let topics = futures_util::stream::iter(people.iter().cycle().take(load.connections).enumerate());
    let topics = topics.map(|(index, account)| {
        let (run, bar) = (&run, &bar);
        async move {
            let topic = speaker.begin(run, account, &format!("own-{tag}-{index}")).await?;
            bar.inc(1);
            Ok::<_, Failure>(vec![topic])
        }
    });
    let topics: Vec<_> = topics.buffered(super::AT_ONCE).try_collect().await?;
    bar.finish_and_clear();
    let readers = readers(&people, topics).await?;
    let dialect = Arc::new(Estafette::new(host, readers).map_err(Failure::Other)?);
    let options = CrowdOptions { connections: load.connections, stalled: 0, threads: 1 };
    let crowd = Crowd::start(dialect, at, options).map_err(Failure::Other)?;
    crowd.ready(READY_WITHIN).await.map_err(Failure::Other)?;
    tokio::time::sleep(WARM).await;
    let measured = crowd.measure(Duration::from_secs_f64(load.seconds), run.target.parts()).await;
    crowd.close().await;
    Ok(Outcome { load, measured: measured.map_err(Failure::Other)? })
}

/// The scenario of the command line.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run(load: Load, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    let run = Run::start(server, seed, &own_settings()).await?;
    let Outcome { measured, .. } = measure(&run, load).await?;
    judge(&run, &measured);
    let mut report = run.finish("own", &[Check::Contiguous, Check::WellFormed]).await;
    #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
    report.figure("connections, each with a task", load.connections as f64, "");
    report.figure("events a second of each", load.rate, "a second");
    figures(&mut report, &measured);
    Ok(report)
}
