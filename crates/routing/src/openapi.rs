//! An OpenAPI document as far as routing reads it: paths, methods, operationIds and the base path.
//!
//! JSON is read by the YAML reader too, of which it is a subset: one reader, one meaning, and every value has its place.

mod model;
mod operations;
mod servers;

use crate::template::Template;
use http::Method;
use model::Root;
use portcullis_core::bounds::MAX_DOCUMENT_BYTES;
use portcullis_core::config::ConfigError;
use serde_saphyr::{Location, UserMessageFormatter};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// YAML nodes of one document: 20,000 operations with schemas and examples have about 2,000,000.
const MAX_NODES: usize = 8_000_000;
/// YAML events kept for aliases: nine levels of nine aliases each pass any bound, so a low one costs the least.
const MAX_ANCHORED: usize = 200_000;
/// Nested maps and lists of one document.
const MAX_DEPTH: usize = 256;

/// The operations of one OpenAPI document.
#[derive(Debug)]
pub struct Document {
    pub(crate) file: PathBuf,
    pub(crate) paths: Vec<DeclaredPath>,
    /// Of the first server; an error only where the configuration writes no `base_path`.
    pub(crate) base: Result<Box<[Box<str>]>, ConfigError>,
    warnings: Vec<ConfigError>,
}

/// One key of `paths` that has operations.
#[derive(Debug)]
pub(crate) struct DeclaredPath {
    pub(crate) text: Box<str>,
    pub(crate) template: Template,
    pub(crate) place: Location,
    pub(crate) operations: Vec<DeclaredOperation>,
}

/// One operation of a path.
#[derive(Debug)]
pub(crate) struct DeclaredOperation {
    pub(crate) method: Method,
    pub(crate) name: Box<str>,
    pub(crate) deprecated: bool,
}

/// 3.0, 3.1 or 3.2: what is asked of a version is only whether it knows a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    V3_0,
    V3_1,
    V3_2,
}

impl Document {
    /// Reads the document in `file`.
    ///
    /// # Errors
    /// A file that cannot be read, and all of [`Document::load`].
    pub fn read(file: &Path) -> Result<Self, Vec<ConfigError>> {
        let fail = |message: String| vec![ConfigError::new(message, "").in_file(file)];
        let unreadable = |error: std::io::Error| fail(format!("cannot be read: {error}"));
        let mut bytes = Vec::new();
        let opened = File::open(file).map_err(unreadable)?;
        opened.take(MAX_DOCUMENT_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
        Self::load(file, &bytes)
    }

    /// Reads an OpenAPI 3.0, 3.1 or 3.2 document in YAML or JSON; `file` is where it came from.
    ///
    /// # Errors
    /// Another version; text that is over [`MAX_DOCUMENT_BYTES`], not UTF-8 or not well formed; a key written twice; templates,
    /// methods, operationIds or references that have no clear meaning. All that are independent of each other together.
    pub fn load(file: &Path, bytes: &[u8]) -> Result<Self, Vec<ConfigError>> {
        let root = parse(bytes).map_err(|error| vec![error.in_file(file)])?;
        let version = version(&root).map_err(|error| vec![error.in_file(file)])?;
        let mut found = operations::Found::default();
        operations::collect(&root, version, file, &mut found);
        if !found.errors.is_empty() {
            return Err(found.errors.into_iter().map(|error| error.in_file(file)).collect());
        }
        if found.paths.is_empty() {
            found.warnings.push(ConfigError::new("declares no operation, so every request is refused", "").warning());
        }
        Ok(Self {
            file: file.into(),
            paths: found.paths,
            base: servers::base(root.servers.as_deref()).map_err(|error| error.in_file(file)),
            warnings: found.warnings.into_iter().map(|warning| warning.in_file(file)).collect(),
        })
    }

    /// What loads but does not do what it seems to say.
    pub fn warnings(&self) -> &[ConfigError] {
        &self.warnings
    }

    /// How many operations it declares.
    pub fn operation_count(&self) -> usize {
        self.paths.iter().map(|path| path.operations.len()).sum()
    }
}

fn parse(bytes: &[u8]) -> Result<Root, ConfigError> {
    let max = usize::try_from(MAX_DOCUMENT_BYTES).unwrap_or(usize::MAX);
    if bytes.len() > max {
        return Err(ConfigError::new(format!("is larger than {max} bytes"), "a smaller document"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error))?;
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: MAX_NODES.saturating_mul(2),
            max_nodes: MAX_NODES,
            max_recorded_anchor_events: MAX_ANCHORED,
            max_depth: MAX_DEPTH,
            max_total_scalar_bytes: max,
        },
        emit_comments: false,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| syntax(&error))
}

fn not_utf8(bytes: &[u8], error: std::str::Utf8Error) -> ConfigError {
    let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
    let good = String::from_utf8_lossy(good);
    let last = good.rsplit('\n').next().unwrap_or_default();
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX).saturating_add(1);
    ConfigError {
        line: count(good.matches('\n').count()),
        column: count(last.chars().count()),
        ..ConfigError::new("octets here are not UTF-8", "YAML or JSON in UTF-8")
    }
}

/// Rewords what the reader says about its own options, and nothing else.
fn syntax(error: &serde_saphyr::Error) -> ConfigError {
    use serde_saphyr::{Error, MessageFormatter as _};
    let error = error.without_snippet();
    let (message, accepted) = match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            (format!("`{key}` is written twice in one map"), "each key once")
        }
        Error::MultipleDocuments { .. } => ("a second document begins here".into(), "one document in a file"),
        Error::Budget { .. } => (
            format!("has more than {MAX_NODES} nodes, is nested deeper than {MAX_DEPTH}, or grows by aliases"),
            "a smaller document",
        ),
        other => (lower_first(&UserMessageFormatter.format_message(other)), ""),
    };
    ConfigError::at(&error.location().unwrap_or(Location::UNKNOWN), message, accepted)
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// What the message says is accepted, wherever a version is wrong.
const VERSIONS: &str = "`openapi: 3.0.x`, `3.1.x` or `3.2.x`, all three numbers written";

fn version(root: &Root) -> Result<Version, ConfigError> {
    if let Some(swagger) = &root.swagger {
        let accepted = "OpenAPI 3; a converter such as swagger2openapi rewrites the document";
        return Err(ConfigError::at(&swagger.referenced, "is a Swagger 2.0 document", accepted));
    }
    let Some(written) = &root.openapi else {
        return Err(ConfigError::new("is no OpenAPI document: it has no `openapi`", VERSIONS));
    };
    let version = match written.value.rsplit_once('.') {
        Some((minor, patch)) if !patch.is_empty() && patch.bytes().all(|digit| digit.is_ascii_digit()) => match minor {
            "3.0" => Some(Version::V3_0),
            "3.1" => Some(Version::V3_1),
            "3.2" => Some(Version::V3_2),
            _ => None,
        },
        _ => None,
    };
    version.ok_or_else(|| {
        let message = format!("`{}` is no version of OpenAPI that this build reads", written.value);
        ConfigError::at(&written.referenced, message, VERSIONS)
    })
}

#[cfg(test)]
mod tests;
