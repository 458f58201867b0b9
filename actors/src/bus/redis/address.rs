//! The address of a Redis, which may hold a password: shown without it.

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _};
use std::fmt;

/// An address that can be used.
#[derive(Clone)]
pub struct RedisAddress(ConnectionInfo);

/// Why an address cannot be used. Never holds the address itself, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisAddressError {
    /// Not an address of this form.
    #[error(
        "the Redis address is not one: it looks like redis://host:6379 (rediss:// with TLS, unix:///path for a socket)"
    )]
    Form,
    /// The form is right and something in it is not.
    #[error("the Redis address cannot be used: {0}")]
    Unusable(String),
}

impl RedisAddress {
    /// Reads `redis://[user:password@]host[:port][/db]`, `rediss://…` or `unix:///path`.
    ///
    /// # Errors
    /// [`RedisAddressError`], a sentence for people.
    pub fn parse(text: &str) -> Result<Self, RedisAddressError> {
        let Some(url) = redis::parse_redis_url(text) else { return Err(RedisAddressError::Form) };
        if matches!(url.scheme(), "redis" | "rediss" | "valkey" | "valkeys") && url.host_str().is_none_or(str::is_empty)
        {
            return Err(RedisAddressError::Form);
        }
        let unusable = |error: redis::RedisError| {
            // The error's own text may hold a part of the address.
            RedisAddressError::Unusable(error.category().to_owned())
        };
        let info = url.into_connection_info().map_err(unusable)?;
        Client::open(info.clone()).map_err(unusable)?;
        if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            // Somebody else in this process may have chosen one already: theirs is as good.
            let _taken = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        Ok(Self(info))
    }

    pub(super) const fn info(&self) -> &ConnectionInfo {
        &self.0
    }

    /// The same server's other node, with the same way in.
    pub(super) fn with_host(&self, host: &str, port: u16) -> Self {
        let addr = match self.0.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => ConnectionAddr::TcpTls {
                host: host.to_owned(),
                port,
                insecure: *insecure,
                tls_params: tls_params.clone(),
            },
            _ => ConnectionAddr::Tcp(host.to_owned(), port),
        };
        Self(self.0.clone().set_addr(addr))
    }
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.0.addr() {
            ConnectionAddr::TcpTls { .. } => "rediss://",
            ConnectionAddr::Unix(_) => "unix://",
            _ => "redis://",
        };
        write!(f, "{scheme}{}", self.0.addr())
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let address = RedisAddress::parse("rediss://user:geheim@cache.example:6380/2").unwrap();
        assert_eq!(address.to_string(), "rediss://cache.example:6380");
        assert!(!format!("{address:?}").contains("geheim"));
        assert_eq!(address.with_host("10.0.0.1", 7).to_string(), "rediss://10.0.0.1:7");
        assert_eq!(RedisAddress::parse("unix:///run/redis.sock").unwrap().to_string(), "unix:///run/redis.sock");
    }

    #[test]
    fn a_wrong_address_gets_a_sentence_that_does_not_repeat_it() {
        for wrong in
            ["localhost", "http://h:1", "redis://", "redis://:geheim@", "redis://h/geheim", "redis://h:1/x?db=1"]
        {
            let error = RedisAddress::parse(wrong).unwrap_err().to_string();
            assert!(error.starts_with("the Redis address"), "{wrong}: {error}");
            assert!(!error.contains("geheim"), "{error}");
        }
    }
}
