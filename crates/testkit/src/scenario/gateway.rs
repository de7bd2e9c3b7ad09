//! The real binary as a child process.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::format::Via;
use super::stage::Stage;
use crate::client::PATIENCE;

/// How often a condition is looked at again.
pub const POLL: Duration = Duration::from_millis(10);

/// A running gateway; killed when dropped.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    output: Arc<Mutex<Vec<String>>>,
    _readers: JoinSet<()>,
}

/// How a process ended and what it wrote.
#[derive(Debug)]
pub struct Ended {
    /// Exit status; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output and standard error.
    pub output: String,
}

impl Gateway {
    /// Runs `binary run -c <file>` and waits until every listener of the file has said where it listens.
    pub async fn start(binary: &Path, stage: &Stage, file: &str, env: &BTreeMap<String, String>) -> Result<Self> {
        let text = std::fs::read_to_string(stage.file(file)).with_context(|| format!("configuration {file}"))?;
        let listeners = (text.matches("127.0.0.1:0").count() + text.matches("[::]:0").count()).max(1);
        let mut command = command(binary, stage, &["run", "-c", file], env);
        let mut child = command.spawn().with_context(|| format!("cannot start {}", binary.display()))?;
        let output = Arc::new(Mutex::default());
        let mut readers = JoinSet::new();
        if let Some(stdout) = child.stdout.take() {
            readers.spawn(collect(stdout, Arc::clone(&output)));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.spawn(collect(stderr, Arc::clone(&output)));
        }
        let mut gateway = Self { child, output, _readers: readers };
        gateway
            .wait_for("every listener to say where it listens", |gateway| gateway.listening().len() >= listeners)
            .await?;
        Ok(gateway)
    }

    /// The address of listener `index` of the kind that `via` needs.
    pub fn address(&self, via: Via, index: usize) -> Result<SocketAddr> {
        let kind = match via {
            Via::H1 | Via::H2c => "http",
            Via::Tls | Via::H2 => "https",
            Via::Admin => "admin",
            Via::Health => "health",
        };
        let found = self.listening().into_iter().filter(|(_, found)| found == kind).nth(index);
        let (mut address, _) = found.with_context(|| format!("no `{kind}` listener {index}:\n{}", self.output()))?;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into()); // a dual-stack socket is reached over IPv4 as well
        }
        Ok(address)
    }

    /// The addresses printed so far, with their kinds.
    pub fn listening(&self) -> Vec<(SocketAddr, String)> {
        let lines = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter_map(|line| listening(line)).collect()
    }

    /// Everything written so far.
    pub fn output(&self) -> String {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Waits until `holds`; an error when the gateway ends first or patience does.
    pub async fn wait_for(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !holds(self) {
            if let Some(status) = self.child.try_wait()? {
                tokio::time::sleep(POLL).await; // the last lines are still being read
                bail!("gateway ended ({status}) while waiting for {what}:\n{}", self.output());
            }
            if tokio::time::Instant::now() > deadline {
                bail!("waited in vain for {what}; the gateway wrote:\n{}", self.output());
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Sends SIGHUP, SIGTERM or SIGKILL.
    pub fn signal(&self, name: &str) -> Result<()> {
        let signal = match name {
            "hup" => Signal::HUP,
            "term" => Signal::TERM,
            "kill" => Signal::KILL,
            other => bail!("signal `{other}`: expected `hup`, `term` or `kill`"),
        };
        let id = self.child.id().context("gateway has ended")?;
        let pid = Pid::from_raw(i32::try_from(id)?).context("process id")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Waits for the end.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .with_context(|| format!("gateway does not end:\n{}", self.output()))?
            .map_err(Into::into)
    }

    /// Stops it by SIGTERM and expects exit status 0.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("gateway ended by itself, or by somebody else's signal ({status}):\n{}", self.output());
        }
        self.signal("term")?;
        let status = self.wait().await?;
        if !status.success() {
            bail!("gateway ended with {status} after SIGTERM:\n{}", self.output());
        }
        if self.output().contains("panicked at") {
            bail!("something panicked:\n{}", self.output());
        }
        Ok(())
    }
}

/// Runs `binary` to its end.
pub async fn run(binary: &Path, stage: &Stage, args: &[&str], env: &BTreeMap<String, String>) -> Result<Ended> {
    let child =
        command(binary, stage, args, env).spawn().with_context(|| format!("cannot start {}", binary.display()))?;
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output());
    let ended = ended.await.context("still running: a start that must fail went on")??;
    let mut output = String::from_utf8_lossy(&ended.stdout).into_owned();
    output.push_str(&String::from_utf8_lossy(&ended.stderr));
    Ok(Ended { code: ended.status.code(), output })
}

/// All lines of the record, oldest first.
pub fn events(data: &Path) -> Result<Vec<(String, Value)>> {
    let mut files: Vec<_> = match std::fs::read_dir(data.join("events")) {
        Ok(read) => read.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?,
        Err(_) => return Ok(Vec::new()),
    };
    files.sort();
    let mut events = Vec::new();
    for file in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")) {
        for line in std::fs::read_to_string(file)?.lines() {
            let event = serde_json::from_str(line).with_context(|| format!("event line `{line}`"))?;
            events.push((line.to_owned(), event));
        }
    }
    Ok(events)
}

fn command(binary: &Path, stage: &Stage, args: &[&str], env: &BTreeMap<String, String>) -> Command {
    let mut command = Command::new(binary);
    command.args(args).current_dir(stage.path()).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.envs(env.iter().map(|(name, value)| (name, stage.vars.fill(value))));
    command
}

async fn collect(from: impl AsyncRead + Unpin, into: Arc<Mutex<Vec<String>>>) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        into.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

/// `listening 127.0.0.1:4711 (http)`
fn listening(line: &str) -> Option<(SocketAddr, String)> {
    let (address, kind) = line.strip_prefix("listening ")?.split_once(" (")?;
    Some((address.parse().ok()?, kind.strip_suffix(')')?.to_owned()))
}
