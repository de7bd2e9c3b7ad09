//! Compiled schemas: one arena, named by place. What a request needs of a keyword is computed when it is loaded.

use super::format::Format;
use super::options::Integers;
use super::pattern::Pattern;
use super::properties::Properties;
use super::small::Small;
use portcullis_json::{Document, Kind, Number};
use std::cmp::Ordering;
use std::sync::Arc;

/// Names a schema of one [`Schemas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaId(pub(crate) u32);

/// All schemas of one document.
pub struct Schemas {
    pub(crate) arena: Vec<Schema>,
    pub(crate) integers: Integers,
    /// Whether objects are closed that say nothing.
    pub(crate) is_closed: bool,
    /// Whether any `$dynamicRef` looks for where it was reached from.
    pub(crate) is_dynamic: bool,
}

impl Schemas {
    pub(crate) fn schema(&self, id: SchemaId) -> Option<&Schema> {
        self.arena.get(id.0 as usize)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arena.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arena.is_empty()
    }
}

impl std::fmt::Debug for Schemas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Schemas({})", self.arena.len())
    }
}

/// The JSON types that a schema allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypeSet(pub(crate) u8);

impl TypeSet {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(1 << 1);
    pub(crate) const INTEGER: Self = Self(1 << 2);
    pub(crate) const NUMBER: Self = Self(1 << 3);
    pub(crate) const STRING: Self = Self(1 << 4);
    pub(crate) const ARRAY: Self = Self(1 << 5);
    pub(crate) const OBJECT: Self = Self(1 << 6);
    pub(crate) const ALL: Self = Self(0x7f);

