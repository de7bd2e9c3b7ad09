//! A connection after 101: bytes both ways until both sides end, one fails, or neither sends for long.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use portcullis_core::bounds::TUNNEL_BUFFER_BYTES;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::Connection;
use super::drain::Watch;

/// Either side of a tunnel.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<Io: AsyncRead + AsyncWrite + Unpin> Stream for Io {}

/// The upstream's side of a tunnel. Dropped without [`Tunnel::on_end`] when the 101 could not be written or the gateway aborts.
pub struct Tunnel {
    /// The upstream connection, after its 101.
    pub upstream: Box<dyn Stream>,
    /// What the upstream sent behind its 101.
    pub leftover: Bytes,
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
    /// Ended by us: neither side sent a byte for [`super::Timeouts::tunnel_idle`].
    pub is_idle: bool,
    /// One side broke off instead of ending.
    pub is_broken: bool,
}

/// Carries the tunnel to its end. `early` is what the client sent behind its request.
pub(super) async fn run(client: &mut dyn Stream, early: Bytes, tunnel: Tunnel, connection: &Connection, watch: &Watch) {
    let (timer, idle) = (connection.timer(), connection.timeouts.tunnel_idle);
    let Tunnel { mut upstream, leftover, on_end } = tunnel;
    let mut up = Direction::new(early);
    let mut down = Direction::new(leftover);
    timer.arm(idle);
    let end = poll_fn(|context| {
        if watch.poll_aborted(context).is_ready() {
            return Poll::Ready(None);
        }
        let before = up.bytes.saturating_add(down.bytes);
        let outcomes = (up.poll(client, &mut *upstream, context), down.poll(&mut *upstream, client, context));
        let mut end = TunnelEnd { up: up.bytes, down: down.bytes, is_idle: false, is_broken: false };
        match outcomes {
            (Poll::Ready(Err(_)), _) | (_, Poll::Ready(Err(_))) => end.is_broken = true,
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => {}
            _ => {
                if up.bytes.saturating_add(down.bytes) > before {
                    timer.arm(idle);
                }
                ready!(timer.poll_expired(context));
                end.is_idle = true;
            }
        }
        Poll::Ready(Some(end))
    });
    if let Some(end) = end.await {
        on_end(end);
    }
}

/// One way of a tunnel. Holds memory only while its writer is slower than its reader, [`TUNNEL_BUFFER_BYTES`] at most
/// beside what came before the tunnel.
struct Direction {
    /// Read, not yet written.
    pending: Bytes,
    bytes: u64,
    is_read: bool,
    is_shut: bool,
}

impl Direction {
    const fn new(pending: Bytes) -> Self {
        Self { pending, bytes: 0, is_read: false, is_shut: false }
    }

    /// Ready when the reader ended and the writer was told.
    fn poll(&mut self, from: &mut dyn Stream, to: &mut dyn Stream, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.is_shut {
            while self.pending.has_remaining() {
                let written = ready!(Pin::new(&mut *to).poll_write(context, &self.pending))?;
                self.wrote(written)?;
                self.pending.advance(written);
            }
            if self.is_read {
                ready!(Pin::new(&mut *to).poll_shutdown(context))?;
                self.is_shut = true;
            } else {
                ready!(self.poll_transfer(from, to, context))?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads once and writes it, through the stack.
    fn poll_transfer(
        &mut self,
        from: &mut dyn Stream,
        to: &mut dyn Stream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut space = [MaybeUninit::uninit(); TUNNEL_BUFFER_BYTES];
        let mut buffer = ReadBuf::uninit(&mut space);
        match Pin::new(from).poll_read(context, &mut buffer) {
            Poll::Pending => {
                ready!(Pin::new(to).poll_flush(context))?;
                return Poll::Pending;
            }
            Poll::Ready(outcome) => outcome?,
        }
        let mut read = buffer.filled();
        if read.is_empty() {
            self.is_read = true;
            return Poll::Ready(Ok(()));
        }
        if let Poll::Ready(written) = Pin::new(to).poll_write(context, read)? {
            self.wrote(written)?;
            read.advance(written);
        }
        self.pending = Bytes::copy_from_slice(read);
        Poll::Ready(Ok(()))
    }

    fn wrote(&mut self, written: usize) -> io::Result<()> {
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.bytes = self.bytes.saturating_add(written as u64);
        Ok(())
    }
}
