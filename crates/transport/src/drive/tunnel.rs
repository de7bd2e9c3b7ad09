//! A connection after 101: the frames of a WebSocket both ways, until both sides end, one breaks the rules, or time is up.

mod direction;

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use portcullis_core::{Fault, Reason, Stop};
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use super::drain::Watch;
use crate::websocket::{Breach, Limits, Sender};
use crate::wheel::Timer;
use direction::Direction;

/// Status of a close frame where nobody did anything wrong (RFC 6455 §7.4.1).
const GOING_AWAY: u16 = 1001;

/// Either side of a tunnel.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<Io: AsyncRead + AsyncWrite + Unpin> Stream for Io {}

/// The upstream's side of a tunnel. Dropped without [`Tunnel::on_end`] when the 101 could not be written or the gateway aborts.
pub struct Tunnel {
    /// The upstream connection, after its 101.
    pub upstream: Box<dyn Stream>,
    /// What the upstream sent behind its 101.
    pub leftover: Bytes,
    /// What may pass.
    pub limits: Limits,
    /// Called once at the end; owns the exchange.
    pub on_end: Box<dyn FnOnce(TunnelEnd)>,
}

/// How a tunnel ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TunnelEnd {
    /// Bytes that the upstream took from the client.
    pub up: u64,
    /// Bytes that the client took from the upstream.
    pub down: u64,
    /// Why we ended it, where we did.
    pub cut: Option<Cut>,
    /// One side broke off instead of ending.
    pub is_broken: bool,
}

/// Why a tunnel was ended by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Of a frame of this side.
    Breach(Sender, Breach),
    /// Neither side sent a byte for [`super::Timeouts::tunnel_idle`].
    Silent,
    /// It was open for [`Limits::max_age`].
    Old,
}

impl Cut {
    /// What it is to the exchange.
    pub fn stop(self) -> Stop {
        match self {
            Self::Breach(Sender::Upstream, breach) => Fault::new(Reason::UpstreamMalformed, breach.detail()).into(),
            Self::Breach(Sender::Client, Breach::Protocol(_)) => Stop::Deny(Reason::WebSocketFrame),
            Self::Breach(Sender::Client, Breach::TooLarge) => Stop::Deny(Reason::WebSocketTooLarge),
            Self::Breach(Sender::Client, Breach::TooFast) => Stop::Deny(Reason::WebSocketRate),
            Self::Silent | Self::Old => Stop::Deny(Reason::WebSocketTimeout),
        }
    }

    /// More of it, for the record.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Breach(_, breach) => breach.detail(),
            Self::Silent => "silent",
            Self::Old => "age",
        }
    }

    const fn code(self) -> u16 {
        match self {
            Self::Breach(_, breach) => breach.code(),
            Self::Silent | Self::Old => GOING_AWAY,
        }
    }
}

/// Carries the tunnel to its end. `early` is what the client sent behind its request.
pub(super) async fn run(client: &mut dyn Stream, early: Bytes, tunnel: Tunnel, connection: &Connection, watch: &Watch) {
    let Tunnel { mut upstream, leftover, limits, on_end } = tunnel;
    let (idle, age) = (connection.timer(), connection.timer().another());
    idle.arm(connection.timeouts.tunnel_idle);
    age.arm(limits.max_age);
    let mut course = Course {
        up: Direction::new(Sender::Client, &limits, early),
        down: Direction::new(Sender::Upstream, &limits, leftover),
        cut: None,
        idle,
        age: &age,
        connection,
    };
    let end = poll_fn(|context| {
        if watch.poll_aborted(context).is_ready() {
            return Poll::Ready(None);
        }
        course.poll(client, &mut *upstream, context).map(Some)
    });
    if let Some(end) = end.await {
        on_end(end);
    }
}

/// A tunnel on its way.
struct Course<'a> {
    up: Direction,
    down: Direction,
    cut: Option<Cut>,
    idle: &'a Timer,
    age: &'a Timer,
    connection: &'a Connection,
}

impl Course<'_> {
    fn poll(
        &mut self,
        client: &mut dyn Stream,
        upstream: &mut dyn Stream,
        context: &mut Context<'_>,
    ) -> Poll<TunnelEnd> {
        loop {
            let (before, now) = (self.moved(), self.idle.now());
            let up = self.up.poll(client, upstream, now, context);
            let down = self.down.poll(upstream, client, now, context);
            if self.cut.is_none()
                && let Some(cut) = self.breach()
            {
                self.close(cut);
                continue;
            }
            match (up, down) {
                (Poll::Ready(Err(_)), _) | (_, Poll::Ready(Err(_))) => return Poll::Ready(self.end(true)),
                (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => return Poll::Ready(self.end(false)),
                _ => {}
            }
            if self.cut.is_some() {
                ready!(self.idle.poll_expired(context)); // whoever has not taken its close frame by now does not read
                return Poll::Ready(self.end(false));
            }
            if self.moved() > before {
                self.idle.arm(self.connection.timeouts.tunnel_idle);
            }
            let cut = if self.age.poll_expired(context).is_ready() {
                Cut::Old
            } else {
                ready!(self.idle.poll_expired(context));
                Cut::Silent
            };
            self.close(cut);
        }
    }

    fn breach(&self) -> Option<Cut> {
        let client = self.up.breach().map(|breach| Cut::Breach(Sender::Client, breach));
        client.or_else(|| self.down.breach().map(|breach| Cut::Breach(Sender::Upstream, breach)))
    }

    /// Both sides are told, as soon as the frame that each is in the middle of has passed.
    fn close(&mut self, cut: Cut) {
        self.cut = Some(cut);
        self.up.close(cut.code());
        self.down.close(cut.code());
        self.idle.arm(self.connection.timeouts.linger);
    }

    const fn moved(&self) -> u64 {
        self.up.bytes().saturating_add(self.down.bytes())
    }

    const fn end(&self, is_broken: bool) -> TunnelEnd {
        TunnelEnd { up: self.up.bytes(), down: self.down.bytes(), cut: self.cut, is_broken }
    }
}
