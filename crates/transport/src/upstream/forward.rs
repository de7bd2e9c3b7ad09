//! One request to one upstream: choose, connect, send, judge, and repeat where that is safe.

use super::body::UpstreamBody;
use super::compiled::Compiled;
use super::error::{Failed, stop_of};
use super::io::UpstreamIo;
use super::judge::judge;
use super::link::Link;
use super::pool::{Busy, Lease, Pools, View};
use super::upload::{Replay, RequestBody, Upload};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use portcullis_core::bounds::MAX_HEADER_FIELDS;
use portcullis_core::{Fault, Reason, Stop};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

/// Attempts for one request: the first and two more.
const MAX_ATTEMPTS: usize = 3;
/// Fields of a request that is read again: those of a client and ours.
const MAX_SENT_FIELDS: usize = MAX_HEADER_FIELDS + 28;

/// What [`forward`] has to know of a request beside the request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempt {
    /// Sending it twice does no harm, although its method is not idempotent (edge/P5: `Idempotency-Key` is declared).
    pub replayable: bool,
    /// It asks for another protocol, and a 101 is welcome.
    pub upgrade: bool,
}

/// What came of a request.
#[derive(Debug)]
pub struct Answer<B: RequestBody> {
    /// The endpoint that answered, by its place in the upstream.
    pub endpoint: u16,
    /// Attempts made.
    pub attempts: u8,
    /// The response.
    pub forwarded: Forwarded<B>,
}

/// A judged response.
#[derive(Debug)]
pub enum Forwarded<B: RequestBody> {
    /// A final response.
    Response(Response<UpstreamBody<B>>),
    /// 101: the connection is the caller's.
    Switched {
        /// Its head.
        response: Response<()>,
        /// The connection.
        io: UpstreamIo,
        /// What the upstream already sent in the new protocol.
        leftover: Bytes,
    },
}

/// Sends a request and returns the head of the response, judged. The request is written as it is: target in origin form,
/// `Host` set, no connection-specific fields but those of an upgrade.
///
/// A request is sent again only while nothing of a response was read, and only if nothing of it was written or doing it twice
/// does no harm; within the upstream's budget. Dropping the future closes the connection it waits on (edge/P4).
///
/// # Errors
/// [`Failed`] with an upstream fault, or with what the client's own content came to.
pub fn forward<'a, B: RequestBody>(
    pools: &'a Pools<B>,
    upstream: &'a Arc<Compiled>,
    request: Request<B>,
    facts: Attempt,
) -> impl Future<Output = Result<Answer<B>, Failed>> + use<'a, B> {
    let view = pools.view(upstream);
    view.budget.deposit();
    let repeatable = facts.replayable || is_idempotent(request.method());
    let request = Some(request.map(Upload::new));
    // Made before the future is, so that the request lies in it once: hyper moves the whole future.
    let mut course = Course { pools, upstream, view, upgrade: facts.upgrade, repeatable, request };
    async move { course.run().await }
}

/// Methods whose request may be sent twice (RFC 9110 §9.2.2). TRACE is no method that we forward.
fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}

/// One request on its way through all attempts.
struct Course<'a, B: RequestBody> {
    pools: &'a Pools<B>,
    upstream: &'a Compiled,
    view: Rc<View<B>>,
    upgrade: bool,
    repeatable: bool,
    /// What the next attempt sends; taken while one runs.
    request: Option<Request<Upload<B>>>,
}

/// An attempt without a response that may be passed on.
struct Miss {
    stop: Stop,
    /// The upstream did not see the request, or does not mind it twice.
    repeatable: bool,
    /// The connection was a kept one: the endpoint itself may be well.
    kept: bool,
}

