//! A pinned child process, what it used, and its certain end.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::tool;

/// The proxy under test alone.
pub(super) const PROXY_CORE: u32 = 0;
/// Load generator and upstream.
pub(super) const LOAD_CORE: u32 = 1;

/// CPU time so far of every thread, keyed by process and thread id, in nanoseconds.
pub(super) type CpuTimes = HashMap<(i32, i32), u64>;

/// A child that ends with the harness, whichever way that ends.
pub(super) struct Process {
    child: Child,
    log: PathBuf,
}

/// A command bound to one core that gets SIGTERM when the harness dies.
pub(super) fn pinned(core: u32, program: impl AsRef<OsStr>) -> anyhow::Result<Command> {
    let setpriv = tool::path("setpriv").context("`setpriv` is not installed (util-linux)")?;
    let taskset = tool::path("taskset").context("`taskset` is not installed (util-linux)")?;
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "TERM", "--"]).arg(taskset).args(["-c", &core.to_string()]).arg(program);
    command.stdin(Stdio::null());
    Ok(command)
}

impl Process {
    /// Starts `command` with stdout and stderr in `log`.
    pub(super) fn spawn(mut command: Command, log: PathBuf) -> anyhow::Result<Self> {
        let file = File::create(&log).with_context(|| format!("cannot create `{}`", log.display()))?;
        let child = command
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { child, log })
    }

    /// `setpriv` and `taskset` replace themselves, so this is the program's own id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote, for an error message.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    pub(super) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), signal).context("cannot signal the process")
    }

    /// CPU time of this process and its descendants. `schedstat` counts nanoseconds, `stat` ticks of 10 ms.
    pub(super) fn cpu(&self) -> anyhow::Result<CpuTimes> {
        let mut times = CpuTimes::new();
        for pid in self.tree()? {
            for tid in numbers(Path::new(&format!("/proc/{pid}/task"))) {
                let Ok(text) = fs::read_to_string(format!("/proc/{pid}/task/{tid}/schedstat")) else { continue };
                let nanoseconds = text.split_whitespace().next().and_then(|field| field.parse().ok());
                times.insert((pid, tid), nanoseconds.context("no CPU time in schedstat")?);
            }
        }
        ensure!(!times.is_empty(), "process {} is gone:\n{}", self.id(), self.log());
        Ok(times)
    }

    /// Resident memory of this process and its descendants, in bytes.
    pub(super) fn resident(&self) -> anyhow::Result<u64> {
        let mut kilobytes = 0_u64;
        for pid in self.tree()? {
            let path = format!("/proc/{pid}/smaps_rollup");
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let rss = text.lines().find_map(|line| line.strip_prefix("Rss:")?.strip_suffix("kB")?.trim().parse().ok());
            kilobytes = kilobytes.saturating_add(rss.with_context(|| format!("no `Rss` in `{path}`"))?);
        }
        ensure!(kilobytes > 0, "process {} is gone:\n{}", self.id(), self.log());
        Ok(kilobytes.saturating_mul(1024))
    }

    /// This process and everything below it.
    fn tree(&self) -> anyhow::Result<Vec<i32>> {
        let parents: Vec<(i32, i32)> =
            numbers(Path::new("/proc")).into_iter().filter_map(|pid| Some((pid, parent(pid)?))).collect();
        let mut tree = vec![i32::try_from(self.id())?];
        let mut seen = 0;
        while let Some(&above) = tree.get(seen) {
            tree.extend(parents.iter().filter(|(_, parent)| *parent == above).map(|(pid, _)| *pid));
            seen = seen.saturating_add(1);
        }
        Ok(tree)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let tree = self.tree().unwrap_or_default();
        let _ = self.signal(Signal::TERM);
        let deadline = Instant::now().checked_add(Duration::from_secs(3));
        while self.is_running() && deadline.is_some_and(|deadline| Instant::now() < deadline) {
            std::thread::sleep(Duration::from_millis(10));
        }
        if self.is_running() {
            for pid in tree.into_iter().filter_map(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        let _ = self.child.wait();
    }
}

/// CPU used between two readings. A thread that began in between counts whole; what one that ended used is lost.
pub(super) fn used(before: &CpuTimes, after: &CpuTimes) -> Duration {
    let nanoseconds =
        after.iter().map(|(thread, after)| after.saturating_sub(before.get(thread).copied().unwrap_or(0)));
    Duration::from_nanos(nanoseconds.sum())
}

/// The entries of a directory in /proc that are numbers.
fn numbers(directory: &Path) -> Vec<i32> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, so fields count from the last `)`.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}
