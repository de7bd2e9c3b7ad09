//! Chunked content and what follows it: the laws of [`guard_h1`], all bytes spent on the chunks.

use crate::guard_h1;

const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/// `data` is the content.
pub fn check(data: &[u8]) {
    guard_h1::check(&[HEAD, data].concat());
}
