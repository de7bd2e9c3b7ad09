//! A proxy under test: how each is configured, started and found to work.
//!
//! All run one worker on one core, keep connections to the upstream alive and write no log, but for Portcullis, which
//! has all its defaults on and records every exchange.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

use super::load::Protocol;
use super::process::{PROXY_CORE, Process, pinned};
use super::tool;
use super::workbench::{Workbench, free_port, wait_until_ready};

/// The proxies that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PeerKind {
    /// nginx without access log: the baseline.
    Nginx,
    /// A second nginx, configured the same: how far it is from the first is the noise floor.
    Twin,
    /// nginx with a buffered JSON access log; only when asked for.
    NginxLogged,
    /// HAProxy with one thread.
    Haproxy,
    /// A hyper proxy that does nothing else.
    Bare,
    /// Portcullis with all defaults on.
    Portcullis,
}

impl PeerKind {
    /// For a person.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Twin => "nginx twin",
            Self::NginxLogged => "nginx, logging",
            Self::Haproxy => "haproxy",
            Self::Bare => "bare hyper",
            Self::Portcullis => "portcullis",
        }
    }
}

/// What to start.
pub(super) struct Setup {
    pub(super) kind: PeerKind,
    /// For a person, and the name of its directory; unique within a run.
    pub(super) name: String,
    pub(super) protocol: Protocol,
    /// The OpenAPI document that Portcullis serves.
    pub(super) document: Value,
    /// Whether Portcullis enforces what the document says of parameters and content: the default.
    pub(super) is_contract_enforced: bool,
    /// Lifts Portcullis' bounds per client address: here one address is all clients.
    pub(super) is_client_trusted: bool,
}

impl Setup {
    /// One operation, `GET /item`.
    pub(super) fn new(kind: PeerKind, protocol: Protocol) -> Self {
        let name = kind.describe().to_owned();
        Self {
            kind,
            name,
            protocol,
            document: document(&["/item"]),
            is_contract_enforced: false,
            is_client_trusted: false,
        }
    }
}

/// A proxy that runs and answers.
pub(super) struct Peer {
    pub(super) setup: Setup,
    pub(super) process: Process,
    pub(super) port: u16,
    home: PathBuf,
}

impl Peer {
    pub(super) fn start(workbench: &Workbench, setup: Setup) -> anyhow::Result<Self> {
        let home = workbench.path().join(setup.name.replace([' ', ','], "-"));
        // A peer of an earlier round may have left its directory.
        fs::create_dir_all(&home)?;
        let port = free_port()?;
        write_config(workbench, &setup, port, &home)?;
        let process = Process::spawn(command(workbench, &setup, port, &home)?, home.join("log"))?;
        let mut peer = Self { setup, process, port, home };
        let address = peer.address();
        wait_until_ready(&mut peer.process, peer.setup.protocol, &address)
            .with_context(|| format!("{} does not start", peer.setup.name))?;
        Ok(peer)
    }

    pub(super) fn address(&self) -> String {
        format!("{}://127.0.0.1:{}/item", self.setup.protocol.scheme(), self.port)
    }

    /// Whether `/extra` exists; takes effect with the next reload.
    pub(super) fn publish_extra(&mut self, workbench: &Workbench, is_published: bool) -> anyhow::Result<()> {
        let paths = self.setup.document.get_mut("paths").and_then(Value::as_object_mut).context("a document")?;
        if is_published {
            paths.extend([operation("/extra")]);
        } else {
            paths.remove("/extra");
        }
        write_config(workbench, &self.setup, self.port, &self.home)
    }
}

/// An OpenAPI document with one `GET` for each path.
fn document(paths: &[&str]) -> Value {
    let paths: serde_json::Map<String, Value> = paths.iter().map(|path| operation(path)).collect();
    json!({ "openapi": "3.1.0", "info": { "title": "Bench", "version": "1" }, "paths": paths })
}

/// `GET` of one path. It promises nothing, so its responses stream: what judging them adds is measured on its own.
fn operation(path: &str) -> (String, Value) {
    let id = path.trim_start_matches('/');
    (path.to_owned(), json!({ "get": { "operationId": id } }))
}

fn write_config(workbench: &Workbench, setup: &Setup, port: u16, home: &std::path::Path) -> anyhow::Result<()> {
    let write = |name: &str, text: String| -> anyhow::Result<()> {
        // A watcher sees the old file or the new one, never half of it.
        let (partial, file) = (home.join(format!(".{name}")), home.join(name));
        fs::write(&partial, text)?;
        fs::rename(&partial, &file).with_context(|| format!("cannot write `{}`", file.display()))
    };
    match setup.kind {
        PeerKind::Nginx | PeerKind::Twin | PeerKind::NginxLogged => {
            write("nginx.conf", nginx_config(workbench, setup, port)?)
        }
        PeerKind::Haproxy => write("haproxy.cfg", haproxy_config(workbench, setup, port)?),
        PeerKind::Bare => Ok(()),
        PeerKind::Portcullis => {
            write("shop.openapi.json", serde_json::to_string(&setup.document)?)?;
            let config = home.join("portcullis.yaml");
            // The admin port stays what it was, so that a reload changes the document alone.
            if config.exists() { Ok(()) } else { write("portcullis.yaml", portcullis_config(workbench, setup, port)?) }
        }
    }
}

