//! Upstreams that are killed, silent or not there.

use std::time::{Duration, Instant};

use anyhow::Result;
use portcullis_testkit::loader::{Loader, Outcome, Sent};
use portcullis_testkit::process::until;

use crate::setup::{Gateway, curl, free_port, upstream};

const CONNECTIONS: usize = 8;

/// What came of the requests of [`CONNECTIONS`] clients when one of two endpoints was killed, and when it was gone.
fn kill_one_of_two(request: &str) -> Result<(Vec<Sent>, Instant)> {
    let [(mut victim, first), (_survivor, second)] = [upstream()?, upstream()?];
    let config = format!(
        "version: 1
cores: 2
listeners: [{{ address: 127.0.0.1:0 }}]
upstreams:
  pair: {{ endpoints: [\"http://{first}\", \"http://{second}\"] }}
apis:
  peers: {{ openapi: api.yaml, upstream: pair, identity: public, controls: {{ contract.request: off, contract.response: off }} }}
"
    );
    let mut gateway = Gateway::start(&config, &[])?;
    let load = Loader::start(gateway.address("http", 0)?, CONNECTIONS, request, Duration::ZERO);
    until("a busy gateway", || Ok((load.sent() >= 200).then_some(())))?;
    for endpoint in [first, second] {
        let served: u64 = serde_json::from_slice(&curl(&[&format!("http://{endpoint}/count")])?.body)?;
        assert!(served > 20, "one endpoint had nearly nothing to do: this shows nothing");
    }
    victim.kill()?;
    let (gone, enough) = (Instant::now(), load.sent().saturating_add(400));
    until("a gateway that goes on", || Ok((load.sent() >= enough).then_some(())))?;
    let sent = load.stop()?.concat();
    gateway.expect_well()?;
    Ok((sent, gone))
}

/// edge/P5: idempotent requests are sent again, so not one of them is lost with the endpoint.
#[test]
fn an_endpoint_killed_under_load_costs_no_get() -> Result<()> {
    let (sent, _) = kill_one_of_two("GET /items HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")?;
    let lost: Vec<&Sent> = sent.iter().filter(|sent| sent.outcome != Outcome::Status(200)).collect();
    assert!(lost.is_empty(), "{} of {}: {lost:?}", lost.len(), sent.len());
    Ok(())
}

/// edge/P5, edge/P12: what may not be sent twice fails where it was in flight, with an answer, and nowhere else.
#[test]
fn an_endpoint_killed_under_load_costs_only_the_posts_in_flight_there() -> Result<()> {
    let request = "POST /items HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}";
    let (sent, gone) = kill_one_of_two(request)?;
    let lost: Vec<&Sent> = sent.iter().filter(|sent| sent.outcome != Outcome::Status(200)).collect();
    println!("{} of {} were in flight there", lost.len(), sent.len());
    assert!(lost.len() <= CONNECTIONS, "{} of {}: {lost:?}", lost.len(), sent.len());
    for sent in lost {
        assert_eq!(sent.outcome, Outcome::Status(502), "an answer, not a closed connection");
        assert!(sent.at < gone, "it was begun when the endpoint was gone already");
    }
    Ok(())
}

/// edge/S15, edge/P12: who does not answer, or is not there, is a problem with the right status; others are served.
#[test]
fn an_upstream_that_is_silent_or_gone_is_answered_for() -> Result<()> {
    let (_upstream, address) = upstream()?;
    let nobody = free_port()?;
    let config = format!(
        "version: 1
listeners:
  - {{ address: 127.0.0.1:0, h2c: true }}
upstreams:
  slow: {{ endpoints: [\"http://{address}\"], timeouts: {{ response: 500ms }} }}
  gone: {{ endpoints: [\"http://127.0.0.1:{nobody}\"] }}
apis:
  slow: {{ openapi: api.yaml, upstream: slow, identity: public, controls: {{ contract.request: off, contract.response: off }} }}
  gone: {{ openapi: api.yaml, base_path: /gone, upstream: gone, identity: public, controls: {{ contract.request: off, contract.response: off }} }}
"
    );
    let mut gateway = Gateway::start(&config, &[])?;
    for protocol in ["--http1.1", "--http2-prior-knowledge"] {
        let silent = curl(&[protocol, &gateway.url("http", "/never")?])?;
        assert_eq!((silent.status, silent.problem().as_deref()), (504, Some("upstream-timeout")), "{}", silent.trace);
        let gone = curl(&[protocol, &gateway.url("http", "/gone/items")?])?;
        assert_eq!((gone.status, gone.problem().as_deref()), (502, Some("upstream-failed")), "{}", gone.trace);
        let well = curl(&[protocol, &gateway.url("http", "/items")?])?;
        assert_eq!(well.status, 200, "{}", well.trace);
    }
    gateway.expect_well()
}
