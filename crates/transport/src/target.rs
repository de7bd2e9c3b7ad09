//! The request target and the authority, read once into the one form that everybody behind this module sees.
//!
//! Rule: refuse what two parsers may read differently, rewrite only what is provably equal (RFC 3986 §6.2.2: escapes of
//! unreserved octets, case of hex digits). A target that needs no rewriting is handed on without an allocation.

mod authority;
#[cfg(test)]
mod tests;

pub(crate) use authority::canonical_authority;
pub use authority::{RequestAuthority, authority};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{Method, Uri};
use portcullis_core::bounds::{MAX_PATH_SEGMENTS, MAX_QUERY_NAME_BYTES, MAX_QUERY_PAIRS, MAX_TARGET_BYTES};
use portcullis_core::{CanonicalTarget, Reason, Stop};

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A path with or without a query.
    Origin(CanonicalTarget),
    /// `OPTIONS *`: the gateway itself; answered here, never forwarded (RFC 9112 §3.2.4).
    Server,
}

/// Reads the target of a request in origin-form, absolute-form or, with OPTIONS, asterisk-form.
///
/// The authority of an absolute-form is [`authority`]'s to judge.
pub fn canonical(uri: &Uri, method: &Method) -> Result<Target, Stop> {
    let form = Stop::Deny(Reason::TargetForm);
    match uri.scheme_str() {
        None if uri.authority().is_some() => return Err(form), // authority-form: `CONNECT host:443`, `GET host`
        None | Some("http" | "https") => {}
        Some(_) => return Err(form),
    }
    let Some(raw) = uri.path_and_query() else { return Err(form) };
    let text = raw.as_str();
    if text == "*" {
        return if *method == Method::OPTIONS { Ok(Target::Server) } else { Err(form) };
    }
    if !text.starts_with('/') {
        return Err(form);
    }
    if text.len() > MAX_TARGET_BYTES {
        return Err(Stop::Deny(Reason::TargetTooLong));
    }
    let path = scan_path(raw.path().as_bytes())?;
    let query = raw.query().map_or(Ok(Spelling::Canonical), |query| scan_query(query.as_bytes()))?;
    if path == Spelling::Canonical && query == Spelling::Canonical {
        return Ok(Target::Origin(CanonicalTarget::from_canonical(raw.clone())));
    }
    rewrite(text).map(|target| Target::Origin(CanonicalTarget::from_canonical(target)))
}

/// Whether a part that is unambiguous is also spelled as we hand it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    Canonical,
    Rewritten,
}

/// What a byte may mean. One lookup per byte is the whole fast path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Stands for itself.
    Plain,
    /// `.`: itself, unless the segment is nothing but dots.
    Dot,
    /// `/` in a path.
    Slash,
    /// `%`.
    Escape,
    /// `[` and `]` in a query: browsers send them raw, RFC 3986 wants them encoded, all servers read both alike.
    Bracket,
    /// `&` in a query.
    Ampersand,
    /// `=` in a query.
    Equals,
    /// Control bytes, space, `"`, `<`, `>`, `\`, `^`, backtick, `{`, `|`, `}`, `#`, bytes from 0x7F up; `;` in a path.
    Refused,
}

const PATH: [Class; 256] = classes(true);
const QUERY: [Class; 256] = classes(false);

#[expect(clippy::indexing_slicing, reason = "runs in the compiler only, which checks the index")]
const fn classes(path: bool) -> [Class; 256] {
    let mut table = [Class::Refused; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = match byte {
            b'%' => Class::Escape,
            b'.' if path => Class::Dot,
            b'/' if path => Class::Slash,
            // A segment must not be matched without its `;` part, nor a part hide in it (Tomcat `..;/`).
            b';' if path => Class::Refused,
            b'[' | b']' if !path => Class::Bracket,
            b'&' if !path => Class::Ampersand,
            b'=' if !path => Class::Equals,
            b'/' | b'?' if !path => Class::Plain,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@' => Class::Plain,
            _ if is_unreserved(byte) => Class::Plain,
            _ => Class::Refused,
        };
        byte = byte.wrapping_add(1);
    }
    table
}

/// RFC 3986 §2.3.
const fn is_unreserved(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~')
}

fn class(table: &[Class; 256], byte: u8) -> Class {
    table.get(usize::from(byte)).copied().unwrap_or(Class::Refused)
}

const fn ambiguous<T>() -> Result<T, Stop> {
    Err(Stop::Deny(Reason::TargetAmbiguous))
}

/// One path segment while it is read.
#[derive(Default)]
struct Segment {
    /// Bytes after decoding.
    length: usize,
    /// How many of them are dots.
    dots: usize,
}

impl Segment {
    const fn is_dot_segment(&self) -> bool {
        self.length == self.dots && matches!(self.dots, 1 | 2)
    }
}

