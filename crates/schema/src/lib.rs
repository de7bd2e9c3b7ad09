//! What an OpenAPI document allows of requests and promises of responses.
//!
//! **Does**  compiles schemas, parameters and bodies of each operation; judges values of requests and responses against them.
//! **Never** opens a socket, builds a tree of values, or lets pass what it cannot judge.
//! **Source** OpenAPI 3.0.4, 3.1.2 and 3.2.0; JSON Schema draft 2020-12 and draft 4.

pub mod coding;
pub mod config;
pub mod contract;
pub mod document;
pub mod engine;
mod shape;
pub mod values;
mod waivers;

pub use shape::{Shape, Types};
pub use waivers::{WaiverConfig, Waivers};
