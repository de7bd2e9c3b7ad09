//! The values of a request: what stands in a path, query, header, cookie or form becomes JSON text for the schema to judge.
//!
//! **Does**  reads each parameter by its style, once; refuses or takes out what is not declared; clamps page sizes.
//! **Never** guesses: a text that two readers could read differently is refused. Names no value in an error.
//! **Flow**  [`Spec`] → [`Parameters::compile`]; each request: [`Parameters::read`] → [`Values`], the JSON text of all of them.
//! **Fails** with [`Violation`]s: which parameter, and which rule.
//! **Source** OpenAPI 3.2.0 (Style Values, Style Examples, Appendix B and E), RFC 6570, WHATWG URL (form parser), RFC 6265.

mod caps;
mod cookies;
mod deep;
mod form;
mod list;
pub mod media;
pub mod multipart;
mod pairs;
mod parameters;
mod path;
mod percent;
mod query;
mod spec;
#[cfg(test)]
mod tests;
mod text;
mod violation;

pub use deep::Deep;
pub use form::{Form, FormValues};
pub use parameters::{Input, Parameters, Values};
pub use spec::{Cap, Content, Location, Options, Over, Spec, SpecError, SpecProblem, Style, Unknown, Writing};
pub use text::string as write_string;
pub use violation::{MAX_VIOLATIONS, Rule, Violation};
