//! A request of a case, made ready to send.

use anyhow::{Context, Result, bail};

use super::format::{Request, Then, Via};
use super::gateway::Gateway;
use super::stage::Stage;
use crate::client::{Answer, Target, frames, h1, h2};

/// The authority a request names when its case does not say otherwise.
const HOST: &str = "api.example.com";

/// Where to connect and what to send.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `GET /orders/1 (h2)`, for reports.
    pub label: String,
    /// True when the answer has no content.
    pub is_head: bool,
    /// True when the answer comes from the data plane, which owes it a request id.
    pub is_exchange: bool,
    target: Target,
    payload: Payload,
    answers: usize,
    closed: bool,
    alert: bool,
    /// What is sent after a 101, and how much comes back.
    echo: Option<(Vec<u8>, usize)>,
}

#[derive(Clone, Debug)]
enum Payload {
    H1(Vec<u8>),
    H2(h2::Send),
    /// Frames, and the stream that is looked at.
    Frames(Vec<u8>, u32),
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// The last answer; none when the connection closed without one.
    pub answer: Option<Answer>,
    /// Request ids of the answers before it.
    pub earlier: Vec<String>,
    /// Answers received.
    pub answers: usize,
    /// What came after the answer until the connection closed; none when it stayed open or was not watched.
    pub rest: Option<Vec<u8>>,
    /// What came of frames.
    pub ending: Option<frames::Ending>,
    /// What a tunnel sent back.
    pub echoed: Option<Vec<u8>>,
    /// What ended the connection before an answer: a TLS alert.
    pub trouble: Option<String>,
}

impl Plan {
    /// Makes `request` ready for the listeners of `gateway`; `then` says how much of the connection to watch.
    pub fn new(request: &Request, then: &Then, gateway: &Gateway, stage: &Stage) -> Result<Self> {
        let address = gateway.address(request.via, request.listener)?;
        let alpn: &[&str] = if request.via == Via::H2 { &["h2"] } else { &["http/1.1"] };
        let sni = || stage.vars.fill(request.sni.as_deref().unwrap_or(HOST));
        let tls = match request.via {
            Via::Tls | Via::H2 => Some((stage.client(alpn, request.certificate.as_deref())?, sni())),
            _ => None,
        };
        let bytes =
            |text: &Option<String>| crate::latin1::to_bytes(&stage.vars.fill(text.as_deref().unwrap_or_default()));
        let target = Target { address, from: request.from, tls, preface: bytes(&request.preface)? };
        let (label, is_head, payload) = match &request.raw {
            Some(raw) => {
                let label: String = raw.lines().next().unwrap_or_default().chars().take(60).collect();
                let copies = request.repeat.iter().map(|(text, count)| text.repeat(*count));
                let raw: String = std::iter::once(raw.clone()).chain(copies).collect();
                (label, raw.starts_with("HEAD "), Payload::H1(bytes(&Some(raw))?))
            }
            None if !request.frames.is_empty() => {
                let scheme = if request.via == Via::H2 { "https" } else { "http" };
                let (bytes, stream) = frames::bytes(&request.frames, scheme, |text| stage.vars.fill(text))?;
                let label = format!("{:?}", request.frames).chars().take(200).collect();
                (label, false, Payload::Frames(bytes, stream))
            }
            None => {
                // A name of ours would be refused there: it could be a web page's.
                let host = if request.via == Via::Admin { address.to_string() } else { HOST.to_owned() };
                Self::payload(request, &host, stage)?
            }
        };
        let label = if request.via == Via::H1 { label } else { format!("{label} ({:?})", request.via).to_lowercase() };
        Ok(Self {
            label,
            is_head,
            is_exchange: !matches!(request.via, Via::Admin | Via::Health),
            target,
            payload,
            answers: then.answers.unwrap_or(1),
            closed: then.closed || then.no_answer,
            alert: then.alert.is_some(),
            echo: match (&then.sends, &then.echo) {
                (None, None) => None,
                (sends, echo) => {
                    let want = echo.as_deref().map(crate::latin1::to_bytes).transpose()?.unwrap_or_default();
                    Some((crate::latin1::to_bytes(sends.as_deref().unwrap_or_default())?, want.len()))
                }
            },
        })
    }

