//! OpenAPI operations → matcher, hosts, lifecycle: which Operation of which API a request asks for, and whether it still lives.
//!
//! **Does**  reads paths, methods, operationIds and the base path of each API's OpenAPI document; compiles all APIs to one
//! table; finds the Operation for host + canonical path + method, and the exact `Allow` where the method is wrong; keeps the
//! [`inventory`] of what is used and of what no document has.
//! **Never** opens a socket, follows a reference out of the document, decodes a request path, allocates for a lookup, or keeps a
//! value of a request.
//! **Flow**  [`Document::read`] → [`compile()`] with the [`config`] of each API → [`Compiled::find`], once per request.
//! **Fails** at load with every [`ConfigError`](portcullis_core::config::ConfigError) at once; at run time closed: an unknown
//! host is `routing.host_unknown`, what no template matches is [`Outcome::PathUnknown`], what has ended is `routing.sunset`.
//! **Source** OpenAPI 3.0.4, 3.1.2 and 3.2.0 (Paths Object, Path Templating, Server Object), RFC 3986 §6.2.2, RFC 9110 §9.3.2,
//! §9.3.7, §10.2.1 and §15.5.6, RFC 9745 (Deprecation), RFC 8594 (Sunset).

pub mod compile;
pub mod config;
pub mod inventory;
pub mod lifecycle;
pub mod matcher;
pub mod openapi;

#[cfg(test)]
mod fixture;
mod hosts;
mod mixed;
mod template;
mod trie;

pub use compile::{ApiInput, compile};
pub use config::{ApiConfig, OperationConfig};
pub use lifecycle::{Lifecycle, LifecycleConfig};
pub use matcher::{Audience, Compiled, Outcome, Routed};
pub use openapi::Document;
