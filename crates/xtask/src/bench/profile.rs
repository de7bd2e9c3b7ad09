//! Where the time goes: perf on our own proxies while they work.

use std::process::Command;

use anyhow::{Context, ensure};

use super::load::Load;
use super::peer::{Peer, PeerKind};
use super::process::{LOAD_CORE, pinned};
use super::tool;

/// Symbols to show.
const TOP: usize = 30;

/// Samples portcullis and bare, one after the other.
pub(super) fn run(peers: &[Peer], loads: &[Load<'_>], seconds: u32) -> anyhow::Result<()> {
    let ours =
        peers.iter().zip(loads).filter(|(peer, _)| matches!(peer.setup.kind, PeerKind::Bare | PeerKind::Portcullis));
    for (peer, load) in ours {
        println!("\n{}: hottest {TOP} symbols of {seconds} s under load", peer.setup.name);
        print_symbols(peer, load, seconds)?;
    }
    Ok(())
}

fn print_symbols(peer: &Peer, load: &Load<'_>, seconds: u32) -> anyhow::Result<()> {
    let perf = tool::path("perf").context("`perf` is not installed (linux-perf)")?;
    let samples = tempfile::NamedTempFile::new()?;
    let under_load = load.start(&peer.address(), &["-D", &seconds.saturating_add(1).to_string()])?;
    let mut record = pinned(LOAD_CORE, &perf)?;
    // The software clock: virtual machines seldom offer hardware counters.
    record.args(["record", "--quiet", "-e", "cpu-clock", "-F", "1999", "-p", &peer.process.id().to_string(), "-o"]);
    record.arg(samples.path()).args(["--", "sleep", &seconds.to_string()]);
    let recorded = record.output()?;
    load.finish(under_load)?;
    ensure!(recorded.status.success(), "perf record: {}", String::from_utf8_lossy(&recorded.stderr));

    let mut report = Command::new(perf);
    report.args(["report", "--stdio", "--no-children", "--sort", "dso,symbol", "-i"]).arg(samples.path());
    let report = report.output()?;
    ensure!(report.status.success(), "perf report: {}", String::from_utf8_lossy(&report.stderr));
    let text = String::from_utf8_lossy(&report.stdout);
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).take(TOP) {
        println!("{}", line.trim_end());
    }
    Ok(())
}
