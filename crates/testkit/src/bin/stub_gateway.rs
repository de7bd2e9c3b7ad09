//! Just enough of a gateway to test the scenario runner with: it refuses `..`, forwards the rest, and records both.
//! `lie: true` in its configuration makes it do each of these wrongly, so that a runner which notices nothing is caught.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use portcullis_testkit::client::{Target, h1, parse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

#[derive(Debug)]
struct Stub {
    upstream: SocketAddr,
    record: PathBuf,
    lies: bool,
    count: AtomicU64,
}

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

fn start() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (verb, file) = (args.next().unwrap_or_default(), args.nth(1).context("usage: run|check -c FILE")?);
    let text = std::fs::read_to_string(&file).with_context(|| file.clone())?;
    let setting =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned));
    if text.contains("bad:") {
        bail!("{file}:1:1: unknown key `bad`");
    }
    if verb == "check" {
        return Ok(());
    }
    let stub = Stub {
        upstream: setting("upstream").context("upstream")?.trim_start_matches("http://").parse()?,
        record: PathBuf::from(setting("data_dir").context("data_dir")?).join("events"),
        lies: setting("lie").is_some(),
        count: AtomicU64::default(),
    };
    std::fs::create_dir_all(&stub.record)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(Arc::new(stub)))
}

async fn serve(stub: Arc<Stub>) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening {} (http)", listener.local_addr()?);
    let (mut term, mut hangup) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(()),
            _ = hangup.recv() => println!("reloaded"),
            accepted = listener.accept() => {
                let (stub, (tcp, _)) = (Arc::clone(&stub), accepted?);
                tasks.spawn(async move { exchange(&stub, tcp).await });
            }
        }
    }
}

async fn exchange(stub: &Stub, mut tcp: TcpStream) -> Result<()> {
    let mut buffer = Vec::new();
    let (head, used) = loop {
        if let Some(found) = parse::head(&buffer) {
            break found;
        }
        if tcp.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    };
    let body = buffer.split_off(used);
    let id = format!("00000000-0000-7000-8000-{:012x}", stub.count.fetch_add(1, Ordering::Relaxed));
    let target = head.first.split(' ').nth(1).unwrap_or_default();
    let refused = target.contains("..") != stub.lies;
    let (status, media, content) = if refused {
        let problem = format!(r#"{{"type":"x/target-ambiguous","title":"t","status":400,"instance":"urn:uuid:{id}"}}"#);
        (400, "application/problem+json", problem.into_bytes())
    } else {
        buffer.extend_from_slice(&body);
        let mut upstream = h1::Connection::open(&Target::plain(stub.upstream)).await?;
        let answer = upstream.exchange(&buffer, false).await?.context("no answer")?;
        (answer.status, "application/json", answer.body)
    };
    if !stub.lies {
        let verdict = if refused { "deny" } else { "allow" };
        let line = format!("{{\"id\":\"{id}\",\"verdict\":\"{verdict}\",\"status\":{status}}}\n");
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(stub.record.join("0.jsonl"))?;
        std::io::Write::write_all(&mut file, line.as_bytes())?;
    }
    let length = content.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\nx-request-id: {id}\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\r\n"
    );
    tcp.write_all(head.as_bytes()).await?;
    tcp.write_all(&content).await?;
    Ok(())
}
