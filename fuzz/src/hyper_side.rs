//! What hyper makes of the same bytes.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().build().expect("a runtime");
}

/// Method and content of each request that hyper serves whole when `bytes` come, and then no more.
pub(crate) fn served(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let seen: Rc<RefCell<Vec<(String, Vec<u8>)>>> = Rc::default();
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let service = service_fn(|request: Request<Incoming>| {
        let seen = Rc::clone(&seen);
        async move {
            let method = request.method().as_str().to_owned();
            let (mut body, mut content) = (request.into_body(), Vec::new());
            while let Some(frame) = body.frame().await {
                // What breaks off was no request.
                let Ok(frame) = frame else { return Ok(Response::new(Empty::new())) };
                content.extend_from_slice(&frame.into_data().unwrap_or_default());
            }
            seen.borrow_mut().push((method, content));
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let (mut answers, mut requests) = tokio::io::split(&mut client);
    let feed = async {
        requests.write_all(bytes).await.ok();
        requests.shutdown().await.ok();
    };
    let drain = async {
        answers.read_to_end(&mut Vec::new()).await.ok();
    };
    let serve = http1::Builder::new().half_close(true).serve_connection(TokioIo::new(server), service);
    RUNTIME.with(|runtime| runtime.block_on(async { tokio::join!(serve, feed, drain) })).0.ok();
    seen.take()
}
