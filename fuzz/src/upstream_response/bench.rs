//! One core of a gateway and its upstream, in one thread.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body::{Body, Frame};
use portcullis_core::config::Spanned;
use portcullis_core::{Clock, Reason, Stop};
use portcullis_transport::upstream::{
    Attempt, Compiled, EjectionSettings, Forwarded, Pools, Protocol, Replay, Settings, Timeouts, TlsSettings,
    UpstreamBodyError, forward,
};
use portcullis_transport::wheel::{Timer, Wheel};
use serde_saphyr::Location;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// The answer to every request but the first.
const SECOND: &[u8] = b"HTTP/1.1 203 Second\r\ncontent-length: 6\r\n\r\nsecond";

/// The content of a request that has none.
struct Nothing;

impl Body for Nothing {
    type Data = Bytes;
    type Error = Stop;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Stop>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }
}

impl Replay for Nothing {
    fn replay(&self) -> Option<Self> {
        Some(Self)
    }
}

/// Status and content.
pub(super) type Answer = Result<(u16, Vec<u8>), Reason>;

struct Bench {
    listener: TcpListener,
    /// Two ends of a connection, to know what the runtime has seen.
    near: TcpStream,
    far: TcpStream,
    upstream: Arc<Compiled>,
    /// Of an exchange: never armed.
    deadline: Timer,
}

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_io().build().expect("a runtime");
    static BENCH: Bench = RUNTIME.with(|runtime| runtime.block_on(Bench::new()));
}

/// What a client gets where the upstream's answer is `response`, in these parts, and what the one after it gets.
pub(super) fn run(method: &Method, response: &[&[u8]]) -> Answer {
    BENCH.with(|bench| RUNTIME.with(|runtime| runtime.block_on(bench.exchange(method, response))))
}

impl Bench {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (near, (far, _)) = (near.expect("a connection"), far.expect("a connection"));
        near.writable().await.expect("writable");
        let endpoint = format!("http://{address}");
        let settings = Settings {
            name: "fuzz".to_owned(),
            endpoints: vec![Spanned::new(endpoint, Location::UNKNOWN, Location::UNKNOWN)],
            protocol: Protocol::default(),
            timeouts: Timeouts::default(),
            tls: TlsSettings::default(),
            allow_addresses: Vec::new(),
            breaker: None,
            ejection: EjectionSettings::default(),
            health: None,
        };
        let upstream = Arc::new(settings.compile(&Clock::manual(1)).expect("an upstream"));
        Self { listener, near, far, upstream, deadline: Wheel::new(Duration::from_secs(1)).timer() }
    }

    async fn exchange(&self, method: &Method, response: &[&[u8]]) -> Answer {
        // Nobody turns the wheel: no deadline passes, so whoever waits for nothing hangs, and the fuzzer says so.
        let pools = Pools::new(Wheel::new(Duration::from_secs(1)));
        let has_ended = Cell::new(false);
        let gateway = async {
            let answer = self.forward(&pools, method).await;
            has_ended.set(true);
            answer
        };
        let upstream = async {
            let (mut peer, _) = self.listener.accept().await.expect("a connection");
            head(&mut peer).await;
            for part in response {
                peer.write_all(part).await.ok(); // the gateway may close before it has read everything
                self.driver_has_looked().await;
            }
            if !has_ended.get() {
                peer.shutdown().await.ok(); // it wants more: there is no more
            }
            peer
        };
        let (answer, mut peer) = tokio::join!(gateway, upstream);
        self.driver_has_looked().await;
        let (second, ()) = tokio::join!(self.forward(&pools, &Method::GET), self.answer(&mut peer));
        assert_eq!(second, Ok((203, b"second".to_vec())), "after {answer:?} the next response is another");
        answer
    }

    /// Answers the next request, on the connection that there is or on a new one.
    async fn answer(&self, kept: &mut TcpStream) {
        tokio::select! {
            biased;
            () = head(kept) => kept.write_all(SECOND).await.expect("the gateway waits"),
            fresh = self.listener.accept() => {
                let mut fresh = fresh.expect("a connection").0;
                head(&mut fresh).await;
                fresh.write_all(SECOND).await.expect("the gateway waits");
            }
        }
    }

    async fn forward(&self, pools: &Rc<Pools<Nothing>>, method: &Method) -> Answer {
        let request = Request::builder().method(method).uri("/").header("host", "a").body(Nothing).expect("a request");
        let answer = forward(pools, &self.upstream, request, Attempt::default(), &self.deadline).await;
        let Forwarded::Response(response) = answer.map_err(|failed| failed.stop.reason())?.forwarded else {
            panic!("no upgrade was asked for");
        };
        let (status, mut body, mut content) = (response.status().as_u16(), response.into_body(), Vec::new());
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let frame = frame.map_err(|UpstreamBodyError(stop)| stop.reason())?;
            content.extend_from_slice(frame.data_ref().map_or(&[], |data| &data[..]));
        }
        Ok((status, content))
    }

    /// Returns once the runtime has seen everything that has happened on sockets so far.
    async fn driver_has_looked(&self) {
        for _ in 0..2 {
            self.near.try_write(&[1]).expect("written");
            while let Err(error) = {
                self.far.readable().await.expect("readable");
                self.far.try_read(&mut [0])
            } {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
            }
        }
    }
}

/// Reads a request without content; for ever, where the connection ends before one.
async fn head(peer: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match peer.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => std::future::pending().await,
        }
    }
}
