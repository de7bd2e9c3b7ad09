//! The configuration loader: any text loads or is refused with places in it, and both can be shown.

use std::path::Path;

use portcullis_core::Clock;
use portcullis_core::config::ConfigError;
use portcullis_gateway::config::{LoadOptions, has_error, json, load, load_text, print, sarif};

/// 2026-01-01: certificates are judged by it.
const NOW: u64 = 1_767_225_600_000_000;

const DOCUMENT: &str = include_str!("config/shop.yaml");

thread_local! {
    static FOLDER: tempfile::TempDir = folder();
}

/// A folder with the document that configurations serve.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("shop.yaml"), DOCUMENT).expect("a file");
    folder
}

/// All of it.
pub fn check(data: &[u8]) {
    let path = FOLDER.with(|folder| folder.path().join("portcullis.yaml"));
    let options = LoadOptions { without_secrets: false, clock: Clock::manual(NOW) };
    let loaded = match std::str::from_utf8(data) {
        Ok(text) if !text.contains('\0') => load_text(&path, text, &options),
        _ => {
            std::fs::write(&path, data).expect("a file");
            load(&path, &options)
        }
    };
    match loaded {
        Ok(loaded) => {
            assert!(!has_error(&loaded.warnings), "errors are no warnings");
            shown(&loaded.warnings, &loaded.source, &path, data);
        }
        Err(failed) => {
            assert!(has_error(&failed.errors), "refused without a reason");
            shown(&failed.errors, &failed.source, &path, data);
        }
    }
}

fn shown(findings: &[ConfigError], source: &portcullis_gateway::config::Source, path: &Path, data: &[u8]) {
    // A lone CR ends a line too (YAML 1.2 §5.4).
    let lines = data.split(|byte| matches!(byte, b'\n' | b'\r')).count() as u64;
    for finding in findings {
        assert!(!finding.message.is_empty());
        if finding.file.as_deref().is_none_or(|file| file == path) {
            assert!(has_place(finding, lines), "no place in the file: {finding}");
        }
    }
    assert!(print(findings, source, false).lines().count() >= findings.len());
    let _ = (print(findings, source, true), json(findings, source), sarif(findings, source));
}

/// What is missing has no place.
const MISSING: [&str; 2] = ["`listeners` is empty", "`apis` is empty"];

fn has_place(finding: &ConfigError, lines: u64) -> bool {
    match (finding.line, finding.column) {
        (0, 0) => MISSING.iter().any(|missing| finding.message.starts_with(missing)),
        (line, column) => line > 0 && column > 0 && line <= lines + 1,
    }
}
