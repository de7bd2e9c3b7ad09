//! Which connection carries which request (edge/P1–P4, edge/HR3, edge/HR4, edge/HR14, edge/T16).

use super::*;

#[test]
fn sequential_requests_share_one_connection() {
    run(async {
        let fake = Fake::new().await; // edge/P1
        let gateway = Gateway::to(&[&fake]);
        tokio::join!(fake.serve(OK, 1), async {
            for _ in 0..1000 {
                assert_eq!(gateway.get().await, Ok((200, Bytes::from_static(b"ok"))));
            }
        });
        assert_eq!(gateway.idle(), 1);
    });
}

#[test]
fn the_connection_returned_last_is_taken_first() {
    run(async {
        let fake = Fake::new().await; // edge/P1
        let gateway = Gateway::to(&[&fake]);
        let (first, second) = tokio::join!(
            async {
                tokio::join!(gateway.answer(Method::GET, Content::none()), gateway.answer(Method::GET, Content::none()))
            },
            async {
                let (mut one, mut two) = (fake.accept().await, fake.accept().await);
                one.head().await.unwrap();
                two.head().await.unwrap();
                two.say(OK).await;
                driver_has_looked().await;
                one.say(OK).await;
                (one, two)
            }
        );
        let (mut one, two) = second;
        drop(first);
        assert_eq!(gateway.idle(), 2);
        for _ in 0..3 {
            let (answer, _) = tokio::join!(gateway.get(), one.answer(OK));
            answer.unwrap();
        }
        drop(gateway);
        assert_eq!(two.rest().await, b"", "the colder one saw none of them");
    });
}

#[test]
fn idle_connections_are_bounded_and_expire() {
    run(async {
        let fake = Fake::new().await; // edge/P1
        let mut settings = settings(&[fake.url("http")]);
        settings.timeouts.pool_idle = Duration::from_secs(3);
        let gateway = Gateway::new(&settings);
        let exchanges: Vec<_> = (0..70).map(|_| Box::pin(gateway.answer(Method::GET, Content::none()))).collect();
        let (responses, peers) = tokio::join!(
            async {
                let mut responses = Vec::new();
                for exchange in join_all(exchanges).await {
                    responses.push(exchange.unwrap());
                }
                responses
            },
            async {
                let mut peers = Vec::new();
                for _ in 0..70 {
                    peers.push(fake.accept().await);
                }
                for peer in &mut peers {
                    peer.answer(OK).await;
                }
                peers
            }
        );
        drop(responses);
        for left in [70, 70, 64, 0] {
            assert_eq!(gateway.idle(), left);
            gateway.pools.sweep();
        }
        for peer in peers {
            assert_eq!(peer.rest().await, b"");
        }
    });
}

