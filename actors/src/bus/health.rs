//! How a bus is, for readiness, metrics and the administrator.

use std::time::{Duration, Instant};

/// How a bus is.
#[derive(Debug, Clone)]
pub enum BusHealth {
    /// There is only this node.
    InProcess,
    /// Over Redis.
    Redis(RedisHealth),
}

impl BusHealth {
    /// Whether messages go to other nodes now. A node without this works: events come from the log.
    pub const fn is_connected(&self) -> bool {
        match self {
            Self::InProcess => true,
            Self::Redis(health) => health.connected,
        }
    }
}

/// How a bus over Redis is.
#[derive(Debug, Clone)]
pub struct RedisHealth {
    /// Where, without the password.
    pub address: String,
    /// Whether messages go and come now.
    pub connected: bool,
    /// Since when that is so.
    pub since: Instant,
    /// Why it was lost last; without addresses of other servers or passwords.
    pub error: Option<String>,
    /// The server's name and version, if it says them.
    pub server: String,
    /// 2 or 3.
    pub resp: u8,
    /// Whether channels are spread over a cluster's nodes.
    pub sharded: bool,
    /// Servers connected to.
    pub servers: usize,
    /// Connections that were made, in all.
    pub connects: u64,
    /// How long the newest message to oneself took.
    pub round_trip: Option<Duration>,
    /// Topics subscribed to.
    pub topics: usize,
    /// Messages that wait to be sent.
    pub waiting: usize,
    /// Messages that came, own ones included.
    pub received: u64,
    /// Messages that were sent.
    pub published: u64,
    /// Messages that were not sent: the queue was full, or Redis was away.
    pub dropped: u64,
}

impl RedisHealth {
    pub(super) fn new(address: String) -> Self {
        Self {
            address,
            connected: false,
            since: Instant::now(),
            error: None,
            server: String::new(),
            resp: 0,
            sharded: false,
            servers: 0,
            connects: 0,
            round_trip: None,
            topics: 0,
            waiting: 0,
            received: 0,
            published: 0,
            dropped: 0,
        }
    }

    /// Connected. Returns how long it was not.
    pub(super) fn connect(&mut self, server: &str, resp: u8, sharded: bool, servers: usize) -> Duration {
        let away = self.since.elapsed();
        (self.connected, self.since, self.error) = (true, Instant::now(), None);
        server.clone_into(&mut self.server);
        (self.resp, self.sharded, self.servers) = (resp, sharded, servers);
        self.connects += 1;
        away
    }

    pub(super) fn lose(&mut self, why: &str) {
        if self.connected {
            (self.connected, self.since) = (false, Instant::now());
        }
        self.round_trip = None;
        self.error = Some(why.to_owned());
    }
}
