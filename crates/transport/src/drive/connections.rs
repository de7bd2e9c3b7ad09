//! How many client connections are open: in all, and from one address.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use portcullis_core::bounds::{HANDSHAKES_PER_ADDRESS, MAX_CONNECTIONS, MAX_CONNECTIONS_PER_ADDRESS};

use crate::address_rate::{Buckets, Pace};
use crate::block::Block;

/// One per value of the top four bits of a hash.
const SHARDS: usize = 16;

/// At most so many handshakes a second, and at once.
const HANDSHAKES: Pace = Pace::new(HANDSHAKES_PER_ADDRESS, HANDSHAKES_PER_ADDRESS);

/// The connection budget of the process, shared by all cores and listeners. Locked at accept and at close only.
///
/// Bound: one entry per address with an open connection, so at most [`MAX_CONNECTIONS`] and one per accept loop.
pub struct Connections {
    max: usize,
    max_per_address: u32,
    open: AtomicUsize,
    accepted: AtomicU64,
    closed: [AtomicU64; Closed::ALL.len()],
    failed_handshakes: AtomicU64,
    handshakes: Buckets,
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
    /// Closed by us before they had a request, or to make room; at the index of [`Closed`].
    pub closed: [u64; Closed::ALL.len()],
    /// TLS handshakes that failed or took too long.
    pub failed_handshakes: u64,
}

/// Why a connection was closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Its address holds too many.
    AddressFull,
    /// Its address begins too many TLS handshakes.
    HandshakeRate,
    /// TLS handshakes take too much of the core.
    HandshakeShare,
    /// It had no request on it, and its place was needed.
    Evicted,
    /// Its PROXY protocol header was missing, broken, or sent by somebody who is no trusted proxy.
    ProxyHeader,
}

impl Closed {
    /// All of them, in order.
    pub const ALL: [Self; 5] =
        [Self::AddressFull, Self::HandshakeRate, Self::HandshakeShare, Self::Evicted, Self::ProxyHeader];

    /// The word of the metrics.
    pub const fn id(self) -> &'static str {
        match self {
            Self::AddressFull => "address_full",
            Self::HandshakeRate => "handshake_rate",
            Self::HandshakeShare => "handshake_share",
            Self::Evicted => "evicted",
            Self::ProxyHeader => "proxy_header",
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
            closed: Default::default(),
            failed_handshakes: AtomicU64::new(0),
            handshakes: Buckets::default(),
            hasher: RandomState::new(),
            shards: Default::default(),
        })
    }

    /// Figures for metrics.
    pub fn counts(&self) -> Counts {
        Counts {
            open: self.open.load(Ordering::Relaxed),
            accepted: self.accepted.load(Ordering::Relaxed),
            closed: self.closed.each_ref().map(|count| count.load(Ordering::Relaxed)),
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

    pub(super) fn count_closed(&self, why: Closed) {
        self.count_many_closed(why, 1);
    }

    pub(super) fn count_many_closed(&self, why: Closed, count: usize) {
        if let Some(counter) = self.closed.get(why as usize) {
            counter.fetch_add(count as u64, Ordering::Relaxed);
        }
    }

    /// Counts a connection that was just accepted. `None`: its address holds too many, close it.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr, is_trusted_proxy: bool) -> Option<Permit> {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        let mut permit = Permit { connections: Arc::clone(self), block: None };
        (is_trusted_proxy || permit.charge(peer)).then_some(permit)
    }

    /// Whether `address` may begin a TLS handshake now.
    pub(super) fn admit_handshake(&self, address: IpAddr, now_micros: u64) -> bool {
        let is_admitted = self.handshakes.take(address, 0, HANDSHAKES, now_micros);
        if !is_admitted {
            self.count_closed(Closed::HandshakeRate);
        }
        is_admitted
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

impl Permit {
    /// Counts the connection, which no address holds yet, to `address`; false when that holds too many.
    pub(super) fn charge(&mut self, address: IpAddr) -> bool {
        let block = Block::of(address);
        let connections = &self.connections;
        let mut shard = connections.shard(block);
        let held = shard.get(&block).copied().unwrap_or(0);
        if held >= connections.max_per_address {
            connections.count_closed(Closed::AddressFull);
            return false;
        }
        shard.insert(block, held.saturating_add(1));
        drop(shard);
        self.block = Some(block);
        true
    }
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
