//! Real sockets, one thread, the wheel turned by hand.

mod caps;
mod deadlines;
mod drains;
mod frames;
mod guard;
mod http1;
mod http2;
mod proxied;
pub(super) mod tls;
mod tunnels;

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use portcullis_core::{Clock, Reason};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, LocalSet};

use super::*;
use crate::listener::Facts;
use crate::wheel::Wheel;

/// What the gateway would be.
#[derive(Default)]
struct Shop {
    refused: RefCell<Vec<Reason>>,
    /// Requests that reached it, as `METHOD target`.
    seen: RefCell<Vec<String>>,
    /// `/hold` waits for it.
    release: Notify,
    tunnel: Cell<Option<Tunnel>>,
    trusted: Cell<Option<IpAddr>>,
    /// Content that `/keep` did not read.
    kept: RefCell<Vec<Incoming>>,
    /// Exchanges that are open, by the count of their connection at the last request.
    connection: RefCell<Option<Rc<Connection>>>,
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

fn text(bytes: impl Into<Bytes>) -> Response<Body> {
    Response::new(Full::new(bytes.into()).boxed_unsync())
}

impl Handler for Shop {
    type Body = Body;

    async fn handle(self: Rc<Self>, connection: Rc<Connection>, request: Request<Incoming>) -> Response<Body> {
        self.seen.borrow_mut().push(format!("{} {}", request.method(), request.uri().path()));
        *self.connection.borrow_mut() = Some(Rc::clone(&connection));
        match request.uri().path() {
            "/hold" => {
                self.release.notified().await;
                text("held")
            }
            "/echo" => text(read_body(request.into_body()).await.unwrap()),
            "/reason" => {
                let error = read_body(request.into_body()).await.unwrap_err();
                connection.close_after_exchange();
                text(broken_content(&error).id())
            }
            "/big" => text(vec![b'x'; 32 * 1024 * 1024]),
            path @ ("/keep" | "/keep-and-close") => {
                let mut response = text("kept");
                if path == "/keep-and-close" {
                    response.headers_mut().insert("connection", http::HeaderValue::from_static("close"));
                }
                self.kept.borrow_mut().push(request.into_body());
                response
            }
            "/refuse" => {
                drop(Content::new(request.into_body(), &connection));
                text("refused")
            }
            "/last" => {
                connection.close_after_exchange();
                text("last")
            }
            "/tunnel" => {
                connection.set_tunnel(self.tunnel.take().unwrap());
                let mut response = text("");
                *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
                response
            }
            _ => text(format!("{:?} {}", connection.protocol, connection.requests())),
        }
    }

    fn refuse(&self, _: &Connection, reason: Reason) -> Bytes {
        self.refused.borrow_mut().push(reason);
        refusal(reason)
    }

    fn cut(&self, _: &Connection, reason: Reason, detail: &'static str) {
        self.refused.borrow_mut().push(reason);
        self.seen.borrow_mut().push(format!("cut {detail}"));
    }

    fn is_trusted_proxy(&self, peer: IpAddr) -> bool {
        self.trusted.get() == Some(peer)
    }
}

/// What [`Shop`] answers where no request exists.
fn refusal(reason: Reason) -> Bytes {
    let id = reason.id();
    format!("HTTP/1.1 400 Refused\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{id}", id.len()).into()
}

thread_local! {
    /// What a poll of a handshake is said to cost.
    static CPU_STEP: Cell<u64> = const { Cell::new(0) };
    static CPU_MICROS: Cell<u64> = const { Cell::new(0) };
}

/// Moves on whenever it is looked at.
fn cpu_micros() -> u64 {
    CPU_MICROS.set(CPU_MICROS.get().saturating_add(CPU_STEP.get()));
    CPU_MICROS.get()
}

/// One accept loop on a free port of 127.0.0.1.
struct Server {
    address: SocketAddr,
    shop: Rc<Shop>,
    wheel: Rc<Wheel>,
    roster: Rc<Roster>,
    clock: Clock,
    drain: Rc<Drain>,
    connections: Arc<Connections>,
    tls: Rc<RefCell<Option<Arc<crate::tls::Server>>>>,
    ended: JoinHandle<()>,
}

#[derive(Default)]
struct Options {
    tls: Option<Arc<crate::tls::Server>>,
    h2c: bool,
    proxy_protocol: bool,
    connections: Option<Arc<Connections>>,
}

impl Server {
    async fn start(options: Options) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let facts = Facts {
            id: 0,
            address,
            tls: options.tls.is_some(),
            internal: false,
            redirect_to_https: false,
            h2c: options.h2c,
            proxy_protocol: options.proxy_protocol,
            requests_per_address: None,
        };
        let tls = Rc::new(RefCell::new(options.tls));
        let shop = Rc::new(Shop::default());
        let wheel = Wheel::new(Duration::from_millis(100));
        let drain = Drain::new();
        let connections = options.connections.unwrap_or_else(Connections::new);
        let (roster, clock) = (Roster::new(&wheel), Clock::manual(1));
        let present = Rc::clone(&tls);
        let accept = Accept {
            settings: Box::new(move || Settings {
                facts,
                tls: present.borrow().clone(),
                timeouts: std::sync::Arc::default(),
            }),
            handler: Rc::clone(&shop),
            connections: Arc::clone(&connections),
            wheel: Rc::clone(&wheel),
            roster: Rc::clone(&roster),
            share: Rc::new(Share::new(cpu_micros)),
            clock: clock.clone(),
            drain: Rc::clone(&drain),
        };
        let ended = tokio::task::spawn_local(accept_loop(socket, accept));
        Self { address, shop, wheel, roster, clock, drain, connections, tls, ended }
    }

    async fn plain() -> Self {
        Self::start(Options::default()).await
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `bytes` on a new connection and reads to its end.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut client = self.connect().await;
        client.write_all(bytes).await.unwrap();
        read_to_end(&mut client).await
    }

    /// Turns the wheel a second at a time until `done` is ready; gives the seconds that it took and the outcome.
    async fn seconds_until<T>(&self, done: impl Future<Output = T>) -> (u64, T) {
        let mut done = std::pin::pin!(done);
        for seconds in 0..200 {
            settle().await;
            if let std::task::Poll::Ready(outcome) =
                std::future::poll_fn(|context| std::task::Poll::Ready(done.as_mut().poll(context))).await
            {
                return (seconds, outcome);
            }
            self.wheel.advance(Duration::from_secs(1));
        }
        panic!("not done in 200 seconds of the wheel");
    }
}

async fn read_body(mut body: Incoming) -> hyper::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        bytes.extend(frame?.into_data().unwrap_or_default());
    }
    Ok(bytes)
}

/// Lets every task run until it waits. Loopback delivers at once, so what was written is read in here.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

async fn read_to_end(client: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is an end too.
    drop(client.read_to_end(&mut bytes).await);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads one response with a Content-Length.
async fn read_response(client: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut read = String::new();
    loop {
        if let Some((head, body)) = read.split_once("\r\n\r\n")
            && let Some(length) = head.lines().find_map(|line| line.strip_prefix("content-length: "))
            && body.len() >= length.parse::<usize>().unwrap()
        {
            return read;
        }
        let mut buffer = [0; 4096];
        let length = client.read(&mut buffer).await.unwrap();
        assert_ne!(length, 0, "ended after {read:?}");
        read.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
}

/// Runs a test on one thread, at most 20 seconds.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let tasks = LocalSet::new();
    runtime.block_on(tasks.run_until(async { tokio::time::timeout(Duration::from_secs(20), test).await.unwrap() }));
}
