//! Small documents and configurations for tests.

use crate::{ApiConfig, ApiInput, Compiled, Document, LifecycleConfig, OperationConfig, compile};
use portcullis_core::config::{ConfigError, Spanned};
use serde_saphyr::Location;
use std::fmt::Write as _;
use std::path::Path;

/// One API: its name, hosts, base path, paths with their methods, internal operations, and lifecycles.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sketch<'a> {
    pub(crate) name: &'a str,
    pub(crate) hosts: Option<&'a [&'a str]>,
    pub(crate) base: Option<&'a str>,
    pub(crate) paths: &'a [(&'a str, &'a str)],
    pub(crate) internal: &'a [&'a str],
    pub(crate) lifecycle: Option<&'a str>,
    /// Of one operation.
    pub(crate) operations: Option<(&'a str, &'a str)>,
}

pub(crate) fn spanned(text: &str) -> Spanned<String> {
    Spanned::new(text.into(), Location::UNKNOWN, Location::UNKNOWN)
}

pub(crate) fn lifecycle(text: &str) -> LifecycleConfig {
    serde_saphyr::from_str(text).unwrap()
}

/// A document without operationIds: an operation is named `GET /template`.
pub(crate) fn document<'p>(paths: impl IntoIterator<Item = (&'p str, &'p str)>) -> Document {
    let mut text = String::from("openapi: 3.1.0\npaths:\n");
    for (path, methods) in paths {
        writeln!(text, "  \"{path}\":").unwrap();
        for method in methods.split(' ') {
            writeln!(text, "    {method}: {{}}").unwrap();
        }
    }
    Document::load(Path::new("shop.yaml"), text.as_bytes()).unwrap()
}

pub(crate) fn compiled(sketches: &[Sketch<'_>]) -> Result<Compiled, Vec<ConfigError>> {
    let parts: Vec<_> = sketches
        .iter()
        .map(|sketch| {
            let config = ApiConfig {
                openapi: Spanned::new("shop.yaml".into(), Location::UNKNOWN, Location::UNKNOWN),
                hosts: sketch.hosts.map(|hosts| hosts.iter().map(|host| spanned(host)).collect()),
                base_path: sketch.base.map(spanned),
                lifecycle: sketch.lifecycle.map(lifecycle),
            };
            let internal = |name: &&str| (spanned(name), OperationConfig { internal: true, lifecycle: None });
            let mut internal: Vec<_> = sketch.internal.iter().map(internal).collect();
            internal.extend(sketch.operations.iter().map(|(name, text)| {
                (spanned(name), OperationConfig { internal: false, lifecycle: Some(lifecycle(text)) })
            }));
            (spanned(sketch.name), config, document(sketch.paths.iter().copied()), internal)
        })
        .collect();
    let inputs: Vec<ApiInput<'_>> = parts
        .iter()
        .map(|(name, config, document, operations)| ApiInput { name, config, document, operations })
        .collect();
    compile(&inputs)
}

/// The messages of what is wrong, one to a line.
pub(crate) fn messages(errors: &[ConfigError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
