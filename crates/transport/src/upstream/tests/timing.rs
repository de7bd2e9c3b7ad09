//! Deadlines, by a wheel that is turned by hand (edge/P12).

use super::*;

/// Lets everything that is ready happen, then turns the wheel.
async fn pass(gateway: &Gateway, span: Duration) {
    driver_has_looked().await;
    gateway.wheel.advance(span);
}

#[test]
fn a_response_that_does_not_begin_in_time_is_a_timeout() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        let (answer, rest) = tokio::join!(gateway.send(Method::GET, Content::none(), Attempt::default()), async {
            let mut peer = fake.accept().await;
            peer.head().await.unwrap();
            pass(&gateway, Duration::from_secs(14)).await;
            peer.say(b"HTTP/1.1 200 OK\r\n").await; // a beginning of a head is not a head
            pass(&gateway, Duration::from_secs(2)).await;
            peer.rest().await
        });
        let failed = answer.unwrap_err();
        assert_eq!((failed.stop.reason(), failed.attempts, failed.endpoint), (Reason::UpstreamTimeout, 1, Some(0)));
        assert_eq!((rest, gateway.idle()), (Vec::new(), 0));
    });
}

#[test]
fn an_upstream_that_lets_the_exchange_pass_its_deadline_has_failed() {
    run(async {
        let fake = Fake::new().await; // edge/P8: its own deadline is a later one
        let gateway = Gateway::to(&[&fake]);
        for _ in 0..20 {
            gateway.deadline.arm(Duration::from_secs(1));
            let (answer, ()) = tokio::join!(gateway.send(Method::POST, Content::none(), Attempt::default()), async {
                let mut peer = fake.accept().await;
                peer.head().await.unwrap();
                pass(&gateway, Duration::from_secs(2)).await;
                gateway.deadline.wake(); // as whoever waits for the deadline is woken
                assert_eq!(peer.rest().await, b"");
            });
            let failed = answer.unwrap_err();
            assert_eq!((failed.stop.reason(), failed.attempts, failed.endpoint), (Reason::ExchangeTimeout, 1, Some(0)));
        }
        assert!(gateway.upstream.look().is_open);
    });
}

#[test]
fn a_client_that_lets_the_exchange_pass_its_deadline_is_no_fault_of_the_upstream() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        gateway.deadline.arm(Duration::from_secs(1));
        for _ in 0..20 {
            let (_feed, frames) = mpsc::channel(1);
            let waiting = gateway.send(Method::POST, Content::Stream(frames), Attempt::default());
            let passing = async {
                let mut peer = fake.accept().await;
                peer.head().await.unwrap();
                pass(&gateway, Duration::from_secs(2)).await;
                driver_has_looked().await;
            };
            tokio::select! { _ = waiting => panic!("the client owes its content"), () = passing => {} }
        }
        assert!(!gateway.upstream.look().is_open);
    });
}

#[test]
fn a_pause_in_the_content_is_a_timeout_only_when_it_is_too_long() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        let (answer, mut peer) = tokio::join!(gateway.answer(Method::GET, Content::none()), async {
            let mut peer = fake.accept().await;
            peer.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n").await;
            peer
        });
        let mut body = answer.unwrap().into_body();
        for _ in 0..2 {
            let (frame, ()) = tokio::join!(next(&mut body), async {
                pass(&gateway, Duration::from_secs(29)).await;
                peer.say(b"x").await;
            });
            assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), "x");
            gateway.wheel.advance(Duration::from_secs(100)); // a client that does not read is not the upstream's fault
        }
        let (frame, ()) = tokio::join!(next(&mut body), pass(&gateway, Duration::from_secs(31)));
        let UpstreamBodyError(stop) = frame.unwrap().unwrap_err();
        assert_eq!(stop.reason(), Reason::UpstreamTimeout);
        assert_eq!((peer.rest().await, gateway.idle()), (Vec::new(), 0));
    });
}

#[test]
fn a_slow_client_does_not_make_the_upstream_late() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        let (feed, frames) = mpsc::channel(1);
        let (answer, _peer) = tokio::join!(gateway.answer(Method::POST, Content::Stream(frames)), async {
            let mut peer = fake.accept().await;
            peer.head().await.unwrap();
            for _ in 0..4 {
                pass(&gateway, Duration::from_secs(14)).await;
                feed.send(Ok(Bytes::from_static(b"x"))).await.unwrap();
                pass(&gateway, Duration::from_secs(20)).await;
            }
            drop(feed);
            peer.say(OK).await;
            peer
        });
        assert_eq!(answer.unwrap().status(), 200);
    });
}

#[test]
fn a_handshake_that_does_not_end_is_a_timeout() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::new(&settings(&[fake.url("https")]));
        let (answer, _peer) = tokio::join!(gateway.send(Method::GET, Content::none(), Attempt::default()), async {
            let peer = fake.accept().await;
            pass(&gateway, Duration::from_secs(2)).await;
            peer
        });
        let failed = answer.unwrap_err();
        assert_eq!((failed.stop.reason(), failed.attempts), (Reason::UpstreamTimeout, 1));
    });
}

#[test]
fn no_deadline_of_one_exchange_reaches_the_next() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        let serve = fake.serve(OK, 2);
        let requests = async {
            for _ in 0..3 {
                assert_eq!(gateway.get().await, Ok((200, Bytes::from_static(b"ok"))));
                gateway.wheel.advance(Duration::from_secs(100));
            }
            assert_eq!(gateway.idle(), 1);
        };
        tokio::select! { () = serve => {}, () = requests => {} }
    });
}
