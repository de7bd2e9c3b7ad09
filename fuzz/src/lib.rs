//! What must hold for any bytes. Each module is one fuzz target: its `check` panics where a law is broken.
//!
//! `cargo xtask fuzz` runs them; `tests/seeds.rs` checks the seeds in an ordinary test.

#![forbid(unsafe_code)]

pub mod chunks;
pub mod coding;
pub mod config;
pub mod contract_loader;
mod cuts;
pub mod forwarded;
pub mod frames_h2;
pub mod frames_ws;
pub mod guard_h1;
mod h1;
mod hyper_side;
pub mod json_document;
pub mod multipart;
pub mod openapi;
pub mod parameters;
pub mod proxy_protocol;
pub mod schema;
pub mod target;
pub mod upstream_response;
