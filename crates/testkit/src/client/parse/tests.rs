use super::*;

#[test]
fn a_head_is_split_from_what_follows_it() {
    let (head, used) = head(b"HTTP/1.1 200 OK\r\nA: b\r\na:  c \r\n\r\nrest").unwrap();
    assert_eq!(head.first, "HTTP/1.1 200 OK");
    assert_eq!(head.headers, [("A".into(), "b".into()), ("a".into(), "c".into())]);
    assert_eq!(used, 33);
}

#[test]
fn half_a_head_is_none() {
    assert_eq!(head(b"HTTP/1.1 200 OK\r\nA: b\r\n"), None);
}

#[test]
fn chunks_and_trailers_are_read() {
    let out = chunked(b"5;x=y\r\nhello\r\n2\r\n!!\r\n0\r\nT: u\r\n\r\nnext");
    assert_eq!(out.body, b"hello!!");
    assert_eq!(out.trailers, [("T".into(), "u".into())]);
    assert_eq!(out.used, 32);
    assert!(out.complete);
}

#[test]
fn a_chunk_cut_short_is_incomplete() {
    for cut in [&b"5\r\nhel"[..], b"5\r\nhello\r\n", b"5\r\nhello\r\n0\r\n", b"zz\r\n"] {
        assert!(!chunked(cut).complete, "{cut:?}");
    }
}

#[test]
fn framing_prefers_chunked() {
    let lines = vec![("content-length".into(), "3".into()), ("Transfer-Encoding".into(), "chunked".into())];
    assert_eq!(framing(&lines, Framing::Close), Framing::Chunked);
    assert_eq!(framing(&lines[..1], Framing::Close), Framing::Length(3));
    assert_eq!(framing(&[], Framing::Close), Framing::Close);
}
