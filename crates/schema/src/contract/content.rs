//! Content of one media type: how it is read, and what it must be.

use super::{Accepted, Refused};
use crate::coding::{self, Coding, CodingError};
use crate::engine::{Policy, SchemaId, Schemas};
use crate::values::media::{MediaError, MediaType, Ranges, Reading};
use crate::values::multipart::FormData;
use crate::values::{Form, Violation as ValueViolation};
use http::HeaderMap;
use portcullis_core::{Place, Reason, Violation};
use portcullis_json::{Bounds, Document, Edits, Problem};

/// All that a message may have as its content.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) ranges: Ranges,
    /// At the places of the ranges.
    pub(super) entries: Box<[Entry]>,
}

/// Content of one media type or range of them.
#[derive(Debug)]
pub(super) struct Entry {
    /// What it must be; `None`: it passes unread.
    pub(super) schema: Option<SchemaId>,
    /// How its fields are read, where it is a form.
    pub(super) form: Option<Form>,
    /// How its parts are read, where it is a form of parts.
    pub(super) parts: Option<FormData>,
}

/// How one content is read, and by which entry it is judged.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) entry: usize,
    pub(super) reading: Reading,
    /// Of a form of parts.
    pub(super) boundary: Option<Box<str>>,
}

impl Contents {
    /// The entry for a message; `None` where its content passes unread.
    ///
    /// # Errors
    /// The rule that its `Content-Type` breaks.
    pub(super) fn choose(&self, headers: &HeaderMap) -> Result<Option<Chosen>, &'static str> {
        let said = MediaType::of(headers).map_err(rule)?.ok_or("required")?;
        let chosen = self.ranges.choose(&said).map_err(rule)?;
        let Some(entry) = self.entries.get(chosen.entry).filter(|entry| entry.schema.is_some()) else {
            return Ok(None);
        };
        let mut boundary = None;
        match chosen.reading {
            Reading::Json | Reading::Text => {}
            Reading::Form if entry.form.is_some() => {}
            Reading::Multipart if entry.parts.is_some() => {
                boundary = Some(said.boundary().map_err(rule)?.into());
            }
            // Under a range: what cannot be judged by its schema is not taken.
            _ => return Err("mediaType"),
        }
        Ok(Some(Chosen { entry: chosen.entry, reading: chosen.reading, boundary }))
    }

    /// Whether content of some type is judged.
    pub(super) fn is_judged(&self) -> bool {
        self.entries.iter().any(|entry| entry.schema.is_some())
    }
}

const fn rule(error: MediaError) -> &'static str {
    match error {
        MediaError::Missing => "required",
        MediaError::Repeated => "duplicate",
        MediaError::Malformed | MediaError::Undeclared | MediaError::Boundary => "mediaType",
        MediaError::Charset => "charset",
    }
}

/// What names the ways in which content can fail.
#[derive(Clone, Copy)]
pub(super) struct Reasons {
    pub(super) unreadable: Reason,
    pub(super) invalid: Reason,
    pub(super) coding: Reason,
    pub(super) too_large: Reason,
}

pub(super) const REQUEST: Reasons = Reasons {
    unreadable: Reason::ContentUnreadable,
    invalid: Reason::ContentInvalid,
    coding: Reason::MediaTypeRefused,
    too_large: Reason::BodyTooLarge,
};
pub(super) const RESPONSE: Reasons = Reasons {
    unreadable: Reason::ResponseUnreadable,
    invalid: Reason::ResponseInvalid,
    coding: Reason::ResponseMediaType,
    too_large: Reason::ResponseTooLarge,
};

/// Content without its coding.
pub(super) fn decoded(
    coding: Option<Coding>,
    content: Vec<u8>,
    max_bytes: u64,
    reasons: Reasons,
) -> Result<Vec<u8>, Refused> {
    let Some(coding) = coding else { return Ok(content) };
    coding::decode(coding, coding::Limits::new(max_bytes), &content).map_err(|error| {
        let reason = match error {
            CodingError::Unknown | CodingError::Several | CodingError::Window => reasons.coding,
            CodingError::Malformed | CodingError::Trailing | CodingError::Truncated => reasons.unreadable,
            CodingError::TooLarge | CodingError::Ratio => reasons.too_large,
        };
        Refused { detail: Some(error.to_string()), ..Refused::by(reason, Violation::at("", "contentCoding")) }
    })
}

/// The most that may come out of a coding.
pub(super) fn decoded_bytes(coding: Option<Coding>, length: usize, max_bytes: u64) -> u64 {
    if coding.is_none() {
        return 0;
    }
    let limits = coding::Limits::new(max_bytes);
    let by_ratio = u64::try_from(length).unwrap_or(u64::MAX).saturating_mul(limits.max_ratio);
    by_ratio.max(limits.ratio_from).min(max_bytes)
}

/// By which rules content is judged.
pub(super) struct Rules<'a> {
    pub(super) schemas: &'a Schemas,
    pub(super) schema: Option<SchemaId>,
    pub(super) policy: &'a Policy,
    pub(super) bounds: &'a Bounds,
    pub(super) reasons: Reasons,
}

