//! The gateway and its peers, as processes that end with the test.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use portcullis_testkit::ca::{Issued, TestCa};
use portcullis_testkit::process::{Process, program, until};
use portcullis_testkit::small_upstream;
use tempfile::TempDir;

/// The API of all tests here.
const DOCUMENT: &str = r#"
openapi: 3.1.0
info: { title: peers, version: "1" }
paths:
  /files/{name}:
    parameters: [{ name: name, in: path, required: true, schema: { type: string } }]
    get: { operationId: getFile, responses: { "200": { description: ok } } }
  /items:
    get: { operationId: listItems, responses: { "200": { description: ok } } }
    post: { operationId: createItem, responses: { "200": { description: ok } } }
  /never:
    get: { operationId: getNever, responses: { "200": { description: ok } } }
  /upload:
    post: { operationId: upload, responses: { "200": { description: ok } } }
  /download:
    get: { operationId: download, responses: { "200": { description: ok } } }
"#;

/// A port that is free now. Who takes it has to try again when somebody was faster.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Another one of [`small_upstream`].
pub(crate) fn upstream() -> Result<(Process, SocketAddr)> {
    small_upstream::start("small_upstream")
}

/// A running gateway in its own folder.
pub(crate) struct Gateway {
    /// The process.
    pub(crate) process: Process,
    folder: TempDir,
}

impl Gateway {
    /// Serves `config` (an address `127.0.0.1:0` for each listener), with `files` beside it.
    pub(crate) fn start(config: &str, files: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.arg("run");
        Self::start_by(command, config, files)
    }

    /// The same, by a command that becomes it.
    pub(crate) fn start_by(mut command: Command, config: &str, files: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        for (name, text) in [("portcullis.yaml", config), ("api.yaml", DOCUMENT)].iter().chain(files) {
            write(&folder.path().join(name), text)?;
        }
        let process = Process::start(command.current_dir(folder.path()))?;
        let mut gateway = Self { process, folder };
        let listeners = config.matches("127.0.0.1:0").count();
        gateway.process.wait_for("every listener", |lines| (listening(lines).len() == listeners).then_some(()))?;
        Ok(gateway)
    }

    /// The address of listener `index` of `kind`: `http`, `https` or `admin`.
    pub(crate) fn address(&self, kind: &str, index: usize) -> Result<SocketAddr> {
        let output = self.process.output();
        let lines: Vec<String> = output.lines().map(str::to_owned).collect();
        let found = listening(&lines).into_iter().filter(|(_, found)| found == kind).nth(index);
        Ok(found.with_context(|| format!("no `{kind}` listener {index}:\n{output}"))?.0)
    }

    /// Where `path` is on the first listener of `kind`.
    pub(crate) fn url(&self, kind: &str, path: &str) -> Result<String> {
        self.url_of(kind, 0, path)
    }

    /// Where `path` is on listener `index` of `kind`.
    pub(crate) fn url_of(&self, kind: &str, index: usize, path: &str) -> Result<String> {
        let scheme = if kind == "https" { "https" } else { "http" };
        Ok(format!("{scheme}://{}{path}", self.address(kind, index)?))
    }

    /// The folder of the configuration.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts another configuration in the place of the present one, in one step.
    pub(crate) fn configure(&self, config: &str) -> Result<()> {
        let (new, present) = (self.folder().join("portcullis.new"), self.folder().join("portcullis.yaml"));
        write(&new, config)?;
        Ok(fs::rename(new, present)?)
    }

    /// Lines of the record.
    pub(crate) fn records(&self) -> Result<Vec<String>> {
        let mut records = Vec::new();
        for file in fs::read_dir(self.folder().join("portcullis-data/events"))? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                records.extend(fs::read_to_string(path)?.lines().map(str::to_owned));
            }
        }
        Ok(records)
    }

    /// Still runs, and nothing in it panicked.
    pub(crate) fn expect_well(&mut self) -> Result<()> {
        let output = self.process.output();
        ensure!(self.process.is_running()?, "the gateway has ended:\n{output}");
        ensure!(!output.contains("panicked at"), "something panicked:\n{output}");
        Ok(())
    }
}

/// `listening 127.0.0.1:4711 (http)`
fn listening(lines: &[String]) -> Vec<(SocketAddr, String)> {
    let parse = |line: &String| {
        let (address, kind) = line.strip_prefix("listening ")?.split_once(" (")?;
        Some((address.parse().ok()?, kind.strip_suffix(')')?.to_owned()))
    };
    lines.iter().filter_map(parse).collect()
}

