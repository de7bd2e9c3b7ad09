//! The content of a request on its way to an upstream.

use super::io::{Progress, Watch};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Empty, Full};
use portcullis_core::Stop;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Request content that may be sent a second time.
pub trait Replay: Sized {
    /// The same content again, where it is at hand: none at all, or held whole. `None` for content that streams.
    fn replay(&self) -> Option<Self>;
}

impl Replay for Empty<Bytes> {
    fn replay(&self) -> Option<Self> {
        Some(Self::new())
    }
}

impl Replay for Full<Bytes> {
    fn replay(&self) -> Option<Self> {
        Some(self.clone())
    }
}

/// What [`forward`](super::forward) sends as the content of a request. Its error is the client's, and is carried through.
pub trait RequestBody: Body<Data = Bytes, Error: Into<Stop>> + Replay + Unpin + 'static {}

impl<B: Body<Data = Bytes, Error: Into<Stop>> + Replay + Unpin + 'static> RequestBody for B {}

/// The content as hyper sees it: its errors stay with us, and it says when it waits for the client.
pub(super) struct Upload<B> {
    content: B,
    watch: Option<Rc<Watch>>,
}

impl<B> Upload<B> {
    pub(super) const fn new(content: B) -> Self {
        Self { content, watch: None }
    }
}

impl<B: RequestBody> Upload<B> {
    /// The content without its observer.
    pub(super) fn into_content(self) -> B {
        self.content
    }

    /// Reports to the connection that it is sent on.
    pub(super) fn attach(&mut self, watch: Rc<Watch>) {
        if self.content.is_end_stream() {
            watch.upload.set(Progress::Done);
        }
        self.watch = Some(watch);
    }
}

impl<B: Replay> Replay for Upload<B> {
    fn replay(&self) -> Option<Self> {
        self.content.replay().map(Self::new)
    }
}

/// Stands for the client's error inside hyper; the error itself waits in the [`Watch`].
#[derive(Debug)]
pub(super) struct ClientFailed;

impl fmt::Display for ClientFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client's content failed")
    }
}

impl std::error::Error for ClientFailed {}

impl<B: RequestBody> Body for Upload<B> {
    type Data = Bytes;
    type Error = ClientFailed;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ClientFailed>>> {
        let polled = Pin::new(&mut self.content).poll_frame(cx);
        let Some(watch) = &self.watch else { return polled.map_err(|_| ClientFailed) };
        watch.upload.set(match &polled {
            Poll::Pending => Progress::AwaitsClient,
            Poll::Ready(None) => Progress::Done,
            Poll::Ready(Some(Ok(_))) if self.content.is_end_stream() => Progress::Done,
            Poll::Ready(Some(_)) => Progress::Moving,
        });
        polled.map_err(|error| {
            *watch.client_failed.borrow_mut() = Some(error.into());
            ClientFailed
        })
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}
