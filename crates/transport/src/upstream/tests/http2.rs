//! HTTP/2 upstreams: what is shared, what is sent again, what is believed (edge/P5, P12, HR10).

mod faults;
mod sharing;

use super::*;
use h2::server::SendResponse;
use h2::{RecvStream, server};
use http::HeaderMap;

type Asked = (Request<RecvStream>, SendResponse<Bytes>);

/// A gateway that speaks HTTP/2 with `fake`.
fn gateway(fake: &Fake) -> Gateway {
    gateway_with(fake, |_| {})
}

fn gateway_with(fake: &Fake, change: impl FnOnce(&mut Settings)) -> Gateway {
    let mut settings = Settings { protocol: Protocol::Http2, ..settings(&[fake.url("http")]) };
    change(&mut settings);
    Gateway::new(&settings)
}

/// The upstream's end of one connection, by h2.
struct Server(mpsc::Receiver<Asked>);

impl Server {
    async fn accept(fake: &Fake, streams: u32) -> Self {
        let io = fake.accept().await.0;
        let mut connection = server::Builder::new().max_concurrent_streams(streams).handshake(io).await.unwrap();
        let (asked, receiver) = mpsc::channel(16);
        tokio::task::spawn_local(async move {
            while let Some(Ok(next)) = connection.accept().await {
                asked.send(next).await.unwrap();
            }
        });
        Self(receiver)
    }

    async fn next(&mut self) -> Asked {
        self.0.recv().await.expect("a request")
    }

    /// Answers one request with its own content.
    async fn echo(&mut self) -> Request<()> {
        let (request, mut respond) = self.next().await;
        let (parts, mut content) = request.into_parts();
        let mut sent = respond.send_response(Response::new(()), false).unwrap();
        while let Some(data) = content.data().await {
            let data = data.unwrap();
            content.flow_control().release_capacity(data.len()).unwrap();
            sent.send_data(data, false).unwrap();
        }
        match content.trailers().await.unwrap() {
            Some(trailers) => sent.send_trailers(trailers).unwrap(),
            None => sent.send_data(Bytes::new(), true).unwrap(),
        }
        Request::from_parts(parts, ())
    }
}

/// The upstream's end of one connection, frame by frame.
struct Raw(Peer);

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:status: 200`
const STATUS_200: &[u8] = &[0x88];

impl Raw {
    async fn accept(fake: &Fake) -> Self {
        let mut peer = fake.accept().await;
        let mut preface = [0; 24];
        peer.0.read_exact(&mut preface).await.unwrap();
        let mut raw = Self(peer);
        raw.say(SETTINGS, 0, 0, b"").await;
        raw
    }

    async fn say(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend_from_slice(payload);
        self.0.say(&frame).await;
    }

    /// The stream of the next frame of `kind`, and what it carries.
    async fn next(&mut self, kind: u8) -> (u32, Vec<u8>) {
        let (_, stream, payload) = self.any_of([kind]).await;
        (stream, payload)
    }

    /// Kind, stream and payload of the next frame of these kinds.
    async fn any_of<const N: usize>(&mut self, kinds: [u8; N]) -> (u8, u32, Vec<u8>) {
        loop {
            let mut head = [0; 9];
            self.0.0.read_exact(&mut head).await.expect("a frame");
            let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
            self.0.0.read_exact(&mut payload).await.unwrap();
            if kinds.contains(&head[3]) {
                return (head[3], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload);
            }
        }
    }

    /// Takes a request and answers it with 200 and `ok`.
    async fn answer(&mut self) {
        let (stream, _) = self.next(HEADERS).await;
        self.say(HEADERS, END_HEADERS, stream, STATUS_200).await;
        self.say(DATA, END_STREAM, stream, b"ok").await;
    }
}
