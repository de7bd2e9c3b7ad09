//! What may go which way.

use super::{ALLOW, STRIP, component, good, json, judged, told};
use crate::engine::Dialect::{OpenApi30, OpenApi31};
use crate::engine::{OneWay, Policy, Rule, SchemaId, Schemas};
use portcullis_json::Edits;

/// What is left of a text; the violations if it is refused.
fn stripped(schemas: &Schemas, id: SchemaId, text: &str, policy: &Policy) -> String {
    let document = json(text);
    let verdict = schemas.judge(id, document.root(), policy);
    if !verdict.violations.is_empty() {
        return told(&verdict);
    }
    let mut edits = Edits::new();
    verdict.edit(document.root(), &mut edits);
    String::from_utf8(edits.apply(&document)).unwrap()
}

const USER: &str = "{type: object, properties: {name: {type: string}, address: {type: object, properties: {city: {type: string}}}, tags: {type: array, items: {type: object, properties: {id: {type: integer}}}}}}";

#[test]
fn what_is_not_declared_is_refused_taken_out_or_told() {
    // contract/V-45
    let (schemas, id) = good(USER, OpenApi31);
    let text = r#"{"name":"a","isAdmin":true,"address":{"city":"b","zip":1},"tags":[{"id":1,"x":2}]}"#;
    assert_eq!(
        judged(&schemas, id, text, &Policy::REQUEST),
        "/isAdmin undeclared, /address/zip undeclared, /tags/0/x undeclared"
    );
    let left = r#"{"name":"a","address":{"city":"b"},"tags":[{"id":1}]}"#;
    assert_eq!(stripped(&schemas, id, text, &STRIP), left);
    assert_eq!(stripped(&schemas, id, text, &Policy::RESPONSE), left);
    assert_eq!(stripped(&schemas, id, text, &ALLOW), text);
    assert_eq!(schemas.judge(id, json(text).root(), &ALLOW).undeclared.len(), 3);
    assert_eq!(stripped(&schemas, id, left, &Policy::REQUEST), left);
}