/// For the owner alone: some of these files are keys.
fn write(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

/// A running nginx in its own folder.
pub(crate) struct Nginx {
    folder: TempDir,
    _process: Process,
    /// The port that stands for `@PORT@`.
    pub(crate) port: u16,
}

impl Nginx {
    /// Serves `servers` (blocks that stand in `http`; `@PORT@` is a free port) over `files`.
    pub(crate) fn start(servers: &str, files: &[(&str, &[u8])]) -> Result<Self> {
        let nginx = program("nginx", "nginx-light")?;
        let folder = tempfile::tempdir()?;
        for (name, content) in files {
            let path = folder.path().join(name);
            path.parent().map(fs::create_dir_all).transpose()?;
            fs::write(path, content)?;
        }
        let mut said = String::new();
        for _ in 0..5 {
            let port = free_port()?;
            fs::write(folder.path().join("nginx.conf"), nginx_conf(&servers.replace("@PORT@", &port.to_string())))?;
            let mut command = Command::new(&nginx);
            command.arg("-p").arg(folder.path()).args(["-e", "stderr", "-c", "nginx.conf"]);
            let mut process = Process::start(&mut command)?;
            let answers = until("nginx to listen", || {
                let answers = TcpStream::connect(("127.0.0.1", port)).is_ok();
                let runs = process.is_running()?;
                Ok((answers || !runs).then_some(answers && runs))
            });
            if answers? {
                return Ok(Self { folder, _process: process, port });
            }
            process.wait()?;
            said = process.output();
        }
        bail!("nginx does not start:\n{said}")
    }

    /// What it wrote to the log `name`.
    pub(crate) fn log(&self, name: &str) -> Result<String> {
        Ok(fs::read_to_string(self.folder.path().join(name))?)
    }

    /// One line a request: number of the connection, number of the request on it, method, path, status, host, SNI. Waits for
    /// `requests` of them: nginx writes the line after the answer, which may have arrived by then.
    pub(crate) fn seen(&self, requests: usize) -> Result<Vec<Vec<String>>> {
        let mut log = self.log("access.log")?;
        for _ in 0..500 {
            if log.lines().count() >= requests {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
            log = self.log("access.log")?;
        }
        Ok(log.lines().map(|line| line.split(' ').map(str::to_owned).collect()).collect())
    }
}

fn nginx_conf(servers: &str) -> String {
    format!(
        "daemon off;
         master_process off;
         pid nginx.pid;
         events {{ worker_connections 512; }}
         http {{
             log_format seen '$connection $connection_requests $request_method $uri $status $http_host $ssl_server_name';
             access_log access.log seen;
             client_body_temp_path body;
             proxy_temp_path proxy;
             fastcgi_temp_path fastcgi;
             uwsgi_temp_path uwsgi;
             scgi_temp_path scgi;
             default_type application/octet-stream;
             types {{ application/json json; }}
             {servers}
         }}"
    )
}

/// What curl got.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its exit status.
    pub(crate) exit: Option<i32>,
    /// Status of the final response; 0 without one.
    pub(crate) status: u16,
    /// `1.1` or `2`.
    pub(crate) version: String,
    /// The heads of all responses.
    pub(crate) heads: String,
    /// The content.
    pub(crate) body: Vec<u8>,
    /// What curl says of its work.
    pub(crate) trace: String,
}

impl Answer {
    /// The value of a field of the final response.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let last = self.heads.trim_end().rsplit("\r\n\r\n").next()?;
        let fields = last.lines().filter_map(|line| line.split_once(':'));
        fields.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// The problem type, when it is a refusal of the gateway.
    pub(crate) fn problem(&self) -> Option<String> {
        let is_problem = self.field("content-type")?.starts_with("application/problem+json");
        let content: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        let kind = content.get("type")?.as_str()?.strip_prefix("urn:portcullis:problem:")?.to_owned();
        is_problem.then_some(kind)
    }
}

/// A curl that reads no files of the user, asks no proxy and does not wait for ever.
pub(crate) fn curl_command() -> Result<Command> {
    let mut command = Command::new(program("curl", "curl")?);
    command.args(["-q", "-sS", "--noproxy", "*", "--max-time", "20"]);
    Ok(command)
}

/// Runs curl.
pub(crate) fn curl(args: &[&str]) -> Result<Answer> {
    let folder = tempfile::tempdir()?;
    let (heads, body) = (folder.path().join("heads"), folder.path().join("body"));
    let mut command = curl_command()?;
    command.args(["-v", "-w", "%{http_code} %{http_version}"]).arg("-D").arg(&heads).arg("-o").arg(&body).args(args);
    let output = command.output()?;
    let written = String::from_utf8(output.stdout)?;
    let (status, version) = written.split_once(' ').context("what -w writes")?;
    Ok(Answer {
        exit: output.status.code(),
        status: status.parse()?,
        version: version.to_owned(),
        heads: fs::read_to_string(heads).unwrap_or_default(), // without a response there is none
        body: fs::read(body).unwrap_or_default(),
        trace: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// h2load at work.
pub(crate) struct H2load {
    process: Process,
    requests: usize,
}

impl H2load {
    /// Starts `requests` requests, shaped by `args`.
    pub(crate) fn start(requests: usize, args: &[&str]) -> Result<Self> {
        let mut command = Command::new(program("h2load", "nghttp2-client")?);
        let process = Process::start(command.args(["-n", &requests.to_string()]).args(args))?;
        Ok(Self { process, requests })
    }

    /// Whether it still sends.
    pub(crate) fn is_running(&mut self) -> Result<bool> {
        self.process.is_running()
    }

    /// Waits for its end; every request must have got a 2xx.
    pub(crate) fn expect_all(mut self) -> Result<()> {
        let status = self.process.wait()?;
        let (n, output) = (self.requests, self.process.output());
        let done = format!(
            "requests: {n} total, {n} started, {n} done, {n} succeeded, 0 failed, 0 errored, 0 timeout\n\
             status codes: {n} 2xx, 0 3xx, 0 4xx, 0 5xx"
        );
        ensure!(status.success() && output.contains(&done), "not all of {n} requests succeeded:\n{output}");
        Ok(())
    }
}

/// A test authority and what it issued for 127.0.0.1, as files.
pub(crate) struct Certificates {
    folder: TempDir,
    /// What it issued.
    pub(crate) issued: Issued,
}

impl Certificates {
    /// A new authority.
    pub(crate) fn new() -> Result<Self> {
        let ca = TestCa::new()?;
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("ca.pem"), ca.pem())?;
        Ok(Self { issued: ca.issue(&["127.0.0.1"])?, folder })
    }

    /// The certificate of the authority, for curl.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}
