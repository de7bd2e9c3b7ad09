//! Clients that leave in the middle of what they send.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use portcullis_testkit::process::{reset_on_close, until};
use serde_json::Value;

use crate::setup::Gateway;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    /// FIN in its direction only: it still reads.
    HalfClose,
    /// FIN in both.
    Close,
    /// RST.
    Reset,
}

/// edge/H58: the upstream request of a client that leaves ends with it and never looks whole.
#[test]
fn a_client_that_leaves_in_its_content_aborts_the_upstream_request() -> Result<()> {
    let upstream = TcpListener::bind(("127.0.0.1", 0))?;
    let address = upstream.local_addr()?;
    let mut gateway = Gateway::start(
        &format!(
            "version: 1
cores: 1
listeners: [{{ address: 127.0.0.1:0 }}]
upstreams: {{ raw: {{ endpoints: [\"http://{address}\"], timeouts: {{ response: 10m, total: 10m }} }} }}
apis: {{ peers: {{ openapi: api.yaml, upstream: raw, identity: public, controls: {{ contract.request: off, contract.response: off }} }} }}
"
        ),
        &[],
    )?;
    let framings = [("Content-Length: 10", "hello"), ("Transfer-Encoding: chunked", "5\r\nhello\r\n")];
    let mut expected = 0;
    for (framing, begun) in framings {
        for leave in [Leave::HalfClose, Leave::Close, Leave::Reset] {
            let case = format!("edge/H58: {framing}, {leave:?}");
            let mut client = TcpStream::connect(gateway.address("http", 0)?)?;
            client.set_read_timeout(Some(PATIENCE))?;
            client.write_all(format!("POST /upload HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{begun}").as_bytes())?;
            let (mut peer, _) = upstream.accept()?;
            peer.set_read_timeout(Some(PATIENCE))?;
            let mut seen = Vec::new();
            while !seen.ends_with(begun.as_bytes()) {
                let mut bytes = [0; 4096];
                let length = peer.read(&mut bytes).with_context(|| case.clone())?;
                ensure!(length > 0, "{case}: closed before the client left");
                seen.extend_from_slice(&bytes[..length]);
            }
            let stays = match leave {
                Leave::HalfClose => {
                    client.shutdown(Shutdown::Write)?;
                    Some(client)
                }
                Leave::Close => {
                    drop(client);
                    None
                }
                Leave::Reset => {
                    reset_on_close(&client)?;
                    drop(client);
                    None
                }
            };
            let mut rest = Vec::new();
            match peer.read_to_end(&mut rest) {
                Ok(_) => {}
                Err(error) => ensure!(error.kind() == ErrorKind::ConnectionReset, "{case}: {error}"),
            }
            assert_eq!(rest, b"", "{case}: nothing follows, no last chunk above all");
            drop(stays);
            expected += 1;
            let records = until("the record", || Ok(Some(gateway.records()?).filter(|lines| lines.len() == expected)))?;
            let record: Value = serde_json::from_str(records.last().context("a record")?)?;
            assert_eq!(record["verdict"], "abandoned", "{case}: {record}");
            assert_eq!(record["bytes_in"], 5, "{case}: {record}");
            assert_eq!(record["operation"], "upload", "{case}: {record}");
        }
    }
    gateway.expect_well()
}
