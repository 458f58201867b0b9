//! A side that delivers messages, whichever.

use super::side::Side;
use super::side::ours::Ours;
use super::side::sender::Order;
use super::side::sockets::Sockets;
use crate::cli::ServerArgs;
use crate::lean::Measured;
use crate::scenario::Failure;
use std::path::Path;

/// A side that runs.
pub enum Stand {
    /// A peer.
    Peer(Box<Sockets>),
    /// This server.
    Ours(Box<Ours>),
}

/// What connections on which nothing happens cost.
#[derive(Debug, Clone)]
pub struct Idle {
    /// The server's memory of one, KiB.
    pub kib_each: f64,
    /// What went wrong.
    pub faults: Vec<String>,
}

/// Connections that came and went.
#[derive(Debug, Clone)]
pub struct Come {
    /// A second.
    pub per_second: f64,
    /// That failed.
    pub failed: u64,
    /// How the first of them did.
    pub faults: Vec<String>,
}

impl Stand {
    /// Starts a side, on the cores that this thread has.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn start(side: Side, peers: &Path, server: &ServerArgs, seed: u64) -> Result<Self, Failure> {
        match side {
            Side::Estafette | Side::Pure => Ok(Self::Ours(Box::new(Ours::start(server, seed).await?))),
            side => Ok(Self::Peer(Box::new(Sockets::start(side, peers).await?))),
        }
    }

    /// Holds connections on which nothing happens for so long.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn idle(&mut self, connections: usize, seconds: f64) -> Result<Idle, Failure> {
        match self {
            Self::Ours(ours) => ours.idle(connections, seconds).await,
            Self::Peer(peer) => peer.idle(connections, seconds).await,
        }
    }

    /// Connections that come and go for so long.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn come(&mut self, seconds: f64) -> Result<Come, Failure> {
        match self {
            Self::Ours(ours) => ours.come(seconds).await,
            Self::Peer(peer) => peer.come(seconds).await,
        }
    }

    /// Readers of one topic, further ones that do not read, and messages.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn fan(&mut self, readers: usize, stalled: usize, order: &Order<'_>) -> Result<Measured, Failure> {
        match self {
            Self::Ours(ours) => ours.fan(readers, stalled, order).await,
            Self::Peer(peer) => peer.fan(readers, stalled, order).await,
        }
    }

    /// Connections with a topic each, and messages to these in turn, `rate` a second each.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn own(&mut self, connections: usize, rate: f64, seconds: f64, size: usize) -> Result<Measured, Failure> {
        match self {
            Self::Ours(ours) => ours.own(connections, rate, seconds).await,
            Self::Peer(peer) => peer.own(connections, rate, seconds, size).await,
        }
    }

    /// Ends it.
    pub async fn stop(self) {
        match self {
            Self::Peer(peer) => peer.stop().await,
            Self::Ours(ours) => ours.stop().await,
        }
    }
}
