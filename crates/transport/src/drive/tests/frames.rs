//! An HTTP/2 client by hand: what it sends too much of, and how its connection ends.

use super::*;
use portcullis_core::bounds::{HEAD_TIMEOUT, IDLE_TIMEOUT, WRITE_STALL_TIMEOUT};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PROTOCOL_ERROR: u8 = 1;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    out
}

/// `GET path` as a header block of literals.
fn block(path: &str) -> Vec<u8> {
    let mut out = b"\x82\x86\x01\x06a.test\x04".to_vec();
    out.push(u8::try_from(path.len()).unwrap());
    out.extend(path.as_bytes());
    out
}

fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &block(path))
}

/// One frame that came: type, flags, stream, payload.
#[derive(Debug, PartialEq, Eq)]
struct Came(u8, u8, u32, Vec<u8>);

/// A client whose preface and SETTINGS are sent.
struct Client {
    stream: TcpStream,
    read: Vec<u8>,
    is_closed: bool,
}

impl Client {
    async fn open(server: &Server, settings: &[u8]) -> Self {
        let mut client = Self { stream: server.connect().await, read: Vec::new(), is_closed: false };
        client.send(&[&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(SETTINGS, 0, 0, settings)].concat()).await;
        client
    }

    async fn send(&mut self, bytes: &[u8]) {
        // A server that closed already does not take them.
        drop(self.stream.write_all(bytes).await);
    }

    /// The frames that come until `done` holds for them, or the connection ends.
    async fn until(&mut self, done: impl Fn(&[Came]) -> bool) -> Vec<Came> {
        let mut frames = Vec::new();
        loop {
            while let Some((head, rest)) = self.read.split_first_chunk::<9>() {
                let length = usize::try_from(u32::from_be_bytes([0, head[0], head[1], head[2]])).unwrap();
                let Some(payload) = rest.get(..length) else { break };
                let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
                frames.push(Came(head[3], head[4], stream, payload.to_vec()));
                self.read.drain(..length.saturating_add(9));
            }
            if done(&frames) || self.is_closed {
                return frames;
            }
            // A reset would have thrown away what came before it.
            self.is_closed = self.stream.read_buf(&mut self.read).await.expect("not reset") == 0;
        }
    }

    /// The frames that have come once everything sent so far was read: a PING goes there and back.
    async fn frames(&mut self) -> Vec<Came> {
        const MARK: &[u8; 8] = b"so far  ";
        self.send(&frame(PING, 0, 0, MARK)).await;
        let is_mark = |came: &Came| came.0 == PING && came.3 == MARK;
        let mut frames = self.until(|frames| frames.iter().any(is_mark)).await;
        frames.retain(|came| !is_mark(came));
        settle().await;
        frames
    }

    /// Expects a GOAWAY of this kind and the end of the connection.
    async fn expect_goaway(&mut self, error: u8, row: &str) {
        let frames = self.until(|_| false).await;
        let away: Vec<_> = frames.iter().filter(|came| came.0 == GOAWAY).map(|came| came.3[7]).collect();
        assert_eq!(away, [error], "{row}: {frames:?}");
    }

    /// Expects an answer to a new request.
    async fn expect_alive(&mut self, stream: u32, row: &str) {
        self.send(&get(stream, "/")).await;
        let is_end = |came: &Came| (came.0, came.2, came.1 & END_STREAM) == (DATA, stream, END_STREAM);
        let frames = self.until(|frames| frames.iter().any(is_end)).await;
        assert!(frames.iter().any(is_end), "{row}: {frames:?}");
        assert!(!frames.iter().any(|came| came.0 == GOAWAY), "{row}");
    }
}

async fn h2c() -> Server {
    Server::start(Options { h2c: true, ..Options::default() }).await
}

/// Bytes of content.
fn content(came: &[Came]) -> usize {
    came.iter().filter(|came| came.0 == DATA).map(|came| came.3.len()).sum()
}

