use super::*;
use portcullis_core::bounds::{HEAD_TIMEOUT, IDLE_TIMEOUT, WARM_TIMEOUT, WRITE_STALL_TIMEOUT};

/// The wheel is turned a second at a time and is late by up to two ticks.
fn about(span: Duration) -> std::ops::RangeInclusive<u64> {
    span.as_secs()..=span.as_secs().saturating_add(2)
}

#[test]
fn a_head_that_drips_is_answered_408_counted_from_its_first_byte() {
    run(async {
        let server = Server::plain().await;
        let mut client = server.connect().await;
        let dripping = async {
            let (mut reader, mut writer) = client.split();
            writer.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
            let drip = async {
                for line in 0.. {
                    drop(writer.write_all(format!("x{line}: 1\r\n").as_bytes()).await);
                    settle().await;
                }
            };
            tokio::select! {
                biased;
                read = read_to_end(&mut reader) => read,
                () = drip => unreachable!(),
            }
        };
        let (seconds, read) = server.seconds_until(dripping).await;
        assert_eq!(read, refusal(Reason::HeadTimeout), "edge/S3");
        assert!(about(HEAD_TIMEOUT).contains(&seconds), "edge/S3: {seconds}");
    });
}

#[test]
fn a_silent_connection_is_closed_without_a_word() {
    run(async {
        let server = Server::plain().await;
        let mut client = server.connect().await;
        let (seconds, read) = server.seconds_until(read_to_end(&mut client)).await;
        assert_eq!(read, "", "edge/S3");
        assert!(about(IDLE_TIMEOUT).contains(&seconds), "edge/S3: {seconds}");
        assert!(server.shop.refused.borrow().is_empty());
    });
}

#[test]
fn the_next_request_is_served_after_the_buffers_are_gone() {
    run(async {
        let server = Server::plain().await;
        let mut client = server.connect().await;
        for count in 1..=3 {
            client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTT").await.unwrap();
            assert!(read_response(&mut client).await.ends_with(&format!("Http1 {}", 2 * count - 1)));
            settle().await;
            server.wheel.advance(WARM_TIMEOUT * 2); // with the begin of the next head in hand
            settle().await;
            client.write_all(b"P/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            assert!(read_response(&mut client).await.ends_with(&format!("Http1 {}", 2 * count)));
            settle().await;
            server.wheel.advance(WARM_TIMEOUT * 2);
            settle().await;
        }
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTT").await.unwrap();
        let (seconds, read) = server.seconds_until(read_to_end(&mut client)).await;
        assert!(read.ends_with(std::str::from_utf8(&refusal(Reason::HeadTimeout)).unwrap()), "edge/S3: {read}");
        assert!((11..=13).contains(&seconds), "edge/S3: {seconds}");
    });
}

#[test]
fn content_that_comes_late_is_never_taken_for_a_request() {
    let heads = [
        "POST /keep HTTP/1.1\r\nhost: a\r\n",
        "POST /keep HTTP/1.1\r\nhost: a\r\nconnection: keep-alive\r\n",
        "POST /keep HTTP/1.1\r\nhost: a\r\nconnection: close\r\n",
        "POST /keep HTTP/1.0\r\nhost: a\r\n",
        "POST /keep-and-close HTTP/1.1\r\nhost: a\r\n",
    ];
    let inner = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    run(async {
        for head in heads {
            let server = Server::plain().await;
            let mut client = server.connect().await;
            client.write_all(format!("{head}content-length: {}\r\n\r\n", inner.len()).as_bytes()).await.unwrap();
            assert!(read_response(&mut client).await.contains("200 OK"), "answered before its content came: {head:?}");
            settle().await;
            server.wheel.advance(WARM_TIMEOUT * 2);
            settle().await;
            drop(client.write_all(inner.as_bytes()).await);
            settle().await;
            server.shop.kept.borrow_mut().clear();
            let (_, read) = server.seconds_until(read_to_end(&mut client)).await;
            assert!(!read.contains("200 OK"), "{head:?}: {read}");
            assert_eq!(server.shop.seen.borrow().len(), 1, "{head:?}");
        }
    });
}

#[test]
fn idleness_counts_from_the_last_response() {
    run(async {
        let server = Server::plain().await;
        let mut client = server.connect().await;
        for _ in 0..2 {
            server.wheel.advance(IDLE_TIMEOUT / 2);
            client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            read_response(&mut client).await;
        }
        let (seconds, read) = server.seconds_until(read_to_end(&mut client)).await;
        assert_eq!(read, "", "edge/S4");
        assert!(about(WARM_TIMEOUT + IDLE_TIMEOUT).contains(&seconds), "edge/S4: {seconds}");
    });
}

#[test]
fn a_running_exchange_is_not_idle() {
    run(async {
        let server = Server::plain().await;
        let mut client = server.connect().await;
        client.write_all(b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        settle().await;
        server.wheel.advance(IDLE_TIMEOUT * 3);
        settle().await;
        server.shop.release.notify_one();
        assert!(read_response(&mut client).await.ends_with("held"));
    });
}

#[test]
fn a_client_that_does_not_read_is_dropped() {
    run(async {
        let server = Server::plain().await;
        let mut client = server.connect().await;
        client.write_all(b"GET /big HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        settle().await;
        let (seconds, ()) = server
            .seconds_until(async {
                while server.connections.counts().open > 0 {
                    tokio::task::yield_now().await;
                }
            })
            .await;
        assert!(about(WRITE_STALL_TIMEOUT).contains(&seconds), "{seconds}");
    });
}

#[test]
fn a_handshake_has_five_seconds() {
    run(async {
        let server = Server::start(Options { tls: Some(tls::server("a.test")), ..Options::default() }).await;
        let mut client = server.connect().await;
        client.write_all(b"\x16").await.unwrap();
        let (seconds, read) = server.seconds_until(read_to_end(&mut client)).await;
        assert_eq!(read, "", "edge/S1");
        assert!((5..=7).contains(&seconds), "edge/S1: {seconds}");
        assert_eq!(server.connections.counts().failed_handshakes, 1);
    });
}
