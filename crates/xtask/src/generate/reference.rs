//! `docs/configuration.md`: the settings, from the JSON Schema and so from the doc comments of the code.

use super::{NOTICE, cell};
use serde_json::Value;
use std::collections::VecDeque;
use std::fmt::Write as _;

pub(super) fn document(schema: &Value) -> String {
    let mut out = format!("{NOTICE}# Configuration\n\n");
    out.push_str(
        "One YAML file, `portcullis.yaml` unless `-c FILE` says otherwise. Relative paths start at the file. Unknown keys are \
         errors. Durations are a count of `ms`, `s`, `m` or `h`; sizes a count of `B`, `KiB`, `MiB` or `GiB`; \
         rates a count a second, `2000/s`. `${env:NAME}` and \
         `${file:path}` stand only as the whole value of a secret. Editors read \
         [portcullis.schema.json](portcullis.schema.json).\n",
    );
    let mut sections = VecDeque::from([("The file".to_owned(), schema)]);
    let mut done: Vec<String> = Vec::new();
    while let Some((title, object)) = sections.pop_front() {
        let _ = write!(out, "\n## {title}\n\n");
        if let Some(text) = object.get("description").and_then(Value::as_str) {
            let _ = write!(out, "{text}\n\n");
        }
        out.push_str("| setting | is | |\n| --- | --- | --- |\n");
        let required: Vec<&str> = strings(object.get("required"));
        for (name, setting) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let needed = if required.contains(&name.as_str()) { ", required" } else { "" };
            let about = setting.get("description").and_then(Value::as_str).unwrap_or_default();
            let _ = writeln!(out, "| `{name}` | {}{needed} | {} |", cell(&kind(setting, schema)), cell(about));
            for target in targets(setting) {
                if let (false, Some(found)) = (done.contains(&target), schema.pointer(&format!("/$defs/{target}")))
                    && found.get("properties").is_some()
                {
                    sections.push_back((target.clone(), found));
                    done.push(target);
                }
            }
        }
    }
    out
}

fn strings(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// What a setting is, in the words of the page.
fn kind(setting: &Value, root: &Value) -> String {
    if let Some(target) = setting.get("$ref").and_then(Value::as_str) {
        let target = target.trim_start_matches("#/$defs/");
        let definition = root.pointer(&format!("/$defs/{target}")).filter(|found| found.get("properties").is_none());
        if let Some(definition) = definition {
            return kind(definition, root);
        }
        return format!("[{target}](#{})", target.to_lowercase());
    }
    if let Some(choices) = setting.get("anyOf").or_else(|| setting.get("oneOf")).and_then(Value::as_array) {
        return choices.iter().map(|choice| kind(choice, root)).collect::<Vec<_>>().join(" or ");
    }
    if let Some(word) = setting.get("const").and_then(Value::as_str) {
        return format!("`{word}`");
    }
    match (setting.get("type").and_then(Value::as_str), setting.get("format").and_then(Value::as_str)) {
        (_, Some("period")) => "duration".to_owned(),
        (_, Some("size")) => "size".to_owned(),
        (_, Some("rate")) => "rate".to_owned(),
        (_, Some("portcullis-secret")) => "secret".to_owned(),
        (Some("array"), _) => {
            format!("list of {}", setting.get("items").map(|item| kind(item, root)).unwrap_or_default())
        }
        (Some("object"), _) => match setting.get("additionalProperties").filter(|inner| inner.is_object()) {
            Some(inner) => format!("map of {}", kind(inner, root)),
            None => "map".to_owned(),
        },
        (Some("boolean"), _) => "`true` or `false`".to_owned(),
        (Some("integer"), _) => "number".to_owned(),
        (Some("string"), _) => "text".to_owned(),
        (other, _) => other.unwrap_or("value").to_owned(),
    }
}

/// Names of the definitions that a setting refers to.
fn targets(setting: &Value) -> Vec<String> {
    match setting {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| match (name.as_str(), member.as_str()) {
                ("$ref", Some(target)) => vec![target.trim_start_matches("#/$defs/").to_owned()],
                _ => targets(member),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(targets).collect(),
        _ => Vec::new(),
    }
}
