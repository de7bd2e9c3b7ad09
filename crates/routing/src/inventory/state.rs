//! All that is known, put together from what the cores hand over. One thread has it; nobody waits for it.

use super::MAX_OPERATIONS;
use super::batch::Batch;
use super::table::{self, Rows};
use super::tree::Tree;
use super::usage::Usage;
use crate::matcher::Compiled;
use portcullis_store::{Port, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long the store is waited for: by the thread of the inventory, which has nothing else to do.
const DEADLINE: Duration = Duration::from_secs(10);

/// The inventory of a process.
#[derive(Debug, Default)]
pub struct State {
    apis: BTreeMap<Box<str>, Api>,
    operations: usize,
}

#[derive(Debug)]
pub(super) struct Api {
    pub(super) operations: BTreeMap<Box<str>, Usage>,
    pub(super) dirty: BTreeSet<Box<str>>,
    pub(super) learned: Tree,
    pub(super) refused: Tree,
    /// Requests for what no document has that found no room.
    pub(super) left_out: u64,
    pub(super) is_dirty: bool,
}

impl Default for Api {
    fn default() -> Self {
        let (learned, refused) = (Tree::learned(), Tree::refused());
        let (operations, dirty) = (BTreeMap::new(), BTreeSet::new());
        Self { operations, dirty, learned, refused, left_out: 0, is_dirty: false }
    }
}

impl State {
    /// What the store has.
    ///
    /// # Errors
    /// The store does not answer.
    pub fn load(store: &Port) -> Result<Self, StoreError> {
        let rows = store.ask(|store| table::read(store))?.wait(DEADLINE)?;
        Ok(Self::of(rows))
    }

    fn of(rows: Rows) -> Self {
        let mut state = Self::default();
        for (api, name, usage) in rows.operations {
            state.apis.entry(api).or_default().operations.insert(name, usage);
            state.operations = state.operations.saturating_add(1);
        }
        for row in rows.learned {
            let api = state.apis.entry(row.api).or_default();
            let tree = if row.is_refused { &mut api.refused } else { &mut api.learned };
            tree.restore(&row.template, &row.method, row.learned);
        }
        for (api, left_out) in rows.left_out {
            state.apis.entry(api).or_default().left_out = left_out;
        }
        for api in state.apis.values_mut() {
            api.learned.count();
            api.refused.count();
        }
        state
    }

    /// Adds what a core noted under the Snapshot of `routes`.
    pub fn merge(&mut self, routes: &Compiled, batch: Batch) {
        for (id, usage) in batch.uses {
            let Some(operation) = routes.operation(id) else { continue };
            let api = self.apis.entry(routes.api_name(operation.api).into()).or_default();
            if !api.operations.contains_key(&operation.name) {
                if self.operations >= MAX_OPERATIONS {
                    continue; // of 50 documents of 1,000 operations; those of today were there first
                }
                self.operations = self.operations.saturating_add(1);
            }
            api.operations.entry(operation.name.clone()).or_default().merge(usage);
            api.dirty.insert(operation.name.clone());
        }
        for sighting in batch.sightings {
            let api = self.apis.entry(routes.api_name(sighting.api).into()).or_default();
            let tree = if sighting.is_refused { &mut api.refused } else { &mut api.learned };
            let (path, method) = (sighting.path.clone(), sighting.method.clone());
            if !tree.add(&path, method.as_str(), sighting.learned()) {
                api.left_out = api.left_out.saturating_add(1);
            }
            api.is_dirty = true;
        }
        for (id, left_out) in batch.left_out {
            let api = self.apis.entry(routes.api_name(id).into()).or_default();
            api.left_out = api.left_out.saturating_add(left_out);
            api.is_dirty = true;
        }
    }

    /// Brings the store up to date; `now` in seconds since the epoch. What is not kept now is kept the next time.
    ///
    /// # Errors
    /// The store does not do it in time.
    pub fn save(&mut self, store: &Port, now: u64) -> Result<(), StoreError> {
        let changes = table::changes(&self.apis);
        if changes.is_empty() {
            return Ok(());
        }
        store.ask(move |store| changes.write(store, now))?.wait(DEADLINE)?;
        for api in self.apis.values_mut() {
            api.dirty.clear();
            api.is_dirty = false;
            api.learned.settle();
            api.refused.settle();
        }
        Ok(())
    }
}
