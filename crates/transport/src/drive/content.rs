//! The content of a request, also after nobody wants it any more.
//!
//! An answer may come before the end of the content. Over HTTP/1.1 the rest is dealt with where the connection ends. Over HTTP/2
//! h2 resets the stream as soon as the rest is dropped, right behind the answer, and a client that finds both while it is
//! still sending may report a broken stream in place of the answer (curl 7.88 does; RFC 9113 §8.1 says it must not). So the
//! rest is read and dropped for a while, as [`super::finish::linger`] does it: the client sees the answer and stops.

use std::cell::RefCell;
use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use portcullis_core::Reason;
use portcullis_core::bounds::{H2_STREAM_WINDOW, LINGER_BYTES};

use super::connection::{Connection, Protocol};
use crate::wheel::Timer;

/// A rule of the framing that content broke; hyper hands it on as the error of the body.
#[derive(Debug, thiserror::Error)]
#[error("content refused: {}", .0.id())]
pub(super) struct BrokenContent(pub(super) Reason);

/// Why reading content failed.
pub fn broken_content(error: &hyper::Error) -> Reason {
    let broken = cause(error).and_then(io::Error::get_ref).and_then(|error| error.downcast_ref::<BrokenContent>());
    broken.map_or(Reason::BodyMalformed, |BrokenContent(reason)| *reason)
}

/// Whether it failed because an HTTP/1.1 client closed its connection, by FIN or RST. Over HTTP/2 the exchange is dropped then.
pub fn has_left(error: &hyper::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let kind = cause(error).map(io::Error::kind);
    matches!(kind, Some(UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe))
}

fn cause(error: &hyper::Error) -> Option<&io::Error> {
    error.source().and_then(|error| error.downcast_ref())
}

/// What a client may have sent before it could see the answer, and as much as is read where a connection ends.
const LEFTOVER_BYTES: usize = LINGER_BYTES.saturating_add(H2_STREAM_WINDOW as usize);

/// The content of one request.
pub struct Content {
    /// `None` only while it is dropped.
    incoming: Option<Incoming>,
    /// On HTTP/2, the connection that reads what is left when this is dropped.
    connection: Option<Rc<Connection>>,
}

impl Content {
    /// What came over `connection`.
    pub fn new(incoming: Incoming, connection: &Rc<Connection>) -> Self {
        let lingers = connection.protocol == Protocol::Http2 && !incoming.is_end_stream();
        Self { incoming: Some(incoming), connection: lingers.then(|| Rc::clone(connection)) }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        self.incoming.as_mut().map_or(Poll::Ready(None), |incoming| Pin::new(incoming).poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        if let (Some(connection), Some(incoming)) = (self.connection.take(), self.incoming.take())
            && !incoming.is_end_stream()
        {
            connection.leave(incoming);
        }
    }
}

/// Content on one HTTP/2 connection that was dropped before its end. Each keeps its stream open, so there are never more
/// than [`portcullis_core::bounds::MAX_H2_STREAMS`].
#[derive(Default)]
pub(super) struct Leftovers(RefCell<State>);

#[derive(Default)]
struct State {
    contents: Vec<Leftover>,
    /// The task of the connection.
    task: Option<Waker>,
}

struct Leftover {
    incoming: Incoming,
    /// Bytes that are still read.
    left: usize,
    /// Until when.
    timer: Timer,
}

impl Leftovers {
    /// Reads and drops `incoming` for at most `span`.
    pub(super) fn leave(&self, incoming: Incoming, timer: Timer, span: Duration) {
        timer.arm(span);
        let mut state = self.0.borrow_mut();
        state.contents.push(Leftover { incoming, left: LEFTOVER_BYTES, timer });
        let task = state.task.take();
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
    }

    /// Reads what has come. Called by the task of the connection.
    pub(super) fn poll(&self, context: &mut Context<'_>) {
        let mut state = self.0.borrow_mut();
        match &mut state.task {
            Some(task) => task.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        if state.contents.is_empty() {
            return;
        }
        let mut contents = std::mem::take(&mut state.contents);
        drop(state); // reading wakes h2, dropping may wake anybody
        contents.retain_mut(|leftover| leftover.poll(context).is_pending());
        self.0.borrow_mut().contents.append(&mut contents);
    }
}

impl Leftover {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.left > 0 {
            match Pin::new(&mut self.incoming).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    let length = frame.data_ref().map_or(0, Bytes::len);
                    self.left = self.left.saturating_sub(length);
                }
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                Poll::Pending => return self.timer.poll_expired(context),
            }
        }
        Poll::Ready(())
    }
}
