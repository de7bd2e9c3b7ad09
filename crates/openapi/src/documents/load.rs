//! Reading files, none of them outside the directory of the document.

use super::{Documents, File, Unread, follow, in_file, too_large};
use crate::limits::Limits;
use crate::node::FileId;
use crate::reader::{self, Budget};
use crate::reference;
use portcullis_core::config::ConfigError;
use std::collections::HashMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

pub(super) fn load(entry: &Path, limits: &Limits) -> Result<Documents, Vec<ConfigError>> {
    let directory = entry.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut loader = Loader {
        shown: directory,
        // Where the directory cannot be named (a pipe), the document stands alone.
        directory: fs::canonicalize(directory).ok(),
        bytes: limits.max_bytes,
        budget: Budget::new(*limits),
        known: HashMap::new(),
        documents: Documents { files: Vec::new(), named: HashMap::new() },
    };
    let relative: Box<str> = entry.file_name().unwrap_or_default().to_string_lossy().into();
    let file = fs::canonicalize(entry).unwrap_or_else(|_| entry.into());
    loader.read(&file, entry.into(), &relative)?;
    loader.follow()?;
    Ok(loader.documents)
}

struct Loader<'l> {
    /// How errors name the directory of the document.
    shown: &'l Path,
    directory: Option<PathBuf>,
    /// Bytes that may still be read.
    bytes: u64,
    budget: Budget,
    /// Files by where they really lie: one file may have several names.
    known: HashMap<PathBuf, FileId>,
    documents: Documents,
}

impl Loader<'_> {
    /// Reads what the files refer to, and what those refer to, until nothing is new.
    fn follow(&mut self) -> Result<(), Vec<ConfigError>> {
        let mut errors = Vec::new();
        let mut next = 0;
        while let Some(file) = self.documents.files.get(next) {
            next = next.saturating_add(1);
            let targets = follow::references(&file.root).into_iter();
            let paths: Vec<String> =
                targets.filter_map(|target| reference::parse(&file.relative, target).ok()?.file).collect();
            for path in paths {
                if !self.documents.named.contains_key(path.as_str()) {
                    match self.name(&path) {
                        Ok(found) => drop(self.documents.named.insert(path.into(), found)),
                        Err(more) => {
                            // Not asked for again.
                            let unread = Unread { message: "names a file with errors".into(), accepted: "" };
                            self.documents.named.insert(path.into(), Err(unread));
                            errors.extend(more);
                        }
                    }
                }
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// What the path names: a file that is known or now read.
    fn name(&mut self, path: &str) -> Result<Result<FileId, Unread>, Vec<ConfigError>> {
        match self.find(path) {
            Ok(file) => match self.known.get(&file) {
                Some(known) => Ok(Ok(*known)),
                None => self.read(&file, self.shown.join(path), path).map(Ok),
            },
            Err(unread) => Ok(Err(unread)),
        }
    }

    /// Where a path really leads. Symbolic links are followed first, then the place is judged.
    fn find(&self, path: &str) -> Result<PathBuf, Unread> {
        let unread = |message: String, accepted| Unread { message, accepted };
        let Some(directory) = &self.directory else {
            return Err(unread("names a file, but the document is none".into(), "a document in a directory"));
        };
        let found = fs::canonicalize(directory.join(path)).map_err(|error| {
            unread(format!("names a file that cannot be read: {error}"), "a file below the document")
        })?;
        if !found.starts_with(directory) {
            return Err(unread(
                "leads out of the directory of the document".into(),
                "a file below the directory of the document, no link that leads elsewhere",
            ));
        }
        // A pipe or a device would block or never end.
        if !fs::metadata(&found).is_ok_and(|metadata| metadata.is_file()) {
            return Err(unread("names no regular file".into(), "a file below the document"));
        }
        if self.documents.files.len() >= usize::from(self.budget.limits.max_files) {
            let message = format!("is one file more than {} (`max_files`)", self.budget.limits.max_files);
            return Err(unread(message, "fewer files, or a higher bound"));
        }
        Ok(found)
    }

    fn read(&mut self, file: &Path, shown: PathBuf, relative: &str) -> Result<FileId, Vec<ConfigError>> {
        let id = FileId(u16::try_from(self.documents.files.len()).unwrap_or(u16::MAX));
        let mut bytes = Vec::new();
        let opened = fs::File::open(file);
        let read = opened.and_then(|opened| opened.take(self.bytes.saturating_add(1)).read_to_end(&mut bytes));
        let read =
            read.map_err(|error| vec![ConfigError::new(format!("cannot be read: {error}"), "").in_file(&*shown)])?;
        let left = u64::try_from(read).ok().and_then(|read| self.bytes.checked_sub(read));
        self.bytes = left.ok_or_else(|| vec![too_large(&self.budget.limits).in_file(&*shown)])?;
        let root = reader::read(id, &bytes, &mut self.budget).map_err(|faults| in_file(&shown, faults))?;
        self.known.insert(file.into(), id);
        self.documents.named.insert(relative.into(), Ok(id));
        self.documents.files.push(File { shown, relative: relative.into(), root });
        Ok(id)
    }
}
