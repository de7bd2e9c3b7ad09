//! Path parameters, by the styles matrix, label and simple; header fields, which are simple without escapes.

use super::list::{self, Cut};
use super::percent::{self, Plus};
use super::spec::{Content, Options, Spec, Style, Writing};
use super::text;
use super::violation::Rule;
use crate::shape::Shape;
use http::{HeaderMap, HeaderName};
use std::borrow::Cow;

/// Writes the JSON text of a path parameter from what stands in its place in the path.
///
/// # Errors
/// A rule that it breaks.
pub(crate) fn path(spec: &Spec, raw: &str, options: &Options, out: &mut Vec<u8>) -> Result<(), Rule> {
    let (style, explode) = match spec.writing {
        Writing::Styled { style, explode, .. } => (style, explode),
        Writing::Content(content) => return content_of(content, &segment(raw)?, spec, options, out),
        Writing::Unread => return Err(Rule::Style),
    };
    let lists = |separator| Cut { separator, is_encoded_data: options.is_encoded_separator_data };
    match style {
        Style::Matrix => matrix(spec, raw, explode, options, out),
        Style::Label => {
            let rest = raw.strip_prefix('.').ok_or(Rule::Style)?;
            write(spec, rest, explode, lists(if explode { '.' } else { ',' }), segment, options, out)
        }
        _ => write(spec, raw, explode, lists(','), segment, options, out),
    }
}

/// `;color=blue`, `;color=blue,black`, `;color=blue;color=black`, `;R=100;G=200` (RFC 6570 §3.2.7).
fn matrix(spec: &Spec, raw: &str, explode: bool, options: &Options, out: &mut Vec<u8>) -> Result<(), Rule> {
    let rest = raw.strip_prefix(';').ok_or(Rule::Style)?;
    let own =
        |part: &'_ str| -> Result<(), Rule> { if *segment(part)? == *spec.name { Ok(()) } else { Err(Rule::Style) } };
    match (&spec.shape, explode) {
        (Shape::Object { .. }, true) => {
            let cut = Cut { separator: ';', is_encoded_data: options.is_encoded_separator_data };
            list::object(&cut.members(rest, segment)?, &spec.shape, &options.bounds, out)
        }
        (Shape::Array(item), true) => {
            let mut items = Vec::new();
            for part in rest.split(';') {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                own(name)?;
                items.push(segment(value)?);
            }
            list::array(&items, item, &options.bounds, out)
        }
        _ => {
            if rest.contains(';') {
                return Err(Rule::Duplicate);
            }
            let (name, value) = rest.split_once('=').unwrap_or((rest, ""));
            own(name)?;
            let cut = Cut { separator: ',', is_encoded_data: options.is_encoded_separator_data };
            write(spec, value, false, cut, segment, options, out)
        }
    }
}

/// Writes the JSON text of a header parameter. `false` if there is no such field.
///
/// # Errors
/// A rule that it breaks.
pub(crate) fn header(
    spec: &Spec,
    name: &HeaderName,
    headers: &HeaderMap,
    options: &Options,
    out: &mut Vec<u8>,
) -> Result<bool, Rule> {
    let mut lines = Vec::new();
    for line in headers.get_all(name) {
        // Visible ASCII, blank and tab: what is beyond has no agreed meaning (RFC 9110 §5.5).
        lines.push(line.to_str().map_err(|_| Rule::Encoding)?);
    }
    let is_list = matches!(spec.shape, Shape::Array(_) | Shape::Object { .. });
    let line = match lines.as_slice() {
        [] => return Ok(false),
        [line] => Cow::Borrowed(*line),
        // Lines of a list are one list (RFC 9110 §5.3); what is no list stands once.
        lines if is_list && matches!(spec.writing, Writing::Styled { .. }) => Cow::Owned(lines.join(",")),
        _ => return Err(Rule::Duplicate),
    };
    if let Writing::Content(content) = spec.writing {
        return content_of(content, &line, spec, options, out).map(|()| true);
    }
    // A comma inside quotes separates for some readers and not for others.
    if is_list && line.contains('"') {
        return Err(Rule::Separator);
    }
    let explode = matches!(spec.writing, Writing::Styled { explode: true, .. });
    // Nothing is encoded in a header field, so nothing can be data that separates.
    let cut = Cut { separator: ',', is_encoded_data: false };
    write(
        spec,
        &line,
        explode,
        cut,
        |item: &str| Ok(Cow::Owned(item.trim_matches([' ', '\t']).to_owned())),
        options,
        out,
    )?;
    Ok(true)
}

/// A value without its prefix, by the rules of `simple`.
fn write<'a>(
    spec: &Spec,
    raw: &'a str,
    explode: bool,
    cut: Cut,
    decode: impl Fn(&'a str) -> Result<Cow<'a, str>, Rule>,
    options: &Options,
    out: &mut Vec<u8>,
) -> Result<(), Rule> {
    let bounds = &options.bounds;
    match &spec.shape {
        Shape::Any | Shape::Scalar(_) => text::write(&decode(raw)?, &spec.shape, bounds, out),
        Shape::Array(item) => list::array(&cut.items(raw, decode)?, item, bounds, out),
        Shape::Object { .. } => {
            let members = if explode { cut.members(raw, decode)? } else { list::in_twos(cut.items(raw, decode)?)? };
            list::object(&members, &spec.shape, bounds, out)
        }
    }
}

fn content_of(content: Content, value: &str, spec: &Spec, options: &Options, out: &mut Vec<u8>) -> Result<(), Rule> {
    match content {
        Content::Json => text::json(value, &options.bounds, out),
        Content::Text => text::write(value, &spec.shape, &options.bounds, out),
        Content::Form => Err(Rule::Style),
    }
}

/// Part of a path with its escapes read. What would end the path, or a segment of it, can not be in a value
/// (OAS32 Path Templating), and `.` and `..` are steps to another path.
fn segment(raw: &str) -> Result<Cow<'_, str>, Rule> {
    let value = percent::decode(raw, Plus::Itself)?;
    let is_step = matches!(&*value, "." | "..");
    if is_step || value.contains(['/', '\\', '?', '#']) || value.chars().any(char::is_control) {
        return Err(Rule::Encoding);
    }
    Ok(value)
}
