//! Every bound of the data path, once, each with its reason. Code and tests name the constant, never the number.

use std::time::Duration;

/// Longest request target in bytes: over it 414. Browsers and proxies in front of us rarely pass more.
pub const MAX_TARGET_BYTES: usize = 8 * 1024;
/// Longest method name in bytes: no registered method is longer than 20.
pub const MAX_METHOD_BYTES: usize = 32;
/// All header fields together (names, values, 4 bytes each for separators): over it 431.
pub const MAX_HEADER_LIST_BYTES: usize = 32 * 1024;
/// Header fields of one request: over it 431. Bounds the work of every later stage.
pub const MAX_HEADER_FIELDS: usize = 100;
/// hyper's read buffer for one HTTP/1.1 head: room for [`MAX_HEADER_LIST_BYTES`] and a target, so that our own answer comes first.
pub const HTTP1_BUFFER_BYTES: usize = 64 * 1024;
/// Content held in memory by all exchanges together unless the configuration says otherwise: over it 503. Content that no rule
/// needs whole is not held.
pub const HELD_BYTES: u64 = 256 * 1024 * 1024;
/// One client address (IPv6 /64) gets one part in so many of it.
pub const HELD_SHARE: u64 = 20;
/// Held content is charged in steps of so many bytes, so that small ones touch the budget once.
pub const HELD_STEP: u64 = 16 * 1024;
/// Content of one response that is held for a rule that needs it whole: over it 502.
pub const MAX_HELD_RESPONSE_BYTES: usize = 8 * 1024 * 1024;
/// Violations of one message that are told and recorded.
pub const MAX_VIOLATIONS: usize = 20;
/// Content of one request unless the operation says otherwise: over it 413.
pub const MAX_BODY_BYTES: u64 = 1024 * 1024;
/// Extensions of all chunks of one content, in bytes: over it 400. Nobody sends any (CVE-2023-39326).
pub const MAX_CHUNK_EXTENSION_BYTES: u32 = 16 * 1024;
/// Chunks of one content that may be of any size; behind them, [`MIN_CHUNK_BYTES`] on average.
pub const SMALL_CHUNKS: u32 = 1_000;
/// Below it a chunk costs more in framing than it carries: over [`SMALL_CHUNKS`] of them 400.
pub const MIN_CHUNK_BYTES: u64 = 16;
/// Query pairs of one target: over it 400. Bounds parameter validation.
pub const MAX_QUERY_PAIRS: usize = 100;
/// Longest name of one query pair in bytes after decoding: over it 400.
pub const MAX_QUERY_NAME_BYTES: usize = 1024;
/// Path segments of one target: over it 400. Bounds the matcher.
pub const MAX_PATH_SEGMENTS: usize = 64;
/// Entries of a forwarding header that are looked at: over it 400 (a chain that long is an attack or a loop).
pub const MAX_FORWARDED_HOPS: usize = 32;
/// Tokens in one `Connection` field: over it 400.
pub const MAX_CONNECTION_TOKENS: usize = 8;
/// Ranges in one `Range` field: over it the field is removed (CVE-2011-3192).
pub const MAX_RANGES: usize = 8;

/// Concurrent streams of one HTTP/2 connection.
pub const MAX_H2_STREAMS: u32 = 100;
/// Receive window of one HTTP/2 stream in bytes: memory is streams × window.
pub const H2_STREAM_WINDOW: u32 = 64 * 1024;
/// Receive window of one HTTP/2 connection in bytes.
pub const H2_CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Bytes that hyper may buffer to send on one HTTP/2 stream.
pub const H2_SEND_BUFFER: usize = 64 * 1024;

