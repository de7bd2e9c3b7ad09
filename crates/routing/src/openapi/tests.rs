use super::*;
use crate::fixture::messages;

fn load(text: &str) -> Result<Document, Vec<ConfigError>> {
    Document::load(Path::new("shop.yaml"), text.as_bytes())
}

/// What loading a document says; empty where it loads.
fn refusal(text: &str) -> String {
    load(text).err().map(|errors| messages(&errors)).unwrap_or_default()
}

/// `METHOD name template`, one for each operation.
fn operations(document: &Document) -> Vec<String> {
    let of = |path: &DeclaredPath| {
        let text = path.text.clone();
        path.operations.iter().map(move |op| format!("{} {} {text}", op.method, op.name)).collect::<Vec<_>>()
    };
    document.paths.iter().flat_map(of).collect()
}

fn base(document: &Document) -> Result<String, String> {
    document.base.as_ref().map(|segments| segments.join("/")).map_err(ToString::to_string)
}

const YAML: &str = r##"
openapi: 3.1.0
info: { title: Shop, version: 1.10, x-a: [1, 2] }
x-portcullis-note: { any: [thing] }
servers:
  - url: https://{region}.example.com/{version}/
    variables: { region: { default: eu }, version: { default: v2, enum: [v1, v2] } }
  - url: /other
paths:
  x-hidden: { get: {} }
  /orders:
    summary: Orders
    parameters: [{ name: limit, in: query }]
    get: { operationId: listOrders, responses: { 200: { description: no } } }
    post: { operationId: createOrder, x-portcullis-limit: 3 }
  /orders/{id}:
    get: { tags: [a] }
  /empty: {}
components: { schemas: { A: { enum: [no, yes] } } }
webhooks: { paid: { post: { operationId: paid } } }
"##;

const JSON: &str = "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Shop \\ud83d\\ude00 \\/\",\"version\":\"1\"},
\t\"servers\":[{\"url\":\"https://{region}.example.com/{version}/\",
\t\t\"variables\":{\"region\":{\"default\":\"eu\"},\"version\":{\"default\":\"v2\",\"enum\":[\"v1\",\"v2\"]}}}],
\t\"paths\":{\"x-hidden\":{\"get\":{}},
\t\t\"/orders\":{\"get\":{\"operationId\":\"listOrders\"},\"post\":{\"operationId\":\"createOrder\"}},
\t\t\"/orders/{id}\":{\"get\":{\"tags\":[\"a\"]}},\"/empty\":{}}}";

#[test]
fn yaml_and_json_give_the_same_operations() {
    for text in [YAML, JSON] {
        let document = load(text).unwrap();
        let expected = ["GET listOrders /orders", "POST createOrder /orders", "GET GET /orders/{id} /orders/{id}"];
        assert_eq!(operations(&document), expected);
        assert_eq!(base(&document), Ok("v2".into()), "contract/O-19: no double slash");
        assert_eq!(document.warnings(), []);
        assert_eq!(document.operation_count(), 3);
    }
}

#[test]
fn versions_that_are_read() {
    let ok = ["3.0.4", "3.1.2", "3.2.0", "\"3.0.0\""];
    for version in ok {
        let text = format!("openapi: {version}\npaths: {{ /a: {{ get: {{}} }} }}\n");
        assert_eq!(refusal(&text), "", "contract/O-01: {version}");
    }
    let accepted = "; accepted: `openapi: 3.0.x`, `3.1.x` or `3.2.x`, all three numbers written";
    for version in ["3.3.0", "4.0", "3.1", "3", "3.1.", "3.1.0-rc1", "v3.1.0", "2.0.0"] {
        let text = format!("openapi: {version}\npaths: {{}}\n");
        let expected = format!("shop.yaml:1:10: `{version}` is no version of OpenAPI that this build reads{accepted}");
        assert_eq!(refusal(&text), expected, "contract/O-02");
    }
    assert_eq!(refusal("paths: {}\n"), format!("shop.yaml:is no OpenAPI document: it has no `openapi`{accepted}"));
    let swagger = "swagger: \"2.0\"\npaths: {}\n";
    let expected = "shop.yaml:1:10: is a Swagger 2.0 document; accepted: OpenAPI 3; a converter such as swagger2openapi \
                    rewrites the document";
    assert_eq!(refusal(swagger), expected, "contract/O-02: a hint to convert");
}