    pub(crate) const NAMES: [(&'static str, Self); 7] = [
        ("null", Self::NULL),
        ("boolean", Self::BOOLEAN),
        ("integer", Self::INTEGER),
        ("number", Self::NUMBER),
        ("string", Self::STRING),
        ("array", Self::ARRAY),
        ("object", Self::OBJECT),
    ];

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether any of `other` is in it.
    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// One schema.
pub(crate) struct Schema {
    /// `false`: nothing is valid.
    pub(crate) is_never: bool,
    pub(crate) types: TypeSet,
    pub(crate) is_read_only: bool,
    pub(crate) is_write_only: bool,
    /// Whether it says what an object holds: then what it does not name is not declared.
    pub(crate) describes_objects: bool,
    /// Whether other schemas apply to the same value, so that what they declare counts as well.
    pub(crate) is_shared: bool,
    /// The schema resource it is part of, for `$dynamicRef`.
    pub(crate) resource: u32,
    pub(crate) listed: Option<Box<Listed>>,
    pub(crate) number: Option<Box<NumberRules>>,
    pub(crate) string: Option<Box<StringRules>>,
    pub(crate) array: Option<Box<ArrayRules>>,
    pub(crate) object: Option<Box<ObjectRules>>,
    pub(crate) applied: Option<Box<Applied>>,
}

impl Schema {
    /// Anything is valid.
    pub(crate) const ANY: Self = Self {
        is_never: false,
        types: TypeSet::ALL,
        is_read_only: false,
        is_write_only: false,
        describes_objects: false,
        is_shared: false,
        resource: 0,
        listed: None,
        number: None,
        string: None,
        array: None,
        object: None,
        applied: None,
    };
    /// Nothing is valid.
    pub(crate) const NEVER: Self = Self { is_never: true, types: TypeSet::NONE, ..Self::ANY };
}

/// What may stand where a keyword says nothing about one property or element in particular.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Others {
    /// Nothing is said.
    #[default]
    Unsaid,
    /// Anything.
    Any,
    /// None.
    None,
    /// What this schema allows.
    Schema(SchemaId),
}

/// `enum` and `const`.
#[derive(Default)]
pub(crate) struct Listed {
    pub(crate) is_const: bool,
    /// The strings among the values, sorted.
    pub(crate) strings: Vec<Box<str>>,
    /// The other values.
    pub(crate) others: Vec<Document>,
}

impl Listed {
    /// The types of the values.
    pub(crate) fn types(&self) -> TypeSet {
        let of = |document: &Document| match document.root().kind() {
            Kind::Null => TypeSet::NULL,
            Kind::False | Kind::True => TypeSet::BOOLEAN,
            Kind::Number if document.root().as_number().is_some_and(Number::is_integer) => TypeSet::INTEGER,
            Kind::Number => TypeSet::NUMBER,
            Kind::String => TypeSet::STRING,
            Kind::Array => TypeSet::ARRAY,
            Kind::Object => TypeSet::OBJECT,
        };
        let strings = if self.strings.is_empty() { TypeSet::NONE } else { TypeSet::STRING };
        self.others.iter().fold(strings, |types, document| types.or(of(document)))
    }
}

#[derive(Default)]
pub(crate) struct NumberRules {
    pub(crate) bounds: Vec<Bound>,
    pub(crate) multiples: Vec<Box<str>>,
}

/// `minimum` and its like.
pub(crate) struct Bound {
    pub(crate) side: Side,
    /// The number, in the grammar of JSON.
    pub(crate) text: Box<str>,
    /// The same, if it is small.
    pub(crate) small: Option<Small>,
    /// How all small numbers compare to it, if they are all on one side of it.
    pub(crate) far: Option<Ordering>,
    /// Whether it comes from `format`.
    pub(crate) is_format: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Minimum,
    ExclusiveMinimum,
    Maximum,
    ExclusiveMaximum,
}

#[derive(Default)]
pub(crate) struct StringRules {
    /// In characters.
    pub(crate) min: usize,
    pub(crate) max: Option<usize>,
    pub(crate) pattern: Option<Arc<Pattern>>,
    pub(crate) format: Option<Format>,
    /// A format of the operator's own.
    pub(crate) custom: Option<Arc<Pattern>>,
}

#[derive(Default)]
pub(crate) struct ArrayRules {
    pub(crate) min: usize,
    pub(crate) max: Option<usize>,
    pub(crate) is_unique: bool,
    pub(crate) prefix: Vec<SchemaId>,
    pub(crate) items: Others,
    pub(crate) contains: Option<Contains>,
    pub(crate) unevaluated: Others,
}

pub(crate) struct Contains {
    pub(crate) schema: SchemaId,
    pub(crate) min: usize,
    pub(crate) max: Option<usize>,
}

#[derive(Default)]
pub(crate) struct ObjectRules {
    pub(crate) min: usize,
    pub(crate) max: Option<usize>,
    pub(crate) properties: Properties,
    pub(crate) patterns: Vec<(Arc<Pattern>, SchemaId)>,
    pub(crate) additional: Others,
    pub(crate) unevaluated: Others,
    pub(crate) names: Option<SchemaId>,
    /// Whether `names` is all that says which members there may be, so that they are declared.
    pub(crate) has_named_members: bool,
    /// If the first is there, the others must be.
    pub(crate) dependent: Vec<(Box<str>, Vec<Box<str>>)>,
}

/// Schemas that apply to the same value.
#[derive(Default)]
pub(crate) struct Applied {
    /// `$ref` and `allOf`.
    pub(crate) all: Vec<SchemaId>,
    pub(crate) any: Option<Choice>,
    pub(crate) one: Option<Choice>,
    pub(crate) not: Option<SchemaId>,
    pub(crate) condition: Option<Condition>,
    /// If the property is there, the schema applies.
    pub(crate) dependent: Vec<(Box<str>, SchemaId)>,
    pub(crate) dynamic: Option<Dynamic>,
}

/// `anyOf` or `oneOf`.
pub(crate) struct Choice {
    pub(crate) branches: Vec<SchemaId>,
    pub(crate) tag: Option<Tag>,
}

/// A property whose value tells the branch.
pub(crate) struct Tag {
    pub(crate) property: Box<str>,
    /// Sorted by the value; the number of the branch.
    pub(crate) branches: Vec<(Box<str>, usize)>,
    /// The branch where the property is missing or names none.
    pub(crate) otherwise: Option<usize>,
    /// Whether each branch refuses the values of the others, so that only one needs to be looked at.
    pub(crate) is_proof: bool,
}

pub(crate) struct Condition {
    pub(crate) when: SchemaId,
    pub(crate) then: Option<SchemaId>,
    pub(crate) otherwise: Option<SchemaId>,
}

/// `$dynamicRef`: the outermost resource that was entered and has the anchor decides.
pub(crate) struct Dynamic {
    pub(crate) otherwise: SchemaId,
    pub(crate) by_resource: Vec<(u32, SchemaId)>,
}
