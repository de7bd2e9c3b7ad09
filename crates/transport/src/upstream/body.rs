//! The content of a response, as it arrives.

use super::error::stop_of;
use super::http2;
use super::pool::Lease;
use super::upload::RequestBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use portcullis_core::{Fault, Reason, Stop};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The content of an upstream's response. While it is read it also sends what is left of the request. Dropping it before its
/// end closes the connection, or resets the stream.
pub struct UpstreamBody<B: RequestBody>(Kind<B>);

enum Kind<B: RequestBody> {
    Http1(Whole<B>),
    /// In a box: an HTTP/1.1 response does not pay for its size.
    Http2(Box<http2::Content<B>>),
}

impl<B: RequestBody> UpstreamBody<B> {
    /// The content that follows a response head.
    pub(super) fn new(incoming: Incoming, lease: Lease<B>, between_bytes: Duration, reusable: bool) -> Self {
        Self(Kind::Http1(Whole::new(incoming, lease, between_bytes, reusable)))
    }
}

impl<B: RequestBody> From<http2::Content<B>> for UpstreamBody<B> {
    fn from(content: http2::Content<B>) -> Self {
        Self(Kind::Http2(Box::new(content)))
    }
}

impl<B: RequestBody> Body for UpstreamBody<B> {
    type Data = Bytes;
    type Error = UpstreamBodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UpstreamBodyError>>> {
        match &mut self.get_mut().0 {
            Kind::Http1(content) => content.poll_frame(cx),
            Kind::Http2(content) => content.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Http1(content) => content.incoming.is_end_stream(),
            Kind::Http2(content) => content.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Http1(content) => content.incoming.size_hint(),
            Kind::Http2(content) => content.size_hint(),
        }
    }
}

impl<B: RequestBody> fmt::Debug for UpstreamBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamBody").field("size", &self.size_hint()).finish_non_exhaustive()
    }
}

/// The content on a connection that it has for itself.
struct Whole<B: RequestBody> {
    incoming: Incoming,
    /// `None` once everything has arrived, or nothing more will.
    lease: Option<Lease<B>>,
    between_bytes: Duration,
    /// Whether the connection may be used again after this response.
    reusable: bool,
}

/// Why content ended before its end: what was sent of it must not look complete (edge/HR10).
#[derive(Debug)]
pub struct UpstreamBodyError(pub Stop);

impl fmt::Display for UpstreamBodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "response content cut: {}", self.0.reason().id())
    }
}

impl std::error::Error for UpstreamBodyError {}

impl<B: RequestBody> Whole<B> {
    fn new(incoming: Incoming, lease: Lease<B>, between_bytes: Duration, reusable: bool) -> Self {
        let mut body = Self { incoming, lease: Some(lease), between_bytes, reusable };
        body.settle(false);
        body
    }

    /// Lets go of the connection when it has nothing more to do for this response: what has arrived does not need it.
    fn settle(&mut self, content_ended: bool) {
        let Some(lease) = &self.lease else { return };
        let clean = lease.link.is_clean();
        if (clean || content_ended)
            && let Some(lease) = self.lease.take()
            && clean
            && self.reusable
        {
            lease.release();
        }
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UpstreamBodyError>>> {
        let incoming = Pin::new(&mut self.incoming);
        let Some(lease) = &mut self.lease else {
            let frame = ready!(incoming.poll_frame(cx));
            return Poll::Ready(frame.map(|frame| frame.map_err(|error| fault(Reason::UpstreamClosed, error))));
        };
        let link = &mut lease.link;
        if link.poll(cx) {
            link.close(); // content that has not arrived becomes an error, whatever hyper made of the end
        }
        match link.quietly(|cx| incoming.poll_frame(cx)) {
            Poll::Ready(Some(Ok(frame))) => {
                link.begin_wait();
                self.settle(false);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                let stop = stop_of(link.watch(), error);
                self.lease = None;
                Poll::Ready(Some(Err(UpstreamBodyError(stop))))
            }
            Poll::Ready(None) => {
                self.settle(true);
                Poll::Ready(None)
            }
            Poll::Pending => {
                let moved = link.watch().moved();
                if link.is_overdue(cx, self.between_bytes, moved) {
                    self.lease = None;
                    return Poll::Ready(Some(Err(UpstreamBodyError(Stop::fault(Reason::UpstreamTimeout)))));
                }
                Poll::Pending
            }
        }
    }
}

fn fault(reason: Reason, error: hyper::Error) -> UpstreamBodyError {
    UpstreamBodyError(Fault::new(reason, error).into())
}
