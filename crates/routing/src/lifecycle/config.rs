//! What an operator writes about the life of an API or an operation.

use super::{Deprecation, Lifecycle, Sunset};
use http::HeaderValue;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use portcullis_core::config::{ConfigError, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;

/// Whether clients should still come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Meant to be used.
    #[default]
    Active,
    /// Works, but clients should move on: they are told so in every response.
    Deprecated,
}

/// The life of an API or an operation: what clients are told of it, and when it ends.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Lifecycle")]
pub struct LifecycleConfig {
    /// `active` or `deprecated`. Default: `active`.
    #[serde(default)]
    pub state: State,
    /// Since when it is deprecated, or will be: `2026-01-01` or `2026-01-01T12:00:00Z`. Default: not said.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub since: Option<Spanned<String>>,
    /// From this instant on it is gone, and answers 410: `2027-06-30` or `2027-06-30T12:00:00Z`. Default: it stays.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub sunset: Option<Spanned<String>>,
    /// The page that tells people what to do instead.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub link: Option<Spanned<String>>,
}

/// What is accepted for `since` and `sunset`.
const DATE: &str = "a day such as `2027-06-30` (its first instant, UTC), or an instant such as `2027-06-30T12:00:00Z`";

impl LifecycleConfig {
    /// `None`: active, with no end.
    pub(crate) fn compile(&self, errors: &mut Vec<ConfigError>) -> Option<Lifecycle> {
        let is_deprecated = self.state == State::Deprecated;
        let since = self.since.as_ref().and_then(|since| Some((since, instant(since, errors)?)));
        let sunset = self.sunset.as_ref().and_then(|sunset| Some((sunset, instant(sunset, errors)?)));
        if let Some(since) = self.since.as_ref().filter(|_| !is_deprecated) {
            errors.push(ConfigError::at(&since.referenced, "`since` without `state: deprecated`", "both, or neither"));
        }
        if let (Some((_, since)), Some((written, sunset))) = (since, sunset)
            && sunset < since
        {
            let message = format!("sunset `{}` is earlier than `since`", written.value);
            let accepted = "a sunset that is not before the deprecation (RFC 9745 §4)";
            errors.push(ConfigError::at(&written.referenced, message, accepted));
        }
        let link = self.link.as_ref().and_then(|link| self.link(link, errors));
        let sunset =
            sunset.and_then(|(_, at)| Some(Sunset { at: u64::try_from(at.as_second()).ok()?, date: http_date(at)? }));
        let deprecation = match since.map(|(_, since)| HeaderValue::from_str(&format!("@{}", since.as_second()))) {
            _ if !is_deprecated => Deprecation::No,
            Some(Ok(date)) => Deprecation::Since(date),
            Some(Err(_)) | None => Deprecation::Undated,
        };
        let says_something = is_deprecated || sunset.is_some();
        says_something.then_some(Lifecycle { deprecation, sunset, link, written: true })
    }

    fn link(&self, written: &Spanned<String>, errors: &mut Vec<ConfigError>) -> Option<HeaderValue> {
        let url = written.value.as_str();
        let mut refuse = |why: String, accepted: &str| {
            errors.push(ConfigError::at(&written.referenced, why, accepted));
            None
        };
        if self.state == State::Active && self.sunset.is_none() {
            return refuse("`link` without `state: deprecated` or `sunset`".into(), "what the page is about");
        }
        let after_scheme = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme));
        let is_uri = |octet: u8| octet.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&octet);
        if after_scheme.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) || !url.bytes().all(is_uri) {
            return refuse(
                format!("link `{url}` is no address of a page"),
                "a URL such as `https://example.com/move-on`",
            );
        }
        let relation = if self.state == State::Deprecated { "deprecation" } else { "sunset" };
        HeaderValue::from_str(&format!("<{url}>; rel=\"{relation}\"")).ok()
    }
}

/// The instant that is written; one before 1970 is none that a field can hold.
fn instant(written: &Spanned<String>, errors: &mut Vec<ConfigError>) -> Option<Timestamp> {
    let parsed = parse(&written.value).filter(|at| *at >= Timestamp::UNIX_EPOCH && at.subsec_nanosecond() == 0);
    if parsed.is_none() {
        errors.push(ConfigError::at(&written.referenced, format!("`{}` is not a date", written.value), DATE));
    }
    parsed
}

/// jiff reads more spellings than these two; one that is not among them is refused before it is asked.
fn parse(text: &str) -> Option<Timestamp> {
    let digits =
        |text: &str| -> String { text.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect() };
    match digits(text).as_str() {
        "0000-00-00" => format!("{text}T00:00:00Z").parse().ok(),
        "0000-00-00T00:00:00Z" | "0000-00-00T00:00:00+00:00" | "0000-00-00T00:00:00-00:00" => text.parse().ok(),
        _ => None,
    }
}

fn http_date(at: Timestamp) -> Option<HeaderValue> {
    let text = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()?;
    HeaderValue::from_str(&text).ok()
}
