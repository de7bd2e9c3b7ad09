//! An OpenAPI document as it is written: every value with its place, and references followed to what they name.
//!
//! **Does**  reads a document and the files it refers to, below its own directory; keeps each key and value with file, line and
//! column; finds what a `$ref` names; names the operations of `paths`.
//! **Never** opens a socket, leaves the directory, or drops what it does not know.
//! **Source** OpenAPI 3.0.4, 3.1.2 and 3.2.0, RFC 6901, YAML 1.2.2.

mod documents;
mod limits;
mod node;
mod object;
mod paths;
mod reader;
mod reference;
mod version;

pub use documents::Documents;
pub use limits::Limits;
pub use node::{FileId, Key, Kind, Node, Place};
pub use object::Object;
pub use paths::{DeclaredOperation, DeclaredPath, PathItem, Paths};
pub use version::Version;
