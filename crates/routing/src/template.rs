//! A path template as a row of segments, its literal text in the spelling that a canonical target has.

use crate::mixed::Mixed;
use portcullis_core::bounds::MAX_PATH_SEGMENTS;
use std::fmt::Write as _;

/// Longest template in bytes. A request target may be four times as long; no document comes near it.
const MAX_TEMPLATE_BYTES: usize = 2 * 1024;
/// Longest segment that mixes text and parameters: comparing two of them costs the product of their lengths.
const MAX_MIXED_BYTES: usize = 256;

/// One path template of a document, without the base path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) segments: Box<[Segment]>,
}

/// What stands between two slashes. The order of the variants is the order in which they are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// `orders`: exactly this text.
    Literal(Box<str>),
    /// `{name}.json`: text and parameters.
    Mixed(Mixed),
    /// `{id}`: any text but none.
    Parameter,
    /// `{path+}`: the rest of the path, not empty; last segment only.
    Rest,
}

/// Why a template or a base path is refused. Reads after "path `/x` ".
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("does not begin with `/`")]
    NoSlash,
    #[error("is longer than {MAX_TEMPLATE_BYTES} bytes")]
    TooLong,
    #[error("has more than {MAX_PATH_SEGMENTS} segments")]
    TooManySegments,
    #[error("has an empty segment")]
    EmptySegment,
    #[error("has a dot segment")]
    DotSegment,
    #[error("has a query or a fragment")]
    Query,
    #[error("has an unbalanced brace")]
    Brace,
    #[error("has `{0}` as the name of a parameter")]
    Name(Box<str>),
    #[error("has the parameter `{0}` twice")]
    Twice(Box<str>),
    #[error("has two parameters without text between them")]
    Adjacent,
    #[error("mixes text and parameters in a segment of more than {MAX_MIXED_BYTES} bytes")]
    MixedTooLong,
    #[error("has `{{{0}}}` elsewhere than as its whole last segment")]
    RestNotLast(Box<str>),
    #[error("has a `%` without two hexadecimal digits")]
    Escape,
    #[error("has a backslash or an encoded slash")]
    Slash,
    #[error("has a control character or octets that are not UTF-8")]
    Octets,
    #[error("has a parameter")]
    Parameter,
}

impl Malformed {
    /// What to write instead.
    pub(crate) const fn accepted(&self) -> &'static str {
        match self {
            Self::NoSlash => "a path such as `/orders/{orderId}`",
            Self::TooLong | Self::TooManySegments => "a shorter path: no request that long is let in",
            Self::EmptySegment | Self::DotSegment | Self::Slash | Self::Octets => {
                "a path that a request can have: targets with these are refused before routing"
            }
            Self::Query => "the path alone; query parameters are declared under `parameters`",
            Self::Brace => "one name in each pair of braces, such as `{orderId}`",
            Self::Name(_) => "letters, digits, `_`, `-`, `.`, `~`, `$` and `@`, the first no `.`",
            Self::Twice(_) => "each parameter once",
            Self::Adjacent => "text between parameters, such as `{a}-{b}`",
            Self::MixedTooLong => "a shorter segment",
            Self::RestNotLast(_) => "a catch-all such as `/files/{path+}`",
            Self::Escape => "`%25` for a percent sign",
            Self::Parameter => "a path without braces",
        }
    }
}

impl Template {
    /// Reads a key of `paths`, such as `/orders/{orderId}/lines/{line}.json`.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let path = text.strip_prefix('/').ok_or(Malformed::NoSlash)?;
        if text.len() > MAX_TEMPLATE_BYTES {
            return Err(Malformed::TooLong);
        }
        if path.split('/').count() > MAX_PATH_SEGMENTS {
            return Err(Malformed::TooManySegments);
        }
        if text.contains(['?', '#']) {
            return Err(Malformed::Query);
        }
        let mut names = Vec::new();
        let mut segments = Vec::new();
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let is_last = parts.peek().is_none();
            if part.is_empty() && !is_last {
                return Err(Malformed::EmptySegment);
            }
            segments.push(segment(part, is_last, &mut names)?);
        }
        Ok(Self { segments: segments.into() })
    }
}

