//! Percent-encoding, read once and strictly (RFC 3986 §2.1).

use super::violation::Rule;
use std::borrow::Cow;

/// What a `+` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plus {
    /// A space: queries and forms (WHATWG URL, application/x-www-form-urlencoded).
    Space,
    /// Itself: everywhere else.
    Itself,
}

/// Reads escapes.
///
/// # Errors
/// A `%` without two hex digits, octets that are no UTF-8 in its shortest form, NUL: decoders differ on each.
pub(crate) fn decode(raw: &str, plus: Plus) -> Result<Cow<'_, str>, Rule> {
    let is_plain = |byte: u8| !(byte == b'%' || byte == 0 || (byte == b'+' && plus == Plus::Space));
    if raw.bytes().all(is_plain) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match byte {
            b'%' => {
                let [high, low, tail @ ..] = rest else { return Err(Rule::Encoding) };
                let octet = hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low);
                decoded.push(octet.ok_or(Rule::Encoding)?);
                rest = tail;
            }
            b'+' if plus == Plus::Space => decoded.push(b' '),
            other => decoded.push(*other),
        }
    }
    if decoded.contains(&0) {
        return Err(Rule::Encoding);
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| Rule::Encoding)
}

const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(byte.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}
