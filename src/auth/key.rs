//! The key that signs access tokens: given by the operator, or made once and kept in the data folder.

use crate::config::Secret;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Bytes of a key that we make.
const KEY_BYTES: usize = 32;
/// The key's file in the data folder.
const FILE: &str = "token.key";

/// The key that signs access tokens.
#[derive(Clone)]
pub struct TokenKey(Vec<u8>);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the token key {} cannot be {what}: {source}", .path.display())]
    File {
        /// `read` or `made`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others can read it.
    #[error("the token key {} can be read by other users: chmod 600 it, or delete it and sign everybody out", .0.display())]
    Open(PathBuf),
    /// It is too short.
    #[error("the token key {} is too short: delete it and a new one is made (everybody signs in again)", .0.display())]
    Short(PathBuf),
}

impl TokenKey {
    /// A key of the operator.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// A random key.
    pub fn random() -> Self {
        Self(random_hex().into_bytes())
    }

    /// The operator's key, or the one in the data folder, which is made (mode 0600) when there is none.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn load(given: &Secret, data_dir: &Path) -> Result<Self, KeyError> {
        if !given.is_empty() {
            return Ok(Self(given.expose().as_bytes().to_vec()));
        }
        let path = data_dir.join(FILE);
        let failed = |what| {
            let path = path.clone();
            move |source| KeyError::File { what, path, source }
        };
        if !path.exists() {
            std::fs::create_dir_all(data_dir).map_err(failed("made"))?;
            // Written beside and linked, so that two servers that start at once end up with one whole key.
            let draft = data_dir.join(format!("{FILE}.{}", std::process::id()));
            let mut options = std::fs::OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o600).open(&draft).map_err(failed("made"))?;
            file.write_all(random_hex().as_bytes()).and_then(|()| file.sync_all()).map_err(failed("made"))?;
            match std::fs::hard_link(&draft, &path) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(failed("made")(error)),
                _ => std::fs::remove_file(&draft).map_err(failed("made"))?,
            }
        }
        let mode = std::fs::metadata(&path).map_err(failed("read"))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeyError::Open(path));
        }
        let text = std::fs::read_to_string(&path).map_err(failed("read"))?;
        let key = text.trim();
        if key.len() < KEY_BYTES { Err(KeyError::Short(path)) } else { Ok(Self(key.as_bytes().to_vec())) }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey(not shown)")
    }
}

/// 256 random bits in hexadecimal.
pub fn random_hex() -> String {
    hex::encode(rand::random::<[u8; KEY_BYTES]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let first = TokenKey::load(&Secret::default(), &folder.path().join("data")).unwrap();
        let second = TokenKey::load(&Secret::default(), &folder.path().join("data")).unwrap();
        assert_eq!(first.bytes(), second.bytes());
        assert_eq!(first.bytes().len(), 64);
        let path = folder.path().join("data").join(FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = TokenKey::load(&Secret::default(), &folder.path().join("data")).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
        let given = TokenKey::load(&Secret::new("k".repeat(40)), folder.path()).unwrap();
        assert_eq!(given.bytes().len(), 40);
    }
}
