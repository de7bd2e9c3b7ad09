//! The content of a response, as it arrives.

use super::upload::RequestBody;
use super::{http1, http2};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use portcullis_core::Stop;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The content of an upstream's response. While it is read it also sends what is left of the request. Dropping it before its
/// end closes the connection, or resets the stream.
pub struct UpstreamBody<B: RequestBody>(Kind<B>);

enum Kind<B: RequestBody> {
    Http1(http1::Content<B>),
    /// In a box: an HTTP/1.1 response does not pay for its size.
    Http2(Box<http2::Content<B>>),
}

impl<B: RequestBody> From<http1::Content<B>> for UpstreamBody<B> {
    fn from(content: http1::Content<B>) -> Self {
        Self(Kind::Http1(content))
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
            Kind::Http1(content) => content.is_end_stream(),
            Kind::Http2(content) => content.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Http1(content) => content.size_hint(),
            Kind::Http2(content) => content.size_hint(),
        }
    }
}

impl<B: RequestBody> fmt::Debug for UpstreamBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamBody").field("size", &self.size_hint()).finish_non_exhaustive()
    }
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
