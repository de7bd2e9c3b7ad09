//! The byte guard between real sockets and hyper.

use super::*;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const HOLD: &[u8] = b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n";
const BAD: &[u8] = b"POST /bad HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
const PLAIN_UPGRADE: &[u8] = b"GET /hold HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n";

#[test]
fn what_hyper_hides_is_refused_cut_anywhere() {
    let cases: [(&[u8], Reason); 4] = [
        (BAD, Reason::RequestMalformed),
        (b"GET / HTTP/1.1\nhost: a\n\n", Reason::RequestMalformed),
        (b"GET /#a HTTP/1.1\r\nhost: a\r\n\r\n", Reason::RequestMalformed),
        (b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n", Reason::TransferCodingUnknown),
    ];
    run(async {
        let server = Server::plain().await;
        for (bytes, reason) in cases {
            for cut in 1..bytes.len() {
                let mut client = server.connect().await;
                let (first, second) = bytes.split_at(cut);
                client.write_all(first).await.unwrap();
                settle().await;
                drop(client.write_all(second).await); // refused already, perhaps
                assert_eq!(read_to_end(&mut client).await, refusal(reason), "{cut}");
                assert_eq!(server.shop.refused.borrow_mut().drain(..).collect::<Vec<_>>(), [reason], "{cut}");
            }
        }
        assert!(server.shop.seen.borrow().is_empty());
    });
}

#[test]
fn a_bad_head_waits_for_the_exchange_before_it() {
    run(async {
        for arrives_later in [false, true] {
            let server = Server::plain().await;
            let mut client = server.connect().await;
            client.write_all(HOLD).await.unwrap();
            if arrives_later {
                settle().await;
            }
            client.write_all(&[BAD, GET].concat()).await.unwrap();
            settle().await;
            assert_eq!(*server.shop.seen.borrow(), ["GET /hold"]);
            assert!(server.shop.refused.borrow().is_empty(), "not yet");
            server.shop.release.notify_one();
            let read = read_to_end(&mut client).await;
            let (good, bad) = read.split_once("held").expect("the answer to the good request");
            assert!(good.starts_with("HTTP/1.1 200 OK\r\n"), "{read}");
            assert_eq!(bad, refusal(Reason::RequestMalformed), "edge/H54e");
            assert_eq!(*server.shop.seen.borrow(), ["GET /hold"], "edge/H54e");
        }
    });
}

#[test]
fn a_bad_head_waits_for_every_request_before_it() {
    run(async {
        let server = Server::plain().await;
        let read = server.exchange(&[GET, &GET.repeat(40), BAD].concat()).await;
        assert_eq!(read.matches("HTTP/1.1 200 OK").count(), 41, "hyper yields after 16 of them");
        assert!(read.ends_with(std::str::from_utf8(&refusal(Reason::RequestMalformed)).unwrap()), "{read}");
    });
}

#[test]
fn broken_content_is_an_error_of_the_body_and_nothing_follows() {
    let cases = [
        ("5\r\nhello\n0\r\n\r\n", Reason::BodyMalformed),
        ("5;\nhello\r\n0\r\n\r\n", Reason::BodyMalformed),
        ("8000000000000000\r\n", Reason::BodyTooLarge),
    ];
    run(async {
        for (chunks, reason) in cases {
            for before in [&b""[..], GET, HOLD] {
                let server = Server::plain().await;
                let mut client = server.connect().await;
                let head = b"POST /reason HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
                client.write_all(&[before, head, chunks.as_bytes(), GET].concat()).await.unwrap();
                settle().await;
                server.shop.release.notify_one();
                let read = read_to_end(&mut client).await;
                assert!(read.ends_with(reason.id()), "{read}");
                assert_eq!(read.matches("HTTP/1.1").count(), 1 + usize::from(!before.is_empty()), "{read}");
                assert!(server.shop.refused.borrow().is_empty(), "no second answer");
                assert_eq!(server.shop.seen.borrow().last().unwrap(), "POST /reason");
            }
        }
    });
}

#[test]
fn content_that_breaks_after_an_early_answer_gets_no_second_one() {
    run(async {
        let server = Server::plain().await;
        let mut client = server.connect().await;
        client.write_all(b"POST /keep HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        let first = read_response(&mut client).await;
        assert!(first.ends_with("kept"), "{first}");
        drop(client.write_all(&[b"0\r\n\n", GET].concat()).await);
        assert_eq!(server.shop.kept.borrow_mut().drain(..).count(), 1, "hyper reads on now");
        server.wheel.advance(Duration::from_secs(100));
        assert_eq!(read_to_end(&mut client).await, "");
        assert_eq!(*server.shop.seen.borrow(), ["POST /keep"], "edge/H24c");
    });
}

#[test]
fn what_follows_an_upgrade_that_is_not_granted_is_a_head() {
    let behind: [(&[u8], &str); 3] =
        [(GET, "Http1 2"), (BAD, "transport.request_malformed"), (b"\x16\x03", "transport.request_malformed")];
    run(async {
        for (bytes, end) in behind {
            for arrives_later in [false, true] {
                let server = Server::plain().await;
                let mut client = server.connect().await;
                client.write_all(PLAIN_UPGRADE).await.unwrap();
                if arrives_later {
                    settle().await;
                }
                client.write_all(bytes).await.unwrap();
                settle().await;
                assert!(server.shop.refused.borrow().is_empty(), "edge/H50c: not looked at yet");
                assert_eq!(server.shop.seen.borrow().len(), 1, "edge/H50c");
                server.shop.release.notify_one();
                let mut read = read_response(&mut client).await;
                while !read.ends_with(end) {
                    let mut buffer = [0; 1024];
                    let length = client.read(&mut buffer).await.unwrap();
                    assert_ne!(length, 0, "{read}");
                    read.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
                }
                assert!(read.contains("held"), "{read}");
            }
        }
    });
}

#[test]
fn an_upgrade_that_is_not_granted_leaves_an_idle_connection_usable() {
    run(async {
        let server = Server::plain().await;
        let mut client = server.connect().await;
        for count in 1..4 {
            client.write_all(PLAIN_UPGRADE).await.unwrap();
            settle().await;
            server.shop.release.notify_one();
            assert!(read_response(&mut client).await.ends_with("held"), "{count}");
            server.wheel.advance(portcullis_core::bounds::WARM_TIMEOUT + Duration::from_secs(1));
            settle().await;
        }
        assert_eq!(server.connections.counts().accepted, 1);
    });
}

#[test]
fn a_request_whose_content_others_overlook_is_the_last() {
    run(async {
        for method in ["GET", "HEAD"] {
            let server = Server::plain().await;
            let smuggled = String::from_utf8(GET.to_vec()).unwrap();
            let request =
                format!("{method} / HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{smuggled}", smuggled.len());
            let read = server.exchange(&[request.as_bytes(), GET].concat()).await;
            assert!(read.contains("connection: close"), "edge/H20: {read}");
            assert_eq!(server.shop.seen.borrow().len(), 1, "edge/H20");
        }
    });
}
