use super::*;

fn found(head: &str) -> String {
    read(&format!("openapi: 3.1.0\npaths: {{}}\n{head}\n"), "[]", |contract| lines(&contract.findings))
}

#[test]
fn dialect_that_is_not_read_is_refused() {
    for dialect in [
        "https://spec.openapis.org/oas/3.1/dialect/base",
        "https://spec.openapis.org/oas/3.2/dialect/2025-09-17",
        "https://json-schema.org/draft/2020-12/schema",
    ] {
        assert_eq!(found(&format!("jsonSchemaDialect: {dialect}")), "", "contract/O-44");
    }
    for dialect in ["http://json-schema.org/draft-07/schema#", "https://example.com/mine"] {
        let expected = format!("shop.yaml:3:20: schemas in the dialect `{dialect}` are not read; accepted: ");
        assert!(found(&format!("jsonSchemaDialect: {dialect}")).starts_with(&expected), "never treated as the default");
    }
}

#[test]
fn fields_of_the_document_and_of_components_are_known() {
    let cases = [
        ("infos: {}", "unknown field of the document `infos`; nearest: `info`"),
        ("components: { schema: {} }", "unknown field of `components` `schema`; nearest: `schemas`"),
        ("$self: a", "`$self` of the document is a field of OpenAPI 3.2"),
        ("x-tag-groups: []\ninfo: { any: thing }\ntags: 5", ""),
    ];
    for (head, expected) in cases {
        let found = found(head);
        assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{head}: {found}");
    }
    let misspelt = findings("3.0.4", "/a", "requestbody: {}, parameter: []");
    assert!(misspelt.contains("`requestbody`; nearest: `requestBody`"), "{misspelt}");
    assert!(misspelt.contains("`parameter`; nearest: `parameters`"), "{misspelt}");
}

#[test]
fn finding_in_a_component_is_listed_once_and_all_are_in_order() {
    let text = "openapi: 3.1.0
paths:
  /a:
    get: { parameters: [{ $ref: '#/components/parameters/P' }] }
    put: { parameters: [{ $ref: '#/components/parameters/P' }, { name: b, in: nowhere }] }
components: { parameters: { P: { name: p, in: query } } }
";
    let found = read(text, "[]", |contract| lines(&contract.findings));
    let places: Vec<_> = found.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["shop.yaml:5:79", "shop.yaml:6:32"], "{found}");
}

#[test]
fn deprecated_operations_and_parameters_say_so() {
    let fields = "deprecated: true, parameters: [{ name: q, in: query, deprecated: true, schema: {} }]";
    read(&document("3.0.4", "/a", fields), "[]", |contract| {
        assert!(contract.operations[0].deprecated && contract.operations[0].parameters[0].deprecated);
    });
}
