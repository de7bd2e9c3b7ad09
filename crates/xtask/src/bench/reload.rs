//! Reloads under load: requests that fail because of them, and what they do to latency.

use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rustix::process::Signal;
use serde::Serialize;

use super::Args;
use super::client::{Clients, exchange};
use super::load::Protocol;
use super::machine::Machine;
use super::operations;
use super::peer::{Peer, PeerKind, Setup};
use super::report::{self, Table};
use super::statistics::quantile;
use super::workbench::Workbench;

/// Load that is not measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// Load without a reload, to compare with.
const BEFORE: Duration = Duration::from_secs(5);
/// From the moment at which a reload shows to the next: longer than portcullis rests between two.
const INTERVAL: Duration = Duration::from_millis(300);
/// How long a reload may take until it shows.
const PATIENCE: Duration = Duration::from_secs(30);

/// Latency of the requests that ended within a window, in milliseconds.
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
    first_failure: Option<String>,
    /// The longest from a signal to a request that shows its effect, in milliseconds.
    slowest: f64,
    /// Connections the proxy asked its clients to close.
    closed: u64,
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
        "{} reloads by SIGHUP, {} ms from the effect of one to the next, under HTTP/1.1 load of {} connections\n{}\n",
        args.reloads,
        INTERVAL.as_millis(),
        args.connections,
        report.machine.describe()
    );
    let header = [
        "proxy", "reloads", "failed", "closed", "window", "requests", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "p99 ×",
    ];
    let mut table = Table::new(header.map(str::to_owned).to_vec());
    for one in &report.proxies {
        let totals = [one.name.to_owned(), one.reloads.to_string(), one.failed.to_string(), one.closed.to_string()];
        table.row(row(totals, "before", &one.before, 1.0));
        let ratio = one.during.p99 / one.before.p99;
        table.row(row(Default::default(), "during", &one.during, ratio));
    }
    table.print();
    for one in &report.proxies {
        println!("{}: the slowest reload showed after {:.0} ms", one.name, one.slowest);
    }
    for (name, why) in report.proxies.iter().filter_map(|one| Some((one.name, one.first_failure.as_ref()?))) {
        println!("{name}: the first failure was: {why}");
    }
    report::write_json(args, &report)
}

fn row(totals: [String; 4], window: &str, latency: &Latency, ratio: f64) -> Vec<String> {
    let mut row = totals.to_vec();
    row.extend([window.to_owned(), latency.requests.to_string()]);
    row.extend([latency.p50, latency.p99, latency.p999, latency.max].map(|figure| format!("{figure:.2}")));
    row.push(format!("{ratio:.2}"));
    row
}

fn measure(args: &Args, workbench: &Workbench, kind: PeerKind) -> anyhow::Result<Measured> {
    let mut setup = Setup::new(kind, Protocol::Plain);
    if args.operations > 0 {
        setup.document = operations::large(args.operations);
    }
    let mut peer = Peer::start(workbench, setup)?;
    let clients = Clients::start(peer.port, args.connections);
    std::thread::sleep(WARM_UP);
    let warm = Instant::now();
    std::thread::sleep(BEFORE);
    let first = Instant::now();
    let mut slowest = 0.0_f64;
    for round in 0..args.reloads {
        eprint!("\r{}: reload {} of {} ", kind.describe(), round.saturating_add(1), args.reloads);
        let shown = reload(&mut peer, workbench, round % 2 == 0)?;
        slowest = slowest.max(shown.as_secs_f64() * 1e3);
        std::thread::sleep(INTERVAL);
    }
    eprintln!();
    let last = Instant::now();
    let tally = clients.stop()?;
    let latency = |window: Range<Instant>| {
        let ended_within = tally.answered.iter().filter(|(end, _)| window.contains(end));
        Latency::of(ended_within.map(|(_, took)| took.as_secs_f64() * 1e3)).context("no request was answered")
    };
    Ok(Measured {
        name: kind.describe(),
        reloads: args.reloads,
        failed: tally.failed,
        slowest,
        closed: tally.closed,
        before: latency(warm..first)?,
        during: latency(first..last)?,
        first_failure: tally.first_failure,
    })
}

/// Changes the configuration, signals, and waits until the change shows: `/extra` exists or is gone. How long that took.
fn reload(peer: &mut Peer, workbench: &Workbench, is_published: bool) -> anyhow::Result<Duration> {
    let wanted = if is_published { 200 } else { 404 };
    peer.publish_extra(workbench, is_published)?;
    peer.process.signal(Signal::HUP)?;
    let started = Instant::now();
    loop {
        // A fresh connection each time: an old worker of nginx keeps answering on its own.
        let found = exchange(&mut None, peer.port, "/extra")?.status;
        if found == wanted {
            return Ok(started.elapsed());
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

impl Latency {
    fn of(milliseconds: impl Iterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = milliseconds.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |q| quantile(&sorted, q);
        Some(Self { requests: sorted.len(), p50: at(0.5)?, p99: at(0.99)?, p999: at(0.999)?, max: at(1.0)? })
    }
}
