//! How an Operation is used.

use super::{MAX_CALLERS, MAX_STATUSES};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What was seen of one Operation. Times in seconds since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// When it was forwarded first.
    pub first: u64,
    /// When it was forwarded last; 0: never.
    pub last: u64,
    /// How often it was forwarded.
    pub count: u64,
    /// How often it was asked for and refused.
    pub refused: u64,
    /// By status of the answer.
    pub statuses: BTreeMap<u16, u64>,
    /// Who calls it, where that is asked: of what is deprecated or has ended.
    pub callers: BTreeMap<IpAddr, Caller>,
    /// Calls of those who are no more among them.
    pub callers_left_out: u64,
    /// What broke the contract, by Reason.
    pub drift: BTreeMap<Cow<'static, str>, Drift>,
}

/// One who calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// When last.
    pub last: u64,
    /// How often.
    pub count: u64,
}

/// One way in which requests or responses break the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// When last.
    pub last: u64,
    /// How often.
    pub count: u64,
}

impl Usage {
    /// Adds what was seen elsewhere or later.
    pub(crate) fn merge(&mut self, other: Self) {
        merge_times((&mut self.first, &mut self.last), (other.first, other.last));
        self.count = self.count.saturating_add(other.count);
        self.refused = self.refused.saturating_add(other.refused);
        merge_statuses(&mut self.statuses, other.statuses);
        self.callers_left_out = self.callers_left_out.saturating_add(other.callers_left_out);
        for (client, caller) in other.callers {
            self.call(client, caller);
        }
        for (reason, drift) in other.drift {
            let known = self.drift.entry(reason).or_default(); // as many as there are Reasons
            known.last = known.last.max(drift.last);
            known.count = known.count.saturating_add(drift.count);
        }
    }

    /// Notes a caller. At the bound the one who was away for longest leaves.
    pub(crate) fn call(&mut self, client: IpAddr, caller: Caller) {
        let known = self.callers.entry(client).or_default();
        known.last = known.last.max(caller.last);
        known.count = known.count.saturating_add(caller.count);
        if self.callers.len() > MAX_CALLERS {
            let oldest = self.callers.iter().min_by_key(|(_, caller)| caller.last).map(|(client, _)| *client);
            let gone = oldest.and_then(|client| self.callers.remove(&client));
            self.callers_left_out = self.callers_left_out.saturating_add(gone.map_or(0, |caller| caller.count));
        }
    }
}

/// `first` is 0 as long as nothing was seen.
pub(super) fn merge_times((first, last): (&mut u64, &mut u64), (other_first, other_last): (u64, u64)) {
    *first = match (*first, other_first) {
        (0, other) => other,
        (own, 0) => own,
        (own, other) => own.min(other),
    };
    *last = (*last).max(other_last);
}

pub(super) fn merge_statuses(statuses: &mut BTreeMap<u16, u64>, other: BTreeMap<u16, u64>) {
    for (status, count) in other {
        count_status(statuses, status, count);
    }
}

pub(super) fn count_status(statuses: &mut BTreeMap<u16, u64>, status: u16, count: u64) {
    if statuses.len() < MAX_STATUSES || statuses.contains_key(&status) {
        let known = statuses.entry(status).or_default();
        *known = known.saturating_add(count);
    }
}
