//! What a document may hold at most.

/// What a document may hold at most. Whoever holds the text bounds its length before; no document is over 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Objects and arrays inside each other (CWE-674).
    pub depth: u32,
    /// Members of one object.
    pub members: u32,
    /// Elements of one array.
    pub elements: u32,
    /// Values and names in the whole document: 20 bytes of memory each.
    pub nodes: u32,
    /// Bytes of one string or name between its quotes, as written.
    pub string_bytes: u32,
    /// Bytes of one number, as written. What compares numbers exactly takes time that grows with them.
    pub number_bytes: u32,
    /// Whether `\u0000` may stand in a string: many programs end a string there.
    pub is_nul_allowed: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            depth: 64,
            members: 1_000,
            elements: 10_000,
            nodes: 200_000,
            string_bytes: 256 * 1024,
            number_bytes: 64,
            is_nul_allowed: false,
        }
    }
}
