//! gRPC as grpcio speaks it, on both sides of the gateway (edge/P15).

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use portcullis_testkit::process::Process;

use crate::setup::Gateway;

const DOCUMENT: &str = r#"
openapi: 3.1.0
info: { title: calls, version: "1" }
paths:
  /demo.Echo/Say: { post: { operationId: say, responses: { "200": { description: ok } } } }
  /demo.Echo/Count: { post: { operationId: count, responses: { "200": { description: ok } } } }
  /demo.Echo/Total: { post: { operationId: total, responses: { "200": { description: ok } } } }
  /demo.Echo/Chat: { post: { operationId: chat, responses: { "200": { description: ok } } } }
"#;

/// A Python that has grpcio: the one on the path, or where `cargo xtask test` puts it.
fn python() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/grpcio/bin/python");
    let has_grpcio = |python: &PathBuf| {
        Command::new(python).args(["-c", "import grpc"]).output().is_ok_and(|output| output.status.success())
    };
    [PathBuf::from("python3"), own].into_iter().find(has_grpcio)
}

fn echo(python: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/grpc/echo.py")).args(arguments);
    command
}

fn serving(lines: &[String]) -> Option<SocketAddr> {
    lines.iter().find_map(|line| line.strip_prefix("serving ")?.parse().ok())
}

#[test]
fn grpc_goes_through() -> Result<()> {
    let Some(python) = python() else {
        println!("left out: grpcio is not installed (`cargo xtask test` tries to, with Python's venv and pip)");
        return Ok(());
    };
    let mut server = Process::start(&mut echo(&python, &["serve"]))?;
    let upstream = server.wait_for("the server of gRPC", serving)?;
    let config = format!(
        "version: 1
cores: 1
listeners:
  - {{ address: 127.0.0.1:0, h2c: true }}
upstreams:
  echo: {{ endpoints: [\"http://{upstream}\"], protocol: http2 }}
apis:
  echo: {{ openapi: grpc.yaml, upstream: echo, identity: public, controls: {{ contract.request: off, contract.response: off }} }}
"
    );
    let mut gateway = Gateway::start(&config, &[("grpc.yaml", DOCUMENT)])?;
    let address = gateway.address("http", 0)?.to_string();
    let output = echo(&python, &["call", &address]).output().context("the client of gRPC")?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    server.kill()?;
    let output = echo(&python, &["status", &address]).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim(), "UNAVAILABLE The service behind this API failed");
    gateway.expect_well()
}
