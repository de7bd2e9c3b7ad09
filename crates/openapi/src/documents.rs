//! A document and the files that it refers to.

mod follow;
mod load;
mod pointer;

use crate::limits::Limits;
use crate::node::{FileId, Kind, Node, Place};
use crate::reader::{self, Budget, Fault};
use crate::reference::{self, Malformed};
use portcullis_core::config::ConfigError;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// All files of one document, read once and kept as they are written.
#[derive(Debug)]
pub struct Documents {
    /// By [`FileId`]; the first is the document itself.
    files: Vec<File>,
    /// What references may name, relative to the directory of the document, and why some of it cannot be read.
    named: HashMap<Box<str>, Result<FileId, Unread>>,
}

#[derive(Debug)]
struct File {
    /// As errors name it.
    shown: PathBuf,
    /// Relative to the directory of the document.
    relative: Box<str>,
    root: Node,
}

/// Why a file that a reference names was not read. Reads after "reference `…` ".
#[derive(Clone, Debug)]
struct Unread {
    message: String,
    accepted: &'static str,
}

impl Documents {
    /// Reads the document in `entry` and the files that its references name, as far as they lie below its directory.
    ///
    /// # Errors
    /// Text that is not UTF-8, not YAML or over `limits`; a key written twice; a tag; a second document. A reference that
    /// leads nowhere is an error where it is used: [`Self::resolve`].
    pub fn load(entry: &Path, limits: &Limits) -> Result<Self, Vec<ConfigError>> {
        load::load(entry, limits)
    }

    /// Reads a single text; `file` is what errors call it. References to other files lead nowhere.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(file: &Path, bytes: &[u8]) -> Result<Self, Vec<ConfigError>> {
        let limits = Limits::default();
        if u64::try_from(bytes.len()).is_ok_and(|length| length > limits.max_bytes) {
            return Err(vec![too_large(&limits).in_file(file)]);
        }
        let root = reader::read(FileId(0), bytes, &mut Budget::new(limits)).map_err(|faults| in_file(file, faults))?;
        let relative = file.file_name().unwrap_or_default().to_string_lossy().into();
        Ok(Self { files: vec![File { shown: file.into(), relative, root }], named: HashMap::new() })
    }

    /// The document itself.
    #[must_use]
    pub fn root(&self) -> &Node {
        self.root_of(FileId(0)).unwrap_or(&Node::NULL)
    }

    /// The whole of one file; `None` for an id of other documents.
    #[must_use]
    pub fn root_of(&self, file: FileId) -> Option<&Node> {
        self.files.get(usize::from(file.0)).map(|file| &file.root)
    }

    /// Where a file lies, as errors name it.
    #[must_use]
    pub fn file(&self, file: FileId) -> &Path {
        self.files.get(usize::from(file.0)).map_or(Path::new(""), |file| &file.shown)
    }

    /// All files, the document itself first.
    pub fn files(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..u16::try_from(self.files.len()).unwrap_or(u16::MAX)).map(FileId)
    }

    /// What `reference`, written in the file `from` at `at`, names.
    ///
    /// # Errors
    /// A reference that leads nowhere, out of the directory or into the network, at `at`.
    pub fn resolve(&self, from: FileId, reference: &str, at: Place) -> Result<&Node, ConfigError> {
        let (file, fragment) = self.locate(from, reference, at)?;
        let Some(tokens) = reference::tokens(&fragment) else {
            return Err(self.refuse(reference, at, &Malformed::NoPointer.to_string(), Malformed::NoPointer.accepted()));
        };
        let mut node = self.root_of(file).unwrap_or(&Node::NULL);
        for token in &tokens {
            node = child(node, token).ok_or_else(|| {
                let known = node.entries().iter().map(|(key, _)| &*key.text);
                let accepted = "a reference to something that the document has";
                self.refuse(reference, at, "leads nowhere", accepted).suggesting(token, known)
            })?;
        }
        Ok(node)
    }

    /// The file that `reference` names, and its fragment with percent escapes decoded: a JSON Pointer, the name of an anchor,
    /// or nothing for the whole.
    ///
    /// # Errors
    /// As [`Self::resolve`], but the fragment is not looked at.
    pub fn locate(&self, from: FileId, reference: &str, at: Place) -> Result<(FileId, String), ConfigError> {
        let base = self.files.get(usize::from(from.0)).map_or("", |file| &*file.relative);
        let parsed = reference::parse(base, reference)
            .map_err(|malformed| self.refuse(reference, at, &malformed.to_string(), malformed.accepted()))?;
        let Some(path) = parsed.file else { return Ok((from, parsed.fragment)) };
        match self.named.get(path.as_str()) {
            Some(Ok(file)) => Ok((*file, parsed.fragment)),
            Some(Err(unread)) => Err(self.refuse(reference, at, &unread.message, unread.accepted)),
            None => {
                Err(self.refuse(reference, at, "names a file that was not read", "a reference inside the document"))
            }
        }
    }

    fn refuse(&self, reference: &str, at: Place, why: &str, accepted: &str) -> ConfigError {
        self.error(at, format!("reference `{reference}` {why}"), accepted)
    }

    /// An error at a place.
    pub fn error(&self, at: Place, message: impl Into<String>, accepted: impl Into<String>) -> ConfigError {
        self.placed(at, ConfigError::new(message, accepted))
    }

    /// `found` is none of `known`: the error lists them and suggests the nearest.
    pub fn unknown<'a>(
        &self,
        at: Place,
        kind: &str,
        found: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> ConfigError {
        self.placed(at, ConfigError::unknown_name(kind, found, known))
    }

    fn placed(&self, at: Place, error: ConfigError) -> ConfigError {
        error.placed(at.line.into(), at.column.into()).in_file(self.file(at.file))
    }
}

fn child<'n>(node: &'n Node, token: &str) -> Option<&'n Node> {
    match &node.kind {
        Kind::Map(_) => node.get(token),
        // No sign, no leading zero (RFC 6901 §4).
        Kind::List(items) if token == "0" || (!token.starts_with('0') && token.bytes().all(|d| d.is_ascii_digit())) => {
            items.get(token.parse::<usize>().ok()?)
        }
        _ => None,
    }
}

fn too_large(limits: &Limits) -> ConfigError {
    let max = limits.max_bytes;
    ConfigError::new(format!("is larger than {max} bytes, all files together (`max_bytes`)"), "a smaller document")
}

fn in_file(file: &Path, faults: Vec<Fault>) -> Vec<ConfigError> {
    let error = |fault: Fault| {
        let error = ConfigError::new(fault.message, fault.accepted);
        error.placed(fault.place.line.into(), fault.place.column.into()).in_file(file)
    };
    faults.into_iter().map(error).collect()
}

#[cfg(test)]
mod tests;
