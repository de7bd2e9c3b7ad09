//! Idle connections and what one core knows of each endpoint.

use super::compiled::Compiled;
use super::http1::Link;
use super::http2::Sessions;
use super::latency::Latency;
use super::standing::Claim;
use super::targets::{At, Targets};
use super::upload::RequestBody;
use crate::wheel::Wheel;
use portcullis_core::bounds::{MAX_IDLE_UPSTREAM, RETRY_FLOOR, RETRY_SHARE};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::sync::{Arc, Weak};

/// Retries that a busy upstream can save up on one core: enough for all that is in flight when one of its endpoints dies.
const RETRY_SAVINGS: u32 = 128;

/// The upstream connections of one core.
///
/// They are kept by what they are connected to and whom they proved to be (edge/T16), so a reload that leaves an upstream as
/// it was keeps its connections.
pub struct Pools<B: RequestBody> {
    pub(super) wheel: Rc<Wheel>,
    /// Counts calls of [`Pools::sweep`].
    seconds: Rc<Cell<u64>>,
    /// By [`Compiled::id`].
    views: RefCell<HashMap<u64, Rc<View<B>>>>,
    slots: RefCell<HashMap<Key, Rc<Slot<B>>>>,
    random: Cell<u64>,
}

/// What makes two connections the same to a request.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    upstream: Box<str>,
    authority: Box<str>,
    at: At,
    /// Name to prove and authorities that judge it.
    tls: Option<(Box<str>, u64)>,
}

/// One upstream as this core sees it.
pub(super) struct View<B: RequestBody> {
    upstream: Weak<Compiled>,
    /// [`Compiled::version`] of the targets.
    version: u64,
    pub(super) targets: Arc<Box<Targets>>,
    /// One for each target.
    pub(super) slots: Box<[Rc<Slot<B>>]>,
    pub(super) budget: Budget,
}

/// One endpoint as this core sees it.
pub(super) struct Slot<B: RequestBody> {
    /// The one returned last is the warmest, and is taken first.
    idle: RefCell<Vec<Idle<B>>>,
    /// Connections that exchanges share.
    pub(super) sessions: Sessions,
    in_flight: Cell<u32>,
    latency: Cell<Latency>,
    /// Seconds that an idle connection is kept.
    keep: Cell<u64>,
    seconds: Rc<Cell<u64>>,
}

/// An endpoint that may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) index: usize,
    /// It was set aside, and this request has to find out whether it is back.
    pub(super) claim: Option<Claim>,
    /// When it was chosen, in microseconds of the clock; nobody asks where there is no choice.
    pub(super) at: u64,
}

struct Idle<B: RequestBody> {
    link: Box<Link<B>>,
    since: u64,
}

impl<B: RequestBody> Pools<B> {
    /// No connections yet.
    pub fn new(wheel: Rc<Wheel>) -> Rc<Self> {
        Rc::new(Self {
            wheel,
            seconds: Rc::default(),
            views: RefCell::default(),
            slots: RefCell::default(),
            random: Cell::new(RandomState::new().hash_one(0) | 1),
        })
    }

    /// Closes idle connections that were idle for too long, were closed by the upstream or spoke unasked, and forgets
    /// upstreams that no Snapshot holds any more. Called once a second.
    pub fn sweep(&self) {
        let now = self.seconds.get().saturating_add(1);
        self.seconds.set(now);
        self.views.borrow_mut().retain(|_, view| {
            view.budget.refill();
            view.upstream.strong_count() > 0
        });
        self.slots.borrow_mut().retain(|_, slot| {
            slot.sweep(now);
            Rc::strong_count(slot) > 1 // a view or an exchange holds it
        });
    }

    /// This core's view of an upstream.
    pub(super) fn view(&self, upstream: &Arc<Compiled>) -> Rc<View<B>> {
        let version = upstream.version();
        let before = self.views.borrow().get(&upstream.id).map(Rc::clone);
        match before {
            Some(view) if view.version == version => view,
            before => self.look(upstream, version, before.map(|view| view.budget.clone()).unwrap_or_default()),
        }
    }

