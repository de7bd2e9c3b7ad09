//! What one core owns: nothing here is ever touched by another core, so nothing here has a lock.

use crate::body::{Budget, RequestBody};
use crate::cores::Shared;
use crate::inventory;
use crate::snapshot::{Pinned, SnapshotReader};
use portcullis_core::Clock;
use portcullis_events::Lane;
use portcullis_transport::address_rate::Buckets;
use portcullis_transport::drive::Roster;
use portcullis_transport::upstream::Pools;
use portcullis_transport::wheel::Wheel;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use uuid::Uuid;

/// The state of one core's runtime.
pub struct Worker {
    /// Deadlines.
    pub wheel: Rc<Wheel>,
    /// Connections of clients.
    pub roster: Rc<Roster>,
    /// Requests by client address, shared by all cores.
    pub requests: Arc<Buckets>,
    /// Memory for content that is held whole, shared by all cores.
    pub held: Arc<Budget>,
    /// Connections to upstreams.
    pub pools: Rc<Pools<RequestBody>>,
    /// This core's end of the record.
    pub lane: Lane,
    /// This core's end of the inventory.
    pub inventory: inventory::Lane,
    /// Time.
    pub clock: Clock,
    snapshots: RefCell<SnapshotReader>,
    random: Cell<u64>,
}

impl Worker {
    /// A core that takes its Snapshots from `snapshots`.
    pub fn new(
        snapshots: SnapshotReader,
        wheel: Rc<Wheel>,
        lane: Lane,
        inventory: inventory::Lane,
        shared: &Shared,
    ) -> Rc<Self> {
        let (seed, _) = Uuid::new_v4().as_u64_pair(); // from the operating system: cores and processes differ
        let (roster, pools) = (Roster::new(&wheel), Pools::new(Rc::clone(&wheel)));
        Rc::new(Self {
            wheel,
            roster,
            requests: Arc::clone(&shared.requests),
            held: Arc::clone(&shared.held),
            pools,
            lane,
            inventory,
            clock: shared.clock.clone(),
            snapshots: RefCell::new(snapshots),
            random: Cell::new(seed),
        })
    }

    /// The Snapshot for one exchange.
    pub fn pin(&self) -> Pinned {
        self.snapshots.borrow_mut().pin()
    }

    /// A new request id (UUIDv7, RFC 9562 §5.7) and the wall time it was made at, in microseconds since the epoch.
    pub fn request_id(&self) -> (Uuid, u64) {
        let now = self.clock.unix_micros();
        let mut random = [0_u8; 10];
        let (high, low) = random.split_at_mut(8);
        high.copy_from_slice(&self.random().to_be_bytes());
        low.copy_from_slice(self.random().to_be_bytes().get(..2).unwrap_or(&[0, 0]));
        (uuid::Builder::from_unix_timestamp_millis(now / 1000, &random).into_uuid(), now)
    }

    /// Random bits for ids (SplitMix64). Unique, not secret: never for keys, nonces or tokens.
    pub fn random(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
