//! An Operation: method and path template of one API, by operationId.

use http::Method;

/// One API of a Snapshot, by its place in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiId(pub u16);

/// One Operation of a Snapshot. Dense: rooms keep what they know of it in a `Vec` at [`OperationId::index`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(pub u32);

impl ApiId {
    /// The place in a `Vec` with one entry per API.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl OperationId {
    /// The place in a `Vec` with one entry per Operation.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What everybody may know of an Operation. What a room knows of it stays in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its place in the Snapshot.
    pub id: OperationId,
    /// The API it belongs to.
    pub api: ApiId,
    /// The operationId, or `METHOD /template` where the document gives none.
    pub name: Box<str>,
    /// The method.
    pub method: Method,
    /// The path template as the document writes it, with the base path before it.
    pub template: Box<str>,
}