    fn payload(request: &Request, host: &str, stage: &Stage) -> Result<(String, bool, Payload)> {
        let (method, target) = line(request)?;
        let target = stage.vars.fill(&target);
        let body = match (&request.body, request.body_size) {
            (Some(body), _) => crate::latin1::to_bytes(&stage.vars.fill(body))?,
            (None, Some(size)) => vec![b'x'; size],
            (None, None) => Vec::new(),
        };
        let fields = request.headers.iter().map(|(name, value)| (name.to_owned(), stage.vars.fill(value)));
        let mut lines: Vec<(String, String)> = fields.collect();
        let names = |name: &str| request.headers.names(name);
        let label = format!("{method} {}", target.chars().take(60).collect::<String>());
        if matches!(request.via, Via::H2 | Via::H2c) {
            let authority = lines.iter().position(|(name, _)| name == ":authority").map(|at| lines.remove(at).1);
            let send = h2::Send {
                authority: authority.unwrap_or_else(|| host.to_owned()),
                method: method.clone(),
                path: target,
                headers: lines,
                body,
            };
            return Ok((label, method == "HEAD", Payload::H2(send)));
        }
        if !names("host") {
            lines.insert(0, ("Host".to_owned(), host.to_owned()));
        }
        if !(body.is_empty() || names("content-length") || names("transfer-encoding")) {
            lines.push(("Content-Length".to_owned(), body.len().to_string()));
        }
        let mut text = format!("{method} {target} HTTP/1.1\r\n");
        for (name, value) in lines {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        let mut bytes = crate::latin1::to_bytes(&text)?;
        bytes.extend_from_slice(&body);
        Ok((label, method == "HEAD", Payload::H1(bytes)))
    }

    /// Connects, sends, and watches the connection as far as the case asks.
    pub async fn run(&self) -> Result<Sent> {
        let bytes = match &self.payload {
            Payload::H2(send) => {
                let answer = h2::exchange(&self.target, send).await?;
                return Ok(Sent { answers: usize::from(answer.is_some()), answer, ..Sent::default() });
            }
            Payload::Frames(bytes, stream) => {
                let ending = Some(frames::exchange(&self.target, bytes, *stream).await?);
                return Ok(Sent { ending, ..Sent::default() });
            }
            Payload::H1(bytes) => bytes,
        };
        let mut connection = match h1::Connection::open(&self.target).await {
            Ok(connection) => connection,
            Err(error) if self.alert => return Ok(Sent { trouble: Some(format!("{error:#}")), ..Sent::default() }),
            Err(error) => return Err(error),
        };
        let mut sent = Sent { answer: connection.exchange(bytes, self.is_head).await?, ..Sent::default() };
        sent.trouble = connection.trouble();
        sent.answers = usize::from(sent.answer.is_some());
        while sent.answer.is_some() && sent.answers < self.answers {
            let Some(next) = connection.next(self.is_head).await? else { break };
            sent.earlier.extend(sent.id());
            sent.answer = Some(next);
            sent.answers += 1;
        }
        if let Some((bytes, want)) = &self.echo {
            sent.echoed = Some(connection.echo(bytes, *want).await?);
        }
        if self.closed {
            sent.rest = connection.rest().await?;
        }
        Ok(sent)
    }
}

impl Sent {
    /// The request id that the last answer carries.
    pub fn id(&self) -> Option<String> {
        self.answer.as_ref()?.values("x-request-id").first().map(|id| (*id).to_owned())
    }
}

/// The one method and target that the request names.
pub fn line(request: &Request) -> Result<(String, String)> {
    let named = [
        ("GET", &request.get),
        ("HEAD", &request.head),
        ("POST", &request.post),
        ("PUT", &request.put),
        ("DELETE", &request.delete),
        ("PATCH", &request.patch),
        ("OPTIONS", &request.options),
    ];
    let mut found: Vec<(String, String)> =
        named.into_iter().filter_map(|(method, target)| Some((method.to_owned(), target.clone()?))).collect();
    if let Some(text) = &request.request {
        let (method, target) = text.split_once(' ').context("`request`: expected `METHOD target`")?;
        found.push((method.to_owned(), target.to_owned()));
    }
    match (found.pop(), found.is_empty()) {
        (Some(line), true) => Ok(line),
        _ => bail!("expected exactly one method, as `get: /orders/1`"),
    }
}
