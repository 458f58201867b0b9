//! One life of the bus after the other. A life ends with the first thing that is wrong, whole; the next one connects,
//! subscribes to everything, and lets the hubs compare every head with the log.

use super::link::{self, Broken, Link, reason};
use super::queue::{Class, Outgoing};
use super::topology::{self, Server};
use super::{Protocol, Shared, wire};
use crate::event::TopicKey;
use crate::limits::{BUS_ANSWER, BUS_BACKOFF, BUS_PIPELINE_BYTES, BUS_PIPELINE_MESSAGES, BUS_PROBE_EVERY, BUS_REMIND};
use futures_util::future::try_join_all;
use rand::RngExt as _;
use redis::ProtocolVersion;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Connects, works, and connects again, until the bus is closed.
pub(super) async fn live(shared: Arc<Shared>) {
    let mut failures = 0_u32;
    let mut reminded = Instant::now();
    let mut first = true;
    while !shared.closing.load(Ordering::Acquire) {
        // A life that takes longer to begin than any of its answers may is not one.
        let (broken, report) = mpsc::channel(1);
        let opening = tokio::time::timeout(BUS_ANSWER * 3, Life::open(&shared, broken));
        let why = match opening.await.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
            Ok(life) => {
                failures = 0;
                first = false;
                life.run(report).await
            }
            Err(why) => why,
        };
        if shared.closing.load(Ordering::Acquire) {
            break;
        }
        let was_connected = shared.connected.swap(false, Ordering::AcqRel);
        metrics::gauge!("estafette_bus_connected").set(0.0);
        let lost = shared.queue.keep_signals();
        shared.drop_count("away", lost);
        shared.health.lock().lose(&why);
        if was_connected || failures == 0 || reminded.elapsed() >= BUS_REMIND {
            reminded = Instant::now();
            tracing::warn!(
                redis = %shared.options.address, why, at_start = first,
                "Redis cannot be used: events reach other nodes from the log, within a second or two; tried again"
            );
        }
        failures = failures.saturating_add(1);
        tokio::select! {
            () = tokio::time::sleep(backoff(failures)) => {}
            () = shared.close.notified() => break,
        }
    }
}

/// Doubles, and is spread over its half, so that many nodes do not come back at one moment.
fn backoff(failures: u32) -> Duration {
    let (first, longest) = BUS_BACKOFF;
    let wait = first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(longest);
    wait / 2 + (wait / 2).mul_f64(rand::rng().random_range(0.0..1.0))
}

struct Life {
    shared: Arc<Shared>,
    links: Vec<Link>,
}

impl Life {
    async fn open(shared: &Arc<Shared>, broken: Broken) -> Result<Self, String> {
        let address = &shared.options.address;
        let said = |error: redis::RedisError| reason(&error);
        let (mut seed, version) = link::connect(address, shared.options.protocol).await.map_err(said)?;
        let server = Server::ask(&mut seed).await.map_err(said)?;
        let mut links = Vec::new();
        // Sharded channels come as pushes only; a cluster carries ordinary ones as well, to all of its nodes.
        if server.sharded() && version == ProtocolVersion::RESP3 {
            for shard in topology::shards(&mut seed).await? {
                let address = match shard.host.as_str() {
                    "" => address.clone(),
                    host => address.with_host(host, shard.port),
                };
                let connection = link::connect(&address, Protocol::Auto).await.map_err(said)?;
                let link = Link::open(shared, &address, connection, shard.slots, broken.clone());
                links.push(link.await.map_err(said)?);
            }
        } else {
            let link = Link::open(shared, address, (seed, version), Vec::new(), broken);
            links.push(link.await.map_err(said)?);
        }
        let life = Self { shared: Arc::clone(shared), links };
        life.begin(&server).await?;
        Ok(life)
    }

    /// Subscribes to everything, and sees that what is sent comes back, before anybody relies on it.
    async fn begin(&self, server: &Server) -> Result<(), String> {
        let shared = &self.shared;
        *shared.probes.lock() = self.links.iter().map(|link| (Arc::clone(&link.probe), 0)).collect();
        let mut channels = shared.interests.all();
        channels.push(Arc::clone(&shared.control));
        channels.extend(self.links.iter().map(|link| Arc::clone(&link.probe)));
        self.subscribe(&channels, true).await?;
        self.probe(1).await?;
        let sharded = server.sharded() && self.links.iter().all(Link::pushes);
        let resp = if self.links.iter().all(Link::pushes) { 3 } else { 2 };
        let away = shared.health.lock().connect(&server.version, resp, sharded, self.links.len());
        shared.connected.store(true, Ordering::Release);
        metrics::gauge!("estafette_bus_connected").set(1.0);
        metrics::counter!("estafette_bus_connects_total").increment(1);
        tracing::info!(
            redis = %shared.options.address, server = server.version, resp, sharded, nodes = self.links.len(),
            topics = channels.len(), away_ms = away.as_millis() as u64, "the bus is connected"
        );
        // What was published while nobody listened is in the log.
        shared.local.reconcile();
        Ok(())
    }

