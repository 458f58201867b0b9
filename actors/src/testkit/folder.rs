//! A folder for the cluster of one test, which leaves nothing behind: not in the temporary folder, not where root's
//! clusters go when Postgres cannot reach that, and not when the test's process is killed.

use crate::cluster::folder::Folder;
use crate::cluster::postmaster::{self, Postmaster};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// What the names begin with; the number of the process follows.
const PREFIX: &str = "estafette-cluster-";
/// Folders within folders that are looked through for clusters.
const MAX_DEPTH: u32 = 4;
/// How long a server may take to go.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// Pause between two looks at it.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// What nobody has used for so long is of a run that was killed.
const STALE: Duration = Duration::from_secs(86_400);

static NEXT: AtomicU32 = AtomicU32::new(0);
static SWEEP: Once = Once::new();

/// A folder for clusters. Dropped, it stops every server that still runs in it and goes with everything below it.
#[derive(Debug)]
pub struct ClusterFolder(PathBuf);

impl Default for ClusterFolder {
    fn default() -> Self {
        Self::new()
    }
}

impl ClusterFolder {
    /// A fresh one, which the user that runs Postgres can enter. The first of a process sweeps what killed runs left.
    ///
    /// # Panics
    /// When the temporary folder cannot be written.
    #[allow(clippy::expect_used)]
    pub fn new() -> Self {
        SWEEP.call_once(sweep);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("{PREFIX}{}-{number}", std::process::id()));
        remove(&path);
        std::fs::create_dir_all(&path).expect("the temporary folder");
        // Others may pass through: as root we lend Postgres another user.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o711)).expect("its mode");
        Self(path.canonicalize().expect("its path"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ClusterFolder {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Removes what killed runs left: folders whose process is gone, and those that took the place of a temporary folder
/// that is gone.
pub(super) fn sweep() {
    let temporary = std::env::temp_dir();
    let temporary = temporary.canonicalize().unwrap_or(temporary);
    for entry in std::fs::read_dir(&temporary).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()?.parse().ok());
        if pid.is_some_and(|pid| !postmaster::is_alive(pid)) || (pid.is_some() && is_stale(&entry.path())) {
            remove(&entry.path());
        }
    }
    for (path, wanted) in Folder::replacements() {
        // Only what stood for a temporary folder: elsewhere a disk may just not be mounted.
        if wanted.starts_with(&temporary) && !wanted.exists() {
            clear(&path);
        }
    }
}

/// Whether nobody has used a folder for longer than any run takes.
pub(super) fn is_stale(path: &Path) -> bool {
    let used = std::fs::metadata(path).and_then(|meta| meta.modified()).unwrap_or(SystemTime::now());
    used.elapsed().is_ok_and(|age| age > STALE)
}

/// Removes a folder with the clusters below it, and what took the place of any of them.
pub(super) fn remove(path: &Path) {
    for (other, wanted) in Folder::replacements() {
        if wanted.starts_with(path) {
            clear(&other);
        }
    }
    clear(path);
}

/// Stops the servers below a folder and removes it, with the folders of sockets that stood elsewhere.
fn clear(path: &Path) {
    for root in roots(path, 0) {
        let data = root.join("postgres");
        if let Some(server) = Postmaster::read(&data).filter(|server| server.is_server_of(&data)) {
            postmaster::signal(server.pid, rustix::process::Signal::QUIT);
            let until = Instant::now() + STOP_LIMIT;
            while Instant::now() < until && postmaster::is_alive(server.pid) {
                std::thread::sleep(LOOK_EVERY);
            }
        }
        let _ = std::fs::remove_dir_all(Folder::short_socket_folder(&root));
    }
    // A backend that is still on its way out may write once more.
    let until = Instant::now() + STOP_LIMIT;
    while path.exists() && std::fs::remove_dir_all(path).is_err() && Instant::now() < until {
        std::thread::sleep(LOOK_EVERY);
    }
}

/// The folders below `path` that hold a cluster.
fn roots(path: &Path, depth: u32) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if path.join("postgres").is_dir() || path.join("run").is_dir() {
        found.push(path.to_path_buf());
    } else if depth < MAX_DEPTH {
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                found.extend(roots(&entry.path(), depth + 1));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Cluster, ClusterOptions, Durability};

    fn start(folder: PathBuf) -> Cluster {
        let options = ClusterOptions {
            folder,
            binaries: None,
            max_connections: 5,
            durability: Durability::None,
            settings: Vec::new(),
        };
        Cluster::start(options).unwrap()
    }

    #[test]
    fn a_folder_goes_with_its_clusters_wherever_they_are() {
        let folder = ClusterFolder::new();
        let deep = folder.path().join("x".repeat(100));
        let mut left = start(deep.clone());
        left.leave_running();
        let socket = left.socket().to_path_buf();
        assert!(!socket.starts_with(folder.path()));
        let pid = left.pid();
        drop(left);
        let mut places = vec![folder.path().to_path_buf(), socket];
        if rustix::process::geteuid().is_root() {
            // Postgres cannot enter this one, so its cluster stands elsewhere.
            let closed = folder.path().join("closed");
            std::fs::create_dir(&closed).unwrap();
            std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
            let cluster = start(closed.join("data"));
            assert!(!cluster.folder().starts_with(folder.path()));
            places.push(cluster.folder().to_path_buf());
            cluster.stop().unwrap();
        }
        assert!(places.iter().all(|place| place.exists()));
        drop(folder);
        assert!(!postmaster::is_alive(pid), "the server runs on");
        for place in places {
            assert!(!place.exists(), "{} is left", place.display());
        }
    }

    #[test]
    fn what_a_killed_run_left_is_swept_by_the_next() {
        let mut gone = std::process::Command::new("true").spawn().unwrap();
        gone.wait().unwrap();
        let left = std::env::temp_dir().join(format!("{PREFIX}{}-0", gone.id()));
        std::fs::create_dir_all(left.join("data/database/postgres")).unwrap();
        let ours = ClusterFolder::new();
        sweep();
        assert!(!left.exists());
        assert!(ours.path().exists(), "a folder whose process lives stays");
    }
}
