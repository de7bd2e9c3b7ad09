//! Encodings, numbers as text, identifiers.

use super::super::pattern::Pattern;

/// Only whole groups, only zero bits behind the last byte: one text for each value (RFC 4648 §3.5).
pub(super) fn is_base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    let padding = text.len().saturating_sub(data.len());
    text.len().is_multiple_of(4) && padding <= 2 && is_encoded(data, b'+', b'/')
}

pub(super) fn is_base64url(text: &str) -> bool {
    is_encoded(text, b'-', b'_')
}

fn is_encoded(data: &str, sixty_two: u8, sixty_three: u8) -> bool {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte.wrapping_sub(b'A')),
        b'a'..=b'z' => Some(byte.wrapping_sub(b'a').wrapping_add(26)),
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0').wrapping_add(52)),
        _ if byte == sixty_two => Some(62),
        _ if byte == sixty_three => Some(63),
        _ => None,
    };
    let Some(last) = data.bytes().last() else { return true };
    let unused = match data.len() % 4 {
        0 => 0,
        2 => 0b1111,
        3 => 0b11,
        _ => return false,
    };
    data.bytes().all(|byte| value(byte).is_some()) && value(last).is_some_and(|bits| bits & unused == 0)
}

/// RFC 9562 §4.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// No leading zero, no plus.
pub(super) fn is_integer_text(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_canonical = digits == "0" || !digits.starts_with('0');
    !digits.is_empty() && is_canonical && digits.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn is_decimal(text: &str) -> bool {
    match text.split_once('.') {
        None => is_integer_text(text),
        Some((whole, fraction)) => {
            is_integer_text(whole) && !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit())
        }
    }
}

/// A pattern by the grammar; nothing is compiled that somebody sent.
pub(super) fn is_regex(text: &str) -> bool {
    Pattern::is_well_formed(text)
}
