//! ONE private cluster for a whole test run, shared by all its processes.
//!
//! Every process that uses it holds a shared lock on `users.lock` while it lives. A small shell process takes that lock
//! exclusively (so only when nobody is left), waits a grace period for the next test process, and stops the server.

use crate::cluster::{Cluster, ClusterError, ClusterOptions, Durability};
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Connections that all test processes together may open.
const MAX_CONNECTIONS: u32 = 400;
/// How long the server waits for the next test process, seconds.
const GRACE_SECONDS: u32 = 20;

static SHARED: OnceLock<Shared> = OnceLock::new();

struct Shared {
    socket: PathBuf,
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

/// The folder of the run: one for each build folder, so that two checkouts do not meet.
fn folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let build = program.parent().and_then(Path::parent).unwrap_or(Path::new("/")).to_path_buf();
    let user = rustix::process::geteuid().as_raw();
    std::env::temp_dir().join(format!("estafette-test-{user}-{}", crate::cluster::folder::short_hash(&build)))
}

fn join() -> Result<Shared, ClusterError> {
    let folder = folder();
    std::fs::create_dir_all(&folder).map_err(ClusterError::io("create", &folder))?;
    let open = |name: &str| -> Result<File, ClusterError> {
        let path = folder.join(name);
        File::options().create(true).truncate(false).write(true).open(&path).map_err(ClusterError::io("open", path))
    };
    let users = open("users.lock")?;
    users.lock_shared().map_err(ClusterError::io("lock", folder.join("users.lock")))?;
    // One after the other: the first starts the server, the others adopt it.
    let start = open("start.lock")?;
    start.lock().map_err(ClusterError::io("lock", folder.join("start.lock")))?;
    let mut cluster = Cluster::start(ClusterOptions {
        folder: folder.join("cluster"),
        binaries: None,
        max_connections: MAX_CONNECTIONS,
        durability: Durability::None,
    })?;
    cluster.leave_running();
    if open("reaper.lock")?.try_lock().is_ok() {
        start_reaper(&folder, cluster.folder())?;
    }
    Ok(Shared { socket: cluster.socket().to_path_buf(), _users: users })
}

/// `$0` is the run's folder, `$1` the server's pid file, `$2` the grace period.
const REAPER: &str = r#"
exec 9>"$0/reaper.lock"; flock -n 9 || exit 0
while [ -d "$0" ]; do
  flock -x "$0/users.lock" true 9>&- || exit 0
  sleep "$2" 9>&-
  flock -n -x "$0/users.lock" sh -c '
    pid=$(head -n 1 "$0" 2>/dev/null) || exit 0
    kill -INT "$pid" 2>/dev/null
    while [ -e "$0" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done' "$1" 9>&- && exit 0
done
"#;

fn start_reaper(folder: &Path, cluster: &Path) -> Result<(), ClusterError> {
    Command::new("sh")
        .arg("-c")
        .arg(REAPER)
        .arg(folder)
        .arg(cluster.join("postgres/postmaster.pid"))
        .arg(GRACE_SECONDS.to_string())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(|_| ())
        .map_err(ClusterError::io("start the reaper of", folder))
}
