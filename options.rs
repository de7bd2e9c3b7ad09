//! What the operator and the place of use decide beside the schemas.

/// Which meaning the keywords of a document have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAPI 3.0: a part of JSON Schema draft 4, with `nullable`.
    OpenApi30,
    /// OpenAPI 3.1 and 3.2: JSON Schema draft 2020-12.
    OpenApi31,
}

impl Dialect {
    /// That of a document, by the value of its `openapi`; `None` if it is no version that is known.
    #[must_use]
    pub fn of_version(version: &str) -> Option<Self> {
        match version.split_once('.')?.1.split_once('.')?.0 {
            "0" if version.starts_with("3.") => Some(Self::OpenApi30),
            "1" | "2" if version.starts_with("3.") => Some(Self::OpenApi31),
            _ => None,
        }
    }
}

/// Which numbers are integers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Integers {
    /// Those without a fraction, however written (JSON Schema core §4.2.3): `1.0` is one. In OpenAPI 3.0 as `Lexical`.
    #[default]
    Value,
    /// Those written without point and exponent, for upstreams that take no other.
    Lexical,
}

/// What holds for all schemas of a document.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the keywords mean.
    pub dialect: Dialect,
    /// Which numbers are integers.
    pub integers: Integers,
    /// Whether an object schema that says nothing of other properties has none: mass assignment and exposure are what nobody
    /// wrote down (OWASP API3:2023).
    pub is_closed: bool,
    /// Whether `properties` or `required` without `type` mean an object.
    pub is_object_implied: bool,
    /// Whether an integer without format is within ±(2^63−1): beyond, upstreams round (RFC 7493 §2.2).
    pub is_integer_bounded: bool,
    /// Whether formats are asserted.
    pub is_format_asserted: bool,
    /// Whether what has no effect, or cannot be satisfied, is an error. Off for the vectors of JSON Schema only.
    pub(crate) is_strict: bool,
    /// Names of formats that mean nothing to the gateway.
    pub annotation_formats: Vec<Box<str>>,
    /// Formats of the operator's own: a name, and a pattern of the whole text.
    pub custom_formats: Vec<(Box<str>, Box<str>)>,
}

impl Options {
    /// The safe choice of each.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            integers: Integers::Value,
            is_closed: true,
            is_object_implied: true,
            is_integer_bounded: true,
            is_format_asserted: true,
            is_strict: true,
            annotation_formats: Vec::new(),
            custom_formats: Vec::new(),
        }
    }
}

/// Which way a value goes. `readOnly` and `writeOnly` depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// To the upstream: what is `readOnly` must not be there, and need not.
    Write,
    /// From the upstream: what is `writeOnly` must not be there, and need not.
    Read,
}

/// What becomes of a property that is not declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undeclared {
    /// The value is refused.
    Refuse,
    /// The property is taken out.
    Strip,
    /// It stays, and is told.
    Allow,
}

/// What becomes of a property that may only go the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneWay {
    /// The value is refused.
    Refuse,
    /// The property is taken out.
    Strip,
}

/// How values are judged at one place of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Which way they go.
    pub view: View,
    /// What becomes of properties that are not declared.
    pub undeclared: Undeclared,
    /// What becomes of properties that may only go the other way.
    pub one_way: OneWay,
}

impl Policy {
    /// Of requests: everything is refused.
    pub const REQUEST: Self = Self { view: View::Write, undeclared: Undeclared::Refuse, one_way: OneWay::Refuse };
    /// Of responses: what must not leave is taken out.
    pub const RESPONSE: Self = Self { view: View::Read, undeclared: Undeclared::Strip, one_way: OneWay::Strip };
}
