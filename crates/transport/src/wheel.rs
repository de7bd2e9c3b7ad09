//! One coarse timer wheel per core: arming and disarming a deadline costs a few stores, whatever the number of timers.
//!
//! A deadline is late by at most one tick, never early. A [`Timer`] is re-used by its owner; moving its deadline back does
//! not touch the wheel (the slot that comes due looks again), so a timer re-armed on every read costs one store.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU64;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Slots of the wheel, a power of two; a deadline further away waits in the last slot and is looked at again there.
const SLOTS: usize = 1024;
/// Ticks from now to the last slot.
const FURTHEST: u64 = SLOTS as u64 - 1;
/// The deadline of a timer that is not armed.
const NEVER: u64 = u64::MAX;

/// The wheel of one core.
pub struct Wheel {
    tick: Duration,
    /// The tick again: divided by on every arming, so not a `Duration`.
    tick_millis: NonZeroU64,
    state: RefCell<State>,
}

struct State {
    /// Ticks since the wheel was made.
    now: u64,
    /// Head of each slot's list.
    slots: Vec<Option<u32>>,
    nodes: Vec<Node>,
    free: Vec<u32>,
}

#[derive(Default)]
struct Node {
    /// When the timer expires, or [`NEVER`].
    deadline: u64,
    /// The tick of the slot that it waits in; never after `deadline` while armed.
    queued: Option<u64>,
    previous: Option<u32>,
    next: Option<u32>,
    waker: Option<Waker>,
}

impl Wheel {
    /// A wheel whose deadlines are kept to one `tick`.
    pub fn new(tick: Duration) -> Rc<Self> {
        let state = State { now: 0, slots: vec![None; SLOTS], nodes: Vec::new(), free: Vec::new() };
        let tick_millis = NonZeroU64::new(millis(tick)).unwrap_or(NonZeroU64::MIN);
        Rc::new(Self { tick: Duration::from_millis(tick_millis.get()), tick_millis, state: RefCell::new(state) })
    }

    /// A timer that is not armed.
    pub fn timer(self: &Rc<Self>) -> Timer {
        let key = self.state.borrow_mut().insert();
        Timer { wheel: Rc::clone(self), key, armed: Cell::new(false) }
    }

    /// Turns the wheel until `ticks` ticks after it was made, waking what expired.
    pub fn advance_to(&self, ticks: u64) {
        let mut due = Vec::new();
        let mut state = self.state.borrow_mut();
        while state.now < ticks {
            state.now = state.now.saturating_add(1);
            state.expire(&mut due);
        }
        drop(state);
        due.into_iter().for_each(Waker::wake);
    }

    /// Turns the wheel by `span`; tests steer it with this.
    pub fn advance(&self, span: Duration) {
        let ticks = self.ticks(span);
        let to = self.state.borrow().now.saturating_add(ticks);
        self.advance_to(to);
    }

    /// Turns the wheel by the machine's clock until dropped. One per core.
    pub async fn run(self: Rc<Self>) {
        let start = Instant::now();
        let mut interval = tokio::time::interval(self.tick);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            interval.tick().await;
            self.advance_to(millis(start.elapsed()) / self.tick_millis);
        }
    }

    /// Ticks since it was made.
    pub(crate) fn now(&self) -> u64 {
        self.state.borrow().now
    }

    /// `span` in ticks, rounded up.
    pub(crate) fn ticks(&self, span: Duration) -> u64 {
        millis(span).div_ceil(self.tick_millis.get())
    }
}

impl State {
    fn insert(&mut self) -> u32 {
        let node = Node { deadline: NEVER, ..Node::default() };
        if let Some(key) = self.free.pop() {
            if let Some(slot) = self.nodes.get_mut(key as usize) {
                *slot = node;
            }
            return key;
        }
        // More than 2³² timers do not fit into memory.
        let key = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(node);
        key
    }

    fn slot_of(tick: u64) -> usize {
        usize::try_from(tick).map_or(0, |tick| tick & (SLOTS - 1))
    }

    /// Puts the node into the slot of its deadline, or into the furthest one.
    fn link(&mut self, key: u32) {
        let furthest = self.now.saturating_add(FURTHEST);
        let Some(deadline) = self.nodes.get(key as usize).map(|node| node.deadline) else { return };
        let tick = deadline.clamp(self.now.saturating_add(1), furthest);
        let Some(head) = self.slots.get_mut(Self::slot_of(tick)) else { return };
        let next = head.replace(key);
        if let Some(node) = self.nodes.get_mut(key as usize) {
            (node.queued, node.previous, node.next) = (Some(tick), None, next);
        }
        if let Some(node) = next.and_then(|next| self.nodes.get_mut(next as usize)) {
            node.previous = Some(key);
        }
    }

