//! Where and with what a run was measured: numbers without this cannot be compared.

use std::fs;
use std::process::Command;

use serde::Serialize;

use super::tool;

/// The machine and the versions of the programs.
#[derive(Serialize)]
pub(super) struct Machine {
    cpu: String,
    cores: usize,
    kernel: String,
    /// One-minute load average at the start: above 0.5 somebody else is using the cores.
    load_average: f64,
    versions: Vec<String>,
}

impl Machine {
    pub(super) fn read() -> Self {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let version = |program, flag| first_line(program, flag);
        Self {
            cpu: model.map_or("unknown", |(_, model)| model).to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            load_average: load.split(' ').next().and_then(|field| field.parse().ok()).unwrap_or(f64::NAN),
            versions: [version("nginx", "-v"), version("haproxy", "-v"), version("h2load", "--version")]
                .into_iter()
                .flatten()
                .collect(),
        }
    }

    /// One line below a table's title.
    pub(super) fn describe(&self) -> String {
        format!(
            "{}, {} cores, Linux {}, load average {:.2} at the start\n{}",
            self.cpu,
            self.cores,
            self.kernel,
            self.load_average,
            self.versions.join("; ")
        )
    }
}

fn first_line(program: &str, flag: &str) -> Option<String> {
    let output = Command::new(tool::path(program)?).arg(flag).output().ok()?;
    // nginx prints its version on stderr.
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let text = String::from_utf8_lossy(&text);
    // HAProxy follows its version with a link to the known bugs of it.
    Some(text.lines().next()?.split(" - http").next()?.to_owned())
}
