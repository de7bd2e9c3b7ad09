//! Responses that are not passed on (edge/HR1, edge/HR2, edge/HR6–HR9, edge/HR11, edge/HR12, edge/HR13, edge/P12, edge/P20).

use super::*;

/// What the gateway makes of an upstream that answers with `response` and then closes or not.
async fn verdict(response: &[u8], closes: bool) -> Result<(u16, Bytes), Reason> {
    let fake = Fake::new().await;
    let gateway = Gateway::to(&[&fake]);
    let (answer, peer) = tokio::join!(gateway.get(), async {
        let mut peer = fake.accept().await;
        peer.head().await.unwrap();
        // The gateway may close before it has read everything.
        let _ = peer.0.write_all(response).await;
        if closes {
            peer.0.shutdown().await.unwrap();
        }
        peer
    });
    if answer.is_err() {
        assert_eq!((gateway.idle(), peer.rest().await), (0, Vec::new()), "closed, not kept, nothing more sent");
    }
    answer
}

/// A response with these fields, each line ended, and this content.
fn ok(fields: &str, content: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n{content}")
}

fn refused(cases: Vec<(&str, String, Reason)>) {
    run(async {
        for (row, response, reason) in cases {
            assert_eq!(verdict(response.as_bytes(), true).await, Err(reason), "edge/{row}");
        }
    });
}

#[test]
fn a_length_that_can_be_read_in_two_ways_is_refused() {
    use Reason::UpstreamMalformed;
    let (length, chunked) = ("content-length: 2\r\n", "transfer-encoding: chunked\r\n");
    let chunks = "2\r\nok\r\n0\r\n\r\n";
    refused(vec![
        ("HR1: length first", ok(&[length, chunked].concat(), chunks), UpstreamMalformed),
        ("HR1: chunked first", ok(&[chunked, length].concat(), chunks), UpstreamMalformed),
        ("HR1: on a 304", format!("HTTP/1.1 304 X\r\n{chunked}{length}\r\n"), UpstreamMalformed),
        ("HR2: two lengths", ok("content-length: 2\r\ncontent-length: 3\r\n", "okx"), UpstreamMalformed),
        ("HR2: twice", ok(&[length, length].concat(), "ok"), UpstreamMalformed),
        ("HR2: list", ok("content-length: 2, 2\r\n", "ok"), UpstreamMalformed),
        ("HR2: -2", ok("content-length: -2\r\n", "ok"), UpstreamMalformed),
        ("HR2: +2", ok("content-length: +2\r\n", "ok"), UpstreamMalformed),
        ("HR2: on a 304", "HTTP/1.1 304 X\r\ncontent-length: +2\r\n\r\n".to_owned(), UpstreamMalformed),
        ("HR11: gzip", ok("transfer-encoding: gzip\r\n", "ok"), UpstreamMalformed),
        ("HR11: gzip, chunked", ok("transfer-encoding: gzip, chunked\r\n", chunks), UpstreamMalformed),
        ("HR11: HTTP/1.0", format!("HTTP/1.0 200 OK\r\n{chunked}\r\n{chunks}"), UpstreamMalformed),
        ("HR11: LF in a chunk extension", ok(chunked, "2;\nok\r\n0\r\n\r\n"), UpstreamMalformed),
    ]);
}

