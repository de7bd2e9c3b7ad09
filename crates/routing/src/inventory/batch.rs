//! What one core noted since it handed over last.

use super::learned::Learned;
use super::shape::Shape;
use super::usage::{Caller, Drift, Usage, count_status};
use http::Method;
use portcullis_core::{ApiId, OperationId, Reason};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

/// Paths without an Operation that are noted between two hand-overs; more are counted.
const MAX_SIGHTINGS: usize = 256;
/// The same for those that were refused, of which a scanner sends as many as it likes.
const MAX_REFUSED: usize = 32;
/// Content that is looked into between two hand-overs.
const MAX_SHAPES: usize = 32;
/// Names of query pairs that are noted of one request.
const MAX_NAMES: usize = 20;
/// Longest of them in bytes.
const MAX_NAME: usize = 64;

/// One request for an Operation.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Which.
    pub operation: OperationId,
    /// Seconds since the epoch.
    pub at: u64,
    /// Of the answer.
    pub status: u16,
    /// A control refused it.
    pub is_refused: bool,
    /// Who called, where that is asked.
    pub caller: Option<IpAddr>,
}

/// One request for what no document has.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// Whose base path it has.
    pub api: ApiId,
    /// The method.
    pub method: Method,
    /// The canonical path behind the base path.
    pub path: Box<str>,
    /// Names of its query pairs.
    pub parameters: BTreeSet<Box<str>>,
    /// What JSON content of the request had.
    pub request: Option<Shape>,
    /// What JSON content of the response had.
    pub response: Option<Shape>,
    /// Seconds since the epoch.
    pub at: u64,
    /// Of the answer; 0 as long as there is none.
    pub status: u16,
    /// It was refused.
    pub is_refused: bool,
}

/// What one core saw. Bound: Operations of one Snapshot, and the bounds of sightings.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) uses: HashMap<OperationId, Usage>,
    pub(super) sightings: Vec<Sighting>,
    refused: usize,
    shapes: usize,
    /// Requests without an Operation that were not noted, for each API.
    pub(super) left_out: HashMap<ApiId, u64>,
}

impl Batch {
    /// Nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.uses.is_empty() && self.sightings.is_empty() && self.left_out.is_empty()
    }

    /// Notes a request for an Operation, and what of it broke the contract.
    pub fn call(&mut self, call: &Call, broken: impl Iterator<Item = Reason>) {
        let usage = self.uses.entry(call.operation).or_default();
        if call.is_refused {
            usage.refused = usage.refused.saturating_add(1);
        } else {
            usage.count = usage.count.saturating_add(1);
            usage.first = if usage.first == 0 { call.at } else { usage.first };
            usage.last = call.at;
        }
        count_status(&mut usage.statuses, call.status, 1);
        if let Some(client) = call.caller {
            usage.call(client, Caller { last: call.at, count: 1 });
        }
        for reason in broken {
            let drift: &mut Drift = usage.drift.entry(Cow::Borrowed(reason.id())).or_default();
            (drift.last, drift.count) = (call.at, drift.count.saturating_add(1));
        }
    }

    /// Whether one more sighting would be noted. Where not, it is counted here.
    pub fn has_room(&mut self, api: ApiId, is_refused: bool) -> bool {
        let has_room = if is_refused {
            self.refused < MAX_REFUSED
        } else {
            self.sightings.len().saturating_sub(self.refused) < MAX_SIGHTINGS
        };
        if !has_room {
            let left_out = self.left_out.entry(api).or_default();
            *left_out = left_out.saturating_add(1);
        }
        has_room
    }

    /// Whether content may be looked into once more before the next hand-over.
    pub fn takes_shape(&mut self) -> bool {
        self.shapes = self.shapes.saturating_add(1);
        self.shapes <= MAX_SHAPES
    }

    /// Notes a request for what no document has. What the upstream does not have either says nothing: whoever asks for it
    /// would write the inventory.
    pub fn sight(&mut self, sighting: Sighting) {
        let is_there = sighting.status < 500 && !matches!(sighting.status, 0 | 401 | 403 | 404 | 405 | 410);
        if (is_there || sighting.is_refused) && self.has_room(sighting.api, sighting.is_refused) {
            self.refused = self.refused.saturating_add(usize::from(sighting.is_refused));
            self.sightings.push(sighting);
        }
    }
}

impl Sighting {
    /// Names of the pairs of a query, as far as they look like names.
    pub fn names(query: Option<&str>) -> BTreeSet<Box<str>> {
        let is_name = |name: &&str| {
            let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~[]$@".contains(&octet);
            !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(plain)
        };
        let pairs = query.into_iter().flat_map(|query| query.split('&'));
        let names = pairs.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
        names.filter(is_name).take(MAX_NAMES).map(Into::into).collect()
    }

    pub(super) fn learned(self) -> Learned {
        Learned {
            first: self.at,
            last: self.at,
            count: 1,
            statuses: BTreeMap::from([(self.status, 1)]),
            parameters: self.parameters,
            request: self.request,
            response: self.response,
            is_dirty: true,
        }
    }
}
