//! What a gateway under test stands on: a scratch directory, certificates, fake upstreams and the placeholders that
//! name them in configurations and cases.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use rustls::ClientConfig;
use serde_json::Value;
use tempfile::TempDir;

use super::format::File;
use crate::ca::{Clients, Issued, TestCa};
use crate::upstream::{Reply, Upstream};

/// Makes so many of something.
type Generator = fn(usize) -> String;

/// `@NAME_1025@` stands for so many of something: what is too long to write out.
const GENERATORS: &[(&str, Generator)] = &[
    ("NAME", |count| "n".repeat(count)),
    ("METHOD", |count| "M".repeat(count)),
    ("PAIRS", |count| joined(count, "&", |n| format!("p{n}={n}"))),
    ("SOON", soon),
    ("RANGES", |count| joined(count, ",", |n| format!("{n}-{n}"))),
    ("HOPS", |count| joined(count, ", ", |n| format!("10.1.0.{}", n % 250))),
    ("STATE", |count| joined(count, ",", |n| format!("vendor{n}=opaque-{n:08}"))),
    ("FIELDS", |count| joined(count, "", |n| format!("X-F{n}: {n}\r\n"))),
    // HPACK (RFC 7541 §6): the newest entry of the table, `cookie` without a value, `cookie: a`, and fields of their own.
    ("INDEXED", |count| "\u{be}".repeat(count)),
    ("EMPTY", |count| "\u{a0}".repeat(count)),
    ("CRUMBS", |count| "\u{f}\u{11}\u{1}a".repeat(count)),
    ("NAMED", |count| joined(count, "", |n| format!("\0\u{4}n{n:03}\u{1}v"))),
];

/// The instant in so many seconds.
fn soon(seconds: usize) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(0);
    jiff::Timestamp::from_second(jiff::Timestamp::now().as_second().saturating_add(seconds))
        .unwrap_or_default()
        .to_string()
}

fn joined(count: usize, separator: &str, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<_>>().join(separator)
}

/// The first `@name_COUNT@` in `text`, with what stands before and after it.
fn counted<'a>(text: &'a str, name: &str) -> Option<(&'a str, usize, &'a str)> {
    let (before, rest) = text.split_once(&format!("@{name}_"))?;
    let (count, after) = rest.split_once('@')?;
    Some((before, count.parse().ok()?, after))
}

/// Placeholder → text.
#[derive(Clone, Debug, Default)]
pub struct Vars(BTreeMap<String, String>);

/// The surroundings of one gateway.
#[derive(Debug)]
pub struct Stage {
    directory: TempDir,
    configs: PathBuf,
    /// The authority that signed the gateway's certificate and whom clients trust.
    pub ca: Arc<TestCa>,
    clients: Clients,
    /// The fake upstream behind every `@UPSTREAM…@`.
    pub upstream: Upstream,
    /// What the placeholders stand for.
    pub vars: Vars,
    _occupied: TcpListener,
}

impl Vars {
    /// `text` with every known placeholder replaced.
    pub fn fill(&self, text: &str) -> String {
        if !text.contains('@') {
            return text.to_owned();
        }
        let mut text = self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        for (name, generate) in GENERATORS {
            while let Some((before, count, after)) = counted(&text, name) {
                text = format!("{before}{}{after}", generate(count));
            }
        }
        text
    }

    /// The same for each of them.
    pub fn fill_all(&self, texts: &[String]) -> Vec<String> {
        texts.iter().map(|text| self.fill(text)).collect()
    }

    /// The same for every text within `value`.
    pub fn fill_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(text)),
            Value::Array(items) => items.iter().map(|item| self.fill_value(item)).collect(),
            Value::Object(map) => map.iter().map(|(key, item)| (key.clone(), self.fill_value(item))).collect(),
            other => other.clone(),
        }
    }

    /// Adds or replaces `@name@`.
    pub fn set(&mut self, name: &str, value: impl ToString) {
        self.0.insert(format!("@{name}@"), value.to_string());
    }
}

