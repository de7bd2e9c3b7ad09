//! Test tools: the scenario runner, fake upstreams, raw clients and a test certificate authority.
//!
//! **Does**  runs the YAML cases of `scenarios/` against the real binary over real sockets and says for each what was
//!           expected and what came.
//! **Never** is a dependency of anything that ships; judges a duration; normalises what a case sends.
//! **Flow**  [`scenario::run_all`] → one gateway per configuration → [`client`] sends, [`upstream`] records and
//!           answers, the record in `data_dir/events/` is read → expectations judged.
//! **Fails** a case that does not hold is an entry in the [`scenario::Report`]; a file that does not parse is an error.
//! **Source** design section 9 (tests).
#![expect(clippy::arithmetic_side_effects, reason = "counts of test data, chosen by the cases in this repository")]

pub mod ca;
pub mod client;
pub mod latin1;
pub mod loader;
pub mod pattern;
pub mod process;
pub mod scenario;
pub mod small_upstream;
pub mod soak;
pub mod upstream;
