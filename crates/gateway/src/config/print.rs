//! What the operator reads.

use super::file::Source;
use portcullis_core::bounds::MAX_DOCUMENT_BYTES;
use portcullis_core::config::{ConfigError, Severity};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Widest excerpt in characters; what lies further right is cut.
const MAX_EXCERPT: usize = 100;
/// Characters behind the place of an error that are looked at: a quoted value is not longer.
const MAX_QUOTED: usize = 1000;
/// Longest underline in characters.
const MAX_UNDERLINE: usize = 60;

/// Errors with an excerpt each, for people. `colour` only where the reader is a terminal.
pub fn print(errors: &[ConfigError], source: &Source, colour: bool) -> String {
    let paint =
        |code: &str, text: &str| if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() };
    let mut texts: HashMap<Option<PathBuf>, Lines> = HashMap::new();
    let mut out = String::new();
    for error in errors {
        let (word, code) = match error.severity {
            Severity::Error => ("error:", "1;31"),
            Severity::Warning => ("warning:", "1;33"),
        };
        let place = if error.line > 0 { format!(":{}:{}", error.line, error.column) } else { String::new() };
        let path = error.file.as_deref().unwrap_or(&source.path);
        let _ = writeln!(out, "{} {}{place}: {}", paint(code, word), path.display(), printable(&error.message));
        let hint = hint(error);
        let read = || Lines::of(error.file.as_deref().map_or_else(|| source.text.clone(), document));
        let lines = texts.entry(error.file.clone()).or_insert_with(read);
        match excerpt(lines, error) {
            Some(excerpt) => {
                let number = error.line.to_string();
                let gap = " ".repeat(number.len());
                let _ = writeln!(out, "  {} {}", paint("2", &format!("{number} |")), excerpt.line);
                let caret = paint(code, &"^".repeat(excerpt.width));
                let line = format!("{}{caret} {hint}", " ".repeat(excerpt.start));
                let _ = writeln!(out, "  {gap} {} {}", paint("2", "|"), line.trim_end());
            }
            None if hint.is_empty() => {}
            None => {
                let _ = writeln!(out, "  {hint}");
            }
        }
    }
    out
}

fn hint(error: &ConfigError) -> String {
    let nearest = error.nearest.as_ref().map(|name| format!("nearest: `{name}`"));
    let accepted = (!error.accepted.is_empty()).then(|| format!("accepted: {}", error.accepted));
    printable(&nearest.into_iter().chain(accepted).collect::<Vec<_>>().join("; "))
}

struct Excerpt {
    line: String,
    start: usize,
    width: usize,
}

/// A text by its lines, looked up once for each of many errors: a document may be one line of megabytes.
struct Lines {
    text: String,
    lines: Vec<Line>,
}

struct Line {
    /// In the text, without its end.
    range: Range<usize>,
    /// Where in the line every [`MARK`]th character begins; none where all characters are bytes.
    marks: Vec<usize>,
}

/// Characters from one mark to the next.
const MARK: usize = 1024;

impl Lines {
    fn of(text: String) -> Self {
        let mut start = 0_usize;
        let mut lines = Vec::new();
        for line in text.split_inclusive('\n') {
            let shown = line.trim_end_matches(['\n', '\r']);
            let marks = if shown.is_ascii() { Vec::new() } else { marks(shown) };
            lines.push(Line { range: start..start.saturating_add(shown.len()), marks });
            start = start.saturating_add(line.len());
        }
        Self { text, lines }
    }

    /// What of a line follows so many characters; nothing behind its end.
    fn after(&self, index: usize, column: usize) -> Option<&str> {
        let Line { range, marks } = self.lines.get(index)?;
        let line = self.text.get(range.clone())?;
        if marks.is_empty() {
            return line.get(column.min(line.len())..);
        }
        let (mark, more) = (column.div_euclid(MARK), column.rem_euclid(MARK));
        let Some(rest) = marks.get(mark).and_then(|mark| line.get(*mark..)) else { return Some("") };
        rest.char_indices().nth(more).map_or(Some(""), |(at, _)| rest.get(at..))
    }
}

