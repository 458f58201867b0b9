//! Regular expressions over folded text. They run in linear time, so no input can make them hang.

use regex::{Captures, Regex};
use std::sync::LazyLock;

/// A constant expression, compiled at its first use.
pub struct Pattern(LazyLock<Option<Regex>, Box<dyn FnOnce() -> Option<Regex> + Send>>);

impl Pattern {
    /// An expression. One that does not compile never matches; the test of the module that owns it calls [`Self::works`].
    pub fn new(expression: &'static str) -> Self {
        Self(LazyLock::new(Box::new(move || Regex::new(expression).ok())))
    }

    /// Whether it compiles.
    pub fn works(&self) -> bool {
        self.0.is_some()
    }

    /// Whether it matches anywhere.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// The first match's bytes.
    pub fn find(&self, text: &str) -> Option<std::ops::Range<usize>> {
        self.0.as_ref()?.find(text).map(|found| found.range())
    }

    /// The groups of the first match.
    pub fn groups<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.0.as_ref()?.captures(text)
    }

    /// The groups of every match.
    pub fn all<'t>(&self, text: &'t str) -> Vec<Captures<'t>> {
        self.0.as_ref().map(|regex| regex.captures_iter(text).collect()).unwrap_or_default()
    }
}

/// Declares patterns as statics, with a test that each compiles.
macro_rules! patterns {
    ($($(#[$doc:meta])* $name:ident = $expression:expr;)*) => {
        $($(#[$doc])* static $name: std::sync::LazyLock<$crate::cv::brain::text::Pattern> =
            std::sync::LazyLock::new(|| $crate::cv::brain::text::Pattern::new($expression));)*

        #[cfg(test)]
        #[test]
        fn patterns_compile() {
            $(assert!($name.works(), "{} does not compile", stringify!($name));)*
        }
    };
}
pub(crate) use patterns;
