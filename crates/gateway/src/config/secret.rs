//! Secret settings: `${env:NAME}` and `${file:path}`, as the whole value.

use portcullis_core::Secret;
use portcullis_core::config::{ConfigError, Spanned};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The `format` that marks a secret setting in the JSON Schema.
pub(super) const FORMAT: &str = "portcullis-secret";
/// Largest file that is read as one secret, in bytes.
const MAX_BYTES: u64 = 64 * 1024;
/// What a reference looks like.
const ACCEPTED: &str = "`${env:NAME}` or `${file:path}` as the whole value";

/// A secret as it is written: a reference or, at the operator's own risk, the text itself. Never printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct SecretText(String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl JsonSchema for SecretText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": FORMAT })
    }
}

/// Where a secret comes from.
enum Reference<'a> {
    Env(&'a str),
    File(&'a str),
    Literal(&'a str),
}

impl<'a> Reference<'a> {
    /// `None` for text that tries to be a reference and is none.
    fn parse(text: &'a str) -> Option<Self> {
        if !has_reference(text) {
            return Some(Self::Literal(text));
        }
        let inner = text.strip_prefix("${")?.strip_suffix('}').filter(|inner| !inner.contains(['$', '{', '}']))?;
        match inner.split_once(':')? {
            ("env", name) if !name.is_empty() && !name.contains(['=', '\0']) => Some(Self::Env(name)),
            ("file", path) if !path.is_empty() => Some(Self::File(path)),
            _ => None,
        }
    }
}

/// True for text that is one reference and nothing else, and so holds no secret itself.
pub(super) fn is_reference(text: &str) -> bool {
    matches!(Reference::parse(text), Some(Reference::Env(_) | Reference::File(_)))
}

/// True for text that holds a `${…}`, which stands in secret settings only.
pub(super) fn has_reference(text: &str) -> bool {
    text.contains("${")
}

/// Reads secrets, and remembers which files they came from.
#[derive(Debug)]
pub(super) struct Resolver {
    /// The directory that files stay below; absolute.
    pub directory: Option<PathBuf>,
    /// References are taken as opaque: `check --without-secrets`.
    pub opaque: bool,
    /// Files read, for the watcher.
    pub files: Vec<PathBuf>,
    /// Findings that do not keep it from loading.
    pub warnings: Vec<ConfigError>,
}

impl Resolver {
    /// The secret itself, its trailing newline trimmed. `None`: taken as opaque.
    ///
    /// # Errors
    /// Names the reference, never the value.
    pub(super) fn resolve(&mut self, setting: &Spanned<SecretText>) -> Result<Option<Secret>, ConfigError> {
        let place = &setting.referenced;
        let wrong = |message: String| ConfigError::at(place, message, "");
        match Reference::parse(&setting.value.0) {
            None => Err(ConfigError::at(place, "not a reference to a secret", ACCEPTED)),
            Some(Reference::Literal(text)) => Ok(Some(Secret::new(text))),
            Some(_) if self.opaque => Ok(None),
            Some(Reference::Env(name)) => match std::env::var(name) {
                Ok(value) => Ok(Some(Secret::new(without_newline(&value)))),
                Err(std::env::VarError::NotPresent) => {
                    Err(wrong(format!("`${{env:{name}}}`: no such environment variable")))
                }
                Err(std::env::VarError::NotUnicode(_)) => Err(wrong(format!("`${{env:{name}}}`: not UTF-8"))),
            },
            Some(Reference::File(path)) => {
                let Some(directory) = &self.directory else {
                    return Err(ConfigError::at(
                        place,
                        format!("`${{file:{path}}}` without `secrets_dir`"),
                        "`secrets_dir: DIRECTORY` at the top",
                    ));
                };
                let found =
                    read_below(directory, path).map_err(|error| wrong(format!("`${{file:{path}}}`: {error}")))?;
                if found.mode & 0o027 != 0 {
                    let message = format!(
                        "`${{file:{path}}}`: others may read or change the file (mode {:04o})",
                        found.mode & 0o7777
                    );
                    self.warnings.push(ConfigError::at(place, message, "mode 0600 or 0400").warning());
                }
                self.files.push(found.path);
                Ok(Some(Secret::new(without_newline(&found.text))))
            }
        }
    }
}

struct Found {
    path: PathBuf,
    text: String,
    mode: u32,
}

/// Links are followed, but not out of `directory`: secret volumes are made of links.
fn read_below(directory: &Path, path: &str) -> Result<Found, String> {
    let readable = |error: std::io::Error| format!("cannot be read: {error}");
    let path = directory.join(path);
    let real = path.canonicalize().map_err(readable)?;
    let root = directory.canonicalize().map_err(|error| format!("`secrets_dir` cannot be read: {error}"))?;
    if !real.starts_with(&root) {
        return Err("leaves `secrets_dir`".to_owned());
    }
    let file = std::fs::File::open(&real).map_err(readable)?;
    let about = file.metadata().map_err(readable)?;
    if !about.is_file() {
        return Err("not a file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(readable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(format!("over {MAX_BYTES} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    Ok(Found { path, text, mode: about.permissions().mode() })
}

fn without_newline(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line))
}
