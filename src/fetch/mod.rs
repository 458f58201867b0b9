//! The safe HTTP fetcher for addresses that users give.
//!
//! What a user pastes must not become a way into the network that the server stands in. So: http(s) only; no passwords in
//! addresses; only public addresses, checked on what DNS answers at the very moment of connecting (the connection goes to
//! the addresses that were checked, not to a second answer), again on every redirect; no proxy; bounded time, size (after
//! decompression), redirects and number of fetches at once. Named private places are let through by [`FetchPolicy::allow`].
//!
//! | module | holds |
//! |---|---|
//! | [`address`] | which addresses are public |
//! | [`charset`] | bytes as text, by header, byte order mark or `<meta>` |
//! | [`error`] | [`FetchError`]: what happened and what to do |
//! | [`policy`] | [`FetchPolicy`], [`HostPort`] |
//! | [`retry_after`] | when a server says to come back |

pub mod address;
pub mod charset;
pub mod error;
pub mod policy;
mod resolve;
pub mod retry_after;

pub use error::FetchError;
pub use policy::{FetchPolicy, HostPort, HostPortError};

use futures_util::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Client, Response, StatusCode};
use std::sync::Arc;
use tokio::sync::Semaphore;
use url::{Host, Url};

/// Fetches at once on this node; each may hold a whole body in memory.
pub const FETCH_CONCURRENCY: usize = 32;
/// Longest address.
pub const URL_CHARS_MAX: usize = 4_096;
/// As many bytes decide what a body without a type is.
const SNIFF_BYTES: usize = 512;

/// What stood at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where the redirects ended.
    pub url: Url,
    /// What stood there.
    pub content: Content,
}

/// A body of a kind that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A page.
    Html(String),
    /// Plain text or Markdown.
    Text(String),
    /// A PDF, unread.
    Pdf(Vec<u8>),
}

/// Fetches by one policy. One per process.
pub struct Fetcher {
    policy: FetchPolicy,
    /// Connects to public addresses only.
    public: Client,
    /// Connects anywhere: used for the hops that the policy names, and only for these.
    allowed: Client,
    slots: Arc<Semaphore>,
}

impl Fetcher {
    /// A fetcher with this policy.
    ///
    /// # Errors
    /// No HTTP client can be made (TLS).
    pub fn new(policy: FetchPolicy) -> Result<Self, reqwest::Error> {
        Self::with(policy, resolve::PublicOnly::of_system())
    }

    fn with(policy: FetchPolicy, names: resolve::PublicOnly) -> Result<Self, reqwest::Error> {
        let client = || {
            Client::builder()
                .user_agent(policy.user_agent.clone())
                .connect_timeout(policy.connect_timeout)
                .redirect(reqwest::redirect::Policy::none())
                // A proxy would resolve names itself, and reach what we may not.
                .no_proxy()
                .referer(false)
                .pool_max_idle_per_host(0)
        };
        Ok(Self {
            public: client().dns_resolver(Arc::new(names)).build()?,
            allowed: client().build()?,
            policy,
            slots: Arc::new(Semaphore::new(FETCH_CONCURRENCY)),
        })
    }

    /// Reads an address as people type it: `example.com/job` gets `https://`.
    ///
    /// # Errors
    /// [`FetchError::InvalidUrl`], [`FetchError::Scheme`], [`FetchError::Credentials`], [`FetchError::Port`],
    /// [`FetchError::PrivateAddress`] (for literal addresses; names are only known once they are resolved).
    pub fn check(&self, address: &str) -> Result<Url, FetchError> {
        let address = address.trim();
        if address.is_empty() || address.chars().count() > URL_CHARS_MAX {
            return Err(FetchError::InvalidUrl);
        }
        let url = match Url::parse(address) {
            Err(url::ParseError::RelativeUrlWithoutBase) => Url::parse(&format!("https://{address}")),
            parsed => parsed,
        };
        let url = url.map_err(|_| FetchError::InvalidUrl)?;
        self.checked(&url)?;
        Ok(url)
    }

