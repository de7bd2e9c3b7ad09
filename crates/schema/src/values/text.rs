//! A text as the JSON value that its type makes of it: one spelling for each value.

use super::violation::Rule;
use crate::shape::{Shape, Types};
use portcullis_json::{Bounds, Document, Number};

/// Writes a text that is a value of its own: no array and no object.
///
/// Where strings are allowed beside other types, a text with the spelling of one of those is that: the document allows the
/// text either way. No text is `null`: a style leaves null out.
///
/// # Errors
/// No allowed type is spelled like that, or it is too long.
pub(crate) fn write(text: &str, shape: &Shape, bounds: &Bounds, out: &mut Vec<u8>) -> Result<(), Rule> {
    let types = match shape {
        Shape::Any => Types::STRING,
        Shape::Scalar(types) => *types,
        Shape::Array(_) | Shape::Object { .. } => return Err(Rule::Style),
    };
    let is_boolean = types.has(Types::BOOLEAN) && matches!(text, "true" | "false");
    let is_number = (types.has(Types::NUMBER) || (types.has(Types::INTEGER) && is_integer(text)))
        && text.len() <= bounds.number_bytes as usize
        && Number::parse(text).is_some();
    if is_boolean || is_number {
        out.extend_from_slice(text.as_bytes());
        Ok(())
    } else if types.has(Types::STRING) {
        string(text, bounds, out)
    } else {
        Err(Rule::Type)
    }
}

/// Digits, perhaps with a minus before them. Leading zeros are refused by the grammar of numbers.
fn is_integer(text: &str) -> bool {
    text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit())
}

/// Writes a text as a JSON string.
///
/// # Errors
/// It is longer than a string may be.
pub fn string(text: &str, bounds: &Bounds, out: &mut Vec<u8>) -> Result<(), Rule> {
    let start = out.len();
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(br#"\""#),
            b'\\' => out.extend_from_slice(br"\\"),
            b'\n' => out.extend_from_slice(br"\n"),
            b'\r' => out.extend_from_slice(br"\r"),
            b'\t' => out.extend_from_slice(br"\t"),
            0..0x20 => {
                out.extend_from_slice(br"\u00");
                out.extend([digit(byte >> 4), digit(byte & 0xf)]);
            }
            other => out.push(other),
        }
    }
    // The bound is on the text as written, between the quotes.
    if out.len().saturating_sub(start).saturating_sub(1) > bounds.string_bytes as usize {
        return Err(Rule::TooLong);
    }
    out.push(b'"');
    Ok(())
}

const fn digit(value: u8) -> u8 {
    if value < 10 { b'0'.wrapping_add(value) } else { b'a'.wrapping_sub(10).wrapping_add(value) }
}

/// Writes a text that is JSON already, once it proved to be one whole text.
///
/// # Errors
/// It is no JSON, ambiguous, or beyond the bounds.
pub(crate) fn json(text: &str, bounds: &Bounds, out: &mut Vec<u8>) -> Result<(), Rule> {
    // It will stand inside one array or object of ours.
    let inside = Bounds { depth: bounds.depth.saturating_sub(1), ..*bounds };
    Document::parse(text.as_bytes().to_vec(), &inside).map_err(|_| Rule::Json)?;
    out.extend_from_slice(text.as_bytes());
    Ok(())
}
