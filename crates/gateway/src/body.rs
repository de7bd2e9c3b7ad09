//! Bodies on both sides: what the client sends, watched; what the client gets, which owns the exchange.

mod budget;
mod held;

pub use budget::{Budget, Share};
pub use held::{FromUpstream, Held};

use crate::exchange::{Exchange, Upload};
use crate::inventory;
use crate::snapshot::Pinned;
use crate::{contract, errors};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use portcullis_core::bounds::{MAX_UPSTREAM_HEADER_FIELDS, MIN_BODY_RATE};
use portcullis_core::{Reason, Stop, Verdict};
use portcullis_transport::drive::{Content as ClientContent, broken_content, has_left};
use portcullis_transport::upstream::{Replay, UpstreamBody};
use portcullis_transport::wheel::Timer;
use portcullis_transport::{fields, harden};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The response's body. Its end, its error or its drop closes the record, exactly once.
pub struct ExchangeBody {
    content: Content,
    exchange: Option<Box<Exchange>>,
}

enum Content {
    Whole(Option<Bytes>),
    Upstream(UpstreamBody<RequestBody>),
    Held(Held),
}

/// Why a response was cut.
#[derive(Debug, thiserror::Error)]
#[error("response cut: {}", .0.id())]
pub struct Cut(pub Reason);

impl ExchangeBody {
    /// An answer of our own; an empty one has no content.
    pub fn whole(content: Bytes, exchange: Box<Exchange>) -> Self {
        Self { content: Content::Whole(Some(content).filter(|content| !content.is_empty())), exchange: Some(exchange) }
    }

    /// No content and no exchange: it lives on elsewhere.
    pub const fn none() -> Self {
        Self { content: Content::Whole(None), exchange: None }
    }

    /// What the upstream sends.
    pub fn upstream(body: FromUpstream, mut exchange: Box<Exchange>) -> Self {
        let content = match body {
            FromUpstream::Streamed(body) => Content::Upstream(body),
            FromUpstream::Held(held) => Content::Held(held),
        };
        if matches!(&content, Content::Upstream(body) if body.is_end_stream()) {
            exchange.record.verdict = Verdict::Allow; // nothing is left that could be cut
        }
        Self { content, exchange: Some(exchange) }
    }

    /// The whole of the response was handed over: the record closes.
    fn finish(&mut self) {
        let Some(mut exchange) = self.exchange.take() else { return };
        errors::conclude(&mut exchange);
        contract::conclude(&mut exchange);
        if exchange.record.verdict == Verdict::Abandoned {
            exchange.record.verdict = Verdict::Allow;
        }
    }

    fn cut(&mut self, stop: &Stop) -> Cut {
        let mut reason = stop.reason();
        if let Some(mut exchange) = self.exchange.take() {
            match exchange.upload.as_ref().and_then(|upload| upload.failed.get()) {
                Some(client) => {
                    reason = client;
                    exchange.stopped(&Stop::Deny(client));
                }
                None => exchange.stopped(stop),
            }
        }
        Cut(reason)
    }

    fn poll_upstream(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        // First, because content that is always there would never let it be seen (edge/S8).
        if self.exchange.as_ref().and_then(|exchange| exchange.deadline.as_ref()).is_some_and(Timer::is_expired) {
            return Poll::Ready(Some(Err(self.cut(&Stop::fault(Reason::ExchangeTimeout)))));
        }
        let Content::Upstream(body) = &mut self.content else { return Poll::Ready(None) };
        match Pin::new(&mut *body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let ended = body.is_end_stream();
                let frame = match frame.into_trailers() {
                    Ok(trailers) => return self.pass_trailers(trailers),
                    Err(frame) => frame,
                };
                if let (Some(exchange), Some(data)) = (&mut self.exchange, frame.data_ref()) {
                    exchange.record.bytes_out = exchange.record.bytes_out.saturating_add(data.len() as u64);
                    errors::watch(exchange, data);
                    contract::watch(exchange, data);
                    inventory::watch(exchange, data);
                }
                if ended {
                    self.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(None) => {
                self.finish();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(self.cut(&error.0)))),
            Poll::Pending => {
                let deadline = self.exchange.as_ref().and_then(|exchange| exchange.deadline.as_ref());
                let Some(deadline) = deadline else { return Poll::Pending };
                ready!(deadline.poll_expired(context));
                Poll::Ready(Some(Err(self.cut(&Stop::fault(Reason::ExchangeTimeout)))))
            }
        }
    }

    /// The last of a response.
    fn pass_trailers(&mut self, mut trailers: HeaderMap) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if trailers.len() > MAX_UPSTREAM_HEADER_FIELDS {
            return Poll::Ready(Some(Err(self.cut(&Stop::fault(Reason::UpstreamMalformed)))));
        }
        harden::strip_trailers(&mut trailers);
        self.finish();
        Poll::Ready((!trailers.is_empty()).then(|| Ok(Frame::trailers(trailers))))
    }
}

