mod encoding;
mod forms;
mod laws;
mod query;
mod specs;
mod styles;
mod types;

use super::{Input, Location, Options, Parameters, Rule, Spec, Style, Values, Violation, Writing};
use crate::shape::{Shape, Types};
use http::header::COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue};

const INTEGER: Shape = Shape::Scalar(Types::INTEGER);
const NUMBER: Shape = Shape::Scalar(Types::NUMBER);
const BOOLEAN: Shape = Shape::Scalar(Types::BOOLEAN);
const STRING: Shape = Shape::STRING;

fn array(item: Shape) -> Shape {
    Shape::Array(Box::new(item))
}

fn object(properties: &[(&str, Shape)]) -> Shape {
    let properties = properties.iter().map(|(name, shape)| ((*name).into(), shape.clone())).collect();
    Shape::Object { properties, other: None }
}

/// The object of the style examples, with numbers in it.
fn rgb() -> Shape {
    object(&[("R", INTEGER), ("G", INTEGER), ("B", INTEGER)])
}

fn spec(name: &str, location: Location, style: Style, explode: bool, shape: Shape) -> Spec {
    Spec { name: name.into(), location, writing: Writing::styled(style, explode), required: false, shape }
}

fn query_spec(name: &str, shape: Shape) -> Spec {
    spec(name, Location::Query, Style::Form, true, shape)
}

fn fields(lines: &[(&str, &[u8])]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

fn compiled(specs: Vec<Spec>, options: Options) -> Parameters {
    Parameters::compile(specs, options).unwrap()
}

/// What one request says to these parameters.
fn read_query(specs: Vec<Spec>, options: Options, query: &str) -> Result<Values, Vec<Violation>> {
    compiled(specs, options).read(&Input { path: &[], query: Some(query), headers: &HeaderMap::new() })
}

fn json_of(values: &Values) -> String {
    String::from_utf8(values.json().to_vec()).unwrap()
}

/// The JSON text of the only parameter, written as `raw` where it stands.
fn read(spec: Spec, raw: &str) -> Result<String, Rule> {
    read_with(spec, Options::default(), raw)
}

fn read_with(spec: Spec, options: Options, raw: &str) -> Result<String, Rule> {
    let (name, location) = (spec.name.to_string(), spec.location);
    let parameters = compiled(vec![spec], options);
    let path = [(name.as_str(), raw)];
    let headers = match location {
        Location::Header => fields(&[(&name, raw.as_bytes())]),
        Location::Cookie => fields(&[(COOKIE.as_str(), raw.as_bytes())]),
        _ => HeaderMap::new(),
    };
    let query = matches!(location, Location::Query | Location::QueryString).then_some(raw);
    let path = if location == Location::Path { &path[..] } else { &[] };
    match parameters.read(&Input { path, query, headers: &headers }) {
        Ok(values) => {
            let json = json_of(&values);
            assert!(portcullis_json::Document::parse(json.clone().into_bytes(), parameters.bounds()).is_ok(), "{json}");
            Ok(json.strip_prefix('[').unwrap().strip_suffix(']').unwrap().to_owned())
        }
        Err(violations) => Err(violations[0].rule),
    }
}
