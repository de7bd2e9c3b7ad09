//! Why a head could not be read, from hyper's error and the bytes it stopped at.

use portcullis_core::Reason;
use portcullis_core::bounds::{MAX_METHOD_BYTES, MAX_TARGET_BYTES};

/// Longest request line that could still be served: method, target, version, two spaces and the line end.
const MAX_REQUEST_LINE_BYTES: usize = MAX_METHOD_BYTES + MAX_TARGET_BYTES + "HTTP/1.1".len() + 4;

/// The reason to answer with, or `None` where no answer is due: the connection broke, or the trouble was in a body.
/// `head` is what was read of the head.
pub(super) fn reason(error: &hyper::Error, head: &[u8]) -> Option<Reason> {
    if !error.is_parse() {
        return None;
    }
    let line = memchr::memchr(b'\n', head).and_then(|end| head.get(..end));
    Some(match line {
        _ if error.is_parse_too_large() && line.is_none_or(|line| line.len() > MAX_REQUEST_LINE_BYTES) => {
            Reason::TargetTooLong
        }
        _ if error.is_parse_too_large() => Reason::HeadTooLarge,
        Some(line) if has_other_version(line) => Reason::VersionUnsupported,
        _ => Reason::RequestMalformed,
    })
}

/// Whether the request line ends in a version of HTTP that is neither 1.0 nor 1.1 (RFC 9112 §2.3).
fn has_other_version(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut words = line.splitn(3, |byte| *byte == b' ');
    let version = words.nth(2).and_then(|version| version.strip_prefix(b"HTTP/"));
    match version {
        Some([major, b'.', minor]) => {
            major.is_ascii_digit() && minor.is_ascii_digit() && !matches!((major, minor), (b'1', b'0' | b'1'))
        }
        _ => false,
    }
}
