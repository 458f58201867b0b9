//! The schedule of faults: what breaks when, and for how long. The same seed makes the same schedule.

use crate::cluster::{Flow, Mood};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::time::Duration;

/// Nothing breaks before: everybody is there first.
const QUIET_BEFORE: f64 = 4.0;
/// Nothing begins to break after this time before the end.
const QUIET_AFTER: f64 = 12.0;
/// Between the end of a fault of the system and the next.
const GAP: (f64, f64) = (1.0, 5.0);
/// One fault of the system in so many begins while the one before still lasts.
const OVERLAP_ONE_IN: u32 = 5;
/// Between two faults of clients.
const CLIENT_GAP: (f64, f64) = (0.3, 1.6);
/// A hang longer than the time after which a node counts as gone (10 s).
const HANG: (f64, f64) = (11.0, 14.0);

/// Which link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// Clients to a node.
    Clients,
    /// A node to Postgres.
    Postgres,
    /// A node to Redis.
    Redis,
}

/// What happens to a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// It carries otherwise for a while.
    Flow(Flow),
    /// Its connections are half closed.
    HalfClose,
}

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Antic {
    /// Its connection is lost; it comes back at once.
    Cut,
    /// It is away for a while.
    Away,
    /// It stops reading for a while.
    Stall,
    /// Its clock is off by so many seconds for a while.
    Clock(i64),
    /// A stranger connects and never says a word.
    Silent,
}

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL of a node, which is started again at the end.
    KillNode(usize),
    /// SIGSTOP of a node for longer than its lease.
    HangNode(usize),
    /// SIGTERM of a node, and a new start: a deploy.
    Deploy(usize),
    /// SIGKILL of Redis, which is started again at the end.
    KillRedis,
    /// SIGSTOP of Redis.
    FreezeRedis,
    /// Postgres is stopped in good order (or crashes) and is started again at the end.
    RestartPostgres {
        /// In good order.
        fast: bool,
    },
    /// SIGSTOP of Postgres with all its connections.
    FreezePostgres,
    /// A link breaks.
    Link {
        /// Which.
        wire: Wire,
        /// Of which node.
        node: usize,
        /// How.
        harm: Harm,
    },
    /// The model misbehaves.
    Model(Mood),
    /// A client of a person misbehaves.
    Client {
        /// Which person, modulo how many there are.
        person: usize,
        /// How.
        antic: Antic,
    },
}

/// A fault with its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planned {
    /// From the begin of the run.
    pub at: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// What.
    pub fault: Fault,
}

impl Fault {
    /// Which line of the timeline it stands on.
    pub fn lane(self) -> &'static str {
        match self {
            Self::KillNode(_) | Self::HangNode(_) | Self::Deploy(_) => "nodes",
            Self::KillRedis | Self::FreezeRedis => "Redis",
            Self::RestartPostgres { .. } | Self::FreezePostgres => "Postgres",
            Self::Link { .. } => "links",
            Self::Model(_) => "model",
            Self::Client { .. } => "clients",
        }
    }

    /// Whether it meets the system, and not one client.
    pub fn is_of_the_system(self) -> bool {
        !matches!(self, Self::Client { .. })
    }

    /// For people.
    pub fn name(self) -> String {
        match self {
            Self::KillNode(node) => format!("SIGKILL of node {node}"),
            Self::HangNode(node) => format!("SIGSTOP of node {node}"),
            Self::Deploy(node) => format!("SIGTERM of node {node}"),
            Self::KillRedis => "SIGKILL of Redis".to_owned(),
            Self::FreezeRedis => "SIGSTOP of Redis".to_owned(),
            Self::RestartPostgres { fast: true } => "Postgres restarts (fast)".to_owned(),
            Self::RestartPostgres { fast: false } => "Postgres restarts (immediate)".to_owned(),
            Self::FreezePostgres => "SIGSTOP of Postgres".to_owned(),
            Self::Link { wire, node, harm } => {
                let ends = match wire {
                    Wire::Clients => format!("clients – node {node}"),
                    Wire::Postgres => format!("node {node} – Postgres"),
                    Wire::Redis => format!("node {node} – Redis"),
                };
                let what = match harm {
                    Harm::HalfClose => "half closed",
                    Harm::Flow(Flow::Cut) => "cut",
                    Harm::Flow(Flow::Frozen) => "frozen",
                    Harm::Flow(Flow::Slow { .. }) => "slow",
                    Harm::Flow(Flow::Open) => "open",
                };
                format!("{ends} {what}")
            }
            Self::Model(mood) => format!("the model: {}", mood.name()),
            Self::Client { person, antic } => {
                let what = match antic {
                    Antic::Cut => "is cut off".to_owned(),
                    Antic::Away => "is away".to_owned(),
                    Antic::Stall => "does not read".to_owned(),
                    Antic::Clock(seconds) => format!("has a clock off by {seconds} s"),
                    Antic::Silent => "is a stranger who says nothing".to_owned(),
                };
                format!("client of {person} {what}")
            }
        }
    }
}

