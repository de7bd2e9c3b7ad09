//! Content both ways (edge/HR10, P16, P17, and the client's own errors).

use super::*;

const MEBIBYTE: usize = 1 << 20;

#[test]
fn trailers_pass() {
    run(async {
        let fake = Fake::new().await; // edge/P15
        let gateway = Gateway::to(&[&fake]);
        let (answer, ()) = tokio::join!(
            gateway.answer(Method::GET, Content::none()),
            fake.serve(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: grpc-status\r\n\r\n2\r\nok\r\n0\r\ngrpc-status: 0\r\n\r\n", 1)
        );
        let (content, trailers) = read(answer.unwrap().into_body()).await.unwrap();
        assert_eq!((&content[..], &trailers.unwrap()["grpc-status"]), (&b"ok"[..], &"0".parse().unwrap()));
        assert_eq!(gateway.idle(), 1);
    });
}

#[test]
fn responses_without_content_have_none() {
    run(async {
        let cases: [(&str, Method, &'static [u8]); 3] = [
            ("HEAD", Method::HEAD, b"HTTP/1.1 200 OK\r\ncontent-length: 77\r\n\r\n"),
            ("204", Method::GET, b"HTTP/1.1 204 X\r\n\r\n"),
            ("304", Method::GET, b"HTTP/1.1 304 X\r\ncontent-length: 77\r\n\r\n"),
        ];
        for (row, method, response) in cases {
            let fake = Fake::new().await; // edge/P17
            let gateway = Gateway::to(&[&fake]);
            let (answer, ()) = tokio::join!(gateway.answer(method, Content::none()), fake.serve(response, 1));
            let answer = answer.unwrap();
            assert!(answer.body().is_end_stream(), "{row}");
            let length = answer.headers().get("content-length").map(|length| length.to_str().unwrap().to_owned());
            assert_eq!(length.as_deref(), (row != "204").then_some("77"), "{row}");
        }
    });
}

#[test]
fn content_arrives_piece_by_piece() {
    run(async {
        let fake = Fake::new().await; // edge/P14
        let gateway = Gateway::to(&[&fake]);
        let (answer, mut peer) = tokio::join!(gateway.answer(Method::GET, Content::none()), async {
            let mut peer = fake.accept().await;
            peer.answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            peer
        });
        let mut body = answer.unwrap().into_body();
        for event in ["one", "two", "three"] {
            let (frame, ()) = tokio::join!(next(&mut body), async {
                peer.say(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await;
            });
            assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), event);
        }
        let (end, ()) = tokio::join!(next(&mut body), async { peer.say(b"0\r\n\r\n").await });
        assert!(end.is_none());
        assert_eq!(gateway.idle(), 1);
    });
}

#[test]
fn large_downloads_pass_in_small_pieces() {
    run(async {
        let fake = Fake::new().await; // edge/P16
        let gateway = Gateway::to(&[&fake]);
        let (total, _) = tokio::join!(
            async {
                let answer = gateway.answer(Method::GET, Content::none()).await.unwrap();
                assert_eq!(answer.body().size_hint().exact(), Some(16 * MEBIBYTE as u64));
                let (mut body, mut total) = (answer.into_body(), 0);
                while !body.is_end_stream() {
                    let piece = next(&mut body).await.unwrap().unwrap().into_data().unwrap();
                    assert!(piece.len() <= 256 * 1024);
                    total += piece.len();
                }
                total
            },
            async {
                let mut peer = fake.accept().await;
                peer.answer(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 16 * MEBIBYTE).as_bytes()).await;
                for _ in 0..16 {
                    peer.say(&vec![7; MEBIBYTE]).await;
                }
                peer
            }
        );
        assert_eq!((total, gateway.idle()), (16 * MEBIBYTE, 1));
    });
}

