use super::parse;

#[test]
fn responses_end_where_their_framing_says() {
    let cases = [
        // held, head, ended, (status, body, left over), why
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP", false, false, Some((200, "ok", 4)), "by length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", false, true, None, "cut off"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true, false, Some((200, "", 0)), "HEAD"),
        ("HTTP/1.1 204 No Content\r\n\r\nHTTP", false, false, Some((204, "", 4)), "204 has no content"),
        ("HTTP/1.1 200 OK\r\n\r\nrest", false, false, None, "until close"),
        ("HTTP/1.1 200 OK\r\n\r\nrest", false, true, Some((200, "rest", 0)), "closed"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n1\r\nd\r\n0\r\nT: 1\r\n\r\nH",
            false,
            false,
            Some((200, "abcd", 1)),
            "chunks, extension, trailer",
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", false, true, None, "no last line"),
    ];
    for (held, head, ended, expected, why) in cases {
        let found = parse(held.as_bytes(), head, ended).unwrap();
        let found = found.map(|(answer, used)| (answer.status, answer.text(), held.len() - used));
        let expected = expected.map(|(status, body, left)| (status, body.to_owned(), left));
        assert_eq!(found, expected, "{why}");
    }
    assert!(parse(b"SSH-2.0-x\r\n\r\n", false, true).is_err());
}