fn scan_path(path: &[u8]) -> Result<Spelling, Stop> {
    let Some(mut rest) = path.strip_prefix(b"/") else { return Err(Stop::Deny(Reason::TargetForm)) };
    let mut spelling = Spelling::Canonical;
    let mut segment = Segment::default();
    let mut segments = 1_usize;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match class(&PATH, *byte) {
            Class::Plain => segment.length = segment.length.saturating_add(1),
            Class::Dot => {
                segment.length = segment.length.saturating_add(1);
                segment.dots = segment.dots.saturating_add(1);
            }
            Class::Slash => {
                segments = segments.saturating_add(1);
                if segment.length == 0 || segment.is_dot_segment() || segments > MAX_PATH_SEGMENTS {
                    return ambiguous();
                }
                segment = Segment::default();
            }
            Class::Escape => {
                let escape = Escape::read(rest)?;
                if escape.is_octet(|octet| matches!(octet, b'/' | b'\\' | b'%' | b';')) {
                    return ambiguous();
                }
                segment.length = segment.length.saturating_add(1);
                segment.dots = segment.dots.saturating_add(usize::from(escape.is_octet(|octet| octet == b'.')));
                if !escape.is_canonical {
                    spelling = Spelling::Rewritten;
                }
                rest = escape.rest;
            }
            Class::Bracket | Class::Ampersand | Class::Equals | Class::Refused => return ambiguous(),
        }
    }
    if segment.is_dot_segment() { ambiguous() } else { Ok(spelling) }
}

fn scan_query(query: &[u8]) -> Result<Spelling, Stop> {
    let mut rest = query;
    let mut spelling = Spelling::Canonical;
    let mut pairs = 1_usize;
    let mut name = 0_usize;
    let mut is_in_name = true;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match class(&QUERY, *byte) {
            Class::Plain => {}
            Class::Ampersand => {
                pairs = pairs.saturating_add(1);
                if pairs > MAX_QUERY_PAIRS {
                    return Err(Stop::Deny(Reason::QueryTooMany));
                }
                (name, is_in_name) = (0, true);
                continue;
            }
            Class::Equals => is_in_name = false,
            Class::Bracket => spelling = Spelling::Rewritten,
            Class::Escape => {
                let escape = Escape::read(rest)?;
                if !escape.is_canonical {
                    spelling = Spelling::Rewritten;
                }
                rest = escape.rest;
            }
            Class::Dot | Class::Slash | Class::Refused => return ambiguous(),
        }
        name = name.saturating_add(usize::from(is_in_name));
        if name > MAX_QUERY_NAME_BYTES {
            return Err(Stop::Deny(Reason::QueryTooMany));
        }
    }
    Ok(spelling)
}

/// One escaped character, after its first `%`.
struct Escape<'a> {
    /// The octet; the first one of a character beyond ASCII.
    octet: u8,
    /// Whether it is written as we hand it on.
    is_canonical: bool,
    rest: &'a [u8],
}

impl<'a> Escape<'a> {
    /// Refuses bad digits, control bytes, and what is not UTF-8 in its shortest form (RFC 3629 §10): decoders differ on all.
    fn read(rest: &'a [u8]) -> Result<Self, Stop> {
        let (octet, mut is_canonical, mut rest) = hex(rest)?;
        if octet < 0x20 || octet == 0x7F {
            return ambiguous();
        }
        if octet < 0x80 {
            return Ok(Self { octet, is_canonical: is_canonical && !is_unreserved(octet), rest });
        }
        let mut character = [octet, 0, 0, 0];
        let length = match octet {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => return ambiguous(),
        };
        for slot in character.iter_mut().take(length).skip(1) {
            let Some(after) = rest.strip_prefix(b"%") else { return ambiguous() };
            let (next, is_upper, after) = hex(after)?;
            *slot = next;
            is_canonical &= is_upper;
            rest = after;
        }
        match character.get(..length).map(std::str::from_utf8) {
            Some(Ok(_)) => Ok(Self { octet, is_canonical, rest }),
            _ => ambiguous(),
        }
    }

    fn is_octet(&self, is: impl FnOnce(u8) -> bool) -> bool {
        is(self.octet)
    }
}

/// Two hex digits: their value, whether both are as we write them, and what follows.
fn hex(rest: &[u8]) -> Result<(u8, bool, &[u8]), Stop> {
    let [high, low, rest @ ..] = rest else { return ambiguous() };
    let (Some(high_value), Some(low_value)) = (digit(*high), digit(*low)) else { return ambiguous() };
    Ok((high_value << 4 | low_value, !high.is_ascii_lowercase() && !low.is_ascii_lowercase(), rest))
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(byte.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}

/// Writes a target that both scans accepted in its canonical spelling.
fn rewrite(text: &str) -> Result<PathAndQuery, Stop> {
    let mut written = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match byte {
            b'%' => {
                let [high, low, tail @ ..] = rest else { return ambiguous() };
                rest = tail;
                let octet = digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low);
                match octet {
                    Some(octet) if is_unreserved(octet) => written.push(octet),
                    _ => written.extend([b'%', high.to_ascii_uppercase(), low.to_ascii_uppercase()]),
                }
            }
            b'[' => written.extend(b"%5B"),
            b']' => written.extend(b"%5D"),
            _ => written.push(*byte),
        }
    }
    if written.len() > MAX_TARGET_BYTES {
        return Err(Stop::Deny(Reason::TargetTooLong));
    }
    PathAndQuery::from_maybe_shared(Bytes::from(written)).or_else(|_| ambiguous())
}
