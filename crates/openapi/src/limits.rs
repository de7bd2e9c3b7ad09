//! What one document and the files it refers to may hold together.

use portcullis_core::bounds::MAX_DOCUMENT_BYTES;

/// Bounds of reading. A document over one of them is refused with the name of the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all files.
    pub max_bytes: u64,
    /// Values and keys of all files: 20,000 operations with schemas and examples have about 2,000,000.
    pub max_nodes: usize,
    /// Values that YAML aliases repeat: nine levels of nine aliases each pass any bound, so a low one costs the least.
    pub max_aliased: usize,
    /// Maps and lists inside each other.
    pub max_depth: usize,
    /// Files, the document itself included.
    pub max_files: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: MAX_DOCUMENT_BYTES,
            max_nodes: 8_000_000,
            max_aliased: 200_000,
            max_depth: 256,
            max_files: 2_000,
        }
    }
}
