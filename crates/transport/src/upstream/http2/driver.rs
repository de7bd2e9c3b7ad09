//! The task of one connection, and its socket.

use super::super::io::UpstreamIo;
use super::session::Line;
use crate::wheel::Timer;
use bytes::Bytes;
use h2::client::Connection;
use h2::{Ping, PingPong};
use portcullis_core::bounds::{UPSTREAM_GOODBYE, UPSTREAM_PING, UPSTREAM_PONG};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Reads and writes frames until the connection ends, or is dead, or is left by everybody.
pub(super) async fn drive(mut connection: Connection<Counted, Bytes>, line: Rc<Line>, timer: Timer) {
    let mut pulse = Pulse { line, timer, pings: connection.ping_pong(), seen: 0, state: State::Listening };
    pulse.timer.arm(UPSTREAM_PING);
    poll_fn(|cx| {
        if let Poll::Ready(ended) = Pin::new(&mut connection).poll(cx) {
            if let Err(error) = ended {
                tracing::debug!(%error, "HTTP/2 connection to an upstream ended");
            }
            return Poll::Ready(());
        }
        pulse.poll_dead(cx)
    })
    .await;
    // Dropped here: what is still open on it ends as if the upstream had closed.
}

/// Finds out whether the upstream is still there.
struct Pulse {
    line: Rc<Line>,
    timer: Timer,
    pings: Option<PingPong>,
    /// Bytes read when it was last looked.
    seen: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Listening,
    AwaitsPong,
    Leaving,
}

impl Pulse {
    fn poll_dead(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.line.is_left.get() && self.line.streams.get() == 0 && self.state != State::Leaving {
            self.state = State::Leaving;
            self.timer.arm(UPSTREAM_GOODBYE);
        }
        if self.state != State::Leaving && self.seen != self.line.read.get() {
            self.seen = self.line.read.get();
            self.state = State::Listening;
            self.timer.arm(UPSTREAM_PING);
        }
        if let Some(pings) = &mut self.pings {
            let _pong = pings.poll_pong(cx); // takes it away, so that another PING may be sent
        }
        loop {
            ready!(self.timer.poll_expired(cx));
            if self.state != State::Listening {
                return Poll::Ready(());
            }
            self.timer.arm(UPSTREAM_PING);
            if self.line.streams.get() > 0
                && let Some(pings) = &mut self.pings
                && pings.send_ping(Ping::opaque()).is_ok()
            {
                self.state = State::AwaitsPong;
                self.timer.arm(UPSTREAM_PONG);
            }
        }
    }
}

/// The socket, with what is read from it counted.
pub(super) struct Counted {
    io: UpstreamIo,
    line: Rc<Line>,
}

impl Counted {
    pub(super) const fn new(io: UpstreamIo, line: Rc<Line>) -> Self {
        Self { io, line }
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        let read = buf.filled().len().saturating_sub(before);
        self.line.read.set(self.line.read.get().saturating_add(read as u64));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        crate::flat::poll_write(&mut self.io, cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
