//! A document → its [`Contract`].

use super::fields;
use super::model::{Contract, Operation};
use super::parameters::merge;
use super::reader::Reader;
use crate::waivers::Waivers;
use portcullis_core::config::ConfigError;
use portcullis_openapi::{DeclaredOperation, DeclaredPath, Documents, Paths};
use std::collections::HashSet;

impl<'d> Contract<'d> {
    /// Reads what the operations of `paths` take and answer. Findings of `paths` itself are not repeated.
    #[must_use]
    pub fn read(documents: &'d Documents, paths: &Paths<'d>, waivers: &'d Waivers) -> Self {
        let mut reader =
            Reader { documents, version: paths.version, waivers, findings: Vec::new(), is_outbound: false };
        reader.head();
        let mut contract = Self {
            version: paths.version,
            operations: Vec::new(),
            security_schemes: reader.security_schemes(),
            outbound: Vec::new(),
            findings: Vec::new(),
        };
        for path in &paths.declared {
            for declared in &path.operations {
                let operation = reader.operation(path, declared, &mut contract);
                contract.operations.push(operation);
            }
        }
        reader.webhooks(&mut contract);
        contract.findings = in_order(documents, reader.findings);
        contract
    }
}

impl<'d> Reader<'d> {
    fn operation(
        &mut self,
        path: &DeclaredPath<'d>,
        declared: &DeclaredOperation<'d>,
        contract: &mut Contract<'d>,
    ) -> Operation<'d> {
        let node = declared.node;
        self.documents.check_fields(node, &fields::OPERATION, self.version, &mut self.findings);
        let shared = self.parameters(path.item.get("parameters"));
        let own = self.parameters(node.get("parameters"));
        let parameters = merge(own, shared);
        self.check_template(&path.key.text, declared.key.place, &parameters);
        let security = node.get("security").or_else(|| self.documents.root().get("security"));
        let operation = Operation {
            method: declared.method.clone(),
            path: &path.key.text,
            name: declared.name.clone(),
            place: declared.key.place,
            deprecated: self.flag(node, "deprecated").unwrap_or(false),
            parameters,
            body: node.get("requestBody").and_then(|body| self.body(body)),
            responses: self.responses(node),
            security: security.map(|list| self.requirements(list)).unwrap_or_default(),
            has_callbacks: node.get("callbacks").is_some(),
        };
        self.callbacks(node, contract);
        operation
    }
}

/// By file, line and column, each once: a component that many operations use is judged for each of them.
fn in_order(documents: &Documents, findings: Vec<ConfigError>) -> Vec<ConfigError> {
    let mut seen: HashSet<(Option<std::path::PathBuf>, u64, u64, String)> = HashSet::new();
    let mut kept: Vec<ConfigError> = findings
        .into_iter()
        .filter(|finding| seen.insert((finding.file.clone(), finding.line, finding.column, finding.message.clone())))
        .collect();
    let order = |finding: &ConfigError| {
        let file = documents.files().position(|file| finding.file.as_deref() == Some(documents.file(file)));
        (file, finding.line, finding.column)
    };
    kept.sort_by_key(order);
    kept
}
