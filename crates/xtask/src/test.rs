//! `cargo xtask test`: installs what the tests use as real peers, then runs every test.

use anyhow::{Context as _, bail};
use std::path::Path;
use std::process::Command;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run only tests whose name contains this
    filter: Option<String>,
}

/// Programs that tests run as real clients and upstreams, with the Debian package that brings each.
const PEERS: &[(&str, &str)] = &[
    ("nginx", "nginx-light"),
    ("haproxy", "haproxy"),
    ("node", "nodejs"),
    ("curl", "curl"),
    ("h2load", "nghttp2-client"),
];

/// What comes from PyPI instead, each into a folder of its own below `target`: what it is for, the folder, the file that shows
/// that it is there, the package.
const PYTHON_PEERS: &[(&str, &str, &str, &str)] = &[
    ("judges the TLS of a listener", "sslyze", "bin/sslyze", "sslyze==6.3.1"),
    ("speaks WebSocket on both sides", "websockets", "bin/websockets", "websockets==17.4"),
    ("speaks gRPC on both sides", "grpcio", "bin/python", "grpcio==1.76.0"),
];

/// Installs, builds, tests.
///
/// # Errors
/// A peer is missing and cannot be installed, or a test failed.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    install_peers()?;
    PYTHON_PEERS.iter().for_each(install_from_pypi);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let nextest =
        Command::new(&cargo).args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    let mut test = Command::new(&cargo);
    if nextest {
        test.args(["nextest", "run", "--workspace", "--cargo-profile", "ci", "--no-fail-fast"]);
    } else {
        test.args(["test", "--workspace", "--profile", "ci", "--no-fail-fast"]);
    }
    test.args(&args.filter);
    let status = test.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("tests failed");
    }
    Ok(())
}

fn install_peers() -> anyhow::Result<()> {
    let missing: Vec<&str> =
        PEERS.iter().filter(|(program, _)| !is_present(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing {}", missing.join(", "));
    let mut update = Command::new("apt-get");
    update.args(["update", "-qq"]);
    let mut install = Command::new("apt-get");
    install
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(&missing)
        .env("DEBIAN_FRONTEND", "noninteractive");
    for command in [&mut update, &mut install] {
        let status = command.status().with_context(|| advice(&missing))?;
        if !status.success() {
            bail!("{}", advice(&missing));
        }
    }
    Ok(())
}

/// Where this does not work, the one test that needs it says that it was left out.
fn install_from_pypi((_, folder, file, package): &(&str, &str, &str, &str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(folder);
    if folder.join(file).is_file() {
        return;
    }
    println!("installing {package}");
    let is_done = |command: &mut Command| command.status().is_ok_and(|status| status.success());
    let installed = is_done(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        && is_done(Command::new(folder.join("bin/pip")).args(["install", "--quiet", package]));
    if !installed {
        println!("{package} cannot be installed: its test is left out");
    }
}

fn advice(missing: &[&str]) -> String {
    format!("tests need {}: install them (Debian package names), or run this as root", missing.join(", "))
}

/// nginx sits in a folder that is not on everybody's path.
fn is_present(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(["/usr/sbin".into()]).any(|folder| folder.join(program).is_file())
}
