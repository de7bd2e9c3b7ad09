//! The end of a listener, told to all of its connections on one core.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Serving,
    Draining,
    Aborted,
}

/// One per listener and core. Serving, then draining (no new connections, open exchanges finish), then aborted.
pub struct Drain {
    level: Cell<Level>,
    watchers: RefCell<Watchers>,
}

#[derive(Default)]
struct Watchers {
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
    /// Waits for the last watcher to leave.
    last: Option<Waker>,
}

impl Drain {
    /// Serving.
    pub fn new() -> Rc<Self> {
        Rc::new(Self { level: Cell::new(Level::Serving), watchers: RefCell::default() })
    }

    /// Stops accepting; idle connections close, open exchanges finish and their connections close after them.
    pub fn begin(&self) {
        self.raise(Level::Draining);
    }

    /// Drops whatever is still open.
    pub fn abort(&self) {
        self.raise(Level::Aborted);
    }

    /// Whether draining began.
    pub fn is_draining(&self) -> bool {
        self.level.get() >= Level::Draining
    }

    /// A place to be woken at, one per task.
    pub fn watch(self: &Rc<Self>) -> Watch {
        let mut watchers = self.watchers.borrow_mut();
        let slot = watchers.free.pop().unwrap_or(watchers.wakers.len());
        if slot == watchers.wakers.len() {
            watchers.wakers.push(None);
        }
        drop(watchers);
        Watch { drain: Rc::clone(self), slot }
    }

    /// Watches that are held: connections, and the accept loop.
    pub fn watching(&self) -> usize {
        let watchers = self.watchers.borrow();
        watchers.wakers.len().saturating_sub(watchers.free.len())
    }

    /// Ready when no [`Watch`] is held.
    pub fn poll_empty(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.watching() == 0 {
            return Poll::Ready(());
        }
        self.watchers.borrow_mut().last = Some(context.waker().clone());
        Poll::Pending
    }

    fn raise(&self, level: Level) {
        if self.level.get() < level {
            self.level.set(level);
            let wakers: Vec<Waker> = self.watchers.borrow_mut().wakers.iter_mut().filter_map(Option::take).collect();
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

/// One task's view of a [`Drain`]. Held as long as the task lives.
pub struct Watch {
    drain: Rc<Drain>,
    slot: usize,
}

impl Watch {
    /// Ready once draining began; wakes the task then.
    pub fn poll_draining(&self, context: &mut Context<'_>) -> Poll<()> {
        self.poll_level(Level::Draining, context)
    }

    /// Ready once aborted; wakes the task then, and when draining begins.
    pub fn poll_aborted(&self, context: &mut Context<'_>) -> Poll<()> {
        self.poll_level(Level::Aborted, context)
    }

    fn poll_level(&self, level: Level, context: &mut Context<'_>) -> Poll<()> {
        if self.drain.level.get() >= level {
            return Poll::Ready(());
        }
        if let Some(waker) = self.drain.watchers.borrow_mut().wakers.get_mut(self.slot) {
            match waker {
                Some(waker) => waker.clone_from(context.waker()), // no clone when it is the same task
                none => *none = Some(context.waker().clone()),
            }
        }
        Poll::Pending
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watchers = self.drain.watchers.borrow_mut();
        let waker = watchers.wakers.get_mut(self.slot).and_then(Option::take);
        watchers.free.push(self.slot);
        let last = (watchers.free.len() == watchers.wakers.len()).then(|| watchers.last.take()).flatten();
        drop(watchers);
        drop(waker); // may drop a task, which may drop a watch of its own
        if let Some(last) = last {
            last.wake();
        }
    }
}
