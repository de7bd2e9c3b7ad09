use super::*;
use crate::values::{Location, Style};

/// `location name required style explode`, one for each parameter.
fn parameters(version: &str, path: &str, fields: &str) -> Vec<String> {
    read(&document(version, path, fields), "[]", |contract| {
        assert_eq!(lines(&contract.findings), "");
        let parameters = contract.operations[0].parameters.iter();
        parameters
            .map(|parameter| {
                let value = match &parameter.value {
                    ParameterValue::Styled(styled) => format!("{:?} {}", styled.style, styled.explode),
                    ParameterValue::Content(media) => media.range.into(),
                    ParameterValue::Waived => "waived".into(),
                };
                format!("{} {} {} {value}", parameter.location.name(), parameter.name, parameter.required)
            })
            .collect()
    })
}

#[test]
fn defaults_follow_from_the_location() {
    let fields = "parameters: [
        { name: id, in: path, required: true, schema: {} },
        { name: q, in: query, schema: {}, allowReserved: true, allowEmptyValue: true },
        { name: X-Id, in: header, schema: {}, required: true },
        { name: sid, in: cookie, schema: {} },
        { name: f, in: query, style: deepObject, schema: {} },
        { name: s, in: query, style: spaceDelimited, schema: {} },
        { name: j, in: query, content: { application/json: { schema: {} } } }]";
    let expected = [
        "path id true Simple false",
        "query q false Form true",
        "header X-Id true Simple false",
        "cookie sid false Form true",
        "query f false DeepObject true",
        "query s false SpaceDelimited false",
        "query j false application/json",
    ];
    assert_eq!(parameters("3.1.0", "/a/{id}", fields), expected);
    read(&document("3.1.0", "/a/{id}", fields), "[]", |contract| {
        let ParameterValue::Styled(styled) = &contract.operations[0].parameters[1].value else { panic!("a style") };
        assert!(styled.allow_reserved && styled.allow_empty_value);
        assert_eq!((styled.style, styled.explode), (Style::Form, true));
    });
    let cookie = "parameters: [{ name: sid, in: cookie, style: cookie, schema: {} },
        { name: q, in: querystring, content: { application/x-www-form-urlencoded: { schema: {} } } }]";
    let expected = ["cookie sid false Cookie true", "querystring q false application/x-www-form-urlencoded"];
    assert_eq!(parameters("3.2.0", "/a", cookie), expected);
}

#[test]
fn parameter_of_the_operation_replaces_that_of_the_path_item() {
    let text = "openapi: 3.1.0
paths:
  /a/{id}:
    parameters:
    - { name: id, in: path, required: true, schema: { type: integer } }
    - { name: id, in: query, schema: { type: integer } }
    - { $ref: '#/components/parameters/Trace' }
    get:
      parameters:
      - { name: id, in: path, required: true, schema: { type: string } }
      - { name: x-trace, in: header, schema: { type: boolean } }
components: { parameters: { Trace: { name: X-Trace, in: header, schema: { type: string } } } }
";
    read(text, "[]", |contract| {
        assert_eq!(lines(&contract.findings), "");
        let found: Vec<_> = contract.operations[0]
            .parameters
            .iter()
            .map(|found| (found.location, found.name, found.schema().unwrap().get("type").unwrap().as_str().unwrap()))
            .collect();
        let expected = [
            (Location::Path, "id", "string"),
            (Location::Header, "x-trace", "boolean"),
            (Location::Query, "id", "integer"),
        ];
        assert_eq!(found, expected, "contract/O-27");
    });
    let twice = "parameters: [{ name: q, in: query, schema: {} }, { name: q, in: query, schema: {} }]";
    let expected =
        "shop.yaml:4:62: parameter `q` stands twice in this list, first at 4:26; accepted: each name and location once";
    assert_eq!(findings("3.1.0", "/a", twice), expected, "contract/O-27");
    let case = "parameters: [{ name: X-Id, in: header, schema: {} }, { name: x-id, in: header, schema: {} }]";
    assert!(findings("3.1.0", "/a", case).contains("parameter `x-id` stands twice"), "contract/O-29");
}

