//! An upstream that answers with any bytes, over a real socket: what is passed on is what a plain reader finds there, whatever
//! the cuts, and no byte of it becomes part of the next response. A first line `HEAD` is the request's method, not an answer.

mod bench;
mod plain;

use http::Method;

use crate::cuts::halves;

/// All of it.
pub fn check(data: &[u8]) {
    let (method, data) = match data.strip_prefix(b"HEAD\n") {
        Some(data) => (Method::HEAD, data),
        None => (Method::GET, data),
    };
    if data.is_empty() {
        return; // nothing was read, so the request is sent again
    }
    let whole = bench::run(&method, &[data]);
    let cut = bench::run(&method, &halves(data));
    assert_eq!(whole, cut, "the verdict depends on the cuts");
    if let Ok((status, content)) = whole {
        let (expected_status, expected) = plain::read(data, method == Method::HEAD);
        assert_eq!(status, expected_status, "another response");
        assert_eq!(content.escape_ascii().to_string(), expected.escape_ascii().to_string(), "other content");
    }
}
