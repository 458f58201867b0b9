//! `estafette import fitmycv` as a process: killed in the middle and started again; and at size, when `IMPORT_PEOPLE` says so.

use estafette::cv::import::old;
use estafette::testing::{self, TestDatabase};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio_postgres::Client;

const SEED: u32 = 11;
/// People of an ordinary run.
const PEOPLE: u32 = 400;
/// How long an import may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(1200);

fn people() -> u32 {
    std::env::var("IMPORT_PEOPLE").ok().and_then(|text| text.parse().ok()).unwrap_or(PEOPLE)
}

fn command(from: &TestDatabase, to: &TestDatabase, folder: &std::path::Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_estafette"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("ESTAFETTE_") || ["DATABASE_URL", "REDIS_URL", "OPENAI_API_KEY"].contains(&&*text) {
            command.env_remove(&name);
        }
    }
    command.current_dir(folder).args(["import", "fitmycv", "--from", &from.url(), "--database", &to.url()]).args(more);
    command.stdin(Stdio::null());
    command
}

async fn digest(client: &Client) -> BTreeMap<String, (i64, Option<String>)> {
    let sql = "SELECT table_name::text FROM information_schema.tables
               WHERE table_schema = 'cv' AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'import%'";
    let mut all = BTreeMap::new();
    for row in client.query(sql, &[]).await.unwrap() {
        let table: String = row.get(0);
        // Times of writing are this database's own where the old one had none.
        let sql = format!(
            "SELECT count(*), md5(string_agg(h, '' ORDER BY h)) FROM
             (SELECT md5((to_jsonb(t) - 'created_at' - 'updated_at')::text) AS h FROM cv.{table} t) AS hashes"
        );
        let row = client.query_one(&sql, &[]).await.unwrap();
        all.insert(table, (row.get(0), row.get(1)));
    }
    all
}

/// Peak resident memory of a process, MiB.
fn peak_mib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

#[tokio::test]
async fn an_import_that_is_killed_goes_on_and_ends_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().unwrap();
    let from = TestDatabase::fresh(&[]).await;
    let there = from.connect().await;
    let began = Instant::now();
    old::make(&there, people(), SEED, 4).await.unwrap();
    eprintln!("made the old database of {} people in {:.1} s", people(), began.elapsed().as_secs_f64());

    // In one go.
    let whole = testing::database().await;
    let file = folder.path().join("report.json");
    let began = Instant::now();
    let mut process = command(&from, &whole, folder.path(), &["--report", file.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut peak = 0;
    while process.try_wait().unwrap().is_none() {
        peak = peak.max(peak_mib(process.id()).unwrap_or(0));
        assert!(began.elapsed() < PATIENCE, "it hangs");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let output = process.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.len() > 50 && checks.iter().all(|check| check["holds"] == true), "{text}");
    let complete = report["models"].as_array().unwrap().iter().all(|model| model["table_is_here"] == true);
    assert_eq!(output.status.success(), complete, "the exit code says whether everything has a place here: {text}");
    let taken: i64 = report["models"].as_array().unwrap().iter().map(|model| model["taken"].as_i64().unwrap()).sum();
    eprintln!("{text}\n{taken} rows in {:.1} s, peak {peak} MiB", began.elapsed().as_secs_f64());
    assert!(peak < 300, "memory does not grow with the database: {peak} MiB");
    let here = whole.connect().await;
    let expected = digest(&here).await;
    assert_eq!(expected["users"].0, i64::from(people()));

    // Again: nothing changes.
    let began = Instant::now();
    let second = command(&from, &whole, folder.path(), &[]).output().unwrap();
    assert!(
        second.status.success() == complete && String::from_utf8_lossy(&second.stdout).contains("nothing was done")
    );
    let third = command(&from, &whole, folder.path(), &["--again"]).output().unwrap();
    assert_eq!(third.status.success(), complete, "{}", String::from_utf8_lossy(&third.stdout));
    eprintln!("a second and a third run, with --again: {:.1} s", began.elapsed().as_secs_f64());
    assert_eq!(digest(&here).await, expected);

    // Killed three times, each time further on.
    let killed = testing::database().await;
    let here = killed.connect().await;
    let steps = "SELECT coalesce(sum(read), 0)::bigint FROM cv.import_progress";
    let mut last = 0;
    for round in 1..=3 {
        let mut process = command(&from, &killed, folder.path(), &[]).stdout(Stdio::null()).spawn().unwrap();
        let goal = taken * round / 4;
        let began = Instant::now();
        loop {
            let read: i64 = here.query_one(steps, &[]).await.unwrap().get(0);
            if read > goal {
                process.kill().unwrap();
                process.wait().unwrap();
                assert!(read > last, "it began at the beginning");
                last = read;
                break;
            }
            assert!(process.try_wait().unwrap().is_none(), "it ended before it could be killed");
            assert!(began.elapsed() < PATIENCE, "it hangs");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let open = here.query_one("SELECT count(*) FROM cv.import_runs WHERE finished_at IS NULL", &[]).await.unwrap();
        assert_eq!(open.get::<_, i64>(0), 1, "the same run goes on");
    }
    let end = command(&from, &killed, folder.path(), &[]).output().unwrap();
    assert_eq!(end.status.success(), complete, "{}", String::from_utf8_lossy(&end.stdout));
    assert_eq!(digest(&here).await, expected);
}
