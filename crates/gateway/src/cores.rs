//! The data plane: one thread and one current-thread runtime per core, each with its own sockets, connections and buffers.

use crate::body::{Budget, ExchangeBody};
use crate::exchange::Exchange;
use crate::inventory::{self, Inventory};
use crate::snapshot::{Snapshot, SnapshotReader};
use crate::worker::Worker;
use crate::{pipeline, render};
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Method, Request, Response};
use hyper::body::Incoming;
use portcullis_core::bounds::WHEEL_TICK;
use portcullis_core::{Clock, Reason, Stop};
use portcullis_events::{Lane, Metrics, Recorder};
use portcullis_transport::address_rate::Buckets;
use portcullis_transport::drive::{self, Accept, Connection, Connections, Drain, Handler, Share};
use portcullis_transport::harden;
use portcullis_transport::wheel::Wheel;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_local};

/// What the control side tells a core. Bound: commands of a few reloads; the control side waits.
pub enum Command {
    /// Serve this socket; its listener is the one of the Snapshot with this address.
    Listen(SocketAddr, TcpListener),
    /// Stop accepting there; let its connections finish.
    Close(SocketAddr),
    /// Stop accepting everywhere, let connections finish for so long, then end.
    Drain(Duration),
}

/// Commands that may wait for one core.
const COMMANDS: usize = 256;

/// What all cores share.
#[derive(Clone)]
pub struct Shared {
    /// The Snapshot in use.
    pub snapshots: Arc<ArcSwap<Snapshot>>,
    /// Client connections of the process.
    pub connections: Arc<Connections>,
    /// Requests by client address.
    pub requests: Arc<Buckets>,
    /// Memory for content that is held whole.
    pub held: Arc<Budget>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Time.
    pub clock: Clock,
}

/// One running core.
pub struct Core {
    /// Where its commands go.
    pub commands: mpsc::Sender<Command>,
    thread: JoinHandle<()>,
}

impl Core {
    /// Starts the thread of core number `index`.
    ///
    /// # Errors
    /// The system refuses a thread or a runtime.
    pub fn start(index: usize, shared: Shared, recorder: &Recorder, inventory: &Inventory) -> io::Result<Self> {
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let (lane, inventory) = (recorder.port(), inventory.lane());
        let thread = std::thread::Builder::new().name(format!("core-{index}")).spawn(move || {
            let options = tokio::runtime::LocalOptions::default();
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build_local(options) {
                Ok(runtime) => runtime,
                Err(error) => return tracing::error!(%error, "core without a runtime"),
            };
            let lane = Lane::new(lane, Arc::clone(&shared.metrics));
            let inventory = inventory::Lane::new(inventory);
            runtime.block_on(serve(shared, (lane, inventory), receiver));
        })?;
        Ok(Self { commands, thread })
    }

    /// Waits for its end, which a drain brings.
    pub fn join(self) {
        drop(self.commands);
        if self.thread.join().is_err() {
            tracing::error!("a core ended by a panic");
        }
    }
}

/// One core from its first command to its drain.
async fn serve(shared: Shared, (lane, inventory): (Lane, inventory::Lane), mut commands: mpsc::Receiver<Command>) {
    let wheel = Wheel::new(WHEEL_TICK);
    let reader = SnapshotReader::new(&shared.snapshots);
    let worker = Worker::new(reader, Rc::clone(&wheel), lane, inventory, &shared);
    let share = Rc::new(Share::new(cpu_micros));
    let gateway = Rc::new(Gateway { worker: Rc::clone(&worker), share });
    // Neither ends by itself; without one of them deadlines or records would stand still.
    let mut clocks = JoinSet::new();
    clocks.spawn_local(Rc::clone(&wheel).run());
    clocks.spawn_local(tick(Rc::clone(&worker)));
    let mut drains: HashMap<SocketAddr, Rc<Drain>> = HashMap::new();
    let mut loops = JoinSet::new();
    let mut grace = Duration::ZERO;
    loop {
        let command = tokio::select! {
            command = commands.recv() => command,
            Some(ended) = loops.join_next() => match ended {
                Ok(()) => continue, // a listener that a reload removed
                Err(error) => return tracing::error!(%error, "an accept loop failed, and its core with it"),
            },
            Some(_) = clocks.join_next() => return tracing::error!("the clock of a core failed, and the core with it"),
        };
        match command {
            None => break,
            Some(Command::Listen(address, socket)) => match tokio::net::TcpListener::from_std(socket) {
                Ok(socket) => {
                    let drain = Drain::new();
                    if let Some(accept) = accept(address, &shared, &gateway, Rc::clone(&drain)) {
                        drains.insert(address, drain);
                        loops.spawn_local(drive::accept_loop(socket, accept));
                    }
                }
                Err(error) => tracing::error!(%address, %error, "listener not served"),
            },
            Some(Command::Close(address)) => {
                if let Some(drain) = drains.remove(&address) {
                    drain.begin();
                    close_later(&worker, drain);
                }
            }
            Some(Command::Drain(deadline)) => {
                grace = deadline;
                break;
            }
        }
    }
    let drains: Vec<_> = drains.into_values().collect();
    drains.iter().for_each(|drain| drain.begin());
    let ended = async {
        while let Some(ended) = loops.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "an accept loop failed while draining");
            }
        }
    };
    if tokio::time::timeout(grace, ended).await.is_err() {
        tracing::warn!("connections still open at the drain deadline are cut");
        drains.iter().for_each(|drain| drain.abort());
        tokio::task::yield_now().await;
    }
    worker.lane.flush();
    worker.inventory.flush();
}

