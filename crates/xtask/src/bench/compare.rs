//! CPU per request, in slices that take turns, so that whatever disturbs the machine disturbs every proxy alike.

use std::time::Duration;

use serde::Serialize;

use super::Args;
use super::load::{Load, Protocol};
use super::machine::Machine;
use super::peer::{Peer, PeerKind, Setup};
use super::process::used;
use super::profile;
use super::report::{self, Table};
use super::statistics::Spread;
use super::workbench::Workbench;

/// Length of a slice.
const SLICE: Duration = Duration::from_secs(1);
/// What a proxy still does when the load has ended (closing connections, writing its log) belongs to the slice.
const AFTERMATH: Duration = Duration::from_millis(100);

/// One proxy, one second.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Slice {
    requests: u64,
    failed: u64,
    cpu_us: f64,
    cpu_us_per_request: f64,
}

/// One proxy, all its slices.
#[derive(Serialize)]
pub(super) struct Series {
    pub(super) name: String,
    #[serde(skip)]
    pub(super) kind: PeerKind,
    cipher: Option<String>,
    pub(super) cpu_us_per_request: Option<Spread>,
    slices: Vec<Slice>,
}

/// What `--json` gets.
#[derive(Serialize)]
struct Report<'a> {
    protocol: &'static str,
    connections: u32,
    streams: u32,
    machine: &'a Machine,
    proxies: &'a [Series],
    ratios: Vec<Ratio<'a>>,
}

#[derive(Serialize)]
struct Ratio<'a> {
    proxy: &'a str,
    to: &'a str,
    spread: Option<Spread>,
}

