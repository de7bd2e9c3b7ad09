//! Smuggling needs two readers that disagree. Here the readers are the gateway and, behind it, Node, nginx and HAProxy: for each
//! odd request either the gateway refuses it, or all of them see the one request that it recorded and no other; each odd but
//! valid one arrives unchanged.
//!
//! nginx and HAProxy have a recorder behind them, because their own log says how often and not what. Every request that arrives
//! anywhere carries the id of its record.

#[path = "differential/case.rs"]
mod case;
#[path = "differential/client.rs"]
mod client;
#[path = "differential/fields.rs"]
mod fields;
#[path = "differential/frames.rs"]
mod frames;
#[path = "differential/framing.rs"]
mod framing;
#[path = "differential/heads.rs"]
mod heads;
#[path = "differential/judge.rs"]
mod judge;
#[path = "differential/servers.rs"]
mod servers;
#[path = "differential/streams.rs"]
mod streams;
#[path = "differential/valid.rs"]
mod valid;

use std::collections::HashSet;
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use portcullis_testkit::process::until;

use crate::setup::Gateway;
use case::Case;
use client::Door;
use judge::{Lane, Sent};
use servers::{Haproxy, Logged, Recorder};

/// Rules of HTTP/1.1 grammar that the gateway leaves to hyper as yet, which is more lenient.
const AWAITED: &[&str] = &[
    "chunks-tiny",
    "cl-bare-lf-behind",
    "cl-twice-same",
    "ends-lf-all",
    "ends-lf-empty-line",
    "ends-lf-lf",
    "extension-backslash",
    "extension-bad-name",
    "extension-control",
    "extension-del",
    "extension-last-nul",
    "extension-last-open-quote",
    "extension-latin1",
    "extension-no-name",
    "extension-no-name-equals",
    "extension-no-value",
    "extension-nul",
    "extension-open-quote",
    "extension-quote-inside",
    "last-space",
    "pipeline-good-empty-lines",
    "pipeline-good-lf-good",
    "size-space-behind",
    "size-tab-behind",
    "target-fragment-query",
    "te-bare-lf-before",
    "te-gzip",
    "te-lines-chunked-chunked",
    "te-lines-empty-chunked",
    "te-lines-gzip-chunked",
    "te-lines-identity-chunked",
    "te-twice",
];

/// What the corpus may not fall under.
const LEAST_ODD: usize = 300;
const LEAST_VALID: usize = 80;

const DOCUMENT: &str = r#"
openapi: 3.2.0
info: { title: differential, version: "1" }
paths:
  /c/{path+}:
    get: {}
    put: {}
    post: {}
    delete: {}
    options: {}
    patch: {}
    additionalOperations:
      { COPY: {}, LOCK: {}, M-SEARCH: {}, MKCOL: {}, MOVE: {}, PROPFIND: {}, PROPPATCH: {}, REPORT: {}, SEARCH: {}, UNLOCK: {} }
  /smuggled/{path+}:
    get: {}
  /probe/{name}:
    get: {}
  /sentinel:
    get: {}
"#;

