//! WebSockets (RFC 6455): who may open one, what a handshake must say on both sides, and what passes afterwards.
//!
//! The client's half of the handshake is judged with the other fields of its request ([`crate::fields`]), because a broken one
//! is refused on every operation.

mod config;
mod frames;
mod handshake;

pub use config::{Compiled, Config, Form, Limits, compile};
pub(crate) use frames::close_frame;
pub use frames::{Breach, Frames, MAX_HEADER_BYTES, Sender};
pub use handshake::{Handshake, check_origin};
