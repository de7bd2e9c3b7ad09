//! All APIs of a configuration → one [`Compiled`], or every reason why not.

use crate::config::{ApiConfig, OperationConfig};
use crate::hosts::{Bases, Hosts, parse_host};
use crate::lifecycle::Lifecycle;
use crate::matcher::{Api, Compiled, Path};
use crate::openapi::{DeclaredPath, Document};
use crate::template::base_segments;
use crate::trie::{Conflict, Leaf, MAX_LOOKUP_STEPS, MAX_MIXED_SIBLINGS, Trie};
use http::{HeaderValue, Method};
use portcullis_core::config::{ConfigError, Spanned};
use portcullis_core::{ApiId, Operation, OperationId};
use portcullis_openapi::Place;
use std::collections::{HashMap, HashSet};

/// One API as the configuration writes it, and its document.
#[derive(Clone, Copy, Debug)]
pub struct ApiInput<'a> {
    /// Its key under `apis:`.
    pub name: &'a Spanned<String>,
    /// Its routing settings.
    pub config: &'a ApiConfig,
    /// What [`ApiConfig::openapi`] names.
    pub document: &'a Document,
    /// Settings of single operations, by operationId.
    pub operations: &'a [(Spanned<String>, OperationConfig)],
}

/// One API, each of its settings judged.
struct Checked<'a> {
    input: ApiInput<'a>,
    /// `None`: any host.
    hosts: Option<Vec<Box<str>>>,
    base: Box<[Box<str>]>,
    trie: Trie,
    written: HashMap<&'a str, Written>,
    lifecycle: Option<Lifecycle>,
}

/// What the configuration says of one operation.
struct Written {
    internal: bool,
    /// `Some(None)`: active.
    lifecycle: Option<Option<Lifecycle>>,
}

/// Compiles all APIs of a configuration; an [`ApiId`] is the place in `apis`, an [`OperationId`] counts through them.
///
/// # Errors
/// All at once: hosts, base paths and operation names that are none, templates without one meaning, APIs that overlap.
pub fn compile(apis: &[ApiInput<'_>]) -> Result<Compiled, Vec<ConfigError>> {
    let mut errors = Vec::new();
    let checked: Vec<Checked<'_>> = apis.iter().filter_map(|api| check(*api, &mut errors)).collect();
    for (place, api) in checked.iter().enumerate() {
        errors.extend(checked.iter().take(place).filter_map(|earlier| overlap(earlier, api)));
    }
    if let Some(api) = apis.get(usize::from(u16::MAX)) {
        errors.push(ConfigError::at(&api.name.referenced, "one API too many", format!("{} APIs", u16::MAX)));
    }
    if errors.is_empty() { Ok(assemble(checked)) } else { Err(errors) }
}

fn check<'a>(input: ApiInput<'a>, errors: &mut Vec<ConfigError>) -> Option<Checked<'a>> {
    let hosts = input.config.hosts.as_ref().map(|hosts| check_hosts(input.name, hosts, errors));
    let base = match &input.config.base_path {
        None => input.document.base.clone(),
        Some(written) => base_segments(&written.value).map_err(|malformed| {
            let message = format!("base path `{}` {malformed}", written.value);
            ConfigError::at(&written.referenced, message, "a path such as `/v1`, or `/`")
        }),
    };
    let trie = Trie::build(input.document.paths.iter().map(|path| &path.template));
    let trie =
        trie.map_err(|conflicts| errors.extend(conflicts.iter().map(|conflict| describe(input.document, conflict))));
    let written = check_operations(input, errors);
    let lifecycle = input.config.lifecycle.as_ref().and_then(|lifecycle| lifecycle.compile(errors));
    let base = base.map_err(|error| errors.push(error));
    Some(Checked { input, hosts, base: base.ok()?, trie: trie.ok()?, written, lifecycle })
}

fn check_hosts(name: &Spanned<String>, written: &[Spanned<String>], errors: &mut Vec<ConfigError>) -> Vec<Box<str>> {
    if written.is_empty() {
        let message = format!("API `{}` has an empty list of hosts, so nothing would reach it", name.value);
        errors.push(ConfigError::at(&name.referenced, message, "at least one host, or no `hosts:` for any host"));
    }
    let mut hosts: Vec<Box<str>> = Vec::with_capacity(written.len());
    for text in written {
        let refuse = |why: String| {
            let message = format!("host `{}` {why}", text.value);
            ConfigError::at(&text.referenced, message, "a host alone, such as `api.example.com`, `10.0.0.1` or `[::1]`")
        };
        match parse_host(&text.value) {
            Ok(host) if hosts.contains(&host) => errors.push(refuse("is listed twice".into())),
            Ok(host) => hosts.push(host),
            Err(error) => errors.push(refuse(error.to_string())),
        }
    }
    hosts
}

