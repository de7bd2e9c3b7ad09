//! The life of the process: start as a whole or not at all, reload without a pause, stop without a lost exchange.

use crate::config::{self, LoadOptions, Loaded, Plan};
use crate::cores::{Command, Core, Shared};
use crate::expiry::Expiry;
use crate::snapshot::Snapshot;
use crate::upstreams::{self, Watches};
use crate::watch::Watcher;
use arc_swap::ArcSwap;
use portcullis_admin::{Readiness, Scope, State};
use portcullis_core::Clock;
use portcullis_events::{Metrics, Recorder, RecorderError};
use portcullis_transport::drive::{Closed, Connections};
use portcullis_transport::listener::{self, BindError, Bound};
use rustix::fs::FlockOperation;
use std::fs::{DirBuilder, File};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::AbortHandle;

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
    state: Arc<State>,
    listening: Vec<Listening>,
    control: Vec<Control>,
    watches: Watches,
    /// Configured address → bound address, in the order of the configuration.
    bound: Vec<(SocketAddr, SocketAddr)>,
    files: Vec<PathBuf>,
    drain_delay: Duration,
    drain_deadline: Duration,
    data_dir: PathBuf,
    _lock: File,
}

/// The admin or the health listener.
struct Control {
    configured: SocketAddr,
    address: SocketAddr,
    scope: Scope,
    /// Until it is served.
    socket: Option<TcpListener>,
    /// Once it is served.
    task: Option<AbortHandle>,
}

/// What a Plan says beside its Snapshot.
struct Around {
    files: Vec<PathBuf>,
    drain_delay: Duration,
    drain_deadline: Duration,
    control: Vec<(SocketAddr, Scope)>,
    cores: usize,
    data_dir: PathBuf,
}

impl Around {
    fn of(plan: &Plan, files: Vec<PathBuf>) -> Self {
        let control = [(plan.admin, Scope::Admin), (plan.health, Scope::Health)];
        Self {
            files,
            drain_delay: plan.drain_delay,
            drain_deadline: plan.drain_deadline,
            control: control.into_iter().filter_map(|(address, scope)| Some((address?, scope))).collect(),
            cores: plan.cores,
            data_dir: plan.data_dir.clone(),
        }
    }
}

