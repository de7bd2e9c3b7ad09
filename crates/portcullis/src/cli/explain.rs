//! `explain`: what was recorded of a request.

use super::{Format, say, say_json};
use anyhow::{Context as _, bail};
use portcullis_gateway::config::{self, LoadOptions};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The request id: `X-Request-Id` of the response, `instance` of a refusal.
    id: String,
    /// The data directory, where the configuration cannot be read.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// How it is written.
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

pub(super) fn run(path: &Path, args: &Args) -> anyhow::Result<ExitCode> {
    let data_dir = match &args.data_dir {
        Some(directory) => directory.clone(),
        None => configured(path)?,
    };
    // `instance` of a problem is `urn:uuid:…`.
    let id = args.id.strip_prefix("urn:uuid:").unwrap_or(&args.id);
    let found = portcullis_events::find(&data_dir, id)
        .with_context(|| format!("the record in `{}` cannot be read", data_dir.display()))?;
    let Some(found) = found else {
        bail!("no request `{id}` is recorded in `{}`; older records may have left", data_dir.display());
    };
    match args.output {
        Format::Json => say_json(&Value::Object(found)),
        Format::Text => say(&lines(&Value::Object(found))),
    }
}

fn configured(path: &Path) -> anyhow::Result<PathBuf> {
    let options = LoadOptions { without_secrets: true, ..LoadOptions::default() };
    match config::load(path, &options) {
        Ok(loaded) => Ok(loaded.plan.data_dir),
        Err(failed) => bail!(
            "the configuration does not load; `--data-dir DIR` does without it\n{}",
            config::print(&failed.errors, &failed.source, false)
        ),
    }
}

/// One line for each member, names in one column; members of members are indented.
pub(super) fn lines(found: &Value) -> String {
    let mut out = String::new();
    write_members(found, 0, &mut out);
    out
}

fn write_members(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let Value::Object(members) = value else {
        out.push_str(&format!("{indent}{}\n", plain(value)));
        return;
    };
    for (name, member) in members {
        match member {
            Value::Object(inner) if !inner.is_empty() => {
                out.push_str(&format!("{indent}{name}\n"));
                write_members(member, depth.saturating_add(1), out);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                out.push_str(&format!("{indent}{name}\n"));
                for item in items {
                    write_members(item, depth.saturating_add(1), out);
                }
            }
            _ => {
                let width = 14_usize.saturating_sub(indent.len());
                out.push_str(&format!("{indent}{name:width$} {}\n", plain(member)));
            }
        }
    }
}

/// A scalar without quotes; controls do not reach the terminal.
fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}
