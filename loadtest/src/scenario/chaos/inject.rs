//! Breaking things, and mending them.

use super::schedule::{Antic, Fault, Harm, Planned, Wire};
use crate::cluster::{Flow, Mood, Node};
use crate::scenario::stage::Stage;
use crate::scenario::stage::person::Person;
use indicatif::ProgressBar;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A node that is told to end gets so long.
const DEPLOY_WITHIN: Duration = Duration::from_secs(40);

/// Carries the schedule out, and returns when everything is mended.
pub async fn all(stage: &Arc<Stage>, people: &[Arc<Person>], plan: &[Planned], bar: &ProgressBar) {
    let begin = tokio::time::Instant::now();
    let mut under_way = JoinSet::new();
    for planned in plan {
        tokio::time::sleep_until(begin + planned.at).await;
        let (stage, people, planned) = (Arc::clone(stage), people.to_vec(), *planned);
        let bar = bar.clone();
        under_way.spawn(async move {
            one(&stage, &people, planned).await;
            bar.inc(1);
        });
        while under_way.try_join_next().is_some() {}
    }
    while under_way.join_next().await.is_some() {}
}

/// Breaks one thing, and mends it when its time is over.
pub async fn one(stage: &Stage, people: &[Arc<Person>], planned: Planned) {
    let Planned { lasts, fault, .. } = planned;
    let met = match fault {
        Fault::Client { .. } => Vec::new(),
        Fault::KillNode(node) | Fault::HangNode(node) | Fault::Deploy(node) => match node_at(stage, node).id() {
            Some(id) => stage.running(Some(&id)).await,
            None => Vec::new(),
        },
        _ => stage.running(None).await,
    };
    let begin = stage.shared.begin;
    let number = stage.incidents.begin(fault.name(), fault.lane(), begin.elapsed(), met);
    carry_out(stage, people, fault, lasts).await;
    stage.incidents.end(number, begin.elapsed());
}

fn node_at(stage: &Stage, index: usize) -> &Arc<Node> {
    let nodes = &stage.cluster.nodes;
    #[allow(clippy::indexing_slicing, reason = "a system has at least one node")]
    &nodes[index % nodes.len()]
}

async fn carry_out(stage: &Stage, people: &[Arc<Person>], fault: Fault, lasts: Duration) {
    let cluster = &stage.cluster;
    let wait = || tokio::time::sleep(lasts);
    let failed = |what: String| crate::out::note(format!("the harness could not mend: {what}"));
    match fault {
        Fault::KillNode(node) => {
            let node = node_at(stage, node);
            node.kill().await;
            wait().await;
            if let Err(error) = node.start() {
                failed(error.to_string());
            }
        }
        Fault::HangNode(node) => {
            node_at(stage, node).freeze(true);
            wait().await;
            node_at(stage, node).freeze(false);
        }
        Fault::Deploy(node) => {
            let node = node_at(stage, node);
            node.stop(DEPLOY_WITHIN).await;
            wait().await;
            if let Err(error) = node.start() {
                failed(error.to_string());
            }
        }
        Fault::KillRedis => {
            if let Some(redis) = &cluster.redis {
                redis.kill().await;
                wait().await;
                if let Err(error) = redis.restart().await {
                    failed(error.to_string());
                }
            }
        }
        Fault::FreezeRedis => {
            if let Some(redis) = &cluster.redis {
                redis.freeze(true);
                wait().await;
                redis.freeze(false);
            }
        }
        Fault::RestartPostgres { fast } => {
            cluster.postgres.stop(fast).await;
            wait().await;
            if let Err(error) = cluster.postgres.restart().await {
                failed(error.to_string());
            }
        }
        Fault::FreezePostgres => {
            cluster.postgres.freeze(true);
            wait().await;
            cluster.postgres.freeze(false);
        }
        Fault::Link { wire, node, harm } => {
            let node = node_at(stage, node);
            let link = match wire {
                Wire::Clients => Some(&node.clients),
                Wire::Postgres => Some(&node.to_postgres),
                Wire::Redis => node.to_redis.as_ref(),
            };
            if let Some(link) = link {
                match harm {
                    Harm::HalfClose => link.half_close(),
                    Harm::Flow(flow) => link.set(flow),
                }
                wait().await;
                link.set(Flow::Open);
            }
        }
        Fault::Model(mood) => {
            if let Some(model) = &cluster.model {
                model.set(mood);
                wait().await;
                model.set(Mood::Well);
            }
        }
        Fault::Client { person, antic } => {
            if let Some(person) = people.get(person % people.len().max(1)) {
                client(stage, person, antic, lasts).await;
            }
        }
    }
}

async fn client(stage: &Stage, person: &Person, antic: Antic, lasts: Duration) {
    // One of the two misbehaves; which one, its time says as well as anything.
    let [first, second] = &person.seats;
    let seat = if lasts.as_millis().is_multiple_of(2) { first } else { second };
    match antic {
        Antic::Cut => seat.client.cut().await,
        Antic::Away => seat.client.away(lasts).await,
        Antic::Stall => {
            seat.client.stall(true).await;
            tokio::time::sleep(lasts).await;
            seat.client.stall(false).await;
        }
        Antic::Clock(seconds) => {
            person.account.set_clock(seconds);
            tokio::time::sleep(lasts).await;
            person.account.set_clock(0);
        }
        Antic::Silent => {
            let node = node_at(stage, person.index);
            let silent = TcpStream::connect(node.clients.address()).await;
            tokio::time::sleep(lasts).await;
            drop(silent);
        }
    }
}
