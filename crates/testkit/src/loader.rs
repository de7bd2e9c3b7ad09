//! Clients that send one request after the other over kept connections and remember what became of each.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::client::parse::{self, Framing};
use crate::client::{PATIENCE, values};

/// What became of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A whole response with this status.
    Status(u16),
    /// No connection: nobody listens.
    Refused,
    /// A new connection that ended before a byte of a response.
    Unanswered,
    /// A kept connection, which the response before did not announce to end, ended before a byte of a response.
    Dropped,
    /// The response ended too early, or is no response.
    Cut,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// When it was begun.
    pub at: Instant,
    /// What became of it.
    pub outcome: Outcome,
}

/// Clients at work; they stop when this is dropped.
#[derive(Debug)]
pub struct Loader {
    clients: Vec<JoinHandle<Vec<Sent>>>,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
}

impl Loader {
    /// `connections` clients that send `request` (a whole HTTP/1.1 message) again and again, with `pause` in between, until
    /// stopped or until nobody listens any more.
    pub fn start(address: SocketAddr, connections: usize, request: &str, pause: Duration) -> Self {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let clients = (0..connections).map(|_| {
            let (stop, sent, request) = (Arc::clone(&stop), Arc::clone(&sent), request.to_owned());
            std::thread::spawn(move || {
                let mut client = Client { address, connection: None };
                let mut all = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let at = Instant::now();
                    let outcome = client.exchange(request.as_bytes());
                    all.push(Sent { at, outcome });
                    sent.fetch_add(1, Ordering::Relaxed);
                    if outcome == Outcome::Refused {
                        break;
                    }
                    std::thread::sleep(pause);
                }
                all
            })
        });
        Self { clients: clients.collect(), stop, sent }
    }

    /// Requests that came to something so far.
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// True once every client has stopped.
    pub fn has_ended(&self) -> bool {
        self.clients.iter().all(JoinHandle::is_finished)
    }

    /// Stops the clients after the request that each is at. One list a client, in order.
    pub fn stop(mut self) -> Result<Vec<Vec<Sent>>> {
        self.stop.store(true, Ordering::Relaxed);
        let clients = std::mem::take(&mut self.clients);
        clients.into_iter().map(|client| client.join().map_err(|_| anyhow!("a client panicked"))).collect()
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Client {
    address: SocketAddr,
    connection: Option<TcpStream>,
}

impl Client {
    fn exchange(&mut self, request: &[u8]) -> Outcome {
        let kept = self.connection.take();
        let silent = if kept.is_some() { Outcome::Dropped } else { Outcome::Unanswered };
        let Some(mut connection) = kept.or_else(|| connect(self.address).ok()) else { return Outcome::Refused };
        // An answer may have come before the request was written to its end.
        drop(connection.write_all(request));
        let mut buffer = Vec::new();
        match receive(&mut connection, &mut buffer) {
            Some((status, keeps)) => {
                self.connection = keeps.then_some(connection);
                Outcome::Status(status)
            }
            None if buffer.is_empty() => silent,
            None => Outcome::Cut,
        }
    }
}

fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let connection = TcpStream::connect(address)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    Ok(connection)
}

/// The status of one whole response, and whether its connection is kept.
fn receive(connection: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(u16, bool)> {
    let (head, used) = loop {
        if let Some(head) = parse::head(buffer) {
            break head;
        }
        fill(connection, buffer)?;
    };
    let status = head.first.split(' ').nth(1)?.parse().ok()?;
    let Framing::Length(length) = parse::framing(&head.headers, Framing::Close) else { return None };
    while buffer.len() < used + length {
        fill(connection, buffer)?;
    }
    let closes = values(&head.headers, "connection").iter().any(|value| value.eq_ignore_ascii_case("close"));
    (buffer.len() == used + length).then_some((status, !closes))
}

fn fill(connection: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut piece = [0; 4096];
    let read = connection.read(&mut piece).ok()?;
    buffer.extend_from_slice(piece.get(..read)?);
    (read > 0).then_some(())
}
