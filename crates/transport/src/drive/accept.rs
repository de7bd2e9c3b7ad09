//! Accepting, and what comes before a protocol: caps, TLS, the choice between HTTP/1.1 and HTTP/2.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use hyper::server::conn::http1 as hyper1;
use portcullis_core::Clock;
use portcullis_core::bounds::{ACCEPT_PAUSE, EVICTED_AT_ONCE};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

use super::connection::{Connection, Protocol, Proven, Timeouts};
use super::connections::{Closed, Connections, Permit};
use super::drain::{Drain, Watch};
use super::finish::within;
use super::guarded::Guarded;
use super::proxy_header;
use super::roster::Roster;
use super::share::Share;
use super::{Handler, http1, http2};
use crate::listener::Facts;
use crate::tls;
use crate::wheel::{Timer, Wheel};

/// The connection preface of HTTP/2 (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What holds for the next connection. Asked at each accept, so that a reload changes it without touching open connections.
pub struct Settings {
    /// The listener.
    pub facts: Facts,
    /// Certificates and what is asked of clients, on a TLS listener.
    pub tls: Option<Arc<tls::Server>>,
    /// Deadlines of the connection.
    pub timeouts: Arc<Timeouts>,
}

/// What one accept loop needs.
pub struct Accept<H> {
    /// The present settings of the listener.
    pub settings: Box<dyn Fn() -> Settings>,
    /// The gateway.
    pub handler: Rc<H>,
    /// The connection budget of the process.
    pub connections: Arc<Connections>,
    /// The core's wheel.
    pub wheel: Rc<Wheel>,
    /// The core's connections.
    pub roster: Rc<Roster>,
    /// The core's TLS handshakes.
    pub share: Rc<Share>,
    /// Time, the same on all cores.
    pub clock: Clock,
    /// Ends this loop and its connections.
    pub drain: Rc<Drain>,
}

/// What the connections of one loop share.
struct Shared<H> {
    accept: Accept<H>,
    http1: hyper1::Builder,
}

/// Accepts and serves until the drain begins, then waits until every connection has ended: by itself, or by [`Drain::abort`].
/// Runs in a `LocalSet`; one per listener and core.
pub async fn accept_loop<H: Handler>(socket: TcpListener, accept: Accept<H>) {
    let drain = Rc::clone(&accept.drain);
    let watch = drain.watch();
    let pause = accept.wheel.timer();
    let shared = Rc::new(Shared { accept, http1: http1::builder() });
    while let Some((stream, peer)) =
        poll_fn(|context| shared.accept.poll_accept(&socket, &pause, &watch, context)).await
    {
        shared.serve(stream, peer);
    }
    if let Ok(socket) = socket.into_std() {
        shared.serve_waiting(&socket);
    }
    drop(watch);
    poll_fn(|context| drain.poll_empty(context)).await;
}

