//! One document each, and what is read of it or what is wrong with it.

mod bodies;
mod forms;
mod head;
mod law;
mod outbound;
mod pages;
mod parameters;
mod responses;
mod security;

use super::*;
use crate::shape::{Shape, Types};
use crate::values::Options;
use crate::waivers::{WaiverConfig, Waivers};
use portcullis_openapi::{Documents, Node, Paths};
use std::path::Path;

/// Reads a document and hands it over.
fn read<T>(text: &str, waive: &str, check: impl FnOnce(&Contract<'_>) -> T) -> T {
    read_with(text, waive, |contract, _, _| check(contract))
}

fn read_with<T>(text: &str, waive: &str, check: impl FnOnce(&Contract<'_>, &Documents, &Waivers) -> T) -> T {
    let documents = Documents::parse(Path::new("shop.yaml"), text.as_bytes()).unwrap();
    let configs: Vec<WaiverConfig> = serde_saphyr::from_str(waive).unwrap();
    let waivers = Waivers::new(&documents, &configs).unwrap();
    let paths = Paths::read(&documents).unwrap();
    assert_eq!(paths.findings, [], "{text}");
    check(&Contract::read(&documents, &paths, &waivers), &documents, &waivers)
}

/// What is found in a document whose only operation has these fields. They begin at line 4, column 13.
fn findings(version: &str, path: &str, fields: &str) -> String {
    let text = document(version, path, fields);
    read(&text, "[]", |contract| lines(&contract.findings))
}

fn document(version: &str, path: &str, fields: &str) -> String {
    format!("openapi: {version}\npaths:\n  '{path}':\n    post: {{ {fields} }}\n")
}

fn lines(findings: &[portcullis_core::config::ConfigError]) -> String {
    let line = |finding: &portcullis_core::config::ConfigError| match finding.severity {
        portcullis_core::config::Severity::Error => finding.to_string(),
        portcullis_core::config::Severity::Warning => format!("warning {finding}"),
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What is found when the parameters are compiled as well.
fn compiled(version: &str, path: &str, fields: &str, waive: &str) -> String {
    let text = document(version, path, fields);
    read_with(&text, waive, |contract, documents, waivers| {
        let mut found = contract.findings.clone();
        let options = Options::default();
        let parameters = contract.operations[0].compile_parameters(
            documents,
            waivers,
            &options,
            shapes(documents, &contract.operations[0]),
            &mut found,
        );
        let is_wrong = found
            .iter()
            .skip(contract.findings.len())
            .any(|finding| finding.severity == portcullis_core::config::Severity::Error);
        assert_eq!(parameters.is_none(), is_wrong, "no parameters exactly where there is an error");
        lines(&found)
    })
}

fn shapes(documents: &Documents, operation: &Operation<'_>) -> Vec<Shape> {
    let schemas = operation.parameters.iter().map(Parameter::schema);
    schemas.map(|schema| schema.map_or(Shape::Any, |schema| shape(documents, schema))).collect()
}

/// A stand-in for what compiled schemas say of their type.
fn shape(documents: &Documents, schema: &Node) -> Shape {
    match types::types(documents, schema).first() {
        Some(&"integer") => Shape::Scalar(Types::INTEGER),
        Some(&"array") => {
            Shape::Array(Box::new(schema.get("items").map_or(Shape::Any, |items| shape(documents, items))))
        }
        Some(&"object") => {
            let properties = types::properties(documents, schema).into_iter();
            let properties = properties.map(|(key, node)| (key.text.clone(), shape(documents, node))).collect();
            Shape::Object { properties, other: None }
        }
        Some(_) => Shape::STRING,
        None => Shape::Any,
    }
}
