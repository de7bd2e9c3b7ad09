//! Upstreams that refuse, end, lie and are silent.

use super::*;

fn content() -> Content {
    Content::Whole(Some(Bytes::from_static(b"{}")))
}

async fn status(answer: Result<Answer<Content>, Failed>) -> Result<(u16, u8), Reason> {
    let answer = answer.map_err(|failed| failed.stop.reason())?;
    let Forwarded::Response(response) = answer.forwarded else { panic!("no upgrade") };
    let status = response.status().as_u16();
    read(response.into_body()).await?;
    Ok((status, answer.attempts))
}

#[test]
fn what_the_upstream_did_nothing_about_is_sent_again_whatever_it_is() {
    run(async {
        for method in [Method::GET, Method::POST, Method::PATCH] {
            let fake = Fake::new().await; // edge/P5, RFC 9113 §8.7
            let gateway = gateway(&fake);
            let sent = async { status(gateway.send(method.clone(), content(), Attempt::default()).await).await };
            let (answer, _) = tokio::join!(sent, async {
                let mut raw = Raw::accept(&fake).await;
                let (stream, _) = raw.next(HEADERS).await;
                raw.next(DATA).await;
                raw.say(RST_STREAM, 0, stream, &[0, 0, 0, 7]).await; // REFUSED_STREAM
                let (again, _) = raw.next(HEADERS).await;
                assert_eq!(raw.next(DATA).await, (again, b"{}".to_vec()), "the same content");
                raw.say(HEADERS, END_HEADERS | END_STREAM, again, STATUS_200).await;
                raw
            });
            assert_eq!(answer, Ok((200, 2)), "{method}");
        }
    });
}

#[test]
fn a_goaway_moves_what_is_behind_it_to_another_connection() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake);
        let first = async { status(gateway.send(Method::POST, content(), Attempt::default()).await).await };
        let second = async { status(gateway.send(Method::POST, content(), Attempt::default()).await).await };
        let (first, second, _) = tokio::join!(first, second, async {
            let mut raw = Raw::accept(&fake).await;
            assert_eq!((raw.next(HEADERS).await.0, raw.next(HEADERS).await.0), (1, 3));
            raw.say(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]).await; // the last one is 1
            let mut other = Raw::accept(&fake).await;
            other.answer().await;
            raw.say(HEADERS, END_HEADERS | END_STREAM, 1, STATUS_200).await; // it drains
            (raw, other)
        });
        assert_eq!((first, second), (Ok((200, 1)), Ok((200, 2))));
        assert_eq!(gateway.sessions(), 1);
    });
}

#[test]
fn a_connection_that_ends_in_silence_is_as_with_http1() {
    let key = Attempt { replayable: true, ..Attempt::default() };
    let plain = Attempt::default();
    let cases = [
        (Method::GET, plain, true),
        (Method::PUT, plain, true),
        (Method::POST, plain, false),
        (Method::POST, key, true),
    ];
    run(async {
        for (method, facts, repeated) in cases {
            let fake = Fake::new().await; // edge/P5, HR13
            let gateway = gateway(&fake);
            let (warm, mut raw) = tokio::join!(gateway.get(), async {
                let mut raw = Raw::accept(&fake).await;
                raw.answer().await;
                raw
            });
            warm.unwrap();
            let sent = async { status(gateway.send(method.clone(), content(), facts).await).await };
            let (answer, _) = tokio::join!(sent, async {
                raw.next(HEADERS).await;
                drop(raw);
                if !repeated {
                    return None;
                }
                let mut raw = Raw::accept(&fake).await;
                raw.answer().await;
                Some(raw)
            });
            let expected = if repeated { Ok((200, 2)) } else { Err(Reason::UpstreamClosed) };
            assert_eq!(answer, expected, "{method}");
        }
    });
}

#[test]
fn a_stream_that_is_reset_for_another_reason_is_not_sent_again() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake);
        let sent = async { status(gateway.send(Method::GET, Content::none(), Attempt::default()).await).await };
        let (answer, _) = tokio::join!(sent, async {
            let mut raw = Raw::accept(&fake).await;
            let (stream, _) = raw.next(HEADERS).await;
            raw.say(RST_STREAM, 0, stream, &[0, 0, 0, 2]).await; // INTERNAL_ERROR
            raw
        });
        assert_eq!(answer, Err(Reason::UpstreamClosed));
    });
}

