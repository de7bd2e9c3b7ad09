//! The text of a `$ref`: which file, and which part of it.

use std::fmt;

/// Why a reference is refused. Reads after "reference `…` ".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    Scheme,
    Authority,
    Absolute,
    Outside,
    Query,
    Backslash,
    Escape,
    NoPointer,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "is an absolute URL, which is never fetched",
            Self::Authority => "names a host, which is never asked",
            Self::Absolute => "is an absolute path",
            Self::Outside => "leads out of the directory of the document",
            Self::Query => "has a query",
            Self::Backslash => "has a backslash",
            Self::Escape => "has escapes that are not UTF-8, or that stand for a slash or NUL",
            Self::NoPointer => "has a fragment that is no JSON Pointer",
        })
    }
}

impl Malformed {
    pub(crate) const fn accepted(&self) -> &'static str {
        match self {
            Self::Scheme | Self::Authority => "a local copy, such as `schemas/order.yaml#/Order`",
            Self::Absolute | Self::Outside => "a file below the directory of the document",
            Self::Query | Self::Backslash | Self::Escape => "a relative path, such as `schemas/order.yaml#/Order`",
            Self::NoPointer => "a pointer such as `#/components/schemas/Order`",
        }
    }
}

/// File and fragment of a reference.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The file, relative to the directory of the document; `None` for the file that holds the reference.
    pub(crate) file: Option<String>,
    /// The fragment, percent-decoded; empty for the whole.
    pub(crate) fragment: String,
}

/// Reads a reference that stands in `base`, a path relative to the directory of the document (RFC 3986 §5.2, without
/// anything that leads elsewhere).
pub(crate) fn parse(base: &str, text: &str) -> Result<Reference, Malformed> {
    let (path, fragment) = match text.split_once('#') {
        Some((path, fragment)) => (path, fragment),
        None => (text, ""),
    };
    let fragment = percent_decode(fragment).ok_or(Malformed::Escape)?;
    if path.is_empty() {
        return Ok(Reference { file: None, fragment });
    }
    if has_scheme(path) {
        return Err(Malformed::Scheme);
    }
    if path.starts_with("//") {
        return Err(Malformed::Authority);
    }
    if path.starts_with('/') {
        return Err(Malformed::Absolute);
    }
    if path.contains('?') {
        return Err(Malformed::Query);
    }
    Ok(Reference { file: Some(join(base, path)?), fragment })
}

fn has_scheme(path: &str) -> bool {
    path.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet))
    })
}

fn join(base: &str, path: &str) -> Result<String, Malformed> {
    let mut parts: Vec<String> = base.split('/').map(str::to_owned).collect();
    parts.pop();
    for part in path.split('/') {
        let part = percent_decode(part).ok_or(Malformed::Escape)?;
        if part.contains(['/', '\0']) {
            return Err(Malformed::Escape);
        }
        if part.contains('\\') {
            return Err(Malformed::Backslash);
        }
        match part.as_str() {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(Malformed::Outside)?;
            }
            _ => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// A JSON Pointer in a URI fragment is percent-encoded (RFC 6901 §6).
fn percent_decode(text: &str) -> Option<String> {
    let mut octets = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(octet) = octets.next() {
        decoded.push(if octet == b'%' {
            let mut digit = || octets.next().and_then(|digit| char::from(digit).to_digit(16));
            u8::try_from(digit()? << 4 | digit()?).ok()?
        } else {
            octet
        });
    }
    String::from_utf8(decoded).ok()
}

/// The tokens of a JSON Pointer, unescaped; none for the whole document. `None` for what is no pointer.
pub(crate) fn tokens(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    // `~1` first: `~01` is the text `~1` (RFC 6901 §4).
    let unescape = |token: &str| {
        let is_escaped = token.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
        is_escaped.then(|| token.replace("~1", "/").replace("~0", "~"))
    };
    pointer.strip_prefix('/')?.split('/').map(unescape).collect()
}

#[cfg(test)]
mod tests;
