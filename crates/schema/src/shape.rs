//! As which JSON type a text is to be read: what a path, query, header, cookie or form can hold is text only.

/// What a schema says of the types of a value, as far as reading a text needs it.
///
/// Made from a schema, so its depth is bounded: what lies deeper than [`Shape::MAX_DEPTH`] is [`Shape::Any`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing is said: a text is a string.
    Any,
    /// One of these types.
    Scalar(Types),
    /// An array, and the shape of its items.
    Array(Box<Shape>),
    /// An object.
    Object {
        /// The properties that the schema names.
        properties: Vec<(Box<str>, Shape)>,
        /// The shape of any other property; `None` if there may be no other.
        other: Option<Box<Shape>>,
    },
}

impl Shape {
    /// Arrays and objects inside each other. No style of OpenAPI writes more than two.
    pub const MAX_DEPTH: usize = 8;

    /// A string and nothing else.
    pub const STRING: Self = Self::Scalar(Types::STRING);

    /// The shape of a property: its own, or that of any other.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Shape> {
        let Self::Object { properties, other } = self else { return None };
        let named = properties.iter().find(|(known, _)| &**known == name).map(|(_, shape)| shape);
        named.or(other.as_deref())
    }

    /// Whether the schema names this property.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        matches!(self, Self::Object { properties, .. } if properties.iter().any(|(known, _)| &**known == name))
    }
}

/// A set of the types that are neither array nor object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Types(u8);

impl Types {
    /// None of them: no text can be read.
    pub const NONE: Self = Self(0);
    /// `null`. No text of a style is null, so this alone lets nothing be read.
    pub const NULL: Self = Self(1);
    /// `true` and `false`.
    pub const BOOLEAN: Self = Self(1 << 1);
    /// Numbers written without point and exponent.
    pub const INTEGER: Self = Self(1 << 2);
    /// All numbers.
    pub const NUMBER: Self = Self(1 << 3);
    /// Strings.
    pub const STRING: Self = Self(1 << 4);

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether it holds all of `other`.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether it holds nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