#[test]
fn what_is_taken_out_never_breaks_the_schema() {
    // contract/V-45
    let cases = [
        // schema, text, outcome
        ("{type: object, minProperties: 1, properties: {a: {}}}", r#"{"x":1}"#, "/x undeclared"),
        ("{type: object, minProperties: 1, properties: {a: {}}}", r#"{"x":1,"a":2}"#, r#"{"a":2}"#),
        (
            "{type: array, uniqueItems: true, items: {type: object, properties: {a: {}}}}",
            r#"[{"a":1,"x":1},{"a":1,"x":2}]"#,
            "/0/x undeclared, /1/x undeclared",
        ),
        (
            "{type: object, properties: {a: {type: integer}}, if: {required: [x]}, else: {required: [a]}}",
            r#"{"x":1}"#,
            "/x undeclared",
        ),
        (
            "{type: object, properties: {a: {}}, anyOf: [{required: [a]}, {required: [x]}]}",
            r#"{"x":1}"#,
            "/x undeclared",
        ),
        ("{type: object, additionalProperties: false, properties: {a: {}}}", r#"{"x":1,"a":2}"#, r#"{"a":2}"#),
        ("{type: object, properties: {a: {type: integer}}}", r#"{"x":1,"a":"b"}"#, "/a type"),
    ];
    for (schema, text, outcome) in cases {
        let (schemas, id) = good(schema, OpenApi31);
        assert_eq!(stripped(&schemas, id, text, &STRIP), outcome, "{schema} on {text}");
    }
}

#[test]
fn what_is_open_is_open() {
    // contract/V-46
    let (schemas, id) = good("{type: object, additionalProperties: {type: integer}}", OpenApi30);
    assert_eq!(judged(&schemas, id, r#"{"x":"1"}"#, &Policy::REQUEST), "/x type");
    assert_eq!(judged(&schemas, id, r#"{"x":1,"y":2}"#, &Policy::REQUEST), "");
    for open in [
        "{type: object, additionalProperties: true}",
        "{}",
        "{type: object, patternProperties: {'^x': {}}}",
        "{type: object, propertyNames: {pattern: '^x'}}",
    ] {
        let (schemas, id) = good(open, OpenApi31);
        assert_eq!(judged(&schemas, id, r#"{"x":{"y":1}}"#, &Policy::REQUEST), "", "{open}");
    }
    let (schemas, id) = good("{type: object}", OpenApi31);
    assert_eq!(
        judged(&schemas, id, r#"{"x":1}"#, &Policy::REQUEST),
        "/x undeclared",
        "it says nothing of what it holds"
    );
}

#[test]
fn what_any_schema_declares_is_declared() {
    let cases = [
        // schema, text, outcome
        ("{allOf: [{type: object, properties: {a: {}}}, {type: object, properties: {b: {}}}]}", r#"{"a":1,"b":2}"#, ""),
        (
            "{allOf: [{type: object, properties: {a: {}}}, {type: object, properties: {b: {}}}]}",
            r#"{"a":1,"c":2}"#,
            "/c undeclared",
        ),
        (
            "{allOf: [{type: object, properties: {o: {type: object, properties: {a: {}}}}}, {type: object, properties: {o: {type: object, properties: {b: {}}}}}]}",
            r#"{"o":{"a":1,"b":2}}"#,
            "",
        ),
        (
            "{allOf: [{type: object, properties: {o: {type: object, properties: {a: {}}}}}, {type: object, properties: {o: {type: object, properties: {b: {}}}}}]}",
            r#"{"o":{"a":1,"c":2}}"#,
            "/o/c undeclared",
        ),
        ("{type: object, properties: {a: {}}, anyOf: [{required: [a]}, {required: [b]}]}", r#"{"a":1}"#, ""),
        (
            "{type: object, properties: {a: {}}, not: {properties: {b: {type: integer}}, required: [b]}}",
            r#"{"a":1,"b":"x"}"#,
            "/b undeclared",
        ),
        // contract/O-41
        (
            "{allOf: [{type: object, properties: {a: {}}}, {type: object, properties: {b: {}}}], unevaluatedProperties: false}",
            r#"{"a":1,"b":2,"c":3}"#,
            "/c unevaluatedProperties",
        ),
        ("{oneOf: [{type: integer}, {minimum: 2}]}", "3", " oneOf"),
    ];
    for (schema, text, outcome) in cases {
        let (schemas, id) = good(schema, OpenApi31);
        assert_eq!(judged(&schemas, id, text, &Policy::REQUEST), outcome, "{schema} on {text}");
    }
}

#[test]
fn the_branch_that_matches_says_what_is_declared() {
    // contract/S-07
    let text = "{oneOf: [{type: object, required: [meows], properties: {meows: {type: boolean}, name: {type: string}}}, {type: object, required: [barks], properties: {barks: {type: boolean}}}]}";
    let (schemas, id) = good(text, OpenApi31);
    assert_eq!(stripped(&schemas, id, r#"{"barks":true,"name":"Rex"}"#, &Policy::RESPONSE), r#"{"barks":true}"#);
    assert_eq!(
        stripped(&schemas, id, r#"{"meows":true,"name":"Tom"}"#, &Policy::RESPONSE),
        r#"{"meows":true,"name":"Tom"}"#
    );
    assert_eq!(stripped(&schemas, id, r#"{"name":"Tom"}"#, &Policy::RESPONSE), " oneOf");
}

/// `id` is read only at the top, nested, in elements, through `allOf`, `$ref` and `oneOf`.
const READ_ONLY: &str = r##"
components:
  schemas:
    Id: { type: integer, readOnly: true }
    Base: { type: object, properties: { base: { $ref: "#/components/schemas/Id" } } }
    Order:
      allOf:
        - $ref: "#/components/schemas/Base"
        - type: object
          required: [id, base, name]
          properties:
            id: { type: integer, readOnly: true }
            name: { type: string }
            inner: { type: object, properties: { at: { type: string, readOnly: true } } }
            lines: { type: array, items: { type: object, properties: { no: { allOf: [{ $ref: "#/components/schemas/Id" }] } } } }
            either: { oneOf: [{ $ref: "#/components/schemas/Id" }, { type: string }] }
"##;

#[test]
fn read_only_properties_are_not_written() {
    // contract/V-47
    for dialect in [OpenApi30, OpenApi31] {
        let (compiled, id) = component(READ_ONLY, "Order", dialect).unwrap_or_else(|errors| panic!("{errors:?}"));
        let schemas = compiled.schemas;
        let text = r#"{"id":1,"base":2,"name":"a","inner":{"at":"x"},"lines":[{"no":1}],"either":3}"#;
        let expected = "/id readOnly, /base readOnly, /inner/at readOnly, /lines/0/no readOnly, /either readOnly";
        assert_eq!(judged(&schemas, id, text, &Policy::REQUEST), expected, "{dialect:?}");
        let ignored = Policy { one_way: OneWay::Strip, ..Policy::REQUEST };
        assert_eq!(stripped(&schemas, id, text, &ignored), r#"{"name":"a","inner":{},"lines":[{}]}"#);
        assert_eq!(judged(&schemas, id, r#"{"name":"a","either":"x"}"#, &Policy::REQUEST), "", "the other branch");
        // contract/V-48
        assert_eq!(judged(&schemas, id, r#"{"name":"a"}"#, &Policy::REQUEST), "");
        assert_eq!(judged(&schemas, id, r#"{"name":"a"}"#, &Policy::RESPONSE), "/base required, /id required");
        assert_eq!(judged(&schemas, id, "{}", &Policy::REQUEST), "/name required");
    }
}

#[test]
fn write_only_properties_do_not_leave() {
    // contract/S-06
    let text = "{allOf: [{type: object, properties: {password: {type: string, writeOnly: true}, in: {type: array, items: {type: object, properties: {pin: {type: string, writeOnly: true}}}}}}], required: [password]}";
    let (schemas, id) = good(text, OpenApi31);
    let full = r#"{"password":"a","in":[{"pin":"1"}]}"#;
    assert_eq!(stripped(&schemas, id, full, &Policy::RESPONSE), r#"{"in":[{}]}"#);
    assert_eq!(stripped(&schemas, id, full, &Policy::REQUEST), full);
    assert_eq!(judged(&schemas, id, "{}", &Policy::REQUEST), "/password required");
    assert_eq!(judged(&schemas, id, "{}", &Policy::RESPONSE), "");
    let verdict = schemas.judge(id, json(full).root(), &Policy::RESPONSE);
    assert!(verdict.removals.iter().all(|removal| removal.rule == Rule::WriteOnly));
}

#[test]
fn names_that_reach_prototypes_are_refused() {
    // contract/V-44
    for schema in ["{type: object, properties: {a: {}}}", "{type: object, additionalProperties: true}"] {
        let (schemas, id) = good(schema, OpenApi31);
        for (text, pointer) in [
            (r#"{"__proto__":{"isAdmin":true}}"#, "/__proto__"),
            (r#"{"constructor":{"prototype":{}}}"#, "/constructor"),
            (r#"{"a":{"__proto__":1}}"#, "/a/__proto__"),
            (r#"{"a":[{"\u005f_proto__":1}]}"#, "/a/0/__proto__"),
        ] {
            for policy in [Policy::REQUEST, STRIP, ALLOW] {
                assert_eq!(judged(&schemas, id, text, &policy), format!("{pointer} prototype"), "{schema} {policy:?}");
            }
        }
    }
    let (schemas, id) = good("{type: object, properties: {__proto__: {}}}", OpenApi31);
    assert_eq!(judged(&schemas, id, r#"{"__proto__":1}"#, &Policy::REQUEST), "", "declared by name");
    assert_eq!(judged(&schemas, id, r#"{"__proto__":"prototype"}"#, &Policy::REQUEST), "");
}

#[test]
fn names_that_fold_to_a_declared_one_are_refused() {
    // contract/V-34
    let (schemas, id) = good("{type: object, properties: {role: {}, café: {}}, additionalProperties: true}", OpenApi31);
    for (text, outcome) in [
        (r#"{"Role":1,"role":2}"#, "/Role caseCollision"),
        (r#"{"café":1,"cafe\u0301":2}"#, "/cafe\u{301} caseCollision"),
        (r#"{"Role":1}"#, ""),
        (r#"{"role":1,"roles":2}"#, ""),
    ] {
        assert_eq!(judged(&schemas, id, text, &Policy::REQUEST), outcome, "{text}");
    }
}

#[test]
fn a_discriminator_shortens_the_report_only() {
    // contract/O-42
    let api = |kinds: bool| {
        let kind = |name: &str| if kinds { format!("enum: [{name}]") } else { "minLength: 1".into() };
        format!(
            "components: {{schemas: {{P: {{oneOf: [{{$ref: '#/components/schemas/A'}}, {{$ref: '#/components/schemas/B'}}], discriminator: {{propertyName: kind, mapping: {{a: A, b: '#/components/schemas/B'}}}}}}, \
             A: {{type: object, required: [kind, x], properties: {{kind: {{type: string, {}}}, x: {{type: integer}}}}}}, \
             B: {{type: object, required: [kind, y], properties: {{kind: {{type: string, {}}}, y: {{type: integer}}}}}}}}}}",
            kind("a"),
            kind("b")
        )
    };
    for (kinds, text, outcome) in [
        (true, r#"{"kind":"a","x":1}"#, ""),
        (true, r#"{"kind":"a","y":1}"#, "/x required, /y undeclared"),
        (true, r#"{"kind":"b","y":"1"}"#, "/y type"),
        (true, r#"{"kind":"c","y":1}"#, " oneOf"),
        (true, "[]", " oneOf"),
        // Nothing but the mapping tells them apart, and that is no assertion.
        (false, r#"{"kind":"a","y":1}"#, ""),
        (false, r#"{"kind":"a","x":"1"}"#, "/x type"),
        (false, r#"{"kind":"a","x":1,"y":1}"#, " oneOf"),
    ] {
        let (compiled, id) = component(&api(kinds), "P", OpenApi30).unwrap_or_else(|errors| panic!("{errors:?}"));
        assert_eq!(judged(&compiled.schemas, id, text, &Policy::REQUEST), outcome, "{kinds} {text}");
    }
}

#[test]
fn a_tag_that_may_be_missing_tells_nothing() {
    let branch = |kind: &str, own: &str| {
        format!(
            "{{type: object, required: [kind, {own}], properties: {{kind: {{const: {kind}, readOnly: true}}, {own}: {{}}}}}}"
        )
    };
    let text = format!("{{oneOf: [{}, {}]}}", branch("a", "x"), branch("b", "y"));
    let (schemas, id) = good(&text, OpenApi31);
    let strip = Policy { one_way: OneWay::Strip, ..STRIP };
    for (value, policy, outcome) in [
        (r#"{"x":1}"#, &Policy::REQUEST, r#"{"x":1}"#),
        (r#"{"x":1,"y":2}"#, &Policy::REQUEST, " oneOf"),
        (r#"{"kind":"a","x":1}"#, &Policy::REQUEST, "/kind readOnly"),
        (r#"{"kind":"a","x":1}"#, &strip, r#"{"x":1}"#),
        (r#"{"kind":"b","x":1}"#, &strip, "/y required"),
        (r#"{"kind":"a","x":1,"y":2}"#, &strip, r#"{"x":1}"#),
        (r#"{"kind":"a","x":1}"#, &Policy::RESPONSE, r#"{"kind":"a","x":1}"#),
        (r#"{"x":1}"#, &Policy::RESPONSE, " oneOf"),
    ] {
        assert_eq!(stripped(&schemas, id, value, policy), outcome, "{value} {policy:?}");
    }
}

#[test]
fn numbers_are_compared_exactly() {
    let cases = [
        // contract/V-37
        ("{type: integer, maximum: 9007199254740992}", "9007199254740993", OpenApi31, " maximum"),
        ("{type: number, maximum: 10}", "10.0000000000000001", OpenApi31, " maximum"),
        // contract/V-38
        ("{type: integer}", "1.0", OpenApi31, ""),
        ("{type: integer}", "1e0", OpenApi31, ""),
        ("{type: integer}", "100e-2", OpenApi31, ""),
        ("{type: integer}", "1.0", OpenApi30, " type"),
        // contract/V-39
        ("{type: number, multipleOf: 0.01}", "4.35", OpenApi31, ""),
        ("{type: number, multipleOf: 0.01}", "0.07", OpenApi31, ""),
        ("{type: number, multipleOf: 0.01}", "19.99", OpenApi31, ""),
        ("{type: number, multipleOf: 0.01}", "-0", OpenApi31, ""),
        ("{type: number, multipleOf: 0.01}", "19.999", OpenApi31, " multipleOf"),
        ("{type: integer, format: int32}", "2147483647", OpenApi30, ""),
        ("{type: integer, format: int32}", "2147483648", OpenApi30, " format"),
        ("{type: integer, format: int64}", "9223372036854775807", OpenApi30, ""),
        ("{type: integer, format: int64}", "9223372036854775808", OpenApi30, " format"),
        ("{type: integer, format: uint32}", "-1", OpenApi31, " format"),
        ("{type: integer}", "123456789012345678901234567890", OpenApi31, " format"),
    ];
    for (schema, text, dialect, outcome) in cases {
        let (schemas, id) = good(schema, dialect);
        assert_eq!(judged(&schemas, id, text, &Policy::REQUEST), outcome, "{schema} on {text}");
    }
}

#[test]
fn lengths_are_counted_in_code_points() {
    // contract/V-49
    let (schemas, id) = good("{type: string, maxLength: 1}", OpenApi31);
    for (text, outcome) in [(r#""😀""#, ""), (r#""e\u0301""#, " maxLength"), (r#""👨‍👩""#, " maxLength")] {
        assert_eq!(judged(&schemas, id, text, &Policy::REQUEST), outcome, "{text}");
    }
}

#[test]
fn a_report_repeats_no_value() {
    // contract/V-63: rules and pointers only, names cut at 64 bytes, in one order.
    let text = "{type: object, properties: {password: {type: string, pattern: '^secret-pattern$'}, kind: {enum: [hidden]}, 'a/b~c': {type: integer}}}";
    let (schemas, id) = good(text, OpenApi31);
    let long = "n".repeat(100);
    let value = format!(r#"{{"password":"hunter2","kind":"x","a/b~c":"y","{long}":1}}"#);
    let verdict = schemas.judge(id, json(&value).root(), &Policy::REQUEST);
    let expected = format!("/password pattern, /kind enum, /a~1b~0c type, /{}… undeclared", "n".repeat(64));
    assert_eq!(told(&verdict), expected);
    let debug = format!("{verdict:?}");
    for secret in ["hunter2", "secret-pattern", "hidden"] {
        assert!(!debug.contains(secret), "{debug}");
    }
}