pub(super) fn run(args: &Args, workbench: &Workbench, protocol: Protocol) -> anyhow::Result<()> {
    let machine = Machine::read();
    let peers = args
        .peers()
        .into_iter()
        .map(|kind| Peer::start(workbench, Setup::new(kind, protocol)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let streams = if protocol == Protocol::H2 { args.streams } else { 1 };
    let load = Load { streams, ..Load::new(protocol, args.connections) };
    let loads = vec![load.clone(); peers.len()];
    let all = measure(&peers, &loads, args.slices)?;

    println!(
        "{}, {} connections of {} at once, {} slices of {} s each",
        protocol.describe(),
        args.connections,
        streams,
        args.slices,
        SLICE.as_secs()
    );
    println!("{}\n", machine.describe());
    show(&all, &[PeerKind::Nginx, PeerKind::Bare]);
    warn_about_ciphers(&all);
    write_json(args, &load, &machine, &all, &[PeerKind::Nginx, PeerKind::Bare])?;
    match args.profile_seconds {
        Some(seconds) => profile::run(&peers, &loads, seconds),
        None => Ok(()),
    }
}

/// Every proxy with its load in turn, round after round; every other round backwards, so that none always follows the same.
pub(super) fn measure(peers: &[Peer], loads: &[Load<'_>], slices: u32) -> anyhow::Result<Vec<Series>> {
    let mut all: Vec<Series> = peers.iter().map(Series::new).collect();
    for round in 0..=slices {
        eprint!("\rslice {round} of {slices} ");
        let mut turns: Vec<_> = peers.iter().zip(loads).zip(&mut all).collect();
        if round % 2 == 1 {
            turns.reverse();
        }
        for ((peer, load), series) in turns {
            let slice = series.measure(peer, load)?;
            // The first warms caches and upstream connections.
            if round > 0 {
                series.slices.push(slice);
            }
        }
    }
    eprintln!("\r{:20}", "");
    for series in &mut all {
        series.cpu_us_per_request = Spread::of(series.slices.iter().map(|slice| slice.cpu_us_per_request));
    }
    Ok(all)
}

impl Series {
    fn new(peer: &Peer) -> Self {
        let (name, kind) = (peer.setup.name.clone(), peer.setup.kind);
        Self { name, kind, cipher: None, cpu_us_per_request: None, slices: Vec::new() }
    }

    fn measure(&mut self, peer: &Peer, load: &Load<'_>) -> anyhow::Result<Slice> {
        let before = peer.process.cpu()?;
        let outcome = load.run_for(&peer.address(), SLICE)?;
        std::thread::sleep(AFTERMATH);
        let cpu_us = used(&before, &peer.process.cpu()?).as_secs_f64() * 1e6;
        anyhow::ensure!(outcome.answered > 0, "{} answered nothing:\n{}", self.name, peer.process.log());
        self.cipher = outcome.cipher;
        Ok(Slice {
            requests: outcome.answered,
            failed: outcome.failed,
            cpu_us,
            cpu_us_per_request: cpu_us / outcome.answered as f64,
        })
    }

    /// This proxy's cost over `base`'s, slice by slice.
    pub(super) fn ratio(&self, base: &Self) -> Option<Spread> {
        let pairs = self.slices.iter().zip(&base.slices);
        Spread::of(pairs.map(|(own, base)| own.cpu_us_per_request / base.cpu_us_per_request))
    }

    fn failed(&self) -> u64 {
        self.slices.iter().map(|slice| slice.failed).sum()
    }

    /// Median of a figure of the slices.
    fn median(&self, figure: impl Fn(&Slice) -> f64) -> f64 {
        Spread::of(self.slices.iter().map(figure)).map_or(f64::NAN, |spread| spread.median)
    }
}

/// The table, with one ratio column for each of `bases` that was measured.
fn show(all: &[Series], bases: &[PeerKind]) {
    let bases: Vec<&Series> = bases.iter().filter_map(|kind| all.iter().find(|series| series.kind == *kind)).collect();
    let mut header = vec!["proxy".to_owned(), "CPU µs/request".to_owned(), "quartiles".to_owned()];
    header.extend(bases.iter().flat_map(|base| [format!("× {}", base.name), "quartiles".to_owned()]));
    header.extend(["requests/s", "core busy", "failed"].map(str::to_owned));
    let mut table = Table::new(header);
    for series in all {
        let mut row = vec![series.name.clone()];
        row.extend(report::spread(series.cpu_us_per_request, 2));
        row.extend(bases.iter().flat_map(|base| report::spread(series.ratio(base), 3)));
        row.push(format!("{:.0}", series.median(|slice| slice.requests as f64 / SLICE.as_secs_f64())));
        row.push(format!("{:.0} %", series.median(|slice| slice.cpu_us / SLICE.as_secs_f64() / 1e4)));
        row.push(series.failed().to_string());
        table.row(row);
    }
    table.print();
    let find = |kind| all.iter().find(|series| series.kind == kind);
    if let Some(floor) = find(PeerKind::Twin).zip(find(PeerKind::Nginx)).and_then(|(twin, nginx)| twin.ratio(nginx)) {
        let percent = (floor.median - 1.0).abs() * 100.0;
        let verdict = if percent < 4.0 { "quiet enough" } else { "too noisy to conclude anything; run again" };
        println!("\nnoise floor: nginx and its twin are {percent:.1} % apart (under 4 % is no difference): {verdict}");
    }
}

fn warn_about_ciphers(all: &[Series]) {
    let mut ciphers: Vec<&str> = all.iter().filter_map(|series| series.cipher.as_deref()).collect();
    ciphers.sort_unstable();
    ciphers.dedup();
    match ciphers.as_slice() {
        [] => {}
        [one] => println!("TLS: {one} for all"),
        several => println!("warning: the proxies did not agree on one TLS cipher: {}", several.join(", ")),
    }
}

fn write_json(
    args: &Args,
    load: &Load<'_>,
    machine: &Machine,
    all: &[Series],
    bases: &[PeerKind],
) -> anyhow::Result<()> {
    let bases = bases.iter().filter_map(|kind| all.iter().find(|series| series.kind == *kind));
    let ratios = bases
        .flat_map(|base| all.iter().map(move |own| Ratio { proxy: &own.name, to: &base.name, spread: own.ratio(base) }))
        .collect();
    let protocol = load.protocol.describe();
    let (connections, streams) = (load.connections, load.streams);
    report::write_json(args, &Report { protocol, connections, streams, machine, proxies: all, ratios })
}
