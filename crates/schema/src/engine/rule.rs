//! What a value can break.

/// The rule that a value breaks. Its name says no more than the document does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The schema `false`.
    Forbidden,
    /// `type`
    Type,
    /// `enum`
    Enum,
    /// `const`
    Const,
    /// `multipleOf`
    MultipleOf,
    /// `maximum`
    Maximum,
    /// `exclusiveMaximum`
    ExclusiveMaximum,
    /// `minimum`
    Minimum,
    /// `exclusiveMinimum`
    ExclusiveMinimum,
    /// `maxLength`
    MaxLength,
    /// `minLength`
    MinLength,
    /// `pattern`
    Pattern,
    /// `format`
    Format,
    /// `maxItems`
    MaxItems,
    /// `minItems`
    MinItems,
    /// `uniqueItems`
    UniqueItems,
    /// `contains`, with `minContains`
    Contains,
    /// `maxContains`
    MaxContains,
    /// `items`, where there may be no more
    Items,
    /// `unevaluatedItems`
    UnevaluatedItems,
    /// `maxProperties`
    MaxProperties,
    /// `minProperties`
    MinProperties,
    /// `required`
    Required,
    /// `dependentRequired`
    DependentRequired,
    /// `propertyNames`
    PropertyNames,
    /// `additionalProperties`
    AdditionalProperties,
    /// `unevaluatedProperties`
    UnevaluatedProperties,
    /// `anyOf`
    AnyOf,
    /// `oneOf`
    OneOf,
    /// `not`
    Not,
    /// A name that reaches the prototype of objects in JavaScript (CWE-1321).
    Prototype,
    /// A property that the document does not declare.
    Undeclared,
    /// `readOnly`, in a request
    ReadOnly,
    /// `writeOnly`, in a response
    WriteOnly,
    /// A name that some readers take for another one of the object.
    CaseCollision,
    /// The value takes more work, or more steps inside each other, than a value of its size may.
    Work,
}

impl Rule {
    /// Its name in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Type => "type",
            Self::Enum => "enum",
            Self::Const => "const",
            Self::MultipleOf => "multipleOf",
            Self::Maximum => "maximum",
            Self::ExclusiveMaximum => "exclusiveMaximum",
            Self::Minimum => "minimum",
            Self::ExclusiveMinimum => "exclusiveMinimum",
            Self::MaxLength => "maxLength",
            Self::MinLength => "minLength",
            Self::Pattern => "pattern",
            Self::Format => "format",
            Self::MaxItems => "maxItems",
            Self::MinItems => "minItems",
            Self::UniqueItems => "uniqueItems",
            Self::Contains => "contains",
            Self::MaxContains => "maxContains",
            Self::Items => "items",
            Self::UnevaluatedItems => "unevaluatedItems",
            Self::MaxProperties => "maxProperties",
            Self::MinProperties => "minProperties",
            Self::Required => "required",
            Self::DependentRequired => "dependentRequired",
            Self::PropertyNames => "propertyNames",
            Self::AdditionalProperties => "additionalProperties",
            Self::UnevaluatedProperties => "unevaluatedProperties",
            Self::AnyOf => "anyOf",
            Self::OneOf => "oneOf",
            Self::Not => "not",
            Self::Undeclared => "undeclared",
            Self::ReadOnly => "readOnly",
            Self::WriteOnly => "writeOnly",
            Self::CaseCollision => "caseCollision",
            Self::Prototype => "prototype",
            Self::Work => "work",
        }
    }
}
