//! The content of a response, as it arrives.

use super::decoder::Decoder;
use crate::upstream::body::UpstreamBodyError;
use crate::upstream::judge::Framing;
use crate::upstream::pool::Lease;
use crate::upstream::upload::RequestBody;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use portcullis_core::{Reason, Stop};
use std::task::{Context, Poll};
use std::time::Duration;

/// The content of a response, and the connection that it comes from.
pub(in crate::upstream) struct Content<B: RequestBody> {
    decoder: Decoder,
    /// What was read and not given on.
    unread: Bytes,
    /// `None` once everything has arrived, or nothing more will.
    lease: Option<Lease<B>>,
    between_bytes: Duration,
    /// Whether the connection may be used again after this response.
    reusable: bool,
}

impl<B: RequestBody> Content<B> {
    /// What follows a head; `unread` was read with it. Without `framing` nothing may follow.
    pub(in crate::upstream) fn new(
        framing: Option<Framing>,
        unread: Bytes,
        lease: Lease<B>,
        between_bytes: Duration,
        reusable: bool,
    ) -> Self {
        let mut content = Self { decoder: Decoder::new(framing), unread, lease: Some(lease), between_bytes, reusable };
        content.settle();
        content
    }

    /// Gives the connection back when it has nothing more to do for this response: what has arrived does not need it. Bytes that
    /// are not of the response are nobody's (edge/HR3): their connection is closed at the end.
    fn settle(&mut self) {
        if self.reusable
            && self.decoder.is_exactly(&self.unread)
            && let Some(lease) = self.lease.take_if(|lease| lease.link.is_clean())
        {
            lease.release();
        }
    }

    fn cut(&mut self, stop: Stop) -> Poll<Option<Result<Frame<Bytes>, UpstreamBodyError>>> {
        (self.decoder, self.lease) = (Decoder::Ended, None);
        Poll::Ready(Some(Err(UpstreamBodyError(stop))))
    }

    pub(in crate::upstream) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UpstreamBodyError>>> {
        if let Some(Err(stop)) = self.lease.as_mut().map(|lease| lease.link.poll_upload(cx)) {
            return self.cut(stop);
        }
        loop {
            match self.decoder.next(&mut self.unread) {
                Err(stop) => return self.cut(stop),
                Ok(Some(frame)) => {
                    self.lease.iter_mut().for_each(|lease| lease.link.begin_wait());
                    self.settle();
                    return Poll::Ready(Some(Ok(frame)));
                }
                Ok(None) if self.decoder.has_ended() => {
                    self.settle();
                    self.lease = None;
                    return Poll::Ready(None);
                }
                Ok(None) => {}
            }
            let Some(lease) = &mut self.lease else { return self.cut(Stop::fault(Reason::Internal)) };
            match lease.link.poll_read(cx) {
                Poll::Ready(Ok(bytes)) if bytes.is_empty() => {
                    self.lease = None;
                    if let Err(stop) = self.decoder.end() {
                        return self.cut(stop);
                    }
                }
                Poll::Ready(Ok(bytes)) => self.unread = bytes,
                Poll::Ready(Err(stop)) => return self.cut(stop),
                Poll::Pending => {
                    let moved = lease.link.moved();
                    if lease.link.is_overdue(cx, self.between_bytes, moved) {
                        return self.cut(Stop::fault(Reason::UpstreamTimeout));
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    pub(in crate::upstream) const fn is_end_stream(&self) -> bool {
        self.decoder.has_ended()
    }

    pub(in crate::upstream) fn size_hint(&self) -> SizeHint {
        self.decoder.size_hint()
    }
}
