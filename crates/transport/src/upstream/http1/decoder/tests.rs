use super::*;
use portcullis_core::Reason;
use portcullis_core::bounds::{MAX_CHUNK_EXTENSION_BYTES, MAX_UPSTREAM_HEAD_BYTES, MAX_UPSTREAM_HEADER_FIELDS};

/// Data, trailer fields, and what was left behind the end; or why not.
type Verdict = Result<(Vec<u8>, Vec<(String, String)>, Vec<u8>), Reason>;

/// What is read of these pieces and then the end of the connection.
fn read<'a>(framing: Framing, pieces: impl Iterator<Item = &'a [u8]>) -> Verdict {
    let mut decoder = Decoder::new(Some(framing));
    let (mut data, mut trailers, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        let mut unread = Bytes::copy_from_slice(piece);
        while let Some(frame) = decoder.next(&mut unread).map_err(|stop| stop.reason())? {
            match frame.into_data() {
                Ok(bytes) => data.extend_from_slice(&bytes),
                Err(frame) => {
                    let fields = frame.into_trailers().unwrap();
                    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
                    trailers.extend(fields.iter().map(|(name, value)| (name.to_string(), text(value))));
                }
            }
        }
        assert!(unread.is_empty() || decoder.has_ended(), "takes all, or has ended");
        rest.extend_from_slice(&unread);
    }
    decoder.end().map_err(|stop| stop.reason())?;
    Ok((data, trailers, rest))
}

/// What is read of `bytes`, however they are cut.
fn verdict(framing: Framing, bytes: &[u8]) -> Verdict {
    let whole = read(framing, [bytes].into_iter());
    for at in 1..bytes.len().min(300) {
        let (one, two) = bytes.split_at(at);
        assert_eq!(read(framing, [one, two].into_iter()), whole, "{} cut at {at}", bytes.escape_ascii());
    }
    for size in [1, 2, 3, 7] {
        assert_eq!(read(framing, bytes.chunks(size)), whole, "in pieces of {size}");
    }
    whole
}

fn data(verdict: Verdict) -> Result<String, Reason> {
    verdict.map(|(data, ..)| String::from_utf8(data).unwrap())
}

#[test]
fn content_ends_where_its_framing_says() {
    let cases = [
        (Framing::Length(2), "ok", Ok(("ok", ""))),
        (Framing::Length(2), "okx", Ok(("ok", "x"))),
        (Framing::Length(0), "x", Ok(("", "x"))),
        (Framing::Length(3), "ok", Err(Reason::UpstreamClosed)),
        (Framing::Length(3), "", Err(Reason::UpstreamClosed)),
        (Framing::UntilClose, "to the end", Ok(("to the end", ""))),
        (Framing::UntilClose, "", Ok(("", ""))),
        (Framing::Chunked, "2\r\nok\r\n0\r\n\r\n", Ok(("ok", ""))),
        (Framing::Chunked, "2\r\nok\r\n0\r\n\r\nHTTP/1.1", Ok(("ok", "HTTP/1.1"))),
        (Framing::Chunked, "0\r\n\r\nx", Ok(("", "x"))),
        (Framing::Chunked, "2\r\nok\r\n", Err(Reason::UpstreamClosed)),
        (Framing::Chunked, "2\r\nok\r\n0\r\n", Err(Reason::UpstreamClosed)),
        (Framing::Chunked, "2\r\nok\r\n0\r\na: b\r\n", Err(Reason::UpstreamClosed)),
        (Framing::Chunked, "", Err(Reason::UpstreamClosed)),
    ];
    for (framing, bytes, expected) in cases {
        let expected = expected.map(|(data, rest)| (data.into(), Vec::new(), rest.into()));
        assert_eq!(verdict(framing, bytes.as_bytes()), expected, "{framing:?} {bytes:?}"); // edge/HR10
    }
    assert!(Decoder::new(None).has_ended(), "HEAD, 204, 304");
}

