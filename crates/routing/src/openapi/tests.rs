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
    let fields = "`$ref`, `summary`, `description`, `get`, `put`, `post`, `delete`, `options`, `head`, `patch`, `trace`, \
                  `servers`, `parameters`";
    let expected = format!(
        "\
shop.yaml:3:3: path `orders` does not begin with `/`; accepted: a path such as `/orders/{{orderId}}`
shop.yaml:4:3: path `/a/{{x}}{{y}}` has two parameters without text between them; accepted: text between parameters, such as \
         `{{a}}-{{b}}`
shop.yaml:6:5: unknown field of a path item `GET`; nearest: `get`; accepted: {fields}
shop.yaml:8:25: operationId `one` is taken by the operation at shop.yaml:7:25; accepted: an operationId that no other \
         operation of the document has
shop.yaml:9:26: operationId `` cannot be a name; accepted: 1 to 256 bytes without control characters
shop.yaml:10:5: `query` of a path item is a field of OpenAPI 3.2; accepted: `openapi: 3.2.0`
shop.yaml:11:5: `additionalOperations` of a path item is a field of OpenAPI 3.2; accepted: `openapi: 3.2.0`"
    );
    assert_eq!(refusal(text), expected, "contract/O-26, O-52, O-53, O-55");
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
    assert_eq!(
        messages(&empty.emptiness().into_iter().collect::<Vec<_>>()),
        "shop.yaml:declares no operation, so every request is refused"
    );
}

#[test]
fn file_that_cannot_be_read_is_named() {
    let errors = Document::read(Path::new("no/such/shop.yaml")).unwrap_err();
    assert!(messages(&errors).starts_with("no/such/shop.yaml:cannot be read: "), "{}", messages(&errors));
}
