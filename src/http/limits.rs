//! What one address, one account and all together may ask for: requests at once, and attempts to sign in.
//!
//! Memory is bounded: at most [`BUCKETS`] addresses (and accounts) are remembered, each with one instant; an address of
//! IPv6 counts as its network of 64 bits, which is what one household has.

use crate::config::Settings;
use actix_web::HttpRequest;
use estafette_actors::CallError;
use estafette_protocol::ErrorCode;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Addresses, and accounts, that are remembered at most. Above it the older half is forgotten.
pub const BUCKETS: usize = 50_000;
/// The time that the limits are about.
const MINUTE: Duration = Duration::from_secs(60);
/// Longest header of addresses that is looked at, bytes.
const FORWARDED_MAX: usize = 2_048;
/// When a server with too many requests may have time again.
const BUSY_RETRY: Duration = Duration::from_secs(1);

/// A network, such as `10.0.0.0/8`; a single address is one of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: u128,
    bits: u8,
}

/// IPv4 inside IPv6, so that both compare.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => u128::from(four.to_ipv6_mapped()),
        IpAddr::V6(six) => u128::from(six),
    }
}

fn masked(number: u128, bits: u8) -> u128 {
    if bits == 0 { 0 } else { number & (u128::MAX << (128 - u32::from(bits.min(128)))) }
}

impl FromStr for Network {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address and no network (10.0.0.0/8, ::1)");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let (own, shift) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let bits = bits.unwrap_or(own);
        if bits > own {
            return Err(wrong());
        }
        let bits = bits + shift;
        Ok(Self { base: masked(number(address), bits), bits })
    }
}

impl Network {
    /// Whether the address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        masked(number(address), self.bits) == self.base
    }
}

/// Attempts a minute by key: a bucket each that holds a minute's worth, kept as the instant at which it is full again.
#[derive(Debug)]
struct Buckets<K> {
    per_minute: u32,
    known: Mutex<Generations<K>>,
}

/// The younger half and the older half: when the younger is full, the older is forgotten.
#[derive(Debug)]
struct Generations<K> {
    young: HashMap<K, Instant>,
    old: HashMap<K, Instant>,
}

impl<K: Eq + Hash> Buckets<K> {
    fn new(per_minute: u32) -> Self {
        Self { per_minute, known: Mutex::new(Generations { young: HashMap::new(), old: HashMap::new() }) }
    }

    /// Takes one attempt, or says when there is one again.
    fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        self.look(key, now, true)
    }

    /// Whether there is an attempt left.
    fn check(&self, key: K, now: Instant) -> Result<(), Duration> {
        self.look(key, now, false)
    }

    fn look(&self, key: K, now: Instant, take: bool) -> Result<(), Duration> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let each = MINUTE / self.per_minute;
        let mut known = self.known.lock();
        let full_at = known.young.get(&key).or_else(|| known.old.get(&key)).copied().unwrap_or(now).max(now);
        let next = full_at + each;
        if next > now + MINUTE {
            return Err(next - now - MINUTE);
        }
        if take {
            if known.young.len() >= BUCKETS / 2 && !known.young.contains_key(&key) {
                known.old = std::mem::take(&mut known.young);
            }
            known.young.insert(key, next);
        }
        Ok(())
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let known = self.known.lock();
        known.young.len() + known.old.len()
    }
}

/// What is limited by address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Sign-up and sign-in.
    SignIn,
    /// Refresh.
    Refresh,
}

/// The limits on requests. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpLimits {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    trusted: Vec<Network>,
    sign_ins: Buckets<u128>,
    refreshes: Buckets<u128>,
    accounts: Buckets<String>,
    requests: AtomicUsize,
    requests_max: usize,
}

/// A request under way; its place is free when it is dropped.
#[derive(Debug)]
pub struct Under(HttpLimits);

