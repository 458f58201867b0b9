//! ONE private cluster for a whole test run, shared by all its processes.
//!
//! Every process that uses it holds a shared lock on `users.lock` while it lives. A small shell process takes that lock
//! exclusively (so only when nobody is left), waits a grace period for the next test process, stops the server and
//! removes the folder. Folders of runs whose shell was killed too are removed by the next run of any build.

use super::folder;
use crate::cluster::error::said;
use crate::cluster::folder::{log_tail, short_hash};
use crate::cluster::{Cluster, ClusterError, ClusterOptions, Durability};
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Connections that all test processes together may open.
const MAX_CONNECTIONS: u32 = 400;
/// How long the server waits for the next test process, seconds.
const GRACE_SECONDS: u32 = 20;

/// What the names of the runs' folders begin with; user and build follow.
const PREFIX: &str = "estafette-test-";
/// In a folder whose databases somebody wants to look at after the run.
const KEEP: &str = "keep";

static SHARED: OnceLock<Shared> = OnceLock::new();

struct Shared {
    socket: PathBuf,
    log: PathBuf,
    /// Held until the process ends.
    _users: File,
}

/// How to connect to a database of the shared cluster, which is started if it does not run. Blocks.
///
/// # Panics
/// When there is no Postgres on this machine, or it does not start.
#[allow(clippy::panic)]
pub(super) fn config(database: &str) -> tokio_postgres::Config {
    let shared = SHARED.get_or_init(|| join().unwrap_or_else(|error| panic!("the test database: {error}")));
    crate::cluster::server::config(&shared.socket, database)
}

/// The last lines of Postgres' own log, as the end of a sentence: "connection closed" alone helps nobody.
pub(super) fn last_words() -> String {
    SHARED.get().map(|shared| said(&log_tail(&shared.log, 0))).unwrap_or_default()
}

/// Leaves the cluster's folder where it is when the run is over.
pub(super) fn keep() {
    let _ = std::fs::write(folder().join(KEEP), "");
}

/// The folder of the run: one for each build folder, so that two checkouts do not meet.
fn folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let build = program.parent().and_then(Path::parent).unwrap_or(Path::new("/")).to_path_buf();
    std::env::temp_dir().join(format!("{}{}", prefix(), short_hash(&build)))
}

fn prefix() -> String {
    format!("{PREFIX}{}-", rustix::process::geteuid().as_raw())
}

fn open(folder: &Path, name: &str) -> Result<File, ClusterError> {
    let path = folder.join(name);
    File::options().create(true).truncate(false).write(true).open(&path).map_err(ClusterError::io("open", path))
}

/// Makes the folder and holds its shared lock. The reaper of the run before may be removing the same folder: a lock on
/// a file that is gone by then holds nothing, and is taken again.
fn hold(folder: &Path) -> Result<File, ClusterError> {
    loop {
        std::fs::create_dir_all(folder).map_err(ClusterError::io("create", folder))?;
        let users = match open(folder, "users.lock") {
            Err(ClusterError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => continue,
            outcome => outcome?,
        };
        users.lock_shared().map_err(ClusterError::io("lock", folder.join("users.lock")))?;
        let here = std::fs::metadata(folder.join("users.lock")).map(|meta| meta.ino());
        if here.ok() == users.metadata().map(|meta| meta.ino()).ok() {
            return Ok(users);
        }
    }
}

/// Removes the folders of other builds that nobody uses and whose reaper was killed with its run. A folder that
/// somebody keeps is left alone for a day.
fn sweep(ours: &Path) {
    let prefix = prefix();
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        if !name.to_string_lossy().starts_with(&prefix) || path == ours {
            continue;
        }
        let (Ok(users), Ok(reaper)) = (open(&path, "users.lock"), open(&path, "reaper.lock")) else { continue };
        let kept = path.join(KEEP).exists() && !folder::is_stale(&path.join(KEEP));
        if !kept && users.try_lock().is_ok() && reaper.try_lock().is_ok() {
            folder::remove(&path);
        }
    }
}