#[test]
fn text_that_two_readers_may_read_differently_is_refused_at_its_place() {
    let deep = format!("openapi: 3.1.0\nx-a: {}1{}\n", "{a: ".repeat(300), "}".repeat(300));
    let flow = format!("openapi: 3.1.0\nx-a: {}{}\n", "[".repeat(5_000), "]".repeat(5_000));
    let mut bomb = String::from("openapi: 3.1.0\nx0: &x0 [a,a,a,a,a,a,a,a,a]\n");
    for level in 1..10 {
        let list = vec![format!("*x{}", level - 1); 9].join(",");
        bomb.push_str(&format!("x{level}: &x{level} [{list}]\n"));
    }
    let cases = [
        ("paths:\n  /a: {}\n  /a: {}\n", "shop.yaml:3:3: `/a` is written twice in one map", "contract/O-03, edge/R2"),
        ("paths: { /a: { get: {}, get: {} } }\n", "shop.yaml:1:25: `get` is written twice", "contract/O-03"),
        ("{\"paths\":{},\n\"paths\":{}}", "shop.yaml:2:1: `paths` is written twice in one map", "contract/O-03, JSON"),
        ("x-a: { b: 1, b: 2 }\n", "shop.yaml:1:14: `b` is written twice", "also where routing does not look"),
        ("paths:\n\t/a: {}\n", "shop.yaml:2:2: tabs disallowed", "contract/O-06, edge/R2"),
        ("x-a: \"^\\d+$\"\n", "shop.yaml:1:6: ", "contract/O-06: an escape that YAML does not have"),
        ("x-a: !foo x\n", "shop.yaml:1:11: ", "contract/O-09"),
        ("x-a: !!python/object x\n", "shop.yaml:1:", "contract/O-09"),
        ("openapi: 3.1.0\n---\nopenapi: 3.1.0\n", "shop.yaml:3:1: a second document begins here", "contract/O-09"),
        ("x-a: a\0b\n", "shop.yaml:1:7: ", "edge/R2: NUL"),
        ("paths: [a]\n", "shop.yaml:1:8: ", "edge/R2: another type"),
        ("paths: { /a: { get: 5 } }\n", "shop.yaml:1:21: ", "edge/R2: another type"),
        ("", "shop.yaml:is no OpenAPI document: it has no `openapi`", "nothing"),
        (&deep, "shop.yaml:2:", "contract/O-07"),
        (&flow, "shop.yaml:2:", "contract/O-07"),
        (&bomb, "shop.yaml:", "contract/O-07, edge/R2: has more than"),
    ];
    for (text, expected, why) in cases {
        let refusal = refusal(text);
        assert!(refusal.starts_with(expected), "{why}: {refusal}");
    }
    let refused = Document::load(Path::new("shop.yaml"), b"openapi: 3.1.0\nx-a: \xc3\xa9\xff").unwrap_err();
    assert_eq!(
        messages(&refused),
        "shop.yaml:2:7: octets here are not UTF-8; accepted: YAML or JSON in UTF-8",
        "edge/R2"
    );
    let large = vec![b' '; usize::try_from(MAX_DOCUMENT_BYTES).unwrap() + 1];
    let refused = Document::load(Path::new("shop.yaml"), &large).unwrap_err();
    assert!(messages(&refused).starts_with("shop.yaml:is larger than 52428800 bytes"), "edge/R2");
}

#[test]
fn yaml_1_1_words_stay_text() {
    let document =
        load("openapi: 3.1.0\npaths: { /a: { get: { operationId: no }, put: { operationId: 1_000 } } }\n").unwrap();
    assert_eq!(operations(&document), ["GET no /a", "PUT 1_000 /a"], "contract/O-05");
}

