//! The base path that a document gives: the path of its first server.

use crate::template::base_segments;
use portcullis_core::config::ConfigError;
use portcullis_openapi::{Documents, Kind, Node};

/// Canonical segments of the base path; none without servers.
pub(super) fn base(documents: &Documents) -> Result<Box<[Box<str>]>, ConfigError> {
    let servers = documents.root().get("servers");
    let Some(server) = servers.and_then(|servers| servers.items().first()) else { return Ok(Box::default()) };
    let Some(url) = server.get("url").filter(|url| url.as_str().is_some()) else {
        return Err(documents.error(server.place, "a server without a URL", "`url: /v1`"));
    };
    let written = url.as_str().unwrap_or_default();
    let refuse = |why: &str| {
        let accepted = "an absolute URL or a path from `/`; or write `base_path:` in the configuration";
        Err(documents.error(url.place, format!("server `{written}` {why}"), accepted))
    };
    let url = substitute(documents, url, written, server.get("variables"))?;
    if url.contains(['?', '#']) {
        return refuse("has a query or a fragment");
    }
    let after_scheme = url.split_once("://").map(|(_, after)| after).or_else(|| url.strip_prefix("//"));
    let path = match after_scheme {
        Some(authority) => authority.find('/').and_then(|at| authority.get(at..)).unwrap_or("/"),
        None if url.starts_with('/') => &url,
        None => return refuse("is relative to the place of the document"),
    };
    base_segments(path).or_else(|malformed| refuse(&malformed.to_string()))
}

/// The URL with the default of each of its variables.
fn substitute(
    documents: &Documents,
    url: &Node,
    written: &str,
    variables: Option<&Node>,
) -> Result<String, ConfigError> {
    let mut text = String::new();
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('{') {
        let refuse = |why: String| Err(documents.error(url.place, why, "a variable with a default"));
        let Some((name, tail)) = after.split_once('}') else {
            return refuse(format!("server `{written}` has an unbalanced brace"));
        };
        let variable = variables.and_then(|known| known.get(name));
        let node = variable.and_then(|variable| variable.get("default"));
        let Some((node, default)) = node.and_then(|node| Some((node, scalar(node)?))) else {
            return refuse(format!("server variable `{name}` has no default"));
        };
        let values = variable.and_then(|variable| variable.get("enum"));
        if values.is_some_and(|values| !values.items().iter().any(|value| scalar(value) == Some(default))) {
            let message = format!("default `{default}` is none of the values of server variable `{name}`");
            return Err(documents.error(node.place, message, "one of `enum`"));
        }
        text.push_str(before);
        text.push_str(default);
        rest = tail;
    }
    text.push_str(rest);
    Ok(text)
}

/// A port is often written without quotes.
fn scalar(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::String(text) | Kind::Number(text) => Some(text),
        _ => None,
    }
}
