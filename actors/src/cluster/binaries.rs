//! Where `initdb` and `postgres` are.

use super::error::ClusterError;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The environment variable that names the folder of the binaries.
pub const BIN_VARIABLE: &str = "ESTAFETTE_PG_BIN";

/// Where distributions put each major version: `<root>/<version>/bin`.
const VERSIONED_ROOTS: [&str; 3] = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt"];

/// The folder that holds `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries(PathBuf);

impl Binaries {
    /// Looks in `explicit`, in `ESTAFETTE_PG_BIN`, in `PATH`, then where distributions put them, newest version first.
    ///
    /// # Errors
    /// [`ClusterError::NoBinaries`] when there is none; a folder that was named is the only one tried.
    pub fn find(explicit: Option<&Path>) -> Result<Self, ClusterError> {
        let named = explicit
            .map(Path::to_path_buf)
            .or_else(|| std::env::var_os(BIN_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from));
        let candidates = named.map_or_else(Self::candidates, |folder| vec![folder]);
        let is_there = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
        candidates.iter().find(|folder| is_there(folder)).cloned().map(Self).ok_or_else(|| ClusterError::NoBinaries {
            looked: candidates.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", "),
        })
    }

    fn candidates() -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> =
            std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
        for root in VERSIONED_ROOTS {
            let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(root)
                .into_iter()
                .flatten()
                .flatten()
                .filter_map(|entry| {
                    let name = entry.file_name();
                    let digits: String = name.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
                    Some((digits.parse().ok()?, entry.path().join("bin")))
                })
                .collect();
            versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
            folders.extend(versions.into_iter().map(|(_, folder)| folder));
        }
        folders
    }

    /// A command of one of the binaries. Variables that would change what it does are removed.
    pub(super) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.0.join(name));
        for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("PG")) {
            command.env_remove(key);
        }
        command.env("LC_ALL", "C").stdin(std::process::Stdio::null());
        command
    }

    /// The major version (`15`).
    pub(super) fn major_version(&self) -> Option<String> {
        let output = self.command("postgres").arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let digits = |word: &str| word.chars().take_while(char::is_ascii_digit).collect::<String>();
        text.split_whitespace().map(digits).find(|word| !word.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_folder_is_the_only_one_tried() {
        let error = Binaries::find(Some(Path::new("/nonexistent/bin"))).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("/nonexistent/bin)") && text.contains("apt-get install postgresql"), "{text}");
    }

    #[test]
    fn the_installed_server_is_found_and_names_its_version() {
        let version = Binaries::find(None).unwrap().major_version().unwrap();
        assert!(version.parse::<u32>().unwrap() >= 12, "{version}");
    }
}