impl Body for ExchangeBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = &mut *self;
        match &mut this.content {
            Content::Whole(content) => {
                let content = content.take();
                if let (Some(exchange), Some(content)) = (&mut this.exchange, &content) {
                    exchange.record.bytes_out = content.len() as u64;
                }
                this.finish();
                Poll::Ready(content.map(|content| Ok(Frame::data(content))))
            }
            Content::Upstream(_) => this.poll_upstream(context),
            Content::Held(held) => {
                let frame = match held.next().map(Frame::into_trailers) {
                    Some(Ok(trailers)) => return this.pass_trailers(trailers),
                    Some(Err(frame)) => Some(frame),
                    None => None,
                };
                if let (Some(exchange), Some(data)) = (&mut this.exchange, frame.as_ref().and_then(Frame::data_ref)) {
                    exchange.record.bytes_out = data.len() as u64;
                }
                if this.is_end_stream() {
                    this.finish();
                }
                Poll::Ready(frame.map(Ok))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(content) => content.is_none(),
            Content::Upstream(body) => body.is_end_stream(),
            Content::Held(held) => held.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(content) => SizeHint::with_exact(content.as_ref().map_or(0, |content| content.len() as u64)),
            Content::Upstream(body) => body.size_hint(),
            Content::Held(held) => held.size_hint(),
        }
    }
}

/// The client's content on its way upstream: counted, bounded, never silent for longer than its idle time.
pub enum RequestBody {
    /// None was sent.
    Empty,
    /// As it comes.
    Streamed(Box<Streamed>),
    /// All of it arrived, and was looked at.
    Held(Whole),
}

/// Content of a request that was read to its end. It stays charged until the exchange no longer needs it.
pub struct Whole {
    content: Bytes,
    share: Rc<Share>,
}

impl Replay for RequestBody {
    /// Content that streams is gone once it was sent.
    fn replay(&self) -> Option<Self> {
        match self {
            Self::Empty => Some(Self::Empty),
            Self::Streamed(_) => None,
            Self::Held(Whole { content, share }) => {
                Some(Self::Held(Whole { content: content.clone(), share: Rc::clone(share) }))
            }
        }
    }
}

/// A request body under its bounds.
pub struct Streamed {
    incoming: ClientContent,
    max_bytes: u64,
    timer: Timer,
    patience: Patience,
    /// How much longer may be waited for the client in all; bytes add to it.
    credit: Duration,
    /// Since when it is waited for the client. Content that lies there because the upstream is slow costs no credit.
    waiting_since: Option<Duration>,
    upload: Rc<Upload>,
    /// Whether a trailer section is passed on, and by whose rules.
    trailers: Option<Pinned>,
}

/// How long content is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Without a byte.
    pub idle: Duration,
    /// With less than [`MIN_BODY_RATE`], after a grace of half of it. `None`: a stream, where long silence is in order.
    pub slow: Option<Duration>,
}

/// Why the client's content was not taken. Becomes the refusal, never a fault of the upstream.
#[derive(Debug, thiserror::Error)]
#[error("client content refused: {}", .0.id())]
pub struct ContentError(pub Reason);

impl From<ContentError> for Stop {
    fn from(error: ContentError) -> Self {
        Self::Deny(error.0)
    }
}

impl RequestBody {
    /// `incoming` under `max_bytes`, waited for with `patience`.
    pub fn new(incoming: ClientContent, max_bytes: u64, timer: Timer, patience: Patience, upload: Rc<Upload>) -> Self {
        let credit =
            patience.slow.map_or(Duration::MAX, |slow| slow.saturating_add(slow.checked_div(2).unwrap_or(slow)));
        let waiting_since = None;
        let trailers = None;
        let streamed = Streamed { incoming, max_bytes, timer, patience, credit, waiting_since, upload, trailers };
        Self::Streamed(Box::new(streamed))
    }

    /// Content that was looked at; `share` covers it.
    pub fn held(content: Vec<u8>, share: Share) -> Self {
        if content.is_empty() {
            Self::Empty
        } else {
            Self::Held(Whole { content: content.into(), share: Rc::new(share) })
        }
    }