/// A listener that a reload removed: its connections may finish what they began.
fn close_later(worker: &Rc<Worker>, drain: Rc<Drain>) {
    let timer = worker.wheel.timer();
    timer.arm(portcullis_core::bounds::EXCHANGE_TIMEOUT);
    spawn_local(async move {
        std::future::poll_fn(|context| timer.poll_expired(context)).await;
        drain.abort();
    });
}

/// Hands records over on every tick and looks after idle upstream connections and old client connections once a second.
async fn tick(worker: Rc<Worker>) {
    let mut interval = tokio::time::interval(WHEEL_TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        for _ in 0..10 {
            interval.tick().await;
            worker.lane.flush();
        }
        worker.inventory.flush();
        drop(worker.pin()); // a core without requests lets go of an old Snapshot too
        worker.pools.sweep();
        worker.roster.sweep();
    }
}

/// CPU time of this thread.
fn cpu_micros() -> u64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(spent.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000).saturating_add(u64::try_from(spent.tv_nsec / 1000).unwrap_or(0))
}

/// `None` when the Snapshot has no listener with this address (any more).
fn accept(address: SocketAddr, shared: &Shared, gateway: &Rc<Gateway>, drain: Rc<Drain>) -> Option<Accept<Gateway>> {
    let worker = Rc::clone(&gateway.worker);
    let now = move || {
        let snapshot = worker.pin();
        let listener = snapshot.listeners.iter().find(|listener| listener.facts.address == address)?;
        let tls = listener.tls.as_ref().map(|tls| Arc::clone(&tls.server));
        Some(drive::Settings { facts: listener.facts, tls, timeouts: Arc::clone(&snapshot.timeouts.connection) })
    };
    // Between a reload that removes the listener and the command that closes it, what held before still does.
    let last = RefCell::new(now()?);
    let settings = move || {
        let mut last = last.borrow_mut();
        if let Some(now) = now() {
            *last = now;
        }
        drive::Settings { facts: last.facts, tls: last.tls.clone(), timeouts: Arc::clone(&last.timeouts) }
    };
    Some(Accept {
        settings: Box::new(settings),
        handler: Rc::clone(gateway),
        connections: Arc::clone(&shared.connections),
        wheel: Rc::clone(&gateway.worker.wheel),
        roster: Rc::clone(&gateway.worker.roster),
        share: Rc::clone(&gateway.share),
        clock: shared.clock.clone(),
        drain,
    })
}

/// What the connection driver calls.
struct Gateway {
    worker: Rc<Worker>,
    share: Rc<Share>,
}

impl Handler for Gateway {
    type Body = ExchangeBody;

    fn handle(
        self: Rc<Self>,
        connection: Rc<Connection>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<ExchangeBody>> + 'static {
        pipeline::handle(Rc::clone(&self.worker), connection, request)
    }

    fn refuse(&self, connection: &Connection, reason: Reason) -> Bytes {
        let mut x = Exchange::open(&self.worker, Method::default());
        x.record.client = connection.peer.ip();
        x.tls = connection.listener.tls;
        x.stopped(&Stop::Deny(reason));
        let problem = render::problem(reason);
        x.record.status = problem.status.as_u16();
        let mut headers = render::fields(&problem, None);
        pipeline::harden_response(&mut x, &mut headers);
        harden::sign(&mut headers, x.id.clone());
        render::raw(&problem, headers, x.id_text())
    }

    fn cut(&self, connection: &Connection, reason: Reason, detail: &'static str) {
        tracing::debug!(client = %connection.peer.ip(), reason = reason.id(), detail, "connection cut");
        let mut x = Exchange::open(&self.worker, Method::default());
        x.record.client = connection.peer.ip();
        x.record.http = 2;
        x.tls = connection.listener.tls;
        x.stopped(&Stop::Deny(reason));
        x.record.detail = Some(detail.into());
    }

    fn is_trusted_proxy(&self, peer: IpAddr) -> bool {
        self.worker.pin().head.proxies.contains(peer)
    }
}
