//! Why a fetch failed, and what to do.

use super::resolve::Refused;
use estafette_actors::error::StepError;
use reqwest::StatusCode;
use std::time::Duration;

/// Why nothing was fetched. Each message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not an address.
    #[error("this is not a web address; check it, it begins with https://")]
    InvalidUrl,
    /// Neither http nor https.
    #[error("only http and https addresses can be read; paste the offer's text instead")]
    Scheme,
    /// A user name or password in the address.
    #[error("the address holds a user name or password; remove it, or paste the offer's text instead")]
    Credentials,
    /// The host, or a host that it redirects to, is not on the public internet.
    #[error("the address leads into a private network; only public pages can be read, paste the offer's text instead")]
    PrivateAddress,
    /// A port on which no web site is, but other services that an HTTP request might confuse.
    #[error("no web site is on port {0}; check the address, or paste the offer's text instead")]
    Port(u16),
    /// The host's name is unknown.
    #[error("the host of this address does not exist; check the address")]
    Dns,
    /// No connection, or TLS failed.
    #[error("the site cannot be reached ({0}); try again later, or paste the offer's text")]
    Connect(String),
    /// Not done in time.
    #[error("the site takes too long to answer; try again later, or paste the offer's text")]
    Timeout,
    /// The body exceeds the bound.
    #[error("the page is larger than {max} bytes; paste the offer's text instead")]
    TooLarge {
        /// The bound.
        max: usize,
    },
    /// More redirects than are followed.
    #[error("the address redirects more than {max} times; open it in a browser and use the address where it ends")]
    TooManyRedirects {
        /// The bound.
        max: usize,
    },
    /// The site answers with an error.
    #[error("{}", status_text(*.status))]
    Status {
        /// The HTTP status.
        status: u16,
        /// When the site wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// Neither HTML nor text nor PDF.
    #[error("the address holds {kind:?}, which is no page, text or PDF; use the address of the offer itself")]
    UnsupportedType {
        /// What it is declared to be.
        kind: String,
    },
    /// The answer breaks off.
    #[error("the site broke off in the middle of the page; try again later, or paste the offer's text")]
    Interrupted,
}

fn status_text(status: u16) -> String {
    match status {
        404 | 410 => {
            format!("the page does not exist (any more) ({status}); check the address, or paste the offer's text")
        }
        401 | 403 | 451 => format!("the site does not show this page to us ({status}); paste the offer's text instead"),
        429 => format!("the site asks us to slow down ({status}); try again later, or paste the offer's text"),
        500..=599 => format!("the site has a problem ({status}); try again later, or paste the offer's text"),
        _ => format!("the site answers with an error ({status}); check the address, or paste the offer's text"),
    }
}

impl FetchError {
    pub(super) fn status(status: StatusCode, retry_after: Option<Duration>) -> Self {
        Self::Status { status: status.as_u16(), retry_after }
    }

    /// The word in events and tasks.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidUrl => "invalid_url",
            Self::Scheme => "unsupported_scheme",
            Self::Credentials => "url_with_credentials",
            Self::PrivateAddress => "private_address",
            Self::Port(_) => "blocked_port",
            Self::Dns => "unknown_host",
            Self::Connect(_) => "unreachable",
            Self::Timeout => "timeout",
            Self::TooLarge { .. } => "page_too_large",
            Self::TooManyRedirects { .. } => "too_many_redirects",
            Self::Status { status: 404 | 410, .. } => "not_found",
            Self::Status { .. } => "http_status",
            Self::UnsupportedType { .. } => "unsupported_type",
            Self::Interrupted => "interrupted",
        }
    }

    /// Whether another attempt can help: 404 and 410 are final (cv P1), so is any 4xx but 429.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Timeout | Self::Interrupted | Self::Dns => true,
            Self::Status { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }
}

impl From<FetchError> for StepError {
    fn from(error: FetchError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        if !error.is_retryable() {
            return Self::fatal(code, message);
        }
        match error {
            FetchError::Status { retry_after: Some(after), .. } => Self::transient(code, message).not_before(after),
            _ => Self::transient(code, message),
        }
    }
}

/// Finds our own refusal in the chain of causes, else tells by what the client knows.
pub(super) fn from_reqwest(error: reqwest::Error) -> FetchError {
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
        match cause.downcast_ref::<Refused>() {
            Some(Refused::Private) => return FetchError::PrivateAddress,
            Some(Refused::Unknown) => return FetchError::Dns,
            None => {}
        }
    }
    if error.is_timeout() {
        FetchError::Timeout
    } else if error.is_body() || error.is_decode() {
        FetchError::Interrupted
    } else if error.is_builder() {
        FetchError::InvalidUrl
    } else {
        FetchError::Connect(cause.to_string().chars().take(120).collect())
    }
}
