//! Name resolution that only gives public addresses. The connector asks it and connects to what it answers, so there is
//! no second answer that could differ.

use super::address::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;

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

pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| Refused::Unknown)?;
            let found: Vec<SocketAddr> = found.take(ADDRESSES_MAX).collect();
            if found.is_empty() {
                return Err(Refused::Unknown.into());
            }
            if found.iter().any(|addr| !is_public(addr.ip())) {
                return Err(Refused::Private.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
