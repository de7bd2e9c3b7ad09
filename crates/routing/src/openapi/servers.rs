//! The base path that a document gives: the path of its first server.

use super::model::{Entries, Server, Variable};
use crate::template::base_segments;
use portcullis_core::config::ConfigError;
use serde_saphyr::Spanned;

/// Canonical segments of the base path; none without servers.
pub(super) fn base(servers: Option<&[Server]>) -> Result<Box<[Box<str>]>, ConfigError> {
    let Some(server) = servers.and_then(<[Server]>::first) else { return Ok(Box::default()) };
    let url = substitute(&server.url, server.variables.as_ref())?;
    let refuse = |why: &str| {
        let message = format!("server `{}` {why}", server.url.value);
        let accepted = "an absolute URL or a path from `/`; or write `base_path:` in the configuration";
        Err(ConfigError::at(&server.url.referenced, message, accepted))
    };
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
fn substitute(url: &Spanned<String>, variables: Option<&Entries<Variable>>) -> Result<String, ConfigError> {
    let mut text = String::new();
    let mut rest = url.value.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let refuse = |why: String| Err(ConfigError::at(&url.referenced, why, "a variable with a default"));
        let Some((name, tail)) = after.split_once('}') else {
            return refuse(format!("server `{}` has an unbalanced brace", url.value));
        };
        let variable = variables.and_then(|known| known.0.iter().find(|(key, _)| key.value == name));
        let Some(default) = variable.and_then(|(_, variable)| variable.default.as_ref()) else {
            return refuse(format!("server variable `{name}` has no default"));
        };
        let values = variable.and_then(|(_, variable)| variable.values.as_ref());
        if values.is_some_and(|values| !values.contains(&default.value)) {
            let message = format!("default `{}` is none of the values of server variable `{name}`", default.value);
            return Err(ConfigError::at(&default.referenced, message, "one of `enum`"));
        }
        text.push_str(before);
        text.push_str(&default.value);
        rest = tail;
    }
    text.push_str(rest);
    Ok(text)
}