    /// Fetches what stands at an address.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn fetch(&self, address: &str) -> Result<Fetched, FetchError> {
        let url = self.check(address)?;
        let work = async {
            let _slot = self.slots.acquire().await.map_err(|_| FetchError::Timeout)?;
            self.follow(url).await
        };
        tokio::time::timeout(self.policy.timeout, work).await.unwrap_or(Err(FetchError::Timeout))
    }

    async fn follow(&self, mut url: Url) -> Result<Fetched, FetchError> {
        for _ in 0..=self.policy.redirects_max {
            let client = self.checked(&url)?;
            let accept = "text/html,application/xhtml+xml,application/pdf;q=0.9,text/plain;q=0.8,*/*;q=0.1";
            let response = client.get(url.clone()).header(ACCEPT, accept).send().await.map_err(error::from_reqwest)?;
            let status = response.status();
            if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
                let place =
                    response.headers().get(LOCATION).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
                // Without a place to go to, the answer is as useless as an error.
                let place = place.ok_or(FetchError::status(status, None))?;
                url = url.join(place).map_err(|_| FetchError::InvalidUrl)?;
                continue;
            }
            if !status.is_success() || status == StatusCode::NO_CONTENT {
                let after = retry_after::parse(response.headers(), chrono::Utc::now());
                return Err(FetchError::status(status, after));
            }
            let headers = response.headers().clone();
            let body = self.body(response).await?;
            return Ok(Fetched { url, content: content(&headers, body)? });
        }
        Err(FetchError::TooManyRedirects { max: self.policy.redirects_max })
    }

    /// Decides about one hop: which client may go there.
    fn checked(&self, url: &Url) -> Result<&Client, FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Credentials);
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(FetchError::InvalidUrl);
        };
        if self.policy.allows(&host, port) {
            return Ok(&self.allowed);
        }
        // Literal addresses go past the resolver. The parser has read every way of writing them (127.1, 0x7f000001, …).
        let public = match host {
            // Never a public name, whatever a resolver makes of it.
            Host::Domain(name) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                name != "localhost" && !name.ends_with(".localhost")
            }
            Host::Ipv4(ip) => address::is_public(ip.into()),
            Host::Ipv6(ip) => address::is_public(ip.into()),
        };
        match public {
            false => Err(FetchError::PrivateAddress),
            true if !address::is_web_port(port) => Err(FetchError::Port(port)),
            true => Ok(&self.public),
        }
    }

    async fn body(&self, response: Response) -> Result<Vec<u8>, FetchError> {
        let max = self.policy.body_bytes_max;
        let too_large = || FetchError::TooLarge { max };
        if response.content_length().is_some_and(|length| length > max as u64) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        // Pieces come decompressed, a few KiB each: a bomb is noticed when it has grown to the bound.
        let mut stream = response.bytes_stream();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(error::from_reqwest)?;
            if body.len() + piece.len() > max {
                return Err(too_large());
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

fn content(headers: &HeaderMap, body: Vec<u8>) -> Result<Content, FetchError> {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let start = &body[..body.len().min(SNIFF_BYTES)];
    if start.windows(5).any(|window| window == b"%PDF-") {
        return Ok(Content::Pdf(body));
    }
    let looks_like_html = || {
        let start = String::from_utf8_lossy(start).to_lowercase();
        ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| start.contains(tag))
    };
    match kind.as_str() {
        "application/pdf" => Ok(Content::Pdf(body)),
        "text/html" | "application/xhtml+xml" => Ok(Content::Html(charset::decode(&body, declared, true))),
        "" | "application/octet-stream" | "binary/octet-stream" | "text/plain" if looks_like_html() => {
            Ok(Content::Html(charset::decode(&body, declared, true)))
        }
        "text/plain" | "text/markdown" | "text/x-markdown" => {
            Ok(Content::Text(charset::decode(&body, declared, false)))
        }
        _ => Err(FetchError::UnsupportedType { kind: kind.chars().take(100).collect() }),
    }
}

#[cfg(test)]
mod bypass_tests;
#[cfg(test)]
mod tests;