impl<B: RequestBody> Course<'_, B> {
    async fn run(&mut self) -> Result<Answer<B>, Failed> {
        let mut tried = [0_u16; MAX_ATTEMPTS];
        let mut attempts = 0_u8;
        let mut next = self.pools.choose(&self.view, self.upstream, &[]);
        let mut fresh = false;
        loop {
            let Some((index, busy)) = next.and_then(|index| Some((index, self.view.slots.get(index)?.enter()))) else {
                return Err(Failed { stop: Stop::fault(Reason::UpstreamUnavailable), endpoint: None, attempts });
            };
            let endpoint = u16::try_from(index).unwrap_or(u16::MAX);
            if let Some(entry) = tried.get_mut(usize::from(attempts)) {
                *entry = endpoint;
            }
            attempts = attempts.saturating_add(1);
            let miss = match self.attempt(index, busy, fresh).await {
                Ok(forwarded) => return Ok(Answer { endpoint, attempts, forwarded }),
                Err(miss) => miss,
            };
            // Another endpoint; without one, the same over a new connection, if what failed was one kept from before.
            let tried = tried.get(..usize::from(attempts)).unwrap_or_default();
            let other = self.pools.choose(&self.view, self.upstream, tried);
            fresh = other.is_none();
            next = other.or(miss.kept.then_some(index));
            let again = miss.repeatable && self.request.is_some() && tried.len() < MAX_ATTEMPTS && next.is_some();
            if !again || !self.view.budget.withdraw() {
                return Err(Failed { stop: miss.stop, endpoint: Some(endpoint), attempts });
            }
        }
    }

    /// One endpoint: a kept connection, or a new one.
    async fn attempt(&mut self, index: usize, mut busy: Busy<B>, fresh: bool) -> Result<Forwarded<B>, Miss> {
        loop {
            let kept = if fresh { None } else { busy.slot().take() };
            let was_kept = kept.is_some();
            let link =
                match kept {
                    Some(link) => link,
                    // In its own box: rare, and large enough to slow down the moves of every exchange.
                    None => Box::pin(self.pools.connect(self.upstream, index, busy.slot()))
                        .await
                        .map_err(|stop| Miss { stop, repeatable: true, kept: false })?,
                };
            let mut lease = Lease { link, busy };
            let lost = match self.send(&mut lease.link).await {
                Ok(response) => {
                    let admitted = self.admit(lease, response);
                    return admitted.map_err(|stop| Miss { stop, repeatable: false, kept: false });
                }
                Err(lost) => lost,
            };
            if !(lost.unsent && was_kept) {
                return Err(Miss { stop: lost.stop, repeatable: lost.unsent || lost.silent, kept: was_kept });
            }
            // It had died while idle, and nothing was lost with it. What else died is not worth a try each.
            if !lost.silent {
                let upstream = &*self.upstream.name;
                tracing::warn!(upstream, "idle connection closed: the upstream sent bytes unasked");
            }
            drop(lease.link);
            busy = lease.busy;
            busy.slot().close_dead();
        }
    }

    /// Sends the request over a connection and waits for the head of the response.
    async fn send(&mut self, link: &mut Link<B>) -> Result<Response<Incoming>, Lost> {
        let Some(request) = self.request.take() else {
            return Err(Lost { unsent: false, silent: false, stop: Stop::fault(Reason::Internal) }); // sent already
        };
        let spare = if self.repeatable { request.body().replay() } else { None };
        let mut answer = pin!(link.send(request, spare.is_some()));
        let sent = poll_fn(|cx| {
            let ended = link.poll(cx);
            if (ended || link.watch().read.get() > 0)
                && let Poll::Ready(answer) = link.quietly(|cx| answer.as_mut().poll(cx))
            {
                return Poll::Ready(Ok(answer));
            }
            if ended {
                link.close();
                let answer = link.quietly(|cx| answer.as_mut().poll(cx));
                return if answer.is_ready() { answer.map(Ok) } else { Poll::Ready(Err(Reason::UpstreamClosed)) };
            }
            let written = link.watch().written.get();
            if link.is_overdue(cx, self.upstream.timeouts.response, written) {
                return Poll::Ready(Err(Reason::UpstreamTimeout));
            }
            Poll::Pending
        });
        match sent.await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(mut error)) => {
                let unsent = error.take_message();
                let (is_unsent, silent) = (unsent.is_some(), link.watch().read.get() == 0);
                self.request = unsent.or_else(|| reread(&link.watch().take_sent(), spare?));
                Err(Lost { unsent: is_unsent, silent, stop: stop_of(link.watch(), error.into_error()) })
            }
            // Not sent again: a slow upstream is not helped by more work.
            Err(reason) => Err(Lost { unsent: false, silent: false, stop: Stop::fault(reason) }),
        }
    }

    /// Judges the response. Where it fails, the connection goes with it.
    fn admit(&self, lease: Lease<B>, response: Response<Incoming>) -> Result<Forwarded<B>, Stop> {
        judge(response.status(), response.headers(), self.upgrade)
            .map_err(|(reason, detail)| Fault::new(reason, detail))?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return switch(lease, response);
        }
        let between_bytes = self.upstream.timeouts.between_bytes;
        // A connection that was asked to leave HTTP is not trusted to have stayed in it.
        let reusable = !self.upgrade;
        let response = response.map(|incoming| UpstreamBody::new(incoming, lease, between_bytes, reusable));
        Ok(Forwarded::Response(response))
    }
}

/// A request that found no response.
struct Lost {
    /// Nothing of it was written.
    unsent: bool,
    /// Nothing was read.
    silent: bool,
    stop: Stop,
}

/// The request once more, read from what was written of it: cheaper than a copy of every request for the few that are lost.
fn reread<B>(sent: &[u8], content: Upload<B>) -> Option<Request<Upload<B>>> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_SENT_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    // What follows the head is content, which `content` has again from its beginning.
    if !head.parse(sent).is_ok_and(|head| head.is_complete()) {
        return None;
    }
    let mut request = Request::new(content);
    *request.method_mut() = head.method?.parse().ok()?;
    *request.uri_mut() = head.path?.parse().ok()?;
    for field in head.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        request.headers_mut().append(name, HeaderValue::from_bytes(field.value).ok()?);
    }
    Some(request)
}

/// Takes the connection out of HTTP.
fn switch<B: RequestBody>(lease: Lease<B>, response: Response<Incoming>) -> Result<Forwarded<B>, Stop> {
    let Lease { link, busy: _busy } = lease;
    let Some((io, leftover)) = link.into_io() else {
        return Err(Fault::new(Reason::UpstreamMalformed, "101 before the request was sent").into());
    };
    let (mut parts, _) = response.into_parts();
    parts.extensions.clear(); // hyper's own handle of the upgrade
    Ok(Forwarded::Switched { response: Response::from_parts(parts, ()), io, leftover })
}