/// The canonical segments of a base path: none for the root. A last slash is not part of it.
pub(crate) fn base_segments(text: &str) -> Result<Box<[Box<str>]>, Malformed> {
    let path = text.strip_prefix('/').ok_or(Malformed::NoSlash)?;
    if path.is_empty() {
        return Ok(Box::default());
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.split('/').any(str::is_empty) {
        return Err(Malformed::EmptySegment);
    }
    Template::parse(text.strip_suffix('/').unwrap_or(text))?
        .segments
        .into_iter()
        .map(|segment| if let Segment::Literal(text) = segment { Ok(text) } else { Err(Malformed::Parameter) })
        .collect()
}

fn segment<'t>(part: &'t str, is_last: bool, names: &mut Vec<&'t str>) -> Result<Segment, Malformed> {
    let mut texts = Vec::new();
    let mut rest = part;
    let mut caught = None;
    while let Some((text, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').ok_or(Malformed::Brace)?;
        texts.push(canonical(text)?);
        rest = tail;
        let bare = name.strip_suffix('+');
        if bare.is_some() {
            caught = Some(name);
        }
        let name = bare.unwrap_or(name);
        check_name(name)?;
        if names.contains(&name) {
            return Err(Malformed::Twice(name.into()));
        }
        names.push(name);
    }
    let last = canonical(rest)?;
    let Some((first, between)) = texts.split_first() else {
        return if matches!(last.as_str(), "." | "..") {
            Err(Malformed::DotSegment)
        } else {
            Ok(Segment::Literal(last.into()))
        };
    };
    let is_whole = first.is_empty() && between.is_empty() && last.is_empty();
    match caught {
        Some(name) if !is_whole || !is_last => Err(Malformed::RestNotLast(name.into())),
        Some(_) => Ok(Segment::Rest),
        None if is_whole => Ok(Segment::Parameter),
        None if between.iter().any(String::is_empty) => Err(Malformed::Adjacent),
        None if part.len() > MAX_MIXED_BYTES => Err(Malformed::MixedTooLong),
        None => Ok(Segment::Mixed(Mixed::new(first, between, &last))),
    }
}

fn check_name(name: &str) -> Result<(), Malformed> {
    let is_name = name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"_-.~$@".contains(&octet));
    // A leading dot is the label operator of RFC 6570 §3.2.5.
    if name.is_empty() || name.starts_with('.') || !is_name { Err(Malformed::Name(name.into())) } else { Ok(()) }
}

/// Spells literal text as `transport` spells a target: escapes of unreserved octets decoded, all others with upper-case
/// digits. What may not stand in a target unescaped is escaped (RFC 3986 §3.3, §6.2.2).
fn canonical(text: &str) -> Result<String, Malformed> {
    let mut spelled = String::with_capacity(text.len());
    let mut decoded = Vec::with_capacity(text.len());
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        let (value, is_plain) = if octet == b'%' {
            let value = hex(octets.next()).zip(hex(octets.next())).map(|(high, low)| high << 4 | low);
            let value = value.ok_or(Malformed::Escape)?;
            (value, is_unreserved(value))
        } else {
            (octet, is_unreserved(octet) || b"!$&'()*+,;=:@".contains(&octet))
        };
        match value {
            b'/' | b'\\' => return Err(Malformed::Slash),
            b'{' | b'}' if octet != b'%' => return Err(Malformed::Brace),
            0..0x20 | 0x7f => return Err(Malformed::Octets),
            _ if is_plain => spelled.push(char::from(value)),
            _ => write!(spelled, "%{value:02X}").map_err(|_| Malformed::Octets)?,
        }
        decoded.push(value);
    }
    if std::str::from_utf8(&decoded).is_ok() { Ok(spelled) } else { Err(Malformed::Octets) }
}

fn hex(digit: Option<u8>) -> Option<u8> {
    char::from(digit?).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

const fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests;
