//! Schemas and what they say of a value.
//!
//! **Does**  compiles the schemas of a document into one arena; judges JSON values against them, in one quick run that keeps
//! nothing, and where something is wrong in a second one that tells what.
//! **Never** fetches; passes over a keyword in silence; evaluates more steps than the size of the value allows; repeats a value
//! in what it tells.
//! **Flow**  [`Compiler`] → [`Schemas`] → [`Schemas::judge`] → [`Verdict`].
//! **Fails** closed: what cannot be decided is refused.
//! **Source** JSON Schema draft 2020-12, OpenAPI 3.0.4 Schema Object.

mod check;
mod compile;
mod format;
mod judge;
mod keywords;
mod marks;
mod names;
mod options;
mod pattern;
mod properties;
mod references;
mod rule;
mod schema;
mod shape;
mod sink;
mod small;
mod verdict;

#[cfg(test)]
mod tests;

pub use compile::{Compiled, Compiler};
pub use options::{Dialect, Integers, OneWay, Options, Policy, Undeclared, View};
pub use rule::Rule;
pub use schema::{SchemaId, Schemas};
pub use verdict::{Removal, Verdict, Violation};
