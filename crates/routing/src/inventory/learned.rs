//! What is known of a template that no document has.

use super::MAX_PARAMETERS;
use super::shape::Shape;
use super::usage::{merge_statuses, merge_times};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What was seen of one method of a learned template. Times in seconds since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Learned {
    /// When first.
    pub first: u64,
    /// When last.
    pub last: u64,
    /// How often.
    pub count: u64,
    /// By status of the answer.
    pub statuses: BTreeMap<u16, u64>,
    /// Names of query pairs.
    pub parameters: BTreeSet<Box<str>>,
    /// What JSON content of requests had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Shape>,
    /// What JSON content of successful responses had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Shape>,
    /// Not in the store yet.
    #[serde(skip)]
    pub(super) is_dirty: bool,
}

impl Learned {
    /// Adds what was seen elsewhere or later.
    pub(crate) fn merge(&mut self, other: Self) {
        merge_times((&mut self.first, &mut self.last), (other.first, other.last));
        self.count = self.count.saturating_add(other.count);
        merge_statuses(&mut self.statuses, other.statuses);
        for name in other.parameters {
            if self.parameters.len() < MAX_PARAMETERS {
                self.parameters.insert(name);
            }
        }
        merge_shape(&mut self.request, other.request);
        merge_shape(&mut self.response, other.response);
        self.is_dirty = true;
    }
}

fn merge_shape(known: &mut Option<Shape>, other: Option<Shape>) {
    match (known, other) {
        (Some(known), Some(other)) => known.merge(other),
        (known @ None, other) => *known = other,
        (Some(_), None) => {}
    }
}
