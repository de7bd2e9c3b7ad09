//! Files that are sent: which names they may have, and whether they are what they claim to be (CWE-22, CWE-434).

use super::super::violation::Rule;

/// Bytes that say what a file is.
pub(super) const SNIFFED_BYTES: usize = 16;

/// Bytes of a name: no file system has longer ones.
const MAX_NAME_BYTES: usize = 255;

/// Names of devices on Windows, with any extension.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Whether a file may have this name. Empty is the field of a form without a file.
///
/// # Errors
/// A path, a hidden file, a device, what cannot be seen, too long.
pub(super) fn check_name(name: &str) -> Result<(), Rule> {
    let is_path = name.contains(['/', '\\', ':']) || name.starts_with('.') || name.ends_with(['.', ' ']);
    // Controls, and what turns the direction of a text or has no width: `photo\u{202e}gpj.exe`.
    let is_unseen = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if is_path || name.len() > MAX_NAME_BYTES || name.chars().any(is_unseen) || is_device(name) {
        return Err(Rule::FileName);
    }
    Ok(())
}

fn is_device(name: &str) -> bool {
    let base = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let is_port = |port: &str| {
        base.strip_prefix(port)
            .is_some_and(|number| number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    DEVICES.contains(&base.as_str()) || is_port("com") || is_port("lpt")
}

/// Whether a file can be of the media type that it claims, by its first bytes. Types without a mark of their own can.
pub(super) fn can_be(essence: &str, first: &[u8]) -> bool {
    let begins = |mark: &[u8]| first.starts_with(mark);
    let holds = |at: usize, mark: &[u8]| first.get(at..).is_some_and(|rest| rest.starts_with(mark));
    match essence.to_ascii_lowercase().as_str() {
        "image/png" => begins(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg" | "image/jpg" => begins(b"\xff\xd8\xff"),
        "image/gif" => begins(b"GIF87a") || begins(b"GIF89a"),
        "image/webp" => begins(b"RIFF") && holds(8, b"WEBP"),
        "image/bmp" => begins(b"BM"),
        "image/tiff" => begins(b"II*\0") || begins(b"MM\0*"),
        "image/avif" | "image/heic" | "image/heif" => holds(4, b"ftyp"),
        "image/vnd.microsoft.icon" | "image/x-icon" => begins(b"\0\0\x01\0"),
        "application/pdf" => begins(b"%PDF-"),
        _ => true,
    }
}
