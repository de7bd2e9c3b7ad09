//! The configuration file: read, judged as a whole, and turned into a [`Plan`] that cannot be wrong.
//!
//! **Flow**  `file` (bytes → shape; names that are wrong are found on a `tree` of the file by its own JSON Schema) → `compile`
//! (shape → Plan; local files are read, no socket is opened) → `Snapshot::compile`.
//! **Fails** with every error that can be told apart at once; [`print()`] shows them.

mod compile;
mod entries;
mod file;
mod outline;
mod plan;
mod print;
mod schema;
mod secret;
pub mod shape;
#[cfg(test)]
mod tests;
mod tree;

use portcullis_core::Clock;
use portcullis_core::config::{ConfigError, Severity};
use std::path::{Path, PathBuf};

pub use file::Source;
pub use outline::Outline;
pub use plan::{Api, Modes, Plan, Settings, Timeouts, Upstream};
pub use print::{json, print, sarif};
pub use schema::schema;

/// How a configuration is loaded.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// References to secrets are taken as opaque: `check --without-secrets`. The Plan lacks them, so it must not run.
    pub without_secrets: bool,
    /// Judges certificates, and goes on to time what the Plan holds.
    pub clock: Clock,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { without_secrets: false, clock: Clock::system() }
    }
}

/// A configuration that loads.
#[derive(Debug)]
pub struct Loaded {
    /// What it says.
    pub plan: Plan,
    /// What an operator should look at; `check` exits 1 when there is any.
    pub warnings: Vec<ConfigError>,
    /// Every file that was read, the configuration first: what a change of means a reload.
    pub files: Vec<PathBuf>,
    /// For excerpts.
    pub source: Source,
    /// For what another one changes.
    pub outline: Outline,
}

/// A configuration that does not load.
#[derive(Debug)]
pub struct Failed {
    /// Errors, and warnings found beside them, in the order of the file.
    pub errors: Vec<ConfigError>,
    /// Every file that was read, the configuration first.
    pub files: Vec<PathBuf>,
    /// For excerpts.
    pub source: Source,
}

/// Loads `path` and every file it names. Opens no socket.
///
/// # Errors
/// All that is wrong, each with its place.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Loaded, Box<Failed>> {
    match file::read(path) {
        Ok(text) => load_text(path, &text, options),
        Err(error) => {
            let source = Source { path: path.to_owned(), text: String::new() };
            Err(Box::new(Failed { errors: vec![error], files: vec![path.to_owned()], source }))
        }
    }
}

/// [`load`] of a file that is not written yet: `path` says where it would stand.
///
/// # Errors
/// All that is wrong, each with its place.
pub fn load_text(path: &Path, text: &str, options: &LoadOptions) -> Result<Loaded, Box<Failed>> {
    let parsed = file::parse(text);
    let (source, files) = (Source { path: path.to_owned(), text: parsed.masked }, vec![path.to_owned()]);
    let config = match parsed.config {
        Ok(config) => config,
        Err(errors) => return Err(Box::new(Failed { errors, files, source })),
    };
    let base = path.parent().unwrap_or(Path::new(""));
    let directory = config.secrets_dir.as_ref().map(|directory| base.join(&directory.value));
    let secrets =
        secret::Resolver { directory, opaque: options.without_secrets, files: Vec::new(), warnings: Vec::new() };
    let mut compiler = compile::Compiler { base, clock: &options.clock, secrets, files, findings: Vec::new() };
    let plan = compiler.compile(&config);
    let (mut findings, files) = (compiler.findings, compiler.files);
    findings.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    findings.dedup();
    match plan {
        Some(plan) => Ok(Loaded { plan, warnings: findings, files, source, outline: parsed.outline }),
        None => Err(Box::new(Failed { errors: findings, files, source })),
    }
}

/// True when `findings` hold an error, not warnings alone.
pub fn has_error(findings: &[ConfigError]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}
