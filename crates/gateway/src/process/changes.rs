//! What a reload changed, in short, for the record and for whoever asked for it.

use super::reload::Compiled;
use crate::config::Outline;
use crate::snapshot::Snapshot;
use portcullis_core::Operation;
use std::collections::HashMap;
use std::sync::Arc;

/// Changes that are named; of more, the number.
const MAX_NAMED: usize = 50;
/// Characters of one of them: names come from documents.
const MAX_CHARACTERS: usize = 200;

/// Settings, operations and files that differ; `files` are those that were written since.
pub(super) fn changes(before: (&Snapshot, &Outline), after: &Compiled, files: &[String]) -> Arc<[String]> {
    let settings = before.1.changes(&after.around.outline);
    let files = files.iter().map(|file| format!("file {file}: changed"));
    let mut all = settings.chain(operations(before.0, &after.snapshot)).chain(files);
    let shorten = |line: String| line.chars().take(MAX_CHARACTERS).collect();
    let mut named: Vec<String> = all.by_ref().take(MAX_NAMED).map(shorten).collect();
    let more = all.count();
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    named.into()
}

fn operations<'a>(before: &'a Snapshot, after: &'a Snapshot) -> impl Iterator<Item = String> + 'a {
    let (old, new) = (by_name(before), by_name(after));
    let gone: Vec<_> = named(before).filter(|(name, _)| !new.contains_key(name)).collect();
    let here = named(after).filter_map(move |(name, operation)| match old.get(&name) {
        None => Some(line(name, "added")),
        Some(old) if (&old.method, &old.template) != (&operation.method, &operation.template) => {
            Some(line(name, "changed"))
        }
        Some(_) => None,
    });
    here.chain(gone.into_iter().map(|(name, _)| line(name, "removed")))
}

fn line((api, operation): (&str, &str), what: &str) -> String {
    format!("operation {api}/{operation}: {what}")
}

fn by_name(snapshot: &Snapshot) -> HashMap<(&str, &str), &Operation> {
    named(snapshot).collect()
}

/// All operations by API and name.
fn named(snapshot: &Snapshot) -> impl Iterator<Item = ((&str, &str), &Operation)> {
    let routes = &snapshot.routes;
    routes.apis().flat_map(|(id, api)| {
        routes.operations_of(id).iter().map(move |operation| ((api, &*operation.name), operation))
    })
}
