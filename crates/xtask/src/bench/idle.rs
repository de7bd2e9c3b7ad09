//! Resident memory of a connection that sent one request and then waits.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;

use super::Args;
use super::load::{Load, Protocol};
use super::machine::Machine;
use super::peer::{Peer, PeerKind, Setup};
use super::report::{self, Table};
use super::workbench::Workbench;

/// New connections every [`PERIOD`] while they are opened: few at once, or their first requests would come together and
/// what is measured would be the upstream connections for them.
const OPENED_PER_PERIOD: u32 = 10;
const PERIOD: Duration = Duration::from_millis(10);
/// How long a connection waits between its two requests, over the time to open all of them.
const WAIT: Duration = Duration::from_secs(8);
/// How much later than planned the last connection may be there; with `SETTLE` still before the second request.
const LATENESS: Duration = Duration::from_secs(4);
/// From the last connection opened to the reading.
const SETTLE: Duration = Duration::from_secs(3);

#[derive(Serialize)]
struct Measured {
    name: &'static str,
    protocol: &'static str,
    resident_before: u64,
    resident_idle: u64,
    bytes_per_connection: f64,
    /// Whether every connection still answered after its wait.
    all_survived: bool,
}

#[derive(Serialize)]
struct Report {
    connections: u32,
    machine: Machine,
    proxies: Vec<Measured>,
}

pub(super) fn run(args: &Args, workbench: &Workbench) -> anyhow::Result<()> {
    let mut proxies = Vec::new();
    for kind in args.peers() {
        for protocol in [Protocol::Plain, Protocol::Tls] {
            eprintln!("{}, {}", kind.describe(), protocol.describe());
            proxies.push(measure(args, workbench, kind, protocol)?);
        }
    }
    let report = Report { connections: args.idle_connections, machine: Machine::read(), proxies };
    println!("{} idle connections, each after one request\n{}\n", report.connections, report.machine.describe());
    let header = ["proxy", "protocol", "MiB before", "MiB idle", "KB/connection", "all survived"];
    let mut table = Table::new(header.map(str::to_owned).to_vec());
    let mebibytes = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1_u32 << 20));
    for one in &report.proxies {
        table.row(vec![
            one.name.to_owned(),
            one.protocol.to_owned(),
            mebibytes(one.resident_before),
            mebibytes(one.resident_idle),
            format!("{:.1}", one.bytes_per_connection / 1e3),
            if one.all_survived { "yes" } else { "NO" }.to_owned(),
        ]);
    }
    table.print();
    report::write_json(args, &report)
}

fn measure(args: &Args, workbench: &Workbench, kind: PeerKind, protocol: Protocol) -> anyhow::Result<Measured> {
    let mut setup = Setup::new(kind, protocol);
    setup.name = format!("{} {protocol:?}", kind.describe());
    setup.is_client_trusted = true;
    let peer = Peer::start(workbench, setup)?;
    // So that what grows once and for all has grown.
    Load::new(protocol, args.connections).run_for(&peer.address(), Duration::from_secs(1))?;
    std::thread::sleep(Duration::from_secs(1));
    let resident_before = peer.process.resident()?;

    let (connections, address) = (args.idle_connections, peer.address());
    let opening = PERIOD.saturating_mul(connections.div_ceil(OPENED_PER_PERIOD));
    let script = workbench.path().join("idle.tsv");
    let wait = opening.saturating_add(WAIT).as_millis();
    fs::write(&script, format!("0\t{address}\n{wait}\t{address}\n"))?;
    let load = Load::new(protocol, connections);
    let mut command = load.command()?;
    command.args(["-n", "2", "-r", &OPENED_PER_PERIOD.to_string()]);
    command.arg(format!("--rate-period={}ms", PERIOD.as_millis())).arg("--timing-script-file").arg(&script);
    let under_way = command.spawn()?;
    let started = Instant::now();
    while established(peer.port)? < u64::from(connections) {
        let open = established(peer.port)?;
        ensure!(
            started.elapsed() < opening.saturating_add(LATENESS),
            "{}: only {open} of {connections} connections stand\n{}",
            kind.describe(),
            peer.process.log()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(SETTLE);
    let resident_idle = peer.process.resident()?;
    let outcome = load.finish(under_way)?;
    Ok(Measured {
        name: kind.describe(),
        protocol: protocol.describe(),
        resident_before,
        resident_idle,
        bytes_per_connection: (resident_idle as f64 - resident_before as f64) / f64::from(connections),
        all_survived: outcome.failed == 0 && outcome.answered == u64::from(connections).saturating_mul(2),
    })
}

/// Connections to the local IPv4 `port` that are established.
fn established(port: u16) -> anyhow::Result<u64> {
    let port = format!(":{port:04X}");
    let table = fs::read_to_string("/proc/net/tcp")?;
    let count = table
        .lines()
        .filter(|line| {
            let mut fields = line.split_whitespace().skip(1);
            // Local address, remote address, state; 01 is ESTABLISHED.
            fields.next().is_some_and(|local| local.ends_with(&port)) && fields.nth(1) == Some("01")
        })
        .count();
    Ok(u64::try_from(count)?)
}
