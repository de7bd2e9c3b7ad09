//! One client connection: what its exchanges may know of it, and where it stands in time.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::Incoming;
use portcullis_core::Reason;
use portcullis_core::bounds::{
    DRAIN_GRACE, HANDSHAKE_TIMEOUT, HEAD_TIMEOUT, IDLE_TIMEOUT, LINGER_TIMEOUT, MAX_REQUESTS_PER_CONNECTION,
    MAX_STREAMS_PER_CONNECTION, TUNNEL_IDLE_TIMEOUT, WARM_TIMEOUT, WRITE_STALL_TIMEOUT,
};

use super::content::Leftovers;
use super::streams::Gave;
use super::tunnel::Tunnel;
use crate::fields::ForwardedCache;
use crate::frames::Abuse;
use crate::guard::Halt;
use crate::listener::Facts;
use crate::tls::ClientCertificate;
use crate::wheel::Timer;

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 (or 1.0).
    Http1,
    /// HTTP/2.
    Http2,
}

impl Protocol {
    const fn max_requests(self) -> u32 {
        match self {
            Self::Http1 => MAX_REQUESTS_PER_CONNECTION,
            Self::Http2 => MAX_STREAMS_PER_CONNECTION,
        }
    }
}

/// Deadlines of a connection; the defaults are those of [`portcullis_core::bounds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From accept to the end of the TLS handshake.
    pub handshake: Duration,
    /// From the first byte of a head to its last.
    pub head: Duration,
    /// A connection without a request on it.
    pub idle: Duration,
    /// A response of which the client takes nothing, or nothing that the kernel would tell ([`portcullis_core::bounds::UNSENT_BYTES`]).
    pub write_stall: Duration,
    /// A tunnel without a byte in either direction.
    pub tunnel_idle: Duration,
    /// How long the rest of a refused request is read and dropped.
    pub linger: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: HANDSHAKE_TIMEOUT,
            head: HEAD_TIMEOUT,
            idle: IDLE_TIMEOUT,
            write_stall: WRITE_STALL_TIMEOUT,
            tunnel_idle: TUNNEL_IDLE_TIMEOUT,
            linger: LINGER_TIMEOUT,
        }
    }
}

/// What the TLS handshake has shown.
#[derive(Debug, Default)]
pub(super) struct Proven {
    sni: Option<Box<str>>,
    /// Boxed: most connections have none.
    certificate: Option<Box<ClientCertificate>>,
}

impl Proven {
    pub(super) fn of(tls: &rustls::ServerConnection) -> Self {
        let sni = tls.server_name().map(|name| name.to_ascii_lowercase().into_boxed_str());
        let shown = tls.peer_certificates().and_then(|chain| chain.first());
        Self { sni, certificate: shown.and_then(|der| ClientCertificate::new(der)).map(Box::new) }
    }
}

/// One client connection, shared by its exchanges.
pub struct Connection {
    /// Who is connected. An IPv4 address inside an IPv6 one is shown as the IPv4 address.
    pub peer: SocketAddr,
    /// The listener that it came through, as it was at accept.
    pub listener: Facts,
    /// What it speaks.
    pub protocol: Protocol,
    /// The name that the client asked for in its TLS handshake, lower case.
    pub sni: Option<Box<str>>,
    certificate: Option<Box<ClientCertificate>>,
    /// What was said of the last request to its upstream.
    pub forwarded: RefCell<ForwardedCache>,
    pub(super) timeouts: Arc<Timeouts>,
    requests: Cell<u32>,
    active: Cell<u32>,
    close_after: Cell<bool>,
    tunnel: Cell<Option<Tunnel>>,
    leftovers: Leftovers,
    phase: Cell<Phase>,
    is_stalled: Cell<bool>,
    is_evicted: Cell<bool>,
    is_at_eof: Cell<bool>,
    /// Phase or stall changed since the timer was armed.
    has_moved: Cell<bool>,
    /// Whether hyper's word that it is done can only mean that it stands between two requests.
    is_coolable: Cell<bool>,
    /// What the guard has seen: heads that are complete, and why it takes no more.
    heads: Cell<u32>,
    halt: Cell<Option<Halt>>,
    /// Bytes behind an upgrade wait for its answer.
    has_early: Cell<bool>,
    abuse: Cell<Option<Abuse>>,
    given_up: Cell<Option<Reason>>,
    gave: Cell<Gave>,
    timer: Timer,
}