#[test]
fn content_that_is_cut_is_an_error() {
    // edge/HR10
    let length = b"\x88\x00\x0econtent-length\x015";
    let cases: [(&str, &[u8], u8, Reason); 4] = [
        ("reset", STATUS_200, RST_STREAM, Reason::UpstreamClosed),
        ("closed", STATUS_200, GOAWAY, Reason::UpstreamClosed),
        ("short", length, DATA, Reason::UpstreamMalformed),
        ("reset without an error", STATUS_200, SETTINGS, Reason::UpstreamClosed),
    ];
    run(async {
        for (name, head, end, reason) in cases {
            let fake = Fake::new().await;
            let gateway = gateway(&fake);
            let (answer, _) = tokio::join!(gateway.get(), async {
                let mut raw = Raw::accept(&fake).await;
                let (stream, _) = raw.next(HEADERS).await;
                raw.say(HEADERS, END_HEADERS, stream, head).await;
                raw.say(DATA, 0, stream, b"ok").await;
                match end {
                    RST_STREAM => raw.say(RST_STREAM, 0, stream, &[0, 0, 0, 2]).await,
                    SETTINGS => raw.say(RST_STREAM, 0, stream, &[0; 4]).await,
                    DATA => raw.say(DATA, END_STREAM, stream, b"").await,
                    _ => return None,
                }
                Some(raw)
            });
            assert_eq!(answer, Err(reason), "{name}");
        }
    });
}

#[test]
fn responses_are_judged() {
    fn literal(name: &str, value: &str) -> Vec<u8> {
        let length = |text: &str| u8::try_from(text.len()).unwrap();
        [&[0, length(name)], name.as_bytes(), &[length(value)], value.as_bytes()].concat()
    }
    let many: Vec<u8> = (0..201).flat_map(|at| literal(&format!("x-{at}"), "1")).collect();
    let cases = [
        ("407", literal(":status", "407"), Reason::UpstreamMalformed),
        ("101", literal(":status", "101"), Reason::UpstreamMalformed), // h2 knows no 101
        (
            "two lengths",
            [STATUS_200, &literal("content-length", "1"), &literal("content-length", "2")].concat(),
            Reason::UpstreamMalformed,
        ),
        ("a coding", [STATUS_200, &literal("transfer-encoding", "chunked")].concat(), Reason::UpstreamMalformed),
        ("no status", literal("server", "x"), Reason::UpstreamMalformed),
        ("201 fields", [STATUS_200, &many].concat(), Reason::UpstreamMalformed),
    ];
    run(async {
        for (name, block, reason) in cases {
            let fake = Fake::new().await;
            let gateway = gateway(&fake);
            let (answer, _) = tokio::join!(gateway.get(), async {
                let mut raw = Raw::accept(&fake).await;
                let (stream, _) = raw.next(HEADERS).await;
                raw.say(HEADERS, END_HEADERS | END_STREAM, stream, &block).await;
                raw
            });
            assert_eq!(answer, Err(reason), "{name}");
        }
    });
}

#[test]
fn interim_responses_are_dropped_and_counted() {
    let early_hints = b"\x00\x07:status\x03103";
    run(async {
        for (count, expected) in [(32, Ok((200, Bytes::from_static(b"ok")))), (33, Err(Reason::UpstreamInterim))] {
            let fake = Fake::new().await; // edge/HR7
            let gateway = gateway(&fake);
            let (answer, _) = tokio::join!(gateway.get(), async {
                let mut raw = Raw::accept(&fake).await;
                let (stream, _) = raw.next(HEADERS).await;
                for _ in 0..count {
                    raw.say(HEADERS, END_HEADERS, stream, early_hints).await;
                }
                raw.say(HEADERS, END_HEADERS, stream, STATUS_200).await;
                raw.say(DATA, END_STREAM, stream, b"ok").await;
                raw
            });
            assert_eq!(answer, expected, "{count}");
        }
    });
}

