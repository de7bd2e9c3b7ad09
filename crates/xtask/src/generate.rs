//! `cargo xtask generate`: documents that follow from the code. `--check` fails when one is stale.

mod reasons;
mod reference;

use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};

/// Writes what is derived from the code.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Writes nothing; fails when a document is not what would be written.
    #[arg(long)]
    check: bool,
}

/// Writes or checks every derived document.
///
/// # Errors
/// With `--check`, names each document that is stale.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let schema = portcullis_gateway::config::schema();
    let documents = [
        ("docs/reasons.md", reasons::document()),
        ("docs/portcullis.schema.json", format!("{schema:#}\n")),
        ("docs/configuration.md", reference::document(schema)),
    ];
    let mut stale = Vec::new();
    for (name, text) in documents {
        let path: PathBuf = root.join(name);
        if std::fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        if args.check {
            stale.push(name);
        } else {
            std::fs::write(&path, text).with_context(|| format!("cannot write {name}"))?;
            println!("written: {name}");
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    bail!("stale: {}; run `cargo xtask generate`", stale.join(", "))
}

/// The first line of every derived Markdown document.
const NOTICE: &str = "<!-- Written by `cargo xtask generate`; changes here are lost. -->\n\n";

/// Text inside a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
