//! The fetcher against real servers on loopback. The policy lets through exactly those that a test names.

use super::*;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that answers each connection with these bytes and then does what `then` says.
pub(super) async fn server(answer: Vec<u8>, then: Then) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    actix_rt::spawn(serve(listener, answer, then));
    addr
}

pub(super) async fn serve(listener: TcpListener, answer: Vec<u8>, then: Then) {
    loop {
        let (mut socket, _) = listener.accept().await.unwrap();
        let answer = answer.clone();
        actix_rt::spawn(async move {
            let mut request = [0_u8; 4_096];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(&answer).await;
            match then {
                Then::Close => {}
                Then::Drip => {
                    while socket.write_all(b"x").await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
                Then::Flood => while socket.write_all(&[b'x'; 64 * 1024]).await.is_ok() {},
            }
        });
    }
}

#[derive(Clone, Copy)]
pub(super) enum Then {
    Close,
    Drip,
    Flood,
}

pub(super) fn http(head: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").into_bytes();
    answer.extend_from_slice(body);
    answer
}

pub(super) fn page(body: &str) -> Vec<u8> {
    http(&format!("200 OK\r\nContent-Type: text/html\r\nContent-Length: {}", body.len()), body.as_bytes())
}

pub(super) fn fetcher(allow: &[SocketAddr], change: impl FnOnce(&mut FetchPolicy)) -> Fetcher {
    let mut policy = FetchPolicy { timeout: Duration::from_secs(5), ..FetchPolicy::default() };
    policy.allow = allow.iter().map(|addr| addr.to_string().parse().unwrap()).collect();
    change(&mut policy);
    Fetcher::new(policy).unwrap()
}

async fn fetched(answer: Vec<u8>) -> Result<Content, FetchError> {
    let addr = server(answer, Then::Close).await;
    fetcher(&[addr], |_| {}).fetch(&format!("http://{addr}/job")).await.map(|fetched| fetched.content)
}

#[actix_rt::test]
async fn every_way_of_writing_a_private_address_is_refused_before_anything_is_sent() {
    let addr = server(page("secret"), Then::Close).await;
    let port = addr.port();
    let fetcher = fetcher(&[], |_| {});
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "１２７.0.0.1",
        "127。0。0。1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
    ] {
        let error = fetcher.fetch(&format!("http://{host}:{port}/")).await.unwrap_err();
        assert_eq!(error, FetchError::PrivateAddress, "{host}");
    }
}

#[actix_rt::test]
async fn what_is_no_public_web_address_is_refused() {
    let fetcher = fetcher(&[], |_| {});
    for (address, error) in [
        ("", FetchError::InvalidUrl),
        ("http://", FetchError::InvalidUrl),
        ("not an address", FetchError::InvalidUrl),
        ("file:///etc/passwd", FetchError::Scheme),
        ("ftp://example.com/", FetchError::Scheme),
        ("javascript:alert(1)", FetchError::Scheme),
        ("data:text/html,x", FetchError::Scheme),
        ("http://user@example.com/", FetchError::Credentials),
        ("http://example.com:pw@127.0.0.1/", FetchError::Credentials),
    ] {
        assert_eq!(fetcher.check(address).unwrap_err(), error, "{address}");
    }
    assert_eq!(fetcher.check(&"x".repeat(URL_CHARS_MAX + 1)).unwrap_err(), FetchError::InvalidUrl);
    assert_eq!(fetcher.check(" example.com/job ").unwrap().as_str(), "https://example.com/job");
}

#[actix_rt::test]
async fn a_named_private_place_is_let_through_but_no_other_port_of_it() {
    let open = server(page("<p>open</p>"), Then::Close).await;
    let shut = server(page("secret"), Then::Close).await;
    let fetcher = fetcher(&[open], |_| {});
    let page = fetcher.fetch(&format!("http://{open}/")).await.unwrap();
    assert_eq!(page.content, Content::Html("<p>open</p>".into()));
    assert_eq!(fetcher.fetch(&format!("http://{shut}/")).await.unwrap_err(), FetchError::PrivateAddress);
}

#[actix_rt::test]
async fn a_redirect_into_the_private_network_is_refused_on_every_hop() {
    let shut = server(page("secret"), Then::Close).await;
    for target in
        [format!("http://{shut}/"), format!("//localhost:{}/", shut.port()), "http://169.254.169.254/latest".into()]
    {
        let open = server(http(&format!("302 Found\r\nLocation: {target}"), b""), Then::Close).await;
        let twice = server(http(&format!("307 Moved\r\nLocation: http://{open}/"), b""), Then::Close).await;
        let error = fetcher(&[open, twice], |_| {}).fetch(&format!("http://{twice}/")).await.unwrap_err();
        assert_eq!(error, FetchError::PrivateAddress, "{target}");
    }
}

#[actix_rt::test]
async fn a_redirect_to_another_scheme_or_with_a_password_is_refused() {
    for (target, expected) in [
        ("file:///etc/passwd", FetchError::Scheme),
        ("http://a:b@example.com/", FetchError::Credentials),
        ("http://[", FetchError::InvalidUrl),
    ] {
        let error = fetched(http(&format!("301 Moved\r\nLocation: {target}"), b"")).await.unwrap_err();
        assert_eq!(error, expected, "{target}");
    }
    let nowhere = fetched(http("302 Found", b"")).await.unwrap_err();
    assert!(matches!(nowhere, FetchError::Status { status: 302, .. }));
}

