//! The life of the process: start as a whole or not at all, reload without a pause, stop without a lost exchange.

mod asks;
mod changes;
mod reload;
mod sockets;

use crate::body::Budget;
use crate::config::Outline;
use crate::cores::{Command, Core, Shared};
use crate::expiry::Expiry;
use crate::inventory::Inventory;
use crate::upstreams::{self, Watches};
use crate::watch::Watcher;
use arc_swap::ArcSwap;
use asks::Asks;
use portcullis_admin::{Readiness, Scope, State, TokenError};
use portcullis_core::Clock;
use portcullis_events::{By, Lane, Metrics, Recorder, RecorderError};
use portcullis_store::StoreError;
use portcullis_transport::drive::{Closed, Connections};
use portcullis_transport::listener::{BindError, Bound};
use rustix::fs::FlockOperation;
use sockets::{Control, Place};
use std::fs::{DirBuilder, File};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Why the gateway does not start. Nothing is left running.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration does not load; the text is for the operator, with places and excerpts.
    #[error("{0}")]
    Configuration(String),
    /// A listener cannot be bound.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The data directory cannot be used.
    #[error("data directory `{path}`: {source}")]
    DataDirectory {
        /// As configured.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process uses the data directory.
    #[error("data directory `{0}` is in use by another portcullis")]
    InUse(PathBuf),
    /// The record cannot be written.
    #[error(transparent)]
    Record(#[from] RecorderError),
    /// What survives a restart cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no token for the admin listener.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The system refuses threads, runtimes or signals.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

/// A socket that the gateway listens on, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening {
    /// With the port that was picked, where the configuration says 0.
    pub address: SocketAddr,
    /// `http`, `https`, `admin` or `health`.
    pub kind: &'static str,
}

/// A gateway that serves.
pub struct Gateway {
    config: PathBuf,
    shared: Shared,
    cores: Vec<Core>,
    recorder: Recorder,
    inventory: Inventory,
    state: Arc<State>,
    listening: Vec<Listening>,
    control: Vec<Control>,
    watches: Watches,
    places: Vec<Place>,
    files: Vec<PathBuf>,
    /// The files as they were when the Snapshot in use was loaded.
    known: Watcher,
    outline: Arc<Outline>,
    asks: Asks,
    /// Where changes are recorded. Never pushed to by an exchange.
    audit: Lane,
    drain_delay: Duration,
    drain_deadline: Duration,
    data_dir: PathBuf,
    _lock: File,
}

impl Gateway {
    /// Loads `config` and serves it.
    ///
    /// # Errors
    /// [`StartError`]; whatever was opened before is closed again.
    pub fn start(config: &Path) -> Result<Self, StartError> {
        let clock = Clock::system();
        let reload::Compiled { mut snapshot, around } = reload::compile(config, 1, &clock)?;
        let lock = lock(&around.data_dir)?;
        let (places, sockets) = sockets::bind(&mut snapshot, &[], around.cores)?;
        let control = sockets::bind_control(&around.control, &[])?;
        let token = around.token(&around.data_dir)?;
        let metrics = Arc::new(Metrics::default());
        let recorder = Recorder::open(&around.data_dir, Arc::clone(&metrics))?;
        let inventory = Inventory::open(&around.data_dir, clock.clone())?;
        let (asks, asked) = Asks::channel();
        let state = Arc::new(State::new(Arc::clone(&metrics), clock.clone(), asks));
        state.set_token(token);
        state.loaded(snapshot.id);
        let audit = Lane::new(recorder.port(), Arc::clone(&metrics));
        let shared = Shared {
            snapshots: Arc::new(ArcSwap::from_pointee(snapshot)),
            connections: Connections::new(),
            requests: Arc::default(),
            held: Budget::new(around.content_memory),
            metrics,
            clock,
        };
        raise_descriptor_limit();
        let started: io::Result<Vec<Core>> =
            (0..around.cores).map(|index| Core::start(index, shared.clone(), &recorder, &inventory)).collect();
        let mut gateway = Self {
            config: config.to_owned(),
            shared,
            cores: started?,
            recorder,
            inventory,
            state,
            listening: Vec::new(),
            control,
            watches: Watches::default(),
            places,
            known: Watcher::new(&around.files),
            files: around.files,
            outline: around.outline,
            asks: Asks::new(asked),
            audit,
            drain_delay: around.drain_delay,
            drain_deadline: around.drain_deadline,
            data_dir: around.data_dir,
            _lock: lock,
        };
        gateway.listen(sockets);
        gateway.listening = gateway.describe();
        gateway.state.set_readiness(Readiness::Ready);
        Ok(gateway)
    }

    /// What it listens on.
    pub fn listening(&self) -> &[Listening] {
        &self.listening
    }

    /// Serves until SIGTERM or SIGINT; reloads on SIGHUP and when a file of the configuration changed. `announce` is told
    /// each socket that it listens on, now and after a reload.
    ///
    /// # Errors
    /// The system refuses signals or a runtime.
    pub fn run(self, announce: fn(&Listening)) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(Default::default())?;
        self.listening.iter().for_each(announce);
        let outcome = runtime.block_on(self.control(announce));
        runtime.shutdown_background(); // a name server that hangs must not hold up the end
        outcome
    }

    /// Stops without waiting for a load balancer: for programs that have the gateway inside.
    pub fn stop(self) {
        self.state.set_readiness(Readiness::Stopping);
        self.drain();
    }

    async fn control(mut self, announce: fn(&Listening)) -> io::Result<()> {
        self.serve_control()?;
        self.watches.follow(&self.shared.snapshots.load());
        let mut signals = Signals::new()?;
        let mut watcher = Watcher::new(&self.files);
        let mut expiry = Expiry::default();
        let mut second = tokio::time::interval(Duration::from_secs(1));
        let mut broken = false;
        loop {
            tokio::select! {
                _ = signals.terminate.recv() => break,
                _ = signals.interrupt.recv() => break,
                _ = signals.hangup.recv() => self.asks.note(By::Signal),
                () = watcher.changed() => self.asks.note(By::File),
                batch = self.asks.next() => watcher = self.reload(batch, announce).await,
                _ = second.tick() => {
                    self.count_connections();
                    self.audit.flush();
                    upstreams::count(&self.shared.snapshots.load(), &self.shared.metrics);
                    expiry.look(&self.shared.snapshots.load(), &self.shared.metrics, &self.shared.clock);
                }
            }
            if self.cores.iter().any(|core| core.commands.is_closed()) {
                // Serving on with fewer cores would hide it; whoever started the process starts it again.
                broken = true;
                break;
            }
        }
        tracing::info!(seconds = self.drain_delay.as_secs_f32(), "stopping: not ready any more, still serving");
        self.state.set_readiness(Readiness::Stopping);
        self.asks.close();
        tokio::time::sleep(self.drain_delay).await;
        // The admin listener answers until the last exchange has ended.
        let ended = tokio::task::spawn_blocking(move || self.drain());
        ended.await.map_err(io::Error::other)?;
        if broken { Err(io::Error::other("a core ended by itself")) } else { Ok(()) }
    }

    /// Serves the control listeners that are bound and not served yet.
    fn serve_control(&mut self) -> io::Result<()> {
        for control in &mut self.control {
            let Some(socket) = control.socket.take() else { continue };
            let socket = tokio::net::TcpListener::from_std(socket)?;
            let serving = portcullis_admin::serve(socket, None, Arc::clone(&self.state), control.scope);
            control.task = Some(tokio::task::spawn_local(serving).abort_handle());
        }
        Ok(())
    }

    /// Ends all cores and then the record, so that no closed exchange is missing from it.
    fn drain(self) {
        for core in &self.cores {
            if core.commands.blocking_send(Command::Drain(self.drain_deadline)).is_err() {
                tracing::error!("a core had ended before");
            }
        }
        self.cores.into_iter().for_each(Core::join);
        drop(self.audit); // the recorder ends when nobody can hand it anything
        self.recorder.close();
        self.inventory.close();
        tracing::info!("stopped");
    }

    /// Gives each core its socket of each listener.
    fn listen(&self, sockets: Vec<Bound>) {
        for Bound { address, sockets } in sockets {
            for (core, socket) in self.cores.iter().zip(sockets) {
                send(core, Command::Listen(address, socket));
            }
        }
    }

    fn describe(&self) -> Vec<Listening> {
        let snapshot = self.shared.snapshots.load();
        let mut listening: Vec<Listening> = snapshot
            .listeners
            .iter()
            .map(|listener| Listening {
                address: listener.facts.address,
                kind: if listener.facts.tls { "https" } else { "http" },
            })
            .collect();
        listening.extend(self.control.iter().map(|control| Listening {
            address: control.address,
            kind: if control.scope == Scope::Admin { "admin" } else { "health" },
        }));
        listening
    }

    fn count_connections(&self) {
        let counts = self.shared.connections.counts();
        let metrics = &self.shared.metrics;
        metrics.connections.set(i64::try_from(counts.open).unwrap_or(i64::MAX));
        for (why, count) in Closed::ALL.iter().zip(counts.closed) {
            metrics.connections_closed(why.id(), count);
        }
        let new = counts.failed_handshakes.saturating_sub(metrics.handshakes_failed.get());
        metrics.handshakes_failed.inc_by(new);
    }
}

fn send(core: &Core, command: Command) {
    if core.commands.try_send(command).is_err() {
        tracing::error!("a core does not take commands: a listener is missing on it until the next restart");
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

/// Makes the data directory and locks it: two processes would cut each other's records.
fn lock(data_dir: &Path) -> Result<File, StartError> {
    let failed = |source| StartError::DataDirectory { path: data_dir.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(failed)?;
    let file = File::create(data_dir.join("lock")).map_err(failed)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StartError::InUse(data_dir.to_owned())),
        Err(error) => Err(failed(error.into())),
    }
}

/// Every connection is a descriptor, and shells start programs with few.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        tracing::warn!(%error, "descriptor limit not raised");
    }
}

#[cfg(test)]
mod tests;
