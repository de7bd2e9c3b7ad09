//! The gateway: the pipeline and everything that holds it up.
//!
//! **Does**  composes the rooms: configuration → Snapshot → cores; request → stages → response → record.
//! **Never** knows a rule of its own: what is allowed is decided in rooms, which modes apply in [`exchange::Exchange::settle`],
//! what the client sees in [`render`].
//! **Flow**  [`process`] starts [`cores`]; each connection's requests go through [`pipeline`].
//! **Fails** before serving with a message and exit 2; while serving never as a whole.
//! **Source** the design, sections 2, 3, 5 and 7.

pub mod body;
pub mod config;
mod contract;
pub mod cores;
mod cors;
pub mod coverage;
mod errors;
pub mod exchange;
mod expiry;
mod grpc;
pub mod inventory;
mod lifecycle;
pub mod pipeline;
pub mod process;
pub mod render;
mod response;
pub mod snapshot;
mod upstreams;
mod watch;
mod websocket;
pub mod worker;
