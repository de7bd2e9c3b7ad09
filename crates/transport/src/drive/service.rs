//! The seam between hyper and the gateway: each request opens an exchange, the end of its response body closes it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::Service;
use pin_project_lite::pin_project;

use super::Handler;
use super::connection::{Connection, Protocol};

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
        let future = Rc::clone(&self.handler).handle(Rc::clone(&self.connection), request);
        Box::pin(Exchange { future, open: Some(open) })
    }
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
    }
}

impl<F: Future<Output = Response<B>>, B> Future for Exchange<F> {
    type Output = Result<Response<Tracked<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut parts, body) = ready!(this.future.poll(context)).into_parts();
        let open = this.open.take();
        if let Some(Open(connection)) = &open
            && connection.is_closing()
            && connection.protocol == Protocol::Http1
        {
            parts.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(Response::from_parts(parts, Tracked { body, open })))
    }
}

pin_project! {
    /// A response body whose end closes the exchange on its connection.
    pub struct Tracked<B> {
        #[pin]
        body: B,
        open: Option<Open>,
    }
}

impl<B: Body<Data = Bytes>> Body for Tracked<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.project().body.poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
