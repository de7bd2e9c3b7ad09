//! The engine as a whole.

mod laws;
mod load;
mod policy;
mod second_opinion;
mod vectors;
mod work;

use super::{Compiled, Compiler, Dialect, Options, Policy, SchemaId, Schemas, Undeclared, Verdict};
use crate::Waivers;
use portcullis_core::config::ConfigError;
use portcullis_json::{Bounds, Document};
use portcullis_openapi::Documents;
use std::path::Path;

/// A document is one schema; `components` beside its keywords would be refused, so those in need of them write `$defs`.
fn compile(text: &str, options: Options) -> Result<(Compiled, SchemaId), Vec<ConfigError>> {
    let documents = Documents::parse(Path::new("schema.yaml"), text.as_bytes())?;
    let mut compiler = Compiler::new(&documents, options);
    let id = compiler.schema(documents.root());
    Ok((compiler.finish(&Waivers::default())?, id))
}

/// A document with components, of which one is compiled.
fn component(text: &str, name: &str, dialect: Dialect) -> Result<(Compiled, SchemaId), Vec<ConfigError>> {
    let documents = Documents::parse(Path::new("api.yaml"), text.as_bytes())?;
    let mut compiler = Compiler::new(&documents, Options::new(dialect));
    let schemas = documents.root().get("components").and_then(|components| components.get("schemas"));
    let id = compiler.schema(schemas.and_then(|schemas| schemas.get(name)).expect(name));
    Ok((compiler.finish(&Waivers::default())?, id))
}

fn good(text: &str, dialect: Dialect) -> (Schemas, SchemaId) {
    let (compiled, id) = compile(text, Options::new(dialect)).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    (compiled.schemas, id)
}

fn json(text: &str) -> Document {
    Document::parse(text.as_bytes().to_vec(), &Bounds::default()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Pointer and rule of each violation, in a line.
fn told(verdict: &Verdict) -> String {
    let told = verdict.violations.iter().map(|violation| format!("{} {}", violation.pointer, violation.rule.name()));
    told.collect::<Vec<_>>().join(", ")
}

fn judged(schemas: &Schemas, id: SchemaId, text: &str, policy: &Policy) -> String {
    told(&schemas.judge(id, json(text).root(), policy))
}

const STRIP: Policy = Policy { undeclared: Undeclared::Strip, ..Policy::REQUEST };
const ALLOW: Policy = Policy { undeclared: Undeclared::Allow, ..Policy::REQUEST };
