//! The headers that tell a browser what it may do with an answer.
//!
//! No cookie is ever set: tokens travel in `Authorization` and in `hello`, so that no other site can send them along.

use super::AppState;
use crate::error::is_html;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use actix_web::web;

/// On every answer.
const ALWAYS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=(), interest-cohort=()",
    ),
];
/// What a page may do: load its own files and talk to its own server, no more. No inline script and no style attribute
/// (React sets styles through the DOM, which is neither); style elements, because the console's menus and dialogs add one
/// whose content depends on the width of a scroll bar.
const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'none'; \
    style-src-elem 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; \
    manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self'";
/// What an answer of the interface may do, should a browser take it for a page.
const DATA: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Longest `Host` that is repeated in a policy.
const HOST_MAX: usize = 255;

const CONTENT_SECURITY_POLICY: HeaderName = HeaderName::from_static("content-security-policy");
const STRICT_TRANSPORT_SECURITY: HeaderName = HeaderName::from_static("strict-transport-security");

/// What an answer's headers depend on, taken from its request.
#[derive(Debug, Clone, Default)]
pub struct Dress {
    /// The host that the page came from, when it is a plain one.
    host: Option<String>,
    /// Seconds for which a browser uses TLS only; 0: not said.
    hsts_secs: u64,
    /// An answer that is one person's, and not to be kept by caches.
    private: bool,
}

impl Dress {
    /// For the answer to this request.
    pub fn of(request: &ServiceRequest) -> Self {
        let host = request.headers().get(HOST).and_then(|value| value.to_str().ok()).filter(|host| is_plain(host));
        Self {
            host: host.map(str::to_owned),
            hsts_secs: request.app_data::<web::Data<AppState>>().map_or(0, |state| state.hsts_secs),
            private: request.path().starts_with("/v1/"),
        }
    }

    /// Adds the headers.
    pub fn put_on(&self, headers: &mut HeaderMap) {
        for (name, value) in ALWAYS {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let content_type = headers.get(CONTENT_TYPE);
        if is_html(content_type) {
            if let Ok(policy) = HeaderValue::from_str(&self.page_policy()) {
                headers.insert(CONTENT_SECURITY_POLICY, policy);
            }
        } else if is_data(content_type) {
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(DATA));
        }
        if self.private && !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if self.hsts_secs > 0
            && let Ok(value) = HeaderValue::from_str(&format!("max-age={}; includeSubDomains", self.hsts_secs))
        {
            headers.insert(STRICT_TRANSPORT_SECURITY, value);
        }
    }

    /// `'self'` did not include the sockets of the same host in every browser, so they are named.
    fn page_policy(&self) -> String {
        self.host.as_ref().map_or_else(|| PAGE.to_owned(), |host| format!("{PAGE} ws://{host} wss://{host}"))
    }
}

/// A name or address with or without a port, and nothing that could go on with another directive.
fn is_plain(host: &str) -> bool {
    (1..=HOST_MAX).contains(&host.len())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'))
}

/// An answer without a kind (304) says nothing: a browser would put it on the page that it kept.
fn is_data(content_type: Option<&HeaderValue>) -> bool {
    let kind = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/") && !kind.contains("javascript") || kind.starts_with("text/plain")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worn(dress: &Dress, content_type: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        dress.put_on(&mut headers);
        headers
    }

    #[test]
    fn a_page_may_talk_to_its_own_server_only_and_run_nothing_inline() {
        let dress = Dress { host: Some("cv.example:8443".to_owned()), ..Dress::default() };
        let headers = worn(&dress, "text/html; charset=utf-8");
        let policy = headers.get(CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
        assert!(policy.ends_with("connect-src 'self' ws://cv.example:8443 wss://cv.example:8443"), "{policy}");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert_eq!(policy.matches("unsafe").count(), 1, "only for style elements: {policy}");
        for never in ["*", "http:", "https:", "eval"] {
            assert!(!policy.contains(never), "{never}: {policy}");
        }
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY), "only when TLS is said to be there");
    }

    #[test]
    fn data_may_do_nothing_and_is_not_kept() {
        let dress = Dress { private: true, hsts_secs: 600, ..Dress::default() };
        for kind in ["application/json", "application/problem+json", "application/pdf", "text/plain"] {
            let headers = worn(&dress, kind);
            assert_eq!(headers.get(CONTENT_SECURITY_POLICY).unwrap(), DATA, "{kind}");
            assert_eq!(headers.get(CACHE_CONTROL).unwrap(), "no-store");
            assert_eq!(headers.get(STRICT_TRANSPORT_SECURITY).unwrap(), "max-age=600; includeSubDomains");
        }
        for kind in ["text/javascript", "application/javascript", "image/svg+xml", "text/css", "font/woff2"] {
            assert!(!worn(&dress, kind).contains_key(CONTENT_SECURITY_POLICY), "{kind}: the page's policy counts");
        }
    }

    #[test]
    fn a_host_that_is_no_host_is_not_repeated() {
        for host in ["localhost", "127.0.0.1:7777", "[::1]:7777", "a-b.example"] {
            assert!(is_plain(host), "{host}");
        }
        for host in ["", "a b", "a;script-src *", "a'b", "a,b", "a/b", "ä", &"a".repeat(300)] {
            assert!(!is_plain(host), "{host}");
        }
    }
}
