mod form;
mod laws;
mod syntax;

use super::*;
use crate::shape::{Shape, Types};
use crate::values::Unknown;
use crate::values::media::Ranges;
use portcullis_json::Bounds;

fn part(name: &str, kind: PartKind) -> PartSpec {
    PartSpec { name: name.into(), kind, is_repeated: false, types: Ranges::default(), max_bytes: 1_000, sniff: false }
}

fn text() -> PartKind {
    PartKind::Text(Shape::STRING)
}

/// A title, a count, tags, an address in JSON, and a picture.
fn declared() -> Vec<PartSpec> {
    vec![
        part("title", text()),
        part("count", PartKind::Text(Shape::Scalar(Types::INTEGER))),
        PartSpec { is_repeated: true, ..part("tags", text()) },
        PartSpec { types: Ranges::compile(["application/json"]).unwrap(), ..part("address", PartKind::Json) },
        PartSpec {
            types: Ranges::compile(["image/png", "image/jpeg"]).unwrap(),
            sniff: true,
            ..part("photo", PartKind::File)
        },
    ]
}

fn form(unknown: Unknown) -> FormData {
    FormData::new(declared(), None, unknown, Limits::default(), Bounds::default())
}

/// A form as all clients write it: each part with its lines of header and its content.
fn content(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut content: String = parts.iter().map(|(head, data)| format!("--B\r\n{head}\r\n\r\n{data}\r\n")).collect();
    content.push_str("--B--\r\n");
    content.into_bytes()
}

fn named(name: &str) -> String {
    format!("Content-Disposition: form-data; name=\"{name}\"")
}

fn read(content: &[u8]) -> Result<String, (String, Rule)> {
    match form(Unknown::Refuse).read("B", content) {
        Ok(values) => Ok(String::from_utf8(values.json).unwrap()),
        Err(violations) => Err((violations[0].to_string(), violations[0].rule)),
    }
}

fn rule(content: &[u8]) -> Option<Rule> {
    read(content).err().map(|(_, rule)| rule)
}
