//! Real programs as child processes: started, watched, signalled, and never left behind.

use std::io::{BufRead as _, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::client::PATIENCE;

/// How often a condition is looked at again.
const POLL: Duration = Duration::from_millis(5);

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

/// Where `name` is installed.
///
/// # Errors
/// It is not: the text names the Debian package that brings it.
pub fn program(name: &str, debian_package: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // nginx sits in a folder that is not on everybody's path.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    found.with_context(|| {
        format!("`{name}` is missing: install the Debian package `{debian_package}` (`cargo xtask test` does)")
    })
}

/// Waits until `look` finds something.
///
/// # Errors
/// Patience ended first, or `look` failed.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("waited in vain for {what}");
        }
        std::thread::sleep(POLL);
    }
}

impl Process {
    /// Starts `command`. Its standard input stays open as long as this value lives.
    pub fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let lines = Arc::new(Mutex::default());
        let mut readers = Vec::new();
        readers.extend(child.stdout.take().map(|from| collect(from, &lines)));
        readers.extend(child.stderr.take().map(|from| collect(from, &lines)));
        Ok(Self { name, child, lines, readers })
    }

    /// What it wrote so far.
    pub fn output(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Lines so far that hold `text`.
    pub fn count(&self, text: &str) -> usize {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(|line| line.contains(text)).count()
    }

    /// Waits until `look` finds something in the lines that the program wrote.
    ///
    /// # Errors
    /// The program, or patience, ended first.
    pub fn wait_for<T>(&mut self, what: &str, look: impl Fn(&[String]) -> Option<T>) -> Result<T> {
        let found = until(what, || {
            let is_running = self.is_running()?; // before the look: the last lines of one that ended count
            let found = look(&self.lines.lock().unwrap_or_else(PoisonError::into_inner));
            if found.is_none() && !is_running {
                bail!("{} ended while waiting for {what}", self.name);
            }
            Ok(found)
        });
        found.with_context(|| format!("{} wrote:\n{}", self.name, self.output()))
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGHUP.
    pub fn hang_up(&self) -> Result<()> {
        self.signal(Signal::HUP)
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// Sends SIGKILL and returns once the system has closed its sockets.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits for the end of the program and of what it writes.
    ///
    /// # Errors
    /// It still runs when patience ends.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let what = format!("the end of {}", self.name);
        let ended = until(&what, || Ok(self.child.try_wait()?));
        let status = ended.with_context(|| format!("it wrote:\n{}", self.output()))?;
        for reader in self.readers.drain(..) {
            drop(reader.join());
        }
        Ok(status)
    }

    /// The most memory that was resident at once, in bytes.
    pub fn peak_memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes * 1024)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.id())?).context("process id")?;
        Ok(kill_process(pid, signal)?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.kill());
    }
}

fn collect(from: impl Read + Send + 'static, into: &Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            into.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    })
}

/// Makes closing `stream` send RST instead of FIN.
pub fn reset_on_close(stream: &std::net::TcpStream) -> Result<()> {
    Ok(rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO))?)
}
