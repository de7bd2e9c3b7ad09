//! What loads, what loads with a warning, and what does not.

use super::{compile, component, good, json, judged};
use crate::engine::Dialect::{self, OpenApi30, OpenApi31};
use crate::engine::{Compiler, Options, Policy};
use crate::{WaiverConfig, Waivers};
use portcullis_openapi::Documents;
use std::path::Path;

/// The first error, or the first warning, of a schema.
fn complaint(text: &str, dialect: Dialect) -> String {
    match compile(text, Options::new(dialect)) {
        Ok((compiled, _)) => compiled.warnings.first().map(|warning| format!("warning: {warning}")).unwrap_or_default(),
        Err(errors) => errors[0].to_string(),
    }
}

fn complaints(cases: &[(&str, Dialect, &str)]) {
    for (text, dialect, expected) in cases {
        let told = complaint(text, *dialect);
        assert!(told.contains(expected) && told.is_empty() == expected.is_empty(), "{text} ({dialect:?}): {told}");
    }
}

#[test]
fn keywords_are_known_or_refused() {
    complaints(&[
        // contract/O-37
        (
            "{type: string, maxlength: 3}",
            OpenApi31,
            "schema.yaml:1:16: unknown keyword `maxlength`; nearest: `maxLength`",
        ),
        ("{type: object, require: [a]}", OpenApi30, "nearest: `required`"),
        ("{type: object, additionalproperties: false}", OpenApi31, "nearest: `additionalProperties`"),
        ("{type: integer, minimun: 3}", OpenApi30, "nearest: `minimum`"),
        ("{type: integer, x-note: 3, description: d, example: 4}", OpenApi30, ""),
        ("{type: object, x-portcullis-close: true}", OpenApi31, "nearest: `x-portcullis-closed`"),
        // contract/O-36
        ("{const: 1}", OpenApi30, "`const` is not part of OpenAPI 3.0"),
        ("{if: {}}", OpenApi30, "`if` is not part of OpenAPI 3.0"),
        ("{type: object, patternProperties: {}}", OpenApi30, "`patternProperties` is not part of OpenAPI 3.0"),
        ("{type: array, prefixItems: [{}]}", OpenApi30, "`prefixItems` is not part of OpenAPI 3.0"),
        ("{type: array, items: [{}]}", OpenApi30, "a schema is expected"),
        ("{type: object, dependencies: {}}", OpenApi30, "`dependencies` is of another draft"),
        (
            "{type: object, unevaluatedProperties: false}",
            OpenApi30,
            "`unevaluatedProperties` is not part of OpenAPI 3.0",
        ),
        ("{type: object, dependencies: {}}", OpenApi31, "`dependencies` is of another draft"),
    ]);
}

#[test]
fn null_is_written_as_the_version_says() {
    // contract/O-34
    complaints(&[
        ("{type: string, nullable: true}", OpenApi30, ""),
        ("{nullable: true}", OpenApi30, "`nullable` has no effect without `type`"),
        ("{type: string, nullable: true, enum: [a]}", OpenApi30, "warning: schema.yaml:1:26: null is refused"),
        ("{type: [string, \"null\"]}", OpenApi30, "one type, with `nullable: true` for null"),
        ("{type: string, nullable: true}", OpenApi31, "accepted: `type: [string, \"null\"]`"),
    ]);
    let (schemas, id) = good("{type: string, nullable: true}", OpenApi30);
    assert_eq!(judged(&schemas, id, "null", &Policy::REQUEST), "");
    let (schemas, id) = good("{type: string, nullable: true, enum: [a]}", OpenApi30);
    assert_eq!(judged(&schemas, id, "null", &Policy::REQUEST), " enum");
    let (schemas, id) = good("{type: string, nullable: true, enum: [a, null]}", OpenApi30);
    assert_eq!(judged(&schemas, id, "null", &Policy::REQUEST), "");
}

