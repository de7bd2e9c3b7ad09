//! One connection to an upstream, polled by whoever waits for its response.

use super::head::{Head, Heads};
use super::upload::Upload;
use super::{closed, malformed, of_socket};
use crate::upstream::io::UpstreamIo;
use crate::upstream::upload::RequestBody;
use crate::wheel::{Timer, Wheel};
use bytes::Bytes;
use http::Request;
use portcullis_core::{Reason, Stop};
use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead as _, AsyncReadExt as _, ReadBuf};
use tokio::task::coop::unconstrained;

/// The count of no connection.
const UNSET: u64 = u64::MAX;
/// Read at once.
const READ_BYTES: usize = 16 * 1024;

thread_local! {
    /// Room to read into, of this core alone.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An open connection, idle or in an exchange.
pub(in crate::upstream) struct Link<B: RequestBody> {
    io: UpstreamIo,
    upload: Upload<B>,
    heads: Heads,
    /// Bytes read in this exchange.
    read: u64,
    /// The last read filled its room: more is there, and it is worth room of its own.
    is_flowing: bool,
    /// The upstream means to take another request.
    keeps_alive: bool,
    /// Deadline of whatever the upstream owes next.
    timer: Timer,
    /// Bytes moved when the deadline was set; [`UNSET`] when it has to be set anew.
    moved: u64,
}

impl<B: RequestBody> Link<B> {
    /// Takes over a connected socket.
    pub(in crate::upstream) fn new(io: UpstreamIo, wheel: &Rc<Wheel>) -> Self {
        Self {
            io,
            upload: Upload::idle(),
            heads: Heads::default(),
            read: 0,
            is_flowing: false,
            keeps_alive: true,
            timer: wheel.timer(),
            moved: UNSET,
        }
    }

    /// Begins an exchange. Nothing is sent before [`Link::poll_answer`].
    pub(in crate::upstream) fn begin(&mut self, content: B) {
        self.upload = Upload::new(content);
        (self.heads, self.read, self.keeps_alive) = (Heads::default(), 0, false);
        self.begin_wait();
    }

    /// Sends the request until the head of the response is there, the connection has ended, or the upstream is overdue.
    ///
    /// # Errors
    /// Why there is no response: [`Reason::UpstreamTimeout`] for an upstream that is overdue, or what the client's content came to.
    pub(in crate::upstream) fn poll_answer(
        &mut self,
        head: &Request<()>,
        timeout: Duration,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Head, Stop>> {
        if self.upload.has_begun() {
            if let Poll::Ready(head) = self.poll_head(cx) {
                return Poll::Ready(head);
            }
        } else {
            // Whatever is there to read is no answer. Where nothing is, the socket knows whom to wake.
            if let Some(stop) = self.unasked(cx) {
                return Poll::Ready(Err(stop));
            }
            self.upload.begin(head)?;
        }
        self.poll_upload(cx)?;
        let written = self.upload.written;
        if self.is_overdue(cx, timeout, written) {
            return Poll::Ready(Err(Stop::fault(Reason::UpstreamTimeout)));
        }
        Poll::Pending
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Head, Stop>> {
        loop {
            let bytes = ready!(self.poll_read(cx))?;
            if bytes.is_empty() {
                return Poll::Ready(Err(self.heads.end()));
            }
            if let Some(head) = self.heads.read(bytes)? {
                self.keeps_alive = head.keeps_alive;
                self.begin_wait();
                return Poll::Ready(Ok(head));
            }
        }
    }

    /// Sends what can be sent now.
    ///
    /// # Errors
    /// What the client's content came to.
    pub(super) fn poll_upload(&mut self, cx: &mut Context<'_>) -> Result<(), Stop> {
        self.upload.poll(&mut self.io, cx)
    }

    /// Reads what is there; nothing at the end of the connection.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Stop>> {
        let is_flowing = std::mem::take(&mut self.is_flowing);
        let read = if is_flowing { read_large(&mut self.io, cx) } else { read_small(&mut self.io, cx) };
        let bytes = ready!(read).map_err(of_socket)?;
        self.is_flowing = bytes.len() >= READ_BYTES;
        self.read = self.read.saturating_add(bytes.len() as u64);
        Poll::Ready(Ok(bytes))
    }

    /// What an upstream did that owes nothing, if it did anything. Looks at the socket even where the budget of the task is spent:
    /// what lies there would be taken for the answer to the next request otherwise.
    fn unasked(&mut self, cx: &mut Context<'_>) -> Option<Stop> {
        match pin!(unconstrained(poll_fn(|cx| self.poll_read(cx)))).poll(cx) {
            Poll::Pending => None,
            Poll::Ready(Ok(bytes)) if bytes.is_empty() => Some(closed("closed before a request was sent")),
            Poll::Ready(Ok(_)) => Some(malformed("bytes before a request was sent")),
            Poll::Ready(Err(stop)) => Some(stop),
        }
    }

    /// Whether nothing of a response was read.
    pub(in crate::upstream) const fn is_silent(&self) -> bool {
        self.read == 0
    }

    /// The content of the request, where nothing of either was sent.
    pub(in crate::upstream) fn take_unsent(&mut self) -> Option<B> {
        self.upload.take_unsent()
    }

    /// Whether all of the request's content was taken from the client, or there is none.
    pub(in crate::upstream) const fn has_all_content(&self) -> bool {
        self.upload.has_ended
    }

    /// Whether the whole request was sent.
    pub(in crate::upstream) fn is_sent(&self) -> bool {
        self.upload.is_sent()
    }

    /// Whether the connection can carry another request, once the response was read to its end: the request was sent to its
    /// end, and the upstream does not ask to close.
    pub(super) fn is_clean(&self) -> bool {
        self.keeps_alive && self.is_sent()
    }

    /// The upstream owes something from now on.
    pub(super) const fn begin_wait(&mut self) {
        self.moved = UNSET;
    }

    /// Bytes moved in this exchange, both ways.
    pub(super) const fn moved(&self) -> u64 {
        self.read.saturating_add(self.upload.written)
    }

    /// Whether the upstream owes the next bytes, and not the client.
    pub(in crate::upstream) const fn is_owed(&self) -> bool {
        !self.upload.awaits_client
    }

    /// Whether the upstream has owed something for longer than `span`; wakes the task when it has. `moved` counts what ends
    /// the waiting. While the client owes the next bytes of the request the upstream owes nothing.
    pub(super) fn is_overdue(&mut self, cx: &mut Context<'_>, span: Duration, moved: u64) -> bool {
        if self.moved != moved {
            self.moved = moved;
            self.timer.arm(span);
        }
        if self.timer.poll_expired(cx).is_pending() {
            return false;
        }
        if self.is_owed() {
            return true;
        }
        self.timer.arm(span);
        self.timer.poll_expired(cx).is_ready()
    }

    /// Ends the exchange. The socket still knows its task, and may wake it once more.
    pub(in crate::upstream) fn rest(&mut self) {
        self.timer.disarm();
        self.upload = Upload::idle();
    }

    /// Whether an idle connection is still open and silent.
    pub(in crate::upstream) fn is_alive(&mut self) -> bool {
        self.unasked(&mut Context::from_waker(Waker::noop())).is_none()
    }

    /// The socket. What was read from it behind the head is in the [`Head`].
    pub(in crate::upstream) fn into_io(self) -> UpstreamIo {
        self.io
    }
}

/// Into the room of the core, and out of it once, in its size.
fn read_small(io: &mut UpstreamIo, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
    let mut room = ROOM.take();
    room.resize(READ_BYTES, 0); // it has that size, but for the first time
    let mut buffer = ReadBuf::new(&mut room);
    let polled = Pin::new(io).poll_read(cx, &mut buffer);
    let bytes = polled.map_ok(|()| Bytes::copy_from_slice(buffer.filled()));
    ROOM.set(room);
    bytes
}

/// Into room of its own.
fn read_large(io: &mut UpstreamIo, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
    let mut room = Vec::with_capacity(READ_BYTES);
    let polled = pin!(io.read_buf(&mut room)).poll(cx);
    polled.map_ok(|_| room.into())
}
