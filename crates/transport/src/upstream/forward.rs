//! One request to one upstream: choose, connect, send, judge, and repeat where that is safe.

use super::body::UpstreamBody;
use super::compiled::Compiled;
use super::error::{Failed, stop_of};
use super::io::UpstreamIo;
use super::judge::judge;
use super::link::{Broken, Link};
use super::pool::{Busy, Lease, Pools, View};
use super::upload::{Replay, RequestBody, Upload};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use portcullis_core::{Fault, Reason, Stop};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

/// Attempts for one request: the first and two more.
const MAX_ATTEMPTS: usize = 3;

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
pub async fn forward<B: RequestBody>(
    pools: &Pools<B>,
    upstream: &Arc<Compiled>,
    request: Request<B>,
    facts: Attempt,
) -> Result<Answer<B>, Failed> {
    let view = pools.view(upstream);
    view.budget.deposit();
    let repeatable = facts.replayable || is_idempotent(request.method());
    let course = Course { pools, upstream, view: &view, upgrade: facts.upgrade, repeatable };
    course.run(request.map(Upload::new)).await
}

/// Methods whose request may be sent twice (RFC 9110 §9.2.2). TRACE is no method that we forward.
fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}

/// What stays the same over all attempts for one request.
struct Course<'a, B: RequestBody> {
    pools: &'a Pools<B>,
    upstream: &'a Compiled,
    view: &'a View<B>,
    upgrade: bool,
    repeatable: bool,
}

/// An attempt without a response that may be passed on.
struct Miss<B> {
    stop: Stop,
    /// The request, where it may be sent again.
    again: Option<Request<Upload<B>>>,
    /// The connection was a kept one: the endpoint itself may be well.
    kept: bool,
}

impl<B: RequestBody> Course<'_, B> {
    async fn run(&self, mut request: Request<Upload<B>>) -> Result<Answer<B>, Failed> {
        let mut tried = [0_u16; MAX_ATTEMPTS];
        let mut attempts = 0_u8;
        let mut next = self.pools.choose(self.view, self.upstream, &[]);
        let mut fresh = false;
        loop {
            let Some((index, slot)) = next.and_then(|index| Some((index, self.view.slots.get(index)?))) else {
                return Err(Failed { stop: Stop::fault(Reason::UpstreamUnavailable), endpoint: None, attempts });
            };
            let endpoint = u16::try_from(index).unwrap_or(u16::MAX);
            if let Some(entry) = tried.get_mut(usize::from(attempts)) {
                *entry = endpoint;
            }
            attempts = attempts.saturating_add(1);
            let miss = match self.attempt(index, slot.enter(), request, fresh).await {
                Ok(forwarded) => return Ok(Answer { endpoint, attempts, forwarded }),
                Err(miss) => miss,
            };
            let failed = |stop| Failed { stop, endpoint: Some(endpoint), attempts };
            // Another endpoint; without one, the same over a new connection, if what failed was one kept from before.
            let tried = tried.get(..usize::from(attempts)).filter(|tried| tried.len() < MAX_ATTEMPTS);
            let Some((again, tried)) = miss.again.zip(tried) else { return Err(failed(miss.stop)) };
            let other = self.pools.choose(self.view, self.upstream, tried);
            fresh = other.is_none();
            next = other.or(miss.kept.then_some(index));
            if next.is_none() || !self.view.budget.withdraw() {
                return Err(failed(miss.stop));
            }
            request = again;
        }
    }

    /// One endpoint: a kept connection, or a new one.
    async fn attempt(
        &self,
        index: usize,
        mut busy: Busy<B>,
        mut request: Request<Upload<B>>,
        fresh: bool,
    ) -> Result<Forwarded<B>, Miss<B>> {
        loop {
            let kept = if fresh { None } else { busy.slot().take() };
            let was_kept = kept.is_some();
            let link = match kept {
                Some(link) => link,
                // In its own box: rare, and large enough to slow down the moves of every exchange.
                None => match Box::pin(self.pools.connect(self.upstream, index, busy.slot())).await {
                    Ok(link) => link,
                    Err(stop) => return Err(Miss { stop, again: Some(request), kept: false }),
                },
            };
            let spare = if self.repeatable { copy_of(&request) } else { None };
            let mut lease = Lease { link, busy };
            let lost = match self.send(&mut lease.link, request).await {
                Ok(response) => {
                    return self.admit(lease, response).map_err(|stop| Miss { stop, again: None, kept: false });
                }
                Err(lost) => lost,
            };
            match lost.unsent {
                Some(back) if was_kept => {
                    // It had died while idle, and nothing was lost with it. What else died is not worth a try each.
                    if lease.link.watch().read.get() > 0 {
                        let upstream = &*self.upstream.name;
                        tracing::warn!(upstream, "idle connection closed: the upstream sent bytes unasked");
                    }
                    let Lease { link, busy: same } = lease;
                    drop(link);
                    same.slot().close_dead();
                    (request, busy) = (back, same);
                }
                Some(back) => return Err(Miss { stop: lost.stop, again: Some(back), kept: false }),
                None => return Err(Miss { stop: lost.stop, again: spare.filter(|_| lost.silent), kept: was_kept }),
            }
        }
    }

    /// Sends the request over a connection and waits for the head of the response.
    async fn send(&self, link: &mut Link<B>, request: Request<Upload<B>>) -> Result<Response<Incoming>, Lost<B>> {
        let mut answer = pin!(link.send(request));
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
                let gone = || Poll::Ready(Err(Reason::UpstreamClosed));
                return if answer.is_ready() { answer.map(Ok) } else { gone() };
            }
            let written = link.watch().written.get();
            if link.is_overdue(cx, self.upstream.timeouts.response, written) {
                return Poll::Ready(Err(Reason::UpstreamTimeout));
            }
            Poll::Pending
        });
        match sent.await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(Broken { request, error })) => {
                let silent = link.watch().read.get() == 0;
                Err(Lost { unsent: request, stop: stop_of(link.watch(), error), silent })
            }
            // Not sent again: a slow upstream is not helped by more work.
            Err(reason) => Err(Lost { unsent: None, stop: Stop::fault(reason), silent: false }),
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
struct Lost<B> {
    /// The request, where nothing of it was written.
    unsent: Option<Request<Upload<B>>>,
    stop: Stop,
    /// Nothing was read either.
    silent: bool,
}

/// The request once more, where its content can be had again.
fn copy_of<B: RequestBody>(request: &Request<Upload<B>>) -> Option<Request<Upload<B>>> {
    let mut copy = Request::new(request.body().replay()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
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
