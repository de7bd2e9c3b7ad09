//! What stands between the (TLS) socket and hyper: sees every byte.
//!
//! It shows the bytes of HTTP/1.1 to the [`Guard`] and gives hyper no byte behind a broken rule. It tells the [`Connection`]
//! when a head begins, when the client stops reading and when a response is written out, and keeps back what hyper writes on
//! its own.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::{Connection, Protocol};
use super::content::BrokenContent;
use crate::guard::{Guard, Halt};

/// Read at once from a connection that was idle: a head of usual size.
const FIRST_BYTES: usize = 4096;

pub(super) struct Guarded<Io> {
    io: Io,
    connection: Rc<Connection>,
    guard: Guard,
    /// Inspected, but hyper was taken apart before it used them.
    returned: Bytes,
    /// Read from the socket and not inspected yet.
    arrived: Bytes,
}

impl<Io> Guarded<Io> {
    pub(super) fn new(io: Io, connection: Rc<Connection>, arrived: Bytes) -> Self {
        Self { io, connection, guard: Guard::new(), returned: Bytes::new(), arrived }
    }

    pub(super) fn into_inner(self) -> Io {
        self.io
    }

    /// Puts back what hyper held.
    pub(super) fn put_back(&mut self, held: Bytes) {
        self.returned = join(held, std::mem::take(&mut self.returned));
    }

    /// Everything that was read from the socket and used by nobody: `held` by hyper, and what hyper was not given.
    pub(super) fn unread(&mut self, held: Bytes) -> Bytes {
        self.put_back(held);
        join(std::mem::take(&mut self.returned), std::mem::take(&mut self.arrived))
    }

    /// How many of `bytes` hyper may have.
    fn inspect(&mut self, bytes: &[u8]) -> usize {
        if self.connection.protocol == Protocol::Http2 {
            return bytes.len();
        }
        let good = self.guard.inspect(bytes);
        self.connection.inspected(self.guard.heads(), self.guard.halt());
        good
    }

    fn wrote(&self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &outcome {
            Poll::Pending => self.connection.write_pending(),
            Poll::Ready(_) => self.connection.write_progressed(),
        }
        outcome
    }
}

/// An empty `Bytes` would still hold its buffer.
fn join(first: Bytes, second: Bytes) -> Bytes {
    match (first.is_empty(), second.is_empty()) {
        (true, true) => Bytes::new(),
        (true, false) => second,
        (false, true) => first,
        (false, false) => [first, second].concat().into(),
    }
}

/// Moves the first `length` bytes.
fn hand_over(from: &mut Bytes, length: usize, to: &mut ReadBuf<'_>) {
    to.put_slice(&from.split_to(length));
    if from.is_empty() {
        *from = Bytes::new(); // lets go of the memory
    }
}

impl<Io: AsyncRead + Unpin> Guarded<Io> {
    /// Ready when the client sent something, or its end. Until then nothing is held but the socket.
    pub(super) fn poll_first_bytes(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.returned.is_empty() || !self.arrived.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut space = [MaybeUninit::uninit(); FIRST_BYTES];
        let mut buffer = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.io).poll_read(context, &mut buffer))?;
        self.connection.received(buffer.filled().len());
        self.arrived = Bytes::copy_from_slice(buffer.filled());
        Poll::Ready(Ok(()))
    }

    /// Gives the next bytes that hyper may have, or none at the client's end.
    ///
    /// Whoever gets `Pending` from a halted guard is not woken for its end: what decides it happens in the task of the
    /// connection, which looks for it ([`Connection::may_read_on`], [`Connection::broken_head`]).
    fn poll_good(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        loop {
            match self.guard.halt() {
                None => {}
                Some(Halt::Undecided) if self.connection.is_between() => self.guard.resume(),
                Some(Halt::Undecided) => return self.poll_early(context, buffer),
                // Not while an earlier exchange runs: at an error hyper drops it (`edge.md` fact 1).
                Some(Halt::Content(reason)) if self.connection.is_last_begun() => {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, BrokenContent(reason))));
                }
                Some(Halt::Head(_) | Halt::Content(_)) => return Poll::Pending,
            }
            if self.arrived.has_remaining() {
                let next = self.arrived.slice(..self.arrived.len().min(buffer.remaining()));
                let good = self.inspect(&next);
                hand_over(&mut self.arrived, good, buffer);
            } else {
                ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
                let read = buffer.filled().get(before..).unwrap_or_default();
                if read.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                let good = self.inspect(read);
                if self.guard.halt() == Some(Halt::Undecided) {
                    self.arrived = Bytes::copy_from_slice(read.get(good..).unwrap_or_default());
                }
                buffer.set_filled(before.saturating_add(good));
            }
            if buffer.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Keeps what comes before it is clear whether the connection becomes a tunnel: one read, then the client waits. Ready at
    /// its end.
    fn poll_early(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.arrived.is_empty() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
            let early = buffer.filled().get(before..).unwrap_or_default();
            if early.is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.arrived = Bytes::copy_from_slice(early);
            buffer.set_filled(before);
        }
        self.connection.withheld();
        Poll::Pending
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Guarded<Io> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if this.returned.has_remaining() {
            let length = this.returned.len().min(buffer.remaining());
            hand_over(&mut this.returned, length, buffer);
        } else {
            ready!(this.poll_good(context, buffer))?;
        }
        this.connection.received(buffer.filled().len().saturating_sub(before));
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Guarded<Io> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.connection.may_write() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let outcome = Pin::new(&mut this.io).poll_write(context, bytes);
        this.wrote(outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.connection.may_write() {
            return Poll::Ready(Ok(buffers.iter().map(|buffer| buffer.len()).fold(0, usize::saturating_add)));
        }
        let outcome = crate::flat::poll_write(&mut this.io, context, buffers);
        this.wrote(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.io).poll_flush(context);
        match &outcome {
            Poll::Pending => this.connection.write_pending(), // TLS keeps written bytes until the socket takes them
            Poll::Ready(_) => {
                this.connection.write_progressed();
                this.connection.flushed();
            }
        }
        outcome
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
