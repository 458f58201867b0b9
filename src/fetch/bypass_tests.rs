//! The known ways around a check of addresses (SSRF), each against a server on loopback that must not be reached.

use super::resolve::{Lookup, PublicOnly};
use super::tests::{Then, fetcher, http, page, serve, server};
use super::*;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

/// A server on loopback that counts who comes.
async fn secret() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (addr, visits) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&visits);
    actix_rt::spawn(async move {
        while let Ok((_socket, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (addr, visits)
}

/// Names with their answers, in the order in which they are given: the last one is repeated.
struct Names {
    answers: HashMap<&'static str, Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Names {
    fn new(answers: &[(&'static str, &[&[&str]])]) -> Arc<Self> {
        let parse = |list: &&[&str]| list.iter().map(|ip| ip.parse().unwrap()).collect();
        let answers = answers.iter().map(|(name, lists)| (*name, lists.iter().map(parse).collect())).collect();
        Arc::new(Self { answers, asked: AtomicUsize::new(0) })
    }
}

#[async_trait::async_trait]
impl Lookup for Names {
    async fn lookup(&self, name: &str) -> Option<Vec<IpAddr>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let answers = self.answers.get(name)?;
        Some(answers[turn.min(answers.len() - 1)].clone())
    }
}

fn named(names: &Arc<Names>, public: fn(IpAddr) -> bool) -> Fetcher {
    let policy = FetchPolicy { timeout: Duration::from_secs(5), ..FetchPolicy::default() };
    Fetcher::with(policy, PublicOnly { lookup: Arc::clone(names) as Arc<dyn Lookup>, public }).unwrap()
}

#[actix_rt::test]
async fn no_way_of_writing_an_address_hides_where_it_leads() {
    let (addr, visits) = secret().await;
    let (fetcher, port) = (fetcher(&[], |_| {}), addr.port());
    for address in [
        // Numbers in other bases, short forms, mixed forms, too many zeros.
        format!("http://0177.0.0.1:{port}/"),
        format!("http://0177.0x0.1:{port}/"),
        format!("http://127.0.1:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://0x7f.1:{port}/"),
        format!("http://0X7F000001:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://00000000017700000001:{port}/"),
        format!("http://127.000.000.001:{port}/"),
        format!("http://0:{port}/"),
        format!("http://0x0:{port}/"),
        // Characters that become digits and dots, percent signs, dots at the end.
        format!("http://①②⑦.⓪.⓪.①:{port}/"),
        format!("http://１２７．０．０．１:{port}/"),
        format!("http://127｡0｡0｡1:{port}/"),
        format!("http://%31%32%37.0.0.1:{port}/"),
        format!("http://127.0.0.1.:{port}/"),
        format!("http://lo\u{ad}calhost:{port}/"),
        format!("http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/"),
        format!("http://LOCALHOST.:{port}/"),
        format!("http://a.b.localhost.:{port}/"),
        // Slashes, backslashes, line ends, no slashes at all.
        format!("http:\\\\127.0.0.1:{port}\\"),
        format!("http:127.0.0.1:{port}/"),
        format!("http:////127.0.0.1:{port}/"),
        format!("//127.0.0.1:{port}/"),
        format!("127.0.0.1:{port}/job"),
        format!("http://127.0.\n0.1:{port}/"),
        format!("http://127.0.0.1\t:{port}/"),
        format!("hTTp://127.0.0.1:{port}#@example.com/"),
        format!("http://127.0.0.1:{port}\\@example.com/"),
        format!("http://127.0.0.1:{port}/?@example.com"),
        // IPv6 around IPv4: mapped, compatible, NAT64, 6to4, Teredo, ISATAP.
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://[0:0:0:0:0:ffff:7f00:0001]:{port}/"),
        format!("http://[::127.0.0.1]:{port}/"),
        format!("http://[64:ff9b::127.0.0.1]:{port}/"),
        format!("http://[64:ff9b::a9fe:a9fe]:{port}/"),
        format!("http://[64:ff9b:1::127.0.0.1]:{port}/"),
        format!("http://[2002:7f00:1::]:{port}/"),
        format!("http://[2002:a9fe:a9fe::]:{port}/"),
        format!("http://[2001:0:7f00:1::]:{port}/"),
        format!("http://[2606:4700::5efe:169.254.169.254]:{port}/"),
        format!("http://[::]:{port}/"),
        format!("http://[0000::1]:{port}/"),
        format!("http://[::ffff:0:0]:{port}/"),
        format!("http://[::ffff:0:127.0.0.1]:{port}/"),
        // Metadata of clouds, link-local, unique-local.
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://0xa9fea9fe/".to_owned(),
        "http://2852039166/".to_owned(),
        "http://0251.0376.0251.0376/".to_owned(),
        "http://[fd00:ec2::254]/latest/meta-data/".to_owned(),
        "http://[fe80::a9fe:a9fe]/".to_owned(),
        "http://100.100.100.200/".to_owned(),
        "http://192.0.0.192/opc/v1/".to_owned(),
    ] {
        assert_eq!(fetcher.fetch(&address).await.unwrap_err(), FetchError::PrivateAddress, "{address}");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0, "nobody came");
}

#[actix_rt::test]
async fn what_tries_to_look_like_another_host_is_refused() {
    let (addr, visits) = secret().await;
    let fetcher = fetcher(&[], |_| {});
    for (address, expected) in [
        (format!("http://example.com@{addr}/"), FetchError::Credentials),
        (format!("http://example.com:80@{addr}/"), FetchError::Credentials),
        (format!("http://example.com%2f@{addr}/"), FetchError::Credentials),
        (format!("http://{addr}@example.com/"), FetchError::Credentials),
        (format!("http://a@b@{addr}/"), FetchError::Credentials),
        ("http://[fe80::1%25lo]/".to_owned(), FetchError::InvalidUrl),
        ("http://127.0.0.1.1.1/".to_owned(), FetchError::InvalidUrl),
        ("http://127.0.0.256/".to_owned(), FetchError::InvalidUrl),
        ("http://99999999999/".to_owned(), FetchError::InvalidUrl),
        ("http://exa\0mple.com/".to_owned(), FetchError::InvalidUrl),
        ("http://xn--/".to_owned(), FetchError::InvalidUrl),
        ("http://example.com:99999/".to_owned(), FetchError::InvalidUrl),
        ("gopher://127.0.0.1:6379/_FLUSHALL".to_owned(), FetchError::Scheme),
        ("dict://127.0.0.1:11211/stat".to_owned(), FetchError::Scheme),
        ("ldap://127.0.0.1/".to_owned(), FetchError::Scheme),
        ("view-source:http://127.0.0.1/".to_owned(), FetchError::Scheme),
        ("blob:http://127.0.0.1/x".to_owned(), FetchError::Scheme),
    ] {
        assert_eq!(fetcher.fetch(&address).await.unwrap_err(), expected, "{address}");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0, "nobody came");
}

#[actix_rt::test]
async fn ports_of_mail_databases_and_the_like_are_refused_on_public_hosts_too() {
    let fetcher = fetcher(&[], |_| {});
    for port in [0, 22, 25, 53, 110, 143, 389, 465, 587, 6667] {
        let error = fetcher.fetch(&format!("http://1.1.1.1:{port}/")).await.unwrap_err();
        assert_eq!(error, FetchError::Port(port));
        assert!(!error.is_retryable());
    }
    for port in [80, 443, 3000, 8080, 8443] {
        assert!(fetcher.check(&format!("http://1.1.1.1:{port}/")).is_ok(), "{port}");
    }
}

#[actix_rt::test]
async fn a_name_is_refused_when_any_of_its_addresses_is_private() {
    let (addr, visits) = secret().await;
    let names = Names::new(&[
        ("private.example", &[&["127.0.0.1"]]),
        ("metadata.example", &[&["169.254.169.254"]]),
        ("mixed.example", &[&["192.0.2.1", "8.8.8.8"]]),
        ("last.example", &[&["8.8.8.8", "1.1.1.1", "::1"]]),
        ("mapped.example", &[&["::ffff:127.0.0.1"]]),
        ("nat64.example", &[&["64:ff9b::7f00:1"]]),
        ("sixtofour.example", &[&["2002:7f00:1::1"]]),
        ("unspecified.example", &[&["::"]]),
        ("xn--bcher-kva.example", &[&["10.0.0.1"]]),
        ("dotted.example.", &[&["127.0.0.1"]]),
        ("nothing.example", &[&[]]),
    ]);
    let fetcher = named(&names, address::is_public);
    for host in [
        "private.example",
        "PRIVATE.example",
        "metadata.example",
        "mixed.example",
        "last.example",
        "mapped.example",
        "nat64.example",
        "sixtofour.example",
        "unspecified.example",
        "bücher.example",
        "BÜCHER。example",
        "dotted.example.",
    ] {
        let error = fetcher.fetch(&format!("http://{host}:{}/", addr.port())).await.unwrap_err();
        assert_eq!(error, FetchError::PrivateAddress, "{host}");
    }
    for host in ["nothing.example", "unknown.example"] {
        let error = fetcher.fetch(&format!("http://{host}:{}/", addr.port())).await.unwrap_err();
        assert_eq!(error, FetchError::Dns, "{host}");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0, "nobody came");
}

/// DNS rebinding: the name is public when it is checked and private when it is connected to. Here both are one question,
/// and the connection goes to its answer: nobody asks again. For this test 127.0.0.2 counts as public.
#[actix_rt::test]
async fn a_name_that_changes_between_check_and_connection_gains_nothing() {
    let (secret, visits) = secret().await;
    let outside = TcpListener::bind(("127.0.0.2", secret.port())).await.unwrap();
    actix_rt::spawn(serve(outside, page("<p>outside"), Then::Close));
    let names = Names::new(&[("rebind.example", &[&["127.0.0.2"], &["127.0.0.1"]])]);
    let fetcher = named(&names, |ip| ip == IpAddr::from([127, 0, 0, 2]));
    let address = format!("http://rebind.example:{}/", secret.port());
    let fetched = fetcher.fetch(&address).await.unwrap();
    assert_eq!(fetched.content, Content::Html("<p>outside".into()), "it went to the answer that was checked");
    assert_eq!(names.asked.load(Ordering::SeqCst), 1, "one question for one connection");
    // The next fetch is a new question, and is refused for its answer.
    assert_eq!(fetcher.fetch(&address).await.unwrap_err(), FetchError::PrivateAddress);
    assert_eq!(visits.load(Ordering::SeqCst), 0, "nobody came");
}

#[actix_rt::test]
async fn redirects_are_held_to_the_same_rules_in_every_form() {
    let (secret, visits) = secret().await;
    let port = secret.port();
    for (status, location, expected) in [
        (301, format!("http://{secret}/"), FetchError::PrivateAddress),
        (302, format!("//127.1:{port}/"), FetchError::PrivateAddress),
        (303, format!("\\\\127.0.0.1:{port}\\"), FetchError::PrivateAddress),
        (307, format!("http:\\\\2130706433:{port}"), FetchError::PrivateAddress),
        (308, format!("http://[::ffff:7f00:1]:{port}/"), FetchError::PrivateAddress),
        (302, format!("http://localhost.:{port}/"), FetchError::PrivateAddress),
        (302, format!("http://open@127.0.0.1:{port}/"), FetchError::Credentials),
        (302, "http://1.1.1.1:25/".to_owned(), FetchError::Port(25)),
        (302, "gopher://127.0.0.1:70/".to_owned(), FetchError::Scheme),
        (302, "file:///proc/self/environ".to_owned(), FetchError::Scheme),
        (302, "javascript:alert(1)".to_owned(), FetchError::Scheme),
    ] {
        let open = server(http(&format!("{status} Go\r\nLocation: {location}"), b""), Then::Close).await;
        let error = fetcher(&[open], |_| {}).fetch(&format!("http://{open}/")).await.unwrap_err();
        assert_eq!(error, expected, "{status} to {location}");
    }
    // What a page itself says about going elsewhere is not followed.
    let refresh = format!("<meta http-equiv=refresh content=\"0; url=http://{secret}/\"><p>here");
    let open = server(page(&refresh), Then::Close).await;
    assert!(fetcher(&[open], |_| {}).fetch(&format!("http://{open}/")).await.is_ok());
    let header = http(&format!("200 OK\r\nRefresh: 0; url=http://{secret}/\r\nContent-Type: text/html"), b"<p>x");
    let open = server(header, Then::Close).await;
    assert!(fetcher(&[open], |_| {}).fetch(&format!("http://{open}/")).await.is_ok());
    assert_eq!(visits.load(Ordering::SeqCst), 0, "nobody came");
}
