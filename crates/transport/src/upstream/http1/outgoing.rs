//! What is to be written to an upstream.

use crate::upstream::io::UpstreamIo;
use bytes::{Buf as _, Bytes};
use std::cell::Cell;
use std::io::{self, IoSlice, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite as _;

/// Content up to this size is copied behind what stands before it, so that it leaves with it; larger is written from where it lies.
const SMALL_BYTES: usize = 4 * 1024;
/// No more is collected from here on.
const FULL_BYTES: usize = 16 * 1024;
/// Room that is larger is not kept.
const MAX_ROOM_BYTES: usize = 64 * 1024;

thread_local! {
    /// Room to write from, of this core alone. A connection whose socket does not take everything keeps it until it does.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Bytes on their way, in this order.
#[derive(Default)]
pub(super) struct Outgoing {
    /// A head, framing, small content.
    framed: Vec<u8>,
    /// How much of it is written.
    at: usize,
    /// Large content.
    piece: Bytes,
    /// The framing behind that.
    tail: &'static [u8],
}

impl Outgoing {
    /// For what comes before content. Takes up the room of the core, where it is free.
    pub(super) fn framed(&mut self) -> &mut Vec<u8> {
        if self.framed.capacity() == 0 {
            self.framed = ROOM.take();
        }
        &mut self.framed
    }

    /// Content as it is.
    pub(super) fn content(&mut self, content: Bytes) {
        self.push(content, b"");
    }

    /// Content in a chunk of its own.
    pub(super) fn chunk(&mut self, content: Bytes) {
        let _infallible = write!(self.framed(), "{:x}\r\n", content.len());
        self.push(content, b"\r\n");
    }

    fn push(&mut self, content: Bytes, tail: &'static [u8]) {
        if content.len() <= SMALL_BYTES {
            self.framed().extend_from_slice(&content);
            self.framed().extend_from_slice(tail);
        } else {
            (self.piece, self.tail) = (content, tail);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left().is_empty() && self.piece.is_empty() && self.tail.is_empty()
    }

    /// Whether more may be added.
    pub(super) fn has_room(&self) -> bool {
        self.framed.len() < FULL_BYTES && self.piece.is_empty() && self.tail.is_empty()
    }

    fn left(&self) -> &[u8] {
        self.framed.get(self.at..).unwrap_or_default()
    }

    /// Writes what the socket takes now: so many bytes. Not for nothing.
    pub(super) fn poll_write(&mut self, io: &mut UpstreamIo, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let parts = [self.left(), &self.piece, self.tail].map(IoSlice::new);
        let io = Pin::new(io);
        let written = if self.piece.is_empty() && self.tail.is_empty() {
            io.poll_write(cx, self.left())
        } else {
            io.poll_write_vectored(cx, &parts)
        };
        if let Poll::Ready(Ok(written)) = written {
            self.advance(written);
        }
        written
    }

    fn advance(&mut self, written: usize) {
        let framed = written.min(self.left().len());
        self.at = self.at.saturating_add(framed);
        let rest = written.saturating_sub(framed);
        let piece = rest.min(self.piece.len());
        self.piece.advance(piece);
        self.tail = self.tail.get(rest.saturating_sub(piece)..).unwrap_or_default();
        if self.is_empty() {
            self.clear();
        }
    }

    /// Forgets what was not written, and gives the room back.
    pub(super) fn clear(&mut self) {
        let Self { mut framed, .. } = std::mem::take(self);
        if (1..=MAX_ROOM_BYTES).contains(&framed.capacity()) {
            framed.clear();
            ROOM.set(framed);
        }
    }
}

#[cfg(test)]
mod tests;
