//! Where a request came from, for who must be able to say so later (a consent, cv R71). A call over a socket has none.

use std::net::IpAddr;

/// Longest browser name that is kept, characters.
const MAX_AGENT: usize = 512;

/// Where a request came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address, as far as proxies are trusted.
    pub ip: Option<IpAddr>,
    /// Its `User-Agent`.
    pub user_agent: Option<String>,
}

tokio::task_local! {
    static ORIGIN: Origin;
}

impl Origin {
    /// Of a request.
    pub fn of(request: &actix_web::HttpRequest, limits: &super::HttpLimits) -> Self {
        let agent = request.headers().get(actix_web::http::header::USER_AGENT).and_then(|value| value.to_str().ok());
        Self { ip: limits.client(request), user_agent: agent.map(|agent| agent.chars().take(MAX_AGENT).collect()) }
    }

    /// Runs work of the request.
    pub async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        ORIGIN.scope(self, work).await
    }
}

/// That of the request that is being answered.
pub fn current() -> Option<Origin> {
    ORIGIN.try_with(Clone::clone).ok()
}
