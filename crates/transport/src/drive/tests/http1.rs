use super::*;
use portcullis_core::bounds::{HTTP1_BUFFER_BYTES, MAX_REQUESTS_PER_CONNECTION};

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

#[test]
fn a_connection_is_kept_for_the_next_request() {
    run(async {
        let server = Server::plain().await;
        let mut client = server.connect().await;
        for count in 1..=3 {
            client.write_all(GET).await.unwrap();
            let response = read_response(&mut client).await;
            assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
            assert!(response.ends_with(&format!("Http1 {count}")), "{response}");
            assert!(!response.contains("connection:"), "{response}");
        }
        assert_eq!(server.connections.counts().accepted, 1);
    });
}

#[test]
fn a_head_that_cannot_be_read_gets_our_answer_and_nothing_else() {
    let long = vec![b'a'; HTTP1_BUFFER_BYTES];
    let many: Vec<u8> = (0..200).flat_map(|name| format!("x{name}: 1\r\n").into_bytes()).collect();
    let cases: Vec<(Vec<u8>, Reason)> = vec![
        (b"rubbish\r\n\r\n".into(), Reason::RequestMalformed),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".into(), Reason::RequestMalformed),
        (b"GET / HTTP/1.1\r\nhost : a\r\n\r\n".into(), Reason::RequestMalformed),
        (b"GET / HTTP/1.1\r\nhost: a\x00\r\n\r\n".into(), Reason::RequestMalformed),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n".into(), Reason::RequestMalformed),
        (b"GET / HTTP/2.0\r\nhost: a\r\n\r\n".into(), Reason::VersionUnsupported),
        (b"GET / HTTP/0.9\r\n\r\n".into(), Reason::VersionUnsupported),
        (b"GET / HTTP/1.10\r\n\r\n".into(), Reason::RequestMalformed),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), Reason::VersionUnsupported), // edge/H55
        ([b"GET /", long.as_slice()].concat(), Reason::TargetTooLong),
        ([b"GET / HTTP/1.1\r\nhost: a\r\nx: ", long.as_slice()].concat(), Reason::HeadTooLarge),
        ([b"GET / HTTP/1.1\r\nhost: a\r\n", many.as_slice(), b"\r\n"].concat(), Reason::HeadTooLarge),
    ];
    run(async {
        for (bytes, reason) in cases {
            let server = Server::plain().await;
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
            assert_eq!(server.exchange(&bytes).await, refusal(reason), "{shown:?}");
            assert_eq!(*server.shop.refused.borrow(), [reason], "recorded once: {shown:?}");
            assert!(server.shop.seen.borrow().is_empty(), "{shown:?}");
        }
    });
}

#[test]
fn a_bad_head_behind_a_good_request_does_not_cost_the_good_answer() {
    run(async {
        let server = Server::plain().await;
        let read = server.exchange(&[GET, b"rubbish\r\n\r\n", GET].concat()).await;
        let (good, bad) = read.split_once("Http1 1").expect("the answer to the good request");
        assert!(good.starts_with("HTTP/1.1 200 OK\r\n"), "{read}");
        assert_eq!(bad, refusal(Reason::RequestMalformed), "ours, not hyper's");
        assert_eq!(*server.shop.seen.borrow(), ["GET /"], "what stands behind it is never parsed");
    });
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    run(async {
        let server = Server::plain().await;
        let last = b"GET /last HTTP/1.1\r\nhost: a\r\n\r\n";
        let read = server.exchange(&[GET, GET, last].concat()).await;
        let places = ["Http1 1", "Http1 2", "connection: close", "last"].map(|part| read.find(part).expect(part));
        assert!(places.is_sorted(), "{read}");
        assert!(server.shop.refused.borrow().is_empty());
    });
}

#[test]
fn a_client_that_leaves_within_a_head_gets_nothing() {
    run(async {
        let server = Server::plain().await;
        let mut client = server.connect().await;
        client.write_all(b"GET / HT").await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(read_to_end(&mut client).await, "");
        assert!(server.shop.refused.borrow().is_empty());
    });
}

#[test]
fn the_answer_to_a_refused_body_is_not_lost_to_a_reset() {
    run(async {
        let server = Server::plain().await;
        let mut client = server.connect().await;
        client.write_all(b"POST /last HTTP/1.1\r\nhost: a\r\ncontent-length: 50000\r\n\r\n").await.unwrap();
        settle().await;
        client.write_all(&[b'x'; 50_000]).await.unwrap();
        let read = read_to_end(&mut client).await;
        assert!(read.ends_with("last"), "{read}");
    });
}

#[test]
fn a_body_streams_through_with_100_continue() {
    run(async {
        let server = Server::plain().await;
        let mut client = server.connect().await;
        client
            .write_all(b"POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n")
            .await
            .unwrap();
        let mut interim = [0; 25];
        client.read_exact(&mut interim).await.unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        client.write_all(b"hello").await.unwrap();
        assert!(read_response(&mut client).await.ends_with("hello"));
    });
}

#[test]
fn a_connection_is_closed_after_its_share_of_requests() {
    run(async {
        let server = Server::plain().await;
        let mut client = server.connect().await;
        for count in 1..=MAX_REQUESTS_PER_CONNECTION {
            client.write_all(GET).await.unwrap();
            let response = read_response(&mut client).await;
            assert_eq!(
                response.contains("connection: close"),
                count == MAX_REQUESTS_PER_CONNECTION,
                "edge/H59: {count}"
            );
        }
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0, "edge/H59");
    });
}