/// What there is to break.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// Nodes.
    pub nodes: usize,
    /// A Redis.
    pub redis: bool,
    /// A model endpoint.
    pub model: bool,
    /// Faults of the stores as well.
    pub stores: bool,
}

/// The kinds of faults of the system: all of them come before one comes again.
const KINDS: u32 = 20;

/// Makes the schedule of a run that lasts so long; in the order of time.
pub fn schedule(seed: u64, length: Duration, parts: Parts) -> Vec<Planned> {
    let mut plan = system(seed, length, parts);
    plan.extend(clients(seed, length));
    plan.sort_by_key(|planned| planned.at);
    plan
}

fn system(seed: u64, length: Duration, parts: Parts) -> Vec<Planned> {
    let rng = &mut StdRng::seed_from_u64(seed ^ 0x0fa1_75fa_1700_0001);
    let mut plan = Vec::new();
    let (mut at, last) = (QUIET_BEFORE, length.as_secs_f64() - QUIET_AFTER);
    let mut bag: Vec<u32> = Vec::new();
    while at < last {
        if bag.is_empty() {
            bag = (0..KINDS).collect();
        }
        let kind = bag.swap_remove(rng.random_range(0..bag.len()));
        let Some((fault, lasts)) = draw(rng, kind, parts) else { continue };
        let lasts = lasts.min((last - at).max(1.0));
        plan.push(Planned { at: Duration::from_secs_f64(at), lasts: Duration::from_secs_f64(lasts), fault });
        let gap = rng.random_range(GAP.0..GAP.1);
        // A fault of another part may begin meanwhile; nodes one after the other, so that one always lives.
        let overlaps = rng.random_range(0..OVERLAP_ONE_IN) == 0 && fault.lane() != "nodes";
        at += if overlaps { lasts / 2.0 } else { lasts + gap };
    }
    plan
}