/// Content given to h2 at once: the frame size of every peer. A stream whose client takes less within
/// [`WRITE_STALL_TIMEOUT`] is reset, so this also is its slowest rate, 546 B/s.
pub const H2_PIECE_BYTES: usize = 16 * 1024;
/// Span over which the frames below are counted, second by second.
pub const H2_FLOOD_SECONDS: usize = 10;
/// RST_STREAM of one client in [`H2_FLOOD_SECONDS`]: a page that is left cancels some dozens (CVE-2023-44487). Trusted proxies
/// are exempt: they carry the cancels of many clients.
pub const MAX_H2_RESETS: u32 = 100;
/// Streams from which on more than half of them may not be reset by the client, however slowly.
pub const H2_RESET_SHARE_STREAMS: u64 = 200;
/// SETTINGS frames in [`H2_FLOOD_SECONDS`]: each is answered and may move every window (CVE-2019-9515). Clients send a few.
pub const MAX_H2_SETTINGS: u32 = 100;
/// PING frames in [`H2_FLOOD_SECONDS`] without a request or a response in between: each is answered (CVE-2019-9512).
pub const MAX_H2_PINGS: u32 = 100;
/// Bytes of ours between two PING that are not counted: clients measure their bandwidth that way.
pub const H2_BYTES_PER_PING: u64 = 1024;
/// Frames that only move state (PRIORITY, WINDOW_UPDATE, empty DATA, unknown types) a connection begins with (CVE-2019-9511, -9513).
pub const H2_CONTROL_FRAMES: u32 = 1_000;
/// How many more each request brings.
pub const H2_CONTROL_PER_REQUEST: u32 = 20;
/// One more for so many bytes that we sent: the most eager client (Go) sends two WINDOW_UPDATE for 4 KiB.
pub const H2_BYTES_PER_CONTROL: u64 = 256;
/// Most of them that can be saved up: windows of 16 MiB updated in steps of 4 KiB, four times over.
pub const MAX_H2_CONTROL_FRAMES: u32 = 16_384;
/// CONTINUATION frames of one header block (CVE-2024-27316): two hold [`MAX_HEADER_LIST_BYTES`].
pub const MAX_H2_CONTINUATIONS: u32 = 8;
/// Bytes of one header block as sent: what is larger decodes to more than [`MAX_HEADER_LIST_BYTES`].
pub const MAX_H2_BLOCK_BYTES: u32 = 32 * 1024;
/// Padding of content that is never looked at; over it no more than [`H2_PADDING_PER_DATA`] bytes of padding for one of data.
pub const H2_PADDING_FREE: u64 = 64 * 1024;
/// See [`H2_PADDING_FREE`]: padding that hides lengths is below one for one.
pub const H2_PADDING_PER_DATA: u64 = 4;

