mod bounds;
mod edits;
mod equality;
mod numbers;
mod pointers;
mod second_opinion;
mod syntax;

use crate::{Bounds, Document, Error, Problem};

fn parse(text: &str) -> Result<Document, Error> {
    Document::parse(text.as_bytes().to_vec(), &Bounds::default())
}

fn good(text: &str) -> Document {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Where and why a text is refused.
fn refusal(text: &[u8]) -> (usize, Problem) {
    let error = Document::parse(text.to_vec(), &Bounds::default()).expect_err(&text.escape_ascii().to_string());
    (error.offset, error.problem)
}
