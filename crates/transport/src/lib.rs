//! The two sockets of an exchange: listeners and clients on one side, upstreams on the other.
//!
//! **Does**  accepts, terminates TLS, drives HTTP/1.1 and HTTP/2, normalises the head of a request, forwards to upstreams,
//! judges their responses, hardens what is sent back.
//! **Never** routes, decides who may call, picks a status code, or re-uses an upstream connection whose response it has not judged.
//! **Flow**  [`listener`] → [`drive`] → the gateway's handler → [`head`] ([`target`], [`fields`], [`client`]) → … → [`upstream`] → [`harden`].
//! **Fails** with `Stop`: `transport.*` reasons; upstream trouble is a `Fault`.
//! **Source** RFC 9110, 9112, 9113, 8446, 7239, 6455; `docs/controls/`.

pub mod address_rate;
mod block;
pub mod client;
pub mod cookies;
pub mod cors;
pub mod drive;
pub mod fields;
mod flat;
pub mod frames;
pub mod guard;
pub mod harden;
pub mod head;
pub mod listener;
pub mod location;
pub mod origin;
pub mod proxy_protocol;
pub mod redirect;
pub mod target;
pub mod tls;
pub mod trace;
pub mod upstream;
pub mod websocket;
pub mod wheel;