#[test]
fn a_head_that_breaks_a_rule_is_refused() {
    use Reason::{UpstreamInterim, UpstreamMalformed};
    let interim = |field: usize, times| format!("HTTP/1.1 199 X\r\na: {}\r\n\r\n", "x".repeat(field)).repeat(times);
    let status = |status| format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
    refused(vec![
        ("HR6", "HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_owned(), UpstreamInterim),
        ("HR7: 2,000", interim(1, 2000), UpstreamInterim),
        ("HR7: 33", interim(1, 33), UpstreamInterim),
        ("HR7: 33 and the answer", interim(1, 33) + &ok("content-length: 0\r\n", ""), UpstreamInterim),
        ("HR7: 64 KiB", interim(40 * 1024, 2), UpstreamInterim),
        ("HR8: garbage", "garbage\r\n\r\n".to_owned(), UpstreamMalformed),
        ("HR8: HTTP/0.9", "<html>".to_owned(), UpstreamMalformed),
        ("HR8: status 99", status("99"), UpstreamMalformed),
        ("HR8: status 1000", status("1000"), UpstreamMalformed),
        ("HR8: status 600", status("600"), UpstreamMalformed),
        ("HR9: NUL", ok("a: \0\r\n", ""), UpstreamMalformed),
        ("HR9: bare CR", ok("a: b\rc: d\r\n", ""), UpstreamMalformed),
        ("HR9: space before the colon", ok("Content-Length : 2\r\n", "ok"), UpstreamMalformed),
        ("HR9: fold", ok("a: b\r\n c\r\ncontent-length: 0\r\n", ""), UpstreamMalformed),
        ("HR12: 1 MB", ok(&format!("a: {}\r\n", "x".repeat(1 << 20)), ""), UpstreamMalformed),
        ("HR12: 70 KiB", ok(&format!("a: {}\r\n", "x".repeat(70 << 10)), ""), UpstreamMalformed),
        ("HR12: 70 KiB in 140 fields", ok(&format!("a: {}\r\n", "x".repeat(507)).repeat(140), ""), UpstreamMalformed),
        ("HR12: 5,000 fields", ok(&"a: b\r\n".repeat(5000), ""), UpstreamMalformed),
        ("HR12: 201 fields", ok(&"a: b\r\n".repeat(201), ""), UpstreamMalformed),
        ("P20: 407", status("407"), UpstreamMalformed),
    ]);
}

#[test]
fn a_response_that_ends_early_is_never_whole() {
    use Reason::UpstreamClosed;
    let chunked = "transfer-encoding: chunked\r\n";
    refused(vec![
        ("HR13: before the head", String::new(), UpstreamClosed),
        ("HR10: inside the head", "HTTP/1.1 200 OK\r\nconte".to_owned(), UpstreamClosed),
        ("HR10: inside the content", ok("content-length: 3\r\n", "ok"), UpstreamClosed),
        ("HR10: inside a chunk", ok(chunked, "5\r\nok"), UpstreamClosed),
        ("HR10: before the last chunk", ok(chunked, "2\r\nok\r\n"), UpstreamClosed),
    ]);
}

#[test]
fn honest_responses_pass() {
    let interim = [b"HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n".repeat(32), OK.to_vec()].concat();
    let cases: Vec<(&str, Vec<u8>, u16, &[u8])> = vec![
        ("HR7: 32 interim responses", interim, 200, b"ok"),
        ("HR7: 100 unasked", [&b"HTTP/1.1 100 Continue\r\n\r\n"[..], OK].concat(), 200, b"ok"),
        ("HR8: no reason phrase", b"HTTP/1.1 204\r\n\r\n".into(), 204, b""),
        ("HR12: 200 fields", ok(&"a: b\r\n".repeat(200), "").into(), 200, b""),
        ("HR12: 63 KiB", ok(&format!("a: {}\r\n", "x".repeat(63 << 10)), "").into(), 200, b""),
        ("P17: until close", b"HTTP/1.1 200 OK\r\n\r\nto the end".into(), 200, b"to the end"),
        ("upper case", b"HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".into(), 200, b"ok"),
        ("an error is an answer", b"HTTP/1.1 503 X\r\ncontent-length: 4\r\n\r\nbusy".into(), 503, b"busy"),
    ];
    run(async {
        for (row, response, status, content) in cases {
            assert_eq!(verdict(&response, true).await, Ok((status, Bytes::copy_from_slice(content))), "edge/{row}");
        }
    });
}

#[test]
fn a_flood_of_interim_responses_ends_without_the_upstream_closing() {
    run(async {
        let flood = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(33);
        assert_eq!(verdict(&flood, false).await, Err(Reason::UpstreamInterim), "edge/HR7");
    });
}

#[test]
fn a_101_that_was_asked_for_hands_the_connection_over() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        let facts = Attempt { upgrade: true, ..Attempt::default() };
        let (answer, mut peer) = tokio::join!(gateway.send(Method::GET, Content::none(), facts), async {
            let mut peer = fake.accept().await;
            peer.answer(b"HTTP/1.1 101 X\r\nupgrade: echo\r\nconnection: upgrade\r\n\r\nhello").await;
            peer
        });
        let Forwarded::Switched { response, mut io, leftover } = answer.unwrap().forwarded else {
            panic!("not switched");
        };
        assert_eq!(
            (response.status().as_u16(), &response.headers()["upgrade"], &leftover[..]),
            (101, &"echo".parse().unwrap(), &b"hello"[..])
        );
        assert!(response.extensions().is_empty());
        io.write_all(b"ping").await.unwrap();
        let mut heard = [0; 4];
        peer.0.read_exact(&mut heard).await.unwrap();
        peer.say(b"pong").await;
        let mut answered = [0; 4];
        io.read_exact(&mut answered).await.unwrap();
        assert_eq!((&heard, &answered, gateway.idle()), (b"ping", b"pong", 0));
    });
}

#[test]
fn an_upgrade_that_was_declined_ends_the_connection() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        let facts = Attempt { upgrade: true, ..Attempt::default() };
        let (answer, peer) = tokio::join!(gateway.send(Method::GET, Content::none(), facts), async {
            let mut peer = fake.accept().await;
            peer.answer(OK).await;
            peer
        });
        let Forwarded::Response(response) = answer.unwrap().forwarded else { panic!("switched") };
        assert_eq!(&read(response.into_body()).await.unwrap().0[..], b"ok");
        assert_eq!((gateway.idle(), peer.rest().await), (0, Vec::new())); // edge/P13
    });
}
