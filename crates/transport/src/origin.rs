//! Origins as browsers write them (RFC 6454 §6.2): scheme, host and port, nothing else, and only ever compared as a whole.

#[cfg(test)]
mod tests;

use crate::target::is_canonical_authority;
use portcullis_core::config::{ConfigError, Spanned};

/// What is accepted, for error messages and the reference.
const ACCEPTED: &str = "scheme, host and port as browsers send them: lower case, no path, no default port, such as `https://app.example.com`";

/// One origin of a configuration: what a browser sends byte for byte, so that a comparison decides and nothing is parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(Box<str>);

impl Origin {
    /// Judges one written origin. `null` is none: every sandboxed page and every file has it. Neither is a pattern.
    ///
    /// # Errors
    /// The place, what was found and what is accepted.
    pub fn compile(written: &Spanned<String>) -> Result<Self, ConfigError> {
        let text = written.value.as_str();
        let is_origin = scheme_and_authority(text)
            .is_some_and(|(is_tls, authority)| is_canonical_authority(authority, if is_tls { 443 } else { 80 }));
        if is_origin {
            return Ok(Self(text.into()));
        }
        Err(ConfigError::at(&written.referenced, format!("`{text}` is not an origin"), ACCEPTED))
    }

    /// Whether a browser's `Origin` says this.
    pub fn is(&self, sent: &[u8]) -> bool {
        self.0.as_bytes() == sent
    }
}

/// Whether `sent` is the origin of `authority`, which is canonical, on a listener with or without TLS.
pub fn is_same(sent: &[u8], is_tls: bool, authority: &str) -> bool {
    let sent = std::str::from_utf8(sent).ok().and_then(scheme_and_authority);
    sent == Some((is_tls, authority))
}

/// Whether it is `https`, and what follows `://`.
fn scheme_and_authority(text: &str) -> Option<(bool, &str)> {
    match text.split_once("://")? {
        ("https", authority) => Some((true, authority)),
        ("http", authority) => Some((false, authority)),
        _ => None,
    }
}
