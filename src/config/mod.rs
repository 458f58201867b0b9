//! Every setting, in one place: flags, then environment variables, then a TOML file, then defaults. All are read and
//! checked before anything starts; `example.toml` is their manual.
//!
//! | module | holds |
//! |---|---|
//! | [`table`] | the settings with default, range, unit, flag and variable |
//! | [`value`] | secrets, lists and choices |
//! | [`check`] | what a number's range cannot say |

pub mod check;
pub mod table;
pub mod value;

pub use table::{KEYS, Layer, Settings};
pub use value::{AiProvider, List, LogFormat, RedisProtocol, Secret};

use std::path::{Path, PathBuf};

/// The annotated example: each setting with its default, unit and range.
pub const EXAMPLE: &str = include_str!("example.toml");

/// The file that is read when none is named and it exists in the working folder.
pub const DEFAULT_FILE: &str = "estafette.toml";

/// Where OpenAI itself is.
pub const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";

/// Where Stripe itself is.
pub const STRIPE_BASE_URL: &str = "https://api.stripe.com";

/// Where a setting is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its section in the file.
    pub section: &'static str,
    /// Its name in the section.
    pub name: &'static str,
    /// Its flag, without the dashes.
    pub flag: &'static str,
    /// Its environment variable.
    pub env: &'static str,
    /// Lowest and highest value, and the unit.
    pub range: Option<(u64, u64, &'static str)>,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--{} / {} / {} in [{}] of the file", self.flag, self.env, self.name, self.section)
    }
}

/// Why the settings are refused. Each sentence says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the settings file {} cannot be read: {message}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        message: String,
    },
    /// The file is not TOML, or has a key or a value that is not one of ours.
    #[error("{}, line {line}: {message}; `estafette config --example` prints every key with its default", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A number outside of its range.
    #[error("{value} is out of range for {}.{}: choose {low} to {high} {unit} ({key})", key.section, key.name)]
    Range {
        /// The setting.
        key: Box<Key>,
        /// Its value.
        value: u64,
        /// The lowest that is allowed.
        low: u64,
        /// The highest that is allowed.
        high: u64,
        /// The unit.
        unit: &'static str,
    },
    /// A value that cannot be used, or two that contradict each other.
    #[error("{0}")]
    Unusable(String),
}

impl Settings {
    /// Puts flags and variables (`given`), the file and the defaults together, and checks the result.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(given: Layer, file: Option<&Path>) -> Result<Self, ConfigError> {
        let file = match file {
            Some(path) => read_file(path)?,
            None if Path::new(DEFAULT_FILE).is_file() => read_file(Path::new(DEFAULT_FILE))?,
            None => Layer::default(),
        };
        let settings = Self::merge(given, file);
        settings.check_ranges()?;
        check::check(&settings)?;
        Ok(settings)
    }
}

impl Settings {
    /// Where people reach this server, without a slash at the end.
    pub fn public_url(&self) -> String {
        let given = self.server.public_url.trim_end_matches('/');
        if !given.is_empty() {
            return given.to_owned();
        }
        let listen = self.server.listen;
        if listen.ip().is_unspecified() {
            format!("http://localhost:{}", listen.port())
        } else {
            format!("http://{listen}")
        }
    }

    /// Whether model calls go to an endpoint: asked for, or (`auto`) there is a key or another base URL.
    pub fn uses_openai(&self) -> bool {
        match self.ai.provider {
            AiProvider::Openai => true,
            AiProvider::Offline => false,
            AiProvider::Auto => !self.ai.openai_api_key.is_empty() || self.ai.openai_base_url != OPENAI_BASE_URL,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::merge(Layer::default(), Layer::default())
    }
}

fn read_file(path: &Path) -> Result<Layer, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), message: error.to_string() })?;
    parse_file(path, &text)
}

fn parse_file(path: &Path, text: &str) -> Result<Layer, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        ConfigError::File { path: path.to_owned(), line, message: error.message().replace('\n', " ") }
    })
}

#[cfg(test)]
mod tests;
