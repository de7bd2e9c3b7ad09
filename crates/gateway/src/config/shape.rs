//! The configuration file as it is written. Doc comments here are the configuration reference.

use super::entries::Named;
use super::secret::SecretText;
use portcullis_core::config::{Period, ScalarOr, Size, Spanned};
use portcullis_routing::LifecycleConfig;
use portcullis_transport::{client, cors, harden, listener, upstream, websocket};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The Portcullis configuration file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Version of this file's format: `1`.
    #[schemars(with = "u32")]
    pub version: Spanned<u32>,
    /// Cores to serve on, each with its own runtime. Default: all of the machine.
    #[serde(default)]
    #[schemars(with = "Option<usize>")]
    pub cores: Option<Spanned<usize>>,
    /// Where clients connect.
    #[schemars(length(min = 1))]
    pub listeners: Vec<listener::Config>,
    /// Addresses or networks of proxies in front of this gateway. Only they may say who the client is.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub trusted_proxies: Vec<Spanned<String>>,
    /// The header field in which trusted proxies pass the client address. Default: `x-forwarded-for`.
    #[serde(default)]
    pub forwarded_source: client::Source,
    /// Request header fields that are forwarded although their name is unusual, such as `X_Legacy`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub allowed_headers: Vec<Spanned<String>>,
    /// `/metrics`, `/healthz` and `/readyz`, and `POST /reload` with a token; on loopback only.
    #[serde(default)]
    pub admin: Option<Admin>,
    /// `/healthz` and `/readyz` without details, for load balancers.
    #[serde(default)]
    pub health: Option<Health>,
    /// Where records are kept. Default: `portcullis-data` beside this file.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub data_dir: Option<Spanned<PathBuf>>,
    /// The directory that `${file:…}` references stay below.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub secrets_dir: Option<Spanned<PathBuf>>,
    /// How long `/readyz` answers 503 before listeners close, so that load balancers look away first. Default: `5s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub drain_delay: Option<Spanned<Period>>,
    /// How long running exchanges may take to finish after listeners closed. Default: `30s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub drain_deadline: Option<Spanned<Period>>,
    /// Memory for content that is held whole while it is judged, of all exchanges together; one client address gets a twentieth
    /// of it. Default: `256MiB`.
    #[serde(default)]
    #[schemars(with = "Option<Size>")]
    pub content_memory: Option<Spanned<Size>>,
    /// Deadlines on the client side.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// The servers behind this gateway, by name.
    #[schemars(with = "BTreeMap<String, Upstream>")]
    pub upstreams: Named<Upstream>,
    /// The APIs that this gateway serves, by name.
    #[schemars(with = "BTreeMap<String, Api>")]
    pub apis: Named<Api>,
}

/// The admin listener: `/metrics`, `/healthz` and `/readyz`; `POST /reload` for whoever holds the token in `admin.token` of the data
/// directory.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// A loopback address and port.
    #[schemars(with = "String")]
    pub address: Spanned<String>,
}

/// The health listener: `/healthz` and `/readyz`, no details.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Address and port.
    #[schemars(with = "String")]
    pub address: Spanned<String>,
}

/// Deadlines on the client side.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeouts {
    /// From accept to the end of the TLS handshake. Default: `5s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub handshake: Option<Spanned<Period>>,
    /// From the first byte of a request head to its last. Default: `10s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub head: Option<Spanned<Period>>,
    /// A connection without a request on it. Default: `60s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub idle: Option<Spanned<Period>>,
    /// Request content without a byte. Default: `10s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub body_idle: Option<Spanned<Period>>,
    /// Request content that comes slower than 500 bytes a second, after a grace of half of it; operations with `stream: true`
    /// are excepted. Default: `10s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub slow_body: Option<Spanned<Period>>,
    /// A response of which the client takes less than 16 KiB. Default: `30s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub write_stall: Option<Spanned<Period>>,
    /// One whole exchange; operations with `stream: true` and upgrades are excepted. Default: `60s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub exchange: Option<Spanned<Period>>,
    /// A tunnel or stream without a byte in either direction. Default: `5m`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub tunnel_idle: Option<Spanned<Period>>,
    /// How long the rest of a refused request is read and dropped, so that the answer is not lost. Default: `2s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub linger: Option<Spanned<Period>>,
}

