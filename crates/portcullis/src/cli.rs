//! The command line: what can be asked of the binary, and the exit status of each answer.
//!
//! 0: fine. 1: `check` loads with findings, `explain` finds nothing, `inventory` finds what it should not, `demo` or `run` failed after it began. 2: it does not load or start, or was asked wrongly.

mod check;
mod explain;
mod init;
mod inventory;
mod log;
mod serve;
#[cfg(test)]
mod tests;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use portcullis_core::Control;
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// Asked wrongly, or not fit to start.
const UNFIT: u8 = 2;

/// A gateway that enforces, for every operation of an HTTP API, what API security asks for.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "Examples:
  portcullis demo                                     see attacks stopped; needs nothing else
  portcullis init --openapi shop.yaml --upstream http://127.0.0.1:8000 -o portcullis.yaml
  portcullis check                                    judge ./portcullis.yaml, open no socket
  portcullis run -c /etc/portcullis/portcullis.yaml   serve"
)]
struct Cli {
    /// The configuration file.
    #[arg(short, long, global = true, value_name = "FILE", default_value = "portcullis.yaml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until SIGTERM; reloads on SIGHUP and when a file of the configuration changes.
    #[command(after_help = "Example:\n  portcullis run -c portcullis.yaml")]
    Run,
    /// Judges the configuration and every file it names; opens no socket.
    #[command(after_help = "Exit status: 0 fine, 1 loads with findings, 2 does not load.

Examples:
  portcullis check
  portcullis check --coverage
  portcullis check --without-secrets --format sarif > findings.sarif")]
    Check(check::Args),
    /// Writes a configuration for an OpenAPI document, or one that learns where there is none.
    #[command(after_help = "Examples:
  portcullis init --openapi shop.yaml --upstream http://127.0.0.1:8000 -o portcullis.yaml
  portcullis init --learn --upstream http://127.0.0.1:8000 -o portcullis.yaml")]
    Init(init::Args),
    /// Shows what was recorded of a request.
    #[command(after_help = "Example:\n  portcullis explain 01936d5e-7f3a-7c21-9d52-3f1c0a8b4e77")]
    Explain(explain::Args),
    /// Shows what is used, unused, undocumented, deprecated or superseded, and who still calls what should not be called.
    #[command(
        after_help = "Exit status: 0 fine, 1 there is an entry of a state that --fail-on names, 2 it cannot be read.

Examples:
  portcullis inventory
  portcullis inventory -o json
  portcullis inventory --draft > api.openapi.yaml     for review
  portcullis inventory --fail-on undocumented,deprecated"
    )]
    Inventory(inventory::Args),
    /// Attacks a weak sample API, bare and through the gateway, and prints what happened.
    #[command(after_help = "Examples:\n  portcullis demo\n  portcullis demo --stay    leave it up for thirty minutes")]
    Demo {
        /// Leaves the shop and the gateway up for thirty minutes, to be tried by hand.
        #[arg(long)]
        stay: bool,
    },
    /// Prints the JSON Schema of the configuration file.
    Schema,
    /// Prints the version.
    Version,
    /// Prints completions for a shell.
    #[command(after_help = "Example:\n  portcullis completions bash > /etc/bash_completion.d/portcullis")]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Prints the manual page.
    #[command(after_help = "Example:\n  portcullis man > /usr/share/man/man1/portcullis.1")]
    Man,
}

/// How a result is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For scripts.
    Json,
}

/// Reads the command line and does what it says.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Run => serve::run(&cli.config),
        Command::Check(args) => check::run(&cli.config, &args),
        Command::Init(args) => init::run(&args),
        Command::Explain(args) => explain::run(&cli.config, &args),
        Command::Inventory(args) => inventory::run(&cli.config, &args),
        Command::Demo { stay } => {
            let known: Vec<&str> = Control::ALL.iter().map(|control| control.id()).collect();
            crate::demo::run(crate::demo::Args { stay }, &known, serve::start_for_demo)
        }
        Command::Schema => say_json(portcullis_gateway::config::schema()),
        Command::Version => say(&format!("portcullis {}\n", env!("CARGO_PKG_VERSION"))),
        Command::Completions { shell } => completions(shell),
        Command::Man => manual(),
    };
    done.unwrap_or_else(|error| {
        complain(&format!("error: {error:#}\n"));
        ExitCode::from(UNFIT)
    })
}

fn completions(shell: Shell) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "portcullis", &mut text);
    say(&String::from_utf8_lossy(&text))
}

fn manual() -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text)?;
    say(&String::from_utf8_lossy(&text))
}

/// Writes to standard output. A reader that left (`| head`) is no reason to fail.
fn say(text: &str) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn say_json(value: &serde_json::Value) -> anyhow::Result<ExitCode> {
    say(&format!("{value:#}\n"))
}

/// Writes to standard error; there is nobody to tell when that fails.
fn complain(text: &str) {
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

/// Whether text for people may be coloured there.
fn colours(stream: &impl io::IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