impl Rules<'_> {
    /// One JSON text.
    fn json(&self, content: Vec<u8>) -> Result<Accepted, Refused> {
        let document = Document::parse(content, self.bounds).map_err(|error| Refused {
            reason: self.reasons.unreadable,
            violations: vec![Violation {
                place: Place::Byte(u64::try_from(error.offset).unwrap_or(u64::MAX)),
                rule: json_rule(error.problem),
            }],
            detail: Some(error.problem.to_string()),
        })?;
        let Some(schema) = self.schema else { return Ok(unchanged(document)) };
        let verdict = self.schemas.judge(schema, document.root(), self.policy);
        if !verdict.violations.is_empty() {
            let told =
                |violation: &crate::engine::Violation| Violation::at(violation.pointer.as_str(), violation.rule.name());
            return Err(Refused {
                reason: self.reasons.invalid,
                violations: verdict.violations.iter().map(told).collect(),
                detail: None,
            });
        }
        let mut noted = Vec::new();
        let value = |node| document.value(node);
        for removal in &verdict.removals {
            noted.extend(value(removal.node).map(|value| Violation::at(value.pointer(), removal.rule.name())));
        }
        for node in &verdict.undeclared {
            noted.extend(value(*node).map(|value| Violation::at(value.pointer(), "undeclared")));
        }
        if verdict.removals.is_empty() {
            return Ok(Accepted { noted, ..unchanged(document) });
        }
        let mut edits = Edits::new();
        verdict.edit(document.root(), &mut edits);
        Ok(Accepted { content: edits.apply(&document), is_changed: true, noted })
    }

    /// Content in the form that its type has.
    pub(super) fn judge(&self, entry: &Entry, chosen: &Chosen, content: Vec<u8>) -> Result<Accepted, Refused> {
        match (chosen.reading, &entry.form, &entry.parts, &chosen.boundary) {
            (Reading::Json, ..) => self.json(content),
            (Reading::Form, Some(form), ..) => self.form(form, content),
            (Reading::Multipart, _, Some(parts), Some(boundary)) => self.parts(parts, boundary, &content),
            _ => self.text(content),
        }
    }

    /// The fields of a form.
    fn form(&self, form: &Form, content: Vec<u8>) -> Result<Accepted, Refused> {
        let values = form.read(&content).map_err(|violations| Refused {
            reason: self.reasons.unreadable,
            violations: told(violations),
            detail: None,
        })?;
        let judged = self.json(values.json)?;
        if judged.is_changed {
            // A field cannot be cut out of the form by its place in the JSON text.
            return Err(Refused { reason: self.reasons.invalid, violations: judged.noted, detail: None });
        }
        Ok(match values.rewritten {
            None => Accepted { content, is_changed: false, noted: judged.noted },
            Some(text) => Accepted { content: text.into_bytes(), is_changed: true, noted: judged.noted },
        })
    }

    /// The parts of a form. They are written again in the one form that all readers read alike (contract/V-55).
    fn parts(&self, parts: &FormData, boundary: &str, content: &[u8]) -> Result<Accepted, Refused> {
        let values = parts.read(boundary, content).map_err(|violations| Refused {
            reason: self.reasons.unreadable,
            violations: told(violations),
            detail: None,
        })?;
        let judged = self.json(values.json.clone())?;
        if judged.is_changed {
            return Err(Refused { reason: self.reasons.invalid, violations: judged.noted, detail: None });
        }
        let written = values.written(boundary, content);
        Ok(Accepted { is_changed: written != content, content: written, noted: judged.noted })
    }

    /// A string that is judged as the schema of a string is.
    fn text(&self, content: Vec<u8>) -> Result<Accepted, Refused> {
        let unreadable = || Refused::by(self.reasons.unreadable, Violation::at("", "encoding"));
        let text = std::str::from_utf8(&content).map_err(|_| unreadable())?;
        if let Some(schema) = self.schema {
            let mut quoted = Vec::with_capacity(text.len().saturating_add(2));
            let long = |_| Refused::by(self.reasons.unreadable, Violation::at("", "json.size"));
            crate::values::write_string(text, self.bounds, &mut quoted).map_err(long)?;
            let document = Document::parse(quoted, self.bounds).map_err(|_| unreadable())?;
            let verdict = self.schemas.judge(schema, document.root(), self.policy);
            if let Some(violation) = verdict.violations.first() {
                return Err(Refused::by(self.reasons.invalid, Violation::at("", violation.rule.name())));
            }
        }
        Ok(Accepted { content, ..Accepted::default() })
    }
}

pub(super) fn told(violations: Vec<ValueViolation>) -> Vec<Violation> {
    violations.into_iter().map(|violation| Violation::of(violation.to_string(), violation.rule.id())).collect()
}

fn unchanged(document: Document) -> Accepted {
    Accepted { content: document.into_text().into_bytes(), ..Accepted::default() }
}

/// The rule of the grammar that a text breaks.
const fn json_rule(problem: Problem) -> &'static str {
    match problem {
        Problem::Expected(_) | Problem::Trailing | Problem::ByteOrderMark => "json.syntax",
        Problem::Utf8 | Problem::Surrogate | Problem::Nul => "json.string",
        Problem::NumberRange | Problem::NumberBytes(_) => "json.number",
        Problem::DuplicateName => "json.duplicate_key",
        Problem::Depth(_) => "json.depth",
        Problem::Members(_)
        | Problem::Elements(_)
        | Problem::Nodes(_)
        | Problem::StringBytes(_)
        | Problem::TextBytes => "json.size",
    }
}
