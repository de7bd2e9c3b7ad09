//! The content of a response, as it arrives.

use super::super::body::UpstreamBodyError;
use super::super::upload::RequestBody;
use super::exchange::Exchange;
use super::stop_of;
use bytes::Bytes;
use h2::RecvStream;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use http_body::{Frame, SizeHint};
use portcullis_core::{Reason, Stop};
use std::task::{Context, Poll};
use std::time::Duration;

/// The content of a response on a stream. h2 holds it to its `content-length`.
pub(in super::super) struct Content<B: RequestBody> {
    recv: RecvStream,
    /// `None` once the response is there to its end.
    exchange: Option<Exchange<B>>,
    between_bytes: Duration,
    at: At,
    /// What is still to come by the response's own word.
    left: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Data,
    Trailers,
    End,
}

impl<B: RequestBody> Content<B> {
    /// What follows a response head. `is_head`: the request was HEAD, and nothing may follow.
    pub(in super::super) fn new(
        recv: RecvStream,
        status: StatusCode,
        headers: &HeaderMap,
        is_head: bool,
        mut exchange: Exchange<B>,
        between_bytes: Duration,
    ) -> Self {
        exchange.admitted();
        let has_none = is_head || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let left = if has_none { Some(0) } else { length };
        let mut content = Self { recv, exchange: Some(exchange), between_bytes, at: At::Data, left };
        if content.recv.is_end_stream() {
            content.end();
        } else if has_none {
            // Whatever the upstream sends after it is nobody's (edge/HR4): the stream is reset.
            (content.at, content.exchange) = (At::End, None);
        }
        content
    }

    fn end(&mut self) {
        self.at = At::End;
        if let Some(mut exchange) = self.exchange.take() {
            exchange.answered();
        }
    }

    fn cut(&mut self, stop: Stop) -> Poll<Option<Result<Frame<Bytes>, UpstreamBodyError>>> {
        (self.at, self.exchange) = (At::End, None);
        Poll::Ready(Some(Err(UpstreamBodyError(stop))))
    }

    fn failed(&mut self, error: h2::Error) -> Poll<Option<Result<Frame<Bytes>, UpstreamBodyError>>> {
        if let Some(exchange) = &mut self.exchange {
            exchange.answered(); // nothing of the response is left to reset
        }
        self.cut(stop_of(error))
    }

    pub(in super::super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UpstreamBodyError>>> {
        if let Some(Err(stop)) = self.exchange.as_mut().map(|exchange| exchange.poll_upload(cx)) {
            return self.cut(stop);
        }
        loop {
            let frame = match self.at {
                At::End => return Poll::Ready(None),
                At::Data => match self.recv.poll_data(cx) {
                    Poll::Ready(Some(Ok(data))) => Some(Frame::data(self.took(data))),
                    Poll::Ready(Some(Err(error))) => return self.failed(error),
                    Poll::Ready(None) => {
                        self.at = At::Trailers;
                        continue;
                    }
                    Poll::Pending => None,
                },
                At::Trailers => match self.recv.poll_trailers(cx) {
                    Poll::Ready(Ok(trailers)) => {
                        self.end();
                        return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
                    }
                    Poll::Ready(Err(error)) => return self.failed(error),
                    Poll::Pending => None,
                },
            };
            let (span, exchange) = (self.between_bytes, self.exchange.as_mut());
            match frame {
                Some(frame) => {
                    exchange.into_iter().for_each(Exchange::received);
                    if self.recv.is_end_stream() {
                        self.end();
                    } else if frame.data_ref().is_some_and(Bytes::is_empty) {
                        continue;
                    }
                    return Poll::Ready(Some(Ok(frame)));
                }
                None if exchange.is_some_and(|exchange| exchange.is_overdue(span, cx)) => {
                    return self.cut(Stop::fault(Reason::UpstreamTimeout));
                }
                None => return Poll::Pending,
            }
        }
    }

    /// Gives the upstream room for as much again: what is taken here is passed on before more is asked for.
    fn took(&mut self, data: Bytes) -> Bytes {
        let _closed = self.recv.flow_control().release_capacity(data.len()); // no room is needed on a stream that has ended
        self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
        data
    }

    pub(in super::super) fn is_end_stream(&self) -> bool {
        self.at == At::End
    }

    pub(in super::super) fn size_hint(&self) -> SizeHint {
        match self.left {
            _ if self.at == At::End => SizeHint::with_exact(0),
            Some(left) => SizeHint::with_exact(left),
            None => SizeHint::default(),
        }
    }
}
