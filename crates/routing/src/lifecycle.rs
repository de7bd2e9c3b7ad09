//! `routing.lifecycle`: clients are told that an Operation is deprecated and when it ends, and after that instant it is gone.
//!
//! What the operator writes replaces what the upstream says. Where only the document says `deprecated: true`, nobody has said
//! since when: the upstream's own fields stand, and where it has none the date is the epoch, which is in the past for everybody.

mod config;
mod links;
#[cfg(test)]
mod tests;

pub use config::{LifecycleConfig, State};

use http::header::LINK;
use http::{HeaderMap, HeaderName, HeaderValue};
use portcullis_core::{Reason, Stop};

/// RFC 9745 §2.
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// RFC 8594 §3.
const SUNSET: HeaderName = HeaderName::from_static("sunset");
/// `Deprecation` where no date is known.
static UNDATED: HeaderValue = HeaderValue::from_static("@0");

/// What is said of an Operation that is deprecated, or that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    deprecation: Deprecation,
    sunset: Option<Sunset>,
    /// A whole `Link` value.
    link: Option<HeaderValue>,
    /// The operator says so, not the document alone.
    written: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Deprecation {
    No,
    Undated,
    Since(HeaderValue),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Sunset {
    /// Seconds since the epoch.
    at: u64,
    /// The same as an HTTP date.
    date: HeaderValue,
}

impl Lifecycle {
    /// What holds for an Operation: its own lifecycle, else a deprecation of its API, else what the document says of it beside
    /// the sunset of its API. `own` is `Some(None)` where the operator writes that it is active.
    pub(crate) fn of(own: Option<&Option<Self>>, api: Option<&Self>, documented: bool) -> Option<Self> {
        match (own, api) {
            (Some(own), _) => own.clone(),
            (None, Some(api)) if !documented || api.is_deprecated() => Some(api.clone()),
            (None, Some(api)) => Some(Self { deprecation: Deprecation::Undated, ..api.clone() }),
            (None, None) => documented.then_some(Self {
                deprecation: Deprecation::Undated,
                sunset: None,
                link: None,
                written: false,
            }),
        }
    }

    /// Whether it is to be called no more by new clients.
    pub fn is_deprecated(&self) -> bool {
        self.deprecation != Deprecation::No
    }

    /// When it ends, in seconds since the epoch.
    pub fn sunset(&self) -> Option<u64> {
        self.sunset.as_ref().map(|sunset| sunset.at)
    }

    /// Whether it is still there; `now` in seconds since the epoch.
    ///
    /// # Errors
    /// [`Reason::Sunset`] from the instant of the sunset on.
    pub fn check(&self, now: u64) -> Result<(), Stop> {
        match &self.sunset {
            Some(sunset) if now >= sunset.at => Err(Stop::Deny(Reason::Sunset)),
            _ => Ok(()),
        }
    }

    /// Says it in a response.
    pub fn say(&self, headers: &mut HeaderMap) {
        if self.written {
            headers.remove(DEPRECATION);
            headers.remove(SUNSET);
            links::remove(headers);
        }
        match &self.deprecation {
            Deprecation::No => {}
            Deprecation::Undated => {
                headers.entry(DEPRECATION).or_insert_with(|| UNDATED.clone());
            }
            Deprecation::Since(date) => {
                headers.insert(DEPRECATION, date.clone());
            }
        }
        if let Some(sunset) = &self.sunset {
            headers.insert(SUNSET, sunset.date.clone());
        }
        if let Some(link) = &self.link {
            headers.append(LINK, link.clone());
        }
    }
}
