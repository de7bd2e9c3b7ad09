//! One request to one upstream: choose, connect, send, judge, and repeat where that is safe.

mod http2;

use super::body::UpstreamBody;
use super::breaker::Permit;
use super::compiled::Compiled;
use super::error::{Failed, is_blamed, is_fault_of_upstream};
use super::http1::{Content, Head, Link};
use super::io::UpstreamIo;
use super::judge::judge;
use super::pool::{Busy, Choice, Lease, Pools, Slot, View};
use super::settings::Protocol;
use super::standing::{Attempted, Claim};
use super::upload::RequestBody;
use crate::wheel::Timer;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use portcullis_core::{Fault, Reason, Stop};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
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
/// does no harm; within the upstream's budget. Nothing is sent while the upstream's breaker is open. An upstream that lets
/// the `deadline` of the exchange pass has failed. Dropping the future closes the connection it waits on (edge/P4).
///
/// # Errors
/// [`Failed`] with an upstream fault, or with what the client's own content came to.
pub fn forward<'a, B: RequestBody>(
    pools: &'a Pools<B>,
    upstream: &'a Arc<Compiled>,
    request: Request<B>,
    facts: Attempt,
    deadline: &'a Timer,
) -> impl Future<Output = Result<Answer<B>, Failed>> + use<'a, B> {
    let view = pools.view(upstream);
    let repeatable = facts.replayable || is_idempotent(request.method());
    let (parts, content) = request.into_parts();
    let (head, content) = (Request::from_parts(parts, ()), Some(content));
    // Made before the future is, so that the request lies in it once: hyper moves the whole future.
    let (upgrade, tried, permit, is_redirected) = (facts.upgrade, Tried::default(), None, false);
    let course =
        Course { pools, upstream, view, permit, deadline, upgrade, repeatable, head, content, tried, is_redirected };
    course.run()
}

/// Methods whose request may be sent twice (RFC 9110 §9.2.2). TRACE is no method that we forward.
fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}

/// One request on its way through all attempts.
struct Course<'a, B: RequestBody> {
    pools: &'a Pools<B>,
    upstream: &'a Arc<Compiled>,
    view: Rc<View<B>>,
    /// Of the upstream's breaker, where it has one.
    permit: Option<Permit<'a>>,
    /// Of the whole exchange.
    deadline: &'a Timer,
    upgrade: bool,
    repeatable: bool,
    head: Request<()>,
    /// What the next attempt sends; taken while one runs.
    content: Option<B>,
    tried: Tried,
    /// An upstream said 421, and the request went to another connection for it (edge/P20).
    is_redirected: bool,
}

/// The targets that attempts were made at, by their place in the view.
#[derive(Default)]
struct Tried {
    endpoints: [u16; MAX_ATTEMPTS],
    attempts: u8,
}

impl Tried {
    fn push(&mut self, index: usize) {
        if let Some(entry) = self.endpoints.get_mut(usize::from(self.attempts)) {
            *entry = u16::try_from(index).unwrap_or(u16::MAX);
        }
        self.attempts = self.attempts.saturating_add(1);
    }

    fn all(&self) -> &[u16] {
        self.endpoints.get(..usize::from(self.attempts)).unwrap_or_default()
    }
}

/// An endpoint chosen for an attempt.
struct Chosen<B: RequestBody> {
    index: usize,
    busy: Busy<B>,
    /// Over a new connection, whatever was kept.
    fresh: bool,
    /// It was set aside, and this attempt has to find out whether it is back.
    claim: Option<Claim>,
    /// When it was chosen.
    at: u64,
}

/// An attempt without a response that may be passed on.
struct Miss {
    stop: Stop,
    /// It is a fault of the upstream.
    blamed: bool,
    /// The upstream did not see the request, or does not mind it twice.
    repeatable: bool,
    /// The connection was a kept one: the endpoint itself may be well.
    kept: bool,
}

