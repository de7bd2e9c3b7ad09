//! One form of a JSON document, for everybody who must look at it: where each value stands in the text, and no more.
//!
//! **Does**  parses text once, within [`Bounds`]; finds values by name, place or JSON Pointer; takes out or replaces values
//! by byte ranges, and leaves the rest of the text as it was.
//! **Never** recurses; keeps two members of one name; rounds a number; repairs text; builds a tree of values.
//! **Flow**  [`Document::parse`] → [`Value`] → [`Pointer`], [`Edits`].
//! **Fails** with [`Error`]: at which byte, and what is accepted there.
//! **Source** RFC 8259 (JSON), RFC 7493 (I-JSON: no duplicate names, no lone surrogates), RFC 6901 (JSON Pointer).

mod bounds;
mod document;
mod duplicates;
mod edit;
mod equality;
mod error;
mod number;
mod parse;
mod pointer;
mod scan;
#[cfg(test)]
mod tests;

pub use bounds::Bounds;
pub use document::{Descendants, Document, Elements, Kind, Member, Members, NodeId, Value};
pub use edit::Edits;
pub use error::{Error, Problem};
pub use number::Number;
pub use pointer::{Pointer, PointerError};