#[test]
fn exclusive_bounds_are_written_as_the_version_says() {
    // contract/O-35
    let (schemas, id) = good("{type: integer, exclusiveMinimum: true, minimum: 0}", OpenApi30);
    assert_eq!(judged(&schemas, id, "0", &Policy::REQUEST), " exclusiveMinimum");
    assert_eq!(judged(&schemas, id, "1", &Policy::REQUEST), "");
    let (schemas, id) = good("{type: integer, exclusiveMinimum: 0}", OpenApi31);
    assert_eq!(judged(&schemas, id, "0", &Policy::REQUEST), " exclusiveMinimum");
    complaints(&[
        ("{type: integer, exclusiveMinimum: 0}", OpenApi30, "`exclusiveMinimum` is a boolean in OpenAPI 3.0"),
        (
            "{type: integer, exclusiveMaximum: true, maximum: 0}",
            OpenApi31,
            "`exclusiveMaximum` is a number in OpenAPI 3.1",
        ),
    ]);
}

#[test]
fn what_constrains_nothing_or_everything_is_refused() {
    complaints(&[
        // contract/O-38
        ("{type: integer, maxLength: 3}", OpenApi31, "`maxLength` says nothing of values of this type"),
        ("{type: string, minLength: 5, maxLength: 3}", OpenApi31, "nothing satisfies `minLength` and `maxLength`"),
        ("{type: number, minimum: 1.5, maximum: 1.25}", OpenApi30, "nothing satisfies `minimum` and `maximum`"),
        (
            "{type: object, properties: {a: {}}, required: [b], additionalProperties: false}",
            OpenApi31,
            "`required` names `b`",
        ),
        (
            "{type: object, properties: {name: {}}, required: [nam]}",
            OpenApi31,
            "`required` names `nam`, which no schema of the object declares; nearest: `name`",
        ),
        ("{type: object, additionalProperties: {}, required: [b]}", OpenApi31, ""),
        ("{allOf: [{type: object, properties: {b: {}}}, {type: object, required: [b]}]}", OpenApi31, ""),
        ("{type: object, properties: {a: {}}, anyOf: [{required: [a]}, {required: [b]}]}", OpenApi31, ""),
        ("{type: string, enum: [1, 2]}", OpenApi31, "no value of `enum` is of the type"),
        ("{type: string, format: int32}", OpenApi31, "format `int32` says nothing of values of this type"),
        ("{type: array, maxContains: 2}", OpenApi31, "`maxContains` has no effect without `contains`"),
        ("{type: array, minItems: -1}", OpenApi31, "`minItems` is no count"),
        ("{type: strin}", OpenApi31, "unknown type `strin`; nearest: `string`"),
        ("{type: number, multipleOf: 0}", OpenApi31, "`multipleOf` cannot be enforced"),
        // contract/O-45
        ("{type: string, format: ssn}", OpenApi31, "unknown format `ssn`"),
        ("{type: string, format: date-tme}", OpenApi30, "nearest: `date-time`"),
        // contract/O-47
        ("{type: string, pattern: '^([a-z0-9]{1,1000}){1,1000}$'}", OpenApi31, "it needs more than 8 MiB compiled"),
        (r"{type: string, pattern: '^(a+)\1$'}", OpenApi31, "back-reference"),
        (
            "{$schema: 'http://json-schema.org/draft-07/schema#'}",
            OpenApi31,
            "`$schema` names a dialect that is not enforced",
        ),
        ("{$schema: 'https://json-schema.org/draft/2020-12/schema'}", OpenApi31, ""),
    ]);
}

