//! The load generator: h2load, and what it says about a run.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use super::process::{LOAD_CORE, pinned};
use super::tool;

#[cfg(test)]
mod tests;

/// What client and proxy speak. The upstream always gets HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Plain,
    Tls,
    H2,
}

impl Protocol {
    pub(super) fn is_tls(self) -> bool {
        self != Self::Plain
    }

    pub(super) fn scheme(self) -> &'static str {
        if self.is_tls() { "https" } else { "http" }
    }

    /// For a person.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Plain => "HTTP/1.1",
            Self::Tls => "HTTP/1.1 over TLS",
            Self::H2 => "HTTP/2 over TLS",
        }
    }

    fn alpn(self) -> &'static str {
        if self == Self::H2 { "h2" } else { "http/1.1" }
    }
}

/// A load that can be put on any proxy.
#[derive(Clone)]
pub(super) struct Load<'a> {
    pub(super) protocol: Protocol,
    pub(super) connections: u32,
    /// Requests under way at once on each connection; more than one needs HTTP/2.
    pub(super) streams: u32,
    /// Targets to send in turn, one a line; without it, the one of the proxy's address.
    pub(super) targets: Option<&'a Path>,
    /// JSON to POST; without it, GET.
    pub(super) content: Option<&'a Path>,
}

/// What h2load counted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Requests answered with 2xx.
    pub(super) answered: u64,
    /// Requests that ended in any other way. Those still under way when the time was up are neither.
    pub(super) failed: u64,
    /// Content bytes received.
    pub(super) content_bytes: u64,
    pub(super) protocol: String,
    /// TLS version and cipher suite.
    pub(super) cipher: Option<String>,
}

impl Load<'_> {
    /// One request after another on each connection, to the one address.
    pub(super) fn new(protocol: Protocol, connections: u32) -> Self {
        Self { protocol, connections, streams: 1, targets: None, content: None }
    }

    /// Puts the load on `address` for `duration` and waits for the end.
    pub(super) fn run_for(&self, address: &str, duration: Duration) -> anyhow::Result<Outcome> {
        self.finish(self.start(address, &["-D", &duration.as_secs().to_string()])?)
    }

    /// One request.
    pub(super) fn probe(&self, address: &str) -> anyhow::Result<Outcome> {
        let one = Load { connections: 1, streams: 1, ..self.clone() };
        one.finish(one.start(address, &["-n", "1"])?)
    }

    /// Starts h2load; `arguments` say how long or how often.
    pub(super) fn start(&self, address: &str, arguments: &[&str]) -> anyhow::Result<Child> {
        let mut command = self.command()?;
        command.args(arguments);
        if let Some(content) = self.content {
            command.arg("-d").arg(content).args(["-H", "Content-Type: application/json"]);
        }
        match self.targets {
            Some(targets) => command.arg("-i").arg(targets).args(["-B", address]),
            None => command.arg(address),
        };
        command.spawn().with_context(|| format!("cannot start {command:?}"))
    }

    /// Waits for a started h2load and reads its summary.
    pub(super) fn finish(&self, child: Child) -> anyhow::Result<Outcome> {
        let output = child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let complaint = || format!("h2load:\n{text}{}", String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), complaint());
        let outcome = parse(&text).with_context(complaint)?;
        if outcome.answered > 0 && outcome.protocol != self.protocol.alpn() {
            bail!("the proxy spoke `{}` where `{}` is measured", outcome.protocol, self.protocol.alpn());
        }
        Ok(outcome)
    }

    /// h2load on its core, without how long and whom to.
    pub(super) fn command(&self) -> anyhow::Result<Command> {
        let mut command = pinned(LOAD_CORE, tool::path("h2load").context("`h2load` is not installed")?)?;
        command.args(["-c", &self.connections.to_string(), "-m", &self.streams.to_string()]);
        if self.protocol != Protocol::H2 {
            command.arg("--h1");
        }
        // OpenSSL lets the server choose in one proxy and the client in another; here none has a choice.
        command.arg("--tls13-ciphers=TLS_AES_128_GCM_SHA256");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }
}

/// Reads the summary h2load prints; `None` when a line that counts is missing.
fn parse(text: &str) -> Option<Outcome> {
    let after = |prefix: &str| text.lines().find_map(|line| line.strip_prefix(prefix)).map(str::trim);
    let requests = after("requests: ")?;
    let done = before_word(requests, "done")?;
    let answered = before_word(after("status codes: ")?, "2xx")?;
    let (_, content) = after("traffic: ")?.rsplit_once('(')?;
    let cipher = after("TLS Protocol: ").zip(after("Cipher: ")).map(|(version, suite)| format!("{version} {suite}"));
    Some(Outcome {
        answered,
        // `failed` counts other statuses and broken streams, and with them requests that never got done.
        failed: done.saturating_sub(answered).max(before_word(requests, "failed")?),
        content_bytes: content.split(')').next()?.parse().ok()?,
        protocol: after("Application protocol: ").unwrap_or_default().to_owned(),
        cipher,
    })
}

/// The number in `N word` of a list with commas.
fn before_word(list: &str, word: &str) -> Option<u64> {
    list.split(", ").find_map(|item| item.strip_suffix(word)?.trim().parse().ok())
}
