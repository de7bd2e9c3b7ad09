//! Every keyword of a schema, in one of three lists: enforced, without effect by definition, or refused.

use super::options::Dialect;
use super::schema::TypeSet;

/// What a keyword does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing, by definition.
    Annotation,
    /// It says something of values of these types.
    Of(TypeSet),
}

/// Which dialects have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Both,
    Only30,
    Only31,
}

pub(crate) struct Keyword {
    pub(crate) name: &'static str,
    pub(crate) known: Known,
    pub(crate) effect: Effect,
}

const fn both(name: &'static str, types: TypeSet) -> Keyword {
    Keyword { name, known: Known::Both, effect: Effect::Of(types) }
}

const fn only31(name: &'static str, types: TypeSet) -> Keyword {
    Keyword { name, known: Known::Only31, effect: Effect::Of(types) }
}

const fn note(name: &'static str, known: Known) -> Keyword {
    Keyword { name, known, effect: Effect::Annotation }
}

const NUMBERS: TypeSet = TypeSet::NUMBER.or(TypeSet::INTEGER);

/// OpenAPI 3.0.4 and 3.1.2 Schema Object; JSON Schema 2020-12 core and validation.
pub(crate) const KEYWORDS: &[Keyword] = &[
    both("$ref", TypeSet::ALL),
    both("type", TypeSet::ALL),
    both("enum", TypeSet::ALL),
    both("allOf", TypeSet::ALL),
    both("anyOf", TypeSet::ALL),
    both("oneOf", TypeSet::ALL),
    both("not", TypeSet::ALL),
    both("multipleOf", NUMBERS),
    both("maximum", NUMBERS),
    both("exclusiveMaximum", NUMBERS),
    both("minimum", NUMBERS),
    both("exclusiveMinimum", NUMBERS),
    both("maxLength", TypeSet::STRING),
    both("minLength", TypeSet::STRING),
    both("pattern", TypeSet::STRING),
    both("format", TypeSet::ALL),
    both("maxItems", TypeSet::ARRAY),
    both("minItems", TypeSet::ARRAY),
    both("uniqueItems", TypeSet::ARRAY),
    both("items", TypeSet::ARRAY),
    both("maxProperties", TypeSet::OBJECT),
    both("minProperties", TypeSet::OBJECT),
    both("required", TypeSet::OBJECT),
    both("properties", TypeSet::OBJECT),
    both("additionalProperties", TypeSet::OBJECT),
    both("discriminator", TypeSet::ALL),
    both("readOnly", TypeSet::ALL),
    both("writeOnly", TypeSet::ALL),
    both("x-portcullis-closed", TypeSet::OBJECT),
    both("x-portcullis-implied-type", TypeSet::ALL),
    Keyword { name: "nullable", known: Known::Only30, effect: Effect::Of(TypeSet::ALL) },
    only31("const", TypeSet::ALL),
    only31("if", TypeSet::ALL),
    only31("then", TypeSet::ALL),
    only31("else", TypeSet::ALL),
    only31("prefixItems", TypeSet::ARRAY),
    only31("contains", TypeSet::ARRAY),
    only31("maxContains", TypeSet::ARRAY),
    only31("minContains", TypeSet::ARRAY),
    only31("unevaluatedItems", TypeSet::ARRAY),
    only31("patternProperties", TypeSet::OBJECT),
    only31("propertyNames", TypeSet::OBJECT),
    only31("dependentRequired", TypeSet::OBJECT),
    only31("dependentSchemas", TypeSet::OBJECT),
    only31("unevaluatedProperties", TypeSet::OBJECT),
    only31("$dynamicRef", TypeSet::ALL),
    only31("$id", TypeSet::ALL),
    only31("$schema", TypeSet::ALL),
    only31("$anchor", TypeSet::ALL),
    only31("$dynamicAnchor", TypeSet::ALL),
    only31("$defs", TypeSet::ALL),
    only31("definitions", TypeSet::ALL),
    note("title", Known::Both),
    note("description", Known::Both),
    note("default", Known::Both),
    note("deprecated", Known::Both),
    note("example", Known::Both),
    note("externalDocs", Known::Both),
    note("xml", Known::Both),
    note("examples", Known::Only31),
    note("$comment", Known::Only31),
    note("$vocabulary", Known::Only31),
    // What a string holds is not looked into (JSON Schema validation §8.2).
    note("contentEncoding", Known::Only31),
    note("contentMediaType", Known::Only31),
    note("contentSchema", Known::Only31),
];

/// Keywords of other drafts: known, and refused.
pub(crate) const OTHER_DRAFTS: &[(&str, &str)] = &[
    ("id", "`$id`, in OpenAPI 3.1"),
    ("additionalItems", "`prefixItems` and `items`, in OpenAPI 3.1"),
    ("dependencies", "`dependentRequired` or `dependentSchemas`, in OpenAPI 3.1"),
    ("$recursiveRef", "`$dynamicRef`"),
    ("$recursiveAnchor", "`$dynamicAnchor`"),
];

pub(crate) fn keyword(name: &str) -> Option<&'static Keyword> {
    KEYWORDS.iter().find(|keyword| keyword.name == name)
}

/// Whether a keyword has no effect, or is an extension of somebody else.
pub(crate) fn is_annotation(name: &str) -> bool {
    match keyword(name) {
        Some(keyword) => keyword.effect == Effect::Annotation,
        None => name.starts_with("x-") && !name.starts_with("x-portcullis"),
    }
}

impl Keyword {
    pub(crate) fn is_of(&self, dialect: Dialect) -> bool {
        match self.known {
            Known::Both => true,
            Known::Only30 => dialect == Dialect::OpenApi30,
            Known::Only31 => dialect == Dialect::OpenApi31,
        }
    }
}

/// How schemas stand in the value of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    Schema,
    List,
    Map,
}

pub(crate) fn inside(keyword: &str) -> Option<Inside> {
    match keyword {
        "not"
        | "if"
        | "then"
        | "else"
        | "items"
        | "contains"
        | "unevaluatedItems"
        | "additionalProperties"
        | "propertyNames"
        | "unevaluatedProperties"
        | "contentSchema" => Some(Inside::Schema),
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Some(Inside::List),
        "properties" | "patternProperties" | "dependentSchemas" | "$defs" | "definitions" => Some(Inside::Map),
        _ => None,
    }
}
