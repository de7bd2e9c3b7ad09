//! Responses that are not passed on (edge/HR1, HR2, HR6–HR9, HR11–HR13, P12, P20).

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

#[test]
fn a_response_that_breaks_a_rule_is_not_passed_on() {
    use Reason::{UpstreamClosed, UpstreamInterim, UpstreamMalformed};
    let many_fields = format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", "a: b\r\n".repeat(5000));
    let large_head = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(1 << 20));
    let fields_201 = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(201));
    let cases: Vec<(&str, Vec<u8>, Reason)> = vec![
        ("HR1: chunked", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".into(), UpstreamMalformed),
        ("HR1: order", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n0\r\n\r\n".into(), UpstreamMalformed),
        ("HR1: on a 304", b"HTTP/1.1 304 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n".into(), UpstreamMalformed),
        ("HR2: two lengths", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nokx".into(), UpstreamMalformed),
        ("HR2: twice", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok".into(), UpstreamMalformed),
        ("HR2: list", b"HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok".into(), UpstreamMalformed),
        ("HR2: -2", b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok".into(), UpstreamMalformed),
        ("HR2: +2", b"HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok".into(), UpstreamMalformed),
        ("HR2: on a 304", b"HTTP/1.1 304 OK\r\ncontent-length: +2\r\n\r\n".into(), UpstreamMalformed),
        ("HR6", b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".into(), UpstreamInterim),
        ("HR7: 2,000 × 103", b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(2000), UpstreamInterim),
        ("HR7: 33 × 100", b"HTTP/1.1 100 \r\n\r\n".repeat(33), UpstreamInterim),
        ("HR7: 64 KiB of 199", format!("HTTP/1.1 199 X\r\na: {}\r\n\r\n", "x".repeat(40 * 1024)).repeat(2).into(), UpstreamInterim),
        ("HR8: garbage", b"garbage\r\n\r\n".into(), UpstreamMalformed),
        ("HR8: HTTP/0.9", b"<html>".into(), UpstreamMalformed),
        ("HR8: status 99", b"HTTP/1.1 99 X\r\n\r\n".into(), UpstreamMalformed),
        ("HR8: status 1000", b"HTTP/1.1 1000 X\r\n\r\n".into(), UpstreamMalformed),
        ("HR8: status 600", b"HTTP/1.1 600 X\r\ncontent-length: 0\r\n\r\n".into(), UpstreamMalformed),
        ("HR9: NUL", b"HTTP/1.1 200 OK\r\na: \0\r\n\r\n".into(), UpstreamMalformed),
        ("HR9: bare CR", b"HTTP/1.1 200 OK\r\na: b\rc: d\r\n\r\n".into(), UpstreamMalformed),
        ("HR9: space before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok".into(), UpstreamMalformed),
        ("HR9: fold", b"HTTP/1.1 200 OK\r\na: b\r\n c\r\ncontent-length: 0\r\n\r\n".into(), UpstreamMalformed),
        ("HR11: gzip", b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nok".into(), UpstreamMalformed),
        ("HR11: gzip, chunked", b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n".into(), UpstreamMalformed),
        ("HR11: HTTP/1.0", b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".into(), UpstreamMalformed),
        ("HR11: LF in a chunk extension", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;\nok\r\n0\r\n\r\n".into(), UpstreamMalformed),
        ("HR12: 1 MB", large_head.into(), UpstreamMalformed),
        ("HR12: 5,000 fields", many_fields.into(), UpstreamMalformed),
        ("HR12: 201 fields", fields_201.into(), UpstreamMalformed),
        ("P20: 407", b"HTTP/1.1 407 X\r\ncontent-length: 0\r\n\r\n".into(), UpstreamMalformed),
        ("HR10: inside the head", b"HTTP/1.1 200 OK\r\nconte".into(), UpstreamClosed),
        ("HR10: inside the content", b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok".into(), UpstreamClosed),
        ("HR10: inside a chunk", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nok".into(), UpstreamClosed),
        ("HR10: before the last chunk", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n".into(), UpstreamClosed),
    ];
    run(async {
        for (row, response, reason) in cases {
            assert_eq!(verdict(&response, true).await, Err(reason), "edge/{row}");
        }
    });
}

#[test]
fn honest_responses_pass() {
    let fields_200 = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(200));
    let interim = [b"HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n".repeat(32), OK.to_vec()].concat();
    let cases: Vec<(&str, Vec<u8>, u16, &[u8])> = vec![
        ("HR7: 32 interim responses", interim, 200, b"ok"),
        ("HR7: 100 unasked", [&b"HTTP/1.1 100 Continue\r\n\r\n"[..], OK].concat(), 200, b"ok"),
        ("HR8: no reason phrase", b"HTTP/1.1 204\r\n\r\n".into(), 204, b""),
        ("HR12: 200 fields", fields_200.into(), 200, b""),
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
        assert_eq!((response.status().as_u16(), &response.headers()["upgrade"], &leftover[..]), (101, &"echo".parse().unwrap(), &b"hello"[..]));
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
