//! One HTTP/1.1 connection, from its first byte to its close or its tunnel.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use portcullis_core::Reason;
use portcullis_core::bounds::{HTTP1_BUFFER_BYTES, MAX_HEADER_FIELDS};

use super::Handler;
use super::connection::{Connection, Expiry, Phase};
use super::drain::Watch;
use super::finish::linger;
use super::guarded::Guarded;
use super::refusal;
use super::service::Exchanges;
use super::tunnel::{self, Stream};

/// hyper's settings. Its own header timer is left off: it counts idle time and answers nothing (`edge.md` fact 3).
pub(super) fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.keep_alive(true).half_close(false).header_read_timeout(None);
    builder.max_headers(MAX_HEADER_FIELDS).max_buf_size(HTTP1_BUFFER_BYTES);
    builder
}

/// Why hyper was stopped.
enum Ending {
    Done(Result<(), hyper::Error>),
    Expired(Expiry),
    Aborted,
}

type Http1<Io, H> = http1::Connection<TokioIo<Guarded<Io>>, Exchanges<H>>;

pub(super) async fn serve<Io: Stream, H: Handler>(
    builder: &http1::Builder,
    io: Guarded<Io>,
    connection: Rc<Connection>,
    handler: Rc<H>,
    watch: Watch,
) {
    let service = Exchanges::new(Rc::clone(&handler), Rc::clone(&connection));
    let mut http = builder.serve_connection(TokioIo::new(io), service);
    let mut is_told = false;
    let ending = poll_fn(|context| poll(&mut http, &connection, &watch, &mut is_told, context)).await;
    let parts = http.into_parts();
    let io = parts.io.into_inner().into_inner();
    drop(parts.service);
    // Boxed: the end is short, and an idle connection should not hold room for it.
    Box::pin(finish(io, parts.read_buf, ending, &connection, &*handler, &watch)).await;
}

fn poll<Io: Stream, H: Handler>(
    http: &mut Http1<Io, H>,
    connection: &Connection,
    watch: &Watch,
    is_told: &mut bool,
    context: &mut Context<'_>,
) -> Poll<Ending> {
    loop {
        if let Poll::Ready(outcome) = http.poll_without_shutdown(context) {
            return Poll::Ready(Ending::Done(outcome));
        }
        if watch.poll_aborted(context).is_ready() {
            return Poll::Ready(Ending::Aborted);
        }
        if !*is_told && watch.poll_draining(context).is_ready() {
            *is_told = true;
            connection.close_after_exchange();
            // Before a request, hyper would close at once, and with it lose a request that is on its way or begun; the answer
            // to that one says `Connection: close` all the same. Without one the connection closes after a grace.
            if connection.phase() == Phase::Exchange {
                Pin::new(&mut *http).graceful_shutdown();
                continue;
            }
        }
        return connection.poll_expired(context).map(Ending::Expired);
    }
}

/// What the connection still owes after hyper let go of it.
async fn finish<Io: Stream, H: Handler>(
    mut io: Io,
    read: Bytes,
    ending: Ending,
    connection: &Connection,
    handler: &H,
    watch: &Watch,
) {
    let tunnel = connection.take_tunnel();
    let reason = match ending {
        Ending::Done(Ok(())) => {
            if let Some(tunnel) = tunnel {
                tunnel::run(&mut io, read, tunnel, connection.timer(), watch).await;
            } else if !connection.is_at_eof() {
                linger(io, connection.timer(), b"").await;
            }
            return;
        }
        Ending::Done(Err(error)) => refusal::reason(&error, &read),
        Ending::Expired(Expiry::Head) => Some(Reason::HeadTimeout),
        // The begin of a head that came in one piece with the request before it.
        Ending::Expired(Expiry::Idle) if !read.is_empty() => Some(Reason::HeadTimeout),
        Ending::Expired(Expiry::Idle) => {
            linger(io, connection.timer(), b"").await;
            return;
        }
        Ending::Expired(Expiry::Stalled) | Ending::Aborted => None,
    };
    if let Some(reason) = reason {
        let answer = handler.refuse(connection, reason);
        linger(io, connection.timer(), &answer).await;
    }
}