#[actix_rt::test]
async fn redirects_are_followed_up_to_the_bound_and_relative_ones_too() {
    let target = server(page("<p>here</p>"), Then::Close).await;
    let hop = server(http(&format!("302 Found\r\nLocation: http://{target}/a/b"), b""), Then::Close).await;
    let page = fetcher(&[target, hop], |_| {}).fetch(&format!("http://{hop}/")).await.unwrap();
    assert_eq!(page.url.path(), "/a/b");
    let endless = fetched(http("302 Found\r\nLocation: next", b"")).await.unwrap_err();
    assert_eq!(endless, FetchError::TooManyRedirects { max: 5 });
}

#[actix_rt::test]
async fn a_page_of_50_mb_is_refused_by_its_length_and_while_it_comes() {
    let started = Instant::now();
    let announced = http("200 OK\r\nContent-Type: text/html\r\nContent-Length: 52428800", b"");
    assert_eq!(fetched(announced).await.unwrap_err(), FetchError::TooLarge { max: 5 * 1024 * 1024 });
    let addr = server(http("200 OK\r\nContent-Type: text/html", b""), Then::Flood).await;
    let error = fetcher(&[addr], |_| {}).fetch(&format!("http://{addr}/")).await.unwrap_err();
    assert_eq!(error, FetchError::TooLarge { max: 5 * 1024 * 1024 });
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[actix_rt::test]
async fn a_compressed_bomb_is_refused_at_its_real_size() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..50 {
        packer.write_all(&vec![b'x'; 1024 * 1024]).unwrap();
    }
    let bomb = packer.finish().unwrap();
    assert!(bomb.len() < 100_000);
    let head = format!("200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: {}", bomb.len());
    assert_eq!(fetched(http(&head, &bomb)).await.unwrap_err(), FetchError::TooLarge { max: 5 * 1024 * 1024 });
}

#[actix_rt::test]
async fn a_body_that_drips_and_a_server_that_says_nothing_are_left_in_time() {
    for answer in [http("200 OK\r\nContent-Type: text/html", b""), b"HTTP/1.1 200 OK\r\nX: ".to_vec(), Vec::new()] {
        let addr = server(answer, Then::Drip).await;
        let fetcher = fetcher(&[addr], |policy| policy.timeout = Duration::from_millis(300));
        let started = Instant::now();
        let error = fetcher.fetch(&format!("http://{addr}/")).await.unwrap_err();
        // An answer that does not begin like one may also be told as such.
        assert!(matches!(error, FetchError::Timeout | FetchError::Connect(_)), "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}

#[actix_rt::test]
async fn statuses_are_final_or_not() {
    for (head, code, retryable) in [
        ("404 Not Found", "not_found", false),
        ("410 Gone", "not_found", false),
        ("403 Forbidden", "http_status", false),
        ("429 Slow\r\nRetry-After: 9", "http_status", true),
        ("503 Busy", "http_status", true),
    ] {
        let error = fetched(http(head, b"")).await.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), (code, retryable), "{head}");
        if head.starts_with("429") {
            assert_eq!(error, FetchError::Status { status: 429, retry_after: Some(Duration::from_secs(9)) });
        }
    }
}

#[actix_rt::test]
async fn an_answer_that_breaks_off_is_told_as_such() {
    let cut = http("200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000", b"<p>only this");
    assert_eq!(fetched(cut).await.unwrap_err(), FetchError::Interrupted);
    let broken = http("200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip", b"no gzip at all");
    assert_eq!(fetched(broken).await.unwrap_err(), FetchError::Interrupted);
}

#[actix_rt::test]
async fn a_host_that_is_not_there_or_has_no_name_is_told_apart() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = fetcher(&[gone], |_| {}).fetch(&format!("http://{gone}/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Connect(_)), "{error:?}");
    let error = fetcher(&[], |_| {}).fetch("http://no-such-host.invalid/").await.unwrap_err();
    assert_eq!(error, FetchError::Dns);
}

#[actix_rt::test]
async fn kinds_are_told_by_their_type_or_their_beginning() {
    let typed = |kind: &str, body: &[u8]| http(&format!("200 OK\r\nContent-Type: {kind}"), body);
    let latin = fetched(typed("text/html; charset=iso-8859-1", b"<p>\xe9t\xe9")).await.unwrap();
    assert_eq!(latin, Content::Html("<p>été".into()));
    assert_eq!(fetched(typed("text/plain", b"an offer")).await.unwrap(), Content::Text("an offer".into()));
    let plain_page = fetched(typed("text/plain", b"<!DOCTYPE html><p>x")).await.unwrap();
    assert!(matches!(plain_page, Content::Html(_)));
    for kind in ["application/pdf", "application/octet-stream", "text/html"] {
        assert!(matches!(fetched(typed(kind, b"%PDF-1.7 ...")).await.unwrap(), Content::Pdf(_)), "{kind}");
    }
    let image = fetched(typed("image/png", b"\x89PNG")).await.unwrap_err();
    assert_eq!(image, FetchError::UnsupportedType { kind: "image/png".into() });
}
