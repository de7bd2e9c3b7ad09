//! What is declared.

use portcullis_schema::values::{Cap, Content, Location, Options, Over, Parameters, Spec, Style, Unknown, Writing};
use portcullis_schema::{Shape, Types};

/// Names of path parameters.
pub(super) const PATH: [&str; 4] = ["id", "list", "point", "label"];

/// All names of the sets.
pub(super) const NAMES: [&str; 17] =
    ["id", "list", "point", "label", "a", "limit", "c", "s", "f", "d", "x", "H", "k", "session", "w", "b", "e"];

const INTEGER: Shape = Shape::Scalar(Types::INTEGER);

fn array(item: Shape) -> Shape {
    Shape::Array(Box::new(item))
}

fn object(properties: &[(&str, Shape)]) -> Shape {
    let properties = properties.iter().map(|(name, shape)| ((*name).into(), shape.clone())).collect();
    Shape::Object { properties, other: None }
}

fn spec(name: &str, location: Location, style: Style, explode: bool, shape: Shape) -> Spec {
    Spec { name: name.into(), location, writing: Writing::styled(style, explode), required: false, shape }
}

pub(super) fn options(unknown: Unknown) -> Options {
    Options { unknown, max_pairs: 8, max_cookies: 4, ..Options::default() }
}

/// The fields of a form: text, numbers, a list, what is written as JSON, and any other.
pub(super) fn form_shape() -> Shape {
    object(&[
        ("a", Shape::STRING),
        ("limit", INTEGER),
        ("b", array(Shape::STRING)),
        ("d", object(&[("e", Shape::Scalar(Types::BOOLEAN))])),
    ])
}

/// One of four sets. A number in the query is clamped; beside the query as a whole nothing of it is declared.
pub(super) fn parameters(choice: usize, unknown: Unknown) -> Parameters {
    let limit = spec("limit", Location::Query, Style::Form, true, INTEGER);
    let cap = Cap { parameter: "limit".into(), min: 0, max: 100, over: Over::Clamp };
    let (mut specs, caps) = match choice % 4 {
        0 => (exploded(), vec![cap]),
        1 => (joined(), vec![cap]),
        2 => (whole(Content::Json), Vec::new()),
        _ => (whole(Content::Form), Vec::new()),
    };
    specs.extend((!caps.is_empty()).then_some(limit));
    Parameters::compile(specs, Options { caps, ..options(unknown) }).expect("a set that can be read")
}

fn exploded() -> Vec<Spec> {
    use Location::{Cookie, Header, Path, Query};
    let others = Shape::Object { properties: vec![("e".into(), INTEGER)], other: Some(Box::new(Shape::STRING)) };
    vec![
        spec("a", Query, Style::Form, true, array(Shape::STRING)),
        spec("f", Query, Style::DeepObject, true, object(&[("a", Shape::STRING), ("b", INTEGER)])),
        spec("x", Query, Style::DeepObject, true, others),
        Spec { writing: Writing::Content(Content::Json), ..spec("d", Query, Style::Form, true, Shape::Any) },
        spec("id", Path, Style::Simple, false, Shape::Scalar(Types::INTEGER.or(Types::STRING))),
        spec("list", Path, Style::Label, true, array(Shape::STRING)),
        spec("point", Path, Style::Matrix, true, object(&[("a", Shape::STRING), ("b", INTEGER)])),
        spec("H", Header, Style::Simple, true, object(&[("a", Shape::STRING), ("b", INTEGER)])),
        spec("k", Cookie, Style::Cookie, true, array(Shape::STRING)),
    ]
}

fn joined() -> Vec<Spec> {
    use Location::{Cookie, Header, Path, Query};
    vec![
        Spec { required: true, ..spec("a", Query, Style::Form, false, array(Shape::STRING)) },
        spec("c", Query, Style::PipeDelimited, false, array(Shape::Scalar(Types::NUMBER))),
        spec("s", Query, Style::SpaceDelimited, false, array(Shape::STRING)),
        spec("x", Query, Style::Form, false, object(&[("e", INTEGER), ("b", Shape::STRING)])),
        Spec { writing: Writing::Unread, ..spec("d", Query, Style::Form, true, Shape::Any) },
        spec("label", Path, Style::Label, false, Shape::Scalar(Types::NUMBER)),
        spec("list", Path, Style::Simple, false, array(INTEGER)),
        spec("point", Path, Style::Matrix, false, object(&[("a", Shape::STRING)])),
        spec("H", Header, Style::Simple, false, array(Shape::Scalar(Types::BOOLEAN.or(Types::NULL)))),
        spec("session", Cookie, Style::Form, false, Shape::STRING),
    ]
}

fn whole(content: Content) -> Vec<Spec> {
    let shape = object(&[("a", Shape::STRING), ("b", array(INTEGER)), ("d", object(&[("e", INTEGER)]))]);
    let shape = if content == Content::Json { Shape::Any } else { shape };
    vec![Spec { writing: Writing::Content(content), ..spec("w", Location::QueryString, Style::Form, false, shape) }]
}