fn join() -> Result<Shared, ClusterError> {
    let folder = folder();
    sweep(&folder);
    let users = hold(&folder)?;
    if std::env::var_os("ESTAFETTE_KEEP_TEST_DB").is_none() {
        // Kept for the run before this one.
        let _ = std::fs::remove_file(folder.join(KEEP));
    }
    // One after the other: the first starts the server, the others adopt it.
    let start = open(&folder, "start.lock")?;
    start.lock().map_err(ClusterError::io("lock", folder.join("start.lock")))?;
    let mut cluster = Cluster::start(ClusterOptions {
        folder: folder.join("cluster"),
        binaries: None,
        max_connections: MAX_CONNECTIONS,
        durability: Durability::None,
        settings: Vec::new(),
    })?;
    cluster.leave_running();
    if open(&folder, "reaper.lock")?.try_lock().is_ok() {
        start_reaper(&folder, cluster.folder())?;
    }
    let log = cluster.folder().join("postgres.log");
    Ok(Shared { socket: cluster.socket().to_path_buf(), log, _users: users })
}

/// `$0` is the run's folder, `$1` the server's pid file, `$2` the grace period, `$3` the cluster's folder, which may be
/// elsewhere. What is removed is removed under the lock that every user of it takes first.
const REAPER: &str = r#"
exec 9>"$0/reaper.lock"; flock -n 9 || exit 0
while [ -d "$0" ]; do
  flock -x "$0/users.lock" true 9>&- || exit 0
  sleep "$2" 9>&-
  flock -n -x "$0/users.lock" sh -c '
    pid=$(head -n 1 "$1" 2>/dev/null)
    [ -n "$pid" ] && kill -INT "$pid" 2>/dev/null
    while [ -n "$pid" ] && [ -e "$1" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    [ -e "$0/keep" ] || rm -rf "$2" "$0"' "$0" "$1" "$3" 9>&- && exit 0
done
"#;

fn start_reaper(folder: &Path, cluster: &Path) -> Result<(), ClusterError> {
    reaper(folder, cluster, GRACE_SECONDS).spawn().map(|_| ()).map_err(ClusterError::io("start the reaper of", folder))
}

fn reaper(folder: &Path, cluster: &Path, grace_seconds: u32) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(REAPER)
        .arg(folder)
        .arg(cluster.join("postgres/postmaster.pid"))
        .arg(grace_seconds.to_string())
        .arg(cluster)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::ClusterFolder;

    #[test]
    fn the_reaper_removes_what_nobody_uses_and_nobody_keeps() {
        let outer = ClusterFolder::new();
        let (run, cluster) = (outer.path().join("run"), outer.path().join("cluster"));
        std::fs::create_dir(&cluster).unwrap();
        let users = hold(&run).unwrap();
        let mut waits = reaper(&run, &cluster, 0).spawn().unwrap();
        // One at a time: a second one leaves at once. So does the first, if it comes while this look has the lock.
        while open(&run, "reaper.lock").unwrap().try_lock().is_ok() {
            if waits.try_wait().unwrap().is_some() {
                waits = reaper(&run, &cluster, 0).spawn().unwrap();
            }
            std::thread::yield_now();
        }
        assert!(reaper(&run, &cluster, 0).status().unwrap().success());
        assert!(run.exists() && cluster.exists(), "somebody uses them");
        assert!(waits.try_wait().unwrap().is_none());
        std::fs::write(run.join(KEEP), "").unwrap();
        drop(users);
        assert!(waits.wait().unwrap().success());
        assert!(run.exists() && cluster.exists(), "somebody keeps them");
        std::fs::remove_file(run.join(KEEP)).unwrap();
        assert!(reaper(&run, &cluster, 0).status().unwrap().success());
        assert!(!run.exists() && !cluster.exists());
        // The next run begins from nothing.
        drop(hold(&run).unwrap());
        assert!(run.exists());
    }
}
