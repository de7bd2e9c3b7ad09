//! Which OpenAPI a document is written in.

use crate::documents::Documents;
use crate::node::Kind;
use portcullis_core::config::ConfigError;

/// What the message says is accepted, wherever a version is wrong.
const ACCEPTED: &str = "`openapi: 3.0.x`, `3.1.x` or `3.2.x`, all three numbers written";

/// 3.0, 3.1 or 3.2; patch releases change no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 3.0.x: schemas are a dialect of their own.
    V3_0,
    /// 3.1.x: schemas are JSON Schema draft 2020-12.
    V3_1,
    /// 3.2.x: the method QUERY, other methods, sequences of items.
    V3_2,
}

impl Version {
    /// `3.0`, `3.1` or `3.2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V3_0 => "3.0",
            Self::V3_1 => "3.1",
            Self::V3_2 => "3.2",
        }
    }

    /// A version with all three numbers; anything else is not guessed at.
    fn parse(text: &str) -> Option<Self> {
        let (minor, patch) = text.rsplit_once('.')?;
        if patch.is_empty() || !patch.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        [Self::V3_0, Self::V3_1, Self::V3_2].into_iter().find(|version| version.name() == minor)
    }
}

impl Documents {
    /// The version that the document itself states.
    ///
    /// # Errors
    /// No version, one that is not read, or Swagger 2.0.
    pub fn version(&self) -> Result<Version, ConfigError> {
        let root = self.root();
        if let Some(swagger) = root.get("swagger") {
            let accepted = "OpenAPI 3; a converter such as swagger2openapi rewrites the document";
            return Err(self.error(swagger.place, "is a Swagger 2.0 document", accepted));
        }
        let Some(written) = root.get("openapi") else {
            let error = ConfigError::new("is no OpenAPI document: it has no `openapi`", ACCEPTED);
            return Err(error.in_file(self.file(root.place.file)));
        };
        let text = match &written.kind {
            Kind::String(text) | Kind::Number(text) => text,
            _ => "",
        };
        Version::parse(text).ok_or_else(|| {
            self.error(written.place, format!("`{text}` is no version of OpenAPI that this build reads"), ACCEPTED)
        })
    }
}

#[cfg(test)]
mod tests;
