//! A request on its way to an upstream.

use super::encode::{self, Framing};
use super::outgoing::Outgoing;
use crate::upstream::io::UpstreamIo;
use crate::upstream::upload::RequestBody;
use bytes::Bytes;
use http::Request;
use portcullis_core::{Fault, Reason, Stop};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite as _;

/// Sends a request as the upstream takes it.
pub(super) struct Upload<B> {
    /// `None` once it has ended.
    content: Option<B>,
    framing: Framing,
    out: Outgoing,
    state: State,
    /// Content was asked for, so that it is not whole any more.
    is_touched: bool,
    /// Bytes of the request that were written.
    pub(super) written: u64,
    /// The client owes the next bytes: the upstream cannot be blamed for waiting.
    pub(super) awaits_client: bool,
    /// All of the content was taken from the client, or there is none.
    pub(super) has_ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was encoded.
    Waiting,
    Sending,
    /// Everything is written.
    Sent,
    /// The upstream takes no more: its response says why, if one comes.
    Refused,
}

impl<B: RequestBody> Upload<B> {
    /// Of a request whose head comes later.
    pub(super) fn new(content: B) -> Self {
        let has_ended = content.is_end_stream();
        Self { content: Some(content), state: State::Waiting, has_ended, ..Self::idle() }
    }

    /// Of no request.
    pub(super) fn idle() -> Self {
        Self {
            content: None,
            framing: Framing::Length(0),
            out: Outgoing::default(),
            state: State::Sent,
            is_touched: false,
            written: 0,
            awaits_client: false,
            has_ended: false,
        }
    }

    pub(super) fn has_begun(&self) -> bool {
        self.state != State::Waiting
    }

    /// Everything was written.
    pub(super) fn is_sent(&self) -> bool {
        self.state == State::Sent
    }

    /// The content, where nothing of the request was written and nothing of the content is gone.
    pub(super) fn take_unsent(&mut self) -> Option<B> {
        if self.written == 0 && !self.is_touched { self.content.take() } else { None }
    }

    /// Encodes the head.
    ///
    /// # Errors
    /// A head that does not frame its content in one way.
    pub(super) fn begin(&mut self, head: &Request<()>) -> Result<(), Stop> {
        self.state = State::Sending;
        let exact = self
            .content
            .as_ref()
            .map_or(Some(0), |content| if content.is_end_stream() { Some(0) } else { content.size_hint().exact() });
        self.framing = encode::head(head, exact, self.out.framed())?;
        self.has_ended = self.framing == Framing::Length(0); // the content stays, whole, for another attempt
        Ok(())
    }

    /// Sends what can be sent now.
    ///
    /// # Errors
    /// What the client's content came to.
    pub(super) fn poll(&mut self, io: &mut UpstreamIo, cx: &mut Context<'_>) -> Result<(), Stop> {
        if self.state != State::Sending {
            return Ok(());
        }
        loop {
            self.fill(cx)?;
            if self.out.is_empty() {
                break;
            }
            match self.out.poll_write(io, cx) {
                Poll::Ready(Ok(written)) if written > 0 => self.written = self.written.saturating_add(written as u64),
                Poll::Ready(_) => {
                    self.refuse();
                    return Ok(());
                }
                Poll::Pending => return Ok(()),
            }
        }
        match Pin::new(io).poll_flush(cx) {
            Poll::Ready(Ok(())) if self.has_ended => self.state = State::Sent,
            Poll::Ready(Err(_)) => self.refuse(),
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        Ok(())
    }

    fn refuse(&mut self) {
        (self.state, self.awaits_client) = (State::Refused, false);
        self.out.clear();
    }

    /// Takes content from the client while there is room for it.
    fn fill(&mut self, cx: &mut Context<'_>) -> Result<(), Stop> {
        while !self.has_ended && self.out.has_room() {
            let Some(content) = &mut self.content else { return self.end() };
            if content.is_end_stream() {
                return self.end();
            }
            let polled = Pin::new(content).poll_frame(cx);
            self.awaits_client = polled.is_pending() && self.out.is_empty();
            let Poll::Ready(frame) = polled else { return Ok(()) };
            self.is_touched = true;
            match frame.transpose().map_err(Into::into)?.map(http_body::Frame::into_data) {
                Some(Ok(data)) => self.encode(data)?,
                // A trailer section would have had to be announced: it ends here.
                Some(Err(_)) | None => return self.end(),
            }
        }
        Ok(())
    }

    fn encode(&mut self, data: Bytes) -> Result<(), Stop> {
        if data.is_empty() {
            return Ok(()); // as a chunk it would be the last one
        }
        match &mut self.framing {
            Framing::Chunked => self.out.chunk(data),
            Framing::Length(left) => {
                *left = left.checked_sub(data.len() as u64).ok_or_else(other_length)?;
                self.has_ended = *left == 0;
                self.out.content(data);
            }
        }
        if self.has_ended {
            self.content = None;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stop> {
        match self.framing {
            Framing::Chunked => self.out.framed().extend_from_slice(b"0\r\n\r\n"),
            Framing::Length(0) => {}
            Framing::Length(_) => return Err(other_length()),
        }
        (self.content, self.has_ended, self.awaits_client) = (None, true, false);
        Ok(())
    }
}

/// The message would end elsewhere than it says.
fn other_length() -> Stop {
    Fault::new(Reason::Internal, "content of another length than its head says").into()
}

#[cfg(test)]
mod tests;
