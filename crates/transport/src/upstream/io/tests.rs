use super::*;

fn scanned(pieces: &[&[u8]]) -> (u32, bool) {
    let mut scan = Scan::default();
    for piece in pieces {
        scan.feed(piece);
    }
    (scan.interim, scan.at == At::Final)
}

#[test]
fn interim_responses_are_counted_however_they_arrive() {
    let cases: [(&[u8], u32, bool); 8] = [
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 100 \r\n\r\n", 0, true),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 1, true),
        (b"HTTP/1.1 103 X\r\na: HTTP/1.1 100\r\n\r\n", 1, false),
        (b"HTTP/1.1 199 X\n\nHTTP/1.1 199 X\r\n\nHTTP/1.1 404", 2, true),
        (b"\r\n\r\nHTTP/1.1 100 \r\n\r\n\r\nHTTP/1.1 100 ", 2, false),
        (b"HTTP/1.1 101 X\r\n\r\nHTTP/1.1 100 \r\n\r\n", 0, true),
        (b"HTTP/1.1 100 \r\n\r\r\n\r\nHTTP/1.1 200", 1, true),
        (b"", 0, false),
    ];
    for (bytes, interim, ended) in cases {
        let shown = bytes.escape_ascii();
        assert_eq!(scanned(&[bytes]), (interim, ended), "{shown}");
        for at in 0..bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert_eq!(scanned(&[head, tail]), (interim, ended), "{shown} cut at {at}");
        }
    }
}