impl<H> Accept<H> {
    fn poll_accept(
        &self,
        socket: &TcpListener,
        pause: &Timer,
        watch: &Watch,
        context: &mut Context<'_>,
    ) -> Poll<Option<(TcpStream, SocketAddr)>> {
        loop {
            if watch.poll_draining(context).is_ready() {
                return Poll::Ready(None);
            }
            if pause.is_expired() {
                pause.disarm();
            }
            if pause.is_armed() {
                match pause.poll_expired(context) {
                    Poll::Ready(()) => continue,
                    Poll::Pending => return Poll::Pending,
                }
            }
            if !self.connections.has_room() {
                self.make_room();
                pause.arm(ACCEPT_PAUSE); // the kernel's queue holds who comes meanwhile
                continue;
            }
            match socket.poll_accept(context) {
                Poll::Ready(Ok(accepted)) => return Poll::Ready(Some(accepted)),
                Poll::Ready(Err(error)) if is_of_one_connection(&error) => {}
                Poll::Ready(Err(error)) => {
                    tracing::warn!(%error, "accepting failed: trying again");
                    self.make_room(); // what is idle gives its descriptor back
                    pause.arm(ACCEPT_PAUSE); // trying at once would be a busy loop
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn make_room(&self) {
        let evicted = self.roster.evict(EVICTED_AT_ONCE);
        self.connections.count_many_closed(Closed::Evicted, evicted);
    }
}

/// The client left before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | ConnectionRefused | Interrupted)
}

/// A connection that was counted and not yet read from.
struct Arrival<H> {
    shared: Rc<Shared<H>>,
    peer: SocketAddr,
    facts: Facts,
    timeouts: Arc<Timeouts>,
    permit: Permit,
    watch: Watch,
    timer: Timer,
}

impl<H: Handler> Shared<H> {
    /// Serves who the kernel has accepted for `socket` already: they would be reset when it closes.
    fn serve_waiting(self: &Rc<Self>, socket: &std::net::TcpListener) {
        while let Ok((stream, peer)) = socket.accept() {
            if stream.set_nonblocking(true).is_ok()
                && let Ok(stream) = TcpStream::from_std(stream)
            {
                self.serve(stream, peer);
            }
        }
    }

    fn serve(self: &Rc<Self>, stream: TcpStream, peer: SocketAddr) {
        let accept = &self.accept;
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let Settings { facts, tls, timeouts } = (accept.settings)();
        let is_trusted = accept.handler.is_trusted_proxy(peer.ip());
        let Some(permit) = self.admit(peer, is_trusted, facts, tls.is_some()) else {
            return; // closed, before any work is done for it
        };
        // Fails on a connection that is gone already; reading finds that out.
        drop(stream.set_nodelay(true));
        let (watch, timer) = (accept.drain.watch(), accept.wheel.timer());
        let arrival = Arrival { shared: Rc::clone(self), peer, facts, timeouts, permit, watch, timer };
        match tls {
            _ if facts.proxy_protocol => drop(tokio::task::spawn_local(arrival.drive_proxied(stream, tls))),
            Some(server) => drop(tokio::task::spawn_local(arrival.drive_tls(stream, server))),
            None => drop(tokio::task::spawn_local(arrival.drive_plain(stream))),
        }
    }

    fn admit(&self, peer: SocketAddr, is_trusted: bool, facts: Facts, is_tls: bool) -> Option<Permit> {
        let Accept { connections, share, clock, .. } = &self.accept;
        let permit = connections.admit(peer.ip(), is_trusted)?;
        let now = clock.monotonic_micros();
        if facts.proxy_protocol && !is_trusted {
            connections.count_closed(Closed::ProxyHeader); // whatever it says, it would not be believed
            return None;
        }
        if is_tls && !share.has_room(now) {
            connections.count_closed(Closed::HandshakeShare);
            return None;
        }
        (!is_tls || is_trusted || connections.admit_handshake(peer.ip(), now)).then_some(permit)
    }
}

impl<H: Handler> Arrival<H> {
    async fn drive_tls(self, stream: TcpStream, server: Arc<tls::Server>) {
        // Boxed: the state of a handshake is large and gone after it. Its stream is boxed too: moved often, never copied.
        let Some(stream) = Box::pin(self.handshake(stream, server)).await else {
            self.shared.accept.connections.count_failed_handshake();
            return;
        };
        let (_, tls) = stream.get_ref();
        let proven = Some(Proven::of(tls));
        let protocol = if tls.alpn_protocol() == Some(b"h2") { Protocol::Http2 } else { Protocol::Http1 };
        match protocol {
            Protocol::Http1 => self.http1(stream, proven, Bytes::new()).await,
            Protocol::Http2 => Box::pin(self.http2(stream, proven, Bytes::new())).await,
        }
    }

    /// Takes the client's address from what its proxy says first.
    async fn drive_proxied(mut self, mut stream: TcpStream, tls: Option<Arc<tls::Server>>) {
        let Some(given) = self.proxy_header(&mut stream).await else { return };
        let Accept { connections, handler, clock, .. } = &self.shared.accept;
        if let Some(client) = given {
            self.peer = SocketAddr::new(client.ip().to_canonical(), client.port());
            let address = self.peer.ip();
            let is_admitted = handler.is_trusted_proxy(address)
                || (self.permit.charge(address)
                    && (tls.is_none() || connections.admit_handshake(address, clock.monotonic_micros())));
            if !is_admitted {
                return;
            }
        }
        match tls {
            Some(server) => Box::pin(self.drive_tls(stream, server)).await,
            None => {
                self.timer.disarm();
                Box::pin(self.drive_plain(stream)).await;
            }
        }
    }

    /// Leaves the timer armed: header and TLS handshake share one deadline.
    async fn proxy_header(&self, stream: &mut TcpStream) -> Option<Option<SocketAddr>> {
        let mut header = Box::pin(proxy_header::read(stream));
        self.timer.arm(self.timeouts.handshake);
        poll_fn(|context| {
            if self.watch.poll_draining(context).is_ready() {
                return Poll::Ready(None);
            }
            let outcome = match header.as_mut().poll(context) {
                Poll::Ready(outcome) => outcome.ok(),
                Poll::Pending => ready!(self.timer.poll_expired(context).map(|()| None)),
            };
            if outcome.is_none() {
                self.shared.accept.connections.count_closed(Closed::ProxyHeader);
            }
            Poll::Ready(outcome)
        })
        .await
    }

    async fn handshake(&self, stream: TcpStream, server: Arc<tls::Server>) -> Option<Box<TlsStream<TcpStream>>> {
        let Accept { share, clock, .. } = &self.shared.accept;
        let mut handshake = pin!(server.accept(stream));
        if !self.timer.is_armed() {
            self.timer.arm(self.timeouts.handshake);
        }
        poll_fn(|context| {
            if self.watch.poll_aborted(context).is_ready() {
                return Poll::Ready(None);
            }
            match share.spend(clock.monotonic_micros(), || handshake.as_mut().poll(context)) {
                Poll::Ready(outcome) => Poll::Ready(outcome.ok().map(Box::new)), // on an error rustls has sent its alert
                Poll::Pending => self.timer.poll_expired(context).map(|()| None),
            }
        })
        .await
    }

    async fn drive_plain(self, mut stream: TcpStream) {
        let mut prefix = Bytes::new();
        if self.facts.h2c {
            match within(&self.timer, self.timeouts.head, self.until_draining(read_prefix(&mut stream))).await {
                Some(Some(Ok(read))) => prefix = read,
                Some(Some(Err(_)) | None) | None => return,
            }
        }
        if prefix == PREFACE {
            Box::pin(self.http2(stream, None, prefix)).await;
        } else {
            self.http1(stream, None, prefix).await;
        }
    }

    async fn until_draining<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending => self.watch.poll_draining(context).map(|()| None),
        })
        .await
    }

