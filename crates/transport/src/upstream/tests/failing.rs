//! Endpoints and upstreams that fail are left alone (edge/P7, P8), and a reload forgets nothing.

use super::*;
use crate::upstream::standing::Attempted;

const UNAVAILABLE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
const BROKEN: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";

fn is_open(upstream: &Compiled, index: usize) -> bool {
    Compiled::is_open(&upstream.targets(), index)
}

/// Sends so many requests; how many each endpoint answered, and how many had no answer.
async fn count(gateway: &Gateway, requests: usize) -> ([usize; 4], usize) {
    let (mut answered, mut failed) = ([0_usize; 4], 0_usize);
    for _ in 0..requests {
        let answer = gateway.send(Method::GET, Content::none(), Attempt::default()).await;
        let count = answer.map_or(&mut failed, |answer| &mut answered[usize::from(answer.endpoint)]);
        *count = count.saturating_add(1);
    }
    (answered, failed)
}

#[test]
fn an_endpoint_that_only_fails_is_ejected_and_returns_through_one_probe() {
    run(async {
        let fakes = [Fake::new().await, Fake::new().await, Fake::new().await, Fake::new().await];
        let gateway = Gateway::to(&[&fakes[0], &fakes[1], &fakes[2], &fakes[3]]);
        let sick = std::cell::Cell::new(true);
        let failing = async {
            loop {
                let mut peer = fakes[3].accept().await;
                while peer.head().await.is_some() {
                    peer.say(if sick.get() { BROKEN } else { OK }).await;
                }
            }
        };
        let requests = async {
            let (answered, failed) = count(&gateway, 400).await;
            assert_eq!((answered[3], failed), (5, 0), "five failures in a row, then no more: {answered:?}");
            assert_eq!(gateway.upstream.look().usable, 3);
            gateway.clock.advance(Duration::from_secs(30));
            let (answered, _) = count(&gateway, 400).await;
            assert_eq!(answered[3], 1, "one request finds out that it still fails");
            gateway.clock.advance(Duration::from_secs(59));
            assert_eq!(count(&gateway, 400).await.0[3], 0, "twice as long");
            gateway.clock.advance(Duration::from_secs(1));
            sick.set(false);
            assert!(count(&gateway, 400).await.0[3] > 40, "well again");
            assert_eq!(gateway.upstream.look(), Look { endpoints: 4, usable: 4, ejections: 2, ..Look::default() });
        };
        tokio::select! {
            () = fakes[0].serve(OK, usize::MAX) => {}
            () = fakes[1].serve(OK, usize::MAX) => {}
            () = fakes[2].serve(OK, usize::MAX) => {}
            () = failing => {}
            () = requests => {}
        }
    });
}

#[test]
fn at_most_half_of_the_endpoints_are_ejected() {
    let cases = [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)];
    for (endpoints, ejected) in cases {
        let urls: Vec<String> = (1..=endpoints).map(|host| format!("http://10.0.0.{host}:8000")).collect();
        let upstream = settings(&urls).compile(&Clock::manual(1)).unwrap();
        for attempted in [Attempted::Failed, Attempted::Refused] {
            for index in (0..endpoints).flat_map(|index| [index; 9]) {
                upstream.note(&upstream.targets(), index, None, attempted);
            }
            let look = upstream.look();
            assert_eq!((look.endpoints - look.usable, look.ejections), (ejected, ejected as u64), "of {endpoints}");
        }
    }
}

#[test]
fn an_endpoint_that_refuses_is_back_within_a_second() {
    run(async {
        let (alive, dead) = (Fake::new().await, Fake::new().await);
        let gateway = Gateway::to(&[&alive, &dead]);
        let address = dead.0.local_addr().unwrap();
        drop(dead);
        let upstream = &gateway.upstream;
        let until_refused = async {
            while is_open(upstream, 1) {
                assert_eq!(count(&gateway, 1).await.1, 0)
            }
        };
        tokio::select! { () = alive.serve(OK, usize::MAX) => {}, () = until_refused => {} }
        let back = Fake(TcpListener::bind(address).await.unwrap());
        gateway.clock.advance(Duration::from_secs(1));
        let reaches_it = async { while count(&gateway, 1).await.0[1] == 0 {} };
        tokio::select! {
            () = alive.serve(OK, usize::MAX) => {}
            () = back.serve(OK, usize::MAX) => {}
            () = reaches_it => {}
        }
        assert!(is_open(upstream, 1));
    });
}

