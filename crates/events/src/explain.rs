//! Finds one exchange in the record again.

use crate::recorder::{DIRECTORY, files};
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

/// Longest line that is looked at; ours are far shorter.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// The record of one exchange, as it was written.
pub type Found = serde_json::Map<String, Value>;

/// Looks for `id` in the files below `data_dir`, newest first.
///
/// # Errors
/// The folder or a file cannot be read. Lines that are not JSON (cut by a crash) are passed over.
pub fn find(data_dir: &Path, id: &str) -> io::Result<Option<Found>> {
    for path in files(&data_dir.join(DIRECTORY))?.iter().rev() {
        let mut reader = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        loop {
            line.clear();
            if io::Read::take(&mut reader, MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            // Parsing only lines that hold the id keeps this at the speed of the disk.
            if memchr::memmem::find(&line, id.as_bytes()).is_none() {
                continue;
            }
            let Ok(Value::Object(found)) = serde_json::from_slice(&line) else { continue };
            if found.get("id").and_then(Value::as_str) == Some(id) {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
