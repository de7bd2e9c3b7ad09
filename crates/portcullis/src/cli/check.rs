//! `check`: the verdict of `run`, without opening a socket.

use super::{UNFIT, colours, complain, say, say_json};
use clap::ValueEnum;
use portcullis_gateway::config::{self, LoadOptions};
use portcullis_gateway::coverage;
use serde_json::Value;
use std::io;
use std::path::Path;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Shows what each control does for each operation.
    #[arg(long)]
    coverage: bool,
    /// Takes `${env:…}` and `${file:…}` as they are, for machines that do not have them.
    #[arg(long)]
    without_secrets: bool,
    /// How findings are written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: findings with excerpts.
    #[default]
    Text,
    /// For scripts.
    Json,
    /// For code hosts that annotate changes (SARIF 2.1.0); findings only.
    Sarif,
}

pub(super) fn run(path: &Path, args: &Args) -> anyhow::Result<ExitCode> {
    if args.coverage && args.format == Format::Sarif {
        anyhow::bail!("`--coverage` has no SARIF form; accepted: `--format text` or `--format json`");
    }
    let options = LoadOptions { without_secrets: args.without_secrets, ..LoadOptions::default() };
    let (plan, findings, source) = match config::load(path, &options) {
        Ok(loaded) => (Some(loaded.plan), loaded.warnings, loaded.source),
        Err(failed) => (None, failed.errors, failed.source),
    };
    let status = match (&plan, findings.is_empty()) {
        (None, _) => UNFIT,
        (Some(_), false) => 1,
        (Some(_), true) => 0,
    };
    match args.format {
        Format::Sarif => say_json(&config::sarif(&findings, &source))?,
        Format::Json => {
            let mut report = config::json(&findings, &source);
            if let (Value::Object(report), Some(plan), true) = (&mut report, &plan, args.coverage) {
                report.insert("coverage".to_owned(), coverage::json(plan));
            }
            say_json(&report)?
        }
        Format::Text => {
            complain(&config::print(&findings, &source, colours(&io::stderr())));
            match &plan {
                None => ExitCode::from(UNFIT),
                Some(plan) if args.coverage => say(&coverage::text(plan))?,
                Some(plan) => {
                    let (apis, operations) = (plan.apis.len(), plan.operations.len());
                    say(&format!("{}: loads; APIs: {apis}, operations: {operations}\n", path.display()))?
                }
            }
        }
    };
    Ok(ExitCode::from(status))
}
