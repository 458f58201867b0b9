//! What lies where in a cluster's folder, made with the right owner and mode.

use super::account::Account;
use super::binaries::Binaries;
use super::error::ClusterError;
use std::fs::{File, Permissions, TryLockError};
use std::os::unix::ffi::OsStrExt as _;
#[cfg(feature = "testkit")]
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Longest folder in which the path of a Unix socket still fits (108 bytes with `/.s.PGSQL.5432` and the end).
const MAX_SOCKET_FOLDER_BYTES: usize = 90;
/// A log above this size is begun anew at the next start, bytes.
const MAX_LOG_BYTES: u64 = 8 * 1024 * 1024;
/// As much of a log as an error says, characters.
const MAX_TAIL_CHARS: usize = 600;
/// Others may pass through the outer folder (Postgres must, as another user) but not list it.
const PASS_THROUGH: u32 = 0o711;
const PRIVATE: u32 = 0o700;
/// In a folder that took the place of another: the path of that one.
const OWNER: &str = "owner";
/// Where folders go whose own place Postgres cannot reach.
const ELSEWHERE: &str = "/var/lib";

/// The folder of one cluster, locked for this process.
#[derive(Debug)]
pub struct Folder {
    /// The outer folder, absolute.
    root: PathBuf,
    /// The user that owns what is inside.
    pub(super) account: Account,
    socket: PathBuf,
    /// Held as long as the cluster is ours; the system drops it with the process, however that ends.
    _lock: File,
    /// Whether `root` is not the folder that was asked for.
    moved: bool,
}

impl Folder {
    /// Makes or opens the folder and locks it. When we are root and the user that runs Postgres cannot reach the
    /// folder (it is below `/root`, say), a folder below `/var/lib` takes its place.
    pub(super) fn open(wanted: &Path, binaries: &Binaries) -> Result<Self, ClusterError> {
        make(wanted, PASS_THROUGH)?;
        let wanted = wanted.canonicalize().map_err(ClusterError::io("open", wanted))?;
        let lock = lock(&wanted)?;
        let account = Account::for_cluster(&wanted.join("postgres"));
        let (root, moved) = if account.can_enter(binaries, &wanted) {
            (wanted, false)
        } else {
            let other = Self::replacement(&wanted);
            make(&other, PASS_THROUGH)?;
            // Who finds it knows whose it is, and can take it away once that folder is gone.
            let owner = other.join(OWNER);
            std::fs::write(&owner, wanted.as_os_str().as_bytes()).map_err(ClusterError::io("write", &owner))?;
            if !account.can_enter(binaries, &other) {
                return Err(ClusterError::Unreachable { user: account.name().to_owned(), path: wanted });
            }
            (other, true)
        };
        let account = if moved { Account::for_cluster(&root.join("postgres")) } else { account };
        let socket = socket_folder(&root, &account)?;
        Ok(Self { root, account, socket, _lock: lock, moved })
    }

    /// Where the cluster goes when its user cannot reach `wanted`.
    fn replacement(wanted: &Path) -> PathBuf {
        Path::new(ELSEWHERE).join(format!("estafette-{}", short_hash(wanted)))
    }

    /// Folders that took the place of others, each with the path of the one that it stands for.
    #[cfg(feature = "testkit")]
    pub(crate) fn replacements() -> Vec<(PathBuf, PathBuf)> {
        let entries = std::fs::read_dir(ELSEWHERE).into_iter().flatten().flatten().map(|entry| entry.path());
        entries
            .filter_map(|path| {
                let owner = std::fs::read(path.join(OWNER)).ok()?;
                let name = path.file_name()?.to_string_lossy().into_owned();
                let wanted = PathBuf::from(std::ffi::OsString::from_vec(owner));
                name.starts_with("estafette-").then_some((path, wanted))
            })
            .collect()
    }

    /// The folder of the sockets of a cluster whose own path is too long for one.
    pub(crate) fn short_socket_folder(root: &Path) -> PathBuf {
        PathBuf::from(format!("/tmp/estafette-{}", short_hash(root)))
    }

    /// Postgres' data folder of a cluster that was asked for in `wanted`.
    pub(super) fn data_of(wanted: &Path) -> PathBuf {
        let wanted = wanted.canonicalize().unwrap_or_else(|_| wanted.to_path_buf());
        let here = wanted.join("postgres");
        if here.exists() { here } else { Self::replacement(&wanted).join("postgres") }
    }

