use super::*;
use std::path::Path;

fn read(text: &str, check: impl Fn(&Paths<'_>)) {
    let documents = Documents::parse(Path::new("shop.yaml"), text.as_bytes()).unwrap();
    check(&Paths::read(&documents).unwrap());
}

/// `METHOD name template`, one for each operation, then what is wrong.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let documents = Documents::parse(Path::new("shop.yaml"), text.as_bytes()).unwrap();
    let paths = Paths::read(&documents).unwrap();
    for path in &paths.declared {
        lines.extend(path.operations.iter().map(|op| format!("{} {} {}", op.method, op.name, path.key.text)));
    }
    lines.extend(paths.findings.iter().map(ToString::to_string));
    lines
}

#[test]
fn operations_are_named_in_the_order_of_the_document() {
    let text = "openapi: 3.2.0
paths:
  x-hidden: { get: {} }
  /b:
    summary: B
    post: { operationId: createB }
    get: { operationId: no }
    query: {}
    additionalOperations: { COPY: {}, copy: {} }
  /a/{id}:
    trace: {}
    get: {}
";
    let expected = [
        "POST createB /b",
        "GET no /b",
        "QUERY QUERY /b /b",
        "COPY COPY /b /b",
        "copy copy /b /b",
        "GET GET /a/{id} /a/{id}",
        "shop.yaml:11:5: `trace` is never served: it shows header fields to scripts (CWE-693)",
    ];
    assert_eq!(lines(text), expected, "contract/O-52, O-53: routed as they are sent; O-55: derived names");
    read(text, |paths| {
        assert_eq!((paths.declared[0].key.place.line, paths.declared[0].item.place().line), (4, 5));
        assert!(paths.declared[0].item.get("summary").is_some());
    });
}

#[test]
fn all_that_is_wrong_is_listed() {
    let text = "openapi: 3.1.0
paths:
  /b:
    GET: {}
    get: { operationId: one }
    put: { operationId: one }
    post: { operationId: \"\" }
    delete: { operationId: 5 }
    query: {}
    additionalOperations: { COPY: {} }
";
    let expected = [
        "GET one /b",
        "QUERY QUERY /b /b",
        "COPY COPY /b /b",
        "shop.yaml:4:5: unknown field of a path item `GET`; nearest: `get`; accepted: `$ref`, `summary`, `description`, `get`, \
         `put`, `post`, `delete`, `options`, `head`, `patch`, `trace`, `servers`, `parameters`",
        "shop.yaml:9:5: `query` of a path item is a field of OpenAPI 3.2; accepted: `openapi: 3.2.0`",
        "shop.yaml:10:5: `additionalOperations` of a path item is a field of OpenAPI 3.2; accepted: `openapi: 3.2.0`",
        "shop.yaml:6:25: operationId `one` is taken by the operation at shop.yaml:5:25; accepted: an operationId that no other \
         operation of the document has",
        "shop.yaml:7:26: operationId `` cannot be a name; accepted: 1 to 256 bytes without control characters",
        "shop.yaml:8:28: operationId is no text; accepted: a name, in quotes",
    ];
    assert_eq!(lines(text), expected, "contract/O-52, O-53, O-55");
    assert_eq!(
        lines("openapi: 3.1.0\npaths: [a]\n"),
        ["shop.yaml:2:8: `paths` is no map; accepted: a map of path templates"]
    );
    let found = lines("openapi: 3.1.0\npaths: { /a: 5 }\n");
    assert_eq!(found, ["shop.yaml:2:14: a path item is no map; accepted: a map with its fields"]);
}

#[test]
fn methods_that_have_a_field_or_are_never_served_are_refused() {
    let cases = [
        ("POST", "`POST` has a field of its own; accepted: `post` in the path item"),
        ("get", "`get` has a field of its own; accepted: `get` in the path item"),
        ("CONNECT", "`CONNECT` is never served; accepted: another method"),
        ("TRACE", "`TRACE` is never served; accepted: another method"),
        ("\"A B\"", "`A B` is no method; accepted: a method such as `COPY`"),
    ];
    for (method, expected) in cases {
        let text = format!("openapi: 3.2.0\npaths: {{ /a: {{ additionalOperations: {{ {method}: {{}} }} }} }}\n");
        assert_eq!(lines(&text), [format!("shop.yaml:2:40: {expected}")], "contract/O-53");
    }
}

#[test]
fn reference_of_a_path_item_adds_what_is_not_beside_it() {
    let text = r##"
openapi: 3.1.0
paths:
  /a: { $ref: "#/components/pathItems/Item", put: { operationId: putA }, summary: Put }
  /b: { $ref: "#/paths/~1c~1%7Bid%7D" }
  /c/{id}: { get: {} }
components: { pathItems: { Item: { $ref: "#/components/pathItems/Other~01" }, Other~1: { summary: x, delete: { operationId: deleteA } } } }
"##;
    let expected = ["PUT putA /a", "DELETE deleteA /a", "GET GET /b /b", "GET GET /c/{id} /c/{id}"];
    assert_eq!(lines(text), expected, "contract/O-10, O-16");
    let text = "openapi: 3.1.0\npaths: { /a: { $ref: '#/paths/~1b', get: {} }, /b: { get: {} } }\n";
    let expected = [
        "GET GET /a /a",
        "GET GET /b /b",
        "shop.yaml:2:54: `get` stands both here and beside the `$ref` that leads here; accepted: one of this and the one at \
         shop.yaml:2:37",
    ];
    assert_eq!(lines(text), expected, "contract/O-16");
    let text = "openapi: 3.1.0
paths:
  /a: { $ref: '#/paths/~1b' }
  /b: { $ref: '#/paths/~1a' }
  /c: { $ref: 'https://evil.example/a.yaml' }
  /d: { $ref: 5 }
";
    let found = lines(text).join("\n");
    for expected in [
        "shop.yaml:4:15: reference `#/paths/~1a` of a path item leads in a circle or too far",
        "shop.yaml:3:15: reference `#/paths/~1b` of a path item leads in a circle or too far",
        "shop.yaml:5:15: reference `https://evil.example/a.yaml` is an absolute URL, which is never fetched",
        "shop.yaml:6:15: `$ref` is no text",
    ] {
        assert!(found.contains(expected), "contract/O-10, O-12: {expected}\n{found}");
    }
}
