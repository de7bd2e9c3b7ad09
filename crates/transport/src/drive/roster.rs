//! The open connections of one core: who is closed when there is no room, and who has been open for too long.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcullis_core::bounds::MAX_CONNECTION_AGE;

use super::connection::Connection;
use crate::wheel::Wheel;

/// Bound: one entry per connection that this core serves, so at most [`portcullis_core::bounds::MAX_CONNECTIONS`] and one per
/// accept loop. Nothing here is touched by a request: connections are looked through only when there is a reason to.
pub struct Roster {
    wheel: Rc<Wheel>,
    state: RefCell<State>,
    evicted: Cell<u64>,
}

#[derive(Default)]
struct State {
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
}

struct Entry {
    /// When the connection is to close gracefully, in ticks of the wheel; moved out of reach once that was said.
    retires: u64,
    connection: Weak<Connection>,
}

impl Roster {
    /// Without connections.
    pub fn new(wheel: &Rc<Wheel>) -> Rc<Self> {
        Rc::new(Self { wheel: Rc::clone(wheel), state: RefCell::default(), evicted: Cell::new(0) })
    }

    /// Closes connections that are older than [`MAX_CONNECTION_AGE`], gracefully: open exchanges finish. Called about once a
    /// second.
    pub fn sweep(&self) {
        let now = self.wheel.now();
        let mut old = Vec::new();
        for entry in self.state.borrow_mut().entries.iter_mut().flatten().filter(|entry| entry.retires <= now) {
            entry.retires = u64::MAX;
            old.extend(entry.connection.upgrade());
        }
        for connection in old {
            connection.retire();
        }
    }

    /// Closes up to `count` connections without an exchange, those first that have been idle for longest; gives how many.
    pub(super) fn evict(&self, count: usize) -> usize {
        let state = self.state.borrow();
        let connections = state.entries.iter().flatten().filter_map(|entry| entry.connection.upgrade());
        let mut idle: Vec<_> =
            connections.filter_map(|connection| Some((connection.idle_until()?, connection))).collect();
        drop(state);
        idle.sort_unstable_by_key(|(until, _)| *until);
        idle.truncate(count);
        idle.iter().for_each(|(_, connection)| connection.evict());
        self.evicted.set(self.evicted.get().saturating_add(idle.len() as u64));
        idle.len()
    }

    /// Enters a connection until the place is dropped.
    pub(super) fn enter(self: &Rc<Self>, connection: &Rc<Connection>) -> Place {
        let retires = self.wheel.now().saturating_add(self.wheel.ticks(MAX_CONNECTION_AGE));
        let entry = Some(Entry { retires, connection: Rc::downgrade(connection) });
        let mut state = self.state.borrow_mut();
        let slot = state.free.pop().unwrap_or(state.entries.len());
        match state.entries.get_mut(slot) {
            Some(place) => *place = entry,
            None => state.entries.push(entry),
        }
        drop(state);
        Place { roster: Rc::clone(self), slot }
    }
}

/// The entry of one connection; leaves on drop.
pub(super) struct Place {
    roster: Rc<Roster>,
    slot: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.roster.state.borrow_mut();
        if let Some(place) = state.entries.get_mut(self.slot) {
            *place = None;
        }
        state.free.push(self.slot);
    }
}
