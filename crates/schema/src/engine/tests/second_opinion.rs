//! Against the crate `jsonschema`: what it says of generated schemas and values, we say.

use super::super::{Compiler, Dialect, Options};
use crate::Waivers;
use portcullis_json::{Bounds, Document};
use portcullis_openapi::Documents;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;

pub(super) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3..4_i64).prop_map(Value::from),
        prop::sample::select(vec![1.0, 0.5, -2.5, 1e2]).prop_map(Value::from),
        prop::sample::select(vec!["", "a", "b", "ab", "aé😀", "1"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c", "ab"]), inner, 0..4)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "ab"]).prop_map(String::from)
}

fn keyword(inner: BoxedStrategy<Value>) -> BoxedStrategy<(String, Value)> {
    let named = |name: &'static str| move |value: Value| (name.to_owned(), value);
    let list = prop::collection::vec(inner.clone(), 1..4).prop_map(Value::Array);
    let map = prop::collection::btree_map(name(), inner.clone(), 0..3)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()))
        .boxed();
    let names = prop::collection::btree_set(name(), 0..3).prop_map(|names| json!(names)).boxed();
    let type_name = prop::sample::select(vec!["null", "boolean", "integer", "number", "string", "array", "object"]);
    let count = (0..4_u8).prop_map(Value::from);
    prop_oneof![
        type_name.clone().prop_map(|name| ("type".into(), name.into())),
        prop::collection::btree_set(type_name, 1..4).prop_map(|names| ("type".into(), json!(names))),
        prop::collection::vec(value(), 1..4).prop_map(|values| ("enum".into(), Value::Array(values))),
        value().prop_map(named("const")),
        (-3..4_i64).prop_map(|number| ("minimum".into(), number.into())),
        (-3..4_i64).prop_map(|number| ("exclusiveMaximum".into(), number.into())),
        prop::sample::select(vec![0.5, 1.0, 2.0, 0.1]).prop_map(|number| ("multipleOf".into(), number.into())),
        (
            prop::sample::select(vec![
                "minLength",
                "maxLength",
                "minItems",
                "maxItems",
                "minProperties",
                "maxProperties"
            ]),
            count.clone()
        )
            .prop_map(|(name, count)| (name.into(), count)),
        prop::sample::select(vec!["^a", "b$", "^[ab]*$", "."]).prop_map(|text| ("pattern".into(), text.into())),
        any::<bool>().prop_map(|unique| ("uniqueItems".into(), unique.into())),
        (prop::sample::select(vec!["allOf", "anyOf", "oneOf", "prefixItems"]), list)
            .prop_map(|(name, list)| (name.into(), list)),
        (prop::sample::select(vec!["properties", "dependentSchemas"]), map.clone())
            .prop_map(|(name, map)| (name.into(), map)),
        map.prop_map(|map| {
            let entries = map.as_object().unwrap().iter().map(|(name, schema)| (format!("^{name}"), schema.clone()));
            ("patternProperties".into(), Value::Object(entries.collect()))
        }),
        (
            prop::sample::select(vec![
                "not",
                "if",
                "then",
                "else",
                "items",
                "contains",
                "additionalProperties",
                "propertyNames",
                "unevaluatedProperties",
                "unevaluatedItems",
            ]),
            inner
        )
            .prop_map(|(name, schema)| (name.into(), schema)),
        (prop::sample::select(vec!["minContains", "maxContains"]), count)
            .prop_map(|(name, count)| (name.into(), count)),
        names.clone().prop_map(named("required")),
        (name(), names).prop_map(|(name, names)| ("dependentRequired".into(), json!({ name: names }))),
        prop::sample::select(vec!["#/$defs/x", "#/$defs/y"]).prop_map(|text| ("$ref".into(), text.into())),
    ]
    .boxed()
}

pub(super) fn schema() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![any::<bool>().prop_map(Value::Bool), Just(json!({})), Just(json!({ "type": "string" }))].boxed();
    let inner = leaf.prop_recursive(3, 24, 4, |inner| {
        prop::collection::vec(keyword(inner.boxed()), 1..5)
            .prop_map(|keywords| Value::Object(keywords.into_iter().collect()))
    });
    (inner.clone(), inner.clone(), inner).prop_map(|(root, x, y)| {
        // References lead down only, so that no schema refers to itself without progress.
        let mut root = if root.is_boolean() { json!({ "allOf": [root] }) } else { root };
        let mut y = y;
        drop_references(&mut y);
        let x: Value = serde_json::from_str(&x.to_string().replace("#/$defs/x", "#/$defs/y")).unwrap();
        root["$defs"] = json!({ "x": x, "y": y });
        root
    })
}

fn drop_references(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("$ref");
            members.values_mut().for_each(drop_references);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_references),
        _ => {}
    }
}

proptest! {
    #[test]
    fn agrees(schema in schema(), values in prop::collection::vec(value(), 1..8)) {
        let text = schema.to_string();
        let documents = Documents::parse(Path::new("schema.json"), text.as_bytes()).unwrap();
        let options = Options { is_closed: false, is_object_implied: false, is_integer_bounded: false, is_strict: false, ..Options::new(Dialect::OpenApi31) };
        let mut compiler = Compiler::new(&documents, options);
        let id = compiler.schema(documents.root());
        let compiled = compiler.finish(&Waivers::default()).map_err(|errors| TestCaseError::fail(format!("{errors:?}")))?;
        let theirs = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema);
        let theirs = theirs.map_err(|error| TestCaseError::fail(format!("{error}")))?;
        for value in values {
            let document = Document::parse(value.to_string().into_bytes(), &Bounds::default()).unwrap();
            let ours = compiled.schemas.is_valid(id, document.root());
            prop_assert_eq!(ours, theirs.is_valid(&value), "{} on {}", text, value);
        }
    }
}
