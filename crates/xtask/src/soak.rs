//! `cargo xtask soak`: honest clients beside every attack at once, on the release binary, for half an hour.
//!
//! Fails when an honest request was not answered or memory did not come back; times are printed, for `docs/performance.md`.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use portcullis_testkit::ca::TestCa;
use portcullis_testkit::process::Process;
use portcullis_testkit::small_upstream;
use portcullis_testkit::soak::{self, DOCUMENT, Plan, Report};

/// Memory that a gateway may keep after the attack: its allocator gives back what is free in its own time.
const KEPT_BYTES: u64 = 64 << 20;

/// What to soak.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Minutes under attack; a tenth as long is measured in quiet, before and after.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1440))]
    minutes: u32,
    /// Connections that drip, each from an address of its own in 127.0.0.0/16.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u16).range(1..=9000))]
    slow: u16,
    /// Honest clients, every second one over TLS.
    #[arg(long, default_value_t = 16)]
    honest: usize,
}

/// Builds, serves, attacks, and prints what came of it.
///
/// # Errors
/// An honest request failed, memory did not come back, or something could not be started.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = Command::new(cargo).args(["build", "--release", "--package", "portcullis"]).status()?;
    ensure!(build.success(), "cannot build `portcullis`");
    let target = cargo_metadata::MetadataCommand::new().no_deps().exec()?.target_directory;
    soak::raise_descriptor_limit()?;
    let (_upstream, upstream) = small_upstream::start("soak")?;
    let (ca, folder) = (TestCa::new()?, tempfile::tempdir()?);
    let issued = ca.issue(&["127.0.0.1"])?;
    let config = soak::configuration(upstream);
    for (name, text) in [
        ("portcullis.yaml", config.as_str()),
        ("api.yaml", DOCUMENT),
        ("api.pem", &issued.certificate_pem),
        ("api.key", &issued.key_pem),
    ] {
        write(&folder.path().join(name), text)?;
    }
    let mut command = Command::new(target.join("release/portcullis"));
    let mut gateway = Process::start(command.arg("run").current_dir(folder.path()))?;
    let mut address = |kind: &str| -> anyhow::Result<SocketAddr> {
        let end = format!(" ({kind})");
        gateway.wait_for("a listener", |lines| {
            lines.iter().find_map(|line| line.strip_prefix("listening ")?.strip_suffix(&end)?.parse().ok())
        })
    };
    let (plain, tls) = (address("http")?, address("https")?);
    let attack = Duration::from_secs(60).saturating_mul(args.minutes);
    let report = soak::run(&Plan {
        gateway: gateway.id(),
        plain,
        tls,
        client: ca.client(&["http/1.1"])?,
        honest: args.honest,
        pause: Duration::from_millis(20),
        slow: args.slow,
        quiet: attack.checked_div(10).unwrap_or(attack),
        attack,
    })?;
    ensure!(gateway.is_running()?, "the gateway has ended:\n{}", gateway.output());
    print(&report);
    for tally in [&report.quiet, &report.attacked, &report.after] {
        ensure!(tally.failed == 0, "honest requests failed, the first with: {:?}", tally.first_failure);
    }
    let [before, .., after] = report.resident;
    ensure!(after < before.saturating_add(KEPT_BYTES), "memory did not come back: {before} bytes, then {after}");
    Ok(())
}

fn print(report: &Report) {
    for (when, tally) in [("before", &report.quiet), ("under attack", &report.attacked), ("after", &report.after)] {
        let (median, high) = (tally.quantile(0.5), tally.quantile(0.99));
        println!(
            "honest, {when}: {} answered, {} failed, median {median:.2?}, p99 {high:.2?}",
            tally.answered.len(),
            tally.failed
        );
    }
    let (quiet, attacked) = (report.quiet.quantile(0.99).as_secs_f64(), report.attacked.quantile(0.99).as_secs_f64());
    println!("honest p99 under attack: {:.2} times its quiet value", attacked / quiet.max(f64::EPSILON));
    let [before, middle, end, after] = report.resident.map(|bytes| bytes >> 20);
    println!("resident: {before} MiB before, {middle} MiB in the middle, {end} MiB at the end, {after} MiB after");
    println!("{:#?}", report.counts);
}

/// For the owner alone: one of them is a key.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write `{}`", path.display()))
}