#[test]
fn a_slow_upstream_holds_the_upload_back() {
    run(async {
        let fake = Fake::new().await; // edge/P16
        let gateway = Gateway::to(&[&fake]);
        let (feed, frames) = mpsc::channel(1);
        let (held, let_go) = tokio::sync::oneshot::channel();
        let (answer, (), uploaded) = tokio::join!(
            gateway.answer(Method::POST, Content::Stream(frames)),
            async {
                let mut sent = 0;
                let mut held = Some(held);
                while sent < 16 * MEBIBYTE {
                    let piece = Bytes::from(vec![7; 64 * 1024]);
                    // Nobody reads at the other end: in the end nobody takes any more here.
                    let permit = loop {
                        match feed.try_reserve() {
                            Ok(permit) => break permit,
                            Err(_) if held.is_none() => break feed.reserve().await.unwrap(),
                            Err(_) => {
                                driver_has_looked().await;
                                driver_has_looked().await;
                                if feed.capacity() == 0 {
                                    held.take().unwrap().send(sent).unwrap();
                                }
                            }
                        }
                    };
                    sent += piece.len();
                    permit.send(Ok(piece));
                }
                drop(feed);
            },
            async {
                let mut peer = fake.accept().await;
                let head = peer.head().await.unwrap();
                assert!(head.contains("transfer-encoding: chunked"));
                let held_at = let_go.await.unwrap();
                assert!(held_at < 16 * MEBIBYTE, "the upload stopped at {held_at}");
                let (mut bytes, mut buffer) = (Vec::new(), vec![0; MEBIBYTE]);
                while !bytes.ends_with(b"\r\n0\r\n\r\n") {
                    let read = peer.0.read(&mut buffer).await.unwrap();
                    bytes.extend_from_slice(&buffer[..read]);
                }
                peer.say(OK).await;
                (bytes.iter().filter(|byte| **byte == 7).count(), peer)
            }
        );
        let (uploaded, _peer) = uploaded;
        assert_eq!((uploaded, &read(answer.unwrap().into_body()).await.unwrap().0[..]), (16 * MEBIBYTE, &b"ok"[..]));
        assert_eq!(gateway.idle(), 1, "request and response are complete");
    });
}

#[test]
fn the_upload_goes_on_while_the_response_streams() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        let (feed, frames) = mpsc::channel(1);
        let (echoed, _peer) = tokio::join!(
            async {
                let answer = gateway.answer(Method::POST, Content::Stream(frames)).await.unwrap();
                let mut body = answer.into_body();
                let mut echoed = Vec::new();
                for word in ["one", "two", "three"] {
                    let (frame, _) = tokio::join!(next(&mut body), feed.send(Ok(Bytes::from(word))));
                    echoed.push(frame.unwrap().unwrap().into_data().unwrap());
                }
                drop(feed);
                assert!(next(&mut body).await.is_none());
                echoed
            },
            async {
                let mut peer = fake.accept().await;
                peer.answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
                let mut buffer = [0; 1024];
                loop {
                    let read = peer.0.read(&mut buffer).await.unwrap(); // one chunk at a time: the next waits for our answer
                    peer.say(&buffer[..read]).await;
                    if buffer[..read].ends_with(b"0\r\n\r\n") {
                        break peer;
                    }
                }
            }
        );
        assert_eq!(echoed, ["one", "two", "three"]);
        assert_eq!(gateway.idle(), 1);
    });
}

#[test]
fn what_the_client_did_wrong_is_not_the_upstreams_fault() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        let (feed, frames) = mpsc::channel(2);
        feed.send(Ok(Bytes::from_static(b"half"))).await.unwrap();
        let (answer, rest) = tokio::join!(gateway.answer(Method::PUT, Content::Stream(frames)), async {
            let mut peer = fake.accept().await;
            peer.head().await.unwrap();
            feed.send(Err(Stop::Deny(Reason::BodyMalformed))).await.unwrap();
            peer.rest().await
        });
        let failed = answer.unwrap_err();
        assert!(matches!(failed.stop, Stop::Deny(Reason::BodyMalformed)), "{failed:?}");
        assert_eq!((failed.attempts, gateway.idle()), (1, 0));
        assert_eq!(rest, b"4\r\nhalf\r\n", "no last chunk: it never looks complete");
    });
}

#[test]
fn a_client_error_while_the_response_streams_is_named_too() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        let (feed, frames) = mpsc::channel(2);
        let (answer, peer) = tokio::join!(gateway.answer(Method::POST, Content::Stream(frames)), async {
            let mut peer = fake.accept().await;
            peer.answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n").await;
            peer
        });
        let mut body = answer.unwrap().into_body();
        assert_eq!(next(&mut body).await.unwrap().unwrap().into_data().unwrap(), "ok");
        feed.send(Err(Stop::Deny(Reason::BodyTooLarge))).await.unwrap();
        let UpstreamBodyError(stop) = next(&mut body).await.unwrap().unwrap_err();
        assert_eq!(stop.reason(), Reason::BodyTooLarge);
        assert_eq!((gateway.idle(), peer.rest().await), (0, Vec::new()));
    });
}

#[test]
fn a_small_request_is_one_write() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        let content = Content::Whole(Some(Bytes::from_static(b"{\"a\":1}")));
        let (answer, ()) = tokio::join!(gateway.answer(Method::POST, content), async {
            let mut peer = fake.accept().await;
            let mut buffer = [0; 4096];
            let read = peer.0.read(&mut buffer).await.unwrap();
            assert_eq!(
                std::str::from_utf8(&buffer[..read]).unwrap(),
                "POST /things?x=1 HTTP/1.1\r\nhost: shop\r\ncontent-length: 7\r\n\r\n{\"a\":1}"
            );
            peer.say(OK).await;
        });
        answer.unwrap();
    });
}
