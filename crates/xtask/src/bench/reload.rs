//! Reloads under load: requests that fail because of them, and what they do to latency.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use rustix::process::Signal;
use serde::Serialize;

use super::Args;
use super::load::{Load, Protocol};
use super::machine::Machine;
use super::peer::{Peer, PeerKind, Setup};
use super::report::{self, Table};
use super::statistics::quantile;
use super::workbench::Workbench;

/// Load without a reload, to compare with.
const BEFORE: Duration = Duration::from_secs(5);
/// From one reload to the next.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long a reload may take until it shows.
const PATIENCE: Duration = Duration::from_secs(5);

/// Latency of the requests that ended within a window, in microseconds.
#[derive(Serialize)]
struct Latency {
    requests: usize,
    p50: f64,
    p99: f64,
    p999: f64,
    max: f64,
}

#[derive(Serialize)]
struct Measured {
    name: &'static str,
    /// Reloads seen to take effect.
    reloads: u32,
    failed: u64,
    before: Latency,
    during: Latency,
}

#[derive(Serialize)]
struct Report {
    connections: u32,
    machine: Machine,
    proxies: Vec<Measured>,
}

pub(super) fn run(args: &Args, workbench: &Workbench) -> anyhow::Result<()> {
    let machine = Machine::read();
    let proxies =
        args.peers().into_iter().map(|kind| measure(args, workbench, kind)).collect::<anyhow::Result<Vec<_>>>()?;
    let report = Report { connections: args.connections, machine, proxies };
    println!(
        "{} reloads by SIGHUP, one every {} ms, under HTTP/1.1 load of {} connections\n{}\n",
        args.reloads,
        INTERVAL.as_millis(),
        args.connections,
        report.machine.describe()
    );
    let header =
        ["proxy", "reloads", "failed", "window", "requests", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "p99 ×"];
    let mut table = Table::new(header.map(str::to_owned).to_vec());
    for one in &report.proxies {
        let totals = [one.name.to_owned(), one.reloads.to_string(), one.failed.to_string()];
        table.row(row(totals, "before", &one.before, 1.0));
        let ratio = one.during.p99 / one.before.p99;
        table.row(row([String::new(), String::new(), String::new()], "during", &one.during, ratio));
    }
    table.print();
    report::write_json(args, &report)
}

fn row(totals: [String; 3], window: &str, latency: &Latency, ratio: f64) -> Vec<String> {
    let mut row = totals.to_vec();
    row.extend([window.to_owned(), latency.requests.to_string()]);
    row.extend([latency.p50, latency.p99, latency.p999, latency.max].map(|us| format!("{:.2}", us / 1e3)));
    row.push(format!("{ratio:.2}"));
    row
}

fn measure(args: &Args, workbench: &Workbench, kind: PeerKind) -> anyhow::Result<Measured> {
    let mut peer = Peer::start(workbench, Setup::new(kind, Protocol::Plain))?;
    let load = Load { protocol: Protocol::Plain, connections: args.connections, targets: None };
    load.run_for(&peer.address(), Duration::from_secs(1))?;

    let log = workbench.path().join(format!("{kind:?}.requests.tsv"));
    let span = BEFORE.saturating_add(INTERVAL.saturating_mul(args.reloads)).saturating_add(PATIENCE);
    let (seconds, log_file) = (span.as_secs().to_string(), format!("--log-file={}", log.display()));
    let under_load = load.start(&peer.address(), &["-D", &seconds, &log_file])?;
    std::thread::sleep(BEFORE);
    let first = microseconds_since_epoch()?;
    for round in 0..args.reloads {
        let next = Instant::now().checked_add(INTERVAL).context("clock at its end")?;
        eprint!("\r{}: reload {} of {} ", kind.describe(), round.saturating_add(1), args.reloads);
        reload(&mut peer, workbench, round % 2 == 0)?;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    eprintln!();
    let last = microseconds_since_epoch()?;
    let outcome = load.finish(under_load)?;
    let text = fs::read_to_string(&log)?;
    let requests = || text.lines().filter_map(ended);
    let end = requests().map(|(end, _)| end).max().unwrap_or(0);
    ensure!(end >= last, "the load ended before the last reload took effect; use fewer `--reloads`");
    Ok(Measured {
        name: kind.describe(),
        reloads: args.reloads,
        failed: outcome.failed,
        before: Latency::of(requests().filter(|(end, _)| *end < first)).context("no request before the reloads")?,
        during: Latency::of(requests().filter(|(end, _)| (first..last).contains(end)))
            .context("no request during the reloads")?,
    })
}

/// Changes the configuration, signals, and waits until the change shows: `/extra` exists or is gone.
fn reload(peer: &mut Peer, workbench: &Workbench, is_published: bool) -> anyhow::Result<()> {
    let wanted = if is_published { 200 } else { 404 };
    peer.publish_extra(workbench, is_published)?;
    peer.process.signal(Signal::HUP)?;
    let started = Instant::now();
    loop {
        let found = status(peer.port, "/extra")?;
        if found == wanted {
            return Ok(());
        }
        ensure!(
            started.elapsed() < PATIENCE,
            "{}: `/extra` still answers {found}, not {wanted}, {PATIENCE:?} after SIGHUP\n{}",
            peer.setup.name,
            peer.process.log()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Status of a `GET` on a fresh connection.
fn status(port: u16, path: &str) -> anyhow::Result<u16> {
    let mut stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|field| field.parse().ok());
    status.with_context(|| format!("`{path}` answers no HTTP: `{answer}`"))
}

/// End of a request in microseconds since the epoch, and how long it took; `None` when it got no 200.
fn ended(line: &str) -> Option<(u64, f64)> {
    let mut fields = line.split('\t');
    let start: u64 = fields.next()?.parse().ok()?;
    if fields.next()? != "200" {
        return None;
    }
    let took: u32 = fields.next()?.parse().ok()?;
    Some((start.saturating_add(u64::from(took)), f64::from(took)))
}

#[expect(clippy::disallowed_methods, reason = "to find the moment in the log of h2load, which writes the time of day")]
fn microseconds_since_epoch() -> anyhow::Result<u64> {
    Ok(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?)
}

impl Latency {
    fn of(requests: impl Iterator<Item = (u64, f64)>) -> Option<Self> {
        let mut sorted: Vec<f64> = requests.map(|(_, took)| took).collect();
        sorted.sort_by(f64::total_cmp);
        let at = |q| quantile(&sorted, q);
        Some(Self { requests: sorted.len(), p50: at(0.5)?, p99: at(0.99)?, p999: at(0.999)?, max: at(1.0)? })
    }
}
