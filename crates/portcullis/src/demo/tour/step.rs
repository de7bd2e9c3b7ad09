//! A step: one request as data. `{name}` in its target, headers and body stands for a value captured before it, `{host}` for
//! the authority the tour talks to, `{n}` for the number of the repetition, `{pad}` for as many `x` as the step says.

use std::net::SocketAddr;

use super::client::{Answer, exchange};

/// See the module. Built by [`get`] and its neighbours, so that a table of them reads as requests.
#[derive(Clone, Copy)]
pub(super) struct Step {
    method: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    bearer: bool,
    body: Option<&'static str>,
    /// Sent as they are instead of all that; the number is how many answers are awaited.
    raw: Option<(&'static str, usize)>,
    capture: Option<(&'static str, &'static str)>,
    times: u32,
    pad: usize,
    setup: bool,
}

/// A request without content.
pub(super) const fn request(method: &'static str, target: &'static str) -> Step {
    Step {
        method,
        target,
        headers: &[],
        bearer: false,
        body: None,
        raw: None,
        capture: None,
        times: 1,
        pad: 0,
        setup: false,
    }
}

pub(super) const fn get(target: &'static str) -> Step {
    request("GET", target)
}

/// A request with JSON content.
pub(super) const fn send(method: &'static str, target: &'static str, json: &'static str) -> Step {
    Step { body: Some(json), ..request(method, target) }
}

pub(super) const fn post(target: &'static str, json: &'static str) -> Step {
    send("POST", target, json)
}

/// Exact bytes, and how many answers to wait for.
pub(super) const fn raw(bytes: &'static str, answers: usize) -> Step {
    Step { raw: Some((bytes, answers)), ..request("RAW", "") }
}

impl Step {
    pub(super) const fn with(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }

    /// Carries the token that the last log-in gave.
    pub(super) const fn bearer(self) -> Self {
        Self { bearer: true, ..self }
    }

    /// Keeps the value at a JSON Pointer of the answer under a name.
    pub(super) const fn capture(self, name: &'static str, pointer: &'static str) -> Self {
        Self { capture: Some((name, pointer)), ..self }
    }

    pub(super) const fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    pub(super) const fn pad(self, bytes: usize) -> Self {
        Self { pad: bytes, ..self }
    }

    /// Has to be answered 2xx, or nothing that follows says anything.
    pub(super) const fn setup(self) -> Self {
        Self { setup: true, ..self }
    }
}

/// Not part of any attack: brings the shop back to its seed.
pub(super) const RESET: Step = request("POST", "/internal/reset").setup();

/// Alice, a customer and the usual victim.
pub(super) const ALICE: Step = log_in(r#"{"email":"alice@example.com","password":"password42"}"#);
/// Mallory, a customer and the attacker.
pub(super) const MALLORY: Step = log_in(r#"{"email":"mallory@example.com","password":"tr0mbone-Sunset"}"#);
/// Olga, who runs the shop.
pub(super) const ADMIN: Step = log_in(r#"{"email":"admin@shop.example","password":"Correct-horse-7"}"#);

const fn log_in(credentials: &'static str) -> Step {
    post("/login", credentials).capture("token", "/access_token").setup()
}

/// Sends the steps in order and gives all their answers.
///
/// # Errors
/// When a setup step is not answered 2xx, or a step gets no answer that could be judged.
pub(super) fn play(peer: SocketAddr, steps: &[Step]) -> Result<Vec<Answer>, String> {
    let mut values = vec![("{host}", peer.to_string())];
    let mut captured: Vec<(String, String)> = Vec::new();
    let mut answers = Vec::new();
    for step in steps {
        for n in 1..=step.times {
            values.retain(|(name, _)| *name == "{host}");
            values.push(("{n}", n.to_string()));
            values.push(("{pad}", "x".repeat(step.pad)));
            let (bytes, count) = wire(step, &|text| fill(text, &values, &captured));
            let got = exchange(peer, bytes.as_bytes(), count, step.method == "HEAD")?;
            let first = got.first();
            if let Some(answer) = first.filter(|answer| step.setup && !matches!(answer.status, 200..=299)) {
                return Err(format!("setup: {}", answer.reason()));
            }
            if let (Some((name, pointer)), Some(answer)) = (step.capture, first) {
                let value = answer.at(pointer);
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                captured.push((format!("{{{name}}}"), value));
            }
            answers.extend(got);
        }
    }
    Ok(answers)
}

fn wire(step: &Step, fill: &dyn Fn(&str) -> String) -> (String, usize) {
    if let Some((bytes, count)) = step.raw {
        return (fill(bytes), count);
    }
    let mut text = format!("{} {} HTTP/1.1\r\n", step.method, fill(step.target));
    let mut line = |name: &str, value: &str| text.push_str(&format!("{name}: {value}\r\n"));
    line("Host", &fill("{host}"));
    line("Connection", "close");
    if step.bearer {
        line("Authorization", &fill("Bearer {token}"));
    }
    for (name, value) in step.headers {
        line(name, &fill(value));
    }
    let body = step.body.map(fill).unwrap_or_default();
    if step.body.is_some() {
        line("Content-Type", "application/json");
    }
    if step.body.is_some() || matches!(step.method, "POST" | "PUT" | "PATCH") {
        line("Content-Length", &body.len().to_string());
    }
    text.push_str("\r\n");
    text.push_str(&body);
    (text, 1)
}

/// The last capture of a name wins.
fn fill(text: &str, values: &[(&str, String)], captured: &[(String, String)]) -> String {
    if !text.contains('{') {
        return text.to_owned();
    }
    let captured = captured.iter().rev().map(|(name, value)| (name.as_str(), value));
    let values = values.iter().map(|(name, value)| (*name, value));
    captured.chain(values).fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}