/// Where an HTTP/1.1 connection stands. On HTTP/2, `Head` is the wait for the preface or the rest of a header block, and `Idle`
/// everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing of the next request has come, and no buffers are held for it.
    Idle,
    /// A head has begun.
    Head,
    /// A request was handed over and its response is not yet written out.
    Exchange,
    /// The response is written out, the buffers are kept in case the next request comes soon.
    Warm,
}

/// A deadline that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// A head was begun and not ended; on HTTP/2, also: no preface came.
    Head,
    /// No request came soon after the last one.
    Warm,
    /// No request for [`Timeouts::idle`], or for [`DRAIN_GRACE`] on a connection that is to close.
    Idle,
    /// The client does not read.
    Stalled,
    /// Its place is needed, and there is no request on it.
    Evicted,
}

impl Connection {
    pub(super) fn new(
        peer: SocketAddr,
        listener: Facts,
        timeouts: Arc<Timeouts>,
        protocol: Protocol,
        proven: Option<Proven>,
        timer: Timer,
    ) -> Rc<Self> {
        let Proven { sni, certificate } = proven.unwrap_or_default();
        let phase = match protocol {
            Protocol::Http1 => Phase::Idle,
            Protocol::Http2 => Phase::Head,
        };
        Rc::new(Self {
            peer,
            listener,
            protocol,
            sni,
            certificate,
            forwarded: RefCell::default(),
            timeouts,
            requests: Cell::new(0),
            active: Cell::new(0),
            close_after: Cell::new(false),
            tunnel: Cell::new(None),
            leftovers: Leftovers::default(),
            phase: Cell::new(phase),
            is_stalled: Cell::new(false),
            is_evicted: Cell::new(false),
            is_at_eof: Cell::new(false),
            has_moved: Cell::new(true),
            is_coolable: Cell::new(false),
            heads: Cell::new(0),
            halt: Cell::new(None),
            has_early: Cell::new(false),
            abuse: Cell::new(None),
            given_up: Cell::new(None),
            gave: Cell::new(Gave::Unasked),
            timer,
        })
    }

    /// The certificate that the client holds, for an exchange with `host`: it was asked for on behalf of the name in the
    /// handshake, and proves nothing to another host that the connection also reaches (edge/T14). Without a name in the
    /// handshake the client has connected to an address, so only an address counts. `now` is in seconds since the epoch: a
    /// connection may outlive the certificate.
    pub fn client_certificate(&self, host: &str, now: u64) -> Option<&ClientCertificate> {
        let certificate = self.certificate.as_deref()?;
        let is_asked_for = match &self.sni {
            Some(name) => **name == *host,
            None => host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>().is_ok(),
        };
        (is_asked_for && now < certificate.expires_at).then_some(certificate)
    }

    /// Requests handed over so far, the present one included.
    pub fn requests(&self) -> u32 {
        self.requests.get()
    }

    /// Exchanges that are open now.
    pub fn active(&self) -> u32 {
        self.active.get()
    }

    /// Lets the open exchanges finish and then closes: `Connection: close` on HTTP/1.1, GOAWAY on HTTP/2.
    pub fn close_after_exchange(&self) {
        self.close_after.set(true);
        self.has_moved.set(true);
    }

    /// Like [`Self::close_after_exchange`], from another task.
    pub(super) fn retire(&self) {
        self.close_after_exchange();
        self.timer.wake();
    }

    /// When an idle connection would close by itself, so those that have been idle for longest come first; `None` with an
    /// exchange or a head on it.
    pub(super) fn idle_until(&self) -> Option<u64> {
        // A warm one is waited for in another way, and was used just now.
        let until = if self.phase.get() == Phase::Warm { u64::MAX } else { self.timer.deadline() };
        (self.is_idle() && !self.is_evicted.get()).then_some(until)
    }

