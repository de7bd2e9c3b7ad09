//! The inventory in the store: one row for each Operation and each learned template, what is known of it as JSON.

use super::learned::Learned;
use super::state::Api;
use super::tree::Tree;
use super::usage::Usage;
use portcullis_store::Schema;
use portcullis_store::rusqlite::{Connection, Result, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The tables.
pub const SCHEMA: Schema = Schema {
    room: "inventory",
    steps: &["
        CREATE TABLE inventory_operations (
            api TEXT, operation TEXT, usage TEXT NOT NULL, PRIMARY KEY (api, operation)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE inventory_learned (
            api TEXT, refused INTEGER, template TEXT, method TEXT, learned TEXT NOT NULL,
            PRIMARY KEY (api, refused, template, method)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE inventory_apis (api TEXT PRIMARY KEY, left_out INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE inventory_since (one INTEGER PRIMARY KEY CHECK (one = 1), since INTEGER NOT NULL) STRICT;
    "],
};

/// All rows.
#[derive(Debug, Default)]
pub struct Rows {
    /// Since when there is an inventory, in seconds since the epoch; 0: there is none.
    pub since: u64,
    pub(super) operations: Vec<(Box<str>, Box<str>, Usage)>,
    pub(super) learned: Vec<LearnedRow>,
    pub(super) left_out: Vec<(Box<str>, u64)>,
}

#[derive(Debug)]
pub(super) struct LearnedRow {
    pub(super) api: Box<str>,
    pub(super) is_refused: bool,
    pub(super) template: Box<str>,
    pub(super) method: Box<str>,
    pub(super) learned: Learned,
}

/// Reads all of it.
///
/// # Errors
/// What SQLite says. A row that is none of ours is left out.
pub fn read(store: &Connection) -> Result<Rows> {
    let since = store.prepare("SELECT since FROM inventory_since")?.query_map([], |row| unsigned(row, 0))?.next();
    let operation = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, json(row, 2)?));
    let learned = |row: &Row<'_>| {
        let (api, is_refused, template, method) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        Ok(LearnedRow { api, is_refused, template, method, learned: json(row, 4)? })
    };
    let operations = "SELECT api, operation, usage FROM inventory_operations";
    let templates = "SELECT api, refused, template, method, learned FROM inventory_learned";
    let left_out = "SELECT api, left_out FROM inventory_apis";
    Ok(Rows {
        since: since.transpose()?.unwrap_or(0),
        operations: store.prepare(operations)?.query_map([], operation)?.filter_map(Result::ok).collect(),
        learned: store.prepare(templates)?.query_map([], learned)?.filter_map(Result::ok).collect(),
        left_out: store
            .prepare(left_out)?
            .query_map([], |row| Ok((row.get(0)?, unsigned(row, 1)?)))?
            .collect::<Result<_>>()?,
    })
}

fn unsigned(row: &Row<'_>, column: usize) -> Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| {
        portcullis_store::rusqlite::Error::FromSqlConversionFailure(
            column,
            portcullis_store::rusqlite::types::Type::Text,
            Box::new(error),
        )
    })
}

/// What the store does not have yet.
#[derive(Debug, Default)]
pub(super) struct Changes {
    operations: Vec<(Box<str>, Box<str>, String)>,
    /// Trees whose templates are all written anew.
    restructured: Vec<(Box<str>, bool)>,
    learned: Vec<LearnedChange>,
    left_out: Vec<(Box<str>, u64)>,
}

#[derive(Debug)]
struct LearnedChange {
    api: Box<str>,
    is_refused: bool,
    template: String,
    method: Box<str>,
    text: String,
}

pub(super) fn changes(apis: &BTreeMap<Box<str>, Api>) -> Changes {
    let mut changes = Changes::default();
    for (name, api) in apis {
        for operation in &api.dirty {
            if let Some(usage) = api.operations.get(operation) {
                changes.operations.push((name.clone(), operation.clone(), text(usage)));
            }
        }
        if api.is_dirty {
            changes.of_tree(name, false, &api.learned);
            changes.of_tree(name, true, &api.refused);
            changes.left_out.push((name.clone(), api.left_out));
        }
    }
    changes
}

/// Our own types have a JSON form.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.left_out.is_empty()
    }

    fn of_tree(&mut self, api: &str, is_refused: bool, tree: &Tree) {
        if tree.is_restructured {
            self.restructured.push((api.into(), is_refused));
        }
        for known in tree.known().into_iter().filter(|known| tree.is_restructured || known.learned.is_dirty) {
            let (template, text) = (known.template, text(known.learned));
            self.learned.push(LearnedChange {
                api: api.into(),
                is_refused,
                template,
                method: known.method.into(),
                text,
            });
        }
    }

    pub(super) fn write(&self, store: &Connection, now: u64) -> Result<()> {
        let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        store.execute("INSERT OR IGNORE INTO inventory_since VALUES (1, ?1)", [signed(now)])?;
        let mut operation = store.prepare_cached("INSERT OR REPLACE INTO inventory_operations VALUES (?1, ?2, ?3)")?;
        for (api, name, usage) in &self.operations {
            operation.execute(params![api, name, usage])?;
        }
        for (api, is_refused) in &self.restructured {
            store.execute("DELETE FROM inventory_learned WHERE api = ?1 AND refused = ?2", params![api, is_refused])?;
        }
        let mut learned =
            store.prepare_cached("INSERT OR REPLACE INTO inventory_learned VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for LearnedChange { api, is_refused, template, method, text } in &self.learned {
            learned.execute(params![api, is_refused, template, method, text])?;
        }
        for (api, left_out) in &self.left_out {
            store.execute("INSERT OR REPLACE INTO inventory_apis VALUES (?1, ?2)", params![api, signed(*left_out)])?;
        }
        Ok(())
    }
}
