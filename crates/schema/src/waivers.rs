//! What an operator accepts in writing that the gateway does not enforce.

use portcullis_core::config::{ConfigError, Spanned};
use portcullis_openapi::{Documents, Place};
use schemars::JsonSchema;
use serde::Deserialize;
use std::cell::Cell;
use std::collections::HashSet;

/// One entry of `contract: { waive: […] }`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Waiver")]
pub struct WaiverConfig {
    /// JSON Pointer of the construct in the OpenAPI document, as the error names it; `*` stands for any one name or index.
    #[schemars(with = "String")]
    pub pointer: Spanned<String>,
    /// Why it may stay unenforced.
    #[schemars(with = "String")]
    pub because: Spanned<String>,
}

/// All waivers of one document. A construct that cannot be enforced is an error, or a warning where it is waived.
#[derive(Debug, Default)]
pub struct Waivers {
    waivers: Vec<Waiver>,
}

#[derive(Debug)]
struct Waiver {
    config: WaiverConfig,
    /// Of keys and values.
    places: HashSet<Place>,
    is_used: Cell<bool>,
}

impl Waivers {
    /// Finds what each pointer names.
    ///
    /// # Errors
    /// A pointer that leads nowhere, no reason, or the same pointer twice: each at its place in the configuration.
    pub fn new(documents: &Documents, configs: &[WaiverConfig]) -> Result<Self, Vec<ConfigError>> {
        let mut waivers: Vec<Waiver> = Vec::new();
        let mut errors = Vec::new();
        for config in configs {
            let at = |message: String, accepted: &str| ConfigError::at(&config.pointer.referenced, message, accepted);
            let pointer = &config.pointer.value;
            if config.because.value.trim().is_empty() {
                let message = "a waiver without a reason";
                errors.push(ConfigError::at(&config.because.referenced, message, "why this may stay unenforced"));
            }
            let places: HashSet<Place> = documents.places(pointer).into_iter().flatten().collect();
            if places.is_empty() {
                let accepted = "a JSON Pointer such as `/paths/~1orders/get/parameters/0`, or `file.yaml#/Order`";
                errors.push(at(format!("`{pointer}` leads nowhere in the document"), accepted));
            } else if waivers.iter().any(|known| known.config.pointer.value == *pointer) {
                errors.push(at(format!("`{pointer}` is waived twice"), "each pointer once"));
            } else {
                waivers.push(Waiver { config: config.clone(), places, is_used: Cell::new(false) });
            }
        }
        if errors.is_empty() { Ok(Self { waivers }) } else { Err(errors) }
    }

    /// The finding about a construct at `at` that cannot be enforced: a warning where it is waived, otherwise an error that
    /// says which pointer to waive. Either way the construct is not enforced.
    #[must_use]
    pub fn unenforced(
        &self,
        documents: &Documents,
        at: Place,
        message: impl Into<String>,
        accepted: &str,
    ) -> ConfigError {
        let message = message.into();
        if let Some(waiver) = self.waivers.iter().find(|waiver| waiver.places.contains(&at)) {
            waiver.is_used.set(true);
            return documents
                .error(at, format!("{message}: waived because {}", waiver.config.because.value), "")
                .warning();
        }
        let pointer = documents.pointer(at).unwrap_or_default();
        let separator = if accepted.is_empty() { "" } else { ", or " };
        documents.error(at, message, format!("{accepted}{separator}`{pointer}` under `contract: {{ waive }}`"))
    }

    /// Waivers that nothing needed: what they waived is gone or enforced by now. To be asked after all has been read.
    pub fn unused(&self) -> impl Iterator<Item = ConfigError> {
        self.waivers.iter().filter(|waiver| !waiver.is_used.get()).map(|waiver| {
            let message = format!("`{}` is enforced without this waiver", waiver.config.pointer.value);
            ConfigError::at(&waiver.config.pointer.referenced, message, "the list without it").warning()
        })
    }
}

#[cfg(test)]
mod tests;
