//! The one writer of the record's files.

use crate::metrics::Metrics;
use portcullis_core::bounds::{RECORD_FILE_BYTES, RECORD_FILES};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// The folder below `data_dir`.
pub const DIRECTORY: &str = "events";
/// Buffers that may wait for the disk, of all cores together; a core keeps its own beyond it.
const CHANNEL_BUFFERS: usize = 64;

/// Why the record cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("record folder `{path}`: {source}")]
pub struct RecorderError {
    /// The folder.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// A way into the recorder that can be sent to the thread of a core.
pub struct Port(pub(crate) SyncSender<Vec<u8>>);

/// The recorder's thread. [`Recorder::close`] waits until everything handed over is on disk.
pub struct Recorder {
    sender: SyncSender<Vec<u8>>,
    thread: JoinHandle<()>,
}

impl Recorder {
    /// Opens `data_dir/events/` and starts the writer.
    ///
    /// # Errors
    /// The folder cannot be made, read or written.
    pub fn open(data_dir: &Path, metrics: Arc<Metrics>) -> Result<Self, RecorderError> {
        let path = data_dir.join(DIRECTORY);
        let failed = |source| RecorderError { path: path.clone(), source };
        let files = Files::open(&path, RECORD_FILE_BYTES, RECORD_FILES).map_err(failed)?;
        let (sender, receiver) = sync_channel(CHANNEL_BUFFERS);
        let write = move || write_all(&receiver, files, &metrics);
        let thread = std::thread::Builder::new().name("recorder".into()).spawn(write).map_err(failed)?;
        Ok(Self { sender, thread })
    }

    /// One more way in, for one core.
    pub fn port(&self) -> Port {
        Port(self.sender.clone())
    }

    /// Ends once every [`crate::Lane`] is dropped and what they handed over is written.
    pub fn close(self) {
        drop(self.sender);
        if self.thread.join().is_err() {
            tracing::error!("the recorder ended by a panic");
        }
    }
}

fn write_all(receiver: &Receiver<Vec<u8>>, mut files: Files, metrics: &Metrics) {
    let mut failing = false;
    while let Ok(lines) = receiver.recv() {
        match files.append(&lines) {
            Ok(()) => {
                metrics.events_written.inc_by(lines.len() as u64);
                failing = false;
            }
            Err(error) => {
                metrics.events_lost.inc_by(lines.iter().filter(|byte| **byte == b'\n').count() as u64);
                if !failing {
                    tracing::error!(%error, "record not written: lines are lost until the disk takes them");
                }
                failing = true;
            }
        }
    }
}

/// The files `00000001.jsonl`, `00000002.jsonl` …; the highest number is written, the lowest leaves.
struct Files {
    directory: PathBuf,
    max_bytes: u64,
    max_files: usize,
    number: u64,
    file: File,
    written: u64,
}

impl Files {
    fn open(directory: &Path, max_bytes: u64, max_files: usize) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let number = numbers(directory)?.last().copied().unwrap_or(1);
        let (file, written) = open_for_append(&path(directory, number))?;
        Ok(Self { directory: directory.to_owned(), max_bytes, max_files, number, file, written })
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.written > 0 && self.written.saturating_add(lines.len() as u64) > self.max_bytes {
            self.turn()?;
        }
        if let Err(error) = self.file.write_all(lines) {
            // Part of the buffer may be in the file: cut it off, so that what follows starts on a line of its own.
            self.file.set_len(self.written)?;
            return Err(error);
        }
        self.written = self.written.saturating_add(lines.len() as u64);
        Ok(())
    }

    fn turn(&mut self) -> io::Result<()> {
        let number = self.number.saturating_add(1);
        let (file, written) = open_for_append(&path(&self.directory, number))?;
        (self.number, self.file, self.written) = (number, file, written);
        let present = numbers(&self.directory)?;
        for old in present.iter().take(present.len().saturating_sub(self.max_files)) {
            fs::remove_file(path(&self.directory, *old))?;
        }
        Ok(())
    }
}

fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:08}.jsonl"))
}

/// Numbers of the files that are there, in order.
fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        numbers.extend(
            name.to_str().and_then(|name| name.strip_suffix(".jsonl")).and_then(|stem| stem.parse::<u64>().ok()),
        );
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Files of the record, oldest first.
pub(crate) fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(numbers(directory)?.into_iter().map(|number| path(directory, number)).collect())
}

fn open_for_append(path: &Path) -> io::Result<(File, u64)> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let mut length = file.seek(SeekFrom::End(0))?;
    if length > 0 {
        // A process that was killed while writing leaves half a line: end it, so that the next one can be read.
        let mut last = [0_u8; 1];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != [b'\n'] {
            file.write_all(b"\n")?;
            length = length.saturating_add(1);
        }
    }
    Ok((file, length))
}

#[cfg(test)]
mod tests;
