//! What is sent twice, what is not, and where to (edge/P5, P6, P12, HR13).

use super::*;

/// A gateway with one kept connection, and the upstream's end of it.
async fn with_kept_connection(fake: &Fake) -> (Gateway, Peer) {
    let gateway = Gateway::to(&[fake]);
    let (answer, peer) = tokio::join!(gateway.get(), async {
        let mut peer = fake.accept().await;
        peer.answer(OK).await;
        peer
    });
    answer.unwrap();
    assert_eq!(gateway.idle(), 1);
    (gateway, peer)
}

#[test]
fn a_kept_connection_found_dead_costs_no_request() {
    run(async {
        for method in [Method::GET, Method::POST, Method::PATCH] {
            let fake = Fake::new().await; // edge/P5: nothing was written
            let (gateway, peer) = with_kept_connection(&fake).await;
            drop(peer);
            driver_has_looked().await;
            let content = Content::Whole(Some(Bytes::from_static(b"{}")));
            let (answer, _) = tokio::join!(gateway.send(method.clone(), content, Attempt::default()), async {
                let mut peer = fake.accept().await;
                peer.answer(OK).await;
                peer
            });
            assert_eq!(answer.unwrap().attempts, 1, "{method}");
        }
    });
}

#[test]
fn a_request_that_was_written_is_repeated_only_where_that_is_safe() {
    let key = Attempt { replayable: true, ..Attempt::default() };
    let plain = Attempt::default();
    let cases = [
        // method, facts, repeated
        (Method::GET, plain, true),
        (Method::HEAD, plain, true),
        (Method::OPTIONS, plain, true),
        (Method::PUT, plain, true),
        (Method::DELETE, plain, true),
        (Method::POST, plain, false),
        (Method::PATCH, plain, false),
        (Method::POST, key, true),
    ];
    run(async {
        for (method, facts, repeated) in cases {
            let fake = Fake::new().await; // edge/P5
            let (gateway, mut peer) = with_kept_connection(&fake).await;
            let content =
                Content::Whole((method == Method::PUT || method == Method::POST).then(|| Bytes::from_static(b"{}")));
            let mut second = None;
            let (answer, ()) = tokio::join!(gateway.send(method.clone(), content, facts), async {
                let first = peer.head().await.unwrap();
                drop(peer);
                if repeated {
                    let mut peer = fake.accept().await;
                    assert_eq!(peer.answer(OK).await, first, "the same request");
                    second = Some(peer);
                }
            });
            match answer {
                Ok(answer) => assert_eq!((repeated, answer.attempts), (true, 2), "{method}"),
                Err(failed) => {
                    assert_eq!((repeated, failed.attempts), (false, 1), "{method}");
                    assert_eq!(failed.stop.reason(), Reason::UpstreamClosed);
                }
            }
        }
    });
}

#[test]
fn streamed_content_is_not_repeated() {
    run(async {
        let fake = Fake::new().await;
        let (gateway, mut peer) = with_kept_connection(&fake).await;
        let (feed, frames) = mpsc::channel(1);
        feed.send(Ok(Bytes::from_static(b"x"))).await.unwrap();
        let (answer, ()) =
            tokio::join!(gateway.send(Method::PUT, Content::Stream(frames), Attempt::default()), async {
                peer.head().await.unwrap();
                drop(peer);
            });
        let failed = answer.unwrap_err();
        assert_eq!((failed.stop.reason(), failed.attempts, failed.endpoint), (Reason::UpstreamClosed, 1, Some(0)));
    });
}

#[test]
fn nothing_is_repeated_once_a_byte_was_answered() {
    run(async {
        let fake = Fake::new().await; // edge/P5
        let (gateway, mut peer) = with_kept_connection(&fake).await;
        let (answer, ()) = tokio::join!(gateway.send(Method::GET, Content::none(), Attempt::default()), async {
            peer.answer(b"H").await;
            peer.0.shutdown().await.unwrap();
        });
        let failed = answer.unwrap_err();
        assert_eq!((failed.stop.reason(), failed.attempts), (Reason::UpstreamClosed, 1));
    });
}

#[test]
fn a_new_connection_that_closes_silently_is_the_answer() {
    run(async {
        let fake = Fake::new().await; // edge/HR13: one endpoint, nothing kept: there is nowhere else to ask
        let gateway = Gateway::to(&[&fake]);
        let (answer, ()) = tokio::join!(gateway.send(Method::GET, Content::none(), Attempt::default()), async {
            let mut peer = fake.accept().await;
            peer.head().await.unwrap();
        });
        let failed = answer.unwrap_err();
        assert_eq!((failed.stop.reason(), failed.attempts, failed.endpoint), (Reason::UpstreamClosed, 1, Some(0)));
    });
}

