use super::*;
use std::path::Path;

const OBJECT: Object = Object {
    name: "a path item",
    fields: &[("get", Version::V3_0), ("parameters", Version::V3_0), ("query", Version::V3_2)],
};

fn documents(text: &str) -> Documents {
    Documents::parse(Path::new("shop.yaml"), text.as_bytes()).unwrap()
}

fn findings(text: &str, version: Version) -> String {
    let documents = documents(text);
    let mut findings = Vec::new();
    documents.check_fields(documents.root(), &OBJECT, version, &mut findings);
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn field_that_is_unknown_or_too_new_is_refused() {
    assert_eq!(findings("{get: {}, x-any: 1, query: {}}", Version::V3_2), "");
    let expected = "shop.yaml:1:2: unknown field of a path item `GET`; nearest: `get`; accepted: `get`, `parameters`\n\
                    shop.yaml:1:11: unknown field of a path item `parametrs`; nearest: `parameters`; accepted: `get`, \
                    `parameters`\n\
                    shop.yaml:1:26: `query` of a path item is a field of OpenAPI 3.2; accepted: `openapi: 3.2.0`";
    assert_eq!(findings("{GET: {}, parametrs: [], query: {}}", Version::V3_1), expected);
    assert_eq!(findings("[]", Version::V3_1), "shop.yaml:1:1: a path item is no map; accepted: a map with its fields");
}

#[test]
fn reference_is_followed_to_its_end() {
    let text = "a: {$ref: '#/b', description: words, x-y: 1}\nb: {$ref: '#/c'}\nc: {value: 1}\n\
                d: {$ref: '#/e'}\ne: {$ref: '#/d'}\nf: {$ref: '#/c', required: true}\ng: {$ref: {}}\nh: {$ref: '#/z'}\n";
    let documents = documents(text);
    let cases = [
        ("a", Ok(3), "a chain"),
        ("c", Ok(3), "no reference"),
        ("d", Err("shop.yaml:4:4: reference leads in a circle or too far"), "contract/O-14: also for other objects"),
        ("f", Err("shop.yaml:6:18: `required` has no effect beside `$ref`"), "ignored by the specification"),
        ("g", Err("shop.yaml:7:11: `$ref` is no text"), ""),
        ("h", Err("shop.yaml:8:11: reference `#/z` leads nowhere"), "contract/O-10"),
    ];
    for (name, expected, why) in cases {
        let found = documents.follow(documents.root().get(name).unwrap());
        match (found, expected) {
            (Ok(node), Ok(line)) => assert_eq!(node.place.line, line, "{name}: {why}"),
            (Err(errors), Err(text)) => {
                assert!(errors[0].to_string().starts_with(text), "{name}: {why}: {}", errors[0])
            }
            (found, _) => panic!("{name}: {why}: {found:?}"),
        }
    }
}
