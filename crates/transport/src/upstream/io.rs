//! The socket to an upstream, and what is counted on it while hyper owns it.

use portcullis_core::Stop;
use portcullis_core::bounds::{MAX_INTERIM_RESPONSES, MAX_UPSTREAM_HEAD_BYTES};
use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A connection to an upstream, with or without TLS.
#[derive(Debug)]
pub enum UpstreamIo {
    /// `http://`
    Plain(TcpStream),
    /// `https://`
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for UpstreamIo {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Self::Tls(io) => Pin::new(io).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for UpstreamIo {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Self::Tls(io) => Pin::new(io).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_flush(cx),
            Self::Tls(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Self::Tls(io) => Pin::new(io).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write_vectored(cx, bufs),
            Self::Tls(io) => Pin::new(io).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(io) => io.is_write_vectored(),
            Self::Tls(io) => io.is_write_vectored(),
        }
    }
}

/// What the request's content is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Progress {
    /// Being sent.
    #[default]
    Moving,
    /// All of it was handed over, or there is none.
    Done,
    /// The client owes the next bytes: the upstream cannot be blamed for waiting.
    AwaitsClient,
}

/// Counts of the present exchange on one connection, shared by its socket, its request content and whoever drives it.
#[derive(Default)]
pub(super) struct Watch {
    pub(super) read: Cell<u64>,
    pub(super) written: Cell<u64>,
    pub(super) upload: Cell<Progress>,
    /// More interim responses than one request can be worth.
    pub(super) flooded: Cell<bool>,
    /// Why the client's content could not be read to its end.
    pub(super) client_failed: RefCell<Option<Stop>>,
    scan: Cell<Scan>,
    /// Whether `sent` is kept.
    keeps: Cell<bool>,
    /// The request as hyper wrote it, or tried to: what a second attempt is made from.
    sent: RefCell<Vec<u8>>,
}

impl Watch {
    /// The request as it was written: its head, and perhaps content after it.
    pub(super) fn take_sent(&self) -> Vec<u8> {
        self.keeps.set(false);
        self.sent.take()
    }

    /// hyper wants to write `bytes`; the socket may take fewer, and then hyper offers the rest again.
    fn offered<'a>(&self, bytes: impl Iterator<Item = &'a [u8]>) {
        if !self.keeps.get() {
            return;
        }
        let mut sent = self.sent.borrow_mut();
        sent.truncate(usize::try_from(self.written.get()).unwrap_or(usize::MAX));
        bytes.for_each(|bytes| sent.extend_from_slice(bytes));
        if sent.len() >= MAX_UPSTREAM_HEAD_BYTES {
            self.keeps.set(false); // the head is in it, and content is at hand
        }
    }

    /// Begins an exchange; `keep` keeps the first bytes of its request: no write after [`MAX_UPSTREAM_HEAD_BYTES`].
    pub(super) fn reset(&self, keep: bool) {
        self.keeps.set(keep);
        self.sent.borrow_mut().clear();
        self.read.set(0);
        self.written.set(0);
        self.upload.set(Progress::Moving);
        self.scan.set(Scan::default());
    }

    /// Bytes moved in this exchange, both ways.
    pub(super) fn moved(&self) -> u64 {
        self.read.get().saturating_add(self.written.get())
    }

    fn has_read(&self, bytes: &[u8]) -> io::Result<()> {
        let read = self.read.get().saturating_add(bytes.len() as u64);
        self.read.set(read);
        let mut scan = self.scan.get();
        if scan.at == At::Final {
            return Ok(());
        }
        scan.feed(bytes);
        self.scan.set(scan);
        let only_interim = scan.at != At::Final && read > MAX_UPSTREAM_HEAD_BYTES as u64;
        if scan.interim > MAX_INTERIM_RESPONSES || only_interim {
            self.flooded.set(true);
            return Err(io::Error::other("too many interim responses"));
        }
        Ok(())
    }

    fn has_written(&self, bytes: usize) {
        self.written.set(self.written.get().saturating_add(bytes as u64));
    }
}

/// Counts interim (1xx) responses: hyper drops them without limit.
#[derive(Clone, Copy, Default)]
struct Scan {
    at: At,
    interim: u32,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum At {
    /// Before any byte of a status line.
    #[default]
    Start,
    /// Inside a status line, after this many of its bytes; `101` so far is as good as a final one.
    Status { seen: u8, switching: bool },
    /// Inside the head of an interim response; true after a line end.
    Interim(bool),
    /// The final response has begun; its bytes are hyper's.
    Final,
}

impl Scan {
    fn feed(&mut self, bytes: &[u8]) {
        // The whole status line of a final response at once, as nearly always.
        if self.at == At::Start
            && let [b'H', .., digit, _, _] = bytes.get(..12).unwrap_or_default()
            && *digit != b'1'
        {
            self.at = At::Final;
            return;
        }
        for &byte in bytes {
            self.at = match self.at {
                At::Start if byte == b'\r' || byte == b'\n' => At::Start,
                At::Start => At::Status { seen: 1, switching: true },
                // "HTTP/1.1 " has nine bytes.
                At::Status { seen: 9, .. } if byte != b'1' => At::Final,
                At::Status { seen: 10, .. } => At::Status { seen: 11, switching: byte == b'0' },
                At::Status { seen: 11, switching: true } if byte == b'1' => At::Final,
                At::Status { seen: 11, .. } => {
                    self.interim = self.interim.saturating_add(1);
                    At::Interim(false)
                }
                At::Status { seen, switching } => At::Status { seen: seen.saturating_add(1), switching },
                At::Interim(true) if byte == b'\n' => At::Start,
                At::Interim(line_ended) => At::Interim(byte == b'\n' || (line_ended && byte == b'\r')),
                At::Final => return,
            };
        }
    }
}

/// The socket as hyper sees it.
pub(super) struct Tap {
    io: UpstreamIo,
    watch: Rc<Watch>,
}

impl Tap {
    pub(super) const fn new(io: UpstreamIo, watch: Rc<Watch>) -> Self {
        Self { io, watch }
    }

    pub(super) fn into_inner(self) -> UpstreamIo {
        self.io
    }
}

impl AsyncRead for Tap {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        Poll::Ready(self.watch.has_read(buf.filled().get(before..).unwrap_or_default()))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.watch.offered([buf].into_iter());
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        self.watch.has_written(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.watch.offered(bufs.iter().map(|buf| &**buf));
        let written = ready!(crate::flat::poll_write(&mut self.io, cx, bufs))?;
        self.watch.has_written(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests;
