//! An OpenAPI document as far as routing reads it: paths, methods, operationIds and the base path.

mod servers;

use crate::template::{Malformed, Template};
use http::Method;
use portcullis_core::config::{ConfigError, Severity};
use portcullis_openapi::{self as openapi, Documents, Key, Limits, Node, Paths, Place};
use std::path::{Path, PathBuf};

/// The operations of one OpenAPI document.
#[derive(Debug)]
pub struct Document {
    pub(crate) file: PathBuf,
    pub(crate) paths: Vec<DeclaredPath>,
    /// Of the first server; an error only where the configuration writes no `base_path`.
    pub(crate) base: Result<Box<[Box<str>]>, ConfigError>,
    warnings: Vec<ConfigError>,
}

/// One key of `paths` that has operations.
#[derive(Debug)]
pub(crate) struct DeclaredPath {
    pub(crate) text: Box<str>,
    pub(crate) template: Template,
    pub(crate) place: Place,
    pub(crate) operations: Vec<DeclaredOperation>,
}

/// One operation of a path.
#[derive(Debug)]
pub(crate) struct DeclaredOperation {
    pub(crate) method: Method,
    pub(crate) name: Box<str>,
    pub(crate) deprecated: bool,
}

impl Document {
    /// Reads the document in `file` and what it refers to.
    ///
    /// # Errors
    /// All of [`Documents::load`] and [`Document::of`].
    pub fn read(file: &Path) -> Result<Self, Vec<ConfigError>> {
        let documents = Documents::load(file, &Limits::default())?;
        Self::of(&documents, &paths(&documents)?)
    }

    /// Reads a document in YAML or JSON that refers to no other file; `file` is where it came from.
    ///
    /// # Errors
    /// All of [`Documents::parse`] and [`Document::of`].
    pub fn load(file: &Path, bytes: &[u8]) -> Result<Self, Vec<ConfigError>> {
        let documents = Documents::parse(file, bytes)?;
        Self::of(&documents, &paths(&documents)?)
    }

    /// Takes the operations of a document that is read.
    ///
    /// # Errors
    /// What is wrong with `paths`; templates without a clear meaning. All that are independent of each other together.
    pub fn of(documents: &Documents, paths: &Paths<'_>) -> Result<Self, Vec<ConfigError>> {
        let mut found = Found { documents, findings: paths.findings.clone() };
        let declared: Vec<DeclaredPath> = paths.declared.iter().filter_map(|path| found.path(path)).collect();
        let file = documents.file(documents.root().place.file);
        found.findings.sort_by_key(|finding| (finding.file.clone(), finding.line, finding.column));
        let (errors, warnings): (Vec<_>, Vec<_>) =
            found.findings.into_iter().partition(|finding| finding.severity == Severity::Error);
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self { file: file.into(), paths: declared, base: servers::base(documents), warnings })
    }

    /// What loads but does not do what it seems to say.
    pub fn warnings(&self) -> &[ConfigError] {
        &self.warnings
    }

    /// That it declares no operation: where only its operations are reachable, nothing is.
    pub fn emptiness(&self) -> Option<ConfigError> {
        let message = "declares no operation, so every request is refused";
        self.paths.is_empty().then(|| ConfigError::new(message, "").in_file(&self.file).warning())
    }

    /// How many operations it declares.
    pub fn operation_count(&self) -> usize {
        self.paths.iter().map(|path| path.operations.len()).sum()
    }
}

fn paths(documents: &Documents) -> Result<Paths<'_>, Vec<ConfigError>> {
    Paths::read(documents).map_err(|error| vec![error])
}

struct Found<'d> {
    documents: &'d Documents,
    findings: Vec<ConfigError>,
}

impl Found<'_> {
    /// `None` for a path without operations: it is as if it were not there.
    fn path(&mut self, path: &openapi::DeclaredPath<'_>) -> Option<DeclaredPath> {
        self.other_servers(path.item.get("servers"));
        for operation in &path.operations {
            self.other_servers(operation.node.get("servers"));
        }
        let template = Template::parse(&path.key.text)
            .map_err(|malformed| self.findings.push(malformed_path(self.documents, path.key, &malformed)))
            .ok()?;
        let operations: Vec<_> = path.operations.iter().filter_map(|operation| self.operation(operation)).collect();
        (!operations.is_empty()).then(|| DeclaredPath {
            text: path.key.text.clone(),
            template,
            place: path.key.place,
            operations,
        })
    }

    fn operation(&mut self, operation: &openapi::DeclaredOperation<'_>) -> Option<DeclaredOperation> {
        let Ok(method) = Method::from_bytes(operation.method.as_bytes()) else {
            let message = format!("`{}` is no method", operation.method);
            self.findings.push(self.documents.error(operation.key.place, message, "a method such as `COPY`"));
            return None;
        };
        let deprecated = operation.node.get("deprecated").and_then(Node::as_bool).unwrap_or(false);
        Some(DeclaredOperation { method, name: operation.name.clone(), deprecated })
    }

    fn other_servers(&mut self, servers: Option<&Node>) {
        let Some(servers) = servers else { return };
        let message = "`servers` of a path or an operation has no effect: it is served under the API's base path";
        let accepted = "`servers` at the top of the document";
        self.findings.push(self.documents.error(servers.place, message, accepted).warning());
    }
}

fn malformed_path(documents: &Documents, key: &Key, malformed: &Malformed) -> ConfigError {
    documents.error(key.place, format!("path `{}` {malformed}", key.text), malformed.accepted())
}

#[cfg(test)]
mod tests;