/// What is written of single operations; each name under `operations:` is one of the document's.
fn check_operations<'a>(input: ApiInput<'a>, errors: &mut Vec<ConfigError>) -> HashMap<&'a str, Written> {
    let declared = || input.document.paths.iter().flat_map(|path| &path.operations).map(|operation| &*operation.name);
    let known: HashSet<&str> = if input.operations.is_empty() { HashSet::new() } else { declared().collect() };
    let mut written = HashMap::new();
    for (name, config) in input.operations {
        if !known.contains(name.value.as_str()) {
            errors.push(ConfigError::unknown(&name.referenced, "operation", &name.value, declared()));
        } else {
            let lifecycle = config.lifecycle.as_ref().map(|lifecycle| lifecycle.compile(errors));
            written.insert(name.value.as_str(), Written { internal: config.internal, lifecycle });
        }
    }
    written
}

fn describe(document: &Document, conflict: &Conflict) -> ConfigError {
    let path = |leaf: &Leaf| usize::try_from(*leaf).ok().and_then(|leaf| document.paths.get(leaf));
    let (leaf, other, why, accepted) = match conflict {
        Conflict::Same(earlier, leaf) => {
            (leaf, Some(earlier), "matches the same requests as", "one template for each path")
        }
        Conflict::Crossed(earlier, leaf) => (
            leaf,
            Some(earlier),
            "matches some of the same requests, and neither is the narrower, as",
            "segments that no text matches both, or all of one",
        ),
        Conflict::Siblings(leaf) => (leaf, None, "is one of too many with text and parameters in one segment", ""),
        Conflict::Steps(steps) => {
            let message = format!("has templates so alike that finding one could take {steps} steps");
            let accepted = format!("{MAX_LOOKUP_STEPS} steps; fewer places with both text and a parameter");
            return ConfigError::new(message, accepted).in_file(&document.file);
        }
    };
    let Some(found) = path(leaf) else { return ConfigError::new(why, accepted).in_file(&document.file) };
    let mut message = format!("path `{}` {why}", found.text);
    if let Some(other) = other.and_then(path) {
        let Place { line, column, .. } = other.place;
        message.push_str(&format!(" `{}` at {}:{line}:{column}", other.text, document.file.display()));
    }
    let accepted = if accepted.is_empty() { format!("{MAX_MIXED_SIBLINGS} at one place") } else { accepted.into() };
    ConfigError::new(message, accepted)
        .placed(found.place.line.into(), found.place.column.into())
        .in_file(&document.file)
}

/// Why two APIs cannot both be served: some request could be either's.
fn overlap(earlier: &Checked<'_>, api: &Checked<'_>) -> Option<ConfigError> {
    let host = match (&earlier.hosts, &api.hosts) {
        (Some(left), Some(right)) => left.iter().find(|host| right.contains(host))?.as_ref(),
        (Some(named), None) | (None, Some(named)) => named.first()?.as_ref(),
        (None, None) => "any host",
    };
    let names = format!("APIs `{}` and `{}` overlap under `{host}`", earlier.input.name.value, api.input.name.value);
    let refuse = |why: &str| {
        let accepted = "hosts of their own, or base paths that no path of the other API begins with";
        Some(ConfigError::at(&api.input.name.referenced, format!("{names}: {why}"), accepted))
    };
    if earlier.base == api.base {
        return refuse(&format!("both have the base path `{}`", display_base(&api.base)));
    }
    let is_outer = api.base.starts_with(&earlier.base);
    let (outer, inner) = if is_outer { (earlier, api) } else { (api, earlier) };
    let below = inner.base.strip_prefix(&*outer.base)?;
    let leaf = outer.trie.reaches(below)?;
    let path = usize::try_from(leaf).ok().and_then(|leaf| outer.input.document.paths.get(leaf))?;
    refuse(&format!(
        "path `{}` of `{}` can match below `{}`, the base path of `{}`",
        path.text,
        outer.input.name.value,
        display_base(&inner.base),
        inner.input.name.value
    ))
}

