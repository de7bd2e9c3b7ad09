//! How much of a core TLS handshakes may take.
//!
//! A limit per address does not hold against many addresses; a handshake costs the server far more than the client that
//! begins it. What is measured is CPU time, not a count: keys and key exchanges differ tenfold.

use std::cell::Cell;

use portcullis_core::bounds::{HANDSHAKE_BURST, HANDSHAKE_CPU_PERCENT};

/// The handshakes of one core.
pub struct Share {
    /// CPU time of this thread so far, in microseconds.
    cpu_micros: fn() -> u64,
    /// When what was spent so far is paid for, at [`HANDSHAKE_CPU_PERCENT`] of the core.
    paid_at: Cell<u64>,
}

impl Share {
    /// Nothing spent. `cpu_micros` is the CPU time that the calling thread has used.
    pub fn new(cpu_micros: fn() -> u64) -> Self {
        Self { cpu_micros, paid_at: Cell::new(0) }
    }

    /// Whether one more handshake may begin.
    pub(super) fn has_room(&self, now_micros: u64) -> bool {
        u128::from(self.paid_at.get().saturating_sub(now_micros)) <= HANDSHAKE_BURST.as_micros()
    }

    /// Counts what `work` costs.
    pub(super) fn spend<T>(&self, now_micros: u64, work: impl FnOnce() -> T) -> T {
        let before = (self.cpu_micros)();
        let outcome = work();
        let cost = (self.cpu_micros)().saturating_sub(before);
        let span = cost.saturating_mul(100).checked_div(HANDSHAKE_CPU_PERCENT).unwrap_or(cost);
        self.paid_at.set(self.paid_at.get().max(now_micros).saturating_add(span));
        outcome
    }
}

#[cfg(test)]
mod tests;
