//! The inventory: what of an API is used, by whom, and what is there that its document does not know.
//!
//! A core notes into a [`Batch`], without a lock; batches are merged into one [`State`], which is kept in the store and read by
//! [`Report`]. Nothing of a request is kept but names, kinds and counts: a segment of a path that looks like a value becomes a
//! parameter before it is kept, and of a query only the names of its pairs are.
//!
//! Every list has a bound, and what is left out at it is counted: whoever sends requests chooses what stands here.

mod batch;
mod draft;
mod learned;
mod report;
mod segment;
mod shape;
mod state;
mod table;
mod tree;
mod usage;

#[cfg(test)]
mod tests;

pub use batch::{Batch, Call, Sighting};
pub use learned::Learned;
pub use report::{Entry, EntryState, Report};
pub use shape::Shape;
pub use state::State;
pub use table::{Rows, SCHEMA, read};
pub use usage::{Caller, Drift, Usage};

/// Parts of a path, its slashes counted; what is deeper is left out.
const MAX_SEGMENTS: usize = 24;
/// Templates and methods that are kept for one API.
const MAX_ENTRIES: usize = 2_000;
/// Nodes of the tree of one API's learned templates.
const MAX_NODES: usize = 10_000;
/// The same for what was refused, which anybody can ask for.
const MAX_REFUSED_ENTRIES: usize = 500;
/// Nodes for that.
const MAX_REFUSED_NODES: usize = 2_000;
/// Names of query pairs that are kept for one entry.
const MAX_PARAMETERS: usize = 50;
/// Callers that are kept for one Operation: the ones who came last.
const MAX_CALLERS: usize = 100;
/// Operations that are kept, those of documents that changed since included.
const MAX_OPERATIONS: usize = 50_000;
/// Status codes that are told apart.
const MAX_STATUSES: usize = 32;