fn gateway(port: u16) -> Result<Gateway> {
    // Cases that wait for what never comes wait this long.
    let config = format!(
        "version: 1
cores: 1
listeners:
  - address: 127.0.0.1:0
  - {{ address: 127.0.0.1:0, h2c: true }}
timeouts: {{ head: 400ms, body_idle: 400ms, linger: 200ms }}
upstreams:
  peer: {{ endpoints: [\"http://127.0.0.1:{port}\"] }}
apis:
  peer: {{ openapi: api.yaml, upstream: peer, preserve_host: true, identity: public, controls: {{ contract.request: off, contract.response: off }} }}
"
    );
    Gateway::start(&config, &[("api.yaml", DOCUMENT)])
}

fn corpus() -> Result<Vec<Case>> {
    Ok([framing::cases()?, heads::cases()?, streams::cases()?, valid::cases()?].concat())
}

/// Sends everything through one gateway, one case after the other, an honest request behind each.
fn run(gateway: &Gateway, corpus: &[Case]) -> Result<Vec<Sent>> {
    let door = Door { http1: gateway.address("http", 0)?, http2: gateway.address("http", 1)? };
    let mut all = Vec::new();
    for case in corpus {
        let answers = client::send(door, case).map_err(|error| format!("{error:#}"));
        let sentinel = client::sentinel(door).with_context(|| format!("behind {}", case.name))?;
        all.push(Sent { answers, sentinel });
    }
    Ok(all)
}

/// The records, once the last of `sent` is among them.
fn records(gateway: &Gateway, sent: &[Sent]) -> Result<Vec<String>> {
    let last = sent.last().and_then(|sent| sent.sentinel.id.clone()).context("the last answer has no id")?;
    until("the last record", || {
        let records = gateway.records()?;
        Ok(records.iter().any(|record| record.contains(&last)).then_some(records))
    })
}

#[test]
fn the_corpus_is_large_and_each_case_is_another() -> Result<()> {
    let corpus = corpus()?;
    let valid = corpus.iter().filter(|case| case.valid).count();
    let odd = corpus.len() - valid;
    println!("{odd} odd and {valid} valid requests");
    assert!(odd >= LEAST_ODD && valid >= LEAST_VALID, "{odd} odd, {valid} valid");
    let (mut names, mut wires) = (HashSet::new(), HashSet::new());
    for case in &corpus {
        assert!(names.insert(case.name.as_str()), "two cases are called {}", case.name);
        // The name stands in the path: without it, each must still be another.
        assert!(wires.insert((case.valid, case.unnamed())), "{} is another case once more", case.name);
    }
    for case in corpus.iter().filter(|case| case.valid) {
        assert!(case.why.starts_with("RFC "), "{}: which sentence allows it?", case.name);
    }
    Ok(())
}

/// edge/H: no reader behind the gateway sees another request than the gateway did.
#[test]
fn upstreams_see_the_request_that_was_recorded_and_no_other() -> Result<()> {
    let mut corpus = corpus()?;
    corpus.retain(|case| !AWAITED.contains(&case.name.as_str()));
    let recorder = Recorder::start()?;
    let (nginx, haproxy) = (servers::nginx(&recorder)?, Haproxy::start(&recorder)?);
    let mut gateways = [gateway(recorder.port("node")?)?, gateway(nginx.port)?, gateway(haproxy.port)?];
    let sent = thread::scope(|scope| {
        let lanes = gateways.each_ref().map(|gateway| scope.spawn(|| run(gateway, &corpus)));
        lanes.map(|lane| lane.join().map_err(|_| anyhow!("a client panicked")).flatten())
    });
    let mut wrong = Vec::new();
    for ((name, gateway), sent) in servers::NAMES.into_iter().zip(&gateways).zip(sent) {
        let sent = sent.with_context(|| format!("in front of {name}"))?;
        let records = records(gateway, &sent)?;
        let seen = recorder.seen(name)?;
        let logged = match name {
            "nginx" => Some(own_log(|| nginx.log("seen.log"), &sent)?),
            "haproxy" => Some(own_log(|| haproxy.log(), &sent)?),
            _ => None, // Node's own log is the recorder's
        };
        wrong.extend(Lane { name, corpus: &corpus, sent: &sent, records: &records, seen: &seen, logged }.judge()?);
    }
    for gateway in &mut gateways {
        gateway.expect_well()?;
    }
    assert!(wrong.is_empty(), "{} disagreements:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

/// A server logs a request when it is done with it: the last one is there a little later than its answer.
fn own_log(log: impl Fn() -> Result<String>, sent: &[Sent]) -> Result<Vec<Logged>> {
    let last = sent.last().and_then(|sent| sent.sentinel.id.as_deref()).context("the last answer has no id")?;
    until("the last line of the log", || {
        let text = log()?;
        let is_whole = text.ends_with('\n') && text.contains(last);
        Ok(is_whole.then(|| text.lines().filter_map(servers::logged).collect()))
    })
}
