//! One thing that is wrong with what a message says: where it stands and which rule it breaks, never the value.

/// What breaks a rule of the contract.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Where it stands.
    pub place: Place,
    /// The keyword or rule, such as `maxLength`.
    pub rule: &'static str,
}

/// Where something stands in a message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A parameter of the head: `query.limit`.
    Parameter(Box<str>),
    /// A value of the content, as a JSON Pointer (RFC 6901); empty for the content as a whole.
    Pointer(Box<str>),
    /// A byte of content that cannot be read, counted from 0.
    Byte(u64),
}

impl Violation {
    /// A rule broken at a pointer of the content.
    pub fn at(pointer: impl Into<Box<str>>, rule: &'static str) -> Self {
        Self { place: Place::Pointer(pointer.into()), rule }
    }

    /// A rule broken by a parameter.
    pub fn of(parameter: impl Into<Box<str>>, rule: &'static str) -> Self {
        Self { place: Place::Parameter(parameter.into()), rule }
    }
}