    fn is_idle(&self) -> bool {
        matches!(self.phase.get(), Phase::Idle | Phase::Warm) && self.active.get() == 0
    }

    /// Closes the connection unless a request begins before its task sees it.
    pub(super) fn evict(&self) {
        self.is_evicted.set(true);
        self.timer.wake();
    }

    /// Whether the connection closes after its open exchanges.
    pub fn is_closing(&self) -> bool {
        self.close_after.get()
    }

    /// Makes the connection a tunnel once the 101 that the exchange returns next is written. HTTP/1.1 only.
    pub fn set_tunnel(&self, tunnel: Tunnel) {
        self.tunnel.set(Some(tunnel));
    }

    /// The tunnel, if an exchange set one. Also taken when it does not run: it may own this connection.
    pub(super) fn take_tunnel(&self) -> Option<Tunnel> {
        let tunnel = self.tunnel.take();
        if tunnel.is_some() {
            self.phase.set(Phase::Exchange); // not idle: its place is not free for others
        }
        tunnel
    }

    /// Reads and drops `content`, which nobody wants any more, for a while.
    pub(super) fn leave(&self, content: Incoming) {
        self.leftovers.leave(content, self.timer.another(), self.timeouts.linger);
    }

    /// Reads what has come of content that was left.
    pub(super) fn poll_leftovers(&self, context: &mut Context<'_>) {
        self.leftovers.poll(context);
    }

