//! Between [`super::guarded::Guarded`] and hyper on an HTTP/2 connection: the frames of the client are counted on their way in.
//!
//! A connection that sends too many ends through h2: in place of the frame that is one too many h2 gets one that no client may
//! send, writes its GOAWAY, ends the open streams and closes. What the client sends after that is read only where the
//! connection lingers, and dropped.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use portcullis_core::bounds::LINGER_BYTES;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::Connection;
use super::finish::poll_sink;
use super::guarded::Guarded;
use crate::frames::{Frames, HEADER_BYTES};
use crate::wheel::Timer;

/// SETTINGS on stream 1: a connection error in every state, also in the middle of a header block (RFC 9113 §6.5, §6.10).
const ILLEGAL: [u8; HEADER_BYTES] = [0, 0, 0, 4, 0, 0, 0, 0, 1];

/// The socket of an HTTP/2 connection, as hyper sees it.
pub(super) struct Framed<Io> {
    io: Guarded<Io>,
    connection: Rc<Connection>,
    frames: Frames,
    /// A frame header of which only a part has come, or one that is to be handed on next.
    held: Held,
    is_condemned: bool,
    answered: u32,
    linger: Option<Linger>,
}

#[derive(Default)]
struct Held {
    bytes: [u8; HEADER_BYTES],
    length: usize,
    /// Bytes that hyper has already; `None` while the header is incomplete.
    given: Option<usize>,
}

struct Linger {
    timer: Timer,
    left: usize,
}

impl<Io> Framed<Io> {
    pub(super) fn new(io: Guarded<Io>, connection: Rc<Connection>, is_trusted: bool) -> Self {
        let frames = Frames::new(is_trusted);
        Self { io, connection, frames, held: Held::default(), is_condemned: false, answered: 0, linger: None }
    }

    /// Counts the frames in `bytes`; gives how many may be handed on. An incomplete header at their end is held back.
    fn pass(&mut self, bytes: &[u8]) -> usize {
        let answered = self.connection.requests().saturating_sub(self.connection.active());
        self.frames.answered(answered.saturating_sub(self.answered));
        self.answered = answered;
        let seconds = u32::try_from(self.connection.timer().now().as_secs()).unwrap_or(u32::MAX);
        let passed = self.frames.pass(bytes, seconds);
        self.connection.owes_head(self.frames.is_in_head());
        match passed.abuse {
            Some(abuse) => {
                self.is_condemned = true;
                self.connection.condemn(abuse);
                self.held = Held { bytes: ILLEGAL, length: HEADER_BYTES, given: Some(0) };
            }
            None => self.held.keep(bytes.get(passed.bytes..).unwrap_or_default()),
        }
        passed.bytes
    }

    fn wrote(&mut self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &outcome {
            self.frames.sent(*bytes);
        }
        outcome
    }
}

impl Held {
    fn keep(&mut self, bytes: &[u8]) {
        let length = bytes.len().min(HEADER_BYTES);
        if let (Some(to), Some(from)) = (self.bytes.get_mut(..length), bytes.get(..length)) {
            to.copy_from_slice(from);
        }
        (self.length, self.given) = (length, None);
    }

    /// Gives what is to be handed on; true while there is something.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let Some(given) = self.given else { return false };
        let rest = self.bytes.get(given..self.length).unwrap_or_default();
        let length = rest.len().min(buffer.remaining());
        buffer.put_slice(rest.get(..length).unwrap_or_default());
        self.given = Some(given.saturating_add(length)).filter(|given| *given < self.length);
        if self.given.is_none() {
            self.length = 0;
        }
        true
    }
}

impl<Io: AsyncRead + Unpin> Framed<Io> {
    /// Reads what is missing of a header. Ready with false at the end of the connection.
    fn poll_header(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let Held { bytes, length, .. } = &mut self.held;
        let mut buffer = ReadBuf::new(bytes);
        buffer.set_filled(*length);
        ready!(Pin::new(&mut self.io).poll_read(context, &mut buffer))?;
        let came = buffer.filled().len() > *length;
        *length = buffer.filled().len();
        if came && *length == HEADER_BYTES {
            let header = *bytes;
            if self.pass(&header) == HEADER_BYTES {
                self.held = Held { bytes: header, length: HEADER_BYTES, given: Some(0) };
            }
        }
        Poll::Ready(Ok(came))
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Framed<Io> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.held.give(buffer) {
                return Poll::Ready(Ok(()));
            }
            if this.is_condemned {
                return Poll::Pending; // h2 closes; it has nothing to wait for
            }
            if this.held.length > 0 {
                if !ready!(this.poll_header(context))? {
                    return Poll::Ready(Ok(())); // the end, in the middle of a frame
                }
                continue;
            }
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.io).poll_read(context, buffer))?;
            let came = buffer.filled().get(before..).unwrap_or_default();
            if came.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let passed = this.pass(came);
            buffer.set_filled(before.saturating_add(passed));
            if passed > 0 {
                return Poll::Ready(Ok(())); // with nothing, it would look like the end
            }
        }
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Framed<Io> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.io).poll_write(context, bytes);
        this.wrote(outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.io).poll_write_vectored(context, buffers);
        this.wrote(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(context)
    }

    /// A socket closed with unread bytes sends a reset, and the client never sees why (RFC 9112 §9.6 says it for HTTP/1.1): after
    /// an error of the connection, what still comes is read and dropped for a while.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let linger = match &mut this.linger {
            Some(linger) => linger,
            none => {
                ready!(Pin::new(&mut this.io).poll_shutdown(context))?;
                if this.connection.is_closing() || this.connection.is_at_eof() {
                    return Poll::Ready(Ok(())); // nobody did anything wrong
                }
                let timer = this.connection.timer().another();
                timer.arm(this.connection.timeouts.linger);
                none.insert(Linger { timer, left: LINGER_BYTES })
            }
        };
        if linger.timer.poll_expired(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        poll_sink(&mut this.io, &mut linger.left, context)
    }
}