fn base_text(base: &[Box<str>]) -> String {
    base.iter().fold(String::new(), |text, segment| text + "/" + segment)
}

fn display_base(base: &[Box<str>]) -> String {
    if base.is_empty() { "/".into() } else { base_text(base) }
}

fn assemble(checked: Vec<Checked<'_>>) -> Compiled {
    let hosts = assemble_hosts(&checked);
    let mut apis = Vec::with_capacity(checked.len());
    let mut operations = Vec::new();
    let mut internal = Vec::new();
    let mut lifecycles = Vec::new();
    for (api, id) in checked.into_iter().zip(0_u16..) {
        let base_path = base_text(&api.base);
        let first = operations.len();
        let mut paths = Vec::with_capacity(api.input.document.paths.len());
        for path in &api.input.document.paths {
            let from = operations.len();
            for (operation, number) in path.operations.iter().zip(from..) {
                operations.push(Operation {
                    id: OperationId(u32::try_from(number).unwrap_or(u32::MAX)),
                    api: ApiId(id),
                    name: operation.name.clone(),
                    method: operation.method.clone(),
                    template: format!("{base_path}{}", path.text).into(),
                });
                let written = api.written.get(&*operation.name);
                internal.push(written.is_some_and(|written| written.internal));
                let own = written.and_then(|written| written.lifecycle.as_ref());
                lifecycles.push(Lifecycle::of(own, api.lifecycle.as_ref(), operation.deprecated).map(Box::new));
            }
            paths.push(assemble_path(path, from, internal.get(from..).unwrap_or_default()));
        }
        apis.push(Api {
            name: api.input.name.value.as_str().into(),
            base_path: base_path.into(),
            hosts: api.hosts.map(Into::into),
            lifecycle: api.lifecycle,
            operations: first..operations.len(),
            trie: api.trie,
            paths: paths.into(),
        });
    }
    let (operations, internal, lifecycles) = (operations.into(), internal.into(), lifecycles.into());
    Compiled { hosts, apis: apis.into(), operations, internal, lifecycles }
}

fn assemble_hosts(checked: &[Checked<'_>]) -> Hosts {
    let mut any: Option<Bases> = None;
    for (api, id) in checked.iter().zip(0..) {
        if api.hosts.is_none() {
            any.get_or_insert_default().insert(&api.base, ApiId(id));
        }
    }
    let mut named: HashMap<Box<str>, Bases> = HashMap::new();
    for (api, id) in checked.iter().zip(0..) {
        for host in api.hosts.iter().flatten() {
            let bases = named.entry(host.clone()).or_insert_with(|| any.clone().unwrap_or_default());
            bases.insert(&api.base, ApiId(id));
        }
    }
    Hosts::new(named, any)
}

/// `from` is the number of the path's first Operation; `internal` has one entry for each of them.
fn assemble_path(path: &DeclaredPath, from: usize, internal: &[bool]) -> Path {
    let methods = || path.operations.iter().map(|operation| &operation.method);
    let is_declared = |method: &Method| methods().any(|declared| declared == method);
    let allow = |visible: Vec<&Method>| {
        let mut names: Vec<&str> = visible.iter().map(|method| method.as_str()).collect();
        if visible.contains(&&Method::GET) && !is_declared(&Method::HEAD) {
            names.push("HEAD");
        }
        names.sort_by_key(|name| (ALLOW_ORDER.iter().position(|known| known == name).unwrap_or(usize::MAX), *name));
        // A method is a token, which a field value may hold.
        HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static(""))
    };
    let public: Vec<&Method> =
        methods().zip(internal).filter(|(_, is_internal)| !**is_internal).map(|(method, _)| method).collect();
    let ids = (from..).map(|number| OperationId(u32::try_from(number).unwrap_or(u32::MAX)));
    Path {
        methods: methods().cloned().zip(ids).collect(),
        allow_public: if public.is_empty() { None } else { Some(allow(public)) },
        allow_internal: allow(methods().collect()),
    }
}

/// Safe methods first, as people expect to read them. OPTIONS is a method like any other: declared, or not there (edge/N23).
const ALLOW_ORDER: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY", "OPTIONS"];

#[cfg(test)]
mod tests;
