//! One connection to an upstream: hyper's two halves of it, driven by whoever waits for its response.

use super::io::{Progress, Tap, UpstreamIo, Watch};
use super::upload::{RequestBody, Upload};
use crate::wheel::{Timer, Wheel};
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use portcullis_core::Reason;
use portcullis_core::bounds::{MAX_UPSTREAM_HEAD_BYTES, MAX_UPSTREAM_HEADER_FIELDS};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// The count of no connection.
const UNSET: u64 = u64::MAX;

/// An open connection, idle or in an exchange.
pub(super) struct Link<B: RequestBody> {
    sender: SendRequest<Upload<B>>,
    /// `None` once it is closed.
    connection: Option<Connection<TokioIo<Tap>, Upload<B>>>,
    /// It does nothing more; only an upgrade has still a use for it.
    has_ended: bool,
    watch: Rc<Watch>,
    /// Deadline of whatever the upstream owes next.
    timer: Timer,
    /// Bytes moved when the deadline was set; [`UNSET`] when it has to be set anew.
    moved: u64,
    task: Arc<CurrentTask>,
    waker: Waker,
}

impl<B: RequestBody> Link<B> {
    /// Takes over a connected socket.
    pub(super) async fn open(io: UpstreamIo, wheel: &Rc<Wheel>) -> hyper::Result<Self> {
        let watch = Rc::new(Watch::default());
        let (sender, connection) = Builder::new()
            .max_headers(MAX_UPSTREAM_HEADER_FIELDS)
            .max_buf_size(MAX_UPSTREAM_HEAD_BYTES)
            .handshake(TokioIo::new(Tap::new(io, Rc::clone(&watch))))
            .await?;
        let task = Arc::new(CurrentTask::default());
        let waker = Waker::from(Arc::clone(&task));
        Ok(Self {
            sender,
            connection: Some(connection),
            has_ended: false,
            watch,
            timer: wheel.timer(),
            moved: UNSET,
            task,
            waker,
        })
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Begins an exchange. The future holds the answer only after [`Link::poll`] has made progress: poll it
    /// [quietly](Link::quietly), so that the connection does not wake the task that is polling it. `keep` keeps what is
    /// written, for a second attempt.
    pub(super) fn send(
        &mut self,
        mut request: Request<Upload<B>>,
        keep: bool,
    ) -> impl Future<Output = Sent<B>> + use<B> {
        self.watch.reset(keep);
        self.begin_wait();
        request.body_mut().attach(Rc::clone(&self.watch));
        // Its `poll` must not give up because the task's budget is spent: nothing would wake it.
        tokio::task::coop::unconstrained(self.sender.try_send_request(request))
    }

    /// Reads and writes what can be read and written now. True once the connection has ended, and with it the part of the
    /// response that had not arrived; what had arrived can still be taken.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if self.has_ended {
            return true;
        }
        let Some(connection) = &mut self.connection else { return true };
        self.task.set(Some(cx.waker()));
        self.has_ended = connection.poll_without_shutdown(&mut Context::from_waker(&self.waker)).is_ready();
        self.has_ended
    }

    /// Drives the connection until the head of the response is there, the connection has ended, or the upstream is overdue.
    pub(super) fn poll_answer(
        &mut self,
        mut answer: Pin<&mut impl Future<Output = Sent<B>>>,
        timeout: Duration,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Sent<B>, Reason>> {
        let ended = self.poll(cx);
        if (ended || self.watch.read.get() > 0)
            && let Poll::Ready(answer) = self.quietly(|cx| answer.as_mut().poll(cx))
        {
            return Poll::Ready(Ok(answer));
        }
        if ended {
            self.close();
            let answer = self.quietly(|cx| answer.as_mut().poll(cx));
            return if answer.is_ready() { answer.map(Ok) } else { Poll::Ready(Err(Reason::UpstreamClosed)) };
        }
        let written = self.watch.written.get();
        if self.is_overdue(cx, timeout, written) {
            return Poll::Ready(Err(Reason::UpstreamTimeout));
        }
        Poll::Pending
    }

    /// Drops the connection: a request still queued in it comes back, content still expected from it becomes an error.
    pub(super) fn close(&mut self) {
        self.connection = None;
    }

    /// Takes from the connection, which is at rest or is polled again before anything else, without being woken by it.
    pub(super) fn quietly<T>(&self, take: impl FnOnce(&mut Context<'_>) -> T) -> T {
        self.task.muted.store(true, Ordering::Relaxed);
        let taken = take(&mut Context::from_waker(Waker::noop()));
        self.task.muted.store(false, Ordering::Relaxed);
        taken
    }

    /// Whether the connection can carry another request: the last response was read to its end and nothing after it, the
    /// last request was sent to its end, nobody asked to close. True only after a [`Link::poll`] that saw all of this.
    pub(super) fn is_clean(&self) -> bool {
        !self.has_ended && self.sender.is_ready()
    }

    /// The upstream owes something from now on.
    pub(super) const fn begin_wait(&mut self) {
        self.moved = UNSET;
    }

    /// Whether the upstream owes the next bytes, and not the client.
    pub(super) fn is_owed(&self) -> bool {
        self.watch.upload.get() != Progress::AwaitsClient
    }

    /// Whether the upstream has owed something for longer than `span`; wakes the task when it has. `moved` counts what ends
    /// the waiting. While the client owes the next bytes of the request the upstream owes nothing.
    pub(super) fn is_overdue(&mut self, cx: &mut Context<'_>, span: Duration, moved: u64) -> bool {
        if self.moved != moved {
            self.moved = moved;
            self.timer.arm(span);
        }
        if self.timer.poll_expired(cx).is_pending() {
            return false;
        }
        if self.is_owed() {
            return true;
        }
        self.timer.arm(span);
        self.timer.poll_expired(cx).is_ready()
    }

    /// Lets go of the task of the last exchange.
    pub(super) fn rest(&self) {
        self.timer.disarm();
        self.task.set(None);
    }

    /// Whether an idle connection is still open and silent.
    pub(super) fn is_alive(&mut self) -> bool {
        match &mut self.connection {
            Some(connection) if !self.has_ended => {
                let polled = connection.poll_without_shutdown(&mut Context::from_waker(&self.waker));
                polled.is_pending() && self.sender.is_ready()
            }
            _ => false,
        }
    }

    /// The socket and what was read from it but not as HTTP.
    pub(super) fn into_io(mut self) -> Option<(UpstreamIo, Bytes)> {
        let parts = self.connection.take()?.into_parts();
        Some((parts.io.into_inner().into_inner(), parts.read_buf))
    }
}

/// Why there is no response, and the request where nothing of it was written.
pub(super) type SendError<B> = TrySendError<Request<Upload<B>>>;

/// A response, or why there is none.
pub(super) type Sent<B> = Result<Response<Incoming>, SendError<B>>;

/// The waker that a connection knows: it wakes the task of the present exchange, or nobody while idle. Registered once with
/// the socket, whatever tasks come and go.
#[derive(Default)]
struct CurrentTask {
    /// Never contended: a connection and its tasks stay on one core.
    waker: Mutex<Option<Waker>>,
    muted: AtomicBool,
}

impl CurrentTask {
    fn set(&self, task: Option<&Waker>) {
        let mut current = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        match (&mut *current, task) {
            (Some(current), Some(task)) => current.clone_from(task), // nothing to do for the same task
            (current, task) => *current = task.cloned(),
        }
    }
}

impl Wake for CurrentTask {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.muted.load(Ordering::Relaxed)
            && let Some(task) = &*self.waker.lock().unwrap_or_else(PoisonError::into_inner)
        {
            task.wake_by_ref();
        }
    }
}
