//! This server, started: one node with a private Postgres whose commits are on disk when they are answered, and tasks that
//! speak.
//!
//! The messages are volatile events of `task.test` on the topic of its task, and go the way of every event: hub, session,
//! outbox, MessagePack. They arise in the server, as those of the Node programs do.

use super::super::stand::{Come, Idle};
use super::sender::Order;
use crate::cli::ServerArgs;
use crate::lean::Measured;
use crate::scenario::live::{fanout, idle, own};
use crate::scenario::{Failure, Run};

/// Connections of one session.
const CONNECTIONS_A_SESSION: usize = 20;
/// Which share of own events is durable.
const DURABLE: f64 = 0.1;

/// This server.
pub struct Ours {
    run: Run,
}

impl Ours {
    /// Starts it, on the cores that this thread has.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn start(server: &ServerArgs, seed: u64) -> Result<Self, Failure> {
        Ok(Self { run: Run::start(server, seed, &fanout::own_settings()).await? })
    }

    /// Each measurement signs up people of its own.
    fn others(&mut self) {
        self.run.tag = estafette_protocol::ids::new_cuid2().chars().take(8).collect();
    }

    /// Connections on which nothing happens, each with a token check and three subscriptions.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn idle(&mut self, connections: usize, seconds: f64) -> Result<Idle, Failure> {
        self.others();
        let load = idle::Load { connections, sessions: connections.div_ceil(CONNECTIONS_A_SESSION), seconds };
        let outcome = idle::measure(&self.run, load).await?;
        Ok(Idle { kib_each: outcome.kib_each, faults: outcome.held.faults })
    }

    /// Connections that come, have their token checked, and go.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn come(&mut self, seconds: f64) -> Result<Come, Failure> {
        self.others();
        let came = idle::coming(&self.run, seconds).await?;
        Ok(Come { per_second: came.per_second, failed: came.failed, faults: came.faults })
    }

    /// Readers of one task, further ones that do not read, and what the task says.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn fan(&mut self, readers: usize, stalled: usize, order: &Order<'_>) -> Result<Measured, Failure> {
        let payload = u32::try_from(order.size).unwrap_or(u32::MAX);
        self.others();
        let load = fanout::Load { readers, stalled, rate: order.rate, payload, seconds: order.seconds };
        Ok(fanout::measure(&self.run, load).await?.measured)
    }

    /// Connections with a task each, and what these say, a part of it durable.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn own(&mut self, connections: usize, rate: f64, seconds: f64) -> Result<Measured, Failure> {
        self.others();
        let load = own::Load { connections, rate, durable: DURABLE, seconds };
        Ok(own::measure(&self.run, load).await?.measured)
    }

    /// Ends it.
    pub async fn stop(self) {
        let _ = self.run.target.stop().await;
    }
}
