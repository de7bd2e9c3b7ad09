//! `explain`: what was recorded of a request.

use super::{Format, complain, say, say_json};
use anyhow::{Context as _, bail};
use portcullis_core::Reason;
use portcullis_events::Found;
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
    let id = args.id.strip_prefix("urn:uuid:").unwrap_or(&args.id).to_ascii_lowercase();
    let found = portcullis_events::find(&data_dir, &id)
        .with_context(|| format!("the record in `{}` cannot be read", data_dir.display()))?;
    let Some(found) = found else {
        complain(&format!("no request `{id}` is recorded in `{}`; older records may have left\n", data_dir.display()));
        return Ok(ExitCode::FAILURE);
    };
    match args.output {
        Format::Json => say_json(&Value::Object(found)),
        Format::Text => say(&words(&found)),
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

/// The record in words.
pub(super) fn words(found: &Found) -> String {
    let text = |key: &str| found.get(key).map(plain).unwrap_or_default();
    let mut out = String::new();
    let mut line = |label: &str, value: String| {
        if !value.trim().is_empty() {
            out.push_str(&format!("{label:<11}{value}\n"));
        }
    };
    line("exchange", text("id"));
    line("at", format!("{} from {}", text("time"), text("client")));
    line("request", format!("{} {} (HTTP/{})", text("method"), text("template"), text("http")));
    line("operation", [text("api"), text("operation")].join(" ").trim().to_owned());
    line("verdict", format!("{}, status {}", text("verdict"), text("status")));
    line("control", text("control"));
    let reason = Reason::ALL.iter().find(|reason| reason.id() == text("reason"));
    line("reason", reason.map_or_else(|| text("reason"), |reason| format!("{}: {}", reason.id(), reason.summary())));
    line("detail", text("detail"));
    for violation in found.get("violations").and_then(Value::as_array).into_iter().flatten() {
        let member = |name: &str| violation.get(name).map(plain);
        let place = ["parameter", "pointer"].iter().find_map(|name| member(name));
        let place = place.or_else(|| Some(format!("byte {}", member("byte")?))).unwrap_or_default();
        let place = if place.is_empty() { "the content as a whole".to_owned() } else { place };
        line("violation", format!("{place}: {}", member("rule").unwrap_or_default()));
    }
    for finding in found.get("monitored").and_then(Value::as_array).into_iter().flatten() {
        let member = |name: &str| finding.get(name).map(plain).unwrap_or_default();
        line("monitored", format!("{} would have refused: {}", member("control"), member("reason")));
    }
    if found.contains_key("upstream") {
        line(
            "upstream",
            format!("{} endpoint {}, {} attempt(s)", text("upstream"), text("endpoint"), text("attempts")),
        );
    }
    let micros = |key: &str| found.get("micros").and_then(|micros| micros.get(key)).map_or("0".to_owned(), plain);
    line(
        "time",
        format!(
            "decided after {} µs, upstream answered after {} µs, ended after {} µs",
            micros("decided"),
            micros("answered"),
            micros("ended")
        ),
    );
    line("content", format!("{} bytes in, {} bytes out", text("bytes_in"), text("bytes_out")));
    if found.contains_key("removed_fields") {
        line("removed", format!("{} header fields of the client", text("removed_fields")));
    }
    line("snapshot", text("snapshot"));
    out
}

/// A scalar without quotes; controls do not reach the terminal.
fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}
