//! Start and end of the server's process: nothing is left behind, nothing committed is lost.

use estafette_actors::testkit::ClusterFolder;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn estafette(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_estafette"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("ESTAFETTE_") || ["DATABASE_URL", "REDIS_URL", "OPENAI_API_KEY"].contains(&&*text) {
            command.env_remove(&name);
        }
    }
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command
}

fn done(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = estafette(folder, arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A server that listens.
struct Running {
    process: Child,
    address: String,
}

impl Running {
    fn start(folder: &Path) -> Self {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--log-level", "warn"];
        let mut process = estafette(folder, &arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("Console: ").unwrap_or_else(|| panic!("it said {line:?}")).to_owned();
        Self { process, address }
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    fn wait(&mut self) -> Option<i32> {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "it did not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn pid_file(folder: &Path) -> std::path::PathBuf {
    folder.join(".estafette/database/postgres/postmaster.pid")
}

fn postgres_pid(folder: &Path) -> Option<String> {
    Some(std::fs::read_to_string(pid_file(folder)).ok()?.lines().next()?.to_owned())
}

async fn status(address: &str, path: &str) -> u16 {
    reqwest::get(format!("{address}{path}")).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_server_without_settings_serves_and_both_signals_end_all_that_it_started() {
    for signal in ["-INT", "-TERM"] {
        let folder = ClusterFolder::new();
        let mut server = Running::start(folder.path());
        assert_eq!(status(&server.address, "/health/ready").await, 200);
        assert_eq!(status(&server.address, "/").await, 200);
        assert!(postgres_pid(folder.path()).is_some());
        server.signal(signal);
        assert_eq!(server.wait(), Some(0));
        assert_eq!(postgres_pid(folder.path()), None, "{signal}: Postgres was stopped in good order");
    }
}

#[tokio::test]
async fn a_killed_server_leaves_postgres_to_the_next_one() {
    let folder = ClusterFolder::new();
    let mut first = Running::start(folder.path());
    let postgres = postgres_pid(folder.path()).unwrap();
    first.signal("-KILL");
    first.wait();
    assert_eq!(postgres_pid(folder.path()), Some(postgres.clone()));
    let mut second = Running::start(folder.path());
    assert_eq!(status(&second.address, "/health/ready").await, 200);
    assert_eq!(postgres_pid(folder.path()), Some(postgres), "adopted");
    second.signal("-TERM");
    assert_eq!(second.wait(), Some(0));
    assert_eq!(postgres_pid(folder.path()), None);
}

#[tokio::test]
async fn one_data_folder_has_one_server_and_short_commands_share_its_database() {
    let folder = ClusterFolder::new();
    let mut server = Running::start(folder.path());
    let (code, _, stderr) = done(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("in use by another estafette process: stop that one"), "{stderr}");
    let (code, stdout, stderr) = done(folder.path(), &["migrate"]);
    assert_eq!((code, stdout.as_str()), (0, "the database is up to date; 0 migration(s) applied\n"), "{stderr}");
    assert_eq!(status(&server.address, "/health/ready").await, 200);
    server.signal("-INT");
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn wrong_settings_refuse_to_start_with_one_sentence() {
    let folder = ClusterFolder::new();
    for (arguments, expected) in [
        (vec!["serve", "--pool-size", "1"], "estafette: 1 is out of range for database.pool_size"),
        (vec!["serve", "--config", "none.toml"], "estafette: the settings file none.toml cannot be read"),
        (vec!["serve", "--ai-provider", "openai"], "set OPENAI_API_KEY"),
        (vec!["serve", "--press", "/nowhere/press"], "there is no typesetter at /nowhere/press"),
        (vec!["serve", "--listen", "nowhere"], "invalid value 'nowhere' for '--listen"),
        (vec!["user", "list", "--product", "none"], "estafette: this server has no product none with users"),
    ] {
        let (code, _, stderr) = done(folder.path(), &arguments);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
    let (code, _, stderr) = done(folder.path(), &["serve", "--database-url", "postgresql://127.0.0.1:1/x"]);
    assert!(code == 1 && stderr.contains("refused"), "{stderr}");
}

#[test]
fn the_settings_in_force_and_the_example_can_be_printed() {
    let folder = ClusterFolder::new();
    std::fs::write(folder.path().join("estafette.toml"), "[database]\npool_size = 7\n").unwrap();
    let (code, stdout, _) = done(folder.path(), &["config", "--openai-api-key", "geheim"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("pool_size = 7") && stdout.contains("(set, not shown)") && !stdout.contains("geheim"));
    let (_, example, _) = done(folder.path(), &["config", "--example"]);
    std::fs::write(folder.path().join("estafette.toml"), example).unwrap();
    let (code, stdout, stderr) = done(folder.path(), &["config"]);
    assert!(code == 0 && stdout.contains("pool_size = 16"), "{stderr}");
}
