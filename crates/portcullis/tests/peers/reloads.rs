//! A configuration that changes under load.

use anyhow::Result;
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
  peers: {{ openapi: api.yaml, upstream: small, identity: public, max_body: {max_body} }}
"
        )
    };
    let [one, other] = [config("1MiB", "15s"), config("2MiB", "16s")];
    let broken = one.replace("max_body", "max_bodie");
    let issued = &certificates.issued;
    let files = [("api.pem", issued.certificate_pem.as_str()), ("api.key", issued.key_pem.as_str())];
    let mut gateway = Gateway::start(&one, &files)?;

    let mut h2 = H2load::start(2_000, &["-c", "4", "-m", "4", &gateway.url("https", "/items")?])?;
    let mut h1 = H2load::start(2_000, &["--h1", "-c", "16", &gateway.url("http", "/items")?])?;
    let mut rounds = 0;
    while rounds < 10 || h2.is_running()? || h1.is_running()? {
        for (text, said) in [(&other, RELOADED), (&broken, REFUSED), (&one, RELOADED)] {
            let before = gateway.process.count(said);
            gateway.configure(text)?;
            gateway.process.hang_up()?;
            until(said, || Ok((gateway.process.count(said) > before).then_some(())))?;
        }
        rounds += 1;
        if rounds == 10 {
            assert!(h2.is_running()? && h1.is_running()?, "the load ended before 20 reloads: this shows nothing");
        }
    }
    println!("{} reloads and {rounds} refused ones under load", 2 * rounds);
    h2.expect_all()?;
    h1.expect_all()?;
    assert_eq!(curl(&[&gateway.url("admin", "/readyz")?])?.status, 200);
    gateway.expect_well()
}