fn draw(rng: &mut StdRng, kind: u32, parts: Parts) -> Option<(Fault, f64)> {
    let node = rng.random_range(0..parts.nodes.max(1));
    let short = rng.random_range(1.0..4.0);
    let long = rng.random_range(4.0..9.0);
    let hang = rng.random_range(HANG.0..HANG.1);
    let slow = Flow::Slow {
        latency: Duration::from_millis(rng.random_range(5..60)),
        bytes_per_second: rng.random_range(20_000..400_000),
    };
    let link = |wire, flow| Fault::Link { wire, node, harm: Harm::Flow(flow) };
    let drawn = match kind {
        0 | 1 => (Fault::KillNode(node), short),
        2 => (Fault::HangNode(node), hang),
        3 => (Fault::Deploy(node), short),
        4 => (link(Wire::Clients, Flow::Cut), short),
        5 => (link(Wire::Clients, Flow::Frozen), long),
        6 => (link(Wire::Clients, slow), long),
        7 => (Fault::Link { wire: Wire::Clients, node, harm: Harm::HalfClose }, 0.1),
        8 => (Fault::Model(Mood::Stalling), long),
        9 => (Fault::Model(Mood::Throttling), long),
        10 => (Fault::Model([Mood::Failing, Mood::Babbling, Mood::Cutting][rng.random_range(0..3)]), long),
        11 => (Fault::RestartPostgres { fast: true }, short),
        12 => (Fault::RestartPostgres { fast: false }, short),
        13 => (Fault::FreezePostgres, long),
        14 => (link(Wire::Postgres, Flow::Cut), short),
        15 => (link(Wire::Postgres, Flow::Frozen), hang),
        16 => match rng.random_range(0..2) {
            0 => (link(Wire::Postgres, slow), long),
            _ => (Fault::Link { wire: Wire::Postgres, node, harm: Harm::HalfClose }, 0.1),
        },
        17 => (Fault::KillRedis, short),
        18 => (Fault::FreezeRedis, long),
        _ => match rng.random_range(0..4) {
            0 => (link(Wire::Redis, Flow::Cut), short),
            1 => (link(Wire::Redis, Flow::Frozen), long),
            2 => (link(Wire::Redis, slow), long),
            _ => (Fault::Link { wire: Wire::Redis, node, harm: Harm::HalfClose }, 0.1),
        },
    };
    let possible = match drawn.0 {
        Fault::Model(_) => parts.model,
        Fault::KillRedis | Fault::FreezeRedis | Fault::Link { wire: Wire::Redis, .. } => parts.redis && parts.stores,
        Fault::RestartPostgres { .. } | Fault::FreezePostgres | Fault::Link { wire: Wire::Postgres, .. } => {
            parts.stores
        }
        _ => true,
    };
    possible.then_some(drawn)
}

fn clients(seed: u64, length: Duration) -> Vec<Planned> {
    let rng = &mut StdRng::seed_from_u64(seed ^ 0x0fa1_75fa_1700_0002);
    let mut plan = Vec::new();
    let (mut at, last) = (QUIET_BEFORE, length.as_secs_f64() - QUIET_AFTER);
    while at < last {
        let antic = match rng.random_range(0..10) {
            0..4 => Antic::Cut,
            4..6 => Antic::Away,
            6..8 => Antic::Stall,
            8 => Antic::Clock(rng.random_range(-3_600..3_600)),
            _ => Antic::Silent,
        };
        let lasts = if antic == Antic::Cut { 0.0 } else { rng.random_range(1.0..10.0) };
        let fault = Fault::Client { person: rng.random_range(0..1_000), antic };
        plan.push(Planned { at: Duration::from_secs_f64(at), lasts: Duration::from_secs_f64(lasts), fault });
        at += rng.random_range(CLIENT_GAP.0..CLIENT_GAP.1);
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Parts = Parts { nodes: 3, redis: true, model: true, stores: true };
    const MINUTES: Duration = Duration::from_secs(600);

    #[test]
    fn the_same_seed_makes_the_same_schedule_and_another_makes_another() {
        assert_eq!(schedule(7, MINUTES, ALL), schedule(7, MINUTES, ALL));
        assert_ne!(schedule(7, MINUTES, ALL), schedule(8, MINUTES, ALL));
    }

    #[test]
    fn every_lane_breaks_and_everything_ends_in_time() {
        let plan = schedule(1, MINUTES, ALL);
        for lane in ["nodes", "Redis", "Postgres", "links", "model", "clients"] {
            assert!(plan.iter().any(|planned| planned.fault.lane() == lane), "{lane}");
        }
        assert!(plan.iter().all(|planned| planned.at + planned.lasts < MINUTES));
    }

    #[test]
    fn what_is_not_there_does_not_break() {
        let plan = schedule(1, MINUTES, Parts { redis: false, model: false, stores: false, ..ALL });
        let broken = |lane| plan.iter().any(|planned| planned.fault.lane() == lane);
        assert!(!broken("Redis") && !broken("model") && !broken("Postgres") && broken("nodes"));
    }
}
