//! SQLite on a thread of its own: what must survive a restart.
//!
//! **Does**  opens one file below the data directory, brings the tables of each room up to date, and runs what it is handed,
//! each in a transaction, one after the other; opens the same file for reading while another process writes it.
//! **Never** makes anybody wait who does not ask to; grows a queue; knows what a room keeps; leaves the file readable by others.
//! **Flow**  [`Store::open`] with the [`Schema`] of each room → [`Port::ask`] → [`Answer::wait`], with a deadline.
//! **Fails** with [`StoreError`]: a full queue and a deadline are faults of the one who asked, never waited out.
//! **Source** the design, section 7; SQLite: WAL mode, `PRAGMA synchronous`.

mod error;
mod file;
mod schema;
mod worker;

#[cfg(test)]
mod tests;

pub use error::StoreError;
pub use file::{FILE, Reader};
pub use rusqlite;
pub use schema::Schema;
pub use worker::{Answer, Port, Store};
