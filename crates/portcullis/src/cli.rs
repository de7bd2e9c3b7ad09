//! The command line.

mod explain;
mod log;
mod run;

use crate::demo;
use clap::{Parser, Subcommand};
use portcullis_core::Control;
use portcullis_gateway::config;
use portcullis_gateway::process::Gateway;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// An API security gateway.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version)]
struct Cli {
    /// The configuration file
    #[arg(short, long, global = true, value_name = "FILE", default_value = "portcullis.yaml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve
    Run,
    /// Show what happened to one request
    Explain {
        /// The request id, as in `X-Request-Id` or in `instance` of a problem
        id: String,
        /// Print the record as it was written
        #[arg(long)]
        json: bool,
    },
    /// Attack a sample shop, bare and behind the gateway
    Demo {
        /// Leave both up for thirty minutes
        #[arg(long)]
        stay: bool,
    },
}

/// Runs what the command line says.
///
/// # Errors
/// Whatever keeps a command from its work.
pub(crate) fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    match cli.command {
        Command::Run => Ok(run::run(&cli.config)),
        Command::Explain { id, json } => {
            let options = config::LoadOptions { without_secrets: true, ..Default::default() };
            let loaded = config::load(&cli.config, &options)
                .map_err(|failed| anyhow::anyhow!(config::print(&failed.errors, &failed.source, false)))?;
            explain::run(&loaded.plan.data_dir, &id, json)
        }
        Command::Demo { stay } => {
            let known: Vec<&str> = Control::ALL.iter().map(|control| control.id()).collect();
            demo::run(demo::Args { stay }, &known, start)
        }
    }
}

/// The demo's gateway, in this process; stopped by its guard.
fn start(config: &Path) -> anyhow::Result<(std::net::SocketAddr, Guard)> {
    let gateway = Gateway::start(config)?;
    let first = gateway.listening().first().map(|listening| listening.address);
    let address = first.ok_or_else(|| anyhow::anyhow!("the configuration has no listener"))?;
    Ok((address, Guard(Some(gateway))))
}

struct Guard(Option<Gateway>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(gateway) = self.0.take() {
            gateway.stop();
        }
    }
}