#[test]
fn chunks_are_read_in_one_way_only() {
    let passes = [
        "5\r\nhello\r\n0\r\n\r\n",
        "2\r\nhe\r\n003\r\nllo\r\n000\r\n\r\n",
        "5;a\r\nhello\r\n0;b=c\r\n\r\n",
        "5 ; a = \"\\\"x;\" ;b\r\nhello\r\n0\r\n\r\n",
        "5  \r\nhello\r\n0 \r\n\r\n", // padded, as some servers do
        "0000000000000005\r\nhello\r\n0\r\n\r\n",
    ];
    for bytes in passes {
        assert_eq!(data(verdict(Framing::Chunked, bytes.as_bytes())), Ok("hello".to_owned()), "{bytes:?}");
    }
    let refused = [
        "\r\n",
        ";a\r\n",
        " 5\r\nhello\r\n",
        "x\r\n",
        "-5\r\n",
        "+5\r\n",
        "0x5\r\n",
        "5x\r\n",
        "5 5\r\n",
        "5,\r\n",
        "5\nhello\r\n",
        "5\r\rhello\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhellox0\r\n\r\n",
        "5\r\nhello\rx",
        "5\r\nhello0\r\n\r\n",
        "5;\r\nhello\r\n",
        "5;\nhello\r\n",
        "5;a=\r\nhello\r\n",
        "5;a=\"b\r\nhello\r\n",
        "5;a\0\r\n",
        "5;a b\r\n",
        "00000000000000005\r\nhello\r\n0\r\n\r\n",
        "10000000000000000\r\n",
        "0\r\n\n",
        "0\n\r\n",
        "0\r\na: b\n\r\n",
        "0\r\na: b\nc: d\r\n\r\n",
        "0\r\na: b\rc: d\r\n\r\n",
        "0\r\n a: b\r\n\r\n",
        "0\r\na: b\r\n c\r\n\r\n",
        "0\r\na : b\r\n\r\n",
        "0\r\na\r\n\r\n",
        "0\r\n: b\r\n\r\n",
        "0\r\na: \0\r\n\r\n",
    ];
    for bytes in refused {
        assert_eq!(data(verdict(Framing::Chunked, bytes.as_bytes())), Err(Reason::UpstreamMalformed), "{bytes:?}"); // edge/HR11
    }
}

#[test]
fn trailers_are_fields_and_nothing_else() {
    let (data, trailers, rest) =
        verdict(Framing::Chunked, b"2\r\nok\r\n0\r\nGrpc-Status: 0\r\na:\r\na: b\r\n\r\nrest").unwrap();
    let shown: Vec<_> = trailers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!((&data[..], shown), (&b"ok"[..], vec![("grpc-status", "0"), ("a", ""), ("a", "b")]));
    assert_eq!(rest, b"rest");
}

#[test]
fn framing_is_bounded() {
    let extension = |bytes: usize| format!("1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(bytes - 1));
    let section = |bytes: usize| format!("0\r\na: {}\r\n\r\n", "x".repeat(bytes - 7));
    let fields = |count| format!("0\r\n{}\r\n", "a: b\r\n".repeat(count));
    let most = MAX_CHUNK_EXTENSION_BYTES as usize;
    let cases = [
        (extension(most), true),
        (extension(most + 1), false),
        (format!("1;{0}\r\nx\r\n1;{0}\r\nx\r\n0\r\n\r\n", "a".repeat(most / 2)), false), // of all chunks together
        (section(MAX_UPSTREAM_HEAD_BYTES), true),
        (section(MAX_UPSTREAM_HEAD_BYTES + 1), false),
        (fields(MAX_UPSTREAM_HEADER_FIELDS), true),
        (fields(MAX_UPSTREAM_HEADER_FIELDS + 1), false),
    ];
    for (bytes, passes) in cases {
        for size in [1, 16 * 1024, usize::MAX] {
            let read = read(Framing::Chunked, bytes.as_bytes().chunks(size));
            assert_eq!(read.as_ref().err(), (!passes).then_some(&Reason::UpstreamMalformed), "{} bytes", bytes.len());
        }
    }
}

#[test]
fn the_usual_end_is_seen_with_the_last_data() {
    let mut decoder = Decoder::new(Some(Framing::Chunked));
    let mut unread = Bytes::from_static(b"2\r\nok\r\n0\r\n\r\n");
    assert_eq!(decoder.next(&mut unread).unwrap().unwrap().into_data().unwrap(), "ok");
    assert!(decoder.has_ended() && decoder.is_exactly(&unread));
}
