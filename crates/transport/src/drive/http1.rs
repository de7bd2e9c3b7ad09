//! One HTTP/1.1 connection, from its first byte to its close or its tunnel.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use portcullis_core::Reason;
use portcullis_core::bounds::HTTP1_BUFFER_BYTES;

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
    // `max_headers` stays at hyper's default, which is `MAX_HEADER_FIELDS`: setting it costs an allocation for each head.
    builder.max_buf_size(HTTP1_BUFFER_BYTES);
    builder
}

/// Why hyper was stopped.
enum Ending {
    /// It is done, or failed.
    Done(Result<(), hyper::Error>),
    /// It stands between two requests and none came soon: it is made anew when one comes.
    Cooled,
    Expired(Expiry),
    /// The guard refuses the next head.
    Refused(Reason),
    Aborted,
}

type Http1<Io, H> = http1::Connection<TokioIo<Guarded<Io>>, Exchanges<H>>;

/// One connection at work: the settings that hold for each of its requests.
pub(super) struct Serving<'a, H> {
    pub(super) builder: &'a http1::Builder,
    pub(super) connection: Rc<Connection>,
    pub(super) handler: Rc<H>,
    pub(super) watch: Watch,
}

impl<H: Handler> Serving<'_, H> {
    pub(super) async fn run<Io: Stream>(self, mut io: Guarded<Io>) {
        let mut is_told = false;
        loop {
            let (ending, held);
            (io, ending, held) = match poll_fn(|context| self.poll_idle(&mut io, &mut is_told, context)).await {
                None => self.exchanges(io, &mut is_told).await,
                Some(ending) => (io, ending, Bytes::new()),
            };
            if matches!(ending, Ending::Cooled) {
                self.connection.cooled();
                io.put_back(held);
                continue;
            }
            let read = io.unread(held);
            // Boxed: the end is short, and an idle connection should not hold room for it.
            return Box::pin(self.finish(io.into_inner(), read, ending)).await;
        }
    }

    /// Waits for a request without holding more than the socket: `None` when one has begun.
    fn poll_idle<Io: Stream>(
        &self,
        io: &mut Guarded<Io>,
        is_told: &mut bool,
        context: &mut Context<'_>,
    ) -> Poll<Option<Ending>> {
        match io.poll_first_bytes(context) {
            Poll::Ready(Ok(())) if self.connection.is_at_eof() => return Poll::Ready(Some(Ending::Done(Ok(())))),
            Poll::Ready(Ok(())) => return Poll::Ready(None),
            Poll::Ready(Err(_)) => return Poll::Ready(Some(Ending::Aborted)),
            Poll::Pending => {}
        }
        self.poll_end(is_told, context).map(Some)
    }

    /// Serves requests until there is nothing to wait for, or only the next request.
    async fn exchanges<Io: Stream>(&self, io: Guarded<Io>, is_told: &mut bool) -> (Guarded<Io>, Ending, Bytes) {
        let service = Exchanges::new(Rc::clone(&self.handler), Rc::clone(&self.connection));
        let mut http = Box::new(self.builder.serve_connection(TokioIo::new(io), service));
        let ending = poll_fn(|context| self.poll_exchanges(&mut http, is_told, context)).await;
        if matches!(ending, Ending::Expired(Expiry::Stalled)) {
            self.connection.give_up(Some(Reason::WriteStalled));
        }
        let parts = http.into_parts();
        (parts.io.into_inner(), ending, parts.read_buf)
    }

    fn poll_exchanges<Io: Stream>(
        &self,
        http: &mut Http1<Io, H>,
        is_told: &mut bool,
        context: &mut Context<'_>,
    ) -> Poll<Ending> {
        loop {
            if let Poll::Ready(outcome) = http.poll_without_shutdown(context) {
                return Poll::Ready(Ending::Done(outcome));
            }
            if let Some(reason) = self.connection.broken_head() {
                return Poll::Ready(Ending::Refused(reason));
            }
            if self.connection.may_read_on() {
                continue;
            }
            let was_told = *is_told;
            let end = self.poll_end(is_told, context);
            if *is_told && !was_told && self.connection.phase() == Phase::Exchange {
                Pin::new(&mut *http).graceful_shutdown(); // `Connection: close`, if the head of the response is not out yet
                continue;
            }
            return match ready!(end) {
                Ending::Expired(Expiry::Warm) => {
                    // hyper ends at once when it stands between two requests; where it would end for another reason too, the
                    // connection was not made coolable.
                    Pin::new(&mut *http).graceful_shutdown();
                    match http.poll_without_shutdown(context) {
                        Poll::Ready(Ok(())) => Poll::Ready(Ending::Cooled),
                        Poll::Ready(Err(error)) => Poll::Ready(Ending::Done(Err(error))),
                        Poll::Pending => {
                            self.connection.close_after_exchange();
                            continue;
                        }
                    }
                }
                ending => Poll::Ready(ending),
            };
        }
    }

    /// Ready when the connection ends for a reason of ours.
    fn poll_end(&self, is_told: &mut bool, context: &mut Context<'_>) -> Poll<Ending> {
        if self.watch.poll_aborted(context).is_ready() {
            return Poll::Ready(Ending::Aborted);
        }
        if !*is_told && self.watch.poll_draining(context).is_ready() {
            *is_told = true;
            // A request that is on its way or begun is still answered, with `Connection: close`.
            self.connection.close_after_exchange();
        }
        self.connection.poll_expired(context).map(Ending::Expired)
    }

    /// What the connection still owes after hyper let go of it.
    async fn finish<Io: Stream>(&self, mut io: Io, read: Bytes, ending: Ending) {
        let connection = &self.connection;
        let tunnel = connection.take_tunnel();
        let reason = match ending {
            Ending::Done(Ok(())) => {
                if let Some(tunnel) = tunnel {
                    return tunnel::run(&mut io, read, tunnel, connection, &self.watch).await;
                }
                if connection.is_at_eof() {
                    return;
                }
                None
            }
            Ending::Expired(Expiry::Idle | Expiry::Warm) | Ending::Cooled => None,
            Ending::Done(Err(error)) => match refusal::reason(&error, &read) {
                Some(reason) => Some(reason),
                None => return,
            },
            Ending::Expired(Expiry::Head) => Some(Reason::HeadTimeout),
            Ending::Refused(reason) => Some(reason),
            Ending::Expired(Expiry::Stalled | Expiry::Evicted) | Ending::Aborted => return,
        };
        let answer = reason.map_or_else(Bytes::new, |reason| self.handler.refuse(connection, reason));
        linger(io, connection, &answer).await;
    }
}