#[test]
fn a_dead_endpoint_costs_nothing_but_time() {
    run(async {
        let (alive, dead) = (Fake::new().await, Fake::new().await); // edge/P12
        let gateway = Gateway::to(&[&alive, &dead]);
        drop(dead);
        let serve = alive.serve(OK, usize::MAX);
        let requests = async {
            let mut most = 0;
            for number in 0..200 {
                // POST too: not a byte of it was written.
                let method = if number % 2 == 0 { Method::POST } else { Method::GET };
                let answer = gateway.send(method, Content::none(), Attempt::default()).await.unwrap();
                assert_eq!(answer.endpoint, 0);
                most = most.max(answer.attempts);
            }
            assert_eq!(most, 2, "the dead one was tried");
        };
        tokio::select! { () = serve => {}, () = requests => {} }
    });
}

#[test]
fn retries_stay_within_their_budget() {
    run(async {
        let fakes = [Fake::new().await, Fake::new().await, Fake::new().await]; // edge/P6
        let gateway = Gateway::to(&[&fakes[0], &fakes[1], &fakes[2]]);
        drop(fakes);
        let (mut attempts, requests) = (0_u32, 1000);
        for _ in 0..requests {
            gateway.clock.advance(Duration::from_secs(1)); // ten in ten seconds: too few for the breaker
            let failed = gateway.send(Method::GET, Content::none(), Attempt::default()).await.unwrap_err();
            assert_eq!(failed.stop.reason(), Reason::UpstreamConnect);
            attempts += u32::from(failed.attempts);
        }
        let retries = attempts - requests;
        assert!((1..=requests / 5 + 3).contains(&retries), "{retries} retries of {requests} requests");
    });
}

#[test]
fn requests_in_flight_on_an_endpoint_that_dies_go_to_the_other() {
    run(async {
        let (steady, dying) = (Fake::new().await, Fake::new().await);
        let gateway = Gateway::to(&[&steady, &dying]);
        let view = gateway.pools.view(&gateway.upstream);
        (0..100).for_each(|_| view.budget.deposit()); // earlier requests
        let (method_of, count) = (|number| if number % 4 == 0 { Method::POST } else { Method::GET }, 16);
        let mut answers = Vec::new();
        // One after the other into flight; those on the dying endpoint are never answered by it.
        let exchanges = async {
            let all = (0..count).map(|number| {
                let gateway = &gateway;
                async move {
                    (method_of(number), gateway.send(method_of(number), Content::none(), Attempt::default()).await)
                }
            });
            let mut pending: Vec<_> = all.map(Box::pin).collect();
            let mut left = count;
            poll_fn(|cx| {
                pending.retain_mut(|exchange| match exchange.as_mut().poll(cx) {
                    Poll::Ready(answer) => {
                        answers.push(answer);
                        left -= 1;
                        false
                    }
                    Poll::Pending => true,
                });
                if left == 0 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        };
        let death = async {
            let mut peers = Vec::new();
            for _ in 0..count / 2 {
                let mut peer = dying.accept().await;
                peer.head().await.unwrap();
                peers.push(peer);
            }
            drop(dying);
            drop(peers);
            std::future::pending::<()>().await;
        };
        tokio::select! { () = exchanges => {}, () = steady.serve(OK, usize::MAX) => {}, () = death => {} }
        for (method, answer) in answers {
            match answer {
                Ok(answer) => assert_eq!(answer.endpoint, 0),
                Err(failed) => {
                    assert_eq!(
                        (method, failed.endpoint),
                        (Method::POST, Some(1)),
                        "only what may have been done already fails"
                    );
                }
            }
        }
    });
}

#[test]
fn a_421_is_asked_again_on_another_connection_once() {
    const MISDIRECTED: &[u8] = b"HTTP/1.1 421 Misdirected Request\r\ncontent-length: 0\r\n\r\n";
    run(async {
        for (second, expected) in
            [(OK, Ok((200, Bytes::from_static(b"ok")))), (MISDIRECTED, Err(Reason::UpstreamMalformed))]
        {
            let fake = Fake::new().await; // edge/P20
            let (gateway, mut peer) = with_kept_connection(&fake).await;
            let (answer, _) = tokio::join!(gateway.get(), async {
                let first = peer.answer(MISDIRECTED).await;
                let mut other = fake.accept().await;
                assert_eq!(other.answer(second).await, first, "the same request");
                (peer, other)
            });
            assert_eq!(answer, expected);
        }
    });
}
