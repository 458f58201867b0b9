//! What may be fetched, and how much of it.

use std::time::Duration;
use url::Host;

/// Bounds of a fetch, and the private places that are let through.
#[derive(Debug, Clone)]
pub struct FetchPolicy {
    /// Places that may be fetched from although their address is private (`ESTAFETTE_FETCH_ALLOW`).
    pub allow: Vec<HostPort>,
    /// Bound of the whole fetch, redirects included.
    pub timeout: Duration,
    /// Bound of each connecting, name resolution and TLS included.
    pub connect_timeout: Duration,
    /// Largest body, bytes, after decompression.
    pub body_bytes_max: usize,
    /// Redirects that are followed.
    pub redirects_max: usize,
    /// How the fetcher names itself.
    pub user_agent: String,
}

impl Default for FetchPolicy {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(7),
            body_bytes_max: 5 * 1024 * 1024,
            redirects_max: 5,
            user_agent: concat!("Mozilla/5.0 (compatible; Estafette/", env!("CARGO_PKG_VERSION"), ")").to_owned(),
        }
    }
}

impl FetchPolicy {
    /// The policy that the settings name.
    ///
    /// # Errors
    /// The first entry of the allow list that is no `host:port`.
    pub fn from_settings(settings: &crate::config::Settings) -> Result<Self, HostPortError> {
        let settings = &settings.fetch;
        let allow: Result<Vec<HostPort>, HostPortError> = settings.allow.0.iter().map(|place| place.parse()).collect();
        Ok(Self {
            allow: allow?,
            timeout: Duration::from_millis(settings.timeout_ms),
            body_bytes_max: settings.max_kib * 1024,
            redirects_max: settings.max_redirects as usize,
            ..Self::default()
        })
    }

    pub(super) fn allows(&self, host: &Host<&str>, port: u16) -> bool {
        let host = normal(&host.to_string());
        self.allow.iter().any(|allowed| allowed.port == port && allowed.host == host)
    }
}

/// A place in the network, `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    host: String,
    port: u16,
}

/// The text is no `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no host:port such as intranet.example:8080, 10.0.0.5:80 or [fd00::5]:80")]
pub struct HostPortError(String);

impl HostPort {
    /// Reads a list, separated by commas or spaces; an empty text is an empty list.
    ///
    /// # Errors
    /// The first part that is no `host:port`.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, HostPortError> {
        text.split([',', ' ', '\n', '\t']).filter(|part| !part.is_empty()).map(str::parse).collect()
    }
}

impl std::str::FromStr for HostPort {
    type Err = HostPortError;

    fn from_str(text: &str) -> Result<Self, HostPortError> {
        let wrong = || HostPortError(text.to_owned());
        let (host, port) = text.trim().rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?;
        // The same parser as for addresses, so that both write a host alike.
        let host = Host::parse(host).map_err(|_| wrong())?;
        Ok(Self { host: normal(&host.to_string()), port })
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

fn normal(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_and_normalised() {
        let list = HostPort::parse_list("Intranet.Example.:8080, 0x7f.1:80\n[FD00::5]:443").unwrap();
        let texts: Vec<String> = list.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["intranet.example:8080", "127.0.0.1:80", "[fd00::5]:443"]);
        assert!(HostPort::parse_list("").unwrap().is_empty());
    }

    #[test]
    fn the_settings_make_a_policy_with_the_bounds_that_are_promised() {
        let policy = FetchPolicy::from_settings(&crate::config::Settings::default()).unwrap();
        let promised = FetchPolicy::default();
        assert_eq!(policy.timeout, promised.timeout);
        assert_eq!((policy.body_bytes_max, policy.redirects_max), (promised.body_bytes_max, promised.redirects_max));
        assert!(policy.allow.is_empty());
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for wrong in
            ["localhost", "localhost:", "localhost:0", ":80", "host:70000", "http://host:80", "a b:80", "fd00::5"]
        {
            assert!(wrong.parse::<HostPort>().is_err(), "{wrong}");
        }
    }
}