    fn unlink(&mut self, key: u32) {
        let Some(node) = self.nodes.get_mut(key as usize) else { return };
        let Some(tick) = node.queued.take() else { return };
        let (previous, next) = (node.previous.take(), node.next.take());
        match previous {
            Some(previous) => {
                if let Some(node) = self.nodes.get_mut(previous as usize) {
                    node.next = next;
                }
            }
            None => {
                if let Some(head) = self.slots.get_mut(Self::slot_of(tick)) {
                    *head = next;
                }
            }
        }
        if let Some(node) = next.and_then(|next| self.nodes.get_mut(next as usize)) {
            node.previous = previous;
        }
    }

    /// Empties the slot of the present tick: what is due leaves, what was moved back is queued again.
    fn expire(&mut self, due: &mut Vec<Waker>) {
        let mut next = self.slots.get_mut(Self::slot_of(self.now)).and_then(Option::take);
        while let Some(key) = next {
            let Some(node) = self.nodes.get_mut(key as usize) else { return };
            next = node.next.take();
            (node.previous, node.queued) = (None, None);
            if node.deadline <= self.now {
                due.extend(node.waker.take());
            } else if node.deadline != NEVER {
                self.link(key);
            }
        }
    }
}

/// `span` in milliseconds, rounded up.
fn millis(span: Duration) -> u64 {
    let rest = u64::from(span.subsec_nanos().div_ceil(1_000_000));
    span.as_secs().saturating_mul(1000).saturating_add(rest)
}

/// One deadline, re-used by its owner. Not armed when made; leaves the wheel when dropped.
pub struct Timer {
    wheel: Rc<Wheel>,
    key: u32,
    armed: Cell<bool>,
}

impl Timer {
    /// Another timer of the same core, not armed.
    pub fn another(&self) -> Self {
        self.wheel.timer()
    }

    /// Time since the wheel was made, as of its last tick.
    pub fn now(&self) -> Duration {
        let ticks = u32::try_from(self.wheel.now()).unwrap_or(u32::MAX);
        self.wheel.tick.saturating_mul(ticks)
    }

    /// Sets the deadline `span` from now, in place of any earlier one.
    pub fn arm(&self, span: Duration) {
        let mut state = self.wheel.state.borrow_mut();
        // One tick more: the present tick has partly passed already, and a deadline is never early.
        let deadline = state.now.saturating_add(self.wheel.ticks(span)).saturating_add(1).min(NEVER - 1);
        let Some(node) = state.nodes.get_mut(self.key as usize) else { return };
        node.deadline = deadline;
        self.armed.set(true);
        match node.queued {
            Some(tick) if tick <= deadline => {} // looked at in time, and queued again from there
            Some(_) => {
                state.unlink(self.key);
                state.link(self.key);
            }
            None => state.link(self.key),
        }
    }

    /// Takes the deadline away.
    pub fn disarm(&self) {
        if self.armed.replace(false)
            && let Some(node) = self.wheel.state.borrow_mut().nodes.get_mut(self.key as usize)
        {
            node.deadline = NEVER;
        }
    }

    /// Wakes the task that waits for the deadline, which stays as it is.
    pub(crate) fn wake(&self) {
        let waker = self.wheel.state.borrow_mut().nodes.get_mut(self.key as usize).and_then(|node| node.waker.take());
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The deadline in ticks of the wheel; far away when there is none.
    pub(crate) fn deadline(&self) -> u64 {
        self.wheel.state.borrow().nodes.get(self.key as usize).map_or(NEVER, |node| node.deadline)
    }

    /// Whether a deadline is set, passed or not.
    pub const fn is_armed(&self) -> bool {
        self.armed.get()
    }

    /// Whether the deadline has passed. A timer that is not armed never has.
    pub fn is_expired(&self) -> bool {
        let state = self.wheel.state.borrow();
        self.armed.get() && state.nodes.get(self.key as usize).is_some_and(|node| node.deadline <= state.now)
    }

    /// Ready once the deadline has passed; wakes the task then.
    pub fn poll_expired(&self, context: &mut Context<'_>) -> Poll<()> {
        if !self.armed.get() {
            return Poll::Pending;
        }
        let mut state = self.wheel.state.borrow_mut();
        let now = state.now;
        let Some(node) = state.nodes.get_mut(self.key as usize) else { return Poll::Pending };
        if node.deadline <= now {
            return Poll::Ready(());
        }
        match &mut node.waker {
            Some(waker) => waker.clone_from(context.waker()), // no clone when it is the same task
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let mut state = self.wheel.state.borrow_mut();
        state.unlink(self.key);
        let waker = state.nodes.get_mut(self.key as usize).and_then(|node| node.waker.take());
        state.free.push(self.key);
        drop(state);
        drop(waker); // may drop a task, which may drop timers of its own
    }
}

#[cfg(test)]
mod tests;