#[test]
fn path_parameters_are_those_of_the_template() {
    let id = "{ name: id, in: path, required: true, schema: {} }";
    let cases = [
        ("/a/{id}", format!("parameters: [{id}]"), ""),
        ("/a/{id+}", format!("parameters: [{id}]"), ""),
        ("/a/{x}.{id}", format!("parameters: [{id}]"), "shop.yaml:4:5: `{x}` of path `/a/{x}.{id}` is no parameter"),
        ("/a/{id}", "x-a: 1".into(), "shop.yaml:4:5: `{id}` of path `/a/{id}` is no parameter of this operation"),
        (
            "/a/{idd}",
            format!("parameters: [{id}]"),
            "shop.yaml:4:26: path parameter `id` is not in path `/a/{idd}`; nearest: `idd`",
        ),
        (
            "/a/{id}",
            "parameters: [{ name: id, in: path, required: false, schema: {} }]".into(),
            "shop.yaml:4:58: path parameter `id` is not required; accepted: `required: true`",
        ),
        (
            "/a/{id}",
            "parameters: [{ name: id, in: path, schema: {} }]".into(),
            "shop.yaml:4:26: path parameter `id` is not required; accepted: `required: true`",
        ),
    ];
    for (path, fields, expected) in cases {
        let found = findings("3.1.0", path, &fields);
        let is_found = if expected.is_empty() { found.is_empty() } else { found.contains(expected) };
        assert!(is_found, "contract/O-26: {path}: {expected}: {found}");
    }
}

#[test]
fn header_that_is_described_elsewhere_is_said() {
    for (name, expected) in [
        ("Authorization", "`security`"),
        ("accept", "`content` of the responses"),
        ("Content-Type", "`content` of the body"),
    ] {
        let fields = format!("parameters: [{{ name: {name}, in: header, required: true, schema: {{}} }}]");
        let expected = format!("warning shop.yaml:4:34: a parameter `{name}` has no effect; accepted: {expected}");
        assert_eq!(findings("3.1.0", "/a", &fields), expected, "contract/O-28");
        read(&document("3.1.0", "/a", &fields), "[]", |contract| {
            assert!(contract.operations[0].parameters.is_empty(), "contract/O-28: never a silent `validated`");
        });
    }
    for name in ["Host", "Connection", "transfer-encoding", "Cookie"] {
        let fields = format!("parameters: [{{ name: {name}, in: header, schema: {{}} }}]");
        let expected = format!(
            "shop.yaml:4:34: header parameter `{name}` describes the connection, not the request; accepted: another name, or a \
             parameter `in: cookie` for cookies, or `/paths/~1a/post/parameters/0/name` under `contract: {{ waive }}`"
        );
        assert_eq!(findings("3.1.0", "/a", &fields), expected, "contract/O-29");
    }
}

#[test]
fn schema_or_content_but_one_of_them() {
    let cases = [
        ("schema: {}, content: { application/json: { schema: {} } }", "parameter `q` has both `schema` and `content`"),
        ("required: true", "parameter `q` has neither `schema` nor `content`"),
        ("content: {}", "`content` of parameter `q` has 0 media types; accepted: exactly one"),
        (
            "content: { application/json: { schema: {} }, text/plain: { schema: {} } }",
            "`content` of parameter `q` has 2 media types; accepted: exactly one",
        ),
        ("content: { application/json: {} }", "`content` of parameter `q` has no schema"),
        ("content: { application/json: { schema: {} } }, style: form", "`style` has no effect beside `content`"),
        ("content: { image/png: { schema: {} } }", "`image/png` of parameter `q` cannot be read"),
        ("content: { json: { schema: {} } }", "`json` is no media type"),
    ];
    for (value, expected) in cases {
        let found = findings("3.1.0", "/a", &format!("parameters: [{{ name: q, in: query, {value} }}]"));
        assert!(found.contains(expected) && found.lines().count() == 1, "contract/O-30: {value}: {found}");
    }
}

