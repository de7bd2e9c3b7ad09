//! What can go wrong with the store.

use std::io;
use std::path::PathBuf;

/// Why something is not kept, or not known.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be made, opened or protected.
    #[error("store `{path}`: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// SQLite refuses the file.
    #[error("store `{path}`: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// A later build wrote the file.
    #[error("store: tables of `{room}` have version {found}, this build knows {known}; a later build wrote them")]
    Newer {
        /// Whose tables.
        room: &'static str,
        /// What the file says.
        found: usize,
        /// What this build knows.
        known: usize,
    },
    /// As many things wait as may.
    #[error("store: too much waits for it")]
    Full,
    /// It took longer than the one who asked would wait.
    #[error("store: no answer in time")]
    Deadline,
    /// It has ended.
    #[error("store: it has ended")]
    Gone,
    /// What was asked failed, and left nothing behind.
    #[error("store: {0}")]
    Failed(#[from] rusqlite::Error),
}
