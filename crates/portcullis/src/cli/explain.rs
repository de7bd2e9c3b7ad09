//! `portcullis explain`: what happened to one request, from its record.

use anyhow::Context as _;
use portcullis_core::Reason;
use portcullis_events::Found;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// Prints the record of `id`, in words or as it was written.
///
/// # Errors
/// The record cannot be read.
pub(crate) fn run(data_dir: &Path, id: &str, json: bool) -> anyhow::Result<ExitCode> {
    let id = id.strip_prefix("urn:uuid:").unwrap_or(id).to_ascii_lowercase();
    let found = portcullis_events::find(data_dir, &id).with_context(|| format!("the record below `{}`", data_dir.display()))?;
    let Some(found) = found else {
        eprintln!("no exchange `{id}` in the record below `{}`", data_dir.display());
        return Ok(ExitCode::FAILURE);
    };
    let text = if json { format!("{}\n", serde_json::to_string_pretty(&found)?) } else { explain(&found) };
    print!("{text}");
    Ok(ExitCode::SUCCESS)
}

/// The record in words.
fn explain(found: &Found) -> String {
    let text = |key: &str| found.get(key).map(plain).unwrap_or_default();
    let mut out = String::new();
    let mut line = |label: &str, value: String| {
        // Writing into a String cannot fail.
        if !value.trim().is_empty() && writeln!(out, "{label:<11}{value}").is_err() {
            out.clear();
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
    for finding in found.get("monitored").and_then(Value::as_array).into_iter().flatten() {
        let (control, reason) = (finding.get("control"), finding.get("reason"));
        line("monitored", format!("{} would have refused: {}", control.map(plain).unwrap_or_default(), reason.map(plain).unwrap_or_default()));
    }
    if found.contains_key("upstream") {
        line("upstream", format!("{} endpoint {}, {} attempt(s)", text("upstream"), text("endpoint"), text("attempts")));
    }
    let micros = |key: &str| found.get("micros").and_then(|micros| micros.get(key)).and_then(Value::as_u64).unwrap_or(0);
    line("time", format!("decided after {} µs, upstream answered after {} µs, ended after {} µs", micros("decided"), micros("answered"), micros("ended")));
    line("content", format!("{} bytes in, {} bytes out", text("bytes_in"), text("bytes_out")));
    line("removed", if found.contains_key("removed_fields") { format!("{} header fields of the client", text("removed_fields")) } else { String::new() });
    line("snapshot", text("snapshot"));
    out
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
