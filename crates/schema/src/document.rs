//! The operations of a document as the contract needs them: parameters merged, styles judged, contents by media type.
//!
//! Schemas stay where they are written; the engine compiles them. What has no defined meaning, and what nothing here could
//! enforce, is a finding with its place: an error, or a warning where the configuration waives it.

mod bodies;
mod fields;
mod forms;
mod headers;
mod media;
mod model;
mod operations;
mod outbound;
mod pages;
mod parameters;
mod reader;
mod responses;
mod security;
mod specs;
mod style;
mod types;

pub use model::{
    Body, Contract, Encoding, Header, HeaderValue, MediaType, Operation, Outbound, Parameter, ParameterValue,
    Requirement, Response, SchemeKind, SecurityScheme, StatusRange, Styled,
};

#[cfg(test)]
mod tests;
