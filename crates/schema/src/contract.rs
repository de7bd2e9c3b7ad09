//! The contract of each operation: what it takes, what it promises, and how content is judged by it.
//!
//! **Flow**  [`compile`] once per document; each request: [`Contract::parameters`], [`Contract::expected`] →
//! [`RequestRules::judge`]; each response: [`Contract::promised`] → [`ResponseRules::judge`].

mod compile;
mod content;
mod request;
mod response;
mod template;

pub use compile::{Document, compile};
pub use request::{Expected, RequestRules};
pub use response::{Promised, ResponseRules};

use crate::engine::{Policy, SchemaId, Schemas};
use crate::values::Parameters;
use content::Contents;
use http::HeaderValue;
use portcullis_core::{OperationId, Reason, Violation};
use portcullis_json::Bounds;
use response::Answer;
use std::sync::Arc;
use template::Template;

/// The schema room's form of a Snapshot.
#[derive(Debug, Default)]
pub struct Compiled {
    /// At [`OperationId::index`]; `None` where nothing is enforced.
    operations: Vec<Option<Arc<Contract>>>,
}

impl Compiled {
    /// Contracts at the places of their operations.
    #[must_use]
    pub const fn new(operations: Vec<Option<Arc<Contract>>>) -> Self {
        Self { operations }
    }

    /// The contract of an Operation.
    #[must_use]
    pub fn operation(&self, id: OperationId) -> Option<&Arc<Contract>> {
        self.operations.get(id.index())?.as_ref()
    }
}

/// What one operation takes and promises.
#[derive(Debug)]
pub struct Contract {
    schemas: Arc<Schemas>,
    template: Template,
    parameters: Parameters,
    /// Of each parameter: what its value must be; `None` where that is waived.
    values: Box<[Option<SchemaId>]>,
    body: Option<Body>,
    /// The exact ones before the classes, and these before the rest.
    answers: Box<[Answer]>,
    /// What a 415 lists.
    accept: Option<HeaderValue>,
    request: Policy,
    response: Policy,
    bounds: Bounds,
}

/// Content of a request.
#[derive(Debug)]
struct Body {
    required: bool,
    contents: Contents,
}

/// Judged content.
#[derive(Debug, Default)]
pub struct Accepted {
    /// What may be passed on.
    pub content: Vec<u8>,
    /// Whether it is other bytes than those that came.
    pub is_changed: bool,
    /// What was taken out, or stays although it is not declared.
    pub noted: Vec<Violation>,
}

/// Content that may not be passed on.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub reason: Reason,
    /// Where, and by which rules.
    pub violations: Vec<Violation>,
    /// For the record: what was expected where content cannot be read.
    pub detail: Option<String>,
}

impl Refused {
    /// Without a place.
    #[must_use]
    pub const fn new(reason: Reason) -> Self {
        Self { reason, violations: Vec::new(), detail: None }
    }

    fn by(reason: Reason, violation: Violation) -> Self {
        Self { reason, violations: vec![violation], detail: None }
    }
}

impl Contract {
    /// What a response with status 415 lists (RFC 9110 §12.5.1).
    #[must_use]
    pub const fn accept(&self) -> Option<&HeaderValue> {
        self.accept.as_ref()
    }

    /// Whether the document says nothing of responses.
    #[must_use]
    pub fn promises_nothing(&self) -> bool {
        self.answers.is_empty()
    }

    /// Whether some response has content that is looked at.
    #[must_use]
    pub fn promises_content(&self) -> bool {
        self.answers.iter().any(Answer::is_looked_at)
    }
}