fn command(workbench: &Workbench, setup: &Setup, port: u16, home: &std::path::Path) -> anyhow::Result<Command> {
    let installed = |name: &str| tool::path(name).with_context(|| format!("`{name}` is not installed"));
    let mut command;
    match setup.kind {
        PeerKind::Nginx | PeerKind::Twin | PeerKind::NginxLogged => {
            command = pinned(PROXY_CORE, installed("nginx")?)?;
            command.arg("-p").arg(home).args(["-e", "stderr", "-c", "nginx.conf"]);
        }
        PeerKind::Haproxy => {
            command = pinned(PROXY_CORE, installed("haproxy")?)?;
            command.arg("-db").arg("-f").arg(home.join("haproxy.cfg"));
        }
        PeerKind::Bare => {
            command = pinned(PROXY_CORE, workbench.binary("bare_proxy"))?;
            command.args(["--listen", &format!("127.0.0.1:{port}")]);
            command.args(["--upstream", &format!("127.0.0.1:{}", workbench.upstream_port())]);
            if setup.protocol.is_tls() {
                let certificate = workbench.certificate()?;
                command.arg("--cert").arg(certificate.chain).arg("--key").arg(certificate.key);
            }
        }
        PeerKind::Portcullis => {
            command = pinned(PROXY_CORE, workbench.binary("portcullis"))?;
            command.arg("run").arg("-c").arg(home.join("portcullis.yaml"));
        }
    }
    Ok(command)
}

fn nginx_config(workbench: &Workbench, setup: &Setup, port: u16) -> anyhow::Result<String> {
    let (mut listen, mut tls) = (String::new(), String::new());
    if setup.protocol.is_tls() {
        let certificate = workbench.certificate()?;
        listen = if setup.protocol == Protocol::H2 { " ssl http2" } else { " ssl" }.to_owned();
        let (chain, key) = (certificate.chain.display(), certificate.key.display());
        tls = format!("ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {chain}; ssl_certificate_key {key};");
    }
    let log = if setup.kind == PeerKind::NginxLogged {
        r#"log_format exchange escape=json '{"time":"$time_iso8601","id":"$request_id","address":"$remote_addr","method":"$request_method","path":"$uri","status":$status,"bytes":$bytes_sent,"duration":$request_time,"upstream":"$upstream_addr"}';
  access_log access.log exchange buffer=64k flush=1s;"#
    } else {
        "access_log off;"
    };
    let is_extra_published = setup.document.pointer("/paths/~1extra").is_some();
    let extra = if is_extra_published { "" } else { "location = /extra { return 404; }" };
    let upstream = workbench.upstream_port();
    Ok(format!(
        r#"worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr error;
worker_rlimit_nofile 20000;
events {{ worker_connections 16384; }}
http {{
  {log}
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  upstream shop {{
    server 127.0.0.1:{upstream};
    keepalive 128;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port}{listen} backlog=4096;
    {tls}
    location / {{ proxy_pass http://shop; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    {extra}
  }}
}}
"#
    ))
}

fn haproxy_config(workbench: &Workbench, setup: &Setup, port: u16) -> anyhow::Result<String> {
    let tls = if setup.protocol.is_tls() {
        format!(" ssl crt {} alpn h2,http/1.1", workbench.certificate()?.bundle.display())
    } else {
        String::new()
    };
    let upstream = workbench.upstream_port();
    Ok(format!(
        "global
  nbthread 1
  maxconn 9000
defaults
  mode http
  no log
  http-reuse always
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
frontend api
  bind 127.0.0.1:{port}{tls} backlog 4096
  default_backend shop
backend shop
  server shop 127.0.0.1:{upstream} pool-purge-delay 600s
"
    ))
}

fn portcullis_config(workbench: &Workbench, setup: &Setup, port: u16) -> anyhow::Result<String> {
    let tls = if setup.protocol.is_tls() {
        let certificate = workbench.certificate()?;
        format!(", tls: {{ certificate: {}, key: {} }}", certificate.chain.display(), certificate.key.display())
    } else {
        String::new()
    };
    let trusted = if setup.is_client_trusted { "trusted_proxies: [127.0.0.1/32]\n" } else { "" };
    let (admin, upstream) = (free_port()?, workbench.upstream_port());
    let mode = if setup.is_contract_enforced { "enforce" } else { "off" };
    Ok(format!(
        "version: 1
cores: 1
listeners: [{{ address: '127.0.0.1:{port}'{tls}, requests_per_address: {{ rate: 1000000/s, burst: 1000000 }} }}]
admin: {{ address: '127.0.0.1:{admin}' }}
data_dir: data
{trusted}upstreams: {{ shop: {{ endpoints: ['http://127.0.0.1:{upstream}'] }} }}
apis: {{ shop: {{ openapi: shop.openapi.json, upstream: shop, identity: public, controls: {{ contract.request: {mode}, contract.response: {mode} }} }} }}
"
    ))
}