    /// Reads all of it into memory. A trailer section is dropped: nobody looked at it.
    ///
    /// # Errors
    /// What the client did wrong; or there is no memory for it.
    pub async fn read(self, share: &mut Share) -> Result<Vec<u8>, Stop> {
        let mut streamed = match self {
            Self::Empty => return Ok(Vec::new()),
            Self::Held(Whole { content, .. }) => return Ok(content.into()),
            Self::Streamed(streamed) => streamed,
        };
        streamed.trailers = None;
        let announced = streamed.incoming.size_hint().exact().unwrap_or_default();
        let mut content = Vec::new();
        while let Some(frame) = std::future::poll_fn(|context| streamed.poll(context)).await {
            let Ok(data) = frame?.into_data() else { continue };
            let length = content.len().saturating_add(data.len());
            share.cover(length as u64)?;
            if content.capacity() < length {
                // As much as is charged, so that growing does not copy time and again; never what is only announced.
                let room = share.bytes().min(announced.max(length as u64));
                content.reserve_exact(usize::try_from(room).unwrap_or(length).saturating_sub(content.len()));
            }
            content.extend_from_slice(&data);
        }
        Ok(content)
    }

    /// Passes a trailer section on, cleaned by the rules of `snapshot`: to an upstream that can take it.
    pub fn pass_trailers(&mut self, snapshot: &Pinned) {
        if let Self::Streamed(streamed) = self {
            streamed.trailers = Some(Pinned::clone(snapshot));
        }
    }
}

/// What `credit` is after `waited`, and then `bytes`: a leaky bucket that holds `slow`, whatever it began with.
fn credit(credit: Duration, waited: Duration, bytes: usize, slow: Duration) -> Duration {
    let left = credit.saturating_sub(waited);
    let earned = Duration::from_secs(bytes as u64).checked_div(MIN_BODY_RATE).unwrap_or_default();
    left.max(left.saturating_add(earned).min(slow))
}

impl Streamed {
    /// The content ends here. A trailer section goes to HTTP/2 upstreams only: in HTTP/1.1 it would have had to be announced, and
    /// those who merge it into the head take it for more than it is (RFC 9110 §6.5.1).
    fn end(&self, frame: Frame<Bytes>) -> Poll<Option<Result<Frame<Bytes>, ContentError>>> {
        let (Some(snapshot), Ok(mut trailers)) = (&self.trailers, frame.into_trailers()) else {
            return Poll::Ready(None);
        };
        match fields::clean_trailers(&mut trailers, &snapshot.head.fields) {
            Ok(()) if trailers.is_empty() => Poll::Ready(None),
            Ok(()) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Err(stop) => self.refuse(stop.reason()),
        }
    }

    fn refuse(&self, reason: Reason) -> Poll<Option<Result<Frame<Bytes>, ContentError>>> {
        self.upload.failed.set(Some(reason));
        Poll::Ready(Some(Err(ContentError(reason))))
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ContentError>>> {
        match Pin::new(&mut self.incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let waited =
                    self.waiting_since.take().map_or(Duration::ZERO, |since| self.timer.now().saturating_sub(since));
                if let Some(slow) = self.patience.slow {
                    // The timer is coarse: it never comes to it where a byte arrives within each of its ticks.
                    if waited > self.credit {
                        return self.refuse(Reason::BodyTimeout);
                    }
                    let bytes = frame.data_ref().map_or(0, Bytes::len);
                    self.credit = credit(self.credit, waited, bytes, slow);
                }
                let data = match frame.into_data() {
                    Ok(data) => data,
                    Err(frame) => return self.end(frame),
                };
                let taken = self.upload.bytes.get().saturating_add(data.len() as u64);
                self.upload.bytes.set(taken);
                if taken > self.max_bytes {
                    return self.refuse(Reason::BodyTooLarge);
                }
                if let Some(seen) = &mut *self.upload.seen.borrow_mut() {
                    seen.add(&data);
                }
                if let Some(kept) = self.upload.kept.borrow_mut().as_mut() {
                    inventory::keep(kept, &data);
                }
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Poll::Ready(Some(Err(error))) => {
                self.upload.left.set(has_left(&error));
                self.refuse(broken_content(&error))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                if self.waiting_since.is_none() {
                    self.waiting_since = Some(self.timer.now());
                    self.timer.arm(self.patience.idle.min(self.credit));
                }
                if self.timer.poll_expired(context).is_ready() {
                    return self.refuse(Reason::BodyTimeout);
                }
                Poll::Pending
            }
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = ContentError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ContentError>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Streamed(streamed) => streamed.poll(context),
            Self::Held(whole) => {
                let content = std::mem::take(&mut whole.content);
                Poll::Ready((!content.is_empty()).then(|| Ok(Frame::data(content))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Streamed(streamed) => streamed.incoming.is_end_stream(),
            Self::Held(whole) => whole.content.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Streamed(streamed) => streamed.incoming.size_hint(),
            Self::Held(whole) => SizeHint::with_exact(whole.content.len() as u64),
        }
    }
}

#[cfg(test)]
mod tests;
