//! What the configuration says of the WebSocket of one operation.

use crate::origin::Origin;
use portcullis_core::config::{ConfigError, ScalarOr, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Settings of an operation that is a WebSocket.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "WebSocket")]
pub struct Config {
    /// Origins of the pages that may open it, such as `https://app.example.com`; an empty list means no page. Clients that send no
    /// `Origin` are no browsers and always may. Default: the origin that the page would have if this API served it.
    #[schemars(with = "Option<Vec<String>>")]
    pub origins: Option<Vec<Spanned<String>>>,
}

/// The ways to write `websocket:`, for the schema only.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Form {
    /// Whether it is one.
    Short(bool),
    /// It is one, with these settings.
    Long(Config),
}

/// What holds for the WebSocket of one operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiled {
    /// `None`: the same origin.
    pub(super) origins: Option<Box<[Origin]>>,
}

/// Judges `websocket:`; `None` is no WebSocket.
pub fn compile(written: &Spanned<ScalarOr<Config>>, findings: &mut Vec<ConfigError>) -> Option<Arc<Compiled>> {
    let config = match &written.value {
        ScalarOr::Long(config) => config,
        ScalarOr::Scalar(word) if word == "true" => &Config::default(),
        ScalarOr::Scalar(word) if word == "false" => return None,
        ScalarOr::Scalar(word) => {
            let accepted = "`true`, `false`, or a map such as `{ origins: [\"https://app.example.com\"] }`";
            findings.push(ConfigError::at(&written.referenced, format!("`{word}` is no WebSocket"), accepted));
            return None;
        }
    };
    let mut origin = |written| Origin::compile(written).map_err(|error| findings.push(error)).ok();
    let origins = config.origins.as_ref().map(|origins| origins.iter().filter_map(&mut origin).collect());
    Some(Arc::new(Compiled { origins }))
}
