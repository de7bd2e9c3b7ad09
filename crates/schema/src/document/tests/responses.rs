use super::*;

#[test]
fn responses_are_by_status() {
    let fields =
        "responses: { '200': { description: ok, headers: { X-Rate: { required: true, schema: { type: integer } },
        content-type: { schema: {} }, ETag: { content: { text/plain: { schema: { type: string } } } } },
        content: { application/json: { schema: { type: object } } } }, 4XX: { $ref: '#/components/responses/Problem' },
        default: {}, x-note: 1 }";
    let text = document("3.1.0", "/a", fields)
        + "components: { responses: { Problem: { description: p, content: { application/problem+json: {} } } } }\n";
    read(&text, "[]", |contract| {
        let expected = "warning shop.yaml:5:9: a header `Content-Type` has no effect; accepted: `content`, or `contentType` of a part";
        assert_eq!(lines(&contract.findings).to_lowercase(), expected.to_lowercase());
        let responses = &contract.operations[0].responses;
        let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
        assert_eq!(statuses, [StatusRange::Code(200), StatusRange::Class(4), StatusRange::Default]);
        let headers: Vec<_> = responses[0].headers.iter().map(|header| (header.name, header.required)).collect();
        assert_eq!(headers, [("X-Rate", true), ("ETag", false)]);
        assert_eq!(responses[1].content[0].range, "application/problem+json");
    });
    read(&document("3.1.0", "/a", "x-a: 1"), "[]", |contract| {
        assert_eq!(lines(&contract.findings), "", "contract/O-58: loads");
        assert!(contract.operations[0].responses.is_empty(), "contract/O-58: nothing is promised");
    });
}

#[test]
fn status_has_one_spelling() {
    let cases = [
        ("200", Some(StatusRange::Code(200))),
        ("2XX", Some(StatusRange::Class(2))),
        ("default", Some(StatusRange::Default)),
        ("2xx", None),
        ("20X", None),
        ("600", None),
        ("6XX", None),
        ("099", None),
        ("+20", None),
        ("0200", None),
        ("ok", None),
    ];
    for (text, expected) in cases {
        assert_eq!(StatusRange::parse(text), expected, "{text}");
    }
    let found = findings("3.1.0", "/a", "responses: { 2xx: {} }");
    assert!(found.contains("`2xx` is no status of a response; nearest: `2XX`"), "{found}");
}

#[test]
fn status_is_covered_by_code_class_and_default() {
    assert!(StatusRange::Code(404).covers(404) && !StatusRange::Code(404).covers(405));
    assert!(StatusRange::Class(4).covers(499) && !StatusRange::Class(4).covers(500));
    assert!(StatusRange::Default.covers(200));
    assert!(StatusRange::Code(200) < StatusRange::Class(2) && StatusRange::Class(2) < StatusRange::Default);
}

#[test]
fn what_is_misspelt_or_not_permitted_is_named() {
    let cases = [
        ("200: { contents: {} }", "unknown field of a response `contents`; nearest: `content`"),
        ("200: { headers: { X: {} } }", "header `X` has neither `schema` nor `content`"),
        ("200: { headers: { X: { schema: {}, content: {} } } }", "header `X` has both `schema` and `content`"),
        ("200: { headers: { X: { schema: {}, style: form } } }", "style `form` is not permitted in a header"),
        ("200: { headers: { X: { schema: {}, name: X } } }", "unknown field of a header `name`"),
        ("200: { headers: { 'a b': { schema: {} } } }", "`a b` is no name of a header field"),
        ("200: { headers: { X-A: { schema: {} }, x-a: { schema: {} } } }", ""),
        ("200: { headers: { A-B: { schema: {} }, a-b: { schema: {} } } }", "header `a-b` stands twice, first at 4:"),
        (
            "200: { content: { application/xml: { schema: { type: object } } } }",
            "a schema of `application/xml` cannot be",
        ),
    ];
    for (responses, expected) in cases {
        let found = findings("3.1.0", "/a", &format!("responses: {{ {responses} }}"));
        assert!(found.contains(expected), "{responses}: {found}");
    }
    assert!(findings("3.1.0", "/a", "responses: []").contains("`responses` is no map"));
}