    pub(super) const fn timer(&self) -> &Timer {
        &self.timer
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// The client sent its FIN.
    pub(super) fn is_at_eof(&self) -> bool {
        self.is_at_eof.get()
    }

    /// `length` bytes came from the client; 0 is its end.
    pub(super) fn received(&self, length: usize) {
        match (length, self.protocol, self.phase.get()) {
            (0, ..) => self.is_at_eof.set(true),
            (_, Protocol::Http1, Phase::Idle | Phase::Warm) => self.enter(Phase::Head),
            _ => {} // on HTTP/2 the frames say where a head begins and ends
        }
    }

    /// An HTTP/2 client owes the rest of a header block, or no longer.
    pub(super) fn owes_head(&self, owes: bool) {
        let phase = if owes { Phase::Head } else { Phase::Idle };
        if self.phase.get() != phase {
            self.enter(phase);
        }
    }

    /// An HTTP/2 client sent too many frames of a kind: nothing of it is read any more.
    pub(super) fn condemn(&self, abuse: Abuse) {
        self.abuse.set(Some(abuse));
    }

    /// Why, told once.
    pub(super) fn take_abuse(&self) -> Option<Abuse> {
        self.abuse.take()
    }

    /// Exchanges that are dropped from now on are given up by us, for this reason.
    pub(super) fn give_up(&self, reason: Option<Reason>) {
        self.given_up.set(reason);
    }

    /// Why an exchange that is dropped now ends, where it is not the client that vanished.
    pub fn given_up(&self) -> Option<Reason> {
        self.given_up.get()
    }

    /// What the stream that is polled now was given; see [`super::streams`].
    pub(super) fn set_gave(&self, gave: Gave) {
        self.gave.set(gave);
    }

    pub(super) fn gave(&self) -> Gave {
        self.gave.get()
    }

    /// A request is handed to the gateway.
    pub(super) fn begin(&self) {
        let requests = self.requests.get().saturating_add(1);
        self.requests.set(requests);
        self.active.set(self.active.get().saturating_add(1));
        self.is_evicted.set(false);
        if requests >= self.protocol.max_requests() {
            self.close_after.set(true);
        }
        if self.protocol == Protocol::Http1 {
            self.enter(Phase::Exchange);
        }
    }

    /// The body of a response ended or was dropped, or the exchange was dropped before it had one.
    pub(super) fn end(&self) {
        self.active.set(self.active.get().saturating_sub(1));
        if self.protocol == Protocol::Http2 {
            self.has_moved.set(true);
        }
    }

    /// Whether what hyper writes now belongs to a response of the gateway. On HTTP/1.1 hyper answers a malformed head on its
    /// own, with an empty 400; that answer is ours to give.
    pub(super) fn may_write(&self) -> bool {
        self.protocol == Protocol::Http2 || self.phase.get() == Phase::Exchange
    }

    pub(super) fn write_pending(&self) {
        if !self.is_stalled.replace(true) {
            self.has_moved.set(true);
        }
    }

    pub(super) fn write_progressed(&self) {
        if self.is_stalled.replace(false) {
            self.has_moved.set(true);
        }
    }

    /// hyper's buffer is written out: with the body gone too, the exchange is over.
    pub(super) fn flushed(&self) {
        if self.phase.get() == Phase::Exchange && self.active.get() == 0 {
            self.enter(Phase::Warm);
        }
    }

    /// The guard has read on.
    pub(super) fn inspected(&self, heads: u32, halt: Option<Halt>) {
        self.heads.set(heads);
        self.halt.set(halt);
    }

    /// Whether every request that the guard saw begin was handed over: hyper may still hold some that it did not parse yet.
    pub(super) fn is_last_begun(&self) -> bool {
        self.heads.get() == self.requests.get()
    }

    /// Whether every request that the guard saw was answered.
    pub(super) fn is_between(&self) -> bool {
        self.is_last_begun() && self.phase.get() != Phase::Exchange
    }

    /// Why the next head is refused, once it is its turn.
    pub(super) fn broken_head(&self) -> Option<Reason> {
        match self.halt.get() {
            Some(Halt::Head(reason)) if self.is_between() => Some(reason),
            _ => None,
        }
    }

    /// Bytes behind an upgrade were kept from hyper.
    pub(super) fn withheld(&self) {
        self.has_early.set(true);
    }

    /// True once when the upgrade was answered and was none: what was withheld is to be read as a head.
    pub(super) fn may_read_on(&self) -> bool {
        self.has_early.get() && self.is_between() && self.has_early.replace(false)
    }

    /// See [`Phase::Warm`]: decided anew by each exchange.
    pub(super) fn set_coolable(&self, is_coolable: bool) {
        self.is_coolable.set(is_coolable);
    }

    /// The buffers are gone.
    pub(super) fn cooled(&self) {
        self.enter(Phase::Idle);
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.has_moved.set(true);
    }

    /// Ready when a deadline of the present phase passed. Call it after the protocol was polled: the timer is armed here,
    /// once per poll at most, however often the phase changed.
    pub(super) fn poll_expired(&self, context: &mut Context<'_>) -> Poll<Expiry> {
        if self.is_evicted.get() && !self.is_stalled.get() && self.is_idle() {
            return Poll::Ready(Expiry::Evicted);
        }
        loop {
            if self.has_moved.replace(false) {
                self.timer.arm(self.span());
            }
            ready!(self.timer.poll_expired(context));
            let expiry = match self.phase.get() {
                _ if self.is_stalled.get() => Some(Expiry::Stalled),
                Phase::Head => Some(Expiry::Head),
                Phase::Warm if self.is_coolable.get() && !self.close_after.get() => Some(Expiry::Warm),
                Phase::Warm => Some(Expiry::Idle),
                Phase::Idle if self.active.get() == 0 => Some(Expiry::Idle),
                Phase::Idle | Phase::Exchange => None, // the exchange has deadlines of its own
            };
            match expiry {
                Some(expiry) if !self.has_moved.get() => return Poll::Ready(expiry),
                _ => self.has_moved.set(true),
            }
        }
    }

    fn span(&self) -> Duration {
        match self.phase.get() {
            _ if self.is_stalled.get() => self.timeouts.write_stall,
            Phase::Head => self.timeouts.head,
            Phase::Idle | Phase::Warm if self.close_after.get() => DRAIN_GRACE.min(self.timeouts.idle),
            Phase::Warm if self.is_coolable.get() => WARM_TIMEOUT.min(self.timeouts.idle),
            Phase::Idle | Phase::Warm | Phase::Exchange => self.timeouts.idle,
        }
    }
}
