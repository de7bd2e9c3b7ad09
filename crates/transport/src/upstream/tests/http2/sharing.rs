//! Connections that exchanges share.

use super::*;

#[test]
fn requests_share_one_connection_and_reach_the_upstream_as_they_are() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake);
        let post = gateway.answer(Method::POST, Content::Whole(Some(Bytes::from_static(b"{}"))));
        let (get, post, ()) = tokio::join!(gateway.get(), post, async {
            let mut server = Server::accept(&fake, 100).await;
            let (first, second) = (server.echo().await, server.echo().await);
            for request in [&first, &second] {
                assert_eq!(request.uri(), "http://shop/things?x=1");
                assert!(!request.headers().contains_key("host"), "{:?}", request.headers());
            }
            assert_eq!((first.method(), second.method()), (&Method::GET, &Method::POST));
        });
        assert_eq!(get, Ok((200, Bytes::new())));
        assert_eq!(read(post.unwrap().into_body()).await, Ok((Bytes::from_static(b"{}"), None)));
        assert_eq!(gateway.sessions(), 1);
    });
}

#[test]
fn fields_of_http1_stay_behind_and_te_goes_on() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake);
        let request = Request::get("/x")
            .header("host", "shop")
            .header("te", "trailers")
            .header("transfer-encoding", "chunked")
            .header("connection", "keep-alive")
            .body(Content::none())
            .unwrap();
        let deadline = gateway.wheel.timer();
        let sent = forward(&gateway.pools, &gateway.upstream, request, Attempt::default(), &deadline);
        let (answer, seen) = tokio::join!(sent, async { Server::accept(&fake, 100).await.echo().await });
        assert!(answer.is_ok());
        let names: Vec<_> = seen.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        assert_eq!(names, [("te", &b"trailers"[..])]); // edge/P15
    });
}

#[test]
fn trailers_go_both_ways() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake);
        let (content, frames) = mpsc::channel(4);
        content.send(Ok(Frame::data(Bytes::from_static(b"ping")))).await.unwrap();
        let trailers = HeaderMap::from_iter([("checksum".parse().unwrap(), "7".parse().unwrap())]);
        content.send(Ok(Frame::trailers(trailers.clone()))).await.unwrap();
        drop(content);
        let answer = async {
            let response = gateway.answer(Method::POST, Content::Frames(frames)).await.unwrap();
            read(response.into_body()).await
        };
        let (answer, _) = tokio::join!(answer, async {
            let mut server = Server::accept(&fake, 100).await;
            server.echo().await;
            server
        });
        assert_eq!(answer, Ok((Bytes::from_static(b"ping"), Some(trailers))));
    });
}

#[test]
fn a_full_connection_gets_a_second_one_beside_it() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake);
        let (first, mut one) = tokio::join!(gateway.answer(Method::GET, Content::none()), async {
            let mut server = Server::accept(&fake, 1).await; // this upstream allows one stream
            let (_, mut respond) = server.next().await;
            let sent = respond.send_response(Response::new(()), false).unwrap();
            (server, sent)
        });
        let first = first.unwrap(); // its content is still to come
        let (second, _) = tokio::join!(gateway.get(), async {
            let mut server = Server::accept(&fake, 1).await;
            server.echo().await;
            server
        });
        assert_eq!((second, gateway.sessions()), (Ok((200, Bytes::new())), 2));
        one.1.send_data(Bytes::from_static(b"late"), true).unwrap();
        assert_eq!(read(first.into_body()).await, Ok((Bytes::from_static(b"late"), None)));
    });
}

#[test]
fn requests_at_once_wait_for_one_connection() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake);
        let (a, b, c, ()) = tokio::join!(gateway.get(), gateway.get(), gateway.get(), async {
            let mut server = Server::accept(&fake, 100).await;
            for _ in 0..3 {
                server.echo().await;
            }
        });
        assert!([a, b, c].iter().all(|answer| *answer == Ok((200, Bytes::new()))));
        assert_eq!(gateway.sessions(), 1);
    });
}

#[test]
fn requests_that_wait_for_a_connection_share_its_failure() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake);
        drop(fake);
        let answers = tokio::join!(gateway.get(), gateway.get());
        assert_eq!(answers, (Err(Reason::UpstreamConnect), Err(Reason::UpstreamConnect)));
    });
}

#[test]
fn giving_up_an_exchange_resets_its_stream_and_nothing_else() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake); // edge/P4
        let (response, mut raw) = tokio::join!(gateway.answer(Method::GET, Content::none()), async {
            let mut raw = Raw::accept(&fake).await;
            let (stream, _) = raw.next(HEADERS).await;
            raw.say(HEADERS, END_HEADERS, stream, STATUS_200).await;
            raw
        });
        drop(response.unwrap());
        let (stream, code) = raw.next(RST_STREAM).await;
        assert_eq!((stream, code), (1, vec![0, 0, 0, 8])); // CANCEL
        let (answer, ()) = tokio::join!(gateway.get(), raw.answer());
        assert_eq!((answer, gateway.sessions()), (Ok((200, Bytes::from_static(b"ok"))), 1));
    });
}

