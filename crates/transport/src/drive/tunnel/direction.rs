//! One way of a tunnel.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use portcullis_core::bounds::{LINGER_BYTES, TUNNEL_BUFFER_BYTES};
use tokio::io::ReadBuf;

use super::Stream;
use crate::drive::finish::poll_sink;
use crate::websocket::{Breach, Frames, Limits, MAX_HEADER_BYTES, Sender, close_frame};

/// Where a direction stands.
#[derive(Clone, Copy)]
enum Phase {
    /// What came before the tunnel is inspected.
    Early,
    /// Frames pass.
    Open,
    /// The rest of the present frame passes, then a close frame with this status.
    Closing(u16),
    /// The writer is told that nothing more comes, and so many bytes of the reader are dropped: a socket closed with unread
    /// bytes sends a reset, and that would take our close frame from it.
    Ending(usize),
    /// The reader is read on for a while.
    Sinking(usize),
    Over,
}

/// One way of a tunnel. Holds memory only while its writer is slower than its reader, [`TUNNEL_BUFFER_BYTES`] at most
/// beside what came before the tunnel.
pub(super) struct Direction {
    sender: Sender,
    frames: Frames,
    /// Inspected, not yet written.
    pending: Bytes,
    /// The begin of a header.
    held: [u8; MAX_HEADER_BYTES],
    held_bytes: usize,
    breach: Option<Breach>,
    bytes: u64,
    /// The rest of the largest message: what a sender has on its way that did not expect to be cut.
    sink: usize,
    phase: Phase,
}

impl Direction {
    pub(super) fn new(sender: Sender, limits: &Limits, early: Bytes) -> Self {
        Self {
            sender,
            frames: Frames::new(sender, limits),
            pending: early,
            held: [0; MAX_HEADER_BYTES],
            held_bytes: 0,
            breach: None,
            bytes: 0,
            sink: usize::try_from(limits.max_message).unwrap_or(usize::MAX).max(LINGER_BYTES),
            phase: Phase::Early,
        }
    }

    /// What its sender did, at the first frame that may not pass. Nothing passes from there on.
    pub(super) const fn breach(&self) -> Option<Breach> {
        self.breach
    }

    /// Bytes of its sender that were written.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Lets nothing pass behind the present frame but a close frame. A direction that ended stays as it is.
    pub(super) fn close(&mut self, code: u16) {
        if matches!(self.phase, Phase::Early | Phase::Open) {
            self.phase = Phase::Closing(code);
        }
    }

    /// Ready when the reader ended and the writer was told.
    pub(super) fn poll(
        &mut self,
        from: &mut dyn Stream,
        to: &mut dyn Stream,
        now: Duration,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if matches!(self.phase, Phase::Early) {
            self.inspect_early(now);
        }
        loop {
            while self.pending.has_remaining() {
                let written = ready!(Pin::new(&mut *to).poll_write(context, &self.pending))?;
                self.wrote(written)?;
                self.pending.advance(written);
            }
            match self.phase {
                Phase::Early | Phase::Open if self.breach.is_some() => return Poll::Pending, // until it is closed
                Phase::Early | Phase::Open => ready!(self.poll_transfer(from, to, usize::MAX, now, context))?,
                Phase::Closing(_) if self.frames.left() > 0 => {
                    let left = usize::try_from(self.frames.left()).unwrap_or(usize::MAX);
                    ready!(self.poll_transfer(from, to, left, now, context))?;
                }
                Phase::Closing(code) => {
                    if !self.frames.is_closed() {
                        self.pending = close_frame(self.sender, code).into();
                    }
                    self.phase = Phase::Ending(self.sink);
                }
                Phase::Ending(sink) => {
                    ready!(Pin::new(&mut *to).poll_shutdown(context))?;
                    self.phase = Phase::Sinking(sink);
                }
                Phase::Sinking(mut sink) => {
                    let outcome = poll_sink(&mut &mut *from, &mut sink, context);
                    self.phase = if outcome.is_ready() { Phase::Over } else { Phase::Sinking(sink) };
                    ready!(outcome)?;
                }
                Phase::Over => return Poll::Ready(Ok(())),
            }
        }
    }

    fn inspect_early(&mut self, now: Duration) {
        let mut early = std::mem::take(&mut self.pending);
        let (good, breach) = self.frames.inspect(&early, now);
        self.pending = early.split_to(good);
        self.stop_at(breach, &early);
        self.phase = Phase::Open;
    }

    /// Reads once, `limit` bytes at most, and writes what may pass, through the stack.
    fn poll_transfer(
        &mut self,
        from: &mut dyn Stream,
        to: &mut dyn Stream,
        limit: usize,
        now: Duration,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut space = [MaybeUninit::uninit(); TUNNEL_BUFFER_BYTES];
        let mut buffer = ReadBuf::uninit(space.get_mut(..limit.min(TUNNEL_BUFFER_BYTES)).unwrap_or_default());
        buffer.put_slice(self.held.get(..self.held_bytes).unwrap_or_default());
        match Pin::new(from).poll_read(context, &mut buffer) {
            Poll::Pending => {
                ready!(Pin::new(to).poll_flush(context))?;
                return Poll::Pending;
            }
            Poll::Ready(outcome) => outcome?,
        }
        let read = buffer.filled();
        if read.len() == self.held_bytes {
            self.phase = Phase::Ending(0);
            return Poll::Ready(Ok(()));
        }
        let (good, breach) = self.frames.inspect(read, now);
        let (mut good, rest) = read.split_at_checked(good).unwrap_or_default();
        self.stop_at(breach, rest);
        if !good.is_empty()
            && let Poll::Ready(written) = Pin::new(to).poll_write(context, good)?
        {
            self.wrote(written)?;
            good.advance(written);
        }
        self.pending = Bytes::copy_from_slice(good);
        Poll::Ready(Ok(()))
    }

    /// Keeps `rest`, the begin of a header, unless nothing of it may ever pass.
    fn stop_at(&mut self, breach: Option<Breach>, rest: &[u8]) {
        self.breach = breach;
        let rest = if breach.is_some() { &[] } else { rest };
        self.held_bytes = rest.len().min(MAX_HEADER_BYTES);
        for (place, byte) in self.held.iter_mut().zip(rest) {
            *place = *byte;
        }
    }

    fn wrote(&mut self, written: usize) -> io::Result<()> {
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        if !matches!(self.phase, Phase::Ending(_)) {
            self.bytes = self.bytes.saturating_add(written as u64); // a close frame of ours is not its sender's
        }
        Ok(())
    }
}
