//! One request and its response on a stream.

use super::super::error::is_fault_of_upstream;
use super::super::pool::Busy;
use super::super::upload::RequestBody;
use super::session::Seat;
use super::upload::{Remembered, Upload};
use super::{is_unprocessed, stop_of};
use crate::wheel::Timer;
use h2::RecvStream;
use h2::client::ResponseFuture;
use http::{Request, Response};
use portcullis_core::bounds::MAX_INTERIM_RESPONSES;
use portcullis_core::{Fault, Reason, Stop};
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// The count of no stream.
const UNSET: u64 = u64::MAX;

/// An open stream. Dropping it before its end resets it.
pub(in super::super) struct Exchange<B: RequestBody> {
    upload: Upload<B>,
    seat: Seat,
    _busy: Busy<B>,
    /// Deadline of whatever the upstream owes next.
    timer: Timer,
    /// What had moved when the deadline was set; [`UNSET`] when it has to be set anew.
    moved: u64,
    /// Frames of the response.
    received: u64,
    interim: u32,
    /// All of the request was handed over before the answer was looked for last.
    is_sent: bool,
    /// What the connection had read when the stream was opened.
    read_before: u64,
}

/// A request that could not be sent: nothing of it was.
pub(in super::super) struct Unsent<B> {
    pub(in super::super) content: Remembered<B>,
    pub(in super::super) stop: Stop,
    /// The connection had ended before: another one may do.
    pub(in super::super) is_closed: bool,
}

/// Why no response came.
pub(in super::super) struct Lost {
    pub(in super::super) stop: Stop,
    /// The upstream says that it did nothing about the request.
    pub(in super::super) is_unprocessed: bool,
    /// The connection ended without a word about this stream.
    pub(in super::super) is_silent: bool,
}

impl From<Stop> for Lost {
    /// For whatever is no word of the upstream about the request.
    fn from(stop: Stop) -> Self {
        Self { stop, is_unprocessed: false, is_silent: false }
    }
}

impl<B: RequestBody> Exchange<B> {
    pub(in super::super) fn send(
        mut seat: Seat,
        busy: Busy<B>,
        head: Request<()>,
        content: Remembered<B>,
        timer: Timer,
    ) -> Result<(Self, ResponseFuture), Unsent<B>> {
        match seat.session().sender().send_request(head, content.is_end_stream()) {
            Ok((response, stream)) => {
                let read_before = seat.session().read();
                let upload = Upload::new(stream, content);
                seat.is_open = true;
                let (moved, received, interim, is_sent) = (UNSET, 0, 0, upload.has_ended);
                let exchange =
                    Self { upload, seat, _busy: busy, timer, moved, received, interim, is_sent, read_before };
                Ok((exchange, response))
            }
            Err(error) => {
                let is_closed = error.is_io() || error.is_go_away();
                Err(Unsent { content, stop: stop_of(error), is_closed })
            }
        }
    }

    /// Sends content and waits for the head of the response.
    pub(in super::super) fn poll_answer(
        &mut self,
        response: &mut ResponseFuture,
        timeout: Duration,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<RecvStream>, Lost>> {
        while let Poll::Ready(Some(Ok(_))) = response.poll_informational(cx) {
            self.interim = self.interim.saturating_add(1);
            if self.interim > MAX_INTERIM_RESPONSES {
                let stop = Stop::from(Fault::new(Reason::UpstreamInterim, "too many interim responses"));
                return Poll::Ready(Err(Lost::from(stop)));
            }
        }
        if let Poll::Ready(answer) = Pin::new(response).poll(cx) {
            return Poll::Ready(match answer {
                Ok(answer) => {
                    self.moved = UNSET;
                    Ok(answer)
                }
                Err(error) => {
                    self.seat.is_open = false; // nothing is left to reset
                    let (is_unprocessed, is_silent) = (is_unprocessed(&error), error.is_io());
                    Err(Lost { stop: stop_of(error), is_unprocessed, is_silent })
                }
            });
        }
        let uploaded = self.poll_upload(cx);
        self.is_sent = self.upload.has_ended && !self.upload.was_refused;
        let stop = match uploaded {
            Err(stop) => stop,
            Ok(()) if self.is_overdue(timeout, cx) => {
                // Not a byte for any exchange: the connection may be dead, and others need not find out one by one.
                if self.seat.session().read() == self.read_before {
                    self.seat.session().retire();
                }
                Stop::fault(Reason::UpstreamTimeout) // not sent again: a slow upstream is not helped by more work
            }
            Ok(()) => return Poll::Pending,
        };
        Poll::Ready(Err(Lost::from(stop)))
    }

    /// Sends what can be sent now.
    ///
    /// # Errors
    /// What the client's content came to.
    pub(super) fn poll_upload(&mut self, cx: &mut Context<'_>) -> Result<(), Stop> {
        match self.upload.poll(cx) {
            Poll::Ready(sent) => sent,
            Poll::Pending => Ok(()),
        }
    }

    /// The response is passed on: nothing is sent again.
    pub(super) fn admitted(&mut self) {
        self.upload.forget();
    }

    /// No more requests on this connection.
    pub(in super::super) fn retire(&self) {
        self.seat.session().retire();
    }

    /// Something of the response has come.
    pub(super) const fn received(&mut self) {
        self.received = self.received.saturating_add(1);
    }

    /// The response is there to its end.
    pub(super) const fn answered(&mut self) {
        self.seat.is_open = !self.upload.has_ended;
    }

    /// The content, for another attempt.
    pub(in super::super) fn into_content(self) -> Remembered<B> {
        self.upload.into_content()
    }

    /// Whether the upstream is to blame for `stop`. It may reset a stream while content is still on its way: that is how content is
    /// refused that is too large for it, a client's choice.
    pub(in super::super) fn is_blamed(&self, stop: &Stop) -> bool {
        is_fault_of_upstream(stop) && (stop.reason() != Reason::UpstreamClosed || self.is_sent)
    }

    /// Whether the upstream owes the next bytes, and not the client.
    pub(in super::super) const fn is_owed(&self) -> bool {
        !self.upload.awaits_client || self.upload.has_ended
    }

    /// Whether the upstream has owed something for longer than `span`; wakes the task when it has. While the client owes the
    /// next bytes of the request the upstream owes nothing.
    pub(super) fn is_overdue(&mut self, span: Duration, cx: &mut Context<'_>) -> bool {
        let moved = self.upload.sent.saturating_add(self.received);
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
}
