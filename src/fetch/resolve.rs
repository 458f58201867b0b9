//! Name resolution that only gives public addresses. The connector asks it and connects to what it answers, so there is
//! no second answer that could differ.

use super::address::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Addresses of one name that are tried, at most.
const ADDRESSES_MAX: usize = 16;

/// Why a name was not resolved; found again in the chain of causes of the client's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// One of its addresses is not public. One is enough: the connector would try them all.
    #[error("a private address")]
    Private,
    /// Nobody knows it.
    #[error("no such name")]
    Unknown,
}

/// Asks for the addresses of a name.
#[async_trait::async_trait]
pub(super) trait Lookup: Send + Sync {
    /// All that is known, `None` when the name is not.
    async fn lookup(&self, name: &str) -> Option<Vec<IpAddr>>;
}

/// The system's own resolver.
struct System;

#[async_trait::async_trait]
impl Lookup for System {
    async fn lookup(&self, name: &str) -> Option<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await.ok()?;
        Some(found.map(|address| address.ip()).collect())
    }
}

/// Gives what a lookup found, if all of it is public.
pub(super) struct PublicOnly {
    /// Who is asked.
    pub(super) lookup: Arc<dyn Lookup>,
    /// What counts as public; a test has two loopback addresses of which one does.
    pub(super) public: fn(IpAddr) -> bool,
}

impl PublicOnly {
    /// What the system's resolver finds, by the registries of IANA.
    pub(super) fn of_system() -> Self {
        Self { lookup: Arc::new(System), public: is_public }
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, public) = (Arc::clone(&self.lookup), self.public);
        Box::pin(async move {
            let found = lookup.lookup(name.as_str()).await.unwrap_or_default();
            if found.is_empty() {
                return Err(Refused::Unknown.into());
            }
            if found.iter().any(|address| !public(*address)) {
                return Err(Refused::Private.into());
            }
            let found = found.into_iter().take(ADDRESSES_MAX).map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(found) as Addrs)
        })
    }
}
