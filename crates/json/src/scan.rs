//! Blanks, strings and numbers: where they end, and whether they are well formed (RFC 8259 §2, §6, §7).

use crate::bounds::Bounds;
use crate::error::Problem;

/// What was found wrong, and where.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) at: usize,
    pub(crate) problem: Problem,
}

/// Ends behind its closing quote.
pub(crate) struct Found {
    pub(crate) end: usize,
    pub(crate) has_escapes: bool,
}

pub(crate) fn blanks(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at = at.saturating_add(1);
    }
    at
}

/// Reads the number that begins at `from`.
pub(crate) fn number(text: &str, from: usize, bounds: &Bounds) -> Result<usize, Stop> {
    let bytes = text.as_bytes();
    let mut at = from;
    if bytes.get(at) == Some(&b'-') {
        at = at.saturating_add(1);
    }
    // No zero before other digits.
    at = if bytes.get(at) == Some(&b'0') { at.saturating_add(1) } else { digits(bytes, at)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at.saturating_add(1))?;
    }
    let has_exponent = matches!(bytes.get(at), Some(b'e' | b'E'));
    if has_exponent {
        at = at.saturating_add(1);
        if matches!(bytes.get(at), Some(b'+' | b'-')) {
            at = at.saturating_add(1);
        }
        at = digits(bytes, at)?;
    }
    if at.saturating_sub(from) > bounds.number_bytes as usize {
        return Err(Stop { at: from, problem: Problem::NumberBytes(bounds.number_bytes) });
    }
    if (has_exponent || at.saturating_sub(from) > 300) && !is_in_range(text.get(from..at).unwrap_or_default()) {
        return Err(Stop { at: from, problem: Problem::NumberRange });
    }
    Ok(at)
}

/// Whether a double comes near it: not infinite, and zero only for a zero.
fn is_in_range(number: &str) -> bool {
    let digits = number.split(['e', 'E']).next().unwrap_or_default();
    let is_zero = digits.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'-'));
    number.parse::<f64>().is_ok_and(|double| double.is_finite() && (double != 0.0 || is_zero))
}

fn digits(text: &[u8], from: usize) -> Result<usize, Stop> {
    let mut at = from;
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at = at.saturating_add(1);
    }
    if at == from { Err(Stop { at, problem: Problem::Expected("a digit") }) } else { Ok(at) }
}

/// Reads the string whose opening quote is at `from`. If it holds escapes, what it means is appended to `decoded`.
pub(crate) fn string(text: &str, from: usize, bounds: &Bounds, decoded: &mut String) -> Result<Found, Stop> {
    let bytes = text.as_bytes();
    let (mut at, mut plain_from, mut has_escapes) = (from.saturating_add(1), from.saturating_add(1), false);
    loop {
        at = plain(bytes, at);
        match bytes.get(at) {
            Some(b'"') => break,
            Some(b'\\') => {
                has_escapes = true;
                decoded.push_str(text.get(plain_from..at).unwrap_or_default());
                at = escape(bytes, at, bounds, decoded)?;
                plain_from = at;
            }
            Some(_) => return Err(Stop { at, problem: Problem::Expected("no control character in a string") }),
            None => return Err(Stop { at, problem: Problem::Expected("the end of the string") }),
        }
    }
    if at.saturating_sub(from).saturating_sub(1) > bounds.string_bytes as usize {
        return Err(Stop { at: from, problem: Problem::StringBytes(bounds.string_bytes) });
    }
    if has_escapes {
        decoded.push_str(text.get(plain_from..at).unwrap_or_default());
    }
    Ok(Found { end: at.saturating_add(1), has_escapes })
}

/// The first byte from `from` on that is a quote, a backslash, a control character, or no more text. Eight bytes at a time.
fn plain(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk) {
        let special = special(u64::from_le_bytes(*eight));
        if special != 0 {
            return at.saturating_add(special.trailing_zeros() as usize / 8);
        }
        at = at.saturating_add(8);
    }
    let rest = text.get(at..).unwrap_or_default();
    let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
    at.saturating_add(length.unwrap_or(rest.len()))
}

/// The highest bit of the first of eight bytes that is special, with perhaps others above it; 0 if none is.
fn special(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHEST: u64 = 0x8080_8080_8080_8080;
    // Taking n from each byte reaches the highest bit of the lowest byte that is less than n and had that bit not set.
    let less = |bytes: u64, than: u64| bytes.wrapping_sub(ONES.wrapping_mul(than)) & !bytes & HIGHEST;
    let same = |byte: u8| less(eight ^ ONES.wrapping_mul(u64::from(byte)), 1);
    same(b'"') | same(b'\\') | less(eight, 0x20)
}

/// Reads the escape that begins at `from`, and what it means into `decoded`.
fn escape(text: &[u8], from: usize, bounds: &Bounds, decoded: &mut String) -> Result<usize, Stop> {
    let letter = from.saturating_add(1);
    let meant = match text.get(letter) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(text, from, bounds, decoded),
        _ => return Err(Stop { at: letter, problem: Problem::Expected("one of `\"\\/bfnrtu` after a backslash") }),
    };
    decoded.push(meant);
    Ok(letter.saturating_add(1))
}

/// `\uXXXX`, or two of them that are a surrogate pair.
fn unicode(text: &[u8], from: usize, bounds: &Bounds, decoded: &mut String) -> Result<usize, Stop> {
    let lone = Stop { at: from, problem: Problem::Surrogate };
    let (unit, mut at) = (hex4(text, from.saturating_add(2))?, from.saturating_add(6));
    let scalar = if (0xd800..0xdc00).contains(&unit) {
        if text.get(at..at.saturating_add(2)) != Some(br"\u") {
            return Err(lone);
        }
        let low = hex4(text, at.saturating_add(2))?;
        let Some(low) = low.checked_sub(0xdc00).filter(|low| *low < 0x400) else { return Err(lone) };
        at = at.saturating_add(6);
        0x1_0000_u32.saturating_add((unit & 0x3ff) << 10 | low)
    } else {
        unit
    };
    if scalar == 0 && !bounds.is_nul_allowed {
        return Err(Stop { at: from, problem: Problem::Nul });
    }
    // A low surrogate without the high one before it is no character.
    decoded.push(char::from_u32(scalar).ok_or(lone)?);
    Ok(at)
}

fn hex4(text: &[u8], from: usize) -> Result<u32, Stop> {
    let mut unit = 0;
    for at in from..from.saturating_add(4) {
        let digit = text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let Some(digit) = digit else {
            return Err(Stop { at, problem: Problem::Expected("four hex digits after `\\u`") });
        };
        unit = unit << 4 | digit;
    }
    Ok(unit)
}
