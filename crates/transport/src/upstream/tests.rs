//! Forwarding over real sockets to an upstream that says exactly what each test tells it to.

mod checks;
mod choosing;
mod content;
mod failing;
mod http2;
mod judging;
mod kept;
mod names;
mod pooling;
mod retrying;
mod settings;
mod timing;
mod tls;

use super::*;
use crate::wheel::{Timer, Wheel};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::{Body, Frame, SizeHint};
use portcullis_core::config::Spanned;
use portcullis_core::{Clock, Reason, Stop};
use serde_saphyr::Location;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Request content as the gateway would pass it.
#[derive(Debug)]
pub(super) enum Content {
    Whole(Option<Bytes>),
    Stream(mpsc::Receiver<Result<Bytes, Stop>>),
    Frames(mpsc::Receiver<Result<Frame<Bytes>, Stop>>),
}

impl Content {
    fn none() -> Self {
        Self::Whole(None)
    }
}

impl Replay for Content {
    fn replay(&self) -> Option<Self> {
        match self {
            Self::Whole(bytes) => Some(Self::Whole(bytes.clone())),
            Self::Stream(_) | Self::Frames(_) => None,
        }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Stop;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Stop>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(frames) => frames.poll_recv(cx).map(|frame| frame.map(|frame| frame.map(Frame::data))),
            Self::Frames(frames) => frames.poll_recv(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Stream(_) | Self::Frames(_) => SizeHint::default(),
        }
    }
}

/// Runs a test on one core; a hang fails it.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    let guarded = async { tokio::time::timeout(Duration::from_secs(60), local.run_until(test)).await };
    runtime.block_on(guarded).expect("the test hangs");
}

fn written<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Location::UNKNOWN, Location::UNKNOWN)
}

fn settings(endpoints: &[String]) -> Settings {
    Settings {
        name: "shop".to_owned(),
        endpoints: endpoints.iter().cloned().map(written).collect(),
        allow_addresses: Vec::new(),
        protocol: Protocol::default(),
        timeouts: Timeouts::default(),
        tls: TlsSettings::default(),
        breaker: Some(BreakerSettings::default()),
        ejection: EjectionSettings::default(),
        health: None,
    }
}

/// One core of a gateway and its upstream.
struct Gateway {
    wheel: Rc<Wheel>,
    pools: Rc<Pools<Content>>,
    upstream: Arc<Compiled>,
    clock: Clock,
    /// Of every exchange; none unless a test arms it.
    deadline: Timer,
}

impl Gateway {
    fn new(settings: &Settings) -> Self {
        let (wheel, clock) = (Wheel::new(Duration::from_millis(100)), Clock::manual(1));
        let upstream = Arc::new(settings.compile(&clock).unwrap());
        Self { pools: Pools::new(Rc::clone(&wheel)), deadline: wheel.timer(), wheel, upstream, clock }
    }

    fn to(upstreams: &[&Fake]) -> Self {
        let endpoints: Vec<String> = upstreams.iter().map(|fake| fake.url("http")).collect();
        Self::new(&settings(&endpoints))
    }

    async fn send(&self, method: Method, content: Content, facts: Attempt) -> Result<Answer<Content>, Failed> {
        let request =
            Request::builder().method(method).uri("/things?x=1").header("host", "shop").body(content).unwrap();
        forward(&self.pools, &self.upstream, request, facts, &self.deadline).await
    }

    async fn answer(&self, method: Method, content: Content) -> Result<Response<UpstreamBody<Content>>, Failed> {
        match self.send(method, content, Attempt::default()).await?.forwarded {
            Forwarded::Response(response) => Ok(response),
            Forwarded::Switched { .. } => panic!("no upgrade was asked for"),
        }
    }

    /// A GET and all of its response.
    async fn get(&self) -> Result<(u16, Bytes), Reason> {
        let response = self.answer(Method::GET, Content::none()).await.map_err(|failed| failed.stop.reason())?;
        let status = response.status().as_u16();
        let (content, _) = read(response.into_body()).await?;
        Ok((status, content))
    }

    /// Open HTTP/2 connections that take requests.
    fn sessions(&self) -> usize {
        self.pools.view(&self.upstream).slots.iter().map(|slot| slot.sessions.count()).sum()
    }

    fn idle(&self) -> usize {
        self.pools.view(&self.upstream).slots.iter().map(|slot| slot.idle_connections()).sum()
    }
}

/// All content and the trailer section.
async fn read(mut body: UpstreamBody<Content>) -> Result<(Bytes, Option<http::HeaderMap>), Reason> {
    let (mut content, mut trailers) = (Vec::new(), None);
    while let Some(frame) = next(&mut body).await {
        match frame.map_err(|UpstreamBodyError(stop)| stop.reason())?.into_data() {
            Ok(bytes) => content.extend_from_slice(&bytes),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    Ok((content.into(), trailers))
}

async fn next(body: &mut UpstreamBody<Content>) -> Option<Result<Frame<Bytes>, UpstreamBodyError>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}

/// A listening upstream.
struct Fake(TcpListener);

impl Fake {
    async fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.0.local_addr().unwrap())
    }

    async fn accept(&self) -> Peer {
        Peer(self.0.accept().await.unwrap().0)
    }

    /// Answers every request with the same bytes, each connection once; returns how many connections there were.
    async fn serve(&self, response: &'static [u8], connections: usize) {
        for _ in 0..connections {
            let mut peer = self.accept().await;
            tokio::task::spawn_local(async move {
                while peer.head().await.is_some() {
                    peer.say(response).await;
                }
            });
        }
    }
}

/// The upstream's end of one connection.
struct Peer(TcpStream);

impl Peer {
    /// One request head; `None` at the end of the connection.
    async fn head(&mut self) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.ok()?);
        }
        Some(String::from_utf8(head).unwrap())
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Takes a request and answers it.
    async fn answer(&mut self, bytes: &[u8]) -> String {
        let head = self.head().await.expect("a request");
        self.say(bytes).await;
        head
    }

    /// What arrives until the gateway closes.
    async fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest).await; // a reset is a close too
        rest
    }
}

/// Returns once this core's I/O driver has seen everything that has happened on sockets so far.
async fn driver_has_looked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    let (mut near, (mut far, _)) = (near.unwrap(), far.unwrap());
    for _ in 0..2 {
        near.write_u8(1).await.unwrap();
        far.read_u8().await.unwrap();
    }
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
