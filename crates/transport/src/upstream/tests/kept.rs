//! What is found on a kept connection before it is used again (edge/P3).

use super::*;
use std::pin::pin;
use tokio::task::coop::{consume_budget, has_budget_remaining};

#[test]
fn a_task_that_did_much_looks_before_it_sends() {
    run(async {
        for method in [Method::GET, Method::POST] {
            let fake = Fake::new().await;
            let gateway = Gateway::to(&[&fake]);
            let (_, mut peer) = tokio::join!(gateway.get(), async {
                let mut peer = fake.accept().await;
                peer.answer(OK).await;
                peer
            });
            peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison").await;
            driver_has_looked().await;
            let mut answer = pin!(gateway.answer(method.clone(), Content::none()));
            let mut is_rich = true;
            let spent = poll_fn(|cx| {
                // Whoever has no budget left sees no byte on any socket.
                while is_rich && has_budget_remaining() {
                    assert!(pin!(consume_budget()).poll(cx).is_ready());
                }
                is_rich = false;
                answer.as_mut().poll(cx)
            });
            let (answer, ()) = tokio::join!(spent, fake.serve(OK, 1));
            assert_eq!(read(answer.unwrap().into_body()).await, Ok((Bytes::from_static(b"ok"), None)), "{method}");
            assert_eq!(peer.rest().await, b"", "the poisoned one carried nothing");
        }
    });
}

#[test]
fn what_an_upstream_says_first_is_no_answer() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        let targets = gateway.upstream.targets();
        let (link, mut peer) = tokio::join!(gateway.pools.connect(&gateway.upstream, &targets[0]), fake.accept());
        peer.say(OK).await; // before any request
        driver_has_looked().await;
        let mut link = link.unwrap();
        assert!(!link.is_alive(), "it would be the answer to the next request");
        drop(link);
        assert_eq!(peer.rest().await, b"");
    });
}

#[test]
fn an_end_before_a_request_is_no_refusal_of_its_content() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        let targets = gateway.upstream.targets();
        let (link, peer) = tokio::join!(gateway.pools.connect(&gateway.upstream, &targets[0]), fake.accept());
        drop(peer);
        driver_has_looked().await;
        let (mut link, head) = (link.unwrap(), Request::new(()));
        link.begin(Content::none());
        let answer = poll_fn(|cx| link.poll_answer(&head, Duration::from_secs(1), cx)).await;
        assert_eq!(answer.err().map(|stop| stop.reason()), Some(Reason::UpstreamClosed));
        assert!(link.has_all_content(), "there was none: the upstream is to blame");
        assert!(link.take_unsent().is_some());
    });
}

#[test]
fn a_response_that_comes_before_the_request_is_sent_reaches_the_client() {
    run(async {
        let fake = Fake::new().await; // edge/HR14
        let gateway = Gateway::to(&[&fake]);
        let (feed, frames) = mpsc::channel(64);
        (0..64).for_each(|_| feed.try_send(Ok(Bytes::from(vec![b'x'; 256 * 1024]))).unwrap());
        let (answer, peer) = tokio::join!(gateway.answer(Method::POST, Content::Stream(frames)), async {
            let mut peer = fake.accept().await;
            peer.answer(b"HTTP/1.1 413 X\r\ncontent-length: 2\r\n\r\nno").await;
            peer
        });
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 413);
        assert_eq!(read(answer.into_body()).await.unwrap().0, "no");
        assert_eq!(gateway.idle(), 0);
        drop((peer, feed));
    });
}