/// Servers that answer for one or more APIs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// `http://host:port` or `https://host:port`; with several, the one of two random ones that answers sooner is taken. A name is
    /// looked up every 5 s, and each of its addresses is an endpoint of its own.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub endpoints: Vec<Spanned<String>>,
    /// Addresses and networks that the name of an endpoint may stand for although they are those of this machine, of the link
    /// or of a metadata service, such as `169.254.7.0/24`. Not needed for `localhost` or for endpoints that are addresses.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub allow_addresses: Vec<Spanned<String>>,
    /// What is spoken with the endpoints. `http2` is agreed on in the TLS handshake (ALPN) and taken for granted without TLS; gRPC
    /// needs it. Default: `http1`.
    #[serde(default)]
    pub protocol: upstream::Protocol,
    /// How the certificate of `https` endpoints is judged.
    #[serde(default)]
    #[schemars(with = "Option<UpstreamTls>")]
    pub tls: Option<Spanned<UpstreamTls>>,
    /// Deadlines on the upstream side.
    #[serde(default)]
    pub timeouts: UpstreamTimeouts,
    /// When nothing is sent to the upstream for a while, and clients get 503 at once: half of at least `requests` within 10 s had
    /// no answer, or 502, 503 or 504. `off`: always sent. Default: `{ requests: 20, open: 10s }`.
    #[serde(default)]
    #[schemars(with = "Option<ScalarOr<Breaker>>")]
    pub breaker: Option<Spanned<ScalarOr<Breaker>>>,
    /// When one of several endpoints gets no requests for a while; half of them at most. `off`: never, but one that cannot be
    /// connected to is left alone for a second. Default: `{ failures: 5, span: 30s }`.
    #[serde(default)]
    #[schemars(with = "Option<ScalarOr<Ejection>>")]
    pub ejection: Option<Spanned<ScalarOr<Ejection>>>,
    /// Asks each endpoint now and then, and sends no requests to those that do not answer well. Default: not asked.
    #[serde(default)]
    #[schemars(with = "Option<HealthCheck>")]
    pub health: Option<HealthCheck>,
    /// Header fields set on every request to the upstream, such as `X-Token: "${env:TOKEN}"`. Never printed.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, SecretText>")]
    pub headers: Named<SecretText>,
}

/// How the certificate of an upstream is judged.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamTls {
    /// PEM file with the certificate authorities to trust. Default: those of the machine, else those of the web.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub ca: Option<Spanned<PathBuf>>,
    /// The name that the certificate must hold. Default: the host of the endpoint.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub server_name: Option<Spanned<String>>,
    /// The upstream's key must be one of these, beside all else: `sha256/` and the base64 of the SHA-256 of its
    /// SubjectPublicKeyInfo. Name the next key too, or its renewal is an outage.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub pin_spki: Vec<Spanned<String>>,
    /// PEM file with the certificate chain that the upstream is shown when it asks for one. Needs `client_key`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub client_certificate: Option<Spanned<PathBuf>>,
    /// PEM file with the private key of `client_certificate`, not encrypted, not readable by everyone.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub client_key: Option<Spanned<PathBuf>>,
    /// `false` accepts any certificate, and needs `because`. Default: `true`.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub verify: Option<Spanned<bool>>,
    /// Why the certificate is not verified.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub because: Option<Spanned<String>>,
}

/// When an upstream is not asked for a while.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// Fewer requests within 10 s say nothing. Default: `20`.
    #[serde(default)]
    #[schemars(with = "Option<u32>", range(min = 1))]
    pub requests: Option<Spanned<u32>>,
    /// How long nothing is sent; then three requests find out whether the upstream is back. Default: `10s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub open: Option<Spanned<Period>>,
}

/// When an endpoint is not asked for a while.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ejection {
    /// So many failures in a row: no connection, no answer, or a 5xx. Default: `5`.
    #[serde(default)]
    #[schemars(with = "Option<u32>", range(min = 1))]
    pub failures: Option<Spanned<u32>>,
    /// How long the first time, n times as long the nth time in a row; then one request finds out whether it is back.
    /// Default: `30s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub span: Option<Spanned<Period>>,
}

/// How endpoints are checked. A check is a GET over a connection of its own, with the header fields of the upstream; any 2xx is
/// well. An endpoint counts as well until its checks fail; when all of them fail, clients get 503.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// What is asked for. Default: `/healthz`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub path: Option<Spanned<String>>,
    /// From one check to the next. Default: `5s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub interval: Option<Spanned<Period>>,
    /// For the connection and the answer together. Default: `1s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub timeout: Option<Spanned<Period>>,
    /// Failures in a row after which an endpoint gets no requests. Default: `3`.
    #[serde(default)]
    #[schemars(with = "Option<u32>", range(min = 1))]
    pub unhealthy: Option<Spanned<u32>>,
    /// Good answers in a row after which it gets them again. Default: `2`.
    #[serde(default)]
    #[schemars(with = "Option<u32>", range(min = 1))]
    pub healthy: Option<Spanned<u32>>,
}

