//! Settings of the contract.

use crate::waivers::WaiverConfig;
use portcullis_core::config::Spanned;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// How strictly the OpenAPI document is enforced, and which parts of it are not.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Contract")]
pub struct Config {
    /// What becomes of query parameters and properties of a request that the document does not declare: `refuse`, `strip` or `allow`.
    /// Default: `refuse`.
    pub unknown: Unknown,
    /// What becomes of properties in a request that are `readOnly`: `refuse` or `strip`. Default: `refuse`.
    pub read_only: ReadOnly,
    /// What becomes of a response that breaks its schema. `strip`: what is not declared or only written is taken out, and what is
    /// still wrong then is refused. `refuse`: any violation is 502. Default: `strip`.
    pub on_violation: OnViolation,
    /// The most that a request may ask for at once: `{ parameter: limit, max: 100 }`.
    #[schemars(with = "Vec<PageSize>")]
    pub page_sizes: Vec<Spanned<PageSize>>,
    /// Names under `format` that are not known by themselves.
    pub formats: Formats,
    /// Parts of the document that this build cannot enforce and that are left out with open eyes.
    pub waive: Vec<WaiverConfig>,
}

/// What becomes of what is not declared in a request.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// The request is refused.
    #[default]
    Refuse,
    /// It is taken out, and the rest is forwarded.
    Strip,
    /// It is forwarded.
    Allow,
}

/// What becomes of `readOnly` properties in a request.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ReadOnly {
    /// The request is refused.
    #[default]
    Refuse,
    /// They are taken out, and the rest is forwarded.
    Strip,
}

/// What becomes of a response that breaks its schema.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum OnViolation {
    /// What is not declared is taken out; the rest is forwarded if nothing else is wrong.
    #[default]
    Strip,
    /// It is refused.
    Refuse,
}

/// The most that a query parameter may ask for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageSize {
    /// The name of a query parameter that is a number, in every operation that has it.
    pub parameter: String,
    /// The most.
    pub max: i64,
    /// What becomes of more: `refuse`, or `clamp`: the most is forwarded instead. Default: `refuse`.
    #[serde(default)]
    pub over: Over,
}

/// What becomes of a number over the most allowed.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The request is refused.
    #[default]
    Refuse,
    /// The most allowed is forwarded instead.
    Clamp,
}

/// Names under `format` beside those that OpenAPI and JSON Schema know.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Formats {
    /// Names that mean nothing to the gateway, such as `unix-time`: values are not held against them.
    pub annotations: Vec<String>,
    /// A pattern of the whole text for each name, such as `{ sku: "[A-Z]{3}-[0-9]+" }`.
    pub custom: BTreeMap<String, String>,
}
