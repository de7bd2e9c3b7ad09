use super::*;

/// What goes out where the socket takes so many bytes at a time.
fn written(mut out: Outgoing, most: usize) -> Vec<u8> {
    let mut written = Vec::new();
    while !out.is_empty() {
        let parts = [out.left(), &out.piece, out.tail].concat();
        let now = &parts[..parts.len().min(most)];
        written.extend_from_slice(now);
        out.advance(now.len());
    }
    written
}

#[test]
fn everything_goes_out_in_its_order() {
    let large = Bytes::from(vec![b'y'; SMALL_BYTES + 1]);
    let fill = |chunked: bool| {
        let mut out = Outgoing::default();
        out.framed().extend_from_slice(b"head");
        let put = if chunked { Outgoing::chunk } else { Outgoing::content };
        put(&mut out, Bytes::from_static(b"small"));
        put(&mut out, large.clone());
        assert!(!out.has_room(), "large content is not collected");
        out
    };
    let plain = [b"headsmall", &large[..]].concat();
    let chunked = [b"head5\r\nsmall\r\n1001\r\n", &large[..], b"\r\n"].concat();
    for most in [1, 2, 3, 7, 11, 4096, usize::MAX] {
        assert_eq!(written(fill(false), most), plain, "{most} at a time");
        assert_eq!(written(fill(true), most), chunked, "{most} at a time");
    }
}

#[test]
fn what_is_collected_is_bounded() {
    let mut out = Outgoing::default();
    let mut pieces = 0;
    while out.has_room() {
        out.chunk(Bytes::from(vec![0; SMALL_BYTES]));
        pieces += 1;
    }
    assert!(out.left().len() <= FULL_BYTES + SMALL_BYTES + 16, "{} bytes of {pieces} pieces", out.left().len());
}

#[test]
fn an_empty_one_keeps_no_room() {
    let mut out = Outgoing::default();
    out.framed().extend_from_slice(b"head");
    let room = out.framed.as_ptr();
    out.advance(4);
    assert_eq!((out.framed.capacity(), out.at), (0, 0));
    let mut next = Outgoing::default();
    assert_eq!(next.framed().as_ptr(), room, "the next one takes it up");
}