    async fn run(self, mut report: mpsc::Receiver<String>) -> String {
        let ended: Result<Infallible, String> = tokio::select! {
            ended = self.publishing() => ended,
            ended = self.subscribing() => ended,
            ended = self.probing() => ended,
            why = report.recv() => Err(why.unwrap_or_else(|| "the connection was closed".to_owned())),
            () = self.shared.close.notified() => Err("the bus was closed".to_owned()),
        };
        match ended {
            Err(why) => why,
            Ok(never) => match never {},
        }
    }

    async fn publishing(&self) -> Result<Infallible, String> {
        loop {
            self.shared.queue.ready().await;
            let messages = self.shared.queue.take(BUS_PIPELINE_MESSAGES, BUS_PIPELINE_BYTES);
            let traced = messages.iter().filter(|message| message.trace.is_some()).count();
            let count = (messages.len() + traced) as u64;
            metrics::histogram!("estafette_bus_pipeline_size").record(count as f64);
            if let Err(why) = self.publish(&messages).await {
                let (signals, events): (Vec<_>, Vec<_>) =
                    messages.into_iter().partition(|message| message.class == Class::Signal);
                // Events may or may not have gone out: readers find them in the log. A signal may be told twice.
                self.shared.drop_count("failed", events.len() as u64);
                self.shared.queue.give_back(signals);
                return Err(why);
            }
            self.shared.published.fetch_add(count, Ordering::Relaxed);
            metrics::counter!("estafette_bus_published_total").increment(count);
        }
    }

    async fn publish(&self, messages: &[Outgoing]) -> Result<(), String> {
        let sends = self.links.iter().map(|link| async move {
            let own: Vec<&Outgoing> = messages.iter().filter(|message| link.holds(&message.channel)).collect();
            link.publish(&own).await.map_err(|error| reason(&error))
        });
        try_join_all(sends).await.map(|_| ())
    }

    async fn subscribing(&self) -> Result<Infallible, String> {
        let mut clock = tokio::time::interval(Duration::from_secs(1));
        loop {
            let changes = self.shared.interests.changes();
            self.subscribe(&changes.gone, false).await?;
            if !changes.fresh.is_empty() {
                self.subscribe(&changes.fresh, true).await?;
                // What was published between the reader's first read and this moment nobody told us.
                let keys: Vec<TopicKey> =
                    changes.fresh.iter().filter_map(|channel| self.shared.interests.key(channel)).collect();
                self.shared.local.compare(keys.into());
            }
            metrics::gauge!("estafette_bus_topics").set(self.shared.interests.len() as f64);
            tokio::select! {
                () = self.shared.interests.changed() => {}
                _ = clock.tick() => self.shared.interests.sweep(Instant::now()),
            }
        }
    }

    async fn subscribe(&self, channels: &[Arc<str>], on: bool) -> Result<(), String> {
        let all = self.links.iter().map(|link| async move {
            let own: Vec<&Arc<str>> = channels.iter().filter(|channel| link.holds(channel)).collect();
            link.subscribe(&own, on).await.map_err(|error| reason(&error))
        });
        try_join_all(all).await.map(|_| ())
    }

    /// Both connections of every link work as long as what is sent on one comes back on the other.
    async fn probing(&self) -> Result<Infallible, String> {
        let mut n = 1;
        loop {
            tokio::time::sleep(BUS_PROBE_EVERY).await;
            n += 1;
            let took = self.probe(n).await?;
            self.shared.health.lock().round_trip = Some(took);
            metrics::gauge!("estafette_bus_round_trip_seconds").set(took.as_secs_f64());
        }
    }

    async fn probe(&self, n: u64) -> Result<Duration, String> {
        let began = Instant::now();
        let payload = wire::probe(self.shared.origin, n);
        let probes: Vec<Outgoing> = self
            .links
            .iter()
            .map(|link| Outgoing::new(Arc::clone(&link.probe), payload.clone(), Class::Signal))
            .collect();
        let there_and_back = async {
            self.publish(&probes).await?;
            loop {
                let heard = self.shared.probed.notified();
                if self.shared.probes.lock().values().all(|seen| *seen >= n) {
                    return Ok(began.elapsed());
                }
                heard.await;
            }
        };
        let answer = tokio::time::timeout(BUS_ANSWER, there_and_back).await;
        answer.unwrap_or_else(|_| Err(format!("a message did not come back within {} s", BUS_ANSWER.as_secs())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_bound_and_differ() {
        let waits: Vec<Duration> = (1..40).map(backoff).collect();
        assert!(waits[0] <= BUS_BACKOFF.0 && waits.iter().all(|wait| *wait <= BUS_BACKOFF.1));
        assert!(waits[20..].iter().all(|wait| *wait >= BUS_BACKOFF.1 / 2));
        assert!(waits[20..].windows(2).any(|pair| pair[0] != pair[1]));
    }
}
