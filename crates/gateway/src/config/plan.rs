//! A configuration that is valid: paths resolved, secrets read, documents loaded. `Snapshot::compile` takes it as it is.

use http::{HeaderName, HeaderValue};
use portcullis_core::{Control, Mode};
use portcullis_transport::{cors, drive, harden, head, listener, upstream, websocket};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// One mode per control, at [`Control::index`].
pub type Modes = [Mode; Control::COUNT];

/// Everything that `run` needs to know. Made by [`super::load`] only.
#[derive(Debug)]
pub struct Plan {
    /// Runtimes to start, at least 1. A reload does not change it.
    pub cores: usize,
    /// Where records are kept; absolute where the configuration's own path is.
    pub data_dir: PathBuf,
    /// At least one, in the order of the file.
    pub listeners: Vec<listener::Compiled>,
    /// Loopback only; `None`: no admin listener.
    pub admin: Option<SocketAddr>,
    /// `None`: no health listener.
    pub health: Option<SocketAddr>,
    /// Trusted proxies, fields that upstreams get from us, fields with unusual names.
    pub head: head::Compiled,
    /// From readyz 503 to closed listeners.
    pub drain_delay: Duration,
    /// From closed listeners to the end.
    pub drain_deadline: Duration,
    /// Bytes of content that all exchanges may hold.
    pub content_memory: u64,
    /// Deadlines on the client side.
    pub timeouts: Timeouts,
    /// Hosts, paths and methods of all APIs.
    pub routes: portcullis_routing::Compiled,
    /// What each operation takes and promises, by its own document.
    pub contracts: portcullis_schema::contract::Compiled,
    /// In the order of the file.
    pub upstreams: Vec<Upstream>,
    /// At `ApiId::index`.
    pub apis: Vec<Api>,
    /// At `OperationId::index`.
    pub operations: Vec<Settings>,
}

/// Deadlines on the client side; defaults from `core::bounds`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Those that belong to the connection.
    pub connection: Arc<drive::Timeouts>,
    /// Request content without a byte.
    pub body_idle: Duration,
    /// Request content that comes too slowly.
    pub slow_body: Duration,
    /// A whole exchange, where neither operation nor upstream says otherwise.
    pub exchange: Duration,
}

/// One upstream.
#[derive(Debug)]
pub struct Upstream {
    /// Endpoints, deadlines, certificates.
    pub compiled: Arc<upstream::Compiled>,
    /// Fields set on every request; their values are marked sensitive.
    pub fields: Vec<(HeaderName, HeaderValue)>,
    /// With them, the head of a request may pass its bound: it is measured.
    pub may_overflow: bool,
}

/// One API.
#[derive(Debug)]
pub struct Api {
    /// Its name in the file.
    pub name: Box<str>,
    /// Its place in [`Plan::upstreams`].
    pub upstream: usize,
    /// Replaces the base path towards the upstream; starts with `/`, its last slash removed (so `/` is empty).
    pub upstream_path: Option<Box<str>>,
    /// The upstream sees the client's host.
    pub preserve_host: bool,
    /// Served under named hosts only.
    pub has_hosts: bool,
    /// Fields of every response.
    pub harden: harden::Compiled,
    /// Which pages of other origins may read; `None`: none.
    pub cors: Option<cors::Compiled>,
    /// What holds for paths that no operation has.
    pub default: Settings,
}

/// What holds for one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Largest request content in bytes.
    pub max_body: u64,
    /// Deadline of the whole exchange; `None`: it streams.
    pub timeout: Option<Duration>,
    /// The rules of its WebSocket; `None`: an upgrade is not passed on.
    pub websocket: Option<Arc<websocket::Compiled>>,
    /// Mode of each control.
    pub modes: Modes,
}
