//! Three real servers behind three gateways, and what each says that it saw.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use portcullis_testkit::process::{Process, program, until};
use serde_json::Value;
use tempfile::TempDir;

use crate::setup::{Nginx, free_port};

/// The servers under test; the recorder has one of its own for each.
pub(crate) const NAMES: [&str; 3] = ["node", "nginx", "haproxy"];

/// A request as Node read it, or what it could not read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names and values in order.
    pub(crate) fields: Vec<(String, String)>,
    /// Each character a byte.
    pub(crate) content: String,
    /// It was read to its end.
    pub(crate) complete: bool,
    /// Set where it is no request.
    pub(crate) error: Option<String>,
}

impl Recorded {
    /// The id under which the gateway sent it.
    pub(crate) fn id(&self) -> &str {
        let found = self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-request-id"));
        found.map_or("", |(_, value)| value)
    }
}

/// One line of a server's own log: a request that it parsed, or failed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logged {
    /// The id under which the gateway sent it; `-` without one.
    pub(crate) id: String,
    pub(crate) status: u16,
    /// Method and target, as far as it read them.
    pub(crate) request: String,
}

/// Node as upstream, and behind nginx and HAProxy.
pub(crate) struct Recorder {
    process: Process,
    _folder: TempDir,
}

impl Recorder {
    pub(crate) fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let script = folder.path().join("recorder.js");
        fs::write(&script, include_str!("recorder.js"))?;
        let mut process = Process::start(Command::new(program("node", "nodejs")?).arg(&script))?;
        process.wait_for("Node to listen", |lines| (ports(lines).len() == NAMES.len()).then_some(()))?;
        Ok(Self { process, _folder: folder })
    }

    /// The port of the recorder for `server`.
    pub(crate) fn port(&self, server: &str) -> Result<u16> {
        let output = self.process.output();
        let lines: Vec<String> = output.lines().map(str::to_owned).collect();
        ports(&lines).into_iter().find(|(name, _)| name == server).map(|(_, port)| port).context("no such server")
    }

    /// Everything that arrived for `server`, in order.
    pub(crate) fn seen(&self, server: &str) -> Result<Vec<Recorded>> {
        let mut seen = Vec::new();
        for line in self.process.output().lines() {
            let line: Value = serde_json::from_str(line).with_context(|| format!("Node says: {line}"))?;
            if text_of(&line, "server") == server && line.get("port").is_none() {
                seen.push(recorded(&line));
            }
        }
        Ok(seen)
    }
}

fn ports(lines: &[String]) -> Vec<(String, u16)> {
    let parse = |line: &String| {
        let line: Value = serde_json::from_str(line).ok()?;
        Some((text_of(&line, "server").to_owned(), u16::try_from(line.get("port")?.as_u64()?).ok()?))
    };
    lines.iter().filter_map(parse).collect()
}

fn recorded(line: &Value) -> Recorded {
    let text = |key: &str| text_of(line, key).to_owned();
    let raw: Vec<&str> =
        line.get("fields").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let pairs = raw.chunks_exact(2).filter_map(|pair| Some((pair.first()?, pair.last()?)));
    Recorded {
        method: text("method"),
        target: text("target"),
        fields: pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        content: text("content"),
        complete: line.get("complete").and_then(Value::as_bool).unwrap_or_default(),
        error: line.get("error").map(|code| format!("{code}: {:?}", text("bytes"))),
    }
}

/// A text of an object; empty where there is none.
pub(crate) fn text_of<'a>(line: &'a Value, key: &str) -> &'a str {
    line.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// nginx in front of the recorder.
pub(crate) fn nginx(recorder: &Recorder) -> Result<Nginx> {
    let server = format!(
        "log_format seen_all '$http_x_request_id $status $request';
         large_client_header_buffers 8 64k;
         server {{
             listen 127.0.0.1:@PORT@;
             access_log seen.log seen_all;
             keepalive_timeout 600s;
             keepalive_requests 1000000;
             client_max_body_size 0;
             proxy_buffer_size 64k;
             proxy_buffers 8 64k;
             proxy_busy_buffers_size 64k;
             location / {{
                 proxy_pass http://127.0.0.1:{};
                 proxy_http_version 1.1;
                 proxy_set_header Host $http_host;
                 proxy_set_header Connection \"\";
             }}
         }}",
        recorder.port("nginx")?
    );
    Nginx::start(&server, &[])
}

/// HAProxy in front of the recorder.
pub(crate) struct Haproxy {
    _process: Process,
    folder: TempDir,
    pub(crate) port: u16,
}

impl Haproxy {
    pub(crate) fn start(recorder: &Recorder) -> Result<Self> {
        let haproxy = program("haproxy", "haproxy")?;
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("haproxy.cfg");
        let mut said = String::new();
        for _ in 0..5 {
            let port = free_port()?;
            let text = haproxy_conf(port, recorder.port("haproxy")?);
            fs::File::create(&config)?.write_all(text.as_bytes())?;
            // Into a file: HAProxy drops lines where a pipe is full.
            let mut command = Command::new("sh");
            command.args(["-c", "exec \"$0\" -db -f haproxy.cfg > seen.log"]).arg(&haproxy).current_dir(folder.path());
            let mut process = Process::start(&mut command)?;
            let answers = until("HAProxy to listen", || {
                let answers = TcpStream::connect(("127.0.0.1", port)).is_ok();
                let runs = process.is_running()?;
                Ok((answers || !runs).then_some(answers && runs))
            });
            if answers? {
                return Ok(Self { _process: process, folder, port });
            }
            process.wait()?;
            said = process.output();
        }
        bail!("HAProxy does not start:\n{said}")
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.path().join("seen.log"))?)
    }
}

fn haproxy_conf(port: u16, recorder: u16) -> String {
    format!(
        "global
             tune.bufsize 131072
             tune.http.maxhdr 256
             tune.http.logurilen 16384
             log stdout len 65535 format raw local0 info
         defaults
             mode http
             log global
             option dontlognull
             timeout connect 5s
             timeout client 600s
             timeout server 600s
         frontend door
             bind 127.0.0.1:{port}
             capture request header x-request-id len 64
             log-format \"%[capture.req.hdr(0)] %ST %HM %HU\"
             default_backend recorder
         backend recorder
             server node 127.0.0.1:{recorder}\n"
    )
}

/// `ID STATUS METHOD TARGET …`
pub(crate) fn logged(line: &str) -> Option<Logged> {
    let mut words = line.splitn(3, ' ');
    let (id, status, request) = (words.next()?, words.next()?, words.next()?);
    Some(Logged { id: id.to_owned(), status: status.parse().ok()?, request: request.to_owned() })
}
