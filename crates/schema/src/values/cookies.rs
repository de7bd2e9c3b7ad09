//! Cookies: the pairs of the `Cookie` field (RFC 6265 §4.2, §5.4), and the JSON text that they make.

use super::list::{self, Cut};
use super::percent::{self, Plus};
use super::spec::{Content, Options, Spec, Style, Writing};
use super::text;
use super::violation::Rule;
use crate::shape::Shape;
use http::HeaderMap;
use http::header::COOKIE;
use std::borrow::Cow;

/// One cookie, as it was sent.
pub(crate) type Pair<'a> = (&'a str, &'a str);

/// Finds the cookies of a request. HTTP/2 may send each in a field line of its own.
///
/// # Errors
/// More than `max`, octets beyond ASCII, or a quote that is opened and not closed: servers that read quoted strings find
/// other cookies behind it.
pub(crate) fn parse(headers: &HeaderMap, max: usize) -> Result<Vec<Pair<'_>>, Rule> {
    let mut cookies = Vec::new();
    for line in headers.get_all(COOKIE) {
        let line = line.to_str().map_err(|_| Rule::Encoding)?;
        for cookie in line.split(';').map(str::trim).filter(|cookie| !cookie.is_empty()) {
            if cookies.len() >= max {
                return Err(Rule::TooMany);
            }
            // One without `=` is a name to some and a value to others; to us a name, so that a declared one is found.
            let (name, value) = cookie.split_once('=').unwrap_or((cookie, ""));
            let (name, value) = (name.trim_end(), value.trim_start());
            let is_quoted = value.len() >= 2 && value.ends_with('"');
            if value.starts_with('"') && !is_quoted {
                return Err(Rule::Separator);
            }
            cookies.push((name, value));
        }
    }
    Ok(cookies)
}

/// Writes the JSON text of one parameter. `false` if there is no cookie of it.
///
/// # Errors
/// A rule that they break.
pub(crate) fn write(spec: &Spec, cookies: &[Pair<'_>], options: &Options, out: &mut Vec<u8>) -> Result<bool, Rule> {
    let bounds = &options.bounds;
    if spec.is_exploded_object() {
        let own = cookies.iter().filter(|(name, _)| spec.shape.names(name));
        let members: Vec<_> = own.map(|(name, value)| (Cow::Borrowed(*name), Cow::Borrowed(*value))).collect();
        if members.is_empty() {
            return Ok(false);
        }
        return list::object(&members, &spec.shape, bounds, out).map(|()| true);
    }
    let own: Vec<&str> = cookies.iter().filter(|(name, _)| *name == &*spec.name).map(|(_, value)| *value).collect();
    let (style, explode) = match spec.writing {
        Writing::Styled { style, explode, .. } => (style, explode),
        Writing::Content(_) | Writing::Unread => (Style::Form, false),
    };
    // `style: cookie` encodes nothing (OAS32 Style Values).
    let decode = |raw| if style == Style::Cookie { Ok(Cow::Borrowed(raw)) } else { percent::decode(raw, Plus::Itself) };
    if let (Shape::Array(item), true, Writing::Styled { .. }) = (&spec.shape, explode, spec.writing) {
        if own.is_empty() {
            return Ok(false);
        }
        let items: Result<Vec<_>, Rule> = own.into_iter().map(decode).collect();
        return list::array(&items?, item, bounds, out).map(|()| true);
    }
    let value = match own.as_slice() {
        [] => return Ok(false),
        [value] => *value,
        _ => return Err(Rule::Duplicate),
    };
    if let Writing::Content(content) = spec.writing {
        let value = decode(value)?;
        match content {
            Content::Json => text::json(&value, bounds, out)?,
            Content::Text => text::write(&value, &spec.shape, bounds, out)?,
            Content::Form => return Err(Rule::Style),
        }
        return Ok(true);
    }
    let cut = Cut { separator: ',', is_encoded_data: options.is_encoded_separator_data };
    match &spec.shape {
        Shape::Any | Shape::Scalar(_) => text::write(&decode(value)?, &spec.shape, bounds, out)?,
        Shape::Array(item) => list::array(&cut.items(value, decode)?, item, bounds, out)?,
        Shape::Object { .. } => {
            list::object(&list::in_twos(cut.items(value, decode)?)?, &spec.shape, bounds, out)?;
        }
    }
    Ok(true)
}