impl Drop for Under {
    fn drop(&mut self) {
        self.0.inner.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

impl HttpLimits {
    /// From the settings, which were checked.
    pub fn new(settings: &Settings) -> Self {
        let limits = &settings.limits;
        let trusted = settings.server.trusted_proxies.0.iter().filter_map(|entry| entry.parse().ok()).collect();
        Self {
            inner: Arc::new(Inner {
                trusted,
                sign_ins: Buckets::new(limits.sign_ins_per_address),
                refreshes: Buckets::new(limits.refreshes_per_address),
                accounts: Buckets::new(limits.sign_ins_per_account),
                requests: AtomicUsize::new(0),
                requests_max: limits.requests_in_flight,
            }),
        }
    }

    /// A place for a request.
    ///
    /// # Errors
    /// `unavailable` when too many are under way.
    pub fn begin(&self) -> Result<Under, CallError> {
        let under = Under(self.clone());
        if self.inner.requests.fetch_add(1, Ordering::AcqRel) >= self.inner.requests_max {
            drop(under);
            metrics::counter!("estafette_requests_refused_total", "reason" => "busy").increment(1);
            return Err(CallError::unavailable("too many requests are under way: try again shortly", BUSY_RETRY));
        }
        Ok(under)
    }

    /// Who asks: the peer, or whom a trusted proxy names. `None` for a trusted proxy that names nobody: it speaks for many.
    pub fn client(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip();
        let trusted = |address: IpAddr| self.inner.trusted.iter().any(|network| network.contains(address));
        if !trusted(peer) {
            return Some(peer);
        }
        // From the right: each proxy adds the one that it spoke to. What stands before the first that is not trusted may
        // be invented.
        let headers = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
        let all: Vec<&str> = headers.flat_map(|value| value.split(',')).map(str::trim).collect();
        if all.iter().map(|entry| entry.len()).sum::<usize>() > FORWARDED_MAX {
            return Some(peer);
        }
        all.iter().rev().map_while(|entry| address_of(entry)).find(|address| !trusted(*address))
    }

    /// Takes one attempt of the address that asks.
    ///
    /// # Errors
    /// `rate_limited`, with when to come back.
    pub fn knock(&self, door: Door, request: &HttpRequest) -> Result<(), CallError> {
        let Some(client) = self.client(request) else { return Ok(()) };
        let bits = if matches!(client, IpAddr::V6(six) if six.to_ipv4_mapped().is_none()) { 64 } else { 128 };
        let key = masked(number(client), bits);
        let buckets = match door {
            Door::SignIn => &self.inner.sign_ins,
            Door::Refresh => &self.inner.refreshes,
        };
        buckets.take(key, Instant::now()).map_err(|after| refused("address", after))
    }

    /// Whether another attempt to sign in to this account is allowed. Only those that fail count.
    ///
    /// # Errors
    /// `rate_limited`, with when to come back.
    pub fn may_try(&self, account: &str) -> Result<(), CallError> {
        self.inner.accounts.check(key_of(account), Instant::now()).map_err(|after| refused("account", after))
    }

    /// An attempt to sign in to this account failed.
    pub fn failed(&self, account: &str) {
        let _used_up = self.inner.accounts.take(key_of(account), Instant::now());
    }
}

/// As accounts are compared; bounded, whatever was sent.
fn key_of(account: &str) -> String {
    account.trim().chars().take(254).collect::<String>().to_lowercase()
}

fn address_of(entry: &str) -> Option<IpAddr> {
    let bare = entry.trim_start_matches('[').split(']').next()?;
    bare.parse::<IpAddr>().ok().or_else(|| entry.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip())).map(
        |address| match address {
            IpAddr::V6(six) => six.to_ipv4_mapped().map_or(IpAddr::V6(six), IpAddr::V4),
            four @ IpAddr::V4(_) => four,
        },
    )
}

fn refused(whose: &'static str, after: Duration) -> CallError {
    metrics::counter!("estafette_requests_refused_total", "reason" => whose).increment(1);
    let after = after.max(Duration::from_secs(1));
    let text = format!("too many attempts from this {whose}: try again in {} s", after.as_secs_f64().ceil());
    CallError::new(ErrorCode::RateLimited, text).with_retry_after(after)
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self::new(&Settings::default())
    }
}

