//! The sides of a comparison: this server and its peers.
//!
//! | module | holds |
//! |---|---|
//! | [`install`] | whether a peer is on this machine, and its packages |
//! | [`ours`] | this server, started |
//! | [`program`] | a Node program, and how it is told what to do |
//! | [`sender`] | a sender for peers that do nothing of themselves |
//! | [`sockets`] | a side that delivers messages, started |
//! | [`queue`] | a side that runs tasks, started |

pub mod install;
pub mod ours;
pub mod program;
pub mod queue;
pub mod sender;
pub mod sockets;

use super::Scenario;
use crate::lean::peers::Peer;
use serde::Serialize;

/// Who is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// This server. Of its tasks, each step begins when the one before it is durable, as with its peers.
    Estafette,
    /// This server, with tasks whose steps have no effect and run ahead of their commits.
    #[value(name = "estafette-pure")]
    Pure,
    /// Socket.IO 4 with the Redis adapter.
    #[value(name = "socketio")]
    SocketIo,
    /// Node's `ws`.
    Ws,
    /// nginx with Nchan.
    Nchan,
    /// NATS over WebSocket.
    Nats,
    /// BullMQ, `QueueEvents`, Socket.IO and pg.
    #[value(name = "bullmq")]
    BullMq,
    /// graphile-worker and Socket.IO.
    Graphile,
}

impl Side {
    /// All, in the order of the tables.
    pub const ALL: [Self; 8] =
        [Self::Estafette, Self::Pure, Self::SocketIo, Self::Ws, Self::Nchan, Self::Nats, Self::BullMq, Self::Graphile];

    /// Its name in the tables.
    pub fn title(self) -> &'static str {
        match self {
            Self::Estafette => "Estafette",
            Self::Pure => "Estafette, pure steps",
            Self::SocketIo => "Socket.IO 4 + Redis adapter",
            Self::Ws => "`ws` (Node)",
            Self::Nchan => "Nchan",
            Self::Nats => "NATS over WebSocket",
            Self::BullMq => "BullMQ + QueueEvents + Socket.IO + pg",
            Self::Graphile => "graphile-worker + Socket.IO",
        }
    }

    /// Whether it is this server.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Estafette | Self::Pure)
    }

    /// Whether it takes part.
    pub fn plays(self, scenario: Scenario) -> bool {
        match self {
            Self::Estafette => true,
            Self::SocketIo | Self::Ws | Self::Nchan | Self::Nats => !scenario.is_of_tasks(),
            Self::Pure | Self::BullMq | Self::Graphile => scenario.is_of_tasks(),
        }
    }

    /// Whether it is a program of Node.
    pub fn needs_packages(self) -> bool {
        matches!(self, Self::SocketIo | Self::Ws | Self::BullMq | Self::Graphile)
    }

    /// How its sockets are spoken to; none: our own protocol, or no sockets of its own.
    pub fn dialect(self) -> Option<Peer> {
        match self {
            Self::SocketIo => Some(Peer::SocketIo),
            Self::Ws => Some(Peer::Raw),
            Self::Nchan => Some(Peer::Nchan),
            Self::Nats => Some(Peer::Nats),
            Self::Estafette | Self::Pure | Self::BullMq | Self::Graphile => None,
        }
    }
}
