//! HTTP/1.1 by hand, so that nothing tidies what a case sends.

use std::pin::Pin;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};

use super::parse::{self, Framing};
use super::{Answer, Io, PATIENCE, Target};

/// Most bytes one response may hold here.
const MAX_RESPONSE: usize = 64 * 1024 * 1024;

/// One connection.
pub struct Connection {
    reader: ReadHalf<Pin<Box<dyn Io>>>,
    writer: WriteHalf<Pin<Box<dyn Io>>>,
    buffer: Vec<u8>,
    ended: bool,
    trouble: Option<std::io::Error>,
}

impl Connection {
    /// Connects to `target`.
    pub async fn open(target: &Target) -> Result<Self> {
        let (reader, writer) = tokio::io::split(target.connect().await?);
        Ok(Self { reader, writer, buffer: Vec::new(), ended: false, trouble: None })
    }

    /// Sends `bytes` as they are while already listening for the answer: a server may refuse before it has read all,
    /// and then the rest need not arrive. `is_head` says that the answer has no content. None: closed without an answer.
    pub async fn exchange(&mut self, bytes: &[u8], is_head: bool) -> Result<Option<Answer>> {
        let Self { reader, writer, buffer, ended, trouble } = self;
        let mut reading = Reading { reader, buffer, ended, trouble };
        let answer = tokio::time::timeout(PATIENCE, async {
            let write = async {
                // A refused write is no failure: what counts is the answer that came before the close.
                if writer.write_all(bytes).await.is_ok() {
                    let _flushed = writer.flush().await;
                }
                std::future::pending::<()>().await;
            };
            tokio::select! { answer = reading.answer(is_head) => answer, () = write => Ok(None) }
        });
        answer.await.context("no answer")?
    }

    /// Reads one more answer on the same connection.
    pub async fn next(&mut self, is_head: bool) -> Result<Option<Answer>> {
        self.exchange(b"", is_head).await
    }

    /// Sends `bytes` and reads until `want` bytes came back: for tunnels after a 101.
    pub async fn echo(&mut self, bytes: &[u8], want: usize) -> Result<Vec<u8>> {
        self.writer.write_all(bytes).await?;
        let Self { reader, buffer, ended, trouble, .. } = self;
        let mut reading = Reading { reader, buffer, ended, trouble };
        tokio::time::timeout(PATIENCE, async {
            while reading.buffer.len() < want && reading.fill().await? {}
            Ok(std::mem::take(reading.buffer))
        })
        .await
        .context("no echo")?
    }

    /// What broke the connection, if something did.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.as_ref().map(ToString::to_string)
    }

    /// Reads to the end of the connection: the bytes that came, or None when the peer keeps it open.
    pub async fn rest(&mut self) -> Result<Option<Vec<u8>>> {
        let Self { reader, buffer, ended, trouble, .. } = self;
        let mut reading = Reading { reader, buffer, ended, trouble };
        let drained = tokio::time::timeout(PATIENCE, async { while let Ok(true) = reading.fill().await {} }).await;
        Ok(drained.is_ok().then(|| std::mem::take(&mut self.buffer)))
    }
}

struct Reading<'a> {
    reader: &'a mut ReadHalf<Pin<Box<dyn Io>>>,
    buffer: &'a mut Vec<u8>,
    ended: &'a mut bool,
    trouble: &'a mut Option<std::io::Error>,
}

impl Reading<'_> {
    /// Reads some more bytes; false at the end. A reset counts as the end: the kernel sends one when unread bytes
    /// were left behind, and the answer before it is still whole.
    async fn fill(&mut self) -> Result<bool> {
        if *self.ended {
            return Ok(false);
        }
        if self.buffer.len() > MAX_RESPONSE {
            bail!("response larger than {MAX_RESPONSE} bytes");
        }
        self.buffer.reserve(16 * 1024);
        match self.reader.read_buf(self.buffer).await {
            Ok(read) => *self.ended = read == 0,
            Err(error) => (*self.ended, *self.trouble) = (true, Some(error)),
        }
        Ok(!*self.ended)
    }

    async fn answer(&mut self, is_head: bool) -> Result<Option<Answer>> {
        let mut answer = Answer::default();
        loop {
            let head = loop {
                if let Some((head, used)) = parse::head(self.buffer) {
                    self.buffer.drain(..used);
                    break head;
                }
                if !self.fill().await? {
                    return if self.buffer.is_empty() { Ok(None) } else { bail!("half a head: {:?}", self.text()) };
                }
            };
            let status = head.first.split(' ').nth(1).and_then(|code| code.parse().ok());
            let Some(status) = status.filter(|_| head.first.starts_with("HTTP/1.")) else {
                bail!("no status line: `{}`", head.first);
            };
            if (100..200).contains(&status) && status != 101 {
                answer.interim.push(status);
                continue;
            }
            answer.status = status;
            answer.headers = head.headers;
            break;
        }
        let bodiless = is_head || matches!(answer.status, 101 | 204 | 304);
        let framing = if bodiless { Framing::Length(0) } else { parse::framing(&answer.headers, Framing::Close) };
        self.content(&mut answer, framing).await?;
        Ok(Some(answer))
    }

    async fn content(&mut self, answer: &mut Answer, framing: Framing) -> Result<()> {
        match framing {
            Framing::Length(length) => {
                while self.buffer.len() < length && self.fill().await? {}
                answer.complete = self.buffer.len() >= length;
                answer.body = self.buffer.drain(..length.min(self.buffer.len())).collect();
            }
            Framing::Chunked => {
                let mut read = parse::chunked(self.buffer);
                while !read.complete && self.fill().await? {
                    read = parse::chunked(self.buffer);
                }
                self.buffer.drain(..read.used.min(self.buffer.len()));
                (answer.body, answer.trailers, answer.complete) = (read.body, read.trailers, read.complete);
            }
            Framing::Close => {
                while self.fill().await? {}
                answer.complete = true;
                answer.body = std::mem::take(self.buffer);
            }
        }
        Ok(())
    }

    fn text(&self) -> String {
        crate::latin1::to_text(self.buffer.get(..self.buffer.len().min(200)).unwrap_or_default())
    }
}
