//! What an operator writes about routing.

use crate::lifecycle::LifecycleConfig;
use portcullis_core::config::Spanned;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// The routing part of one entry of `apis:`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiConfig {
    /// The API's OpenAPI document, YAML or JSON; a relative path starts at the configuration file.
    #[schemars(with = "String")]
    pub openapi: Spanned<PathBuf>,
    /// Hosts that the API is served under, without port or wildcard; left out: any host.
    #[serde(default)]
    #[schemars(with = "Option<Vec<String>>")]
    pub hosts: Option<Vec<Spanned<String>>>,
    /// The path that all of the API's paths begin with; left out: that of the document's first server.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub base_path: Option<Spanned<String>>,
    /// Of all its operations that have none of their own.
    #[serde(default)]
    pub lifecycle: Option<LifecycleConfig>,
}

/// The routing part of one entry of an API's `operations:`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationConfig {
    /// Served on listeners with `internal: true` only.
    #[serde(default)]
    pub internal: bool,
    /// Left out: what the API's or the document says.
    #[serde(default)]
    pub lifecycle: Option<LifecycleConfig>,
}
