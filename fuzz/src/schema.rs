//! Schemas: where the crate jsonschema compiles one too, both say the same of a value; and what is left of a value without
//! what is to be removed holds. The last line is the value, all before it the schema, in JSON.

use std::path::Path;

use portcullis_json::{Bounds, Document, Edits};
use portcullis_openapi::Documents;
use portcullis_schema::Waivers;
use portcullis_schema::engine::{Compiler, Dialect, Options, Policy, SchemaId, Schemas};
use serde_json::Value as Tree;

/// All of it.
pub fn check(data: &[u8]) {
    let Some(end) = data.iter().rposition(|byte| *byte == b'\n') else { return };
    let (schema, value) = (&data[..end], &data[end + 1..]);
    let Ok(document) = Document::parse(value.to_vec(), &Bounds::default()) else { return };
    if let Some((schemas, id)) = compiled(schema, Options::new(Dialect::OpenApi30)) {
        left_holds(&schemas, id, &document);
    }
    if let Some((schemas, id)) = compiled(schema, Options::new(Dialect::OpenApi31)) {
        left_holds(&schemas, id, &document);
    }
    let mut plain = Options::new(Dialect::OpenApi31);
    (plain.is_closed, plain.is_object_implied) = (false, false);
    (plain.is_integer_bounded, plain.is_format_asserted) = (false, false);
    let (Ok(schema_tree), Ok(value_tree)) = (serde_json::from_slice(schema), serde_json::from_slice(value)) else {
        return;
    };
    if !is_plain(&schema_tree) || !is_plain(&value_tree) {
        return;
    }
    let Some((schemas, id)) = compiled(schema, plain) else { return };
    let theirs = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema_tree);
    let Ok(theirs) = theirs else { return };
    let ours = schemas.is_valid(id, document.root());
    assert_eq!(ours, theirs.is_valid(&value_tree), "the crate jsonschema says otherwise");
    assert_eq!(schemas.judge(id, document.root(), &Policy::REQUEST).holds(), ours, "the two runs differ");
}

fn compiled(schema: &[u8], options: Options) -> Option<(Schemas, SchemaId)> {
    let documents = Documents::parse(Path::new("schema.json"), schema).ok()?;
    let mut compiler = Compiler::new(&documents, options);
    let id = compiler.schema(documents.root());
    match compiler.finish(&Waivers::default()) {
        Ok(compiled) => Some((compiled.schemas, id)),
        Err(errors) => {
            assert!(errors.iter().all(|error| error.line > 0 && error.column > 0), "no place in the schema");
            None
        }
    }
}

/// Numbers that a double holds exactly, no dialect but ours, and nothing that depends on the way a value goes.
fn is_plain(tree: &Tree) -> bool {
    match tree {
        Tree::Number(number) => number.as_i64().is_some_and(|number| number.unsigned_abs() < 1 << 50),
        Tree::Array(elements) => elements.iter().all(is_plain),
        Tree::Object(members) => members.iter().all(|(name, value)| {
            !matches!(name.as_str(), "$schema" | "$id" | "$vocabulary" | "readOnly" | "writeOnly") && is_plain(value)
        }),
        Tree::Null | Tree::Bool(_) | Tree::String(_) => true,
    }
}

fn left_holds(schemas: &Schemas, id: SchemaId, document: &Document) {
    for policy in [Policy::REQUEST, Policy::RESPONSE] {
        let verdict = schemas.judge(id, document.root(), &policy);
        assert_eq!(schemas.judge(id, document.root(), &policy), verdict);
        assert!(verdict.violations.len() <= 20, "more than is told");
        if verdict.removals.is_empty() || !verdict.violations.is_empty() {
            continue;
        }
        let mut edits = Edits::new();
        verdict.edit(document.root(), &mut edits);
        let left = Document::parse(edits.apply(document), &Bounds::default()).expect("what is left is JSON");
        assert!(schemas.judge(id, left.root(), &policy).holds(), "what is left does not hold: {}", left.text());
    }
}
