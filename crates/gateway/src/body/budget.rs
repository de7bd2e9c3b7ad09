//! Memory for content that is held whole: one budget for the process, charged as bytes arrive.

use portcullis_core::bounds::{HELD_SHARE, HELD_STEP};
use portcullis_core::{Reason, Stop};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Tables of addresses; two cores meet in one of them rarely.
const SHARDS: usize = 16;

/// What all exchanges may hold. An address is in a table only while it holds something.
#[derive(Debug)]
pub struct Budget {
    max: AtomicU64,
    used: AtomicU64,
    addresses: [Mutex<HashMap<IpAddr, u64>>; SHARDS],
    hasher: RandomState,
}

impl Budget {
    /// A budget of `max` bytes.
    pub fn new(max: u64) -> Arc<Self> {
        Arc::new(Self {
            max: AtomicU64::new(max),
            used: AtomicU64::new(0),
            addresses: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
        })
    }

    /// What one exchange of a client holds: nothing yet.
    pub fn share(self: &Arc<Self>, client: IpAddr) -> Share {
        Share { budget: Arc::clone(self), client: network(client), bytes: 0 }
    }

    /// Another size. What is held already stays.
    pub fn resize(&self, max: u64) {
        self.max.store(max, Ordering::Relaxed);
    }

    /// Bytes held now.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    fn table(&self, client: IpAddr) -> MutexGuard<'_, HashMap<IpAddr, u64>> {
        let shard = usize::try_from(self.hasher.hash_one(client).rem_euclid(SHARDS as u64)).unwrap_or_default();
        let [first, ..] = &self.addresses;
        // A table is a sum for each address: whatever panicked while it was locked left it whole.
        self.addresses.get(shard).unwrap_or(first).lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn charge(&self, client: IpAddr, bytes: u64) -> bool {
        let max = self.max.load(Ordering::Relaxed);
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= max);
        if self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_err() {
            return false;
        }
        let mut table = self.table(client);
        let held = table.get(&client).copied().unwrap_or_default().saturating_add(bytes);
        if held > max / HELD_SHARE {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        table.insert(client, held);
        true
    }

    fn give_back(&self, client: IpAddr, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        let mut table = self.table(client);
        match table.get(&client).map(|held| held.saturating_sub(bytes)) {
            Some(0) | None => drop(table.remove(&client)),
            Some(rest) => drop(table.insert(client, rest)),
        }
    }
}

/// What one exchange holds; given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    client: IpAddr,
    bytes: u64,
}

impl Share {
    /// Bytes that are charged.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Charges so much that `bytes` may be held in all.
    ///
    /// # Errors
    /// The budget, or the client's part of it, is used up.
    pub fn cover(&mut self, bytes: u64) -> Result<(), Stop> {
        let Some(more) = bytes.checked_sub(self.bytes).filter(|more| *more > 0) else { return Ok(()) };
        let more = more.checked_next_multiple_of(HELD_STEP).unwrap_or(u64::MAX);
        if !self.budget.charge(self.client, more) {
            return Err(Stop::fault(Reason::ContentMemory));
        }
        self.bytes = self.bytes.saturating_add(more);
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.give_back(self.client, self.bytes);
        }
    }
}

/// One client of IPv6 has a /64 of its own.
fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests;
