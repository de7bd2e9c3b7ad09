//! Patterns: ECMA-262 regular expressions, matched in time linear in the text (CWE-1333).

mod class;
mod simple;
mod translate;

use regex::{Regex, RegexBuilder};
use simple::Simple;

/// Memory of one compiled pattern. What repeats repetitions asks for gigabytes.
const MAX_BYTES: usize = 8 << 20;

/// Bytes of a pattern as it is written.
const MAX_LENGTH: usize = 4096;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    main: Main,
    /// What must match, or must not, from the beginning of the text on: what stood in look-aheads behind `^`.
    ahead: Vec<(Regex, bool)>,
}

#[derive(Debug)]
enum Main {
    Simple(Simple),
    Regex(Regex),
}

/// Why a pattern cannot be enforced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    #[error("at character {0}: {1}")]
    At(usize, &'static str),
    #[error("it is longer than {MAX_LENGTH} bytes")]
    Length,
    #[error("it needs more than {} MiB compiled", MAX_BYTES >> 20)]
    Size,
    #[error("{0}")]
    Other(String),
}

impl Pattern {
    /// Compiles a pattern, which may match anywhere in the text.
    pub(crate) fn new(pattern: &str) -> Result<Self, PatternError> {
        if pattern.len() > MAX_LENGTH {
            return Err(PatternError::Length);
        }
        if let Some(simple) = Simple::new(pattern) {
            return Ok(Self { main: Main::Simple(simple), ahead: Vec::new() });
        }
        let translated = translate::translate(pattern)?;
        let ahead = translated.ahead.iter().map(|(text, must)| Ok((compile(text)?, *must)));
        Ok(Self { main: Main::Regex(compile(&translated.main)?), ahead: ahead.collect::<Result<_, _>>()? })
    }

    /// Whether a text that somebody sent is a pattern by the grammar. It is not compiled beyond a small size.
    pub(crate) fn is_well_formed(pattern: &str) -> bool {
        const SMALL: usize = 16 << 10;
        if pattern.len() > MAX_LENGTH {
            return false;
        }
        translate::translate(pattern).is_ok_and(|translated| {
            let built = RegexBuilder::new(&translated.main).size_limit(SMALL).build();
            matches!(built, Ok(_) | Err(regex::Error::CompiledTooBig(_)))
        })
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let is_match = match &self.main {
            Main::Simple(simple) => simple.matches(text),
            Main::Regex(regex) => regex.is_match(text),
        };
        is_match && self.ahead.iter().all(|(ahead, must)| ahead.is_match(text) == *must)
    }
}

fn compile(text: &str) -> Result<Regex, PatternError> {
    RegexBuilder::new(text).size_limit(MAX_BYTES).dfa_size_limit(MAX_BYTES).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => PatternError::Size,
        other => PatternError::Other(last_line(&other.to_string())),
    })
}

/// The message of a syntax error without the picture of the translated pattern.
fn last_line(message: &str) -> String {
    message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests;
