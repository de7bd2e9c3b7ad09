//! A small HTTP/1.1 upstream that runs as a process of its own, so that it can be killed.
//!
//! | target | answers |
//! | --- | --- |
//! | `GET`, `POST /items` | 200 after [`WORK`] |
//! | `GET /count` | how many `/items` were answered |
//! | `GET /never` | never |
//! | `POST /upload` | how many bytes came, and whether they were those of [`crate::pattern`] |
//! | `GET /download?N` | N bytes of [`crate::pattern`] |
//!
//! Test programs start themselves once more to become it ([`start`], [`serve`]): a test cannot rely on a binary of another
//! package having been built.

use std::cell::Cell;
use std::convert::Infallible;
use std::io::Read as _;
use std::net::SocketAddr;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{LocalSet, spawn_local};

use crate::pattern::{PatternBody, Reader};
use crate::process::Process;

/// How long an item takes.
pub const WORK: Duration = Duration::from_millis(20);

/// Set for the process that is to be the upstream.
const ROLE: &str = "PORTCULLIS_TEST_ROLE";

/// Starts this test program once more; `test` is the name of its test that calls [`serve`].
pub fn start(test: &str) -> Result<(Process, SocketAddr)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(ROLE, "upstream");
    let mut process = Process::start(&mut command)?;
    let address = process.wait_for("the small upstream to listen", |lines| {
        lines.iter().find_map(|line| line.strip_prefix("upstream on ")?.parse().ok())
    })?;
    Ok((process, address))
}

/// Serves until standard input ends, in a process started by [`start`]; returns at once in every other.
pub fn serve() -> Result<()> {
    if std::env::var_os(ROLE).is_none() {
        return Ok(());
    }
    std::thread::spawn(|| {
        // Whoever started it holds the other end: it is not left behind when that process is killed.
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        eprintln!("upstream on {}", listener.local_addr()?); // not on standard output, where the test harness writes too
        let count = Rc::new(Cell::new(0));
        loop {
            let (tcp, _) = listener.accept().await?;
            tcp.set_nodelay(true)?;
            let count = Rc::clone(&count);
            spawn_local(async move {
                let service = service_fn(|request| answer(&count, request));
                // A client that goes away ends its connection only.
                drop(http1::Builder::new().serve_connection(TokioIo::new(tcp), service).await);
            });
        }
    })
}

type Content = Either<Full<Bytes>, PatternBody>;

async fn answer(count: &Cell<u64>, request: Request<Incoming>) -> Result<Response<Content>, Infallible> {
    let (head, content) = request.into_parts();
    let read = read(content).await;
    Ok(match (&head.method, head.uri.path()) {
        (&Method::GET | &Method::POST, "/items") => {
            tokio::time::sleep(WORK).await;
            count.set(count.get() + 1);
            json(StatusCode::OK, format!("{{\"bytes\":{}}}", read.length))
        }
        (&Method::GET, "/count") => json(StatusCode::OK, count.get().to_string()),
        (&Method::GET, "/never") => std::future::pending().await,
        (&Method::POST, "/upload") => {
            json(StatusCode::OK, format!("{{\"bytes\":{},\"intact\":{}}}", read.length, read.is_intact))
        }
        (&Method::GET, "/download") => match head.uri.query().unwrap_or_default().parse() {
            Ok(length) => Response::new(Either::Right(PatternBody::new(length))),
            Err(_) => json(StatusCode::BAD_REQUEST, "\"how many bytes?\"".to_owned()),
        },
        _ => json(StatusCode::NOT_FOUND, "null".to_owned()),
    })
}

async fn read(mut content: Incoming) -> Reader {
    let mut reader = Reader::default();
    while let Some(Ok(frame)) = content.frame().await {
        if let Some(data) = frame.data_ref() {
            reader.read(data);
        }
    }
    reader
}

fn json(status: StatusCode, text: String) -> Response<Content> {
    let mut response = Response::new(Either::Left(Full::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
