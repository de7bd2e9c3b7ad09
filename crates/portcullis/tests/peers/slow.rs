//! Clients that send or read next to nothing, that vanish, and too many of them.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use portcullis_testkit::process::until;

use crate::setup::{Gateway, curl, upstream};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

fn config(upstream: SocketAddr, more: &str) -> String {
    format!(
        "version: 1
cores: 1
listeners: [{{ address: 127.0.0.1:0, h2c: true }}]
{more}
upstreams:
  small: {{ endpoints: [\"http://{upstream}\"] }}
apis:
  peers: {{ openapi: api.yaml, upstream: small, identity: public, controls: {{ contract.request: off, contract.response: off }} }}
"
    )
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn head(method: &str, target: &str, length: usize) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n")
}

/// The status of the next answer.
fn status(stream: &mut TcpStream) -> Result<String> {
    let mut start = [0; 12];
    stream.read_exact(&mut start)?;
    Ok(String::from_utf8_lossy(&start[9..]).into_owned())
}

/// edge/S6: a byte now and then keeps an upload from being idle, not from being too slow.
#[test]
fn content_that_drips_is_refused() -> Result<()> {
    let (_upstream, address) = upstream()?;
    let mut gateway = Gateway::start(&config(address, "timeouts: { slow_body: 2s, body_idle: 30s }"), &[])?;
    let mut drip = connect(gateway.address("http", 0)?)?;
    let mut honest = connect(gateway.address("http", 0)?)?;
    drip.write_all(head("POST", "/upload", 1000).as_bytes())?;
    drip.set_read_timeout(Some(Duration::from_millis(50)))?;
    // Ten times as fast as it must be, for longer than the other one lives.
    let pieces = 80;
    honest.write_all(head("POST", "/upload", pieces * 250).as_bytes())?;
    let sending = thread::spawn(move || -> Result<String> {
        for _ in 0..pieces {
            honest.write_all(&[b'x'; 250])?;
            thread::sleep(Duration::from_millis(50)); // what makes it slow
        }
        status(&mut honest)
    });
    let refused = until("the refusal of a slow upload", || {
        drip.write_all(b"x")?;
        let mut start = [0; 12];
        match drip.peek(&mut start) {
            Ok(12) => Ok(Some(start)),
            Ok(length) => Err(anyhow::anyhow!("closed after {length} bytes of an answer")),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
            Err(error) => Err(error.into()),
        }
    })?;
    assert_eq!(&refused[9..], b"408", "edge/S6");
    assert_eq!(sending.join().expect("no panic")?, "200", "edge/S6: slow, but fast enough");
    gateway.expect_well()
}

/// edge/S7: reading a few bytes now and then does not keep a download alive; the upstream is not read on for it.
#[test]
fn a_reader_that_drips_is_cut() -> Result<()> {
    const LENGTH: u64 = 256 << 20;
    let (_upstream, address) = upstream()?;
    let mut gateway = Gateway::start(&config(address, "timeouts: { write_stall: 1s }"), &[])?;
    let mut drip = connect(gateway.address("http", 0)?)?;
    drip.write_all(head("GET", &format!("/download?{LENGTH}"), 0).as_bytes())?;
    let record = until("the end of a slow download", || {
        drip.read_exact(&mut [0; 16])?;
        thread::sleep(Duration::from_millis(20)); // what makes it slow
        Ok(gateway.records()?.pop())
    })?;
    let record: serde_json::Value = serde_json::from_str(&record)?;
    assert_eq!(record["reason"], "transport.write_stalled", "edge/S7: {record}");
    let sent = record["bytes_out"].as_u64().context("bytes_out")?;
    assert!(sent < LENGTH / 4, "edge/S7: {sent} bytes were read for a client that took next to none");
    gateway.expect_well()
}

/// edge/S8: content that never runs dry has the deadline of its exchange too.
#[test]
fn a_reader_that_takes_its_time_meets_the_deadline() -> Result<()> {
    const LENGTH: u64 = 1 << 40;
    let (_upstream, address) = upstream()?;
    let mut gateway = Gateway::start(&config(address, "timeouts: { exchange: 1s }"), &[])?;
    for protocol in ["--http1.1", "--http2-prior-knowledge"] {
        let url = gateway.url("http", &format!("/download?{LENGTH}"))?;
        let cut = curl(&[protocol, "--limit-rate", "4M", &url])?;
        assert_eq!(cut.status, 200, "edge/S8: {protocol}: {}", cut.trace);
        assert!(!matches!(cut.exit, Some(0 | 28)), "edge/S8: {protocol}: cut, not ended or given up: {:?}", cut.exit);
    }
    let records = until("two records", || Ok(Some(gateway.records()?).filter(|records| records.len() == 2)))?;
    for record in records {
        assert!(record.contains("\"transport.exchange_timeout\""), "edge/S8: {record}");
    }
    gateway.expect_well()
}

/// edge/S16: whoever vanishes takes its upstream request with it, long before any deadline.
#[test]
fn a_client_that_vanishes_cancels_its_upstream_request() -> Result<()> {
    let upstream = TcpListener::bind(("127.0.0.1", 0))?;
    let mut gateway = Gateway::start(
        &config(upstream.local_addr()?, "").replace("\"] }", "\"], timeouts: { response: 10m, total: 10m } }"),
        &[],
    )?;
    let h1 = head("GET", "/never", 0).into_bytes();
    // SETTINGS, and HEADERS that end the stream: GET, http, a literal path and authority.
    let h2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x0d\x01\x05\0\0\0\x01\x82\x86\x04\x06/never\x01\x01a".to_vec();
    for (name, request) in [("HTTP/1.1", h1), ("HTTP/2", h2)] {
        let mut client = connect(gateway.address("http", 0)?)?;
        client.write_all(&request)?;
        let (mut seen, _) = upstream.accept()?;
        seen.set_read_timeout(Some(PATIENCE))?;
        let mut bytes = [0; 4096];
        ensure!(seen.read(&mut bytes)? > 0, "{name}: no request came");
        drop(client);
        let end = loop {
            match seen.read(&mut bytes) {
                Ok(0) => break true,
                Ok(_) => {}
                Err(error) => break error.kind() == ErrorKind::ConnectionReset,
            }
        };
        assert!(end, "edge/S16: {name}: the upstream request outlived its client");
    }
    let records = until("two records", || Ok(Some(gateway.records()?).filter(|records| records.len() == 2)))?;
    assert!(records.iter().all(|record| record.contains("\"abandoned\"")), "edge/S16: {records:?}");
    gateway.expect_well()
}

/// edge/S19: without descriptors accepting waits, idle connections make room, and nothing runs in circles.
#[test]
fn without_descriptors_the_gateway_recovers() -> Result<()> {
    let (_upstream, address) = upstream()?;
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64; exec \"$0\" run", env!("CARGO_BIN_EXE_portcullis")]);
    let mut gateway = Gateway::start_by(command, &config(address, ""), &[])?;
    let listener = gateway.address("http", 0)?;
    let failures = |gateway: &Gateway| gateway.process.count("accepting failed");

    // Twice as many as there are descriptors, each idle after its answer: every one is answered.
    let mut idle = Vec::new();
    for _ in 0..128 {
        let mut client = connect(listener)?;
        client.write_all(head("GET", "/items", 0).as_bytes())?;
        assert_eq!(status(&mut client)?, "200", "edge/S19: {} answered", idle.len());
        idle.push(client);
    }
    assert!(failures(&gateway) > 0, "there were descriptors enough: this shows nothing");
    drop(idle);

    // None of these is idle: nobody can make room, so whoever comes waits in the kernel.
    let mut held = Vec::new();
    for _ in 0..96 {
        let mut client = connect(listener)?;
        client.write_all(b"GET /items HTTP/1.1\r\nHost: a")?;
        held.push(client);
    }
    let before = failures(&gateway);
    until("three more failures", || Ok((failures(&gateway) >= before + 3).then_some(())))?;
    drop(held);
    let mut client = connect(listener)?;
    client.write_all(head("GET", "/items", 0).as_bytes())?;
    assert_eq!(status(&mut client)?, "200", "edge/S19: recovered");
    // One in 100 ms: a busy loop writes thousands.
    assert!(failures(&gateway) < 200, "edge/S19: {} failures", failures(&gateway));
    gateway.expect_well()
}