#[test]
fn formats_may_be_declared() {
    let options = Options {
        annotation_formats: vec!["colour".into()],
        custom_formats: vec![("ssn".into(), r"\d{3}-\d{2}-\d{4}".into())],
        ..Options::new(OpenApi31)
    };
    let (compiled, id) = compile("{type: string, format: ssn}", options.clone()).unwrap();
    assert_eq!(judged(&compiled.schemas, id, r#""123-45-6789""#, &Policy::REQUEST), "");
    assert_eq!(judged(&compiled.schemas, id, r#""123-45-67890""#, &Policy::REQUEST), " format");
    assert!(compile("{type: string, format: colour}", options).is_ok());
}

#[test]
fn properties_imply_an_object() {
    // contract/O-39
    complaints(&[
        ("{properties: {a: {}}}", OpenApi31, "warning: schema.yaml:1:1: `type` is missing"),
        ("{allOf: [{type: object, properties: {a: {}}}], required: [a]}", OpenApi31, ""),
        ("{type: object, properties: {a: {}, b: {}}, anyOf: [{required: [a]}, {required: [b]}]}", OpenApi31, ""),
    ]);
    let (schemas, id) = good("{properties: {a: {}}}", OpenApi31);
    for text in ["[]", r#""x""#] {
        assert_eq!(judged(&schemas, id, text, &Policy::REQUEST), " type");
    }
    let (schemas, id) = good("{properties: {a: {}}, x-portcullis-implied-type: false}", OpenApi31);
    assert_eq!(judged(&schemas, id, "[]", &Policy::REQUEST), "");
}

#[test]
fn closed_parts_of_a_whole_are_refused() {
    // contract/O-40
    let parts = "allOf: [{type: object, additionalProperties: false, properties: {a: {}}}, {type: object, additionalProperties: false, properties: {b: {}}}]";
    complaints(&[
        (&format!("{{{parts}}}"), OpenApi31, "`unevaluatedProperties: false` beside `allOf`"),
        (&format!("{{{parts}}}"), OpenApi30, "`x-portcullis-closed: true` beside `allOf`"),
    ]);
    let text = "{allOf: [{type: object, properties: {a: {}}}, {type: object, properties: {b: {}}}], x-portcullis-closed: true}";
    let (schemas, id) = good(text, OpenApi30);
    assert_eq!(judged(&schemas, id, r#"{"a":1,"b":2}"#, &Policy::REQUEST), "");
    assert_eq!(judged(&schemas, id, r#"{"a":1,"c":2}"#, &Policy::REQUEST), "/c unevaluatedProperties");
}

#[test]
fn references_end_somewhere() {
    let api = |schemas: &str| format!("components: {{schemas: {{{schemas}}}}}");
    let told = |schemas: &str, dialect| match component(&api(schemas), "A", dialect) {
        Ok(_) => String::new(),
        Err(errors) => errors[0].to_string(),
    };
    let r = |name: &str| format!("{{$ref: '#/components/schemas/{name}'}}");
    // contract/O-14
    assert!(told(&format!("A: {}, B: {}", r("B"), r("A")), OpenApi30).contains("reference cycle without progress"));
    let through = format!("A: {{allOf: [{}]}}, B: {{oneOf: [{}, {{type: string}}]}}", r("B"), r("A"));
    assert!(told(&through, OpenApi31).contains("reference cycle without progress"));
    // contract/O-13: with a property between, a cycle is none.
    let between = format!(
        "A: {{type: object, properties: {{b: {}}}}}, B: {{type: object, properties: {{a: {}}}}}",
        r("B"),
        r("A")
    );
    assert_eq!(told(&between, OpenApi30), "");
    // contract/O-15
    let beside = "A: {$ref: '#/components/schemas/B', maxLength: 1}, B: {type: string}";
    assert!(told(beside, OpenApi30).contains("ignored sibling `maxLength`"), "{}", told(beside, OpenApi30));
    let (compiled, id) = component(&api(beside), "A", OpenApi31).unwrap();
    for (text, expected) in [(r#""ab""#, " maxLength"), ("1", " type"), (r#""a""#, "")] {
        assert_eq!(judged(&compiled.schemas, id, text, &Policy::REQUEST), expected, "{text}");
    }
    let chain: Vec<_> =
        (0..60).map(|count| format!("B{count}: {{allOf: [{}]}}", r(&format!("B{}", count + 1)))).collect();
    let chain = format!("A: {}, {}, B60: {{type: string}}", r("B0"), chain.join(", "));
    assert!(told(&chain, OpenApi31).contains("schemas inside each other"));
    assert!(told("A: {$ref: '#/components/schemas/X'}", OpenApi31).contains("leads nowhere"));
}

#[test]
fn schemas_have_addresses() {
    // contract/O-18
    complaints(&[
        ("{$defs: {a: {$anchor: x}, b: {$anchor: x}}, $ref: '#x'}", OpenApi31, "anchor `x` stands twice"),
        ("{$defs: {a: {$id: 'http://a/b'}, b: {$id: 'http://a/b'}}}", OpenApi31, "`$id` stands twice"),
        ("{$defs: {a: {$id: 'http://a/b', $defs: {c: {type: string}}}}, $ref: 'http://a/b#/$defs/c'}", OpenApi31, ""),
        ("{$ref: 'http://a/b'}", OpenApi31, "never fetched"),
    ]);
}

#[test]
fn every_error_is_told_and_may_be_waived() {
    let text = "{type: string, pattern: 'a(?=b)', format: ssn, maxlength: 1}";
    let errors = compile(text, Options::new(OpenApi31)).err().unwrap_or_default();
    assert_eq!(errors.len(), 3, "{errors:?}");
    let documents =
        Documents::parse(Path::new("schema.yaml"), b"{type: string, pattern: 'a(?=b)', maxLength: 1}").unwrap();
    let waive: Vec<WaiverConfig> =
        serde_saphyr::from_str("[{pointer: /pattern, because: the upstream checks it}]").unwrap();
    let waivers = Waivers::new(&documents, &waive).unwrap();
    let mut compiler = Compiler::new(&documents, Options::new(OpenApi31));
    let id = compiler.schema(documents.root());
    let compiled = compiler.finish(&waivers).map_err(|errors| format!("{errors:?}")).unwrap();
    assert_eq!(waivers.unused().count(), 0);
    assert_eq!(compiled.warnings.len(), 1);
    assert!(!compiled.schemas.is_valid(id, json(r#""ab""#).root()), "the rest is enforced");
    assert!(compiled.schemas.is_valid(id, json(r#""x""#).root()));
}

#[test]
fn discriminators_are_judged() {
    let animal = |discriminator: &str, cat: &str| {
        format!(
            "components: {{schemas: {{A: {{oneOf: [{{$ref: '#/components/schemas/Cat'}}, {{$ref: '#/components/schemas/Dog'}}], discriminator: {discriminator}}}, \
             Cat: {{type: object, {cat}properties: {{kind: {{type: string}}}}}}, \
             Dog: {{type: object, required: [kind], properties: {{kind: {{type: string}}}}}}, Cow: {{type: object}}}}}}"
        )
    };
    let told = |text: &str, dialect| match component(text, "A", dialect) {
        Ok(_) => String::new(),
        Err(errors) => errors[0].to_string(),
    };
    // contract/O-43
    let cow = animal("{propertyName: kind, mapping: {cow: '#/components/schemas/Cow'}}", "required: [kind], ");
    assert!(told(&cow, OpenApi30).contains("none of `oneOf` or `anyOf`"), "{}", told(&cow, OpenApi30));
    assert!(told(&animal("{propertyName: kind}", ""), OpenApi31).contains("not required in every branch"));
    assert_eq!(told(&animal("{propertyName: kind, defaultMapping: Cat}", ""), OpenApi31), "");
    // What a branch requires, the whole may declare.
    let whole = "components: {schemas: {A: {type: object, properties: {id: {type: string}}, oneOf: [{$ref: '#/components/schemas/Cat'}], \
         discriminator: {propertyName: kind, mapping: {cat: Cat}}}, \
         Cat: {type: object, required: [kind, id], properties: {kind: {type: string}}}}}";
    assert_eq!(told(whole, OpenApi30), "");
    complaints(&[(
        "{type: object, properties: {kind: {type: string}}, required: [kind], discriminator: {propertyName: kind}}",
        OpenApi31,
        "warning: schema.yaml:1:85: `discriminator` does not search children",
    )]);
}