fn padded() -> Vec<u8> {
    let mut payload = vec![200];
    payload.resize(202, b'x');
    frame(DATA, 8, 1, &payload)
}

#[test]
fn a_flood_ends_its_connection_with_a_goaway_and_is_told_once() {
    let floods: [(&str, &str, Vec<u8>); 6] = [
        ("edge/W5", "cut settings", frame(SETTINGS, 0, 0, b"")),
        ("edge/W6", "cut pings", frame(PING, 0, 0, b"12345678")),
        ("edge/W8: PRIORITY", "cut control frames", frame(2, 0, 3, b"\0\0\0\0\x10")),
        ("edge/W8: WINDOW_UPDATE", "cut control frames", frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x01")),
        ("edge/W8: unknown", "cut control frames", frame(0xbb, 0, 0, b"?")),
        ("edge/W7b", "cut padding", padded()),
    ];
    for (row, cut, flood) in floods {
        // Sent at once, and cut at every place of a frame.
        for piece in [usize::MAX, 7] {
            run(async {
                let server = h2c().await;
                let mut client = Client::open(&server, b"").await;
                let mut hold = frame(HEADERS, END_HEADERS, 1, &block("/hold"));
                hold.extend(get(3, "/hold"));
                client.send(&hold).await;
                client.frames().await;
                let connection = server.shop.connection.borrow().clone().unwrap();
                assert_eq!(connection.active(), 2, "{row}: streams run");
                for piece in flood.repeat(2_000).chunks(piece.min(100_000)) {
                    client.send(piece).await;
                    if piece.len() < 10 {
                        tokio::task::yield_now().await;
                    }
                }
                client.expect_goaway(PROTOCOL_ERROR, row).await;
                drop(client);
                settle().await;
                assert_eq!(connection.active(), 0, "{row}: running streams ended");
                assert_eq!(server.shop.seen.borrow()[2..], [cut], "{row}");
                assert_eq!(*server.shop.refused.borrow(), [Reason::H2Flood], "{row}");
                assert_eq!(server.connections.counts().open, 0, "{row}");
            });
        }
    }
}

#[test]
fn a_header_block_of_too_many_frames_ends_the_connection() {
    let empty = frame(CONTINUATION, 0, 1, b"");
    let full = frame(CONTINUATION, 0, 1, &[0; 1024]);
    for (row, flood) in [("edge/W3: empty", empty.repeat(10_000)), ("edge/W3", full.repeat(1_000))] {
        run(async {
            let server = h2c().await;
            let mut client = Client::open(&server, b"").await;
            client.send(&frame(HEADERS, END_STREAM, 1, &block("/"))).await;
            client.send(&flood).await;
            let frames = client.until(|_| false).await;
            assert!(frames.iter().any(|came| came.0 == GOAWAY), "{row}: {frames:?}");
        });
    }
    run(async {
        let server = h2c().await;
        let mut client = Client::open(&server, b"").await;
        let (block, mut sent) = (block("/"), frame(HEADERS, END_STREAM, 1, b""));
        for part in block.chunks(4) {
            sent.extend(frame(CONTINUATION, 0, 1, part));
        }
        sent.extend(frame(CONTINUATION, END_HEADERS, 1, b""));
        client.send(&sent).await;
        client.expect_alive(3, "edge/W3: a head in some frames").await;
        assert_eq!(*server.shop.seen.borrow(), ["GET /", "GET /"]);
    });
}

#[test]
fn resets_one_after_the_other_end_the_connection() {
    run(async {
        let server = h2c().await;
        let mut client = Client::open(&server, b"").await;
        for n in 0..=100 {
            let stream = u32::try_from(2 * n + 1).unwrap();
            client.send(&get(stream, "/hold")).await;
            client.frames().await;
            assert_eq!(server.shop.seen.borrow().len(), n + 1, "accepted");
            client.send(&frame(RST_STREAM, 0, stream, b"\0\0\0\x08")).await;
            if n == 0 {
                client.frames().await;
                assert_eq!(
                    server.shop.connection.borrow().as_ref().unwrap().active(),
                    0,
                    "edge/W1c: its work is dropped"
                );
            }
        }
        client.expect_goaway(PROTOCOL_ERROR, "edge/W1b").await;
        assert_eq!(server.shop.seen.borrow().iter().filter(|seen| *seen == "GET /hold").count(), 101, "edge/W1b");
        assert_eq!(*server.shop.refused.borrow(), [Reason::H2Flood], "edge/W1b");
    });
    run(async {
        let server = h2c().await;
        let mut client = Client::open(&server, b"").await;
        for page in 0..6 {
            let streams = (0..90).map(|n| page * 200 + 2 * n + 1);
            client.send(&streams.clone().flat_map(|stream| get(stream, "/hold")).collect::<Vec<_>>()).await;
            client.frames().await;
            client
                .send(&streams.take(40).flat_map(|stream| frame(RST_STREAM, 0, stream, &[0; 4])).collect::<Vec<_>>())
                .await;
            client.frames().await;
            server.shop.release.notify_waiters();
            for _ in 0..11 {
                server.wheel.advance(Duration::from_secs(1));
            }
        }
        client.expect_alive(2_001, "edge/W1b: a browser that leaves pages").await;
    });
}

#[test]
fn streams_over_the_limit_are_refused_and_the_others_run() {
    // Streams, those that are refused, and the GOAWAY where there is one: more than a hundred refusals end the connection, as all
    // errors that h2 answers with a reset (CVE-2025-8671).
    let enhance_your_calm = 11;
    for (streams, expected, goaway) in [(180, 80, vec![]), (400, 100, vec![enhance_your_calm])] {
        run(async move {
            let server = h2c().await;
            let mut client = Client::open(&server, b"").await;
            let open = |stream| frame(HEADERS, END_HEADERS, stream, &block("/hold"));
            client.send(&(0..streams).flat_map(|n| open(2 * n + 1)).collect::<Vec<_>>()).await;
            let came = client.frames().await;
            let refused_stream = vec![0, 0, 0, 7];
            let refused = came.iter().filter(|came| came.0 == RST_STREAM && came.3 == refused_stream).count();
            assert_eq!(refused, expected, "edge/W9b: of {streams}");
            assert_eq!(server.shop.seen.borrow().len(), 100, "edge/W9b: of {streams}");
            let away: Vec<_> = came.iter().filter(|came| came.0 == GOAWAY).map(|came| came.3[7]).collect();
            assert_eq!(away, goaway, "edge/W9b: of {streams}");
            let active = server.shop.connection.borrow().as_ref().unwrap().active();
            assert_eq!((active, client.is_closed), if away.is_empty() { (100, false) } else { (0, true) }, "edge/W9b");
        });
    }
}

#[test]
fn what_is_accepted_late_is_reset_within_a_hundred() {
    run(async {
        let server = h2c().await;
        let mut client = Client::open(&server, b"").await;
        let mut sent = Vec::new();
        for stream in (0..50).map(|n| 2 * n + 1) {
            sent.extend(get(stream, "/hold"));
            sent.extend(frame(RST_STREAM, 0, stream, b"\0\0\0\x08"));
        }
        client.send(&sent).await;
        let enhance_your_calm = 11;
        client.expect_goaway(enhance_your_calm, "edge/W1").await;
    });
}

#[test]
fn half_a_header_block_has_the_deadline_of_a_head() {
    let half = frame(HEADERS, END_STREAM, 1, &block("/"));
    let part = get(1, "/")[..15].to_vec();
    for (row, sent) in [("edge/W10b: no END_HEADERS", half), ("edge/S3, edge/W10b: half a frame", part)] {
        run(async {
            let server = h2c().await;
            let mut client = Client::open(&server, b"").await;
            for _ in 0..5 {
                server.wheel.advance(Duration::from_secs(1));
            }
            client.send(&sent).await;
            let (seconds, _) = server.seconds_until(read_to_end(&mut client.stream)).await;
            assert!((HEAD_TIMEOUT.as_secs()..=HEAD_TIMEOUT.as_secs() + 2).contains(&seconds), "{row}: {seconds}");
            assert_eq!(*server.shop.refused.borrow(), [Reason::HeadTimeout], "{row}");
        });
    }
}

#[test]
fn the_preface_has_the_deadline_of_a_head() {
    // Over TLS, where HTTP/2 was agreed on before a byte of it came: nothing, and a part.
    for sent in [&b""[..], b"PRI * HT"] {
        run(async {
            let server = Server::start(Options { tls: Some(tls::server("a.test")), ..Options::default() }).await;
            let mut client = tls::connect(&server, &["h2"]).await.unwrap();
            client.write_all(sent).await.unwrap();
            let (seconds, _) = server.seconds_until(read_to_end(&mut client)).await;
            assert!((HEAD_TIMEOUT.as_secs()..=HEAD_TIMEOUT.as_secs() + 2).contains(&seconds), "edge/W10b: {seconds}");
        });
    }
    run(async {
        let server = h2c().await;
        let mut client = Client::open(&server, b"").await;
        let (seconds, _) = server.seconds_until(read_to_end(&mut client.stream)).await;
        assert!(seconds >= IDLE_TIMEOUT.as_secs(), "edge/W10b: after the preface a connection is idle");
    });
}

#[test]
fn a_stream_whose_client_gives_no_window_is_reset() {
    for (window, given) in [(0_u8, 0), (1, 1)] {
        run(async {
            let server = h2c().await;
            let mut client = Client::open(&server, &[0, 4, 0, 0, 0, window]).await;
            client.send(&get(1, "/big")).await;
            let came = client.until(|came| came.iter().any(|came| came.0 == HEADERS) && content(came) >= given).await;
            assert_eq!(content(&came), given, "edge/W10");
            let mut seconds = 0;
            let resets = loop {
                let resets: Vec<_> = client.frames().await.into_iter().filter(|came| came.0 == RST_STREAM).collect();
                if !resets.is_empty() || seconds > 100 {
                    break resets;
                }
                server.wheel.advance(Duration::from_secs(1));
                seconds += 1;
            };
            let cancel = 8;
            assert_eq!(resets, [Came(RST_STREAM, 0, 1, vec![0, 0, 0, cancel])], "edge/W10");
            let expected = WRITE_STALL_TIMEOUT.as_secs();
            assert!((expected..=expected + 2).contains(&seconds), "edge/W10: {seconds}");
            assert_eq!(server.shop.connection.borrow().as_ref().unwrap().active(), 0, "edge/W10: the exchange ended");
            client.frames().await;
            assert!(!client.is_closed, "edge/W10: the connection goes on");
        });
    }
}

#[test]
fn a_stream_that_is_read_slowly_goes_on() {
    run(async {
        let server = h2c().await;
        let mut client = Client::open(&server, &[0, 4, 0, 0, 64, 0]).await;
        client.send(&get(1, "/big")).await;
        let mut read = 0;
        for _ in 0..20 {
            let came =
                client.until(|came| content(came) >= 16_384 || came.iter().any(|came| came.0 == RST_STREAM)).await;
            assert!(came.iter().all(|came| came.0 != RST_STREAM), "edge/W10: {came:?}");
            read += content(&came);
            for _ in 0..25 {
                server.wheel.advance(Duration::from_secs(1));
                settle().await;
            }
            for stream in [0, 1] {
                client.send(&frame(WINDOW_UPDATE, 0, stream, &[0, 0, 64, 0])).await;
            }
        }
        assert_eq!(read, 20 * 16_384, "16 KiB every 25 s");
    });
}
