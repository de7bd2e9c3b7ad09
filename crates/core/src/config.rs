//! Positions, errors and scalar types of the configuration, shared by every room's `Config`.

mod period;
mod rate;
mod scalar_or;
mod size;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

pub use period::Period;
pub use rate::Rate;
pub use scalar_or::ScalarOr;
pub use size::Size;

/// A value with the place it was written at. Never under serde's `flatten`, `untagged` or internally tagged enums: they lose it.
pub use serde_saphyr::Spanned;

/// Names listed in one error; an API may have 20,000 operations.
const MAX_SHOWN_NAMES: usize = 40;

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
    /// The known name that is nearest to what was found.
    pub nearest: Option<String>,
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
            nearest: None,
        }
    }

    /// An error without a place.
    pub fn new(message: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: None,
            line: 0,
            column: 0,
            message: message.into(),
            accepted: accepted.into(),
            nearest: None,
        }
    }

    /// `found` is none of `known`: the error lists them and suggests the nearest.
    pub fn unknown<'a>(
        place: &serde_saphyr::Location,
        kind: &str,
        found: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self::unknown_name(kind, found, known).placed(place.line(), place.column())
    }

    /// [`Self::unknown`] without a place.
    pub fn unknown_name<'a>(kind: &str, found: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let shown = known.get(..MAX_SHOWN_NAMES).unwrap_or(&known);
        let mut accepted = shown.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if let Some(more) = known.len().checked_sub(shown.len()).filter(|&more| more > 0) {
            accepted.push_str(&format!(" and {more} more"));
        }
        Self { nearest: nearest(found, &known), ..Self::new(format!("unknown {kind} `{found}`"), accepted) }
    }

    /// The same, suggesting the one of `known` that is nearest to `found`, if one is near.
    #[must_use]
    pub fn suggesting<'a>(mut self, found: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        self.nearest = nearest(found, &known.into_iter().collect::<Vec<_>>());
        self
    }

    /// The same, at a place; both 1-based.
    #[must_use]
    pub const fn placed(mut self, line: u64, column: u64) -> Self {
        self.line = line;
        self.column = column;
        self
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
        if let Some(nearest) = &self.nearest {
            write!(f, "; nearest: `{nearest}`")?;
        }
        if self.accepted.is_empty() { Ok(()) } else { write!(f, "; accepted: {}", self.accepted) }
    }
}

impl std::error::Error for ConfigError {}

/// The name a writer of `found` most likely meant; `None` when nothing is close.
fn nearest(found: &str, known: &[&str]) -> Option<String> {
    let folded = found.to_lowercase();
    let score = |name: &str| strsim::normalized_damerau_levenshtein(&folded, &name.to_lowercase());
    let scored = known.iter().map(|name| (score(name), *name));
    let (score, name) = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (score >= 0.5).then(|| name.to_owned())
}

/// A scalar of digits and a unit.
struct Count<'a> {
    count: u64,
    unit: &'a str,
}

/// Splits `30s` into 30 and `s`. One spelling only: no sign, no leading zero, no space, no fraction.
fn count_and_unit(text: &str) -> Option<Count<'_>> {
    let (digits, unit) = text.split_at_checked(text.bytes().take_while(u8::is_ascii_digit).count())?;
    let canonical = digits == "0" || !digits.starts_with('0');
    Some(Count { count: digits.parse().ok().filter(|_| canonical)?, unit })
}

/// serde and JSON Schema for a type that is written as one word and has `parse(&str) -> Option<Self>`.
macro_rules! scalar {
    ($type:ident, $format:literal, $kind:literal, $accepted:expr, $pattern:literal) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(format_args!(concat!("`{}` is not ", $kind, "; accepted: {}"), text, $accepted))
                })
            }
        }

        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": $format, "pattern": $pattern })
            }
        }
    };
}
use scalar;
