//! The record: one JSON line per exchange and per administrative change, and the counts of what was decided.
//!
//! **Does**  writes each closed exchange to `data_dir/events/`, keeps the counters behind `/metrics`, finds one exchange again.
//! **Never** makes an exchange wait, writes a raw query, a header value or content, or grows beyond its bounds.
//! **Flow**  [`Lane::push`] (one per core, no lock) → bounded channel → [`Recorder`] (one thread, the only writer of the files).
//! **Fails** a full channel or disk loses lines; they are counted in `portcullis_events_lost_total`, and exchanges go on.
//! **Source** guide 7.1; the design, sections 3 (stage 16) and 7.

mod audit;
mod explain;
mod lane;
mod line;
mod metrics;
mod recorder;

pub use audit::{By, Change, Changed};
pub use explain::{Found, find};
pub use lane::{Lane, Names};
pub use metrics::{Metrics, UpstreamState, Upstreams};
pub use recorder::{DIRECTORY, Port, Recorder, RecorderError};
