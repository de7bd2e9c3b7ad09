use super::*;

fn body(content: &str) -> String {
    findings("3.1.0", "/a", &format!("requestBody: {{ content: {{ {content} }} }}"))
}

#[test]
fn contents_are_read_by_media_type() {
    let fields = "requestBody: { required: true, content: {
        'Application/JSON; Charset=UTF-8': { schema: { type: object } },
        application/*: {},
        multipart/form-data: { schema: { properties: { file: {}, meta: {} } }, encoding: {
            file: { contentType: 'image/png, image/*', headers: { X-Id: { schema: {} } } }, meta: { style: form, explode: false } } },
        application/octet-stream: { schema: { type: string, format: binary, maxLength: 10 } } } }";
    read(&document("3.1.0", "/a", fields), "[]", |contract| {
        assert_eq!(lines(&contract.findings), "");
        let body = contract.operations[0].body.as_ref().unwrap();
        assert!(body.required);
        let found: Vec<_> = body.content.iter().map(|media| format!("{} {:?}", media.range, media.reading)).collect();
        let expected = [
            "Application/JSON; Charset=UTF-8 Json",
            "application/* Opaque",
            "multipart/form-data Multipart",
            "application/octet-stream Opaque",
        ];
        assert_eq!(found, expected);
        let [file, meta] = &body.content[2].encoding[..] else { panic!("two encodings") };
        assert_eq!(file.content_types.accept(), "image/png, image/*");
        assert_eq!((file.property, file.headers[0].name, file.style), ("file", "X-Id", None));
        assert_eq!((meta.property, meta.style), ("meta", Some((crate::values::Style::Form, false))));
    });
    read(&document("3.1.0", "/a", "x-a: 1"), "[]", |contract| assert!(contract.operations[0].body.is_none()));
}

#[test]
fn schema_that_nothing_checks_is_refused_unless_waived() {
    let cases = [
        (
            "application/xml: { schema: { type: object } }",
            "a schema of `application/xml` cannot be checked",
            "contract/V-65",
        ),
        (
            "application/x-protobuf: { schema: { $ref: '#/paths' } }",
            "a schema of `application/x-protobuf`",
            "contract/V-65",
        ),
        ("text/*: { schema: { type: object } }", "a schema of `text/*` cannot be checked", "no range that JSON is in"),
        ("text/csv: { schema: { type: array } }", "a schema of `text/csv` cannot be checked", "text is a string"),
        ("application/jsonl: { schema: { type: array } }", "`schema` of `application/jsonl` would need", ""),
    ];
    for (content, expected, why) in cases {
        let found = body(content);
        assert!(found.contains(expected) && found.lines().count() == 1, "{why}: {content}: {found}");
    }
    for content in [
        "application/xml: {}",
        "'*/*': { schema: { type: object } }",
        "application/*: { schema: { type: object } }",
        "application/xml: { schema: {} }",
        "text/csv: { schema: { type: string, maxLength: 9 } }",
        "image/png: { schema: { type: string, format: binary } }",
        "text/plain: { schema: { anyOf: [{ type: string }, { enum: [a], type: string }] } }",
    ] {
        assert_eq!(body(content), "", "{content}");
    }
    let fields = "requestBody: { content: { application/xml: { schema: { type: object } } } }";
    let waive = "- { pointer: /paths/~1a/post/requestBody/content/application~1xml/schema, because: partners }";
    read(&document("3.1.0", "/a", fields), waive, |contract| {
        let found = lines(&contract.findings);
        assert!(found.starts_with("warning ") && found.ends_with("waived because partners"), "{found}");
        let media = &contract.operations[0].body.as_ref().unwrap().content[0];
        assert!(media.is_waived && media.schema.is_none());
    });
}

#[test]
fn items_are_those_of_a_sequence() {
    let sequence = |media: &str| {
        findings(
            "3.2.0",
            "/a",
            &format!("responses: {{ 200: {{ content: {{ {media}: {{ itemSchema: {{ type: object }} }} }} }} }}"),
        )
    };
    for media in ["application/jsonl", "application/x-ndjson", "application/json-seq", "text/event-stream"] {
        assert_eq!(sequence(media), "", "contract/O-54");
    }
    assert!(
        sequence("application/json").contains("`itemSchema` of `application/json`, which is no sequence"),
        "contract/O-54"
    );
    let found = body("application/jsonl: { itemSchema: {} }");
    assert!(found.contains("`itemSchema` of a media type is a field of OpenAPI 3.2"), "{found}");
}

#[test]
fn what_has_no_effect_or_no_meaning_is_refused() {
    let schema = "schema: { type: object, properties: { file: {} } }";
    let cases = [
        (String::new(), "a request body without `content`"),
        ("application/json: {}, Application/JSON: {}".into(), "media type `Application/JSON` stands twice"),
        ("'application/json; charset=utf-16': {}".into(), "`application/json; charset=utf-16` is no media type"),
        ("json: {}".into(), "`json` is no media type"),
        (
            format!("application/json: {{ {schema}, encoding: {{ file: {{}} }} }}"),
            "`encoding` has no effect on `application/json`",
        ),
        (
            format!("multipart/form-data: {{ {schema}, encoding: {{ fil: {{}} }} }}"),
            "unknown property with an encoding `fil`; nearest: `file`",
        ),
        (
            format!("multipart/form-data: {{ {schema}, encoding: {{ file: {{ contentTyp: a/b }} }} }}"),
            "nearest: `contentType`",
        ),
        (
            format!("multipart/form-data: {{ {schema}, encoding: {{ file: {{ contentType: png }} }} }}"),
            "`png` is no media type",
        ),
        (
            format!("application/x-www-form-urlencoded: {{ {schema}, encoding: {{ file: {{ headers: {{}} }} }} }}"),
            "`headers` have no effect in a form without parts",
        ),
        ("application/json: { shema: {} }".into(), "unknown field of a media type `shema`; nearest: `schema`"),
    ];
    for (content, expected) in cases {
        let found = body(&content);
        assert!(found.contains(expected), "{content}: {found}");
    }
    let found = findings("3.1.0", "/a", "requestBody: { require: true, content: { application/json: {} } }");
    assert!(found.contains("unknown field of a request body `require`; nearest: `required`"), "{found}");
}