#[test]
fn combinations_without_a_form_are_refused() {
    let cases = [
        ("in: query, style: deepObject, schema: { type: string }", "style `DeepObject` can not write this type"),
        ("in: query, style: spaceDelimited, explode: true, schema: { type: array }", "style `SpaceDelimited` can not"),
        ("in: query, style: matrix, schema: { type: string }", "style `Matrix` is not for a parameter in `query`"),
        ("in: header, style: form, schema: { type: string }", "style `Form` is not for a parameter in `header`"),
        (
            "in: query, style: deepObject, schema: { type: object, properties: { a: { type: array, items: {} } } }",
            "a style writes no array or object inside another",
        ),
    ];
    for (value, expected) in cases {
        let fields = format!("parameters: [{{ name: q, {value} }}]");
        let found = compiled("3.1.0", "/a", &fields, "[]");
        assert!(found.starts_with("shop.yaml:4:26: parameter `q`: "), "contract/O-31, O-32: {value}: {found}");
        assert!(found.contains(expected) && found.lines().count() == 1, "contract/O-31, O-32: {value}: {found}");
        assert!(found.ends_with("or `/paths/~1a/post/parameters/0` under `contract: { waive }`"), "{found}");
        let waive = "- { pointer: /paths/~1a/post/parameters/0, because: old clients }";
        let waived = compiled("3.1.0", "/a", &fields, waive);
        assert!(waived.starts_with("warning ") && waived.ends_with("waived because old clients"), "{waived}");
    }
    let fits = "parameters: [{ name: q, in: query, style: deepObject, schema: { type: object, properties: { a: { type: string } } } }]";
    assert_eq!(compiled("3.1.0", "/a", fits, "[]"), "");
}

#[test]
fn whole_query_stands_alone() {
    let whole = "in: querystring, content: { application/json: { schema: {} } }";
    let cases = [
        (format!("{{ name: q, {whole} }}, {{ name: r, in: query, schema: {{}} }}"), "stands alone"),
        (format!("{{ name: q, {whole} }}, {{ name: r, {whole} }}"), "stands alone"),
        ("{ name: q, in: querystring, schema: {} }".into(), "querystring parameter `q` has `schema`"),
    ];
    for (parameters, expected) in cases {
        let found = compiled("3.2.0", "/a", &format!("parameters: [{parameters}]"), "[]");
        assert!(found.contains(expected), "contract/O-33: {parameters}: {found}");
    }
    let found = findings("3.1.0", "/a", &format!("parameters: [{{ name: q, {whole} }}]"));
    assert!(
        found.contains("location `querystring` is of OpenAPI 3.2; accepted: `openapi: 3.2.0`"),
        "3.2 only: {found}"
    );
}

#[test]
fn object_whose_properties_are_also_parameters_is_refused() {
    let fields = "parameters: [{ name: R, in: query, schema: { type: string } },
        { name: color, in: query, schema: { type: object, properties: { R: { type: integer } } } }]";
    let found = compiled("3.1.0", "/a", fields, "[]");
    assert!(found.contains("`R` is read by two parameters"), "contract/V-09: {found}");
}

#[test]
fn what_is_misspelt_or_of_another_type_is_named() {
    let cases = [
        ("{ nam: q, in: query, schema: {} }", "unknown field of a parameter `nam`; nearest: `name`"),
        ("{ in: query, schema: {} }", "a parameter has no `name`"),
        ("{ name: q, schema: {} }", "a parameter has no `in`"),
        ("{ name: q, in: body, schema: {} }", "unknown location `body`"),
        ("{ name: q, in: query, style: forms, schema: {} }", "unknown style `forms`; nearest: `form`"),
        ("{ name: q, in: cookie, style: cookie, schema: {} }", "style `cookie` is of OpenAPI 3.2"),
        ("{ name: q, in: query, required: 'true', schema: {} }", "`required` is neither true nor false"),
        ("{ name: 5, in: query, schema: {} }", "`name` is no text"),
        ("{ name: 'a b', in: header, schema: {} }", "`a b` is no name of a header field"),
        ("{ name: 'a=b', in: cookie, schema: {} }", "`a=b` is no name of a cookie"),
        ("{ name: q, in: header, allowEmptyValue: true, schema: {} }", "`allowEmptyValue` outside the query"),
        ("{ $ref: '#/components/parameters/None' }", "reference `#/components/parameters/None` leads nowhere"),
        ("5", "a parameter is no map"),
    ];
    for (parameter, expected) in cases {
        let found = findings("3.1.0", "/a", &format!("parameters: [{parameter}]"));
        assert!(found.contains(expected), "{parameter}: {found}");
    }
    assert!(findings("3.1.0", "/a", "parameters: {}").contains("`parameters` is no list"));
}
