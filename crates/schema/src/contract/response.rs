//! What a response must be.

use super::content::{Chosen, Contents, RESPONSE, Rules, decoded, decoded_bytes, told};
use super::{Accepted, Contract, Refused};
use crate::coding::Coding;
use crate::document::StatusRange;
use crate::engine::{Policy, SchemaId};
use crate::values::{Input, Parameters};
use http::{HeaderMap, StatusCode};
use portcullis_core::{Reason, Violation};
use portcullis_json::{Bounds, Document};
use std::sync::Arc;

/// What an upstream may send: it is not the one who attacks, and lists are long.
const RESPONSE_BOUNDS: Bounds = Bounds {
    depth: 64,
    members: 100_000,
    elements: 1_000_000,
    nodes: 2_000_000,
    string_bytes: 8 * 1024 * 1024,
    number_bytes: 1024,
    is_nul_allowed: true,
};

/// What one status promises.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusRange,
    /// Fields that are promised.
    pub(super) fields: Parameters,
    pub(super) values: Box<[Option<SchemaId>]>,
    /// Empty: no content.
    pub(super) contents: Contents,
}

/// What is done with the content of a response.
#[derive(Debug)]
pub enum Promised {
    /// It is passed on unread.
    Anything,
    /// It is judged as a whole.
    Whole(ResponseRules),
}

/// The rules for the content of one response.
#[derive(Debug)]
pub struct ResponseRules {
    contract: Arc<Contract>,
    answer: usize,
    chosen: Chosen,
    coding: Option<Coding>,
}

impl Answer {
    pub(super) fn is_looked_at(&self) -> bool {
        self.contents.is_judged()
    }
}

impl Contract {
    /// What the document says of a response, by its head. `has_content`: some may follow.
    ///
    /// # Errors
    /// A status, a media type or a coding that it does not promise; a field that breaks its schema.
    pub fn promised(
        self: &Arc<Self>,
        status: StatusCode,
        headers: &HeaderMap,
        has_content: bool,
    ) -> Result<Promised, Refused> {
        if self.answers.is_empty() {
            return Ok(Promised::Anything); // the document says nothing: a gap, which coverage shows
        }
        let found = self.answers.iter().position(|answer| answer.status.covers(status.as_u16()));
        let Some((place, answer)) = found.and_then(|place| Some((place, self.answers.get(place)?))) else {
            // Not the API's own answer, but that of HTTP to a condition or a range.
            let is_not_modified = status == StatusCode::NOT_MODIFIED;
            return if is_not_modified { Ok(Promised::Anything) } else { Err(Refused::new(Reason::ResponseStatus)) };
        };
        self.judge_fields(answer, headers)?;
        if !has_content {
            return Ok(Promised::Anything);
        }
        let refused = |rule| Refused::by(Reason::ResponseMediaType, Violation::of("header.Content-Type", rule));
        let Some(chosen) = answer.contents.choose(headers).map_err(refused)? else { return Ok(Promised::Anything) };
        if status == StatusCode::PARTIAL_CONTENT {
            return Err(refused("range")); // no schema is for a part (contract/S-13)
        }
        let coding = Coding::of(headers).map_err(|_| {
            Refused::by(Reason::ResponseMediaType, Violation::of("header.Content-Encoding", "contentCoding"))
        })?;
        Ok(Promised::Whole(ResponseRules { contract: Arc::clone(self), answer: place, chosen, coding }))
    }

    fn judge_fields(&self, answer: &Answer, headers: &HeaderMap) -> Result<(), Refused> {
        if answer.values.is_empty() {
            return Ok(());
        }
        let refused = |violations| Refused { reason: Reason::ResponseInvalid, violations, detail: None };
        let input = Input { path: &[], query: None, headers };
        let values = answer.fields.read(&input).map_err(|violations| refused(told(violations)))?;
        let Ok(document) = Document::parse(values.json().to_vec(), &self.bounds) else {
            return Err(refused(vec![Violation::of("header", "json")]));
        };
        let mut violations = Vec::new();
        for (&place, value) in values.found().iter().zip(document.root().elements()) {
            let Some(schema) = answer.values.get(place).copied().flatten() else { continue };
            let name = answer.fields.spec(place).map(crate::values::Spec::shown).unwrap_or_default();
            for violation in self.schemas.judge(schema, value, &Policy::RESPONSE).violations {
                violations.push(Violation::of(format!("{name}{}", violation.pointer), violation.rule.name()));
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(refused(violations)) }
    }
}

impl ResponseRules {
    /// Bytes that judging may take beside the content, of which `length` came and `max_bytes` may come out of a coding.
    #[must_use]
    pub fn room(&self, length: usize, max_bytes: u64) -> u64 {
        decoded_bytes(self.coding, length, max_bytes)
    }

    /// Judges the whole of the content; `max_bytes` may come out of its coding.
    ///
    /// # Errors
    /// Content that cannot be read, or breaks its schema.
    pub fn judge(&self, content: Vec<u8>, max_bytes: u64) -> Result<Accepted, Refused> {
        let contract = &*self.contract;
        let answer = contract.answers.get(self.answer);
        let entry = answer.and_then(|answer| answer.contents.entries.get(self.chosen.entry));
        let Some(entry) = entry else { return Err(Refused::new(Reason::ResponseStatus)) };
        let content = decoded(self.coding, content, max_bytes, RESPONSE)?;
        let rules = Rules {
            schemas: &contract.schemas,
            schema: entry.schema,
            policy: &contract.response,
            bounds: &RESPONSE_BOUNDS,
            reasons: RESPONSE,
        };
        let mut accepted = rules.judge(entry, &self.chosen, content)?;
        accepted.is_changed |= self.coding.is_some();
        Ok(accepted)
    }
}
