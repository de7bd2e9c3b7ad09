//! Where the time goes: perf on our own proxies while they work.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use super::load::Load;
use super::peer::{Peer, PeerKind};
use super::process::{LOAD_CORE, pinned};
use super::tool;

/// Symbols of the proxy and its libraries to show, and of the kernel.
const OWN: usize = 30;
const KERNEL: usize = 10;

/// Samples portcullis and bare, one after the other.
pub(super) fn run(peers: &[Peer], loads: &[Load<'_>], seconds: u32) -> anyhow::Result<()> {
    let ours =
        peers.iter().zip(loads).filter(|(peer, _)| matches!(peer.setup.kind, PeerKind::Bare | PeerKind::Portcullis));
    for (peer, load) in ours {
        println!("\n{}: where {seconds} s under load went", peer.setup.name);
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

    println!("\nby object");
    print_lines(&perf_report(&perf, samples.path(), "dso")?, |_| true, 5);
    let symbols = perf_report(&perf, samples.path(), "dso,symbol")?;
    println!("outside the kernel");
    print_lines(&symbols, |line| !line.contains(" [k] "), OWN);
    println!("in the kernel");
    print_lines(&symbols, |line| line.contains(" [k] "), KERNEL);
    Ok(())
}

/// Lines of share and name, hottest first.
fn perf_report(perf: &Path, samples: &Path, sort: &str) -> anyhow::Result<String> {
    let mut command = Command::new(perf);
    command.args(["report", "--stdio", "--no-children", "--sort", sort, "-i"]).arg(samples);
    let output = command.output()?;
    ensure!(output.status.success(), "perf report: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn print_lines(report: &str, is_wanted: impl Fn(&str) -> bool, count: usize) {
    let lines = report.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty() && is_wanted(line));
    for line in lines.take(count) {
        // Columns for branches, which are not recorded, end the line.
        println!("{}", line.trim_end_matches([' ', '-']));
    }
}
