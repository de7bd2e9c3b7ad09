//! The file: made so that only its owner reads it, opened for one writer or for a reader beside it.

use crate::{Schema, StoreError};
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

/// Its name below the data directory.
pub const FILE: &str = "portcullis.db";
/// Who may read it, and write it.
const MODE: u32 = 0o600;
/// Pages of 4 KiB that the file may have, 1 GiB: over it SQLite says that it is full.
const MAX_PAGES: i64 = 262_144;
/// Bytes of the write-ahead log that are kept on disk once they are in the file.
const LOG_BYTES: i64 = 8 * 1024 * 1024;
/// How long another process may hold the file: a reader that copies it.
const BUSY: Duration = Duration::from_secs(2);

/// Opens the file for the one writer.
pub(crate) fn open(data_dir: &Path, schemas: &[Schema]) -> Result<Connection, StoreError> {
    let path = data_dir.join(FILE);
    let failed = |source| StoreError::File { path: path.clone(), source };
    // Made here and not by SQLite, which asks the umask; what it writes beside the file gets the mode of the file.
    OpenOptions::new().create(true).append(true).mode(MODE).open(&path).map_err(failed)?;
    fs::set_permissions(&path, Permissions::from_mode(MODE)).map_err(failed)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(&path, flags).and_then(|connection| {
        connection.busy_timeout(BUSY)?;
        // A transaction that was committed survives the process; it may be lost with the machine's power, whole.
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON;
             PRAGMA max_page_count = {MAX_PAGES}; PRAGMA journal_size_limit = {LOG_BYTES};"
        ))?;
        Ok(connection)
    });
    let mut connection = opened.map_err(|source| StoreError::Open { path, source })?;
    for schema in schemas {
        schema.bring_up_to_date(&mut connection)?;
    }
    Ok(connection)
}

/// The file of a gateway that may be running, read by another process.
pub struct Reader(Connection);

impl Reader {
    /// `None` where there is no file, or none of `schema`'s tables in it.
    ///
    /// # Errors
    /// The file cannot be read, or a later build wrote it.
    pub fn open(data_dir: &Path, schema: Schema) -> Result<Option<Self>, StoreError> {
        let path = data_dir.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)
            .and_then(|connection| connection.busy_timeout(BUSY).map(|()| connection))
            .map_err(|source| StoreError::Open { path, source })?;
        Ok(schema.version(&connection)?.map(|_| Self(connection)))
    }

    /// All that `read` reads is of one moment.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn read<T>(&mut self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let transaction = self.0.transaction()?;
        Ok(read(&transaction)?)
    }
}
