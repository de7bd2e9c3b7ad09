//! The content of a request on its way into a stream.

use super::super::upload::RequestBody;
use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::Frame;
use portcullis_core::Stop;
use portcullis_core::bounds::MAX_REPLAY_BYTES;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Request content that can begin again while all that was taken of it is kept: pieces that share their memory, not copies.
pub(in super::super) struct Remembered<B> {
    content: B,
    begun: Vec<Bytes>,
    /// Which of `begun` comes next.
    next: usize,
    bytes: usize,
    is_kept: bool,
    has_ended: bool,
}

impl<B: RequestBody> Remembered<B> {
    pub(in super::super) const fn new(content: B) -> Self {
        Self { content, begun: Vec::new(), next: 0, bytes: 0, is_kept: true, has_ended: false }
    }

    /// Begins again. False where that cannot be done.
    pub(in super::super) fn rewind(&mut self) -> bool {
        self.next = 0;
        self.is_kept
    }

    /// It will not have to begin again.
    fn forget(&mut self) {
        self.is_kept = false;
        if self.next >= self.begun.len() {
            (self.begun, self.next) = (Vec::new(), 0);
        }
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.next >= self.begun.len() && (self.has_ended || self.content.is_end_stream())
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Stop>>> {
        if let Some(piece) = self.begun.get(self.next) {
            self.next = self.next.saturating_add(1);
            return Poll::Ready(Some(Ok(Frame::data(piece.clone()))));
        }
        if self.has_ended {
            return Poll::Ready(None);
        }
        let frame = match ready!(Pin::new(&mut self.content).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => {
                self.has_ended = true;
                return Poll::Ready(None);
            }
        };
        match frame.data_ref() {
            Some(data) => self.keep(data),
            None => self.forget(),
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn keep(&mut self, data: &Bytes) {
        self.bytes = self.bytes.saturating_add(data.len());
        if self.is_kept && self.bytes <= MAX_REPLAY_BYTES {
            self.begun.push(data.clone());
            self.next = self.begun.len();
        } else {
            self.forget();
        }
    }
}

/// Sends content as the upstream takes it.
pub(super) struct Upload<B> {
    stream: SendStream<Bytes>,
    content: Remembered<B>,
    /// Taken from the client, not yet taken by the upstream.
    piece: Option<Bytes>,
    /// Pieces that the upstream had room for.
    pub(super) sent: u64,
    /// The client owes the next piece.
    pub(super) awaits_client: bool,
    pub(super) has_ended: bool,
    /// The upstream took no more before the end.
    pub(super) was_refused: bool,
}

impl<B: RequestBody> Upload<B> {
    pub(super) fn new(stream: SendStream<Bytes>, content: Remembered<B>) -> Self {
        let has_ended = content.is_end_stream(); // said in the head
        Self { stream, content, piece: None, sent: 0, awaits_client: false, has_ended, was_refused: false }
    }

    /// Nothing is sent again.
    pub(super) fn forget(&mut self) {
        self.content.forget();
    }

    pub(super) fn into_content(self) -> Remembered<B> {
        self.content
    }

    /// Ready once nothing more is to be sent, or nothing more is wanted: then the response says why.
    ///
    /// # Errors
    /// What the client's content came to. The stream is reset.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Stop>> {
        if self.has_ended {
            return Poll::Ready(Ok(()));
        }
        let polled = self.poll_sent(cx);
        self.has_ended = polled.is_ready();
        polled
    }

    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Stop>> {
        loop {
            if self.stream.poll_reset(cx).is_ready() {
                self.was_refused = true;
                return Poll::Ready(Ok(()));
            }
            if self.piece.is_some() {
                while self.stream.capacity() == 0 {
                    match ready!(self.stream.poll_capacity(cx)) {
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => {
                            self.was_refused = true;
                            return Poll::Ready(Ok(()));
                        }
                    }
                }
            }
            if let Some(piece) = self.piece.take() {
                let is_last = self.content.is_end_stream();
                self.sent = self.sent.saturating_add(1);
                if self.stream.send_data(piece, is_last).is_err() || is_last {
                    return Poll::Ready(Ok(()));
                }
                continue;
            }
            let frame = self.content.poll_frame(cx);
            self.awaits_client = frame.is_pending();
            match ready!(frame) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) if piece.is_empty() => {}
                    Ok(piece) => {
                        // Asked for with a piece at hand only: room that waits for a slow client is room that others lack.
                        self.stream.reserve_capacity(1);
                        self.piece = Some(piece);
                    }
                    Err(frame) => {
                        if let Ok(trailers) = frame.into_trailers() {
                            self.stream.reserve_capacity(0);
                            let _refused = self.stream.send_trailers(trailers); // the stream has ended: the response says why
                        }
                        return Poll::Ready(Ok(()));
                    }
                },
                Some(Err(stop)) => {
                    self.stream.send_reset(Reason::CANCEL);
                    return Poll::Ready(Err(stop));
                }
                None => {
                    let _refused = self.stream.send_data(Bytes::new(), true);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}
