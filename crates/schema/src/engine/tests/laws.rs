//! What holds for any schema and value.

use super::second_opinion::{schema, value};
use super::{ALLOW, STRIP, json};
use crate::Waivers;
use crate::engine::{Compiler, Dialect, OneWay, Options, Policy, SchemaId, Schemas};
use portcullis_json::Edits;
use portcullis_openapi::Documents;
use proptest::prelude::*;
use serde_json::{Value, json as value_of};
use std::path::Path;

/// The schema, with `readOnly` and `writeOnly` strewn in, as an operator might have written it.
fn compiled(schema: &Value) -> Option<(Schemas, SchemaId)> {
    let text = schema.to_string();
    let documents = Documents::parse(Path::new("schema.json"), text.as_bytes()).unwrap();
    let options = Options {
        is_strict: false,
        is_object_implied: false,
        is_integer_bounded: false,
        ..Options::new(Dialect::OpenApi31)
    };
    let mut compiler = Compiler::new(&documents, options);
    let id = compiler.schema(documents.root());
    compiler.finish(&Waivers::default()).ok().map(|compiled| (compiled.schemas, id))
}

/// Marks some of the schemas of properties.
fn strew(schema: &mut Value, left: &mut u32) {
    match schema {
        Value::Object(members) => {
            for (name, inner) in members.iter_mut() {
                if name == "properties"
                    && let Some(properties) = inner.as_object_mut()
                {
                    for property in properties.values_mut() {
                        *left = left.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) >> 1;
                        let way =
                            ["readOnly", "writeOnly", "", "", ""].get(*left as usize % 5).copied().unwrap_or_default();
                        if let (Some(property), false) = (property.as_object_mut(), way.is_empty()) {
                            property.insert(way.into(), true.into());
                        }
                    }
                }
                strew(inner, left);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| strew(inner, left)),
        _ => {}
    }
}

/// Schemas of bodies: mostly objects, with what generated schemas hold beside.
fn body() -> impl Strategy<Value = Value> {
    (schema(), schema(), schema(), any::<u32>()).prop_map(|(root, a, b, mut seed)| {
        let mut body = value_of!({ "type": "object", "properties": { "a": a, "b": b, "c": { "type": "integer" } }, "anyOf": [root, {}] });
        // References lead to the definitions of the root.
        body["$defs"] = body["anyOf"][0]["$defs"].clone();
        strew(&mut body, &mut seed);
        body
    })
}

proptest! {
    #[test]
    fn what_passes_is_valid_and_what_is_left_passes(
        schema in prop_oneof![schema(), body()],
        values in prop::collection::vec(value(), 1..8),
    ) {
        let Some((schemas, id)) = compiled(&schema) else { return Ok(()) };
        let strip = Policy { one_way: OneWay::Strip, ..STRIP };
        for value in values {
            let text = value.to_string();
            let document = json(&text);
            // The quick run sees all that the other one does.
            for policy in [Policy::REQUEST, Policy::RESPONSE] {
                let closely = schemas.look_closely(id, document.root(), &policy).verdict;
                prop_assert!(!schemas.is_clean(id, document.root(), policy.view) || closely.holds(), "{schema} on {text}: {closely:?}");
            }
            let is_valid = schemas.is_valid(id, document.root());
            let refused = schemas.judge(id, document.root(), &Policy::REQUEST);
            let allowed = schemas.judge(id, document.root(), &ALLOW);
            prop_assert!(!refused.holds() || (allowed.holds() && allowed.undeclared.is_empty()), "{schema} on {text}");
            // Without properties that may be missing, what passes is valid.
            if !schema.to_string().contains("readOnly") {
                prop_assert_eq!(allowed.holds(), is_valid, "{} on {}: {:?}", schema, text, allowed);
            }
            let left = schemas.judge(id, document.root(), &strip);
            prop_assert!(left.violations.is_empty() || !refused.holds());
            if left.violations.is_empty() {
                let mut edits = Edits::new();
                left.edit(document.root(), &mut edits);
                let edited = String::from_utf8(edits.apply(&document)).unwrap();
                let again = schemas.judge(id, json(&edited).root(), &Policy::REQUEST);
                prop_assert!(again.holds(), "{schema} on {text} leaves {edited}: {again:?}");
            }
        }
    }
}
