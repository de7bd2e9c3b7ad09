//! The streams of an HTTP/2 connection as tasks, and the end of one whose client does not read.
//!
//! hyper asks a response for more content only when there is room for it: a client that gives no window (CVE-2019-9517) leaves
//! the stream with a piece in its hands, waiting for ever, and its body, which has all the deadlines, is never asked again. So
//! the task of the stream has a deadline of its own while it holds content that the client does not take.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use hyper::rt::Executor;
use pin_project_lite::pin_project;
use portcullis_core::Reason;

use super::connection::Connection;
use crate::wheel::Timer;

/// What a response gave when its stream was last polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gave {
    /// It was not asked.
    Unasked,
    /// It had something: that now waits for the client.
    Content,
    /// It had nothing: the stream waits for the upstream.
    Nothing,
}

/// Runs the streams of one connection on the core that it lives on.
#[derive(Clone)]
pub(super) struct Streams(pub(super) Rc<Connection>);

impl<F: Future<Output = ()> + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let stream = Some(stream);
        tokio::task::spawn_local(Stream { stream, connection: Rc::clone(&self.0), is_full: false, stall: None });
    }
}

pin_project! {
    struct Stream<F> {
        // None once it was reset.
        #[pin]
        stream: Option<F>,
        connection: Rc<Connection>,
        // It holds content that the client has not taken.
        is_full: bool,
        // Made when it is first needed: most responses fit at once.
        stall: Option<Timer>,
    }
}

impl<F: Future<Output = ()>> Future for Stream<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        this.connection.set_gave(Gave::Unasked);
        if this.stream.as_mut().as_pin_mut().is_none_or(|stream| stream.poll(context).is_ready()) {
            return Poll::Ready(());
        }
        match this.connection.gave() {
            Gave::Unasked if !*this.is_full => return Poll::Pending,
            Gave::Unasked => {}
            Gave::Nothing => {
                *this.is_full = false;
                if let Some(stall) = this.stall {
                    stall.disarm();
                }
                return Poll::Pending;
            }
            Gave::Content => {
                *this.is_full = true;
                let stall = this.stall.get_or_insert_with(|| this.connection.timer().another());
                stall.arm(this.connection.timeouts.write_stall);
            }
        }
        let Some(stall) = this.stall else { return Poll::Pending };
        ready!(stall.poll_expired(context));
        // Dropping the stream resets it (CANCEL) and gives up its exchange.
        this.connection.give_up(Some(Reason::WriteStalled));
        this.stream.set(None);
        this.connection.give_up(None); // the others go on
        Poll::Ready(())
    }
}