    async fn http1<Io: super::Stream>(self, stream: Io, proven: Option<Proven>, prefix: Bytes) {
        let Self { shared, peer, facts, timeouts, permit, watch, timer } = self;
        let connection = Connection::new(peer, facts, timeouts, Protocol::Http1, proven, timer);
        let place = shared.accept.roster.enter(&connection);
        let io = Guarded::new(stream, Rc::clone(&connection), prefix);
        let handler = Rc::clone(&shared.accept.handler);
        http1::Serving { builder: &shared.http1, connection, handler, watch }.run(io).await;
        drop((permit, place));
    }

    async fn http2<Io: super::Stream + 'static>(self, stream: Io, proven: Option<Proven>, prefix: Bytes) {
        let Self { shared, peer, facts, timeouts, permit, watch, timer } = self;
        let connection = Connection::new(peer, facts, timeouts, Protocol::Http2, proven, timer);
        let place = shared.accept.roster.enter(&connection);
        let io = Guarded::new(stream, Rc::clone(&connection), prefix);
        http2::serve(io, connection, Rc::clone(&shared.accept.handler), watch).await;
        drop((permit, place));
    }
}

/// Reads until it is clear whether the client begins with the preface of HTTP/2; gives what was read.
async fn read_prefix(stream: &mut TcpStream) -> io::Result<Bytes> {
    let mut read = BytesMut::with_capacity(PREFACE.len());
    while read.len() < PREFACE.len() && PREFACE.starts_with(&read) {
        let left = PREFACE.len().saturating_sub(read.len()) as u64;
        if (&mut *stream).take(left).read_buf(&mut read).await? == 0 {
            break;
        }
    }
    Ok(read.freeze())
}

#[cfg(test)]
mod tests;
