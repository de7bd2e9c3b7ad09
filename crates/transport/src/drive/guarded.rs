//! What stands between the (TLS) socket and hyper: sees every byte, copies none.
//!
//! It tells the [`Connection`] when a head begins, when the client stops reading and when a response is written out, and keeps
//! back what hyper writes on its own. Rules for the bytes themselves belong here too (`edge.md` fact 1).

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::Connection;

/// Read at once from a connection that was idle: a head of usual size.
const FIRST_BYTES: usize = 4096;

pub(super) struct Guarded<Io> {
    io: Io,
    connection: Rc<Connection>,
    /// Read from the socket before hyper was given it.
    prefix: Bytes,
}

impl<Io> Guarded<Io> {
    pub(super) const fn new(io: Io, connection: Rc<Connection>, prefix: Bytes) -> Self {
        Self { io, connection, prefix }
    }

    pub(super) fn into_inner(self) -> Io {
        self.io
    }

    /// Puts bytes back in front of what the socket still holds.
    pub(super) fn put_back(&mut self, bytes: Bytes) {
        self.prefix = self.unread(bytes);
    }

    /// Everything that was read from the socket and used by nobody: `buffered` by hyper, and what hyper was not given.
    pub(super) fn unread(&mut self, buffered: Bytes) -> Bytes {
        let prefix = std::mem::take(&mut self.prefix);
        match (buffered.is_empty(), prefix.is_empty()) {
            (true, _) => prefix, // an empty `Bytes` would still hold hyper's buffer
            (false, true) => buffered,
            (false, false) => [buffered, prefix].concat().into(),
        }
    }

    fn wrote(&self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &outcome {
            Poll::Pending => self.connection.write_pending(),
            Poll::Ready(_) => self.connection.write_progressed(),
        }
        outcome
    }
}

impl<Io: AsyncRead + Unpin> Guarded<Io> {
    /// Ready when the client sent something, or its end. Until then nothing is held but the socket.
    pub(super) fn poll_first_bytes(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.prefix.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut space = [MaybeUninit::uninit(); FIRST_BYTES];
        let mut buffer = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.io).poll_read(context, &mut buffer))?;
        self.connection.received(buffer.filled().len());
        self.prefix = Bytes::copy_from_slice(buffer.filled());
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Guarded<Io> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if this.prefix.has_remaining() {
            let length = this.prefix.remaining().min(buffer.remaining());
            buffer.put_slice(&this.prefix.split_to(length));
            if this.prefix.is_empty() {
                this.prefix = Bytes::new(); // lets go of the memory
            }
        } else {
            ready!(Pin::new(&mut this.io).poll_read(context, buffer))?;
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
