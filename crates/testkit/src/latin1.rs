//! One character of a scenario file is one byte on the wire.
//!
//! YAML text is Unicode, but attacks are bytes: `"/caf\xc3\xa9"` sends exactly two bytes for the last letter, and
//! `"\xff"` one that no Unicode text could hold.

use anyhow::{Result, bail};

/// The bytes that `text` stands for. A character above U+00FF is an error: it would have no single byte.
pub fn to_bytes(text: &str) -> Result<Vec<u8>> {
    text.chars()
        .map(|c| match u8::try_from(u32::from(c)) {
            Ok(byte) => Ok(byte),
            Err(_) => bail!("`{c}` is no single byte: write its UTF-8 bytes as \\x escapes"),
        })
        .collect()
}

/// The text whose [`to_bytes`] is `bytes`: never fails, never loses a byte.
pub fn to_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
