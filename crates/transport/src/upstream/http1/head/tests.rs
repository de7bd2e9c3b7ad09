use super::*;
use portcullis_core::bounds::MAX_UPSTREAM_HEADER_FIELDS;

/// Status, fields, what follows, and whether the connection may stay; or why not.
type Verdict = Result<(u16, Vec<(String, String)>, Vec<u8>, bool), Reason>;

/// What is read of these pieces and then no more. What was not read any more follows the head too.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Verdict {
    let mut heads = Heads::default();
    let mut pieces = pieces;
    while let Some(piece) = pieces.next() {
        if let Some(head) = heads.read(Bytes::copy_from_slice(piece)).map_err(|stop| stop.reason())? {
            let Head { response, rest, keeps_alive } = head;
            let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let fields = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
            let rest = [&rest[..], &pieces.flatten().copied().collect::<Vec<u8>>()].concat();
            return Ok((response.status().as_u16(), fields, rest, keeps_alive));
        }
    }
    Err(heads.end().reason())
}

/// What is read of `bytes`, however they are cut.
fn verdict(bytes: &[u8]) -> Verdict {
    let whole = read([bytes].into_iter());
    let cuts = (1..bytes.len().min(300)).map(|at| bytes.split_at(at));
    for (one, two) in cuts {
        assert_eq!(read([one, two].into_iter()), whole, "{} cut at {}", shown(bytes), one.len());
    }
    for size in [1, 2, 3, 7] {
        assert_eq!(read(bytes.chunks(size)), whole, "{} in pieces of {size}", shown(bytes));
    }
    whole
}

fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(200)].escape_ascii().to_string()
}

fn status(verdict: Verdict) -> Result<u16, Reason> {
    verdict.map(|(status, ..)| status)
}

#[test]
fn a_head_is_read_whole_and_what_follows_is_left() {
    let (status, fields, rest, keeps_alive) =
        verdict(b"HTTP/1.1 200 OK\r\nA: b\r\nX-Empty:\r\na:  c d \t\r\n\r\ncontent\r\n\r\n").unwrap();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!((status, fields), (200, vec![("a", "b"), ("a", "c d"), ("x-empty", "")]));
    assert_eq!((&rest[..], keeps_alive), (&b"content\r\n\r\n"[..], true));
}

#[test]
fn what_breaks_the_grammar_is_refused() {
    let cases: [&[u8]; 24] = [
        b"garbage",
        b"<html>",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n", // an empty line before a response is the rest of another one
        b"\nHTTP/1.1 200 OK\r\n\r\n",
        b" HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.2 200 OK\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 99 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 1000 OK\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 O\0K\r\n\r\n",
        b"HTTP/1.1 200 OK\rA: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 103 X\r\n\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ];
    for bytes in cases {
        assert_eq!(verdict(bytes), Err(Reason::UpstreamMalformed), "{}", shown(bytes));
    }
}

#[test]
fn a_head_that_ends_early_is_no_response() {
    for bytes in [&b""[..], b"H", b"HTTP/1.1 200 OK\r\nA: b\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"] {
        assert_eq!(verdict(bytes), Err(Reason::UpstreamClosed), "{}", shown(bytes));
    }
}

#[test]
fn interim_responses_are_passed_over_and_counted() {
    let early = b"HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n";
    let end = b"HTTP/1.1 404 Not Found\r\n\r\n";
    let cases = [
        (early.to_vec(), Ok(404)),
        (early.repeat(32), Ok(404)),
        (early.repeat(33), Err(Reason::UpstreamInterim)),
        (b"HTTP/1.1 100 \r\n\r\n".repeat(2), Ok(404)),
        (b"HTTP/1.1 199\r\n\r\n".to_vec(), Ok(404)),
    ];
    for (before, expected) in cases {
        assert_eq!(status(verdict(&[&before[..], end].concat())), expected, "{}", shown(&before));
    }
    let (status, _, rest, _) = verdict(b"HTTP/1.1 101 X\r\n\r\nHTTP/1.1 100 \r\n\r\n").unwrap();
    assert_eq!((status, &rest[..]), (101, &b"HTTP/1.1 100 \r\n\r\n"[..]), "nothing of HTTP follows a 101");
}

/// A head of so many bytes.
fn head_of(bytes: usize, status: u16) -> Vec<u8> {
    let frame = format!("HTTP/1.1 {status} X\r\na: \r\n\r\n").len();
    format!("HTTP/1.1 {status} X\r\na: {}\r\n\r\n", "x".repeat(bytes.saturating_sub(frame))).into_bytes()
}

#[test]
fn bounds_are_exact() {
    let fields = |count| format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(count)).into_bytes();
    let interim = |bytes| [head_of(40_000, 102), head_of(bytes - 40_000, 102), head_of(100, 200)].concat();
    let cases = [
        (head_of(MAX_UPSTREAM_HEAD_BYTES, 200), Ok(200)),
        (head_of(MAX_UPSTREAM_HEAD_BYTES + 1, 200), Err(Reason::UpstreamMalformed)),
        (fields(MAX_UPSTREAM_HEADER_FIELDS), Ok(200)),
        (fields(MAX_UPSTREAM_HEADER_FIELDS + 1), Err(Reason::UpstreamMalformed)),
        (interim(MAX_UPSTREAM_HEAD_BYTES), Ok(200)),
        (interim(MAX_UPSTREAM_HEAD_BYTES + 1), Err(Reason::UpstreamInterim)),
        (head_of(MAX_UPSTREAM_HEAD_BYTES + 1, 102), Err(Reason::UpstreamInterim)),
    ];
    for (bytes, expected) in cases {
        assert_eq!(status(read(bytes.chunks(16 * 1024))), expected, "{} bytes", bytes.len()); // edge/HR12
        assert_eq!(status(read(bytes.chunks(1))), expected, "{} bytes, one by one", bytes.len());
    }
}

#[test]
fn what_is_kept_of_a_head_without_end_is_bounded() {
    let mut heads = Heads::default();
    heads.read(Bytes::from_static(b"HTTP/1.1 200 OK\r\na: ")).unwrap();
    let more = Bytes::from(vec![b'x'; 16 * 1024]);
    let refused = (0..10).find_map(|_| heads.read(more.clone()).err());
    assert_eq!(refused.map(|stop| stop.reason()), Some(Reason::UpstreamMalformed));
    assert!(heads.partial.len() <= MAX_UPSTREAM_HEAD_BYTES);
}

#[test]
fn a_connection_stays_where_nobody_asks_to_close() {
    let cases = [
        ("HTTP/1.1 200 OK\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: closed\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nConnection: x ,\tClose\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", false),
    ];
    for (head, expected) in cases {
        assert_eq!(verdict(head.as_bytes()).unwrap().3, expected, "{head}");
    }
}

#[test]
fn a_phrase_of_its_own_is_kept() {
    for (line, kept) in [("200 OK", None), ("200 Fine", Some(&b"Fine"[..])), ("200", Some(b"")), ("299 ", Some(b""))] {
        let head = Heads::default().read(format!("HTTP/1.1 {line}\r\n\r\n").into()).unwrap().unwrap();
        let phrase = head.response.extensions().get::<ReasonPhrase>();
        assert_eq!(phrase.map(ReasonPhrase::as_bytes), kept, "{line}");
    }
}
