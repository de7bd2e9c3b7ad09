//! Positions and errors of the configuration, shared by every room's `Config`.

use std::fmt;
use std::path::PathBuf;

/// A value with the place it was written at. Never under serde's `flatten`, `untagged` or internally tagged enums: they lose it.
pub use serde_saphyr::Spanned;

/// How bad a finding of `check` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Loads; `check` exits 1.
    Warning,
    /// Does not load; exit 2.
    Error,
}

/// One thing that is wrong in the configuration or a file it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Error or warning.
    pub severity: Severity,
    /// The file; `None` for the configuration file itself.
    pub file: Option<PathBuf>,
    /// 1-based; 0 when no place is known.
    pub line: u64,
    /// 1-based; 0 when no place is known.
    pub column: u64,
    /// What was found, lower case, the value in backticks: "`600/day` is not a rate".
    pub message: String,
    /// What is accepted, or what to do; may be empty.
    pub accepted: String,
}

impl ConfigError {
    /// An error at a place of the configuration file.
    pub fn at(place: &serde_saphyr::Location, message: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: None,
            line: place.line(),
            column: place.column(),
            message: message.into(),
            accepted: accepted.into(),
        }
    }

    /// An error without a place.
    pub fn new(message: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { severity: Severity::Error, file: None, line: 0, column: 0, message: message.into(), accepted: accepted.into() }
    }

    /// The same, in another file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The same, as a warning.
    #[must_use]
    pub const fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}:", file.display())?;
        }
        if self.line > 0 {
            write!(f, "{}:{}: ", self.line, self.column)?;
        }
        f.write_str(&self.message)?;
        if self.accepted.is_empty() { Ok(()) } else { write!(f, "; accepted: {}", self.accepted) }
    }
}

impl std::error::Error for ConfigError {}
