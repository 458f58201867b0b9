//! What the provider must know of its endpoint, with defaults.

use std::time::Duration;
use url::Url;

/// A key that shows itself to nobody.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Wraps a key.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key itself, for the one header that needs it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// Takes the key out of a text that comes from outside.
    pub(super) fn redact(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "[key]") }
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "ApiKey(none)" } else { "ApiKey([redacted])" })
    }
}

/// An endpoint and the limits on it.
#[derive(Debug, Clone)]
pub struct OpenAiConfig {
    /// Up to and without `/chat/completions`, such as `https://api.openai.com/v1`.
    pub base_url: Url,
    /// Sent as a bearer token; empty for endpoints that want none.
    pub api_key: ApiKey,
    /// Calls at once, at least 1.
    pub concurrency: usize,
    /// Calls that may wait for a slot; more are refused at once.
    pub queue_max: usize,
    /// Tokens a minute over all calls; none = the endpoint's own limit counts.
    pub tokens_per_minute: Option<u32>,
    /// Bound of connecting, TLS included.
    pub connect_timeout: Duration,
    /// How long a connection that nobody uses is kept for the next call. Shorter than the five seconds after which common
    /// servers close it: a call that is sent just then is lost with the connection.
    pub keep_connections: Duration,
    /// Longest silence between two pieces of an answer. Before the first one only the call's own bound counts: models
    /// think before they write.
    pub idle_timeout: Duration,
    /// Longest answer on the wire, bytes.
    pub response_bytes_max: usize,
    /// Failures in a row that open the circuit breaker, at least 1.
    pub breaker_failures: u32,
    /// How long the breaker stays open before one call may probe.
    pub breaker_open_for: Duration,
}

impl OpenAiConfig {
    /// The defaults for an endpoint.
    pub const fn new(base_url: Url, api_key: ApiKey) -> Self {
        Self {
            base_url,
            api_key,
            concurrency: 32,
            queue_max: 256,
            tokens_per_minute: None,
            connect_timeout: Duration::from_secs(10),
            keep_connections: Duration::from_secs(4),
            idle_timeout: Duration::from_secs(30),
            response_bytes_max: 4 * 1024 * 1024,
            breaker_failures: 8,
            breaker_open_for: Duration::from_secs(20),
        }
    }
}