    fn look(&self, upstream: &Arc<Compiled>, version: u64, budget: Budget) -> Rc<View<B>> {
        let targets = upstream.targets();
        let mut slots = self.slots.borrow_mut();
        let keep = upstream.timeouts.pool_idle.as_secs().max(1);
        let of_target = targets.iter().filter_map(|target| {
            let endpoint = upstream.endpoints.get(usize::from(target.endpoint))?;
            let tls = endpoint.server_name.as_ref().zip(upstream.tls.as_ref());
            let key = Key {
                upstream: upstream.name.clone(),
                authority: endpoint.shown.clone(),
                at: target.at,
                tls: tls.map(|(name, identity)| (name.to_str().into(), identity.trust)),
            };
            let slot = slots.entry(key).or_insert_with(|| Rc::new(Slot::new(&self.seconds)));
            slot.keep.set(keep);
            Some(Rc::clone(slot))
        });
        let slots = of_target.collect();
        let view = Rc::new(View { upstream: Arc::downgrade(upstream), version, targets, slots, budget });
        self.views.borrow_mut().insert(upstream.id, Rc::clone(&view));
        view
    }

    /// The one of two random endpoints that costs less; where some are out or were tried, one whose turn to be tried again has
    /// come, or the cheapest of the rest. `None`: nobody may be asked.
    pub(super) fn choose(&self, view: &View<B>, upstream: &Compiled, tried: &[u16]) -> Option<Choice> {
        let (targets, count) = (&**view.targets, view.slots.len());
        if count <= 1 {
            let only = Choice { index: 0, claim: None, at: 0 };
            return (tried.is_empty() && Compiled::is_open(targets, 0)).then_some(only);
        }
        let at = upstream.now();
        let known = |index| Some(Choice { index, claim: None, at });
        let cost = |index: usize| view.slots.get(index).map_or(f64::INFINITY, |slot| slot.cost(at));
        let random = self.next_random();
        let first = below(random, count);
        let second = first.saturating_add(1).saturating_add(below(random.rotate_left(32), count.saturating_sub(1)));
        let second = if second >= count { second.saturating_sub(count) } else { second };
        if tried.is_empty() && Compiled::is_open(targets, first) && Compiled::is_open(targets, second) {
            return known(if cost(second) < cost(first) { second } else { first });
        }
        let untried = |index: &usize| !tried.iter().any(|&tried| usize::from(tried) == *index);
        let all = || (first..count).chain(0..first).filter(untried);
        // A request that failed once is not the one to find out.
        let claimed = |index| upstream.claim(targets, index).map(|claim| Choice { index, claim: Some(claim), at });
        match all().filter(|_| tried.is_empty()).find_map(claimed) {
            Some(choice) => Some(choice),
            None => {
                let open = all().filter(|&index| Compiled::is_open(targets, index));
                open.min_by(|&one, &other| cost(one).total_cmp(&cost(other))).and_then(known)
            }
        }
    }

    #[cfg(test)]
    pub(super) fn slot_count(&self) -> usize {
        self.slots.borrow().len()
    }

    /// Closes everything idle.
    #[cfg(test)]
    pub(super) fn clear(&self) {
        self.slots.borrow().values().for_each(|slot| slot.close_idle(|_, _| true));
    }

    /// xorshift64: which endpoint comes first is no secret.
    fn next_random(&self) -> u64 {
        let mut random = self.random.get();
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        self.random.set(random);
        random
    }
}

/// The upper half of `random`, scaled to below `count`.
fn below(random: u64, count: usize) -> usize {
    let scaled = u128::from(random).saturating_mul(count as u128) >> 64;
    usize::try_from(scaled).unwrap_or(0)
}

impl<B: RequestBody> Slot<B> {
    fn new(seconds: &Rc<Cell<u64>>) -> Self {
        Self {
            idle: RefCell::default(),
            sessions: Sessions::new(seconds),
            in_flight: Cell::new(0),
            latency: Cell::default(),
            keep: Cell::new(1),
            seconds: Rc::clone(seconds),
        }
    }

    /// Counts an exchange with the endpoint until the guard is dropped.
    pub(super) fn enter(self: &Rc<Self>) -> Busy<B> {
        self.in_flight.set(self.in_flight.get().saturating_add(1));
        Busy(Rc::clone(self))
    }

