use super::*;
use crate::values::Location;

const SCHEMES: &str = "security: [{ oauth: ['orders:read'] }]
components:
  securitySchemes:
    oauth: { type: oauth2, flows: { clientCredentials: { tokenUrl: /t, scopes: {} } } }
    key: { type: apiKey, in: header, name: X-Key }
    cert: { type: mutualTLS }
";

#[test]
fn security_of_an_operation_replaces_that_of_the_document() {
    let cases = [
        ("x-a: 1", "oauth(orders:read)", false, "that of the document"),
        ("security: []", "", true, "contract/O-49: public"),
        ("security: [{}]", "()", true, "contract/O-49: public"),
        (
            "security: [{ key: [] }, { oauth: [a, b], cert: [] }]",
            "key() | oauth(a,b)+cert()",
            false,
            "contract/O-49: AND in OR",
        ),
        ("security: [{ key: [] }, {}]", "key() | ()", true, "nobody is one of the choices"),
    ];
    for (fields, expected, is_public, why) in cases {
        read(&(document("3.1.0", "/a", fields) + SCHEMES), "[]", |contract| {
            assert_eq!(lines(&contract.findings), "", "{why}");
            let operation = &contract.operations[0];
            let show = |requirement: &Requirement<'_>| {
                let schemes = requirement.schemes.iter().map(|(name, scopes)| format!("{name}({})", scopes.join(",")));
                let text = schemes.collect::<Vec<_>>().join("+");
                if text.is_empty() { "()".into() } else { text }
            };
            let found = operation.security.iter().map(show).collect::<Vec<_>>().join(" | ");
            assert_eq!((&*found, operation.is_public()), (expected, is_public), "{why}");
        });
    }
}

#[test]
fn schemes_are_of_a_known_kind() {
    let text = "openapi: 3.1.0\npaths: {}\ncomponents: { securitySchemes: {
  a: { type: apiKey, in: cookie, name: sid }, b: { type: http, scheme: Bearer }, c: { type: openIdConnect, openIdConnectUrl: /o } } }\n";
    read(text, "[]", |contract| {
        assert_eq!(lines(&contract.findings), "");
        let kinds: Vec<_> = contract.security_schemes.iter().map(|scheme| scheme.kind).collect();
        let expected =
            [SchemeKind::ApiKey(Location::Cookie, "sid"), SchemeKind::Http("Bearer"), SchemeKind::OpenIdConnect];
        assert_eq!(kinds, expected);
    });
    let cases = [
        ("{ type: apikey, in: header, name: X }", "unknown type of security scheme `apikey`; nearest: `apiKey`"),
        ("{ type: apiKey, in: body, name: X }", "unknown location `body`"),
        ("{ type: apiKey, name: X }", "a security scheme has no `in`"),
        ("{ type: http }", "a security scheme has no `scheme`"),
        ("{}", "a security scheme has no `type`"),
        ("{ type: http, scheme: basic }", "warning shop.yaml:4:6: security scheme `a` sends a password"),
        (
            "{ type: apiKey, in: query, name: k }",
            "warning shop.yaml:4:6: security scheme `a` puts a key into the query",
        ),
        (
            "{ type: oauth2, flows: { implicit: {} } }",
            "warning shop.yaml:4:31: security scheme `a` offers the flow `implicit`",
        ),
    ];
    for (scheme, expected) in cases {
        let text = format!("openapi: 3.1.0\npaths: {{}}\ncomponents: {{ securitySchemes: {{\n  a: {scheme} }} }}\n");
        let found = read(&text, "[]", |contract| lines(&contract.findings));
        assert!(found.contains(expected), "{scheme}: {found}");
    }
}

#[test]
fn scheme_that_is_not_defined_is_refused() {
    let found = read(&(document("3.1.0", "/a", "security: [{ kee: [] }]") + SCHEMES), "[]", |contract| {
        lines(&contract.findings)
    });
    let expected = "shop.yaml:4:26: unknown security scheme `kee`; nearest: `key`; accepted: `oauth`, `key`, `cert`";
    assert_eq!(found, expected, "contract/O-50");
}

#[test]
fn scheme_of_another_file_is_that_of_the_document() {
    let entry = |scheme: &str| {
        format!(
            "openapi: 3.1.0\npaths: {{ /a: {{ $ref: 'item.yaml#/item' }} }}\ncomponents: {{ securitySchemes: {{ auth: {scheme} }} }}\n"
        )
    };
    let item = "item: { get: { security: [{ auth: [] }] } }\n\
                components: { securitySchemes: { auth: { type: mutualTLS } } }\n";
    let directory = tempfile::TempDir::new().unwrap();
    std::fs::write(directory.path().join("item.yaml"), item).unwrap();
    let file = directory.path().join("shop.yaml");
    let load = |scheme: &str| {
        std::fs::write(&file, entry(scheme)).unwrap();
        let documents = Documents::load(&file, &portcullis_openapi::Limits::default()).unwrap();
        let paths = Paths::read(&documents).unwrap();
        let waivers = Waivers::default();
        let contract = Contract::read(&documents, &paths, &waivers);
        assert_eq!(contract.operations[0].security[0].schemes[0].0, "auth");
        lines(&contract.findings)
    };
    assert_eq!(load("{ type: mutualTLS }"), "", "contract/O-17: resolved from the document");
    let found = load("{ type: http, scheme: bearer }");
    let expected = "item.yaml:1:29: security scheme `auth` is another one in this file, at line 2";
    assert!(found.contains(expected), "contract/O-17: {found}");
}