impl<B: RequestBody> Course<'_, B> {
    /// All attempts, in one flat future: one inside another would be copied whole each time it is made.
    async fn run(mut self) -> Result<Answer<B>, Failed> {
        if self.view.targets.is_empty() {
            Box::pin(self.find()).await?; // once, before the first answer of a name server
        }
        if self.upstream.protocol == Protocol::Http2 {
            return Box::pin(self.run_http2()).await;
        }
        let mut chosen = self.first()?;
        loop {
            let Chosen { index, claim, at, .. } = chosen;
            let kept = if chosen.fresh { None } else { chosen.busy.slot().take() };
            let was_kept = kept.is_some();
            let opened = match kept {
                Some(link) => Ok(link),
                // In its own box: rare, and large enough to slow down the moves of every exchange.
                None => match self.view.targets.get(index) {
                    Some(target) => Box::pin(self.pools.connect(self.upstream, target)).await,
                    None => Err(Stop::fault(Reason::Internal)),
                },
            };
            let mut lease = match opened {
                Ok(link) => Lease { link, busy: chosen.busy },
                Err(stop) => {
                    if is_fault_of_upstream(&stop) {
                        self.upstream.note(&self.view.targets, index, claim, Attempted::Refused);
                    }
                    let blamed = is_fault_of_upstream(&stop);
                    chosen = self.next(index, Miss { stop, blamed, repeatable: true, kept: false })?;
                    continue;
                }
            };
            let Some(content) = self.content.take() else {
                return Err(self.failed(index, Stop::fault(Reason::Internal), false)); // sent already
            };
            let spare = if self.repeatable { content.replay() } else { None };
            lease.link.begin(content);
            let timeout = self.upstream.timeouts.response;
            let outcome = poll_fn(|cx| match lease.link.poll_answer(&self.head, timeout, cx) {
                // Whoever waits for us would only give up, and nobody would know whose fault it was.
                Poll::Pending if self.deadline.is_expired() && lease.link.is_owed() => {
                    Poll::Ready(Err(Stop::fault(Reason::ExchangeTimeout)))
                }
                polled => polled,
            })
            .await;
            let lost = match outcome {
                Ok(answer) if self.is_misdirected(answer.response.status()) => {
                    self.content = spare;
                    Lost { unsent: false, silent: false, misdirected: true, blamed: false, stop: misdirected() }
                }
                Ok(answer) => {
                    let status = answer.response.status();
                    self.time(lease.busy.slot(), at, !status.is_server_error());
                    let judged = self.judged(lease, answer);
                    return self.answered(judged, status, index, claim);
                }
                Err(stop) => self.lost(&mut lease.link, stop, spare),
            };
            if !(lost.unsent && was_kept) {
                // A kept connection that ended in silence had been closed before it was asked, for all we know.
                if lost.blamed && !(lost.silent && was_kept) {
                    self.time(lease.busy.slot(), at, false);
                    self.upstream.note(&self.view.targets, index, claim, Attempted::Failed);
                }
                let Lost { stop, blamed, misdirected, .. } = lost;
                let repeatable = (lost.unsent || lost.silent || misdirected) && self.content.is_some();
                let miss = Miss { stop, blamed, repeatable, kept: was_kept || misdirected };
                drop(lease);
                chosen = self.next(index, miss)?;
                continue;
            }
            // It had died while idle, and nothing was lost with it. What else died is not worth a try each.
            if !lost.silent {
                let upstream = &*self.upstream.name;
                tracing::warn!(upstream, "idle connection closed: the upstream sent bytes unasked");
            }
            drop(lease.link);
            lease.busy.slot().close_dead();
            chosen = Chosen { index, busy: lease.busy, fresh: false, claim, at };
        }
    }

    /// Waits until the names of the upstream were looked up, as long as connecting may take.
    async fn find(&mut self) -> Result<(), Failed> {
        let timer = self.pools.wheel.timer();
        timer.arm(self.upstream.timeouts.connect);
        let mut looked_up = pin!(self.upstream.until_looked_up());
        poll_fn(|cx| if looked_up.as_mut().poll(cx).is_ready() { Poll::Ready(()) } else { timer.poll_expired(cx) })
            .await;
        self.view = self.pools.view(self.upstream);
        if self.view.targets.is_empty() {
            let stop = Fault::new(Reason::UpstreamConnect, "no name of the upstream could be resolved").into();
            return Err(Failed { stop, endpoint: None, attempts: 0 });
        }
        Ok(())
    }

    fn first(&mut self) -> Result<Chosen<B>, Failed> {
        let unavailable = |why: &'static str| {
            let stop = Fault::new(Reason::UpstreamUnavailable, why).into();
            Failed { stop, endpoint: None, attempts: 0 }
        };
        let permit = self.upstream.admit().ok_or_else(|| unavailable("its breaker is open"))?;
        let choice = self.pools.choose(&self.view, self.upstream, &[]);
        let chosen = choice.and_then(|choice| self.enter(choice, false));
        let chosen = chosen.ok_or_else(|| unavailable("no endpoint of it is usable"))?;
        self.permit = permit;
        self.view.budget.deposit();
        Ok(chosen)
    }

    fn enter(&mut self, choice: Choice, fresh: bool) -> Option<Chosen<B>> {
        let Choice { index, claim, at } = choice;
        let busy = self.view.slots.get(index)?.enter();
        self.tried.push(index);
        Some(Chosen { index, busy, fresh, claim, at })
    }

    /// After a miss: another endpoint; without one, the same over a new connection, if what failed was one kept from before.
    fn next(&mut self, index: usize, miss: Miss) -> Result<Chosen<B>, Failed> {
        let tried = self.tried.all();
        if miss.repeatable && tried.len() < MAX_ATTEMPTS {
            let other = self.pools.choose(&self.view, self.upstream, tried);
            let again = Choice { index, claim: None, at: self.upstream.now() };
            if let Some(next) = other.or(miss.kept.then_some(again))
                && self.view.budget.withdraw()
                && let Some(chosen) = self.enter(next, other.is_none())
            {
                return Ok(chosen);
            }
        }
        Err(self.failed(index, miss.stop, miss.blamed))
    }

    /// The endpoint of a target, as the record has it.
    fn endpoint(&self, index: usize) -> Option<u16> {
        self.view.targets.get(index).map(|target| target.endpoint)
    }

    fn failed(&mut self, index: usize, stop: Stop, blamed: bool) -> Failed {
        if blamed {
            self.upstream.settle(self.permit.as_mut(), true);
        }
        Failed { stop, endpoint: self.endpoint(index), attempts: self.tried.attempts }
    }

    /// No response came.
    fn lost(&mut self, link: &mut Link<B>, stop: Stop, spare: Option<B>) -> Lost {
        let blamed = is_blamed(&stop, link.has_all_content());
        // A slow upstream is not helped by more work.
        let is_late = matches!(stop.reason(), Reason::UpstreamTimeout | Reason::ExchangeTimeout);
        let unsent = if is_late { None } else { link.take_unsent() };
        let (is_unsent, silent) = (unsent.is_some(), link.is_silent() && !is_late);
        self.content = unsent.or(spare);
        Lost { unsent: is_unsent, silent, misdirected: false, blamed, stop }
    }

    /// Notes how long an endpoint took, where there is a choice.
    fn time(&self, slot: &Slot<B>, chosen_at: u64, is_good: bool) {
        if self.view.slots.len() > 1 {
            let now = self.upstream.now();
            slot.observe(now.saturating_sub(chosen_at), now, is_good);
        }
    }

    /// Whether a response means that the request may do better on another connection: true once.
    fn is_misdirected(&mut self, status: StatusCode) -> bool {
        status == StatusCode::MISDIRECTED_REQUEST && !std::mem::replace(&mut self.is_redirected, true)
    }

    /// A response came: what it says of its endpoint and of the upstream, and whether it is passed on.
    fn answered(
        &mut self,
        judged: Result<Forwarded<B>, Stop>,
        status: StatusCode,
        index: usize,
        claim: Option<Claim>,
    ) -> Result<Answer<B>, Failed> {
        let is_well = judged.is_ok() && !status.is_server_error();
        self.upstream.note(&self.view.targets, index, claim, if is_well { Attempted::Well } else { Attempted::Failed });
        let forwarded = judged.map_err(|stop| self.failed(index, stop, true))?;
        self.upstream.settle(self.permit.as_mut(), matches!(status.as_u16(), 502..=504));
        let endpoint = self.endpoint(index).unwrap_or(u16::MAX);
        Ok(Answer { endpoint, attempts: self.tried.attempts, forwarded })
    }

    /// Judges the response. Where it fails, the connection goes with it.
    fn judged(&self, lease: Lease<B>, answer: Head) -> Result<Forwarded<B>, Stop> {
        let Head { response, rest, .. } = answer;
        let status = response.status();
        let framing =
            judge(status, response.headers(), self.upgrade).map_err(|(reason, detail)| Fault::new(reason, detail))?;
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return switch(lease, response, rest);
        }
        let has_none =
            *self.head.method() == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let framing = if has_none { None } else { Some(framing) };
        let between_bytes = self.upstream.timeouts.between_bytes;
        // A connection that was asked to leave HTTP is not trusted to have stayed in it.
        let content = Content::new(framing, rest, lease, between_bytes, !self.upgrade);
        Ok(Forwarded::Response(response.map(|()| content.into())))
    }
}

/// A request that found no response.
struct Lost {
    /// Nothing of it was written.
    unsent: bool,
    /// Nothing was read.
    silent: bool,
    /// It is a fault of the upstream.
    blamed: bool,
    /// The upstream wants it on another connection.
    misdirected: bool,
    stop: Stop,
}

fn misdirected() -> Stop {
    Fault::new(Reason::UpstreamMalformed, "421 from an upstream").into()
}

/// Takes the connection out of HTTP.
fn switch<B: RequestBody>(lease: Lease<B>, mut response: Response<()>, leftover: Bytes) -> Result<Forwarded<B>, Stop> {
    let Lease { link, busy: _busy } = lease;
    if !link.is_sent() {
        return Err(Fault::new(Reason::UpstreamMalformed, "101 before the request was sent").into());
    }
    response.extensions_mut().clear(); // a phrase that our own 101 does not repeat
    Ok(Forwarded::Switched { response, io: link.into_io(), leftover })
}