    fn cost(&self, now: u64) -> f64 {
        self.latency.get().cost(self.in_flight.get(), now)
    }

    /// Notes how long an answer took.
    pub(super) fn observe(&self, taken: u64, now: u64, is_good: bool) {
        let mut latency = self.latency.get();
        latency.observe(taken, now, is_good);
        self.latency.set(latency);
    }

    /// The connection that was used last.
    pub(super) fn take(&self) -> Option<Box<Link<B>>> {
        self.idle.borrow_mut().pop().map(|idle| idle.link)
    }

    fn put(&self, mut link: Box<Link<B>>) {
        link.rest();
        // Bounded by the exchanges that were in flight at once; what more than the bound rests is closed by the sweep.
        // Closing it here would open it again at the next burst.
        self.idle.borrow_mut().push(Idle { link, since: self.seconds.get() });
    }

    /// Closes what rested for too long, what is over [`MAX_IDLE_UPSTREAM`] and was not needed for a second, and what died.
    fn sweep(&self, now: u64) {
        self.sessions.sweep(self.keep.get());
        let mut over = self.idle.borrow().len().saturating_sub(MAX_IDLE_UPSTREAM);
        self.close_idle(|idle, keep| {
            let rested = now.saturating_sub(idle.since);
            let closes = rested >= keep || (over > 0 && rested > 1) || !idle.link.is_alive();
            over = over.saturating_sub(usize::from(closes)); // the coldest come first
            closes
        });
    }

    /// Closes idle connections that the upstream has closed.
    pub(super) fn close_dead(&self) {
        self.close_idle(|idle, _| !idle.link.is_alive());
    }

    fn close_idle(&self, mut is_over: impl FnMut(&mut Idle<B>, u64) -> bool) {
        let keep = self.keep.get();
        let mut idle = self.idle.borrow_mut();
        let closed: Vec<_> = idle.extract_if(.., |idle| is_over(idle, keep)).collect();
        drop(idle);
        drop(closed); // may wake or drop others, who may come back to this slot
    }

    #[cfg(test)]
    pub(super) fn idle_connections(&self) -> usize {
        self.idle.borrow().len()
    }
}

/// One exchange with an endpoint, counted while it lasts.
pub(super) struct Busy<B: RequestBody>(Rc<Slot<B>>);

impl<B: RequestBody> Busy<B> {
    pub(super) fn slot(&self) -> &Slot<B> {
        &self.0
    }
}

impl<B: RequestBody> Drop for Busy<B> {
    fn drop(&mut self) {
        self.0.in_flight.set(self.0.in_flight.get().saturating_sub(1));
    }
}

/// A connection in an exchange. Dropping it closes the connection.
pub(super) struct Lease<B: RequestBody> {
    pub(super) link: Box<Link<B>>,
    pub(super) busy: Busy<B>,
}

impl<B: RequestBody> Lease<B> {
    /// Gives the connection back; the caller has seen that it can carry another request.
    pub(super) fn release(self) {
        let Self { link, busy } = self;
        busy.slot().put(link);
    }
}

/// Keeps retries to a share of requests, so that a failing upstream is not asked ever more (edge/P6). In parts of one
/// retry: each request pays one in, each retry takes [`RETRY_SHARE`] out.
#[derive(Clone)]
pub(super) struct Budget(Cell<u32>);

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(RETRY_FLOOR.saturating_mul(RETRY_SHARE)))
    }
}

impl Budget {
    pub(super) fn deposit(&self) {
        self.0.set(self.0.get().saturating_add(1).min(RETRY_SAVINGS.saturating_mul(RETRY_SHARE)));
    }

    /// Whether one more request may be sent again.
    pub(super) fn withdraw(&self) -> bool {
        let left = self.0.get().checked_sub(RETRY_SHARE);
        self.0.set(left.unwrap_or(self.0.get()));
        left.is_some()
    }

    /// The floor comes back each second, so that a quiet service is retried too.
    fn refill(&self) {
        self.0.set(self.0.get().max(RETRY_FLOOR.saturating_mul(RETRY_SHARE)));
    }
}