/// Polls all, in order, until all are done.
async fn join_all<F: Future + Unpin>(mut all: Vec<F>) -> Vec<F::Output> {
    let mut done: Vec<Option<F::Output>> = all.iter().map(|_| None).collect();
    poll_fn(|cx| {
        for (future, done) in all.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(output) = Pin::new(future).poll(cx)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().map(Option::unwrap).collect()
}

#[test]
fn an_idle_connection_that_speaks_is_destroyed() {
    run(async {
        let fake = Fake::new().await; // edge/P3
        let gateway = Gateway::to(&[&fake]);
        let (_, mut peer) = tokio::join!(gateway.get(), async {
            let mut peer = fake.accept().await;
            peer.answer(OK).await;
            peer
        });
        assert_eq!(gateway.idle(), 1);
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison").await;
        driver_has_looked().await;
        let (answer, ()) = tokio::join!(gateway.get(), fake.serve(OK, 1));
        assert_eq!(answer, Ok((200, Bytes::from_static(b"ok"))), "the answer of the new connection");
        assert_eq!(peer.rest().await, b"", "the poisoned one carried nothing");
    });
}

#[test]
fn a_sweep_closes_what_spoke_or_ended() {
    run(async {
        for last_words in [&b"x"[..], b""] {
            let fake = Fake::new().await; // edge/P3
            let gateway = Gateway::to(&[&fake]);
            let (_, mut peer) = tokio::join!(gateway.get(), async {
                let mut peer = fake.accept().await;
                peer.answer(OK).await;
                peer
            });
            peer.say(last_words).await;
            if last_words.is_empty() {
                peer.0.shutdown().await.unwrap();
            }
            driver_has_looked().await;
            assert_eq!(gateway.idle(), 1);
            gateway.pools.sweep();
            assert_eq!(gateway.idle(), 0);
        }
    });
}

#[test]
fn only_a_clean_end_returns_the_connection() {
    let cases: [(&str, Method, &[u8], usize); 10] = [
        ("P2: complete", Method::GET, OK, 1),
        (
            "P2: chunked, complete",
            Method::GET,
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            1,
        ),
        ("P17: 204", Method::GET, b"HTTP/1.1 204 No Content\r\n\r\n", 1),
        ("P17: HEAD", Method::HEAD, b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", 1),
        (
            "P2: the upstream closes",
            Method::GET,
            b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
            0,
        ),
        ("P2: HTTP/1.0", Method::GET, b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", 0),
        (
            "HR3: a second response",
            Method::GET,
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n",
            0,
        ),
        ("HR3: one byte more", Method::GET, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokx", 0),
        ("HR4: content after HEAD", Method::HEAD, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 0),
        ("HR4: content after 304", Method::GET, b"HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\nok", 0),
    ];
    run(async {
        for (row, method, response, idle) in cases {
            let fake = Fake::new().await;
            let gateway = Gateway::to(&[&fake]);
            let (answer, peer) = tokio::join!(gateway.answer(method.clone(), Content::none()), async {
                let mut peer = fake.accept().await;
                peer.answer(response).await;
                peer
            });
            let answer = answer.unwrap();
            let has_content = method == Method::GET && answer.status() == 200;
            let (content, _) = read(answer.into_body()).await.unwrap();
            assert_eq!(&content[..], if has_content { &b"ok"[..] } else { b"" }, "edge/{row}");
            assert_eq!(gateway.idle(), idle, "edge/{row}");
            if idle == 0 {
                assert_eq!(peer.rest().await, b"", "edge/{row}: closed");
            }
        }
    });
}

#[test]
fn content_dropped_before_its_end_closes_the_connection() {
    run(async {
        let fake = Fake::new().await; // edge/P4
        let gateway = Gateway::to(&[&fake]);
        let (answer, peer) = tokio::join!(gateway.answer(Method::GET, Content::none()), async {
            let mut peer = fake.accept().await;
            peer.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
            peer
        });
        let mut body = answer.unwrap().into_body();
        assert_eq!(next(&mut body).await.unwrap().unwrap().into_data().unwrap(), "half");
        drop(body);
        assert_eq!((gateway.idle(), peer.rest().await), (0, Vec::new()));
    });
}

#[test]
fn a_client_that_leaves_while_waiting_closes_the_connection() {
    run(async {
        let fake = Fake::new().await; // edge/P4
        let gateway = Gateway::to(&[&fake]);
        let peer = {
            let waiting = gateway.get();
            tokio::select! {
                _ = waiting => panic!("nobody answered"),
                peer = async { let mut peer = fake.accept().await; peer.head().await.unwrap(); peer } => peer,
            }
        };
        assert_eq!((gateway.idle(), peer.rest().await), (0, Vec::new()));
    });
}

#[test]
fn a_response_before_the_whole_request_ends_the_connection() {
    run(async {
        let fake = Fake::new().await; // edge/HR14
        let gateway = Gateway::to(&[&fake]);
        let (feed, frames) = mpsc::channel(1);
        feed.send(Ok(Bytes::from(vec![b'x'; 64 * 1024]))).await.unwrap();
        let (answer, peer) = tokio::join!(gateway.answer(Method::POST, Content::Stream(frames)), async {
            let mut peer = fake.accept().await;
            peer.answer(OK).await;
            peer
        });
        let (content, _) = read(answer.unwrap().into_body()).await.unwrap();
        assert_eq!((&content[..], gateway.idle()), (&b"ok"[..], 0));
        let sent = peer.rest().await;
        assert!(!sent.ends_with(b"0\r\n\r\n"), "the request was not made to look complete");
        drop(feed);
    });
}

#[test]
fn a_reload_keeps_connections_of_what_stayed_the_same() {
    run(async {
        let (fake, other) = (Fake::new().await, Fake::new().await);
        let mut gateway = Gateway::to(&[&fake]);
        let (answer, ()) = tokio::join!(gateway.get(), fake.serve(OK, 1));
        answer.unwrap();
        let both = settings(&[fake.url("http"), other.url("http")]);
        gateway.upstream = Arc::new(both.compile(&gateway.clock).unwrap());
        assert_eq!(gateway.idle(), 1, "the same endpoint in a new Snapshot");
        gateway.pools.sweep();
        assert_eq!(gateway.idle(), 1, "also once the old Snapshot is gone");
        let elsewhere = settings(&[other.url("http")]);
        gateway.upstream = Arc::new(elsewhere.compile(&gateway.clock).unwrap());
        assert_eq!(gateway.idle(), 0);
        gateway.pools.sweep();
        assert_eq!(gateway.pools.slot_count(), 1, "what no Snapshot names any more is closed");
    });
}
