//! As which user Postgres runs. It refuses to run as root, so root lends it another user's id.

use super::binaries::Binaries;
use super::error::ClusterError;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// Users that root lends to Postgres, the best first.
const LENT_USERS: [&str; 2] = ["postgres", "nobody"];

/// A user that runs Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// For messages.
    name: String,
    /// `None`: the user that we are.
    ids: Option<(u32, u32)>,
}

impl Account {
    /// The user for a cluster in `data`: its owner when it exists, else ourselves, else (as root) a lent one.
    pub(super) fn for_cluster(data: &Path) -> Self {
        let ourselves = rustix::process::geteuid();
        if !ourselves.is_root() {
            return Self { name: format!("with id {}", ourselves.as_raw()), ids: None };
        }
        if let Some(owner) = std::fs::metadata(data).ok().filter(|owner| owner.uid() != 0) {
            return Self { name: format!("with id {}", owner.uid()), ids: Some((owner.uid(), owner.gid())) };
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        LENT_USERS
            .iter()
            .find_map(|name| Some(Self { name: (*name).to_owned(), ids: Some(ids_of(&users, name)?) }))
            .unwrap_or_else(|| Self { name: "nobody".to_owned(), ids: Some((65_534, 65_534)) })
    }

    /// The name, for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The user id that files of the cluster have.
    pub(super) fn uid(&self) -> u32 {
        self.ids.map_or_else(|| rustix::process::geteuid().as_raw(), |(uid, _)| uid)
    }

    /// Makes a command run as this user.
    pub(super) fn lend(&self, command: &mut Command) {
        if let Some((uid, gid)) = self.ids {
            // The standard library drops the supplementary groups of root together with the user id.
            command.uid(uid).gid(gid).env("HOME", "/").env("USER", &self.name);
        }
    }

    /// Gives a file or folder to this user.
    pub(super) fn give(&self, path: &Path) -> Result<(), ClusterError> {
        match self.ids {
            Some((uid, gid)) => std::os::unix::fs::lchown(path, Some(uid), Some(gid))
                .map_err(ClusterError::io("change the owner of", path)),
            None => Ok(()),
        }
    }

    /// Whether this user can enter `folder`. Tried, not computed: access lists and mounts count too.
    pub(super) fn can_enter(&self, binaries: &Binaries, folder: &Path) -> bool {
        if self.ids.is_none() {
            return true;
        }
        let mut command = binaries.command("postgres");
        self.lend(&mut command);
        command.arg("--version").current_dir(folder).output().is_ok_and(|output| output.status.success())
    }
}

fn ids_of(users: &str, name: &str) -> Option<(u32, u32)> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_the_user_table() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres:x:101:104:admin:/var/lib/postgresql:/bin/bash\nbroken\n";
        assert_eq!(ids_of(users, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(users, "broken"), None);
        assert_eq!(ids_of(users, "nobody"), None);
    }
}
