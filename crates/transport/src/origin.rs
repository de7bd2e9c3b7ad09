//! Origins as browsers write them (RFC 6454 §6.2): scheme, host and port, nothing else, and only ever compared as a whole.

#[cfg(test)]
mod tests;

use crate::target::canonical_authority;
use http::HeaderValue;
use portcullis_core::config::{ConfigError, Spanned};

/// What is accepted, for error messages and the reference.
const ACCEPTED: &str = "scheme, host and port as browsers send them: lower case, no path, no default port, such as `https://app.example.com`";

/// One origin of a configuration: what a browser sends byte for byte, so that a comparison decides and nothing is parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl Origin {
    /// Judges one written origin. `null` is none: every sandboxed page and every file has it. Neither is a pattern.
    ///
    /// # Errors
    /// The place, what was found and what is accepted.
    pub fn compile(written: &Spanned<String>) -> Result<Self, ConfigError> {
        let text = written.value.as_str();
        canonical(text)
            .map(Self)
            .map_err(|accepted| ConfigError::at(&written.referenced, format!("`{text}` is not an origin"), accepted))
    }

    /// Whether a browser's `Origin` says this.
    pub fn is(&self, sent: &[u8]) -> bool {
        self.0.as_bytes() == sent
    }

    /// As a browser sends it.
    pub const fn value(&self) -> &HeaderValue {
        &self.0
    }

    /// Whether whoever controls the network between it and the browser can speak for it: plain text, and not this machine.
    pub fn is_forgeable(&self) -> bool {
        self.0.as_bytes().strip_prefix(b"http://").is_some_and(|authority| {
            ![&b"localhost"[..], b"127.0.0.1", b"[::1]"]
                .iter()
                .any(|own| authority.strip_prefix(*own).is_some_and(|rest| matches!(rest, [] | [b':', ..])))
        })
    }
}

/// Whether `sent` is the origin of `authority`, which is canonical, on a listener with or without TLS.
pub fn is_same(sent: &[u8], is_tls: bool, authority: &str) -> bool {
    let sent = std::str::from_utf8(sent).ok().and_then(scheme_and_authority);
    sent == Some((is_tls, authority))
}

/// One origin in the spelling of browsers, or what to write instead.
fn canonical(text: &str) -> Result<HeaderValue, String> {
    if text == "null" {
        return Err(format!("{ACCEPTED}; `null` is every sandboxed frame and local file"));
    }
    let refused = || ACCEPTED.to_owned();
    let (scheme, authority) = text.split_once("://").ok_or_else(refused)?;
    let lower = scheme.to_ascii_lowercase();
    let default_port = match lower.as_str() {
        "https" => 443,
        "http" => 80,
        "file" | "ftp" | "ws" | "wss" => return Err(refused()),
        _ => 0, // the shells of mobile applications: `capacitor://localhost`
    };
    let is_scheme = lower.starts_with(|first: char| first.is_ascii_lowercase())
        && lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let authority = canonical_authority(authority, default_port).filter(|_| is_scheme).ok_or_else(refused)?;
    let canonical = format!("{lower}://{authority}");
    if canonical != text {
        return Err(format!("`{canonical}`, as browsers write it"));
    }
    HeaderValue::from_str(text).map_err(|_| refused())
}

/// Whether it is `https`, and what follows `://`.
fn scheme_and_authority(text: &str) -> Option<(bool, &str)> {
    match text.split_once("://")? {
        ("https", authority) => Some((true, authority)),
        ("http", authority) => Some((false, authority)),
        _ => None,
    }
}
