//! The seam between hyper and the gateway: each request opens an exchange, the end of its response body closes it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::Service;
use pin_project_lite::pin_project;
use portcullis_core::bounds::H2_PIECE_BYTES;

use super::Handler;
use super::connection::{Connection, Protocol};
use super::streams::Gave;

pub(super) struct Exchanges<H> {
    handler: Rc<H>,
    connection: Rc<Connection>,
}

impl<H> Exchanges<H> {
    pub(super) const fn new(handler: Rc<H>, connection: Rc<Connection>) -> Self {
        Self { handler, connection }
    }
}

impl<H: Handler> Service<Request<Incoming>> for Exchanges<H> {
    type Response = Response<Tracked<H::Body>>;
    type Error = Infallible;
    /// Boxed per request: hyper keeps room for one future in every idle connection.
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let open = Open::new(&self.connection);
        let has_content = !request.body().is_end_stream();
        if has_content
            && self.connection.protocol == Protocol::Http1
            && matches!(*request.method(), Method::GET | Method::HEAD)
        {
            // Servers that overlook such content take it for the next request (edge/H20): no request comes after it.
            self.connection.close_after_exchange();
        }
        let cooling = match request.version() {
            _ if !has_content => Cooling::Always,
            Version::HTTP_11 if keeps_alive(request.headers()) => Cooling::UnlessResponseCloses,
            _ => Cooling::Never,
        };
        let future = Rc::clone(&self.handler).handle(Rc::clone(&self.connection), request);
        Box::pin(Exchange { future, open: Some(open), cooling })
    }
}

/// When an HTTP/1.1 connection may be taken apart after an exchange, once hyper says that it is done with what it has.
///
/// A connection that hyper will not keep alive is done too while content of its last request is still to come, and that
/// content must never be taken for a request. Without content there is none to come; with it, nobody may have asked to close.
#[derive(Clone, Copy)]
enum Cooling {
    Always,
    UnlessResponseCloses,
    Never,
}

/// Whether `Connection` is absent or says `keep-alive` only.
fn keeps_alive(headers: &HeaderMap) -> bool {
    headers.get_all(CONNECTION).iter().all(|value| value.as_bytes().eq_ignore_ascii_case(b"keep-alive"))
}

/// Counts as an open exchange until dropped.
struct Open(Rc<Connection>);

impl Open {
    fn new(connection: &Rc<Connection>) -> Self {
        connection.begin();
        Self(Rc::clone(connection))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.end();
    }
}

pin_project! {
    // By hand: an `async` block would hold the handler's future twice.
    struct Exchange<F> {
        #[pin]
        future: F,
        open: Option<Open>,
        cooling: Cooling,
    }
}

impl<F: Future<Output = Response<B>>, B> Future for Exchange<F> {
    type Output = Result<Response<Tracked<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut parts, body) = ready!(this.future.poll(context)).into_parts();
        let open = this.open.take();
        if let Some(Open(connection)) = &open
            && connection.protocol == Protocol::Http1
        {
            // A tunnel ends with its connection anyway, and a client takes no 101 that says `close`.
            if connection.is_closing() && parts.status != StatusCode::SWITCHING_PROTOCOLS {
                parts.headers.append(CONNECTION, HeaderValue::from_static("close")); // beside the `upgrade` of a 426
            }
            connection.set_coolable(match this.cooling {
                Cooling::Always => true,
                Cooling::UnlessResponseCloses => keeps_alive(&parts.headers),
                Cooling::Never => false,
            });
        }
        Poll::Ready(Ok(Response::from_parts(parts, Tracked { body, open, rest: Bytes::new() })))
    }
}

pin_project! {
    /// A response body whose end closes the exchange on its connection.
    pub struct Tracked<B> {
        #[pin]
        body: B,
        open: Option<Open>,
        // On HTTP/2, what the body gave beyond one piece.
        rest: Bytes,
    }
}

impl<B: Body<Data = Bytes>> Body for Tracked<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let Some(Open(connection)) = this.open.as_ref().filter(|open| open.0.protocol == Protocol::Http2) else {
            return this.body.poll_frame(context);
        };
        let mut content = std::mem::take(this.rest);
        if content.is_empty() {
            let frame = this.body.poll_frame(context);
            connection.set_gave(if frame.is_ready() { Gave::Content } else { Gave::Nothing });
            content = match ready!(frame) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(content) => content,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                other => return Poll::Ready(other),
            };
        } else {
            connection.set_gave(Gave::Content);
        }
        // In pieces: h2 takes a piece whole as soon as there is room for a byte of it, and that this one is taken is all that
        // shows that the client reads.
        if content.len() > H2_PIECE_BYTES {
            *this.rest = content.split_off(H2_PIECE_BYTES);
        }
        Poll::Ready(Some(Ok(Frame::data(content))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint() // hyper asks before the first piece only
    }
}
