//! What a request must be.

use super::content::{Chosen, REQUEST, Rules, decoded, decoded_bytes, told};
use super::{Accepted, Contract, Refused};
use crate::coding::Coding;
use crate::engine::Policy;
use crate::values::{self, Input};
use http::HeaderMap;
use portcullis_core::{Reason, Violation};
use portcullis_json::{Document, Value};
use std::sync::Arc;

/// What is done with the content of a request.
#[derive(Debug)]
pub enum Expected {
    /// There must be none.
    Nothing,
    /// It passes as it comes, within the bound of its size.
    Opaque,
    /// It is judged as a whole.
    Whole(RequestRules),
}

/// The rules for the content of one request.
#[derive(Debug)]
pub struct RequestRules {
    contract: Arc<Contract>,
    chosen: Chosen,
    coding: Option<Coding>,
}

impl Contract {
    /// Judges path, query, header fields and cookies. The query to forward, where it is another than the one that came.
    ///
    /// `path` is canonical, below the base path.
    ///
    /// # Errors
    /// Every parameter that is wrong, up to the bound of a report.
    pub fn parameters(
        &self,
        path: &str,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Option<String>, Vec<Violation>> {
        if self.values.is_empty() && query.is_none_or(str::is_empty) {
            return Ok(None);
        }
        let mut named = Vec::new();
        if !self.template.values(path, &mut named) {
            return Err(vec![Violation::of("path", "style")]);
        }
        let values = self.parameters.read(&Input { path: &named, query, headers }).map_err(told)?;
        let mut violations = Vec::new();
        if !values.found().is_empty() {
            let document = Document::parse(values.json().to_vec(), &self.bounds)
                .map_err(|_| vec![Violation::of("query", "json")])?;
            for (&place, value) in values.found().iter().zip(document.root().elements()) {
                self.judge_value(place, value, &mut violations);
            }
        }
        if !violations.is_empty() {
            return Err(violations);
        }
        Ok(values.query().map(str::to_owned))
    }

    fn judge_value(&self, place: usize, value: Value<'_>, violations: &mut Vec<Violation>) {
        let Some(schema) = self.values.get(place).copied().flatten() else { return };
        let verdict = self.schemas.judge(schema, value, &Policy::REQUEST);
        let name = self.parameters.spec(place).map(values::Spec::shown).unwrap_or_default();
        for violation in verdict.violations {
            violations.push(Violation::of(format!("{name}{}", violation.pointer), violation.rule.name()));
        }
    }

    /// What the content of a request must be, by what its head says of it. `is_empty`: none will follow.
    ///
    /// # Errors
    /// Content that this operation does not take, or needs.
    pub fn expected(self: &Arc<Self>, headers: &HeaderMap, is_empty: bool) -> Result<Expected, Refused> {
        let Some(body) = &self.body else { return Ok(Expected::Nothing) };
        if is_empty {
            return if body.required { Err(Refused::new(Reason::ContentMissing)) } else { Ok(Expected::Nothing) };
        }
        let refused = |field: &str, rule| Refused::by(Reason::MediaTypeRefused, Violation::of(field, rule));
        let chosen = body.contents.choose(headers).map_err(|rule| refused("header.Content-Type", rule))?;
        let Some(chosen) = chosen else { return Ok(Expected::Opaque) };
        let coding = Coding::of(headers).map_err(|_| refused("header.Content-Encoding", "contentCoding"))?;
        Ok(Expected::Whole(RequestRules { contract: Arc::clone(self), chosen, coding }))
    }
}

impl RequestRules {
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
        let Some(body) = &contract.body else { return Err(Refused::new(Reason::ContentUnexpected)) };
        if content.is_empty() {
            return if body.required { Err(Refused::new(Reason::ContentMissing)) } else { Ok(Accepted::default()) };
        }
        let Some(entry) = body.contents.entries.get(self.chosen.entry) else {
            return Err(Refused::new(Reason::ContentUnexpected));
        };
        let content = decoded(self.coding, content, max_bytes, REQUEST)?;
        let rules = Rules {
            schemas: &contract.schemas,
            schema: entry.schema,
            policy: &contract.request,
            bounds: &contract.bounds,
            reasons: REQUEST,
        };
        let mut accepted = rules.judge(entry, &self.chosen, content)?;
        accepted.is_changed |= self.coding.is_some();
        Ok(accepted)
    }
}
