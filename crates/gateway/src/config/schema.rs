//! The JSON Schema of the file: what editors, `portcullis schema`, the reference and the loader itself read.

use super::shape::Config;
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// Names of the types that rooms call `Config`, by a setting that refers to them.
const NAMES: &[(&str, &str)] = &[
    ("/properties/listeners/items", "Listener"),
    ("/$defs/Listener/properties/tls", "ListenerTls"),
    ("/properties/forwarded_source", "ForwardedSource"),
    ("/$defs/Api/properties/response_headers", "ResponseHeaders"),
];
/// Keywords in the order that a reader expects; others follow.
const ORDER: &[&str] = &["$schema", "title", "description", "type", "required", "properties", "additionalProperties"];

/// The JSON Schema of the file, as `portcullis schema` prints it.
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let mut schema = without_null(schemars::schema_for!(Config).to_value());
        for (setting, name) in NAMES {
            rename(&mut schema, setting, name);
        }
        ordered(schema)
    });
    &SCHEMA
}

/// A setting that is there has a value: [`super::tree`] refuses null, so the schema does not offer it.
fn without_null(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(without_null).collect()),
        Value::Object(mut members) => {
            if let Some(Value::Array(kinds)) = members.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [only] = kinds.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if members.get("default") == Some(&Value::Null) {
                members.remove("default");
            }
            if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    members.remove("anyOf");
                    for (name, value) in only {
                        members.entry(name).or_insert(value);
                    }
                }
            }
            Value::Object(members.into_iter().map(|(name, value)| (name, without_null(value))).collect())
        }
        scalar => scalar,
    }
}

/// Gives the type that `setting` refers to a name of its own.
fn rename(schema: &mut Value, setting: &str, name: &str) {
    let found = schema.pointer(setting).and_then(|setting| setting.get("$ref")).and_then(Value::as_str);
    let Some(old) = found.and_then(|found| found.strip_prefix("#/$defs/")).map(str::to_owned) else { return };
    if let Some(Value::Object(defs)) = schema.get_mut("$defs")
        && let Some(definition) = defs.remove(&old)
    {
        defs.insert(name.to_owned(), definition);
    }
    redirect(schema, &format!("#/$defs/{old}"), &format!("#/$defs/{name}"));
}

fn redirect(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, from, to)),
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get_mut("$ref")
                && target == from
            {
                to.clone_into(target);
            }
            members.values_mut().for_each(|member| redirect(member, from, to));
        }
        _ => {}
    }
}

fn ordered(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(ordered).collect()),
        Value::Object(mut members) => {
            let first = ORDER.iter().filter_map(|name| members.remove_entry(*name)).collect::<Vec<_>>();
            let rest: Map<String, Value> = members;
            Value::Object(first.into_iter().chain(rest).map(|(name, value)| (name, ordered(value))).collect())
        }
        scalar => scalar,
    }
}
