//! One HTTP/2 connection.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use hyper::server::conn::http2;
use hyper_util::rt::TokioIo;
use portcullis_core::Reason;
use portcullis_core::bounds::{
    H2_CONNECTION_WINDOW, H2_SEND_BUFFER, H2_STREAM_WINDOW, MAX_H2_STREAMS, MAX_HEADER_LIST_BYTES,
};

use super::Handler;
use super::connection::{Connection, Expiry};
use super::drain::Watch;
use super::frames::Framed;
use super::guarded::Guarded;
use super::service::Exchanges;
use super::streams::Streams;
use super::tunnel::Stream;

/// Streams reset by us for errors of the client, and resets of streams that were not yet accepted, before the connection is
/// closed (CVE-2023-44487, CVE-2025-8671).
const MAX_ERROR_RESETS: usize = 100;
const MAX_EARLY_RESETS: usize = 20;

fn builder(streams: Streams) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(streams);
    builder
        .max_concurrent_streams(MAX_H2_STREAMS)
        .max_header_list_size(u32::try_from(MAX_HEADER_LIST_BYTES).unwrap_or(u32::MAX))
        .initial_stream_window_size(H2_STREAM_WINDOW)
        .initial_connection_window_size(H2_CONNECTION_WINDOW)
        .max_send_buf_size(H2_SEND_BUFFER)
        .max_local_error_reset_streams(MAX_ERROR_RESETS)
        .max_pending_accept_reset_streams(MAX_EARLY_RESETS);
    builder
}

type Http2<Io, H> = http2::Connection<TokioIo<Framed<Io>>, Exchanges<H>, Streams>;

pub(super) async fn serve<Io: Stream + 'static, H: Handler>(
    io: Guarded<Io>,
    connection: Rc<Connection>,
    handler: Rc<H>,
    watch: Watch,
) {
    let is_trusted = handler.is_trusted_proxy(connection.peer.ip());
    let io = TokioIo::new(Framed::new(io, Rc::clone(&connection), is_trusted));
    let service = Exchanges::new(Rc::clone(&handler), Rc::clone(&connection));
    let mut http = builder(Streams(Rc::clone(&connection))).serve_connection(io, service);
    let mut is_told = false;
    poll_fn(|context| poll(&mut http, &connection, &*handler, &watch, &mut is_told, context)).await;
    drop(http);
    drop(connection.take_tunnel()); // set by mistake: it may own the connection
}

fn poll<Io: Stream + 'static, H: Handler>(
    http: &mut Http2<Io, H>,
    connection: &Connection,
    handler: &H,
    watch: &Watch,
    is_told: &mut bool,
    context: &mut Context<'_>,
) -> Poll<()> {
    loop {
        // h2 answers errors of the connection with GOAWAY itself.
        let is_over = Pin::new(&mut *http).poll(context).is_ready();
        if let Some(abuse) = connection.take_abuse() {
            handler.cut(connection, Reason::H2Flood, abuse.id());
        }
        if is_over || watch.poll_aborted(context).is_ready() {
            return Poll::Ready(());
        }
        connection.poll_leftovers(context);
        if !*is_told && (connection.is_closing() || watch.poll_draining(context).is_ready()) {
            *is_told = true;
            Pin::new(&mut *http).graceful_shutdown();
            // h2 waits for the answer to its PING before it closes; a client that is gone never sends it, and is idle then.
            connection.close_after_exchange();
            continue;
        }
        match ready!(connection.poll_expired(context)) {
            Expiry::Idle if !*is_told => connection.close_after_exchange(),
            Expiry::Head => {
                handler.cut(connection, Reason::HeadTimeout, "header block");
                return Poll::Ready(());
            }
            Expiry::Stalled => {
                connection.give_up(Some(Reason::WriteStalled));
                return Poll::Ready(());
            }
            Expiry::Idle | Expiry::Warm | Expiry::Evicted => return Poll::Ready(()),
        }
    }
}