impl Gateway {
    /// Loads `config` and serves it.
    ///
    /// # Errors
    /// [`StartError`]; whatever was opened before is closed again.
    pub fn start(config: &Path) -> Result<Self, StartError> {
        let clock = Clock::system();
        let loaded = load(config, &clock)?;
        let around = Around::of(&loaded.plan, loaded.files);
        let lock = lock(&around.data_dir)?;
        let mut snapshot = Snapshot::new(loaded.plan, 1);
        let (bound, sockets) = bind(&mut snapshot, &[], around.cores)?;
        let control = bind_control(&around.control, &[])?;
        let metrics = Arc::new(Metrics::default());
        let recorder = Recorder::open(&around.data_dir, Arc::clone(&metrics))?;
        let state = Arc::new(State::new(Arc::clone(&metrics)));
        state.loaded(snapshot.id);
        let shared = Shared {
            snapshots: Arc::new(ArcSwap::from_pointee(snapshot)),
            connections: Connections::new(),
            requests: Arc::default(),
            metrics,
            clock,
        };
        raise_descriptor_limit();
        let started: io::Result<Vec<Core>> =
            (0..around.cores).map(|index| Core::start(index, shared.clone(), &recorder)).collect();
        let mut gateway = Self {
            config: config.to_owned(),
            shared,
            cores: started?,
            recorder,
            state,
            listening: Vec::new(),
            control,
            watches: Watches::default(),
            bound,
            files: around.files,
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
                _ = signals.hangup.recv() => watcher = self.reload(announce).await,
                () = watcher.changed() => watcher = self.reload(announce).await,
                _ = second.tick() => {
                    self.count_connections();
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
        self.recorder.close();
        tracing::info!("stopped");
    }

    /// Takes the configuration on disk into use, or keeps the running one and says why. What is watched from now on was
    /// looked at before the files were read, so a change in between is not missed.
    async fn reload(&mut self, announce: fn(&Listening)) -> Watcher {
        let watcher = Watcher::new(&self.files);
        let (path, clock) = (self.config.clone(), self.shared.clock.clone());
        let id = self.shared.snapshots.load().id.saturating_add(1);
        // Off this thread: a large document takes a while, and the admin listener should answer meanwhile.
        let compiled = tokio::task::spawn_blocking(move || {
            let loaded = load(&path, &clock)?;
            let around = Around::of(&loaded.plan, loaded.files);
            Ok::<_, StartError>((Snapshot::new(loaded.plan, id), around))
        });
        let outcome = match compiled.await {
            Ok(Ok((snapshot, around))) => self.take(snapshot, around, announce),
            Ok(Err(error)) => Err(error),
            Err(panic) => Err(StartError::System(io::Error::other(panic))),
        };
        match outcome {
            Ok(()) => tracing::info!(snapshot = id, "configuration reloaded"),
            Err(error) => {
                let error = error.to_string();
                tracing::error!(%error, "configuration refused: the one before it runs on");
                self.state.refused(error);
            }
        }
        watcher.with(&self.files)
    }

    /// New sockets first, then the Snapshot, then the old sockets: at no moment is a listener missing.
    fn take(&mut self, mut snapshot: Snapshot, around: Around, announce: fn(&Listening)) -> Result<(), StartError> {
        let before = self.shared.snapshots.load_full();
        snapshot.keep_tickets(&before);
        snapshot.keep_upstreams(&before);
        let (bound, sockets) = bind(&mut snapshot, &self.bound, self.cores.len())?;
        let control = bind_control(&around.control, &self.control)?;
        let id = snapshot.id;
        self.shared.snapshots.store(Arc::new(snapshot));
        self.listen(sockets);
        let gone =
            self.bound.iter().filter(|old| !bound.contains(old)).map(|(_, address)| *address).collect::<Vec<_>>();
        for address in gone {
            self.cores.iter().for_each(|core| send(core, Command::Close(address)));
        }
        self.bound = bound;
        let (kept, gone): (Vec<_>, _) = std::mem::take(&mut self.control)
            .into_iter()
            .partition(|control| around.control.contains(&(control.configured, control.scope)));
        gone.iter().filter_map(|control| control.task.as_ref()).for_each(AbortHandle::abort);
        self.control = kept.into_iter().chain(control).collect();
        self.serve_control()?;
        self.watches.follow(&self.shared.snapshots.load());
        self.settle(around);
        let listening = self.describe();
        listening.iter().filter(|new| !self.listening.contains(new)).for_each(announce);
        self.listening = listening;
        self.state.loaded(id);
        free_later(before);
        Ok(())
    }

    /// Takes over what is no part of the Snapshot. What only a start can change is said, not passed over.
    fn settle(&mut self, around: Around) {
        if around.cores != self.cores.len() {
            tracing::warn!(
                running = self.cores.len(),
                configured = around.cores,
                "`cores` takes effect at the next start"
            );
        }
        if around.data_dir != self.data_dir {
            let (running, configured) = (self.data_dir.display(), around.data_dir.display());
            tracing::warn!(%running, %configured, "`data_dir` takes effect at the next start");
        }
        self.files = around.files;
        (self.drain_delay, self.drain_deadline) = (around.drain_delay, around.drain_deadline);
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

fn load(path: &Path, clock: &Clock) -> Result<Loaded, StartError> {
    // One clock for all Snapshots: what outlives a reload is timed by it.
    let options = LoadOptions { without_secrets: false, clock: clock.clone() };
    let loaded = config::load(path, &options)
        .map_err(|failed| StartError::Configuration(config::print(&failed.errors, &failed.source, false)))?;
    for warning in &loaded.warnings {
        tracing::warn!(%warning, "configuration");
    }
    Ok(loaded)
}

/// Binds the listeners that are not bound yet, and writes the bound addresses into the Snapshot.
#[expect(clippy::type_complexity, reason = "two lists that the caller takes apart at once")]
fn bind(
    snapshot: &mut Snapshot,
    present: &[(SocketAddr, SocketAddr)],
    cores: usize,
) -> Result<(Vec<(SocketAddr, SocketAddr)>, Vec<Bound>), StartError> {
    let (mut bound, mut sockets) = (Vec::new(), Vec::new());
    let mut present = present.to_vec();
    for listener in &mut snapshot.listeners {
        let configured = listener.facts.address;
        let address = match present.iter().position(|(address, _)| *address == configured) {
            Some(at) => present.remove(at).1, // once each: several listeners may ask for any free port
            None => {
                let new = listener::bind(configured, cores)?;
                let address = new.address;
                sockets.push(new);
                address
            }
        };
        listener.facts.address = address;
        bound.push((configured, address));
    }
    snapshot.settle_https_port();
    Ok((bound, sockets))
}

/// Binds the control listeners that are not there yet.
fn bind_control(wanted: &[(SocketAddr, Scope)], present: &[Control]) -> Result<Vec<Control>, StartError> {
    let mut new = Vec::new();
    for &(configured, scope) in wanted {
        if present.iter().any(|control| (control.configured, control.scope) == (configured, scope)) {
            continue;
        }
        let mut bound = listener::bind(configured, 1)?;
        new.push(Control { configured, address: bound.address, scope, socket: bound.sockets.pop(), task: None });
    }
    Ok(new)
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

/// A large Snapshot takes a while to free; that is not a core's work. Waits here until no exchange holds it.
fn free_later(snapshot: Arc<Snapshot>) {
    tokio::task::spawn_local(async move {
        while Arc::strong_count(&snapshot) > 1 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        drop(tokio::task::spawn_blocking(move || drop(snapshot)));
    });
}