/// Client connections of one process; at it accepting waits.
pub const MAX_CONNECTIONS: usize = 10_000;
/// Client connections of one address (IPv4 /32, IPv6 /64), trusted proxies exempt; over it closed at accept.
pub const MAX_CONNECTIONS_PER_ADDRESS: u32 = 1_000;
/// Requests served on one HTTP/1.1 connection before it is closed: spreads load, bounds the damage of a desync.
pub const MAX_REQUESTS_PER_CONNECTION: u32 = 1_000;
/// Streams served on one HTTP/2 connection before it is drained.
pub const MAX_STREAMS_PER_CONNECTION: u32 = 10_000;
/// Age at which a connection is closed gracefully: spreads load after a change of topology, bounds what one connection may do.
pub const MAX_CONNECTION_AGE: Duration = Duration::from_secs(60 * 60);
/// Connections without an exchange that are closed at once when there is no room for another, those idle for longest first.
pub const EVICTED_AT_ONCE: usize = 64;
/// TLS handshakes a second of one address (IPv4 /32, IPv6 /64), trusted proxies exempt; over it closed at accept.
pub const HANDSHAKES_PER_ADDRESS: u32 = 200;
/// Share of one core that TLS handshakes may take; over it connections are closed at accept, and the rest of the core serves
/// those that are there.
pub const HANDSHAKE_CPU_PERCENT: u64 = 60;
/// How far handshakes may run ahead of that share: a reload of a whole fleet of clients at once is served at full speed.
pub const HANDSHAKE_BURST: Duration = Duration::from_secs(1);
/// Requests a second of one client address unless the listener says otherwise: over it 429. A page that loads a hundred things
/// is far below; what is above is a program, and costs more than [`MAX_CONNECTIONS_PER_ADDRESS`] alone can bound.
pub const ADDRESS_RATE: u32 = 2000;
/// Requests of one client address at once: two seconds of the rate.
pub const ADDRESS_BURST: u32 = 4000;
/// A PROXY protocol header in bytes: the addresses, and what a TLS-terminating proxy adds about the client's certificate.
pub const MAX_PROXY_HEADER_BYTES: usize = 2048;
/// Connections that wait in the kernel to be accepted, per core.
pub const ACCEPT_BACKLOG: i32 = 4096;
/// One message of a WebSocket, and so each of its frames, unless the operation says otherwise: over it close 1009. As much as
/// [`MAX_BODY_BYTES`]: most libraries refuse larger ones too.
pub const MAX_WEBSOCKET_MESSAGE_BYTES: u64 = 1024 * 1024;
/// Frames a second of the client of a WebSocket unless the operation says otherwise, two seconds of them at once: over it close
/// 1008. A game sends 60, an upload in pieces of 16 KiB runs at 8 MiB/s.
pub const WEBSOCKET_RATE: u32 = 500;
/// How long a WebSocket is open unless the operation says otherwise: whoever is asked for a new handshake once a day is
/// authorised anew.
pub const MAX_WEBSOCKET_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes held per direction of a tunnel.
pub const TUNNEL_BUFFER_BYTES: usize = 16 * 1024;
/// Pause after accepting failed (no descriptors left) or while [`MAX_CONNECTIONS`] are open.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// From accept to the end of the TLS handshake.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// From the first byte of a head to its last, absolute.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection without a request on it.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long an HTTP/1.1 connection keeps its buffers after a response: 16 KiB that an idle one does not need, and that a busy
/// one should not make anew for each request.
pub const WARM_TIMEOUT: Duration = Duration::from_millis(250);
/// A connection without a request on it once it is to close: a request that is on its way is still answered.
pub const DRAIN_GRACE: Duration = Duration::from_secs(1);
/// A request body without a byte.
pub const BODY_IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// Request content that comes slower than [`MIN_BODY_RATE`]: over this much time of waiting, after a grace of half of it.
pub const SLOW_BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes a second of request content that an honest client sends also over a bad connection; R.U.D.Y. sends one in ten seconds.
pub const MIN_BODY_RATE: u32 = 500;
/// Response bytes that the kernel holds unsent per connection. It asks for more once half of it is sent, so a client must take
/// 16 KiB in each [`WRITE_STALL_TIMEOUT`], 500 B/s, not just anything; and one that reads nothing holds no more than this.
pub const UNSENT_BYTES: u32 = 32 * 1024;
/// A response of which the client takes less than half of [`UNSENT_BYTES`].
pub const WRITE_STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// One whole exchange; streaming responses and upgrades are excepted.
pub const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(60);
/// A tunnel or event stream without a byte in either direction.
pub const TUNNEL_IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// What is read and dropped after a refusal so that the answer is not lost to a reset (RFC 9112 §9.6).
pub const LINGER_BYTES: usize = 64 * 1024;
/// How long [`LINGER_BYTES`] are waited for.
pub const LINGER_TIMEOUT: Duration = Duration::from_secs(2);
/// One tick of the timer wheel: deadlines are late by at most one tick.
pub const WHEEL_TICK: Duration = Duration::from_millis(100);

