//! A client that goes on when the server closes a connection, as h2load does not: it opens another.
//!
//! One thread a connection, each sending one request after another over HTTP/1.1.

use std::io::{BufRead, BufReader, Read, Write, copy, sink};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use rustix::thread::{CpuSet, sched_setaffinity};

use super::process::LOAD_CORE;

#[cfg(test)]
mod tests;

/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Connections at work until [`Clients::stop`].
pub(super) struct Clients {
    is_stopped: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Tally>>,
}

/// What became of the requests.
#[derive(Default)]
pub(super) struct Tally {
    /// When each request that got a complete 200 ended, and how long it took.
    pub(super) answered: Vec<(Instant, Duration)>,
    /// Requests that were sent, or could not be, and got no complete 200.
    pub(super) failed: u64,
    pub(super) first_failure: Option<String>,
    /// Connections the server asked to close after an answer. That is allowed, and no failure.
    pub(super) closed: u64,
}

impl Clients {
    /// Starts so many connections to a loopback port.
    pub(super) fn start(port: u16, connections: u32) -> Self {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let work = |_| {
            let is_stopped = Arc::clone(&is_stopped);
            thread::spawn(move || work(port, &is_stopped))
        };
        let threads = (0..connections).map(work).collect();
        Self { is_stopped, threads }
    }

    /// Lets the requests under way end and adds everything up.
    pub(super) fn stop(self) -> anyhow::Result<Tally> {
        self.is_stopped.store(true, Ordering::Relaxed);
        let mut total = Tally::default();
        for thread in self.threads {
            let tally = thread.join().map_err(|_| anyhow!("a client thread panicked"))?;
            total.answered.extend(tally.answered);
            total.failed = total.failed.saturating_add(tally.failed);
            total.closed = total.closed.saturating_add(tally.closed);
            total.first_failure = total.first_failure.or(tally.first_failure);
        }
        Ok(total)
    }
}

fn work(port: u16, is_stopped: &AtomicBool) -> Tally {
    let mut core = CpuSet::new();
    core.set(usize::try_from(LOAD_CORE).unwrap_or(0));
    // Unpinned it would only disturb the proxy under test.
    let _ = sched_setaffinity(None, &core);
    let mut tally = Tally::default();
    let mut connection = None;
    while !is_stopped.load(Ordering::Relaxed) {
        let started = Instant::now();
        match exchange(&mut connection, port, "/item") {
            Ok(Answer { status: 200, is_last }) => {
                tally.answered.push((Instant::now(), started.elapsed()));
                tally.closed = tally.closed.saturating_add(u64::from(is_last));
            }
            Ok(Answer { status, .. }) => tally.fail(format!("status {status}")),
            Err(error) => tally.fail(format!("{error:#}")),
        }
    }
    tally
}

impl Tally {
    fn fail(&mut self, why: String) {
        self.failed = self.failed.saturating_add(1);
        self.first_failure.get_or_insert(why);
        // A server that is gone must not make a busy loop of this one.
        thread::sleep(Duration::from_millis(10));
    }
}

/// What was answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Whether the server said that it closes the connection.
    is_last: bool,
}

/// One `GET`; opens a connection when there is none and keeps it unless it is spent.
pub(super) fn exchange(
    connection: &mut Option<BufReader<TcpStream>>,
    port: u16,
    target: &str,
) -> anyhow::Result<Answer> {
    let mut stream = match connection.take() {
        Some(stream) => stream,
        None => BufReader::new(connect(port).context("cannot connect")?),
    };
    let request = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    stream.get_mut().write_all(request.as_bytes()).context("cannot send")?;
    let answer = read(&mut stream)?;
    if !answer.is_last {
        *connection = Some(stream);
    }
    Ok(answer)
}

fn connect(port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

/// Reads an answer with a `Content-Length` to its end; the peers measured here send no other.
fn read(stream: &mut impl BufRead) -> anyhow::Result<Answer> {
    let mut line = String::new();
    stream.read_line(&mut line).context("cannot read")?;
    ensure!(!line.is_empty(), "connection closed without an answer");
    let status = line.split(' ').nth(1).and_then(|field| field.trim().parse().ok());
    let status = status.with_context(|| format!("no status in `{}`", line.trim_end()))?;
    let (mut length, mut is_last) = (None, false);
    loop {
        line.clear();
        stream.read_line(&mut line).context("cannot read")?;
        ensure!(line.ends_with('\n'), "answer cut short in its head");
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse::<u64>().context("bad Content-Length")?);
        }
        is_last |= name.eq_ignore_ascii_case("connection") && value.trim().eq_ignore_ascii_case("close");
    }
    let length = length.context("answer without Content-Length")?;
    let received = copy(&mut stream.take(length), &mut sink()).context("cannot read")?;
    ensure!(received == length, "answer cut short: {received} of {length} bytes");
    Ok(Answer { status, is_last })
}
