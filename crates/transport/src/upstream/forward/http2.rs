//! The attempts of a request to an HTTP/2 upstream.

use super::super::error::{Failed, is_fault_of_upstream};
use super::super::http2::{Content, Exchange, Lost, Remembered, Unsent, head};
use super::super::judge::judge;
use super::super::standing::Attempted;
use super::super::upload::RequestBody;
use super::{Answer, Chosen, Course, Forwarded, Miss, misdirected};
use h2::RecvStream;
use http::{Method, Response};
use portcullis_core::bounds::MAX_UPSTREAM_HEADER_FIELDS;
use portcullis_core::{Fault, Reason, Stop};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

impl<B: RequestBody> Course<'_, B> {
    pub(super) async fn run_http2(mut self) -> Result<Answer<B>, Failed> {
        let mut chosen = self.first()?;
        let unknown = || Stop::fault(Reason::Internal);
        let Some(content) = self.content.take() else { return Err(self.failed(chosen.index, unknown(), false)) };
        let (parts, ()) = std::mem::take(&mut self.head).into_parts();
        let is_head = parts.method == Method::HEAD;
        let mut content = Remembered::new(content);
        let Some(head) = head(parts, self.upstream.tls.is_some()) else {
            return Err(self.failed(chosen.index, unknown(), false));
        };
        let view = Rc::clone(&self.view);
        loop {
            let Chosen { index, busy, claim, at, .. } = chosen;
            let Some(target) = view.targets.get(index) else { return Err(self.failed(index, unknown(), false)) };
            let seat = match busy.slot().sessions.seat(self.pools, self.upstream, target).await {
                Ok(seat) => seat,
                Err(stop) => {
                    let blamed = is_fault_of_upstream(&stop);
                    if blamed {
                        self.upstream.note(&view.targets, index, claim, Attempted::Refused);
                    }
                    chosen = self.next(index, Miss { stop, blamed, repeatable: true, kept: false })?;
                    continue;
                }
            };
            let kept = seat.was_kept;
            let sent = Exchange::send(seat, busy, head.clone(), content, self.pools.wheel.timer());
            let (mut exchange, mut response) = match sent {
                Ok(sent) => sent,
                Err(Unsent { content: unsent, stop, is_closed }) => {
                    content = unsent;
                    chosen = self.next(index, Miss { stop, blamed: false, repeatable: is_closed, kept })?;
                    continue;
                }
            };
            let timeout = self.upstream.timeouts.response;
            let answer = poll_fn(|cx| match exchange.poll_answer(&mut response, timeout, cx) {
                // Whoever waits for us would only give up, and nobody would know whose fault it was.
                Poll::Pending if self.deadline.is_expired() && exchange.is_owed() => {
                    Poll::Ready(Err(Lost::from(Stop::fault(Reason::ExchangeTimeout))))
                }
                polled => polled,
            });
            let miss = match answer.await {
                Ok(response) if self.is_misdirected(response.status()) => {
                    exchange.retire();
                    Miss { stop: misdirected(), blamed: false, repeatable: true, kept: true }
                }
                Ok(response) => {
                    let status = response.status();
                    if let Some(slot) = view.slots.get(index) {
                        self.time(slot, at, !status.is_server_error());
                    }
                    let judged = self.judged_http2(exchange, response, is_head);
                    return self.answered(judged, status, index, claim);
                }
                Err(lost) => {
                    let blamed = exchange.is_blamed(&lost.stop);
                    if blamed && !lost.is_unprocessed && !(lost.is_silent && kept) {
                        self.upstream.note(&view.targets, index, claim, Attempted::Failed);
                    }
                    // What the upstream has done nothing about may be sent again whatever it is (RFC 9113 §8.7).
                    let repeatable = lost.is_unprocessed || (lost.is_silent && self.repeatable);
                    Miss { stop: lost.stop, blamed, repeatable, kept: kept || lost.is_unprocessed }
                }
            };
            content = exchange.into_content();
            let repeatable = miss.repeatable && content.rewind();
            chosen = self.next(index, Miss { repeatable, ..miss })?;
        }
    }

    /// Judges the response. Where it fails, its stream is reset.
    fn judged_http2(
        &self,
        exchange: Exchange<B>,
        response: Response<RecvStream>,
        is_head: bool,
    ) -> Result<Forwarded<B>, Stop> {
        let (parts, recv) = response.into_parts();
        let judged = if parts.headers.len() > MAX_UPSTREAM_HEADER_FIELDS {
            Err((Reason::UpstreamMalformed, "too many header fields"))
        } else {
            judge(parts.status, &parts.headers, false).map(drop) // h2 keeps to the bound of the head
        };
        judged.map_err(|(reason, detail)| Fault::new(reason, detail))?;
        let span = self.upstream.timeouts.between_bytes;
        let content = Content::new(recv, parts.status, &parts.headers, is_head, exchange, span);
        Ok(Forwarded::Response(Response::from_parts(parts, content.into())))
    }
}