/// Header fields of one upstream response.
pub const MAX_UPSTREAM_HEADER_FIELDS: usize = 200;
/// Head of one upstream response in bytes: over it 502.
pub const MAX_UPSTREAM_HEAD_BYTES: usize = 64 * 1024;
/// Head of one request to an upstream in bytes, with what the gateway adds: over it 502. A client's own may take
/// [`MAX_TARGET_BYTES`] and [`MAX_HEADER_LIST_BYTES`]; servers refuse or cut what is much longer.
pub const MAX_FORWARDED_HEAD_BYTES: usize = 48 * 1024;
/// What the gateway says of a request, in bytes at most: forwarding fields with the longest host, trace, request id.
pub const OWN_FIELDS_BYTES: usize = 2 * 1024;
/// Content of a 4xx that is looked at before it goes on: over it the content is replaced. Errors are short; what is held for one
/// is bounded by this.
pub const MAX_ERROR_BYTES: usize = 32 * 1024;
/// Content that is looked into where an API is learned: over it only its path is. What is held for one exchange is twice this.
pub const MAX_LEARNED_BYTES: usize = 64 * 1024;
/// Interim (1xx) responses before the final one: over it 502.
pub const MAX_INTERIM_RESPONSES: u32 = 32;
/// Idle connections kept per endpoint and core.
pub const MAX_IDLE_UPSTREAM: usize = 64;
/// Streams of one HTTP/2 connection to an upstream, where the upstream allows as many; for more, another connection is opened.
pub const MAX_UPSTREAM_STREAMS: usize = 100;
/// HTTP/2 connections to one endpoint per core; where all are full, requests wait for a stream until their deadline.
pub const MAX_UPSTREAM_H2_CONNECTIONS: usize = 8;
/// Age at which an HTTP/2 connection to an upstream takes no more requests: spreads load after a change of topology.
pub const MAX_UPSTREAM_CONNECTION_AGE: Duration = Duration::from_secs(10 * 60);
/// Streams of one HTTP/2 connection to an upstream that we give up before it takes no more requests: clients that cancel must
/// not bring an upstream to end a connection that others use (CVE-2023-44487, turned round).
pub const MAX_UPSTREAM_RESETS: u32 = 50;
/// Silence on an HTTP/2 connection to an upstream, while it owes something, before it is asked whether it still lives. Servers
/// of gRPC take more than one PING in five minutes for abuse.
pub const UPSTREAM_PING: Duration = Duration::from_secs(5 * 60);
/// How long the answer to that is waited for.
pub const UPSTREAM_PONG: Duration = Duration::from_secs(20);
/// How long an HTTP/2 connection to an upstream that nobody needs any more may take to say goodbye.
pub const UPSTREAM_GOODBYE: Duration = Duration::from_secs(2);
/// Request content kept on its way to an HTTP/2 upstream until a response comes, so that it can be sent again.
pub const MAX_REPLAY_BYTES: usize = 64 * 1024;
/// Retries may be at most this share of requests (1 in n), plus [`RETRY_FLOOR`].
pub const RETRY_SHARE: u32 = 5;
/// Retries always allowed, so that a quiet service is retried too.
pub const RETRY_FLOOR: u32 = 3;

/// A configuration file in bytes.
pub const MAX_CONFIG_BYTES: u64 = 10 * 1024 * 1024;
/// An OpenAPI document in bytes.
pub const MAX_DOCUMENT_BYTES: u64 = 50 * 1024 * 1024;
/// A certificate or key file in bytes: a long chain is 20 KiB.
pub const MAX_PEM_BYTES: u64 = 1024 * 1024;
/// A revocation list in bytes: some 200,000 revoked certificates, held in memory.
pub const MAX_REVOCATION_LIST_BYTES: u64 = 8 * 1024 * 1024;
/// One file of the record, in bytes.
pub const RECORD_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Files of the record; the oldest leaves.
pub const RECORD_FILES: usize = 8;
/// Controls in monitor whose finding one record can hold.
pub const MAX_FINDINGS: usize = 8;