#[test]
fn content_where_none_may_be_reaches_nobody() {
    run(async {
        for (method, block) in [(Method::HEAD, STATUS_200), (Method::GET, &[0x89][..]), (Method::GET, &[0x8b][..])] {
            let fake = Fake::new().await; // edge/HR4, P17: HEAD, 204, 304
            let gateway = gateway(&fake);
            let (answer, mut raw) = tokio::join!(gateway.answer(method, Content::none()), async {
                let mut raw = Raw::accept(&fake).await;
                let (stream, _) = raw.next(HEADERS).await;
                raw.say(HEADERS, END_HEADERS, stream, block).await;
                raw
            });
            let body = answer.unwrap().into_body();
            assert!(body.is_end_stream());
            assert_eq!(read(body).await, Ok((Bytes::new(), None)));
            raw.next(RST_STREAM).await;
        }
    });
}

#[test]
fn a_silent_upstream_is_given_up_and_its_connection_left() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake);
        let silent = async {
            let mut raw = Raw::accept(&fake).await;
            raw.next(HEADERS).await;
            driver_has_looked().await;
            tokio::task::yield_now().await; // its SETTINGS were read
            gateway.wheel.advance(Duration::from_secs(16));
            raw
        };
        let (answer, mut raw) = tokio::join!(gateway.get(), silent);
        assert_eq!(answer, Err(Reason::UpstreamTimeout)); // edge/P12
        raw.next(RST_STREAM).await;
        let slow = async {
            raw.next(HEADERS).await;
            gateway.wheel.advance(Duration::from_secs(16));
        };
        let (answer, ()) = tokio::join!(gateway.get(), slow);
        assert_eq!(answer, Err(Reason::UpstreamTimeout));
        let (answer, _) = tokio::join!(gateway.get(), async {
            let mut other = Raw::accept(&fake).await;
            other.answer().await;
            other
        });
        assert_eq!(answer, Ok((200, Bytes::from_static(b"ok"))));
    });
}

#[test]
fn a_pause_in_content_is_bounded() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake);
        let (answer, _) = tokio::join!(gateway.get(), async {
            let mut raw = Raw::accept(&fake).await;
            let (stream, _) = raw.next(HEADERS).await;
            raw.say(HEADERS, END_HEADERS, stream, STATUS_200).await;
            raw.say(DATA, 0, stream, b"o").await;
            for _ in 0..50 {
                driver_has_looked().await;
                gateway.wheel.advance(Duration::from_secs(1));
            }
            raw
        });
        assert_eq!(answer, Err(Reason::UpstreamTimeout));
    });
}

#[test]
fn the_clients_failure_is_the_clients_and_the_stream_is_reset() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake);
        let (content, frames) = mpsc::channel(4);
        content.send(Ok(Frame::data(Bytes::from_static(b"half")))).await.unwrap();
        let (answer, mut raw) =
            tokio::join!(gateway.send(Method::POST, Content::Frames(frames), Attempt::default()), async {
                let mut raw = Raw::accept(&fake).await;
                raw.next(DATA).await;
                content.send(Err(Stop::Deny(Reason::BodyMalformed))).await.unwrap();
                raw
            });
        assert_eq!(answer.unwrap_err().stop.reason(), Reason::BodyMalformed);
        assert_eq!(raw.next(RST_STREAM).await, (1, vec![0, 0, 0, 8]));
    });
}

#[test]
fn an_upstream_that_speaks_http1_is_a_fault() {
    run(async {
        let fake = Fake::new().await;
        let gateway = gateway(&fake);
        let (answer, _) = tokio::join!(gateway.get(), async {
            let mut peer = fake.accept().await;
            peer.say(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
            peer
        });
        assert_eq!(answer, Err(Reason::UpstreamMalformed));
    });
}

#[test]
fn a_421_is_asked_again_on_another_connection_once() {
    run(async {
        for (second, expected) in
            [(STATUS_200, Ok((200, 2))), (b"\x00\x07:status\x03421", Err(Reason::UpstreamMalformed))]
        {
            let fake = Fake::new().await; // edge/P20
            let gateway = gateway(&fake);
            let sent = async { status(gateway.send(Method::POST, content(), Attempt::default()).await).await };
            let (answer, _) = tokio::join!(sent, async {
                let mut raw = Raw::accept(&fake).await;
                let (stream, _) = raw.next(HEADERS).await;
                raw.say(HEADERS, END_HEADERS | END_STREAM, stream, b"\x00\x07:status\x03421").await;
                let mut other = Raw::accept(&fake).await;
                let (stream, _) = other.next(HEADERS).await;
                other.say(HEADERS, END_HEADERS | END_STREAM, stream, second).await;
                (raw, other)
            });
            assert_eq!(answer, expected);
        }
    });
}
