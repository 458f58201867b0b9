//! `loadtest scale` with tiny levels against the server beside this test's program: everything is measured, drawn and ended.
//! What so little work costs is no measurement, so the bounds themselves are not held here (`scenario::scale::level` is).

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "everything here is a test")]

use clap::Parser as _;
use estafette_loadtest::cli::Cli;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The server's program, which a build of the whole workspace puts beside the tests' folder.
fn server() -> Option<PathBuf> {
    let named = std::env::var_os("ESTAFETTE_BIN").map(PathBuf::from);
    let beside = std::env::current_exe().ok()?.parent()?.parent()?.join("estafette");
    named.or(Some(beside)).filter(|program| program.is_file())
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Runs it with some arguments: its report and its verdict. `None`: it cannot run here.
async fn scale(arguments: &[&str], folder: &Path) -> Option<(Value, bool)> {
    let Some(server) = server() else {
        println!("SKIPPED: the server is not built (`cargo build`), and this is measured with it");
        return None;
    };
    let json = folder.join("a.json");
    let path = |path: &Path| path.display().to_string();
    let mut all = vec!["loadtest".to_owned(), "scale".to_owned(), "--quick".to_owned()];
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    all.extend(["--bin".to_owned(), path(&server), "--seed".to_owned(), "7".to_owned()]);
    all.extend(["--keep-free-gib".to_owned(), "0".to_owned()]);
    all.extend(["--json".to_owned(), path(&json), "--plots".to_owned(), path(folder)]);
    all.extend([
        "--markdown".to_owned(),
        path(&folder.join("a.md")),
        "--html".to_owned(),
        path(&folder.join("a.html")),
    ]);
    let passed = Cli::parse_from(all).run().await.unwrap();
    Some((serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap(), passed))
}

fn check<'a>(report: &'a Value, id: &str) -> &'a Value {
    report["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap()
}

#[tokio::test]
async fn tables_are_filled_and_tasks_are_measured_at_each_level() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--only", "tasks", "--task-levels", "10,105", "--tasks", "20", "--seconds", "1"];
    let Some((report, passed)) = scale(&arguments, folder.path()).await else { return };
    for id in ["scale.filled", "task.ended-well", "history.complete"] {
        assert_eq!(check(&report, id)["passed"], true, "{report:#}");
    }
    // 10 templates, 20 + 4 tasks at each level.
    assert_eq!(check(&report, "task.ended-well")["looked_at"].as_u64().unwrap(), 10 + 2 * 20, "{report:#}");
    let rows = report["tables"][0]["rows"].as_array().unwrap();
    // Whole copies of the templates: at least as many as were asked for.
    assert_eq!((rows[0][0].as_str(), rows[1][0].as_str()), (Some("10"), Some("110")));
    // A task, its steps, events, logs, its remembered call and its product's row, each as often.
    let count = |row: usize| rows[row][1].as_str().unwrap().replace(',', "").parse::<u64>().unwrap();
    assert_eq!(count(1), 11 * count(0));
    assert!(count(0) >= 10 * (1 + 10), "a task and its steps at least: {rows:?}");
    let points = report["plots"][0]["lines"][0]["points"].as_array().unwrap();
    assert!(points.len() == 2 && points.iter().all(|point| point[1].as_f64().unwrap() > 0.0), "{points:?}");
    // The verdict is that of the checks, all of which looked at something.
    let all = report["checks"].as_array().unwrap();
    assert_eq!(passed, all.iter().all(|check| check["passed"] == true));
    assert_eq!(check(&report, "scale.flat-tasks")["looked_at"], 4, "{report:#}");
    let svg = std::fs::read_to_string(folder.path().join("scale-tasks-cpu.svg")).unwrap();
    assert!(svg.contains(">110</text>") && svg.contains("<circle"), "{svg}");
    let page = std::fs::read_to_string(folder.path().join("a.html")).unwrap();
    assert!(page.contains("CPU of 1,000 tasks of ten steps") && page.contains("<svg"));
    assert!(std::fs::read_to_string(folder.path().join("a.md")).unwrap().contains("| 110 |"));
}

#[tokio::test]
async fn connections_are_held_while_a_stream_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--only", "connections", "--connection-levels", "20", "--seconds", "1"];
    let Some((report, passed)) = scale(&arguments, folder.path()).await else { return };
    for id in ["socket.stays-open", "history.contiguous"] {
        assert_eq!(check(&report, id)["passed"], true, "{report:#}");
    }
    // One level proves nothing, and so few connections cost less than what the server's own work varies by.
    assert!(!passed && check(&report, "scale.flat-connections")["passed"] == false, "{report:#}");
    let row = report["tables"][0]["rows"][0].as_array().unwrap();
    assert_eq!((row[0].as_str(), row[1].as_str(), row[2].as_str()), (Some("20"), Some("–"), Some("–")));
    assert!(row[3].as_str().unwrap().replace(',', "").parse::<f64>().unwrap() > 1_000.0, "{row:?}");
    assert!(report["plots"].as_array().unwrap().iter().any(|plot| plot["name"] == "scale-connections-late"));
}

#[tokio::test]
async fn one_node_and_two_run_the_same_tasks() {
    if !is_there("redis-server") && !is_there("valkey-server") {
        println!("SKIPPED: no Redis is in PATH, and two nodes need one");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let Some((report, _)) = scale(&["--only", "nodes", "--tasks", "40"], folder.path()).await else { return };
    assert_eq!(check(&report, "task.ended-well")["passed"], true, "{report:#}");
    // 40 by one node and by two, with few under way and with many.
    assert_eq!(check(&report, "task.ended-well")["looked_at"], 160, "{report:#}");
    assert_eq!(check(&report, "scale.two-nodes")["looked_at"], 1, "{report:#}");
    let tables = report["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 2);
    for table in tables {
        let rows = table["rows"].as_array().unwrap();
        assert_eq!((rows[0][0].as_str(), rows[1][0].as_str()), (Some("one"), Some("two")));
        assert!(rows.iter().all(|row| row[1].as_str().unwrap().parse::<f64>().unwrap() > 0.0), "{rows:?}");
    }
}
