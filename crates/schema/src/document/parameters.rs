//! Parameter Objects, those of a path item and of its operation merged.

use super::fields;
use super::media::is_token;
use super::model::{Parameter, ParameterValue, Styled};
use super::reader::Reader;
use super::style;
use crate::values::{Location, Style};
use portcullis_openapi::{Node, Place, Version};

/// Header fields that a parameter does not describe (OpenAPI, Parameter `name`), and where they are described.
const ELSEWHERE: &[(&str, &str)] = &[
    ("accept", "`content` of the responses"),
    ("content-type", "`content` of the body"),
    ("authorization", "`security`"),
];
/// Header fields of the connection, which never reach the API as they were sent, and those that have a location of their own.
const UNDEFINED: &[&str] = &[
    "connection",
    "content-length",
    "cookie",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Locations by name, and the version that brought each.
const LOCATIONS: &[(&str, Location, Version)] = &[
    ("query", Location::Query, Version::V3_0),
    ("header", Location::Header, Version::V3_0),
    ("path", Location::Path, Version::V3_0),
    ("cookie", Location::Cookie, Version::V3_0),
    ("querystring", Location::QueryString, Version::V3_2),
];

impl<'d> Reader<'d> {
    /// One list of parameters. Two of one name and location in it have no defined meaning.
    pub(super) fn parameters(&mut self, list: Option<&'d Node>) -> Vec<Parameter<'d>> {
        let mut found: Vec<Parameter<'d>> = Vec::new();
        for node in self.list(list, "parameters") {
            let Some(parameter) = self.parameter(node) else { continue };
            if let Some(first) = found.iter().find(|known| is_same(known, &parameter)) {
                let at = format!("{}:{}", first.place.line, first.place.column);
                let message = format!("parameter `{}` stands twice in this list, first at {at}", parameter.name);
                self.refuse(node.place, message, "each name and location once");
            } else {
                found.push(parameter);
            }
        }
        found
    }

    fn parameter(&mut self, node: &'d Node) -> Option<Parameter<'d>> {
        let object = &fields::PARAMETER;
        let node = self.object(node, object)?;
        let name = self.required_text(node, "name", object);
        let location = self.location(node);
        let required = self.flag(node, "required").unwrap_or(false);
        let deprecated = self.flag(node, "deprecated").unwrap_or(false);
        let (name, location) = (name?, location?);
        let place = node.place;
        if location == Location::Path && !required {
            let at = node.get("required").map_or(place, |value| value.place);
            self.refuse(at, format!("path parameter `{name}` is not required"), "`required: true`");
        }
        if !self.check_name(name, location, node)? {
            return Some(Parameter { name, place, location, required, deprecated, value: ParameterValue::Waived });
        }
        let value = self.parameter_value(name, location, node)?;
        Some(Parameter { name, place, location, required, deprecated, value })
    }

    fn location(&mut self, node: &'d Node) -> Option<Location> {
        let text = self.required_text(node, "in", &fields::PARAMETER)?;
        let at = node.get("in").map_or(node.place, |value| value.place);
        self.by_name("location", text, at, LOCATIONS)
    }

    pub(super) fn style(&mut self, node: &'d Node) -> Option<Style> {
        let text = self.text(node, "style")?;
        let at = node.get("style").map_or(node.place, |value| value.place);
        self.by_name("style", text, at, style::NAMES)
    }

    /// What a name stands for, if this version knows it.
    fn by_name<T: Copy>(&mut self, kind: &str, name: &str, at: Place, known: &[(&str, T, Version)]) -> Option<T> {
        match known.iter().find(|(known, ..)| *known == name) {
            Some((_, found, since)) if *since <= self.version => return Some(*found),
            Some((.., since)) => {
                let accepted = format!("`openapi: {}.0`", since.name());
                self.refuse(at, format!("{kind} `{name}` is of OpenAPI {}", since.name()), accepted);
            }
            None => {
                let names = known.iter().filter(|(.., since)| *since <= self.version).map(|(name, ..)| *name);
                self.findings.push(self.documents.unknown(at, kind, name, names));
            }
        }
        None
    }

    /// `None`: the parameter has no effect at all; false: nothing of its value can be enforced.
    fn check_name(&mut self, name: &'d str, location: Location, node: &'d Node) -> Option<bool> {
        let at = node.get("name").map_or(node.place, |value| value.place);
        match location {
            Location::Header => {
                let folded = name.to_ascii_lowercase();
                if let Some((_, elsewhere)) = ELSEWHERE.iter().find(|(known, _)| *known == folded) {
                    self.warn(at, format!("a parameter `{name}` has no effect"), *elsewhere);
                    return None;
                }
                if UNDEFINED.contains(&&*folded) {
                    let message = format!("header parameter `{name}` describes the connection, not the request");
                    self.unenforced(at, message, "another name, or a parameter `in: cookie` for cookies");
                    return Some(false);
                }
                if !is_token(name) {
                    self.refuse(at, format!("`{}` is no name of a header field", name.escape_debug()), "a token");
                }
            }
            Location::Cookie if !is_token(name) => {
                self.refuse(at, format!("`{}` is no name of a cookie", name.escape_debug()), "a token");
            }
            _ if name.is_empty() => self.refuse(at, "a parameter without a name", "a name"),
            _ => {}
        }
        Some(true)
    }

    fn parameter_value(&mut self, name: &str, location: Location, node: &'d Node) -> Option<ParameterValue<'d>> {
        match (node.get("schema"), node.get("content")) {
            (Some(_), Some(content)) => {
                self.refuse(
                    content.place,
                    format!("parameter `{name}` has both `schema` and `content`"),
                    "one of them",
                );
                None
            }
            (None, None) => {
                self.refuse(
                    node.place,
                    format!("parameter `{name}` has neither `schema` nor `content`"),
                    "one of them",
                );
                None
            }
            (Some(schema), None) if location == Location::QueryString => {
                let message = format!("querystring parameter `{name}` has `schema`");
                self.refuse(schema.place, message, "`content` with one media type");
                None
            }
            (Some(schema), None) => Some(self.styled(location, node, schema)),
            (None, Some(content)) => {
                for field in ["style", "explode", "allowReserved"] {
                    if let Some(value) = node.get(field) {
                        self.refuse(value.place, format!("`{field}` has no effect beside `content`"), "no such field");
                    }
                }
                self.single_content(&format!("parameter `{name}`"), content).map(|media| match media {
                    Some(media) => ParameterValue::Content(media),
                    None => ParameterValue::Waived,
                })
            }
        }
    }

    fn styled(&mut self, location: Location, node: &'d Node, schema: &'d Node) -> ParameterValue<'d> {
        let style = self.style(node).unwrap_or(style::default(location));
        let explode = self.flag(node, "explode").unwrap_or(style::explodes(style));
        let allow_reserved = self.flag(node, "allowReserved").unwrap_or(false);
        let allow_empty_value = self.flag(node, "allowEmptyValue").unwrap_or(false);
        if let Some(value) = node.get("allowEmptyValue").filter(|_| allow_empty_value && location != Location::Query) {
            self.refuse(value.place, "`allowEmptyValue` outside the query has no effect", "no such field");
        }
        ParameterValue::Styled(Styled { style, explode, allow_reserved, allow_empty_value, schema })
    }

    /// Each parameter of the template is declared, and each declared one is in the template.
    pub(super) fn check_template(&mut self, path: &str, place: Place, parameters: &[Parameter<'d>]) {
        let in_template: Vec<&str> = template_names(path).collect();
        let declared = || parameters.iter().filter(|parameter| parameter.location == Location::Path);
        for name in &in_template {
            if !declared().any(|parameter| parameter.name == *name) {
                let message = format!("`{{{name}}}` of path `{path}` is no parameter of this operation");
                self.refuse(place, message, format!("`{{ name: {name}, in: path, required: true, schema: … }}`"));
            }
        }
        for parameter in declared().filter(|parameter| !in_template.contains(&parameter.name)) {
            let message = format!("path parameter `{}` is not in path `{path}`", parameter.name);
            let error = self.documents.error(parameter.place, message, "a name of the template");
            self.findings.push(error.suggesting(parameter.name, in_template.iter().copied()));
        }
    }
}

/// Parameters of the operation and those of its path item that it does not replace.
pub(super) fn merge<'d>(own: Vec<Parameter<'d>>, shared: Vec<Parameter<'d>>) -> Vec<Parameter<'d>> {
    let mut merged = own;
    for parameter in shared {
        if !merged.iter().any(|known| is_same(known, &parameter)) {
            merged.push(parameter);
        }
    }
    merged
}

/// One name and location; names of header fields compare without case (RFC 9110 §5.1).
fn is_same(left: &Parameter<'_>, right: &Parameter<'_>) -> bool {
    left.location == right.location
        && match left.location {
            Location::Header => left.name.eq_ignore_ascii_case(right.name),
            _ => left.name == right.name,
        }
}

/// Names in braces; `{path+}`, the rest of a path, is named `path`. Routing judges the template itself.
fn template_names(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}')).map(|(name, _)| name.strip_suffix('+').unwrap_or(name))
}
