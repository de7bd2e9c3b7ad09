//! A configuration that changes under load.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use portcullis_testkit::process::until;

use crate::setup::{Certificates, Gateway, H2load, curl, upstream};

const RELOADED: &str = "configuration reloaded";
const REFUSED: &str = "configuration refused";

/// edge/R3, edge/R4: neither a good reload nor a bad one costs a request.
#[test]
fn reloads_under_load_cost_no_request() -> Result<()> {
    let (_upstream, address) = upstream()?;
    let certificates = Certificates::new()?;
    let config = |max_body: &str, response: &str| {
        format!(
            "version: 1
cores: 2
admin: {{ address: 127.0.0.1:0 }}
listeners:
  - address: 127.0.0.1:0
  - {{ address: 127.0.0.1:0, tls: {{ certificate: api.pem, key: api.key }} }}
upstreams:
  small: {{ endpoints: [\"http://{address}\"], timeouts: {{ response: {response} }} }}
apis:
  peers: {{ openapi: api.yaml, upstream: small, identity: public, controls: {{ contract.request: off, contract.response: off }}, max_body: {max_body} }}
"
        )
    };
    let [one, other] = [config("1MiB", "15s"), config("2MiB", "16s")];
    let broken = one.replace("max_body", "max_bodie");
    let issued = &certificates.issued;
    let files = [("api.pem", issued.certificate_pem.as_str()), ("api.key", issued.key_pem.as_str())];
    let mut gateway = Gateway::start(&one, &files)?;

    // 15 s of load at least, on machines of any speed: between two reloads the gateway rests.
    let mut h2 = H2load::start(3_000, &["-c", "4", "-m", "4", "--rps", "50", &gateway.url("https", "/items")?])?;
    let mut h1 = H2load::start(3_000, &["--h1", "-c", "20", "--rps", "10", &gateway.url("http", "/items")?])?;
    let mut rounds = 0;
    while rounds < 5 || h2.is_running()? || h1.is_running()? {
        for (text, said) in [(&other, RELOADED), (&broken, REFUSED), (&one, RELOADED)] {
            let before = gateway.process.count(said);
            gateway.configure(text)?;
            gateway.process.hang_up()?;
            until(said, || Ok((gateway.process.count(said) > before).then_some(())))?;
        }
        rounds += 1;
        if rounds == 5 {
            assert!(h2.is_running()? && h1.is_running()?, "the load ended before 10 reloads: this shows nothing");
        }
    }
    println!("{} reloads and {rounds} refused ones under load", 2 * rounds);
    h2.expect_all()?;
    h1.expect_all()?;
    assert_eq!(curl(&[&gateway.url("admin", "/readyz")?])?.status, 200);
    gateway.expect_well()
}

/// edge/R12, as far as it can be shown today (docs/decisions/0021): how long it takes is printed, whose work it is is judged.
#[test]
fn ten_thousand_operations_are_compiled_beside_the_cores() -> Result<()> {
    const OPERATIONS: usize = 10_000;
    let document = |operations: usize| {
        let path = |n: usize| {
            let (group, id) = (n / 100, n % 100);
            format!(
                "  /group{group}/kind{id}/{{id}}:\n    parameters: [{{ name: id, in: path, required: true, schema: {{ type: string }} }}]\n    \
                 get: {{ operationId: op{n}, responses: {{ \"200\": {{ description: ok }} }} }}\n"
            )
        };
        let paths: String = (0..operations).map(path).collect();
        format!("openapi: 3.1.0\ninfo: {{ title: large, version: \"1\" }}\npaths:\n{paths}")
    };
    let (_upstream, address) = upstream()?;
    let config = format!(
        "version: 1
cores: 2
listeners: [{{ address: 127.0.0.1:0 }}]
upstreams: {{ small: {{ endpoints: [\"http://{address}\"] }} }}
apis: {{ large: {{ openapi: large.yaml, upstream: small, identity: public, controls: {{ contract.request: off, contract.response: off }} }} }}
"
    );
    let started = Instant::now();
    let mut gateway = Gateway::start(&config, &[("large.yaml", &document(OPERATIONS))])?;
    println!("{OPERATIONS} operations: listening after {:?}", started.elapsed());
    // The upstream does not know these paths: its 404 is no problem document.
    let is_served = |gateway: &Gateway, path: &str| {
        Ok::<_, anyhow::Error>(curl(&[&gateway.url("http", path)?])?.problem().is_none())
    };
    assert!(is_served(&gateway, "/group99/kind99/1")?, "the last operation");
    assert!(!is_served(&gateway, "/group100/kind0/1")?, "and no other");

    // Enough of it that ticks of 10 ms can tell whose it was.
    let process = gateway.process.id();
    let before = cpu(process)?;
    for round in 1..=20 {
        let (said, begun) = (gateway.process.count(RELOADED), Instant::now());
        std::fs::write(gateway.folder().join("large.yaml"), document(OPERATIONS + round))?;
        gateway.process.hang_up()?;
        until(RELOADED, || Ok((gateway.process.count(RELOADED) > said).then_some(())))?;
        let now = cpu(process)?;
        let (all, cores) = (now.0 - before.0, now.1 - before.1);
        println!("reload {round}: {:?}; ticks so far: {all}, of the cores: {cores}", begun.elapsed());
        if all >= 50 {
            assert!(cores * 5 <= all, "edge/R12: the cores spent {cores} of {all} ticks, and had nothing to serve");
            assert!(is_served(&gateway, "/group100/kind0/1")?, "the operation that was added");
            return gateway.expect_well();
        }
    }
    panic!("too little work to see whose it is");
}

/// Clock ticks of the process, and of the threads of its cores.
fn cpu(process: u32) -> Result<(u64, u64)> {
    let ticks = |path: &Path| -> Result<u64> {
        let stat = std::fs::read_to_string(path)?;
        // The name in brackets may hold anything; user and system time are the 12th and 13th value behind it.
        let (_, values) = stat.rsplit_once(')').context("a name")?;
        let times = values.split_whitespace().skip(11).take(2);
        times.map(|time| time.parse::<u64>().context("a time")).sum()
    };
    let folder = PathBuf::from(format!("/proc/{process}"));
    let mut cores = 0;
    for task in std::fs::read_dir(folder.join("task"))? {
        let task = task?.path();
        // A thread may have ended between the two looks.
        let Ok(name) = std::fs::read_to_string(task.join("comm")) else { continue };
        if name.starts_with("core-") {
            cores = ticks(&task.join("stat"))?.saturating_add(cores);
        }
    }
    Ok((ticks(&folder.join("stat"))?, cores))
}
