//! Sends a case and reads what comes of it, until nothing more can.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context as _, Result, bail};
use portcullis_testkit::client::parse::{self, Framing};
use portcullis_testkit::client::{PATIENCE, values};

use super::case::{Case, Wire};
use super::frames;

/// Answers that one connection may give before it is taken for mad.
const MAX_ANSWERS: usize = 16;

/// One answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Request line that the upstream saw, as it says itself.
    pub(crate) saw: Option<String>,
    /// The id under which the gateway recorded it.
    pub(crate) id: Option<String>,
}

/// Where a gateway listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Door {
    pub(crate) http1: SocketAddr,
    pub(crate) http2: SocketAddr,
}

/// Sends a case: its answers, in order. Ends when the gateway has closed, or has answered one more request behind the case.
pub(crate) fn send(door: Door, case: &Case) -> Result<Vec<Answer>> {
    match &case.wire {
        Wire::Http2 { fields, content, trailers } => {
            let mut connection = connect(door.http2)?;
            let status = frames::exchange(&mut connection, fields, content.as_deref(), trailers)?;
            Ok(status.map(|status| Answer { status, ..Answer::default() }).into_iter().collect())
        }
        Wire::Http1(bytes) => {
            let mut peer = Peer { connection: connect(door.http1)?, buffer: Vec::new() };
            drop(peer.connection.write_all(bytes)); // refused before it was read to its end: the answer counts
            let mut answers = Vec::new();
            for at in 0..case.seen.len() {
                let Some((answer, keeps)) = peer.answer(at == 0 && case.is_head())? else { return Ok(answers) };
                answers.push(answer);
                if !keeps {
                    return Ok(answers);
                }
            }
            // Whatever the gateway has not read yet it reads before this.
            let probe = format!("/probe/{}", case.name);
            drop(peer.connection.write_all(format!("GET {probe} HTTP/1.1\r\nHost: peer.test\r\n\r\n").as_bytes()));
            while let Some((answer, keeps)) = peer.answer(false)? {
                let is_probe = answer.saw.as_deref() == Some(&*format!("GET {probe}"));
                if is_probe {
                    break;
                }
                answers.push(answer);
                if !keeps {
                    break;
                }
                if answers.len() > MAX_ANSWERS {
                    bail!("more than {MAX_ANSWERS} answers");
                }
            }
            Ok(answers)
        }
    }
}

/// A plain request over a connection of its own, whose answer shows what upstream connections were left in.
pub(crate) fn sentinel(door: Door) -> Result<Answer> {
    let mut peer = Peer { connection: connect(door.http1)?, buffer: Vec::new() };
    peer.connection.write_all(b"GET /sentinel HTTP/1.1\r\nHost: peer.test\r\n\r\n")?;
    Ok(peer.answer(false)?.context("an honest request was not answered")?.0)
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let connection = TcpStream::connect(address)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    Ok(connection)
}

struct Peer {
    connection: TcpStream,
    buffer: Vec<u8>,
}

impl Peer {
    /// One final answer, and whether the connection is kept behind it. None: closed.
    fn answer(&mut self, is_head: bool) -> Result<Option<(Answer, bool)>> {
        loop {
            let (head, used) = loop {
                if let Some(found) = parse::head(&self.buffer) {
                    break found;
                }
                if !self.fill()? {
                    return if self.buffer.is_empty() { Ok(None) } else { bail!("half an answer: {}", self.text()) };
                }
            };
            self.buffer.drain(..used);
            let status = head
                .first
                .strip_prefix("HTTP/1.")
                .and_then(|rest| rest.get(2..))
                .and_then(|rest| rest.get(..3)?.parse().ok());
            let Some(status) = status else { bail!("no status line: `{}`", head.first) };
            if (100..200).contains(&status) {
                continue;
            }
            let Framing::Length(length) = parse::framing(&head.headers, Framing::Length(0)) else {
                bail!("an answer in chunks, although neither the gateway nor the upstream sends one")
            };
            let length = if is_head || status == 204 { 0 } else { length };
            while self.buffer.len() < length {
                if !self.fill()? {
                    bail!("half of the content: {}", self.text());
                }
            }
            self.buffer.drain(..length);
            let first = |name| values(&head.headers, name).first().map(|value| (*value).to_owned());
            let keeps = first("connection").is_none_or(|value| !value.eq_ignore_ascii_case("close"));
            return Ok(Some((Answer { status, saw: first("x-saw"), id: first("x-request-id") }, keeps)));
        }
    }

    /// False at the end; a reset is one too.
    fn fill(&mut self) -> Result<bool> {
        let mut piece = [0; 4096];
        match self.connection.read(&mut piece) {
            Ok(read) => {
                self.buffer.extend_from_slice(piece.get(..read).unwrap_or_default());
                Ok(read > 0)
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Ok(false),
            Err(error) => Err(error).context("neither an answer nor the end of the connection"),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(self.buffer.get(..self.buffer.len().min(200)).unwrap_or_default()).into_owned()
    }
}
