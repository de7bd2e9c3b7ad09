use super::*;
use http_body_util::Empty;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use portcullis_core::bounds::{DRAIN_GRACE, IDLE_TIMEOUT, LINGER_TIMEOUT, MAX_CONNECTION_AGE};

/// Runs a client's tasks on this thread.
#[derive(Clone, Copy)]
struct Local;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

/// A client that speaks HTTP/2 over `io`, and the future of its connection.
async fn speak<Io>(io: Io) -> (SendRequest<Empty<Bytes>>, JoinHandle<hyper::Result<()>>)
where
    Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + 'static,
{
    let (sender, connection) = handshake(Local, TokioIo::new(io)).await.unwrap();
    (sender, tokio::task::spawn_local(connection))
}

async fn get(sender: &mut SendRequest<Empty<Bytes>>, path: &str) -> hyper::Result<String> {
    let request = Request::get(format!("http://a.test{path}")).body(Empty::new()).unwrap();
    let body = read_body(sender.send_request(request).await?.into_body()).await?;
    Ok(String::from_utf8(body).unwrap())
}

async fn h2c() -> Server {
    Server::start(Options { h2c: true, ..Options::default() }).await
}

#[test]
fn h2_is_chosen_by_alpn() {
    run(async {
        let server = Server::start(Options { tls: Some(tls::server("a.test")), ..Options::default() }).await;
        let (mut sender, _) = speak(tls::connect(&server, &["h2", "http/1.1"]).await.unwrap()).await;
        for count in 1..=3 {
            assert_eq!(get(&mut sender, "/").await.unwrap(), format!("Http2 {count}"), "edge/T7");
        }
        assert_eq!(server.connections.counts().accepted, 1);
    });
}

