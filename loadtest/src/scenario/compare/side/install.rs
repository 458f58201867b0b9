//! Whether a peer is on this machine, and its packages.

use super::Side;
use crate::scenario::Failure;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

/// Fetching packages.
const INSTALL_WITHIN: Duration = Duration::from_secs(300);

/// A program in PATH.
pub fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    // Debian has nginx where only root looks.
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// nginx' module of Nchan, where distributions put it.
pub fn nchan_module() -> Option<PathBuf> {
    let folders = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules"];
    folders.iter().map(|folder| Path::new(folder).join("ngx_nchan_module.so")).find(|file| file.is_file())
}

/// Why a side is not on this machine.
pub fn missing(side: Side) -> Option<String> {
    let need = |name: &str, hint: &str| {
        let word = format!("{name} is not in PATH{hint}");
        in_path(name).is_none().then_some(word)
    };
    let redis = || {
        let none = in_path("redis-server").is_none() && in_path("valkey-server").is_none();
        none.then(|| "neither redis-server nor valkey-server is in PATH".to_owned())
    };
    match side {
        Side::Estafette | Side::Pure => None,
        Side::Ws => need("node", "").or_else(|| need("npm", "")),
        Side::SocketIo | Side::BullMq => need("node", "").or_else(|| need("npm", "")).or_else(redis),
        Side::Graphile => need("node", "").or_else(|| need("npm", "")),
        Side::Nats => need("nats-server", " (Debian: apt-get install nats-server)"),
        Side::Nchan => need("nginx", " (Debian: apt-get install nginx libnginx-mod-nchan)").or_else(|| {
            let word = "nginx has no Nchan module (Debian: apt-get install libnginx-mod-nchan)";
            nchan_module().is_none().then(|| word.to_owned())
        }),
    }
}

/// Installs the packages of the Node programs, as their lock file says, where they are not there or the lock file is newer.
///
/// # Errors
/// [`Failure`].
pub async fn packages(peers: &Path) -> Result<(), Failure> {
    let lock = peers.join("package-lock.json");
    if !lock.is_file() {
        return Err(Failure::Other(format!(
            "{} is not the folder of the peers: name it with --peers (it is loadtest/peers of the sources)",
            peers.display()
        )));
    }
    let changed = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let stamp = peers.join("node_modules/.package-lock.json");
    if changed(&stamp).is_some_and(|there| changed(&lock).is_none_or(|lock| lock <= there)) {
        return Ok(());
    }
    crate::out::note("installing the peers' packages (npm install)");
    let mut npm = Command::new("npm");
    // Not `npm ci`: it refuses a lock file that was written where not every platform's optional packages are served.
    // The versions are those of the lock file all the same.
    npm.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(peers);
    npm.kill_on_drop(true);
    let failed = |what: String| Failure::Other(format!("npm install in {}: {what}", peers.display()));
    match tokio::time::timeout(INSTALL_WITHIN, npm.output()).await {
        Err(_) => Err(failed(format!("not done within {INSTALL_WITHIN:?}"))),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Ok(Ok(output)) if output.status.success() => {
            // npm keeps the time of the lock file's content; ours is the time of the installation.
            let now = std::fs::File::options().append(true).open(&stamp);
            let _ = now.and_then(|file| file.set_modified(std::time::SystemTime::now()));
            Ok(())
        }
        Ok(Ok(output)) => Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_path_and_one_that_is_not_there_is_not() {
        assert!(in_path("sh").is_some());
        assert_eq!(in_path("no-such-program-at-all"), None);
    }

    #[tokio::test]
    async fn a_folder_without_a_lock_file_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let why = packages(folder.path()).await.unwrap_err().to_string();
        assert!(why.contains("--peers"), "{why}");
    }
}
