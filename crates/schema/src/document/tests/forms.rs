use super::*;
use crate::values::multipart::PartKind;
use crate::values::{Content, Style, Writing};

fn media<T>(media: &str, value: &str, check: impl FnOnce(&MediaType<'_>, &Documents, &Shape) -> T) -> T {
    let fields = format!("requestBody: {{ content: {{ {media}: {{ {value} }} }} }}");
    read_with(&document("3.1.0", "/a", &fields), "[]", |contract, documents, _| {
        assert_eq!(lines(&contract.findings), "");
        let media = &contract.operations[0].body.as_ref().unwrap().content[0];
        check(media, documents, &shape(documents, media.schema.unwrap()))
    })
}

#[test]
fn fields_are_written_as_encodings_say_or_by_their_type() {
    let value =
        "schema: { type: object, properties: { a: { type: string }, b: { type: array, items: { type: string } },
        c: { type: object, properties: {} }, d: { type: array }, e: { type: string } } },
        encoding: { d: { style: spaceDelimited, allowReserved: true }, e: { contentType: application/json } }";
    media("application/x-www-form-urlencoded", value, |media, _, shape| {
        let found: Vec<_> = media.fields(shape).into_iter().map(|spec| (spec.name, spec.writing)).collect();
        let form = Writing::styled(Style::Form, true);
        let spaces =
            Writing::Styled { style: Style::SpaceDelimited, explode: false, allow_reserved: true, allow_empty: false };
        let json = Writing::Content(Content::Json);
        let expected = [("a", form), ("b", form), ("c", json), ("d", spaces), ("e", json)];
        assert_eq!(
            found,
            expected.map(|(name, writing)| (name.into(), writing)),
            "contract/V-59: how each field is written"
        );
    });
}

#[test]
fn parts_are_texts_json_or_files() {
    let value = "schema: { type: object, properties: { text: { type: integer }, json: { type: object, properties: {} },
        file: { type: string, format: binary, maxLength: 9 }, files: { type: array, items: { type: string, format: binary } },
        any: {}, image: { type: string, contentMediaType: image/png }, named: { type: string }, large: { type: string, maxLength: 5 } } },
        encoding: { any: { contentType: 'image/png, image/jpeg' }, named: { contentType: application/json } }";
    media("multipart/form-data", value, |media, documents, shape| {
        let parts = media.parts(documents, shape, 100);
        let found: Vec<_> = parts
            .iter()
            .map(|part| {
                let kind = match &part.kind {
                    PartKind::Text(shape) => format!("text {}", *shape == Shape::STRING),
                    PartKind::Json => "json".into(),
                    PartKind::File => "file".into(),
                };
                format!("{} {kind} {} {} {}", part.name, part.is_repeated, part.max_bytes, part.types.accept())
            })
            .collect();
        let expected = [
            "text text false false 100 ",
            "json json false 100 ",
            "file file false 9 ",
            "files file true 100 ",
            "any file false 100 image/png, image/jpeg",
            "image file false 100 ",
            "named json false 100 application/json",
            "large text true false 100 ",
        ];
        assert_eq!(found, expected);
    });
}