impl Stage {
    /// A scratch directory that holds everything of `configs` with the placeholders filled.
    pub async fn new(configs: &Path, ca: &Arc<TestCa>) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("portcullis-scenario-").tempdir()?;
        let occupied = TcpListener::bind("127.0.0.1:0")?;
        let mut upstream = Upstream::new();
        let mut vars = Vars::default();
        let path = directory.path().to_owned();
        let first = upstream.listen(None).await?;
        let second = upstream.listen(None).await?;
        let proven = ca.issue(&["localhost", "127.0.0.1"])?;
        let tls = upstream.listen(Some(proven.server()?)).await?;
        let clients = ca.clients()?;
        let expired = ca.expired(&["localhost"])?;
        let expired = upstream.listen(Some(expired.server()?)).await?;
        let itself = Issued::self_signed(&["localhost"])?;
        let itself = upstream.listen(Some(itself.server()?)).await?;
        let http2 = upstream.listen_http2(None).await?;
        let http2_tls = upstream.listen_http2(Some(proven.server_http2()?)).await?;
        vars.set("UPSTREAM_H2", format!("http://{http2}"));
        vars.set("UPSTREAM_H2_TLS", format!("https://localhost:{}", http2_tls.port()));
        vars.set("LISTEN", "127.0.0.1:0");
        vars.set("UPSTREAM", format!("http://{first}"));
        vars.set("UPSTREAM_ADDRESS", first);
        vars.set("UPSTREAM2", format!("http://{second}"));
        vars.set("UPSTREAM_TLS", format!("https://localhost:{}", tls.port()));
        vars.set("UPSTREAM_EXPIRED", format!("https://localhost:{}", expired.port()));
        vars.set("UPSTREAM_SELF_SIGNED", format!("https://localhost:{}", itself.port()));
        vars.set("PIN", &proven.pin);
        for (name, issued) in &clients.named {
            vars.set(&format!("SHA256_{name}"), issued.sha256());
        }
        vars.set("DEAD", format!("http://{}", closed_port()?));
        vars.set("OCCUPIED", occupied.local_addr()?);
        vars.set("DIR", path.display());
        vars.set("DATA", path.join("data").display());
        for (name, file) in [("CERT", "certs/api.pem"), ("KEY", "certs/api.key"), ("CA", "certs/ca.pem")] {
            vars.set(name, path.join(file).display());
        }
        let issued = ca.issue(&["api.example.com", "localhost", "127.0.0.1"])?;
        let other = ca.issue(&["other.example.com"])?;
        let (configs, ca) = (configs.to_owned(), Arc::clone(ca));
        let stage = Self { directory, configs, ca, clients, upstream, vars, _occupied: occupied };
        stage.put_certificates(&issued, &other)?;
        stage.copy_configs()?;
        Ok(stage)
    }

    fn put_certificates(&self, issued: &Issued, other: &Issued) -> Result<()> {
        let device = self.clients.named.get("device").context("a device")?;
        for (name, text, mode) in [
            ("certs/ca.pem", self.ca.pem(), 0o644),
            ("certs/api.pem", &issued.certificate_pem, 0o644),
            ("certs/api.key", &issued.key_pem, 0o600),
            ("certs/other.pem", &other.certificate_pem, 0o644),
            ("certs/other.key", &other.key_pem, 0o600),
            ("certs/device.pem", &device.certificate_pem, 0o644),
            ("certs/device.key", &device.key_pem, 0o600),
            ("certs/clients.crl", &self.clients.list, 0o644),
            ("certs/stale.crl", &self.clients.stale_list, 0o644),
            ("certs/full.crl", &self.clients.full_list, 0o644),
        ] {
            self.put(name, text.as_bytes(), Some(mode))?;
        }
        Ok(())
    }

    /// A TLS client that trusts the authority of this stage and shows the client certificate of this name.
    pub fn client(&self, alpn: &[&str], certificate: Option<&str>) -> Result<Arc<ClientConfig>> {
        let named = |name| self.clients.named.get(name).with_context(|| format!("no client certificate `{name}`"));
        self.ca.client_as(alpn, certificate.map(named).transpose()?)
    }

    /// The scratch directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// `name` within the scratch directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes `files`; each appears by a rename, so that nobody can read half of it.
    pub fn write(&self, files: &BTreeMap<String, File>) -> Result<()> {
        files
            .iter()
            .try_for_each(|(name, file)| self.write_one(name, file, true).with_context(|| format!("file {name}")))
    }

    /// Writes `files` in place: a reader may see them half.
    pub fn write_in_place(&self, files: &BTreeMap<String, File>) -> Result<()> {
        files
            .iter()
            .try_for_each(|(name, file)| self.write_one(name, file, false).with_context(|| format!("file {name}")))
    }

    fn write_one(&self, name: &str, file: &File, renamed: bool) -> Result<()> {
        let path = self.file(name);
        let beside = if renamed { self.file(&format!("{name}.new")) } else { path.clone() };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        if let Some(to) = &file.symlink {
            symlink(self.vars.fill(to), &beside)?;
        } else {
            std::fs::write(&beside, self.content(file)?)?;
            if let Some(mode) = &file.mode {
                set_mode(&beside, u32::from_str_radix(mode, 8)?)?;
            }
        }
        if renamed {
            std::fs::rename(&beside, &path)?;
        }
        Ok(())
    }

    /// Lets the upstream answer as `script` says.
    pub fn script(&self, script: &BTreeMap<String, Reply>) {
        let filled = script.iter().map(|(key, reply)| {
            let raw = reply.raw.as_ref().map(|raw| self.vars.fill(raw));
            (key.clone(), Reply { raw, ..reply.clone() })
        });
        self.upstream.script(filled.collect());
    }

    fn content(&self, file: &File) -> Result<Vec<u8>> {
        let mut bytes = match (&file.text, &file.bytes, &file.from) {
            (Some(text), None, None) => self.vars.fill(text).into_bytes(),
            (None, Some(bytes), None) => crate::latin1::to_bytes(bytes)?,
            (None, None, Some(from)) => self.vars.fill(&std::fs::read_to_string(self.configs.join(from))?).into_bytes(),
            (None, None, None) => Vec::new(),
            _ => bail!("expected one of `text`, `bytes`, `from`"),
        };
        if let Some((text, times)) = &file.repeat {
            bytes.extend_from_slice(text.repeat(*times).as_bytes());
        }
        Ok(bytes)
    }

    fn copy_configs(&self) -> Result<()> {
        for entry in
            std::fs::read_dir(&self.configs).with_context(|| format!("cannot read {}", self.configs.display()))?
        {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                let text = std::fs::read_to_string(entry.path())?;
                self.put(&entry.file_name().to_string_lossy(), self.vars.fill(&text).as_bytes(), None)?;
            }
        }
        Ok(())
    }

    fn put(&self, name: &str, bytes: &[u8], mode: Option<u32>) -> Result<()> {
        let path = self.file(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, bytes)?;
        mode.map_or(Ok(()), |mode| set_mode(&path, mode))
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<()> {
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?)
}

/// An address where nobody listens: it was free a moment ago.
fn closed_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
