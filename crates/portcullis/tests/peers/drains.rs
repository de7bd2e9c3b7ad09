//! The end of a gateway that is busy.

use std::time::Duration;

use anyhow::Result;
use portcullis_testkit::loader::{Loader, Outcome};
use portcullis_testkit::process::{Process, until};

use crate::setup::{Gateway, curl, curl_command, upstream};

const DOWNLOAD: u64 = 32 << 20;

/// edge/S18: no request is lost, a download that has begun is finished, every exchange is recorded, exit status 0.
#[test]
fn a_gateway_that_stops_answers_all_that_it_has_accepted() -> Result<()> {
    let (_upstream, address) = upstream()?;
    let config = format!(
        "version: 1
cores: 2
admin: {{ address: 127.0.0.1:0 }}
listeners: [{{ address: 127.0.0.1:0 }}]
drain_delay: 300ms
upstreams:
  small: {{ endpoints: [\"http://{address}\"] }}
apis:
  peers:
    openapi: api.yaml
    upstream: small
    identity: public
    controls: {{ contract.request: off, contract.response: off }}
    operations: {{ download: {{ stream: true }} }}
"
    );
    let mut gateway = Gateway::start(&config, &[])?;
    let readyz = gateway.url("admin", "/readyz")?;
    assert_eq!(curl(&[&readyz])?.status, 200);

    // Slower than the drain: 32 MiB at 16 MiB a second.
    let file = gateway.folder().join("download");
    let mut command = curl_command()?;
    command.args(["--limit-rate", "16M", &gateway.url("http", &format!("/download?{DOWNLOAD}"))?, "-o"]).arg(&file);
    let mut download = Process::start(&mut command)?;
    let received = || std::fs::metadata(&file).map_or(0, |metadata| metadata.len());
    until("a download that has begun", || Ok((received() > 0).then_some(())))?;

    let request = "GET /items HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    let load = Loader::start(gateway.address("http", 0)?, 8, request, Duration::ZERO);
    until("a busy gateway", || Ok((load.sent() >= 100).then_some(())))?;
    assert!(download.is_running()?, "the download ended too early: this shows nothing");
    gateway.process.terminate()?;
    until("a gateway that is not ready", || Ok((curl(&[&readyz])?.status == 503).then_some(())))?;
    let still = load.sent();
    until("the last answer", || Ok(load.has_ended().then_some(())))?;
    let clients = load.stop()?;

    assert!(download.wait()?.success(), "{}", download.output());
    assert_eq!(received(), DOWNLOAD);
    let status = gateway.process.wait()?;
    assert_eq!(status.code(), Some(0), "{}", gateway.process.output());
    assert!(!gateway.process.output().contains("panicked at"), "{}", gateway.process.output());

    let mut answered = 0;
    for sent in &clients {
        let outcomes: Vec<Outcome> = sent.iter().map(|sent| sent.outcome).collect();
        let (last, before) = outcomes.split_last().expect("it sent");
        assert_eq!(*last, Outcome::Refused, "clients end when nobody listens any more");
        assert!(before.iter().all(|outcome| *outcome == Outcome::Status(200)), "{before:?}");
        answered += before.len();
    }
    assert!(answered + clients.len() > still, "it served on while it was not ready");
    assert_eq!(gateway.records()?.len(), answered + 1, "one line for each answer and the download");
    Ok(())
}