#[test]
fn an_upstream_that_fails_is_not_asked_until_its_breaker_half_opens() {
    let cases: [(&str, &[u8]); 3] =
        [("503", UNAVAILABLE), ("a broken response", b"HTTP/1.1 junk\r\n\r\n"), ("silence", b"")];
    run(async {
        for (what, response) in cases {
            let fake = Fake::new().await;
            let gateway = Gateway::to(&[&fake]);
            let (well, asked) = (std::cell::Cell::new(false), std::cell::Cell::new(0));
            let serve = async {
                loop {
                    let mut peer = fake.accept().await;
                    if peer.head().await.is_some() {
                        asked.set(asked.get() + 1);
                        peer.say(if well.get() { OK } else { response }).await;
                    }
                }
            };
            let requests = async {
                count(&gateway, 20).await;
                assert_eq!(asked.get(), 20, "{what}");
                let failed = gateway.send(Method::GET, Content::none(), Attempt::default()).await.unwrap_err();
                assert_eq!(
                    (failed.stop.reason(), failed.endpoint, failed.attempts),
                    (Reason::UpstreamUnavailable, None, 0),
                    "{what}"
                );
                count(&gateway, 1000).await;
                assert_eq!(asked.get(), 20, "{what}: not one more");
                gateway.clock.advance(Duration::from_secs(11));
                count(&gateway, 1000).await;
                assert_eq!(asked.get(), 21, "{what}: the first probe fails");
                gateway.clock.advance(Duration::from_secs(11));
                well.set(true);
                assert_eq!(count(&gateway, 30).await.1, 0, "{what}: three probes are well, and then all are served");
                assert_eq!((gateway.upstream.look().is_open, gateway.upstream.look().openings), (false, 2), "{what}");
            };
            tokio::select! { () = serve => {}, () = requests => {} }
        }
    });
}

#[test]
fn what_an_application_answers_opens_no_breaker() {
    run(async {
        let cases: [(&[u8], u16); 2] = [(BROKEN, 500), (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 404)];
        for (response, status) in cases {
            let fake = Fake::new().await; // a caller who finds what breaks one operation must not close all of them
            let gateway = Gateway::to(&[&fake]);
            let requests = async {
                for _ in 0..100 {
                    assert_eq!(gateway.get().await.unwrap().0, status);
                }
            };
            tokio::select! { () = fake.serve(response, usize::MAX) => {}, () = requests => {} }
        }
    });
}

#[test]
fn what_a_client_does_opens_no_breaker() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::to(&[&fake]);
        let swallow = async {
            let mut peers = Vec::new();
            loop {
                peers.push(fake.accept().await);
            }
        };
        let requests = async {
            for _ in 0..100 {
                let (feed, frames) = mpsc::channel(1);
                feed.send(Err(Stop::Deny(Reason::BodyMalformed))).await.unwrap();
                let failed = gateway.send(Method::POST, Content::Stream(frames), Attempt::default()).await.unwrap_err();
                assert_eq!(failed.stop.reason(), Reason::BodyMalformed);
            }
        };
        tokio::select! { () = swallow => {}, () = requests => {} }
        assert!(!gateway.upstream.look().is_open);
    });
}

#[test]
fn an_upstream_that_closes_on_content_that_it_does_not_want_is_well() {
    run(async {
        for (is_whole, is_blamed) in [(false, false), (true, true)] {
            let fake = Fake::new().await;
            let gateway = Gateway::to(&[&fake]);
            for _ in 0..20 {
                let (feed, frames) = mpsc::channel(1);
                feed.send(Ok(Bytes::from_static(b"much"))).await.unwrap();
                let content = if is_whole { Content::Whole(Some("all".into())) } else { Content::Stream(frames) };
                let (answer, ()) = tokio::join!(gateway.send(Method::POST, content, Attempt::default()), async {
                    let mut peer = fake.accept().await;
                    peer.head().await.unwrap();
                });
                assert_eq!(answer.unwrap_err().stop.reason(), Reason::UpstreamClosed);
            }
            assert_eq!(gateway.upstream.look().is_open, is_blamed, "whole: {is_whole}");
        }
    });
}

#[test]
fn a_reload_forgets_no_failure() {
    let (clock, urls) = (Clock::manual(1), ["http://10.0.0.1:1".to_owned(), "http://10.0.0.2:1".to_owned()]);
    let running = settings(&urls).compile(&clock).unwrap();
    (0..5).for_each(|_| running.note(&running.targets(), 1, None, Attempted::Failed));
    for _ in 0..20 {
        running.settle(running.admit().unwrap().as_mut(), true);
    }
    let mut swapped = settings(&[urls[1].clone(), urls[0].clone(), "http://10.0.0.3:1".to_owned()]);
    let mut next = swapped.compile(&clock).unwrap();
    next.keep(&running);
    assert_eq!([0, 1, 2].map(|index| is_open(&next, index)), [false, true, true], "by name, not by place");
    assert!(next.admit().is_none(), "the breaker is still open");
    swapped.breaker = Some(BreakerSettings { requests: 30, ..BreakerSettings::default() });
    let mut changed = swapped.compile(&clock).unwrap();
    changed.keep(&running);
    assert!(changed.admit().is_some(), "another breaker begins anew");
    swapped.breaker = None;
    let mut without = swapped.compile(&clock).unwrap();
    without.keep(&running);
    assert!(matches!(without.admit(), Some(None)));
}
