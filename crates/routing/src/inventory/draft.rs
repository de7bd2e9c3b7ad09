//! An OpenAPI document of what no document has, for a person to review.

use super::report::{Entry, EntryState};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Methods that have a field of their own in OpenAPI 3.1.
const FIELDS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch"];

/// The undocumented entries of `api`, whose paths begin with `base_path`.
pub(super) fn document(api: &str, base_path: &str, entries: &[Entry]) -> Value {
    let mut paths = Map::new();
    let mut names = BTreeSet::new();
    let learned = entries.iter().filter(|entry| entry.api == api && entry.states.contains(&EntryState::Undocumented));
    for entry in learned {
        let field = entry.method.to_ascii_lowercase();
        if !FIELDS.contains(&field.as_str()) || entry.method != entry.method.to_ascii_uppercase() {
            continue; // has no place in OpenAPI 3.1; the inventory shows it
        }
        let path = entry.path.strip_prefix(base_path).unwrap_or(&entry.path);
        let item = paths.entry(path).or_insert_with(|| item(path));
        if let Value::Object(item) = item {
            item.insert(field, operation(entry, path, &mut names));
        }
    }
    let server = if base_path.is_empty() { "/" } else { base_path };
    json!({
        "openapi": "3.1.0",
        "info": { "title": api, "version": "draft", "description": "Learned from traffic: review before you enforce it." },
        "servers": [{ "url": server }],
        "paths": paths,
    })
}

fn item(path: &str) -> Value {
    let parameter =
        |name: &str| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
    let parameters: Vec<Value> = parameters(path).map(parameter).collect();
    if parameters.is_empty() { json!({}) } else { json!({ "parameters": parameters }) }
}

fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn operation(entry: &Entry, path: &str, names: &mut BTreeSet<String>) -> Value {
    let mut operation = Map::new();
    operation.insert("operationId".into(), name(&entry.method, path, names).into());
    let parameter = |name: &String| json!({ "name": name, "in": "query", "schema": { "type": "string" } });
    let parameters: Vec<Value> = entry.parameters.iter().map(parameter).collect();
    if !parameters.is_empty() {
        operation.insert("parameters".into(), parameters.into());
    }
    if let Some(shape) = &entry.request {
        let content = json!({ "application/json": { "schema": shape.schema() } });
        operation.insert("requestBody".into(), json!({ "content": content }));
    }
    let mut responses = Map::new();
    for (status, count) in &entry.statuses {
        let mut response = json!({ "description": format!("Seen {count} times.") });
        if let (Some(shape), 200..=299, Value::Object(response)) = (&entry.response, status, &mut response) {
            response.insert("content".into(), json!({ "application/json": { "schema": shape.schema() } }));
        }
        responses.insert(status.to_string(), response);
    }
    operation.insert("responses".into(), responses.into());
    operation.into()
}

/// `getUsersByUserId`, and a number behind it where another path gives the same.
fn name(method: &str, path: &str, names: &mut BTreeSet<String>) -> String {
    let mut base = method.to_ascii_lowercase();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let inner = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
        base.push_str(if inner.is_some() { "By" } else { "" });
        for part in inner.unwrap_or(segment).split(|char: char| !char.is_ascii_alphanumeric()) {
            let mut letters = part.chars();
            base.extend(letters.next().into_iter().flat_map(char::to_uppercase));
            base.push_str(letters.as_str());
        }
    }
    base.truncate(200); // ASCII
    let mut name = base.clone();
    let mut number = 2_usize;
    while !names.insert(name.clone()) {
        name = format!("{base}{number}");
        number = number.saturating_add(1);
    }
    name
}