#[test]
fn a_connection_on_which_much_was_given_up_takes_no_more_requests() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake); // CVE-2023-44487, turned round
        let mut raw = None;
        for _ in 0..portcullis_core::bounds::MAX_UPSTREAM_RESETS {
            let (response, peer) = tokio::join!(gateway.answer(Method::GET, Content::none()), async {
                let mut raw = match raw.take() {
                    Some(raw) => raw,
                    None => Raw::accept(&fake).await,
                };
                let (stream, _) = raw.next(HEADERS).await;
                raw.say(HEADERS, END_HEADERS, stream, STATUS_200).await;
                raw
            });
            drop(response.unwrap());
            raw = Some(peer);
        }
        let (answer, _) = tokio::join!(gateway.get(), async {
            let mut second = Raw::accept(&fake).await;
            second.answer().await;
            second
        });
        assert_eq!(answer, Ok((200, Bytes::from_static(b"ok"))));
        raw.unwrap().next(GOAWAY).await;
    });
}

#[test]
fn an_idle_connection_says_goodbye() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway_with(&fake, |settings| settings.timeouts.pool_idle = Duration::from_secs(2));
        let (answer, mut raw) = tokio::join!(gateway.get(), async {
            let mut raw = Raw::accept(&fake).await;
            raw.answer().await;
            raw
        });
        answer.unwrap();
        gateway.pools.sweep();
        assert_eq!(gateway.sessions(), 1);
        gateway.pools.sweep();
        assert_eq!(gateway.sessions(), 0);
        raw.next(GOAWAY).await;
    });
}

#[test]
fn an_old_connection_takes_no_more_requests() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway_with(&fake, |settings| settings.timeouts.pool_idle = Duration::from_secs(9000));
        let (answer, mut raw) = tokio::join!(gateway.get(), async {
            let mut raw = Raw::accept(&fake).await;
            raw.answer().await;
            raw
        });
        answer.unwrap();
        for _ in 0..portcullis_core::bounds::MAX_UPSTREAM_CONNECTION_AGE.as_secs() {
            assert_eq!(gateway.sessions(), 1);
            gateway.pools.sweep();
        }
        assert_eq!(gateway.sessions(), 0);
        raw.next(GOAWAY).await;
    });
}

#[test]
fn a_silent_connection_that_owes_something_is_asked_whether_it_lives() {
    use portcullis_core::bounds::{UPSTREAM_PING, UPSTREAM_PONG};
    let second = Duration::from_secs(1);
    run(async {
        for lives in [true, false] {
            let fake = Fake::new().await;
            let gateway = gateway_with(&fake, |settings| settings.timeouts.between_bytes = 2 * UPSTREAM_PING);
            let (response, mut raw) = tokio::join!(gateway.answer(Method::GET, Content::none()), async {
                let mut raw = Raw::accept(&fake).await;
                let (stream, _) = raw.next(HEADERS).await;
                raw.say(HEADERS, END_HEADERS, stream, STATUS_200).await;
                raw
            });
            gateway.wheel.advance(UPSTREAM_PING.saturating_add(second));
            let (_, ping) = raw.next(PING).await;
            if lives {
                raw.say(PING, ACK, 0, &ping).await;
                driver_has_looked().await;
                tokio::task::yield_now().await;
            }
            gateway.wheel.advance(UPSTREAM_PONG.saturating_add(second));
            tokio::task::yield_now().await;
            if lives {
                raw.say(DATA, END_STREAM, 1, b"ok").await;
            }
            let expected = if lives { Ok((Bytes::from_static(b"ok"), None)) } else { Err(Reason::UpstreamClosed) };
            assert_eq!(read(response.unwrap().into_body()).await, expected, "lives: {lives}");
        }
    });
}

#[test]
fn an_idle_connection_is_not_asked() {
    use portcullis_core::bounds::UPSTREAM_PING;
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake);
        let (answer, mut raw) = tokio::join!(gateway.get(), async {
            let mut raw = Raw::accept(&fake).await;
            raw.answer().await;
            raw
        });
        answer.unwrap();
        for _ in 0..3 {
            gateway.wheel.advance(UPSTREAM_PING.saturating_add(Duration::from_secs(1)));
            driver_has_looked().await;
            tokio::task::yield_now().await;
        }
        drop(gateway);
        let (kind, ..) = raw.any_of([PING, GOAWAY]).await; // gRPC servers count a PING without a stream as abuse
        assert_eq!(kind, GOAWAY);
    });
}
