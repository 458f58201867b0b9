//! Fan-out: one topic, many readers, at rising rates; and what a reader that stalls costs.

use super::comparison::Outcome;
use super::metric::Metric;
use super::side::sender::Order;
use super::stand::Stand;
use super::{Size, table};
use crate::lean::Measured;
use crate::scenario::Failure;
use std::collections::BTreeMap;

/// Readers of the topic.
const READERS: u16 = 1_000;
/// Bytes of a message.
const BYTES: usize = 200;
/// The rate at which CPU and lateness are compared, deliveries a second.
const COMMON: f64 = 100_000.0;
/// What counts as in time, milliseconds.
const IN_TIME_MS: f64 = 100.0;
/// Less of the rate than this is not the rate.
const REACHED: f64 = 0.95;
/// A rung of which less than this was delivered shows that the next one is out of reach.
const EXHAUSTED: f64 = 0.7;
/// The readers beside the one that stalls, its messages a second, and their bytes.
const BESIDE: usize = 10;
const STALLED_RATE: f64 = 2_000.0;
const STALLED_BYTES: usize = 1_024;

/// Messages a second of each own topic.
const OWN_RATE: f64 = 2.0;

const QUICK_RUNGS: &[f64] = &[100_000.0, 400_000.0, 1_500_000.0];
const FULL_RUNGS: &[f64] = &[
    100_000.0,
    150_000.0,
    200_000.0,
    300_000.0,
    400_000.0,
    600_000.0,
    800_000.0,
    1_000_000.0,
    1_250_000.0,
    1_500_000.0,
    1_750_000.0,
];

/// One rung of the ladder.
async fn rung(stand: &mut Stand, rate: f64, seconds: f64) -> Result<Measured, Failure> {
    let order = Order { topic: "fan", own: None, rate: rate / f64::from(READERS), seconds, size: BYTES };
    stand.fan(READERS.into(), 0, &order).await
}

fn p99(measured: &Measured) -> f64 {
    measured.live.map_or(f64::INFINITY, |late| late.p99_ms)
}

/// Lost, repeated, out of order, malformed, cut off.
fn broken(measured: &Measured) -> u64 {
    // A run in which nothing came proves nothing.
    u64::from(measured.deliveries == 0) + measured.disorder.events() + u64::try_from(measured.faults.len()).unwrap_or(0)
}

/// Which events were lost, came again or out of order.
fn tell(outcome: &mut Outcome, measured: &Measured) {
    if measured.disorder.events() > 0 {
        outcome.note(measured.disorder.to_string());
    }
}

fn cpu_per_million(measured: &Measured) -> BTreeMap<String, f64> {
    let used = measured.processes.iter();
    used.filter_map(|used| Some((used.name.clone(), measured.cpu_per_million(&used.name)?))).collect()
}

fn in_time(measured: &Measured, rate: f64) -> bool {
    broken(measured) == 0 && p99(measured) <= IN_TIME_MS && measured.per_second >= rate * REACHED
}

