//! RFC 6455 as the public Autobahn cases measure it, on `estafette serve --conformance-echo`: the cases of sections 1 to
//! 7, 9 and 10 under their numbers there, and what is offered in sections 12 and 13 (compression, which this server does
//! not negotiate). `.ci/autobahn.sh` runs the original suite where Python 2.7 is to be had.
//!
//! | module | holds |
//! |---|---|
//! | [`case`] | what a case is, and how it is played |
//! | [`frames`] | sections 1 to 5: framing, pings, reserved bits, opcodes, fragments |
//! | [`text`] | section 6: UTF-8 |
//! | [`close`] | section 7: the closing handshake |
//! | [`sizes`] | sections 9 and 10: up to 16 MiB, fragmented, chopped, a thousand round trips |

mod case;
mod close;
mod frames;
mod sizes;
mod text;

use crate::support::server::Server;
use crate::support::wire::{Client, Ended, Frame};
use case::Case;
use std::collections::BTreeMap;

/// Cases of the public suite, by section.
const PUBLIC: &[(&str, usize)] = &[
    ("1.1", 8),
    ("1.2", 8),
    ("2", 11),
    ("3", 7),
    ("4.1", 5),
    ("4.2", 5),
    ("5", 20),
    ("6.1", 3),
    ("6.2", 4),
    ("6.3", 2),
    ("6.4", 4),
    ("6.5", 5),
    ("6.6", 11),
    ("6.7", 4),
    ("6.8", 2),
    ("6.9", 4),
    ("6.10", 3),
    ("6.11", 5),
    ("6.12", 8),
    ("6.13", 5),
    ("6.14", 10),
    ("6.15", 1),
    ("6.16", 3),
    ("6.17", 5),
    ("6.18", 5),
    ("6.19", 5),
    ("6.20", 7),
    ("6.21", 8),
    ("6.22", 34),
    ("6.23", 7),
    ("7.1", 6),
    ("7.3", 6),
    ("7.5", 1),
    ("7.7", 13),
    ("7.9", 9),
    ("7.13", 2),
    ("9.1", 6),
    ("9.2", 6),
    ("9.3", 9),
    ("9.4", 9),
    ("9.5", 6),
    ("9.6", 6),
    ("9.7", 6),
    ("9.8", 6),
    ("10.1", 1),
];

/// What clients offer in section 12, and in 13.1 to 13.7.
const COMPRESSION_OFFERS: &[&str] = &[
    "permessage-deflate",
    "permessage-deflate; client_no_context_takeover; client_max_window_bits",
    "permessage-deflate; client_no_context_takeover; client_max_window_bits; server_no_context_takeover",
    "permessage-deflate; client_max_window_bits; server_max_window_bits=9",
    "permessage-deflate; client_max_window_bits; server_max_window_bits=15",
    "permessage-deflate; client_max_window_bits; server_no_context_takeover; server_max_window_bits=9",
    "permessage-deflate; client_max_window_bits; server_no_context_takeover; server_max_window_bits=15",
    "permessage-deflate; server_no_context_takeover; server_max_window_bits=9, permessage-deflate",
];

/// Plays cases and tells, by section, how many are as they should be.
#[allow(clippy::print_stdout)]
async fn play(server: &Server, cases: Vec<Case>) {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in cases {
        let count = counts.entry(case.section().to_owned()).or_default();
        match case.play(server.address()).await {
            Ok(()) => count.0 += 1,
            Err(seen) => {
                count.1 += 1;
                failures.push(format!("{}: {seen}", case.id));
            }
        }
    }
    for (section, (good, bad)) in &counts {
        eprintln!("section {section}: {good} of {} cases", good + bad);
    }
    for (section, (good, bad)) in counts {
        let public = PUBLIC.iter().find(|(name, _)| *name == section).unwrap_or_else(|| panic!("{section}")).1;
        assert_eq!(good + bad, public, "section {section} has all cases of the public suite");
    }
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}

async fn server() -> (estafette_actors::testkit::TestDatabase, Server) {
    let database = estafette::testing::database().await;
    let server = Server::with(&database.url(), &["--conformance-echo"], &[]);
    (database, server)
}

#[test]
fn all_cases_of_the_public_suite_are_here() {
    let ours: Vec<Case> = [frames::cases(), text::cases(), close::cases(), sizes::cases()].concat();
    let mut ids: Vec<&str> = ours.iter().map(|case| case.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), ours.len(), "each number once");
    assert_eq!(ours.len(), PUBLIC.iter().map(|(_, cases)| cases).sum::<usize>());
    for (section, count) in PUBLIC {
        assert_eq!(ours.iter().filter(|case| case.section() == *section).count(), *count, "section {section}");
    }
}

#[actix_web::test]
async fn sections_1_to_5_frames() {
    let (_database, server) = server().await;
    play(&server, frames::cases()).await;
}

#[actix_web::test]
async fn section_6_utf8() {
    let (_database, server) = server().await;
    play(&server, text::cases()).await;
}

#[actix_web::test]
async fn section_7_close() {
    let (_database, server) = server().await;
    play(&server, close::cases()).await;
}

#[actix_web::test]
async fn close_codes_all_over_the_range() {
    let (_database, server) = server().await;
    for case in close::drawn() {
        case.play(server.address()).await.unwrap_or_else(|seen| panic!("{}: {seen}", case.id));
    }
}

#[actix_web::test]
async fn sections_9_and_10_sizes() {
    let (_database, server) = server().await;
    play(&server, sizes::cases()).await;
}

#[actix_web::test]
async fn sections_12_and_13_no_compression_is_negotiated() {
    let (_database, server) = server().await;
    for offer in COMPRESSION_OFFERS {
        let mut client = Client::open_with(server.address(), "/v1/echo", &[("Sec-WebSocket-Extensions", offer)]).await;
        let head = client.head().to_ascii_lowercase();
        assert!(!head.contains("sec-websocket-extensions"), "{offer}: {head}");
        // A client that compresses all the same broke the rules.
        client.write(&Frame::text("x").rsv(4).bytes(), None).await;
        assert_eq!(client.end().await, Ended::Closed(Some(1002), true), "{offer}");
    }
}

#[actix_web::test]
async fn the_echo_is_there_only_when_asked_for() {
    let database = estafette::testing::database().await;
    let server = Server::on(&database.url(), &[]);
    let answer = Client::ask(server.address(), "/v1/echo", &[]).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}