#[test]
fn in_plain_text_h2_needs_to_be_configured() {
    run(async {
        let server = h2c().await;
        let (mut sender, _) = speak(server.connect().await).await;
        assert_eq!(get(&mut sender, "/").await.unwrap(), "Http2 1");
        let mut other = server.connect().await;
        for part in [&b"P"[..], b"RI", b" / HTTP/1.1\r\nhost: a\r\n\r\n"] {
            other.write_all(part).await.unwrap(); // shares its first bytes with the preface
            settle().await;
        }
        assert!(read_response(&mut other).await.ends_with("Http1 1"), "HTTP/1.1 is served beside it");
        assert_eq!(*server.shop.seen.borrow(), ["GET /", "PRI /"]);

        let closed = Server::plain().await;
        assert_eq!(closed.exchange(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await, refusal(Reason::VersionUnsupported));
    });
}

#[test]
fn the_settings_state_our_bounds() {
    run(async {
        let server = h2c().await;
        let mut client = server.connect().await;
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00").await.unwrap();
        let mut head = [0; 9];
        client.read_exact(&mut head).await.unwrap();
        assert_eq!(head[3], 4, "SETTINGS comes first");
        let mut settings = vec![0; usize::from(head[2])];
        client.read_exact(&mut settings).await.unwrap();
        let found: Vec<(u16, u32)> = settings
            .chunks(6)
            .map(|entry| {
                (u16::from_be_bytes([entry[0], entry[1]]), u32::from_be_bytes([entry[2], entry[3], entry[4], entry[5]]))
            })
            .collect();
        for expected in [(3, 100), (6, 32_768)] {
            assert!(found.contains(&expected), "edge/W9: {found:?}");
        }
        assert!(found.iter().all(|(name, value)| *name != 4 || *value == 65_536), "edge/W9: window {found:?}");
    });
}

#[test]
fn draining_sends_goaway_and_lets_streams_finish() {
    run(async {
        let server = h2c().await;
        let (mut sender, connection) = speak(server.connect().await).await;
        let mut second = sender.clone();
        let running = tokio::task::spawn_local(async move { get(&mut second, "/hold").await });
        settle().await;
        server.drain.begin();
        settle().await;
        assert!(get(&mut sender, "/").await.is_err(), "edge/W28: no new streams");
        server.shop.release.notify_one();
        assert_eq!(running.await.unwrap().unwrap(), "held", "edge/W28");
        connection.await.unwrap().unwrap();
        server.ended.await.unwrap();
    });
}

#[test]
fn an_hour_old_sends_goaway_and_lets_streams_finish() {
    run(async {
        let server = h2c().await;
        let (mut sender, connection) = speak(server.connect().await).await;
        let mut second = sender.clone();
        let running = tokio::task::spawn_local(async move { get(&mut second, "/hold").await });
        settle().await;
        server.wheel.advance(MAX_CONNECTION_AGE);
        server.roster.sweep();
        settle().await;
        assert!(get(&mut sender, "/").await.is_err(), "edge/W28: no new streams");
        server.shop.release.notify_one();
        assert_eq!(running.await.unwrap().unwrap(), "held", "edge/W28");
        connection.await.unwrap().unwrap();
    });
}

#[test]
fn an_idle_connection_is_closed_also_when_its_client_is_gone() {
    run(async {
        let server = h2c().await;
        let mut client = server.connect().await;
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00").await.unwrap();
        let (seconds, read) = server.seconds_until(read_to_end(&mut client)).await;
        assert!(read.contains('\u{7}'), "a GOAWAY frame");
        let expected = IDLE_TIMEOUT + DRAIN_GRACE;
        assert!((expected.as_secs()..=expected.as_secs() + 3).contains(&seconds), "edge/W10b: {seconds}");
    });
}

#[test]
fn an_open_stream_is_not_idle_and_an_abort_drops_it() {
    run(async {
        let server = h2c().await;
        let (mut sender, _connection) = speak(server.connect().await).await;
        let running = tokio::task::spawn_local(async move { get(&mut sender, "/hold").await });
        settle().await;
        for _ in 0..4 {
            server.wheel.advance(IDLE_TIMEOUT);
            settle().await;
        }
        assert_eq!(server.shop.connection.borrow().as_ref().unwrap().active(), 1);
        server.drain.abort();
        server.ended.await.unwrap();
        assert!(running.await.unwrap().is_err());
        assert_eq!(server.shop.connection.borrow().as_ref().unwrap().active(), 0, "the exchange was dropped with it");
    });
}

/// Frames that have come: type, flags and payload of each.
async fn frames(client: &TcpStream) -> Vec<(u8, u8, Vec<u8>)> {
    settle().await;
    let mut bytes = Vec::new();
    while client.try_read_buf(&mut bytes).is_ok_and(|read| read > 0) {}
    let (mut frames, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((head, more)) = rest.split_first_chunk::<9>() {
        let (payload, more) = more.split_at(usize::from(u16::from_be_bytes([head[1], head[2]])));
        frames.push((head[3], head[4], payload.to_vec()));
        rest = more;
    }
    frames
}

#[test]
fn an_answer_before_the_end_of_the_content_is_not_followed_by_a_reset_at_once() {
    const DATA: u8 = 0;
    const RST_STREAM: u8 = 3;
    const END_STREAM: u8 = 1;
    run(async {
        let server = h2c().await;
        let mut client = server.connect().await;
        let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00".to_vec();
        for stream in [1, 3] {
            sent.extend(b"\x00\x00\x13\x01\x04\x00\x00\x00");
            sent.push(stream);
            sent.extend(b"\x83\x86\x04\x07/refuse\x01\x06a.test");
        }
        client.write_all(&sent).await.unwrap();
        let came = frames(&client).await;
        let ends = came.iter().filter(|(kind, flags, _)| (*kind, *flags & END_STREAM) == (DATA, END_STREAM)).count();
        assert_eq!(ends, 2, "both answers are whole: {came:?}");
        assert!(came.iter().all(|(kind, ..)| *kind != RST_STREAM), "{came:?}");

        client.write_all(b"\x00\x00\x02\x00\x01\x00\x00\x00\x01{}").await.unwrap();
        assert!(frames(&client).await.iter().all(|(kind, ..)| *kind != RST_STREAM), "stream 1 ends by itself");
        server.wheel.advance(LINGER_TIMEOUT + Duration::from_secs(1));
        let resets: Vec<_> = frames(&client).await.into_iter().filter(|(kind, ..)| *kind == RST_STREAM).collect();
        assert_eq!(resets, [(RST_STREAM, 0, vec![0; 4])], "stream 3 does not linger for ever: NO_ERROR");
    });
}