/// Rising rates.
pub(super) async fn ladder(stand: &mut Stand, size: Size) -> Result<Outcome, Failure> {
    let (rungs, common, seconds) = match size {
        Size::Quick => (QUICK_RUNGS, 3.0, 2.0),
        Size::Full => (FULL_RUNGS, 15.0, 6.0),
    };
    let mut outcome = Outcome::default();
    let (mut most, mut best) = (0.0_f64, 0.0_f64);
    for rate in rungs {
        let is_common = (*rate - COMMON).abs() < 1.0;
        let measured = rung(stand, *rate, if is_common { common } else { seconds }).await?;
        crate::out::note(format!(
            "    {}/s: {} delivered a second, p99 {} ms",
            table::number(*rate),
            table::number(measured.per_second),
            table::number(p99(&measured))
        ));
        most = most.max(measured.per_second);
        if in_time(&measured, *rate) {
            best = best.max(*rate);
        }
        if is_common {
            outcome.cpu(Metric::FanCpu, cpu_per_million(&measured));
            outcome.set(Metric::FanP99, p99(&measured));
            outcome.broken += broken(&measured);
            tell(&mut outcome, &measured);
            if measured.per_second < rate * REACHED {
                let rate = table::number(measured.per_second);
                outcome.note(format!("its core is full: {rate} a second were delivered at 100,000 a second"));
            }
        }
        if let Some(fault) = measured.faults.first() {
            outcome.note(format!("at {}/s: {fault}", table::number(*rate)));
            break;
        }
        if measured.per_second < rate * EXHAUSTED {
            break;
        }
    }
    if best < COMMON {
        let half = COMMON / 2.0;
        let measured = rung(stand, half, seconds).await?;
        most = most.max(measured.per_second);
        best = if in_time(&measured, half) { half } else { 0.0 };
    }
    outcome.set(Metric::FanMost, most);
    outcome.set(Metric::FanBest, best);
    Ok(outcome)
}

/// A reader that stalls beside others that read.
pub(super) async fn stalled(stand: &mut Stand, size: Size) -> Result<Outcome, Failure> {
    let seconds = match size {
        Size::Quick => 3.0,
        Size::Full => 15.0,
    };
    let order = Order { topic: "stall", own: None, rate: STALLED_RATE, seconds, size: STALLED_BYTES };
    let mut outcome = Outcome::default();
    // The same without anybody who stalls: what the traffic itself costs.
    let alone = stand.fan(BESIDE, 0, &order).await?;
    let beside = stand.fan(BESIDE, 1, &order).await?;
    let memory =
        |measured: &Measured| measured.processes.first().map_or((0.0, 0.0), |used| (used.mib_before, used.mib_after));
    let (before, after) = memory(&beside);
    let base = memory(&alone).1.max(before);
    outcome.set(Metric::StallMib, (after - base).max(0.0));
    outcome.set(Metric::StallBefore, p99(&alone));
    outcome.set(Metric::StallOthers, p99(&beside));
    outcome.broken = broken(&alone) + beside.disorder.events();
    tell(&mut outcome, &alone);
    tell(&mut outcome, &beside);
    if let Some(fault) = beside.faults.first() {
        outcome.note(format!("while a reader stalls: {fault}"));
    }
    Ok(outcome)
}

/// Connections with a topic each.
pub(super) async fn own(stand: &mut Stand, size: Size) -> Result<Outcome, Failure> {
    let (connections, seconds) = match size {
        Size::Quick => (1_000, 3.0),
        Size::Full => (5_000, 15.0),
    };
    let mut outcome = Outcome::default();
    let measured = stand.own(connections, OWN_RATE, seconds, BYTES).await?;
    outcome.cpu(Metric::OwnCpu, cpu_per_million(&measured));
    outcome.set(Metric::OwnP99, p99(&measured));
    outcome.broken = broken(&measured);
    tell(&mut outcome, &measured);
    if let Some(fault) = measured.faults.first() {
        outcome.note(fault.clone());
    }
    Ok(outcome)
}

/// Connections on which nothing happens: how fast they are made, and what each keeps.
pub(super) async fn connections(stand: &mut Stand, size: Size) -> Result<Outcome, Failure> {
    let (connections, held, coming) = match size {
        Size::Quick => (3_000, 0.5, 1.0),
        Size::Full => (10_000, 30.0, 8.0),
    };
    let mut outcome = Outcome::default();
    let idle = stand.idle(connections, held).await?;
    outcome.set(Metric::IdleKib, idle.kib_each);
    let came = stand.come(coming).await?;
    outcome.set(Metric::Handshakes, came.per_second);
    outcome.broken = u64::try_from(idle.faults.len()).unwrap_or(0) + came.failed;
    for fault in idle.faults.iter().chain(&came.faults).take(1) {
        outcome.note(fault.clone());
    }
    Ok(outcome)
}
