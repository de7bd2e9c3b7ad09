//! What the configuration says of the WebSocket of one operation.

use crate::origin::Origin;
use portcullis_core::bounds::{MAX_WEBSOCKET_AGE, MAX_WEBSOCKET_MESSAGE_BYTES, WEBSOCKET_RATE};
use portcullis_core::config::{ConfigError, Period, Rate, ScalarOr, Size, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// Settings of an operation that is a WebSocket.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "WebSocket")]
pub struct Config {
    /// Origins of the pages that may open it, such as `https://app.example.com`; an empty list means no page. Clients that send no
    /// `Origin` are no browsers and always may. Default: the origin that the page would have if this API served it.
    #[schemars(with = "Option<Vec<String>>")]
    pub origins: Option<Vec<Spanned<String>>>,
    /// Largest message, and so largest frame, in either direction. Default: `1MiB`.
    #[schemars(with = "Option<Size>")]
    pub max_message: Option<Spanned<Size>>,
    /// Messages that a client may send in a second, and twice as many at once; each of its frames counts as one, but for a close.
    /// Default: `500/s`.
    #[schemars(with = "Option<Rate>")]
    pub messages: Option<Spanned<Rate>>,
    /// How long it may be open. Default: `24h`.
    #[schemars(with = "Option<Period>")]
    pub max_age: Option<Spanned<Period>>,
}

/// The ways to write `websocket:`, for the schema only.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Form {
    /// Whether it is one.
    Short(bool),
    /// It is one, with these settings.
    Long(Box<Config>),
}

/// What holds for the WebSocket of one operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiled {
    /// `None`: the same origin.
    pub(super) origins: Option<Box<[Origin]>>,
    /// What may pass once it is open.
    pub limits: Limits,
}

/// What may pass in a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message, in either direction.
    pub max_message: u64,
    /// Frames a second of the client; twice as many at once.
    pub messages: u32,
    /// How long it may be open.
    pub max_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_message: MAX_WEBSOCKET_MESSAGE_BYTES, messages: WEBSOCKET_RATE, max_age: MAX_WEBSOCKET_AGE }
    }
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
    let limits = config.limits(findings);
    Some(Arc::new(Compiled { origins, limits }))
}

impl Config {
    fn limits(&self, findings: &mut Vec<ConfigError>) -> Limits {
        let defaults = Limits::default();
        if let Some(size) = self.max_message.as_ref().filter(|size| size.value.0 == 0) {
            findings.push(ConfigError::at(&size.referenced, "`0B` would refuse everything", "at least `1B`"));
        }
        if let Some(age) = self.max_age.as_ref().filter(|age| age.value.0.is_zero()) {
            findings.push(ConfigError::at(&age.referenced, "`0s` would refuse everything", "at least `1ms`"));
        }
        Limits {
            max_message: self.max_message.as_ref().map_or(defaults.max_message, |size| size.value.0),
            messages: self.messages.as_ref().map_or(defaults.messages, |rate| rate.value.0),
            max_age: self.max_age.as_ref().map_or(defaults.max_age, |age| age.value.0),
        }
    }
}
