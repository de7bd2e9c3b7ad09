//! Shapes of schemas.

use crate::Waivers;
use crate::engine::{Compiler, Dialect, Options};
use crate::shape::{Shape, Types};
use portcullis_openapi::Documents;
use std::path::Path;

fn shape(text: &str) -> Shape {
    let documents = Documents::parse(Path::new("schema.yaml"), text.as_bytes()).unwrap();
    let mut compiler = Compiler::new(&documents, Options::new(Dialect::OpenApi31));
    let id = compiler.schema(documents.root());
    compiler.finish(&Waivers::default()).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).schemas.shape(id)
}

#[test]
fn shapes_say_how_a_text_is_read() {
    let integer = || Shape::Scalar(Types::INTEGER);
    let cases = [
        ("{}", Shape::Any),
        ("{type: integer}", integer()),
        ("{type: [integer, 'null']}", Shape::Scalar(Types::INTEGER.or(Types::NULL))),
        ("{enum: [a, b]}", Shape::STRING),
        ("{enum: [1, 2]}", integer()),
        ("{allOf: [{type: [integer, string]}, {type: [integer, boolean]}]}", integer()),
        ("{anyOf: [{type: integer}, {type: string}]}", Shape::Scalar(Types::INTEGER.or(Types::STRING))),
        ("{type: array, items: {type: integer}}", Shape::Array(Box::new(integer()))),
        ("{type: array}", Shape::Array(Box::new(Shape::Any))),
        (
            "{allOf: [{type: object, properties: {a: {type: integer}}}, {type: object, properties: {b: {type: string}}}]}",
            Shape::Object { properties: vec![("a".into(), integer()), ("b".into(), Shape::STRING)], other: None },
        ),
        (
            "{type: object, additionalProperties: {type: integer}}",
            Shape::Object { properties: vec![], other: Some(Box::new(integer())) },
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(shape(text), expected, "{text}");
    }
}

#[test]
fn shapes_end() {
    let mut shape = &shape("{$defs: {n: {type: array, items: {$ref: '#/$defs/n'}}}, $ref: '#/$defs/n'}");
    let mut depth = 0;
    while let Shape::Array(inner) = shape {
        shape = inner;
        depth += 1;
    }
    assert_eq!((depth, shape), (Shape::MAX_DEPTH, &Shape::Any));
}
