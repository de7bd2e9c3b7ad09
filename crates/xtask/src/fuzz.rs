//! `cargo xtask fuzz`: runs the targets of `fuzz/`, one after the other, and says how far each came.
//!
//! Without a sanitizer: our code has no `unsafe`, and so the compiler of the product will do. What grows (builds, corpora,
//! findings, logs) stays under `target/fuzz`; what is worth keeping is copied to `fuzz/seeds` by hand.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this target of `fuzz/targets`
    target: Option<String>,
    /// Minutes for each target
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1440))]
    minutes: u32,
}

/// Longest input: the limits that are larger have tests of their own.
const MAX_BYTES: u32 = 4096;
/// Seconds that one input may take before it is a finding.
const TIMEOUT: u32 = 25;
/// Lines of the log that are shown where a target fails.
const SHOWN_LINES: usize = 40;

/// Runs one target or all.
///
/// # Errors
/// cargo-fuzz is missing, a target does not build, or something was found.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec()?;
    let folders = Folders {
        fuzz: metadata.workspace_root.join("fuzz").into(),
        target: metadata.target_directory.join("fuzz").into(),
    };
    let known = folders.targets()?;
    let chosen = match &args.target {
        None => known,
        Some(target) if known.contains(target) => vec![target.clone()],
        Some(target) => bail!("`{target}` is no target; known: {}", known.join(", ")),
    };
    let has_fuzz = cargo().args(["fuzz", "--version"]).output().is_ok_and(|output| output.status.success());
    ensure!(has_fuzz, "cargo-fuzz is missing; `cargo install --locked cargo-fuzz` installs it");
    let mut failed = Vec::new();
    for target in &chosen {
        if !folders.run(target, args.minutes)? {
            failed.push(target.as_str());
        }
    }
    ensure!(failed.is_empty(), "found something: {}", failed.join(", "));
    Ok(())
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

struct Folders {
    /// In the checkout.
    fuzz: PathBuf,
    /// Outside of version control.
    target: PathBuf,
}

impl Folders {
    fn targets(&self) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.fuzz.join("targets"))? {
            names.extend(entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
        names.sort();
        Ok(names)
    }

    /// Runs `target`; false where it found something.
    fn run(&self, target: &str, minutes: u32) -> anyhow::Result<bool> {
        let build = self.target.join("build");
        let cargo_fuzz = |action: &str| {
            let mut command = cargo();
            command.args(["fuzz", action, "--sanitizer", "none", "--fuzz-dir"]).arg(&self.fuzz);
            command.arg("--target-dir").arg(&build).arg(target);
            command
        };
        ensure!(cargo_fuzz("build").status()?.success(), "`{target}` does not build");
        let (corpus, findings) = (self.target.join("corpus").join(target), self.target.join("findings").join(target));
        for folder in [&corpus, &findings] {
            fs::create_dir_all(folder)?;
        }
        let log = self.target.join(format!("{target}.log"));
        let status = cargo_fuzz("run")
            .args([&corpus, &self.fuzz.join("seeds").join(target)])
            .arg("--")
            .arg(format!("-max_total_time={}", minutes.saturating_mul(60)))
            .arg(format!("-max_len={MAX_BYTES}"))
            .arg(format!("-timeout={TIMEOUT}"))
            .arg(format!("-artifact_prefix={}/", findings.display()))
            .args(["-print_final_stats=1", "-use_value_profile=1"])
            .stdout(File::create(&log).with_context(|| format!("cannot write `{}`", log.display()))?)
            .stderr(File::options().append(true).open(&log)?)
            .status()?;
        let text = fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())?;
        println!("{target}: {}", summary(&text));
        if !status.success() {
            show_end(&text, &log);
        }
        Ok(status.success())
    }
}

/// Runs and seconds, from libFuzzer's last words.
fn summary(log: &str) -> String {
    let stat = |name: &str| {
        let line = log.lines().rev().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
        line.map_or("?", |line| line.trim_start_matches(':').trim())
    };
    let done = log.lines().rev().find(|line| line.starts_with("Done ")).unwrap_or("stopped early");
    format!("{} runs, {} inputs kept ({done})", stat("number_of_executed_units"), stat("new_units_added"))
}

fn show_end(log: &str, path: &Path) {
    let lines: Vec<&str> = log.lines().collect();
    for line in lines.iter().skip(lines.len().saturating_sub(SHOWN_LINES)) {
        println!("  {line}");
    }
    println!("the log is `{}`", path.display());
}