    /// The outer folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }
    /// Whether the cluster is not where it was asked to be.
    pub(super) const fn moved(&self) -> bool {
        self.moved
    }
    /// Postgres' own data folder.
    pub(super) fn data(&self) -> PathBuf {
        self.root.join("postgres")
    }
    /// Where `initdb` works, so that one that was killed leaves no half cluster.
    pub(super) fn data_in_making(&self) -> PathBuf {
        self.root.join("postgres.init")
    }
    /// Where the socket is.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }
    /// Postgres' log.
    pub(super) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// The log, to append to; begun anew when it has grown too long.
    pub(super) fn open_log(&self) -> Result<File, ClusterError> {
        let path = self.log();
        let long = std::fs::metadata(&path).is_ok_and(|meta| meta.len() > MAX_LOG_BYTES);
        let mut options = File::options();
        if long {
            options.write(true).truncate(true)
        } else {
            options.append(true)
        };
        options.create(true).open(&path).map_err(ClusterError::io("open", &path))
    }

    /// The end of the log that was written after `from`, at most [`MAX_TAIL_CHARS`].
    pub(super) fn log_tail(&self, from: u64) -> String {
        log_tail(&self.log(), from)
    }

    /// An empty folder owned by the cluster's user.
    pub(super) fn make_private(&self, path: &Path) -> Result<(), ClusterError> {
        make(path, PRIVATE)?;
        self.account.give(path)
    }

    /// Takes away what a dead server left in the socket's folder: after the check that none runs, it is only in the way.
    pub(super) fn clear_socket(&self) -> Result<(), ClusterError> {
        for entry in std::fs::read_dir(&self.socket).map_err(ClusterError::io("list", &self.socket))?.flatten() {
            std::fs::remove_file(entry.path()).map_err(ClusterError::io("remove", entry.path()))?;
        }
        Ok(())
    }
}

fn make(path: &Path, mode: u32) -> Result<(), ClusterError> {
    if path.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(path).map_err(ClusterError::io("create", path))?;
    std::fs::set_permissions(path, Permissions::from_mode(mode)).map_err(ClusterError::io("set the mode of", path))
}

fn lock(root: &Path) -> Result<File, ClusterError> {
    let path = root.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(ClusterError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ClusterError::Locked(root.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(ClusterError::io("lock", path)(error)),
    }
}

/// Inside the folder where the path is short enough for a Unix socket, else a private folder with a short name.
fn socket_folder(root: &Path, account: &Account) -> Result<PathBuf, ClusterError> {
    let inside = root.join("run");
    if inside.as_os_str().as_bytes().len() <= MAX_SOCKET_FOLDER_BYTES {
        make(&inside, PRIVATE)?;
        account.give(&inside)?;
        return Ok(inside);
    }
    let short = Folder::short_socket_folder(root);
    make(&short, PRIVATE)?;
    // The name can be guessed and /tmp is everybody's: a folder (or link) that somebody else made is not used.
    let meta = std::fs::symlink_metadata(&short).map_err(ClusterError::io("open", &short))?;
    let ours = [account.uid(), rustix::process::geteuid().as_raw()].contains(&meta.uid());
    if !meta.is_dir() || !ours || meta.mode() & 0o077 != 0 {
        let error = std::io::Error::new(std::io::ErrorKind::PermissionDenied, "it belongs to another user");
        return Err(ClusterError::io("use", short)(error));
    }
    account.give(&short)?;
    Ok(short)
}

/// The end of a log that was written after `from`, in one line, at most [`MAX_TAIL_CHARS`].
pub(crate) fn log_tail(log: &Path, from: u64) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let new = bytes.get(usize::try_from(from).unwrap_or(0)..).unwrap_or_default();
    let text = String::from_utf8_lossy(new);
    let skip = text.chars().count().saturating_sub(MAX_TAIL_CHARS);
    text.chars().skip(skip).collect::<String>().trim().replace('\n', " | ")
}

/// Twelve hex digits that stand for a path (FNV-1a, 64 bit: stable between builds, no secret).
pub(crate) fn short_hash(path: &Path) -> String {
    let hash = path
        .as_os_str()
        .as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}").chars().take(12).collect()
}