/// Deadlines on the upstream side.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamTimeouts {
    /// Name look-up, connection and TLS handshake. Default: `1s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub connect: Option<Spanned<Period>>,
    /// From the end of the request to the head of the response. Default: `15s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub response: Option<Spanned<Period>>,
    /// Response content without a byte. Default: `30s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub between_bytes: Option<Spanned<Period>>,
    /// How long an idle connection is kept. Default: `60s`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub pool_idle: Option<Spanned<Period>>,
    /// Deadline of a whole exchange of the APIs behind this upstream. Default: `timeouts.exchange`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub total: Option<Spanned<Period>>,
}

/// One API: one OpenAPI document served under hosts and a base path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// The OpenAPI 3.0 or 3.1 document, YAML or JSON. Only its operations are reachable.
    #[schemars(with = "String")]
    pub openapi: Spanned<PathBuf>,
    /// Hosts that the API is served under, without port or wildcard. Default: any host.
    #[serde(default)]
    #[schemars(with = "Option<Vec<String>>")]
    pub hosts: Option<Vec<Spanned<String>>>,
    /// The path before every path of the document. Default: the path of the document's first server.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub base_path: Option<Spanned<String>>,
    /// The name of the upstream that answers.
    #[schemars(with = "String")]
    pub upstream: Spanned<String>,
    /// Replaces the base path in what the upstream sees. Default: the base path itself.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub upstream_path: Option<Spanned<String>>,
    /// The upstream sees the client's `Host`. Default: `false`, it sees its own.
    #[serde(default)]
    pub preserve_host: bool,
    /// Who may call. `public` is the only choice of this build: anybody.
    #[schemars(with = "ScalarOr<Vec<String>>")]
    pub identity: Spanned<ScalarOr<Vec<String>>>,
    /// Whether clients should still come, and until when. Default: active, but for operations with `deprecated: true` in the document.
    #[serde(default)]
    pub lifecycle: Option<LifecycleConfig>,
    /// Settings of single operations, by operationId.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Operation>")]
    pub operations: Named<Operation>,
    /// How the document is enforced, by the controls `contract.request` and `contract.response`.
    #[serde(default)]
    pub contract: portcullis_schema::config::Config,
    /// Modes of controls, by control id.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, ScalarOr<ControlMode>>")]
    pub controls: Named<ScalarOr<ControlMode>>,
    /// Largest request content. Default: `1MiB`.
    #[serde(default)]
    #[schemars(with = "Option<Size>")]
    pub max_body: Option<Spanned<Size>>,
    /// Header fields of every response of this API.
    #[serde(default)]
    pub response_headers: harden::Config,
    /// Which pages of other origins may read this API. Default: none, and what the upstream says of it is removed.
    #[serde(default)]
    #[schemars(with = "Option<cors::Config>")]
    pub cors: Option<Spanned<cors::Config>>,
}

/// Settings of one operation.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Who may call. `public` is the only choice of this build: anybody.
    #[serde(default)]
    #[schemars(with = "Option<ScalarOr<Vec<String>>>")]
    pub identity: Option<Spanned<ScalarOr<Vec<String>>>>,
    /// Reachable on internal listeners only.
    #[serde(default)]
    pub internal: bool,
    /// Whether clients should still come, and until when. Default: that of the API, else what the document says.
    #[serde(default)]
    pub lifecycle: Option<LifecycleConfig>,
    /// Largest request content. Default: that of the API.
    #[serde(default)]
    #[schemars(with = "Option<Size>")]
    pub max_body: Option<Spanned<Size>>,
    /// Deadline of the whole exchange. Default: `total` of the upstream, else `timeouts.exchange`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub timeout: Option<Spanned<Period>>,
    /// No deadline for the whole exchange: for event streams and large transfers. Idle deadlines stay.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub stream: Option<Spanned<bool>>,
    /// Passes an upgrade to WebSocket on, `true` or its settings; elsewhere its header fields are removed and the request is
    /// served as a plain GET. Default: `false`.
    #[serde(default)]
    #[schemars(with = "Option<websocket::Form>")]
    pub websocket: Option<Spanned<ScalarOr<websocket::Config>>>,
}

/// The mode of a control, for the API and for single operations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlMode {
    /// `off`, `monitor` or `enforce`, as far as the control permits it. Default: the control's own.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub mode: Option<Spanned<String>>,
    /// Modes of single operations, by operationId.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub operations: Named<String>,
}
