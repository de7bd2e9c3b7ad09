//! How many client connections are open: in all, and from one address.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use portcullis_core::bounds::{MAX_CONNECTIONS, MAX_CONNECTIONS_PER_ADDRESS};

/// One per value of the top four bits of a hash.
const SHARDS: usize = 16;

/// The connection budget of the process, shared by all cores and listeners. Locked at accept and at close only.
///
/// Bound: one entry per address with an open connection, so at most [`MAX_CONNECTIONS`] and one per accept loop.
pub struct Connections {
    max: usize,
    max_per_address: u32,
    open: AtomicUsize,
    accepted: AtomicU64,
    refused: AtomicU64,
    failed_handshakes: AtomicU64,
    hasher: RandomState,
    shards: [Mutex<HashMap<Block, u32>>; SHARDS],
}

/// Figures for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open now.
    pub open: usize,
    /// Accepted since the start, refused ones included.
    pub accepted: u64,
    /// Closed at accept: too many from one address.
    pub refused: u64,
    /// TLS handshakes that failed or took too long.
    pub failed_handshakes: u64,
}

/// What one client is taken to hold: an IPv4 address, or an IPv6 /64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Block {
    V4(u32),
    V6(u64),
}

impl Block {
    fn of(peer: IpAddr) -> Self {
        match peer.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6(u64::try_from(address.to_bits() >> 64).unwrap_or(u64::MAX)),
        }
    }
}

impl Connections {
    /// With the bounds of the build.
    pub fn new() -> Arc<Self> {
        Self::bounded(MAX_CONNECTIONS, MAX_CONNECTIONS_PER_ADDRESS)
    }

    /// With other bounds: tests scale them down.
    pub fn bounded(max: usize, max_per_address: u32) -> Arc<Self> {
        Arc::new(Self {
            max,
            max_per_address,
            open: AtomicUsize::new(0),
            accepted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            failed_handshakes: AtomicU64::new(0),
            hasher: RandomState::new(),
            shards: Default::default(),
        })
    }

    /// Figures for metrics.
    pub fn counts(&self) -> Counts {
        Counts {
            open: self.open.load(Ordering::Relaxed),
            accepted: self.accepted.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            failed_handshakes: self.failed_handshakes.load(Ordering::Relaxed),
        }
    }

    /// Whether another connection may be accepted. Asked before accepting, so the bound is passed by one per accept loop at most.
    pub(super) fn has_room(&self) -> bool {
        self.open.load(Ordering::Relaxed) < self.max
    }

    pub(super) fn count_failed_handshake(&self) {
        self.failed_handshakes.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection that was just accepted. `None`: its address holds too many, close it.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr, is_trusted_proxy: bool) -> Option<Permit> {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        let block = if is_trusted_proxy { None } else { Some(Block::of(peer)) };
        if let Some(block) = block {
            let mut shard = self.shard(block);
            let held = shard.entry(block).or_insert(0);
            if *held >= self.max_per_address {
                self.refused.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            *held = held.saturating_add(1);
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        Some(Permit { connections: Arc::clone(self), block })
    }

    fn shard(&self, block: Block) -> std::sync::MutexGuard<'_, HashMap<Block, u32>> {
        let place = usize::try_from(self.hasher.hash_one(block) >> 60).unwrap_or(0);
        // A panic cannot leave a count half changed, so a poisoned lock is as good as any.
        let [first, ..] = &self.shards;
        self.shards.get(place).unwrap_or(first).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One counted connection; given back on drop.
pub(super) struct Permit {
    connections: Arc<Connections>,
    block: Option<Block>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.connections.open.fetch_sub(1, Ordering::Relaxed);
        let Some(block) = self.block else { return };
        let mut shard = self.connections.shard(block);
        if let Some(held) = shard.get_mut(&block) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                shard.remove(&block);
            }
        }
    }
}

#[cfg(test)]
mod tests;