fn marks(line: &str) -> Vec<usize> {
    line.char_indices().step_by(MARK).map(|(at, _)| at).collect()
}

/// The line of the error, and which part of it is meant: the quoted value where it stands there, else the word.
fn excerpt(lines: &Lines, error: &ConfigError) -> Option<Excerpt> {
    let index = usize::try_from(error.line.checked_sub(1)?).ok()?;
    let column = usize::try_from(error.column.saturating_sub(1)).ok()?;
    let is_long = lines.after(index, MAX_EXCERPT).is_some_and(|more| !more.is_empty());
    let mut skipped = 0;
    if column > MAX_EXCERPT.saturating_sub(MAX_UNDERLINE) && is_long {
        skipped = column.saturating_sub(20);
    }
    let rest: String = lines.after(index, column)?.chars().take(MAX_QUOTED).collect();
    let quoted = error.message.split('`').nth(1).filter(|quoted| !quoted.is_empty() && rest.starts_with(*quoted));
    let width = match quoted {
        Some(quoted) => quoted.chars().count(),
        None => word(&rest),
    };
    let shown: String = lines.after(index, skipped)?.chars().take(MAX_EXCERPT).collect();
    Some(Excerpt {
        line: printable(&shown),
        start: column.saturating_sub(skipped),
        width: width.clamp(1, MAX_UNDERLINE),
    })
}

/// Length of the word that `text` begins with: to the closing quote, or to what ends a plain scalar.
fn word(text: &str) -> usize {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''));
    let inner = match quote {
        Some(quote) => text.chars().skip(1).position(|next| next == quote).map(|at| at.saturating_add(2)),
        None => text.chars().position(|next| matches!(next, ' ' | ',' | ']' | '}' | ':' | '\t')),
    };
    inner.unwrap_or_else(|| text.chars().count())
}

/// A file may hold terminal escapes; what is printed does not.
fn printable(text: &str) -> String {
    text.chars()
        .map(|char| {
            if char == '\t' {
                ' '
            } else if char.is_control() {
                '\u{fffd}'
            } else {
                char
            }
        })
        .collect()
}

/// A document named by the configuration, for its excerpt; empty when it cannot be read.
fn document(path: &Path) -> String {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MAX_DOCUMENT_BYTES).read_to_end(&mut bytes));
    if read.is_ok() { String::from_utf8_lossy(&bytes).into_owned() } else { String::new() }
}

fn file_of<'a>(error: &'a ConfigError, source: &'a Source) -> &'a PathBuf {
    error.file.as_ref().unwrap_or(&source.path)
}

/// Errors for scripts: one object with a list of findings.
pub fn json(errors: &[ConfigError], source: &Source) -> Value {
    let findings: Vec<Value> = errors
        .iter()
        .map(|error| {
            json!({
                "severity": severity(error),
                "file": file_of(error, source),
                "line": error.line,
                "column": error.column,
                "message": error.message,
                "accepted": error.accepted,
                "nearest": error.nearest,
            })
        })
        .collect();
    json!({ "file": source.path, "findings": findings })
}

/// Errors as SARIF 2.1.0, for code hosts that annotate changes.
pub fn sarif(errors: &[ConfigError], source: &Source) -> Value {
    let results: Vec<Value> = errors
        .iter()
        .map(|error| {
            let hint = hint(error);
            let text = if hint.is_empty() { error.message.clone() } else { format!("{}; {hint}", error.message) };
            let mut place = json!({ "artifactLocation": { "uri": file_of(error, source) } });
            if let (true, Some(place)) = (error.line > 0, place.as_object_mut()) {
                place.insert(
                    "region".to_owned(),
                    json!({ "startLine": error.line, "startColumn": error.column.max(1) }),
                );
            }
            json!({
                "ruleId": "configuration",
                "level": severity(error),
                "message": { "text": text },
                "locations": [{ "physicalLocation": place }],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "portcullis",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": [{ "id": "configuration", "shortDescription": { "text": "The configuration loads without findings." } }],
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

const fn severity(error: &ConfigError) -> &'static str {
    match error.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

#[cfg(test)]
mod tests;
