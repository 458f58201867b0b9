//! `loadtest compare` against the smallest of the peers: installs it, starts it, measures it, ends it.

use clap::Parser as _;
use estafette_loadtest::cli::Cli;
use serde_json::Value;
use std::process::Command;

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn a_peer_is_installed_measured_and_ended() {
    if !is_there("node") || !is_there("npm") {
        println!("SKIPPED: node or npm is not in PATH, and the peer is a program of Node");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (json, markdown) = (file("a.json"), file("a.md"));
    let peers = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");
    let arguments = [
        "loadtest",
        "compare",
        "--quick",
        "--only",
        "own",
        "--sides",
        "ws",
        "--peers",
        peers,
        "--json",
        &json,
        "--markdown",
        &markdown,
        "--seed",
        "7",
    ];
    let passed = Cli::parse_from(arguments).run().await.unwrap();
    let result: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    let run = &result["runs"][0];
    assert!(passed, "{result:#}");
    assert_eq!((run["side"].as_str(), run["scenario"].as_str()), (Some("ws"), Some("own")));
    // It was measured: every process has its CPU time, messages came in order, and they came in some time.
    let cpu = run["cpu"]["own_cpu"]["node"].as_f64().unwrap();
    assert!(cpu > 0.0 && (cpu - run["values"]["own_cpu"].as_f64().unwrap()).abs() < 1e-9, "{run:#}");
    assert!(run["values"]["own_p99"].as_f64().unwrap() > 0.0);
    assert_eq!(run["broken"], 0, "{run:#}");
    let table = std::fs::read_to_string(&markdown).unwrap();
    assert!(table.contains("| `ws` (Node) |"), "{table}");
}
