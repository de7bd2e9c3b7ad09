//! Content much larger than the memory that may go into it.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use portcullis_testkit::pattern::{Reader, pieces};

use crate::setup::{Gateway, curl_command, upstream};

const MEBIBYTE: u64 = 1 << 20;

/// What the gateway may need more for a large content than for a small one.
const GROWTH: u64 = 24 * MEBIBYTE;

/// edge/P16: memory does not follow the size of the content. edge/W8: the WINDOW_UPDATEs of a large download are no flood.
#[test]
fn large_content_streams_in_constant_memory() -> Result<()> {
    let (_upstream, address) = upstream()?;
    let config = format!(
        "version: 1
listeners: [{{ address: 127.0.0.1:0, h2c: true }}]
upstreams:
  small: {{ endpoints: [\"http://{address}\"] }}
apis:
  peers:
    openapi: api.yaml
    upstream: small
    identity: public
    controls: {{ contract.request: off, contract.response: off }}
    operations:
      upload: {{ stream: true, max_body: 1GiB }}
      download: {{ stream: true }}
"
    );
    let mut gateway = Gateway::start(&config, &[])?;
    let (h1, h2) = ("--http1.1", "--http2-prior-knowledge");
    for protocol in [h1, h2] {
        upload(&gateway, protocol, MEBIBYTE)?;
        download(&gateway, protocol, MEBIBYTE)?;
    }
    let before = gateway.process.peak_memory()?;
    for (protocol, length) in [(h1, 256 * MEBIBYTE), (h2, 100 * MEBIBYTE)] {
        upload(&gateway, protocol, length)?;
        download(&gateway, protocol, length)?;
        let grown = gateway.process.peak_memory()?.saturating_sub(before);
        println!("{protocol}, {} MiB up and down: {} KiB more than {} KiB", length >> 20, grown >> 10, before >> 10);
        assert!(grown < GROWTH, "{protocol}: {grown} bytes more than {before}");
    }
    gateway.expect_well()
}

fn upload(gateway: &Gateway, protocol: &str, length: u64) -> Result<()> {
    let url = gateway.url("http", "/upload")?;
    let mut command = curl_command()?;
    command.args([protocol, "-X", "POST", "-T", "-", &url]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut curl = command.spawn()?;
    let mut input = curl.stdin.take().context("piped")?;
    let written = pieces(length).try_for_each(|piece| input.write_all(&piece));
    drop(input);
    let output = curl.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success() && said == format!("{{\"bytes\":{length},\"intact\":true}}"), "{said} {written:?}");
    Ok(())
}

fn download(gateway: &Gateway, protocol: &str, length: u64) -> Result<()> {
    let url = gateway.url("http", &format!("/download?{length}"))?;
    let mut command = curl_command()?;
    let mut curl = command.args([protocol, &url]).stdout(Stdio::piped()).spawn()?;
    let mut output = curl.stdout.take().context("piped")?;
    let (mut reader, mut buffer) = (Reader::default(), vec![0; 64 << 10]);
    loop {
        let read = output.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        reader.read(buffer.get(..read).unwrap_or_default());
    }
    ensure!(curl.wait()?.success(), "curl {protocol} {url}");
    ensure!(reader == Reader { length, is_intact: true }, "{protocol}: {reader:?}, not {length} bytes");
    Ok(())
}
