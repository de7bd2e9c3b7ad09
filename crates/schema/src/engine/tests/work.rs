//! contract/V-52: what a value costs is bounded by its size, whatever the schema.

use super::{good, json, judged};
use crate::engine::{Dialect, Policy};

#[test]
fn work_doubles_with_no_level() {
    let text = r##"
$ref: "#/$defs/n"
$defs:
  n:
    anyOf:
      - { type: object, properties: { a: { $ref: "#/$defs/n" }, b: {} }, required: [b] }
      - { type: object, properties: { a: { $ref: "#/$defs/n" }, c: {} }, required: [c] }
      - { type: integer }
"##;
    let (schemas, id) = good(text, Dialect::OpenApi31);
    let nested = |levels: usize, inner: &str| format!("{}{inner}{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    assert_eq!(judged(&schemas, id, &nested(60, "1"), &Policy::REQUEST), " anyOf");
    // One that is as deep and leaves no doubt.
    let deep = format!("{}1{}", r#"{"b":1,"a":"#.repeat(60), "}".repeat(60));
    assert_eq!(judged(&schemas, id, &deep, &Policy::REQUEST), "");
    // Which branch it is, only what is inside tells: 2^60 ways to fail.
    let text = text.replace("required", "x-required").replace("type: integer", "type: string");
    let (schemas, id) = good(&text, Dialect::OpenApi31);
    assert_eq!(judged(&schemas, id, &nested(60, "1"), &Policy::REQUEST), " work");
}

#[test]
fn recursive_schemas_validate_what_is_as_deep_as_a_body_may_be() {
    // contract/O-13
    let text = r##"
$ref: "#/$defs/node"
$defs:
  node: { type: object, properties: { children: { type: array, items: { $ref: "#/$defs/node" } } } }
"##;
    let (schemas, id) = good(text, Dialect::OpenApi31);
    let nested = |inner: &str| format!("{}{inner}{}", r#"{"children":["#.repeat(31), "]}".repeat(31));
    assert_eq!(judged(&schemas, id, &nested("{}"), &Policy::REQUEST), "");
    assert_eq!(judged(&schemas, id, &nested("1"), &Policy::REQUEST), format!("{} type", "/children/0".repeat(31)));
}

#[test]
fn a_report_is_short() {
    let (schemas, id) = good("{type: array, items: {type: integer}}", Dialect::OpenApi31);
    let wrong = format!("[{}]", vec![r#""x""#; 10_000].join(","));
    let verdict = schemas.judge(id, json(&wrong).root(), &Policy::REQUEST);
    assert_eq!(verdict.violations.len(), 20);
    assert_eq!(verdict.violations.last().map(|last| &*last.pointer), Some("/19"));
}

#[test]
fn a_hundred_names_are_found_like_one() {
    let named: Vec<_> = (0..100).map(|count| format!("property{count}: {{type: integer, minimum: {count}}}")).collect();
    let (schemas, id) = good(&format!("{{type: object, properties: {{{}}}}}", named.join(", ")), Dialect::OpenApi31);
    for count in [0, 9, 63, 64, 65, 99] {
        assert_eq!(judged(&schemas, id, &format!(r#"{{"property{count}":{count}}}"#), &Policy::REQUEST), "");
        let less = count - 1;
        let told = judged(&schemas, id, &format!(r#"{{"property{count}":{less}}}"#), &Policy::REQUEST);
        assert_eq!(told, format!("/property{count} minimum"));
    }
    let required: Vec<_> = (0..100).map(|count| format!("r{count}")).collect();
    let (schemas, id) = good(
        &format!("{{type: object, additionalProperties: true, required: [{}]}}", required.join(", ")),
        Dialect::OpenApi31,
    );
    let all: Vec<_> = (0..100).map(|count| format!(r#""r{count}":1"#)).collect();
    assert_eq!(judged(&schemas, id, &format!("{{{}}}", all.join(",")), &Policy::REQUEST), "");
    let but_one: Vec<_> = all.iter().filter(|member| !member.contains("r80")).cloned().collect();
    assert_eq!(judged(&schemas, id, &format!("{{{}}}", but_one.join(",")), &Policy::REQUEST), "/r80 required");
}

#[test]
fn the_stack_is_bounded() {
    // 30 schemas for each of 64 levels, each an object, a choice and a part of a whole.
    let chain: Vec<_> = (0..28)
        .map(|count| {
            let next = if count == 27 {
                "{ type: object, properties: { a: { $ref: '#/$defs/s0' } } }".into()
            } else {
                format!("{{ $ref: '#/$defs/s{}' }}", count + 1)
            };
            let keyword = ["allOf", "anyOf", "oneOf"][count % 3];
            format!("s{count}: {{ {keyword}: [{next}], unevaluatedProperties: {{}} }}")
        })
        .collect();
    let text = format!("{{ $ref: '#/$defs/s0', $defs: {{ {} }} }}", chain.join(", "));
    let (schemas, id) = good(&text, Dialect::OpenApi31);
    let deep = format!("{}1{}", r#"{"a":"#.repeat(63), "}".repeat(63));
    // Half of what a thread has by default; frames are larger here than in a release.
    let judge = move || judged(&schemas, id, &deep, &Policy::REQUEST);
    let told = std::thread::Builder::new().stack_size(1 << 20).spawn(judge).unwrap().join().unwrap();
    assert_eq!(told, " work");
}
