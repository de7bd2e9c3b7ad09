//! Tables of rooms, each with a version of its own, so that rooms change theirs without asking each other.

use crate::StoreError;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

/// The tables of one room.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Whose they are.
    pub room: &'static str,
    /// SQL that brings them from one version to the next; the first makes them. A step that was released is never changed.
    pub steps: &'static [&'static str],
}

/// Where the versions stand.
const VERSIONS: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT";

impl Schema {
    /// Takes the steps that the file has not taken yet: all of them or none.
    pub(crate) fn bring_up_to_date(self, connection: &mut Connection) -> Result<(), StoreError> {
        connection.execute_batch(VERSIONS)?;
        let taken = self.version(connection)?.unwrap_or(0);
        if taken == self.steps.len() {
            return Ok(());
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for step in self.steps.iter().skip(taken) {
            transaction.execute_batch(step)?;
        }
        let version = i64::try_from(self.steps.len()).unwrap_or(i64::MAX);
        let record =
            "INSERT INTO schema_version VALUES (?1, ?2) ON CONFLICT (room) DO UPDATE SET version = excluded.version";
        transaction.execute(record, params![self.room, version])?;
        Ok(transaction.commit()?)
    }

    /// Which version the file has; `None` where it has no tables of this room.
    pub(crate) fn version(self, connection: &Connection) -> Result<Option<usize>, StoreError> {
        let table = "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_version'";
        if connection.query_row(table, [], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(None);
        }
        let version = "SELECT version FROM schema_version WHERE room = ?1";
        let found: Option<i64> = connection.query_row(version, [self.room], |row| row.get(0)).optional()?;
        let Some(found) = found else { return Ok(None) };
        let found = usize::try_from(found).unwrap_or(usize::MAX);
        if found > self.steps.len() {
            return Err(StoreError::Newer { room: self.room, found, known: self.steps.len() });
        }
        Ok(Some(found))
    }
}
