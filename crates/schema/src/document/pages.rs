//! Parameters that say how much a list holds.

use super::model::{Operation, Parameter};
use super::types;
use crate::values::Location;
use portcullis_openapi::{Documents, Node};

/// Names that APIs give to the size of a page, in lower case without `_` and `-`.
const NAMES: &[&str] = &[
    "limit",
    "pagesize",
    "perpage",
    "pagelimit",
    "maxresults",
    "first",
    "last",
    "top",
    "$top",
    "count",
    "take",
    "size",
];

impl<'d> Operation<'d> {
    /// Query parameters that ask for a number of items and state no maximum: one request may ask for everything (OWASP
    /// API4:2023). Who caps them in the configuration knows; anybody else should be told.
    pub fn unbounded_pages(&self, documents: &'d Documents) -> impl Iterator<Item = &Parameter<'d>> {
        self.parameters.iter().filter(move |parameter| {
            let name = parameter.name.replace(['_', '-'], "").to_ascii_lowercase();
            parameter.location == Location::Query
                && NAMES.contains(&&*name)
                && parameter.schema().is_some_and(|schema| is_unbounded(documents, schema))
        })
    }
}

/// A number without a maximum, as far as it is written where the number is.
fn is_unbounded(documents: &Documents, schema: &Node) -> bool {
    let schema = types::target(documents, schema).unwrap_or(schema);
    let is_number = types::types(documents, schema).iter().any(|kind| matches!(*kind, "integer" | "number"));
    let bounds = ["maximum", "exclusiveMaximum", "enum", "const"];
    is_number && !bounds.into_iter().any(|bound| schema.get(bound).is_some())
}
