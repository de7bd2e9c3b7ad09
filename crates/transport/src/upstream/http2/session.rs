//! One connection.

use super::super::io::UpstreamIo;
use super::driver::{self, Counted};
use crate::wheel::Wheel;
use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use portcullis_core::bounds::{
    H2_SEND_BUFFER, H2_STREAM_WINDOW, MAX_UPSTREAM_CONNECTION_AGE, MAX_UPSTREAM_HEAD_BYTES, MAX_UPSTREAM_RESETS,
    MAX_UPSTREAM_STREAMS,
};
use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Streams sent before the upstream has said how many it allows; others wait for that in h2.
const FIRST_STREAMS: usize = 10;
/// Streams closed for what the upstream did wrong, before the connection is.
const MAX_ERROR_RESETS: usize = 100;
/// The largest window there is. A connection window that is less than all stream windows together would let a few clients that
/// do not read stop the responses of all others; memory is bounded by the windows of the streams.
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// A connection that exchanges share. Dropping the last reference closes it.
pub(in super::super) struct Session {
    sender: SendRequest<Bytes>,
    line: Rc<Line>,
    /// When it was opened, in seconds of the pool.
    opened_at: u64,
    /// When its last stream ended.
    idle_since: Cell<u64>,
    seconds: Rc<Cell<u64>>,
    given_up: Cell<u32>,
    is_retired: Cell<bool>,
}

/// What a connection and its task tell each other.
#[derive(Default)]
pub(super) struct Line {
    /// Bytes read from the socket.
    pub(super) read: Cell<u64>,
    /// Exchanges on the connection.
    pub(super) streams: Cell<usize>,
    /// Nobody will use it any more.
    pub(super) is_left: Cell<bool>,
}

impl Session {
    /// Takes over a connected socket.
    pub(super) async fn open(
        io: UpstreamIo,
        wheel: &Rc<Wheel>,
        seconds: &Rc<Cell<u64>>,
    ) -> Result<Rc<Self>, h2::Error> {
        let line = Rc::new(Line::default());
        let (sender, connection) = Builder::new()
            .enable_push(false)
            .initial_max_send_streams(FIRST_STREAMS)
            .initial_window_size(H2_STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(u32::try_from(MAX_UPSTREAM_HEAD_BYTES).unwrap_or(u32::MAX))
            .max_send_buffer_size(H2_SEND_BUFFER)
            .max_local_error_reset_streams(Some(MAX_ERROR_RESETS))
            .handshake(Counted::new(io, Rc::clone(&line)))
            .await?;
        tokio::task::spawn_local(driver::drive(connection, Rc::clone(&line), wheel.timer()));
        let (opened_at, idle_since) = (seconds.get(), Cell::new(seconds.get()));
        let (given_up, is_retired) = (Cell::new(0), Cell::new(false));
        Ok(Rc::new(Self { sender, line, opened_at, idle_since, seconds: Rc::clone(seconds), given_up, is_retired }))
    }

    /// A handle to send one request by.
    pub(super) fn sender(&self) -> SendRequest<Bytes> {
        self.sender.clone()
    }

    /// Bytes read from its socket so far.
    pub(super) fn read(&self) -> u64 {
        self.line.read.get()
    }

    pub(super) fn streams(&self) -> usize {
        self.line.streams.get()
    }

    /// Whether one more stream fits. Before the upstream has said anything it is taken to allow as many as we do.
    pub(super) fn has_room(&self) -> bool {
        let allowed = if self.read() == 0 { usize::MAX } else { self.sender.current_max_send_streams() };
        self.streams() < allowed.min(MAX_UPSTREAM_STREAMS)
    }

    /// Whether requests may be sent on it: it is open, no GOAWAY has come, and it is neither old nor worn.
    pub(super) fn is_usable(&self) -> bool {
        let age = self.seconds.get().saturating_sub(self.opened_at);
        !self.is_retired.get()
            && age < MAX_UPSTREAM_CONNECTION_AGE.as_secs()
            && self.given_up.get() < MAX_UPSTREAM_RESETS
            && !matches!(self.sender().poll_ready(&mut Context::from_waker(Waker::noop())), Poll::Ready(Err(_)))
    }

    /// Whether nothing was sent on it for `keep` seconds.
    pub(super) fn is_idle(&self, keep: u64) -> bool {
        self.streams() == 0 && self.seconds.get().saturating_sub(self.idle_since.get()) >= keep
    }

    /// No more requests are sent on it; those that are continue.
    pub(super) fn retire(&self) {
        self.is_retired.set(true);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.line.is_left.set(true); // h2 wakes the task when `sender` goes
    }
}

/// A place on a connection, counted until it is dropped.
pub(in super::super) struct Seat {
    session: Rc<Session>,
    /// The connection was there before: that it has died says nothing about the endpoint.
    pub(in super::super) was_kept: bool,
    /// Its stream is open on both sides: what ends it now is a reset of ours.
    pub(super) is_open: bool,
}

impl Seat {
    pub(super) fn new(session: Rc<Session>, was_kept: bool) -> Self {
        session.line.streams.set(session.streams().saturating_add(1));
        Self { session, was_kept, is_open: false }
    }

    pub(in super::super) fn session(&self) -> &Session {
        &self.session
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.is_open {
            self.session.given_up.set(self.session.given_up.get().saturating_add(1));
        }
        self.session.line.streams.set(self.session.streams().saturating_sub(1));
        self.session.idle_since.set(self.session.seconds.get());
    }
}