/// The loopback networks, whose proxies are trusted unless the settings say otherwise.
pub const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1"];

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn limits(change: impl FnOnce(&mut Settings)) -> HttpLimits {
        let mut settings = Settings::default();
        change(&mut settings);
        HttpLimits::new(&settings)
    }

    fn from(peer: &str, forwarded: &[&str]) -> HttpRequest {
        let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
        for value in forwarded {
            request = request.append_header(("x-forwarded-for", *value));
        }
        request.to_http_request()
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_what_they_saw() {
        let limits = limits(|settings| settings.server.trusted_proxies.0 = vec!["10.0.0.0/8".into(), "::1".into()]);
        let client = |peer: &str, forwarded: &[&str]| limits.client(&from(peer, forwarded)).map(|it| it.to_string());
        assert_eq!(client("203.0.113.7", &["198.51.100.1"]).as_deref(), Some("203.0.113.7"), "no proxy of ours");
        assert_eq!(client("10.1.2.3", &["198.51.100.1"]).as_deref(), Some("198.51.100.1"));
        assert_eq!(client("10.1.2.3", &["1.2.3.4, 198.51.100.1", "10.9.9.9"]).as_deref(), Some("198.51.100.1"));
        assert_eq!(client("[::1]", &["[2001:db8::1]:4711"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(client("10.1.2.3", &["1.2.3.4, nonsense"]), None, "what follows nonsense is not believed");
        assert_eq!(client("10.1.2.3", &[]), None);
        assert_eq!(client("10.1.2.3", &[&"9".repeat(3_000)]).as_deref(), Some("10.1.2.3"));
    }

    #[test]
    fn networks_are_read_and_nonsense_is_not() {
        for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "host", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("9.9.9.9".parse().unwrap()) && !all.contains("2001:db8::1".parse().unwrap()));
        let all: Network = "::/0".parse().unwrap();
        assert!(all.contains("9.9.9.9".parse().unwrap()));
    }

    #[test]
    fn an_address_has_its_minutes_worth_and_then_one_at_a_time() {
        let buckets = Buckets::new(3);
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(buckets.take(1, now), Ok(()));
        }
        assert_eq!(buckets.take(1, now), Err(Duration::from_secs(20)));
        assert_eq!(buckets.take(2, now), Ok(()), "another one is not concerned");
        let later = now + Duration::from_secs(20);
        assert_eq!(buckets.check(1, later), Ok(()), "looking takes nothing");
        assert_eq!((buckets.take(1, later), buckets.take(1, later).is_err()), (Ok(()), true));
    }

    #[test]
    fn memory_is_bounded_whoever_knocks() {
        let buckets = Buckets::new(1);
        let now = Instant::now();
        for address in 0..(BUCKETS as u128 * 3) {
            let _ = buckets.take(address, now);
        }
        assert!(buckets.len() <= BUCKETS, "{}", buckets.len());
        assert!(buckets.take(BUCKETS as u128 * 3 - 1, now).is_err(), "the newest are remembered");
    }

    #[test]
    fn the_networks_of_ipv6_count_as_one_and_zero_is_no_limit() {
        let strict = limits(|settings| settings.limits.sign_ins_per_address = 1);
        assert!(strict.knock(Door::SignIn, &from("[2001:db8:1:2::1]", &[])).is_ok());
        let error = strict.knock(Door::SignIn, &from("[2001:db8:1:2:ffff::9]", &[])).unwrap_err();
        assert_eq!(error.code, ErrorCode::RateLimited);
        assert!(error.retry_after.is_some_and(|after| after > Duration::from_secs(50) && after <= MINUTE), "{error:?}");
        assert!(strict.knock(Door::SignIn, &from("[2001:db8:1:3::1]", &[])).is_ok());
        assert!(strict.knock(Door::Refresh, &from("[2001:db8:1:2::1]", &[])).is_ok(), "a door of its own");
        let open = limits(|settings| settings.limits.sign_ins_per_address = 0);
        assert!((0..1_000).all(|_| open.knock(Door::SignIn, &from("192.0.2.1", &[])).is_ok()));
    }

    #[test]
    fn only_failures_count_against_an_account() {
        let limits = limits(|settings| settings.limits.sign_ins_per_account = 2);
        for _ in 0..10 {
            limits.may_try("a@b.c").unwrap();
        }
        limits.failed("A@b.c ");
        limits.may_try("a@b.c").unwrap();
        limits.failed("a@b.c");
        assert_eq!(limits.may_try("a@B.c").unwrap_err().code, ErrorCode::RateLimited);
        assert!(limits.may_try("another@b.c").is_ok());
    }

    #[test]
    fn requests_beyond_the_bound_are_refused_until_one_has_ended() {
        let limits = limits(|settings| settings.limits.requests_in_flight = 1);
        let one = limits.begin().unwrap();
        let error = limits.begin().unwrap_err();
        assert_eq!((error.code, error.retry_after), (ErrorCode::Unavailable, Some(BUSY_RETRY)));
        drop(one);
        assert!(limits.begin().is_ok());
    }
}
