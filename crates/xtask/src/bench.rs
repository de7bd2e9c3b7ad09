//! `cargo xtask bench`: what a request costs, beside nginx, HAProxy and a bare hyper proxy in the same run.
//!
//! **Does**  pins the proxy under test to core 0, load generator and upstream to core 1, and measures CPU time per
//! request in interleaved one-second slices. `docs/performance.md` says what each number means.
//! **Never** compares numbers of two runs; leaves a process behind.
//! **Fails** a tool that is not installed, a proxy that does not answer as it should: an error that says what to do.

mod client;
mod compare;
mod contract;
mod idle;
mod load;
mod machine;
mod operations;
mod peer;
mod process;
mod profile;
mod reload;
mod report;
mod statistics;
mod tool;
mod workbench;

use std::path::PathBuf;

use anyhow::ensure;
use clap::ValueEnum;

use self::load::Protocol;
use self::peer::PeerKind;
use self::workbench::Workbench;

/// Measures Portcullis beside its peers.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to measure.
    #[arg(value_enum)]
    what: What,
    /// Measured one-second slices of each proxy, after one that is thrown away.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1000))]
    slices: u32,
    /// Connections that send one request after another.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4000))]
    connections: u32,
    /// `h2`: requests under way at once on each connection.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    streams: u32,
    /// Proxies to measure; default: nginx,twin,haproxy,bare,portcullis.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<PeerKind>,
    /// Also writes every slice to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Afterwards samples portcullis and bare under load for so long and prints their hottest 30 symbols.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=600))]
    profile_seconds: Option<u32>,
    /// `idle`: connections to hold open.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=8000))]
    idle_connections: u32,
    /// `reload`: how many reloads.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    reloads: u32,
    /// `reload`: operations that the document of portcullis has beside two of its own.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    operations: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// CPU per request, HTTP/1.1 without TLS.
    Plain,
    /// CPU per request, HTTP/1.1 over TLS.
    Tls,
    /// CPU per request, HTTP/2 over TLS.
    H2,
    /// Failed requests and latency while the configuration is reloaded.
    Reload,
    /// Memory per idle connection, plain and TLS.
    Idle,
    /// CPU per request with 10 and with 10,000 operations.
    Operations,
    /// CPU per request with and without the contract, 1 KB of JSON both ways.
    Contract,
}

/// Runs one measurement and prints its table.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    ensure!(
        std::thread::available_parallelism().map_or(1, usize::from) >= 2,
        "bench needs two cores: one for the proxy under test, one for load generator and upstream"
    );
    tool::require(args.what, &args.peers(), args.profile_seconds.is_some())?;
    let workbench = Workbench::new(&args.peers())?;
    match args.what {
        What::Plain => compare::run(&args, &workbench, Protocol::Plain),
        What::Tls => compare::run(&args, &workbench, Protocol::Tls),
        What::H2 => compare::run(&args, &workbench, Protocol::H2),
        What::Reload => reload::run(&args, &workbench),
        What::Idle => idle::run(&args, &workbench),
        What::Operations => operations::run(&args, &workbench),
        What::Contract => contract::run(&args, &workbench),
    }
}

impl Args {
    /// The proxies of this run, in the order they are shown: those that were asked for and that `what` can measure.
    fn peers(&self) -> Vec<PeerKind> {
        let possible: &[PeerKind] = match self.what {
            What::Plain | What::Tls | What::H2 => PeerKind::value_variants(),
            What::Reload => &[PeerKind::Nginx, PeerKind::Portcullis],
            What::Idle => &[PeerKind::Nginx, PeerKind::Haproxy, PeerKind::Bare, PeerKind::Portcullis],
            What::Operations | What::Contract => &[PeerKind::Portcullis],
        };
        let asked = |kind: &PeerKind| {
            if self.only.is_empty() { *kind != PeerKind::NginxLogged } else { self.only.contains(kind) }
        };
        possible.iter().copied().filter(asked).collect()
    }
}