#[test]
fn all_errors_of_paths_are_given_together() {
    let text = "openapi: 3.1.0
paths:
  orders: {}
  /a/{x}{y}: {}
  /b:
    GET: {}
    get: { operationId: one }
    put: { operationId: one }
    post: { operationId: \"\" }
    query: {}
    additionalOperations: { COPY: {} }
";
    let expected = "\
shop.yaml:3:3: path `orders` does not begin with `/`; accepted: a path such as `/orders/{orderId}`
shop.yaml:4:3: path `/a/{x}{y}` has two parameters without text between them; accepted: text between parameters, such as \
                    `{a}-{b}`
shop.yaml:6:5: `GET` is no field of a path item; accepted: `get`
shop.yaml:10:5: `query` is a field of OpenAPI 3.2; accepted: `openapi: 3.2.0`
shop.yaml:11:29: `COPY` stands under `additionalOperations`, a field of OpenAPI 3.2; accepted: `openapi: 3.2.0`
shop.yaml:8:25: operationId `one` is taken by the operation at shop.yaml:7:25; accepted: an operationId that no other \
                    operation of the document has
shop.yaml:9:26: operationId `` cannot be a name; accepted: 1 to 256 bytes without control characters";
    assert_eq!(refusal(text), expected, "contract/O-26, O-52, O-53, O-55");
}

#[test]
fn methods_of_openapi_3_2() {
    let with = |more: &str| {
        format!("openapi: 3.2.0\npaths: {{ /a: {{ query: {{}}, additionalOperations: {{ {more} }} }} }}\n")
    };
    let document = load(&with("COPY: {}, copy: {}")).unwrap();
    assert_eq!(
        operations(&document),
        ["QUERY QUERY /a /a", "COPY COPY /a /a", "copy copy /a /a"],
        "contract/O-52, O-53"
    );
    for (method, expected) in [
        ("POST", "`POST` has a field of its own; accepted: `post` in the path item"),
        ("CONNECT", "`CONNECT` is never served; accepted: another method"),
        ("TRACE", "`TRACE` is never served; accepted: another method"),
        ("\"A B\"", "`A B` is no method; accepted: a method such as `COPY`"),
    ] {
        let refusal = refusal(&with(&format!("{method}: {{}}")));
        assert_eq!(refusal, format!("shop.yaml:2:51: {expected}"), "contract/O-53");
    }
}

#[test]
fn reference_of_a_path_item_leads_inside_the_document() {
    let text = r##"
openapi: 3.1.0
paths:
  /a: { $ref: "#/components/pathItems/Item", put: { operationId: putA } }
  /b: { $ref: "#/paths/~1c~1%7Bid%7D" }
  /c/{id}: { get: {} }
components: { pathItems: { Item: { $ref: "#/components/pathItems/Other~01" }, Other~1: { delete: { operationId: deleteA } } } }
"##;
    let document = load(text).unwrap();
    let expected = ["PUT putA /a", "DELETE deleteA /a", "GET GET /b /b", "GET GET /c/{id} /c/{id}"];
    assert_eq!(operations(&document), expected, "contract/O-10, O-16");

    let cases = [
        ("#/components/pathItems/None", "leads to no path item of this document"),
        ("#/components/schemas/A", "leads to no path item of this document"),
        ("#/paths/~1a/get", "leads to no path item of this document"),
        ("other.yaml#/paths/~1a", "leads to no path item of this document"),
        ("https://evil.example/a.yaml", "leads to no path item of this document"),
        ("#/paths/~1b", "of path `/b` leads in a circle or too far"),
        ("#/paths/~1d", "of path `/b` leads in a circle or too far"),
    ];
    for (reference, expected) in cases {
        let text = format!(
            "openapi: 3.1.0\npaths:\n  /b: {{ $ref: \"{reference}\" }}\n  /d: {{ $ref: \"#/paths/~1e\" }}\n  /e: {{ $ref: \"#/paths/~1d\" }}\n"
        );
        let place = if reference == "#/paths/~1d" { "5:15" } else { "3:15" };
        let refusal = refusal(&text);
        let reference = if reference == "#/paths/~1d" { "#/paths/~1d" } else { reference };
        let line = format!("shop.yaml:{place}: reference `{reference}` {expected}");
        assert!(refusal.lines().any(|found| found.starts_with(&line)), "contract/O-10, O-12, O-14: {line}\n{refusal}");
    }

    let text = "openapi: 3.1.0\npaths: { /a: { $ref: '#/paths/~1b', get: {} }, /b: { get: {} } }\n";
    assert!(refusal(text).contains("`get` stands both here and beside the `$ref`"), "contract/O-16: {}", refusal(text));
}

#[test]
fn base_path_is_that_of_the_first_server() {
    let cases = [
        ("[]", Ok(""), "no server: the root"),
        ("[{ url: / }]", Ok(""), ""),
        ("[{ url: https://a.example }]", Ok(""), ""),
        ("[{ url: https://a.example/v1 }, { url: /v2 }]", Ok("v1"), "the first"),
        ("[{ url: //a.example/v1/ }]", Ok("v1"), ""),
        ("[{ url: /a/%62%2d }]", Ok("a/b-"), "spelled as in a target"),
        (
            "[{ url: https://a.example/v1?x=1 }]",
            Err("server `https://a.example/v1?x=1` has a query or a fragment"),
            "contract/O-20",
        ),
        ("[{ url: '/v1#f' }]", Err("server `/v1#f` has a query or a fragment"), "contract/O-20"),
        ("[{ url: /a//b }]", Err("server `/a//b` has an empty segment"), "edge/N6"),
        ("[{ url: v1 }]", Err("server `v1` is relative to the place of the document"), "not guessed at"),
        ("[{ url: '/{v}' }]", Err("server variable `v` has no default"), "contract/O-20"),
        ("[{ url: '/{v}', variables: { v: {} } }]", Err("server variable `v` has no default"), "contract/O-20"),
        (
            "[{ url: '/{v}', variables: { v: { default: a, enum: [b] } } }]",
            Err("default `a` is none of the values of server variable `v`"),
            "contract/O-20",
        ),
        (
            "[{ url: '/{v}', variables: { v: { default: a/../b } } }]",
            Err("server `/{v}` has a dot segment"),
            "contract/O-20",
        ),
    ];
    for (servers, expected, why) in cases {
        let document = load(&format!("openapi: 3.1.0\nservers: {servers}\npaths: {{}}\n")).unwrap();
        match (base(&document), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{servers}: {why}"),
            (Err(found), Err(expected)) => {
                assert!(found.starts_with("shop.yaml:2:") && found.contains(expected), "{servers}: {why}: {found}");
            }
            (found, expected) => panic!("{servers}: {why}: {found:?}, not {expected:?}"),
        }
    }
}

#[test]
fn what_has_no_effect_is_a_warning() {
    let text = "openapi: 3.1.0
paths:
  /a:
    servers: [{ url: /x }]
    get: { servers: [{ url: /y }] }
    trace: {}
";
    let document = load(text).unwrap();
    assert_eq!(operations(&document), ["GET GET /a /a"], "contract/O-53: TRACE is never served");
    let places: Vec<_> = document.warnings().iter().map(|warning| (warning.line, warning.column)).collect();
    assert_eq!(places, [(4, 14), (5, 21), (6, 5)], "contract/O-21");
    let empty = load("openapi: 3.1.0\npaths: {}\n").unwrap();
    assert_eq!(messages(empty.warnings()), "shop.yaml:declares no operation, so every request is refused");
}

#[test]
fn file_that_cannot_be_read_is_named() {
    let errors = Document::read(Path::new("no/such/shop.yaml")).unwrap_err();
    assert!(messages(&errors).starts_with("no/such/shop.yaml:cannot be read: "), "{}", messages(&errors));
}
