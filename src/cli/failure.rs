//! How a command fails: one sentence on standard error, and an exit code.

use crate::auth::key::KeyError;
use crate::config::ConfigError;
use crate::db::address::AddressError;
use crate::db::pool::PoolError;
use crate::http::server::ListenError;
use estafette_actors::cluster::ClusterError;
use estafette_actors::migration::MigrationError;
use estafette_actors::{CallError, DbError};
use std::io::Write as _;
use std::process::ExitCode;

/// The exit code of settings that cannot be used; the same as for an unknown flag.
const SETTINGS: u8 = 2;
/// The exit code of everything else that keeps a command from its work.
const WORK: u8 = 1;

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    sentence: String,
    code: u8,
}

impl Failure {
    /// The settings cannot be used.
    pub fn settings(error: impl std::fmt::Display) -> Self {
        Self { sentence: error.to_string(), code: SETTINGS }
    }

    /// The work failed.
    pub fn work(error: impl std::fmt::Display) -> Self {
        Self { sentence: error.to_string(), code: WORK }
    }

    /// Says it and gives the exit code.
    pub fn tell(&self) -> ExitCode {
        let _ = writeln!(std::io::stderr(), "estafette: {}", self.sentence);
        ExitCode::from(self.code)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::settings(error)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        Self::settings(error)
    }
}

impl From<AddressError> for Failure {
    fn from(error: AddressError) -> Self {
        Self::settings(error)
    }
}

macro_rules! work {
    ($($kind:ty),*) => {$(impl From<$kind> for Failure {
        fn from(error: $kind) -> Self { Self::work(error) }
    })*};
}
work!(ClusterError, MigrationError, KeyError, ListenError, DbError, std::io::Error);

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::work(error.message)
    }
}
