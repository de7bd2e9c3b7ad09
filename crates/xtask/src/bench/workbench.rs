//! What every measurement shares: a scratch directory, the upstream, a certificate, release builds of our own proxies.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use super::load::{Load, Protocol};
use super::peer::PeerKind;
use super::process::{LOAD_CORE, Process, pinned};
use super::tool;

/// Length of the upstream's JSON, and so of every right answer.
pub(super) const CONTENT_BYTES: u64 = 571;

/// Alive for one `cargo xtask bench`.
pub(super) struct Workbench {
    // Fields drop in this order: the upstream ends before its directory goes.
    _upstream: Process,
    upstream_port: u16,
    target: PathBuf,
    directory: TempDir,
}

/// A self-signed P-256 certificate and its key, PEM.
pub(super) struct Certificate {
    pub(super) chain: PathBuf,
    pub(super) key: PathBuf,
    /// Both in one file, as HAProxy reads them.
    pub(super) bundle: PathBuf,
}

impl Workbench {
    pub(super) fn new(peers: &[PeerKind]) -> anyhow::Result<Self> {
        let target = build(peers)?;
        let directory = tempfile::Builder::new().prefix("portcullis-bench-").tempdir()?;
        let upstream_port = free_port()?;
        let upstream = start_upstream(directory.path(), upstream_port)?;
        Ok(Self { _upstream: upstream, upstream_port, target, directory })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn upstream_port(&self) -> u16 {
        self.upstream_port
    }

    /// A release binary of this workspace.
    pub(super) fn binary(&self, name: &str) -> PathBuf {
        self.target.join("release").join(name)
    }

    /// The certificate all proxies use, made when first asked for.
    pub(super) fn certificate(&self) -> anyhow::Result<Certificate> {
        let file = |name: &str| self.path().join(name);
        let certificate = Certificate { chain: file("api.pem"), key: file("api.key"), bundle: file("api.bundle.pem") };
        if certificate.bundle.exists() {
            return Ok(certificate);
        }
        let mut command = Command::new(tool::path("openssl").context("`openssl` is not installed")?);
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        command.args(["-days", "30", "-subj", "/CN=localhost"]);
        command.args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
        command.arg("-keyout").arg(&certificate.key).arg("-out").arg(&certificate.chain);
        let output = command.output()?;
        ensure!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
        let bundle = fs::read_to_string(&certificate.chain)? + &fs::read_to_string(&certificate.key)?;
        fs::write(&certificate.bundle, bundle)?;
        Ok(certificate)
    }
}

/// A port of the loopback address that was free just now.
pub(super) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Asks until the answer is right, for at most ten seconds.
pub(super) fn wait_until_ready(process: &mut Process, protocol: Protocol, address: &str) -> anyhow::Result<()> {
    let load = Load::new(protocol, 1);
    let started = Instant::now();
    loop {
        let outcome = load.probe(address)?;
        if outcome.answered == 1 {
            let found = outcome.content_bytes;
            ensure!(found == CONTENT_BYTES, "`{address}` answers {found} bytes, not {CONTENT_BYTES}");
            return Ok(());
        }
        ensure!(process.is_running(), "the server for `{address}` ended:\n{}", process.log());
        let late = started.elapsed() > Duration::from_secs(10);
        ensure!(!late, "`{address}` gives no 2xx: {outcome:?}\n{}", process.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Builds what is ours among the peers, each on its own: built together, features of one would reach the other.
fn build(peers: &[PeerKind]) -> anyhow::Result<PathBuf> {
    for (kind, package, binary) in
        [(PeerKind::Bare, "portcullis-testkit", "bare_proxy"), (PeerKind::Portcullis, "portcullis", "portcullis")]
    {
        if peers.contains(&kind) {
            let mut command = Command::new("cargo");
            command.args(["build", "--release", "--quiet", "--package", package, "--bin", binary]);
            ensure!(command.status()?.success(), "cannot build `{binary}`");
        }
    }
    let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec()?;
    Ok(metadata.target_directory.into_std_path_buf())
}

fn start_upstream(directory: &Path, port: u16) -> anyhow::Result<Process> {
    let home = directory.join("upstream");
    fs::create_dir(&home)?;
    let (content, order) = (content(), super::contract::answer());
    let config = format!(
        "worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr error;
worker_rlimit_nofile 20000;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type application/json; if ($request_method = POST) {{ return 200 '{order}'; }} return 200 '{content}'; }}
  }}
}}
"
    );
    fs::write(home.join("nginx.conf"), config)?;
    let mut command = pinned(LOAD_CORE, tool::path("nginx").context("`nginx` is not installed")?)?;
    command.arg("-p").arg(&home).args(["-e", "stderr", "-c", "nginx.conf"]);
    let mut process = Process::spawn(command, home.join("log"))?;
    wait_until_ready(&mut process, Protocol::Plain, &format!("http://127.0.0.1:{port}/item"))?;
    Ok(process)
}

/// A JSON object of [`CONTENT_BYTES`] bytes.
fn content() -> String {
    let (before, after) = (r#"{"id":1042,"name":"sample","description":""#, r#""}"#);
    let length = usize::try_from(CONTENT_BYTES).unwrap_or(usize::MAX);
    let filler = length.saturating_sub(before.len()).saturating_sub(after.len());
    format!("{before}{}{after}", "lorem ipsum ".chars().cycle().take(filler).collect::<String>())
}
