//! Products and their reviews.

use http::StatusCode;
use http::header::ACCEPT;
use serde_json::{Value, json};

use super::State;
use super::call::{Call, Failure, Outcome, answer, not_found, reply};

/// Weaknesses: SQL from strings (guide 5.1), a page as large as the caller likes (guide 2.4).
pub(super) fn list(state: &State, call: &Call) -> Outcome {
    let search = call.query("search").unwrap_or_default();
    let limit = call.query("limit").unwrap_or("20");
    let offset = call.query("offset").unwrap_or("0");
    let statement = format!(
        "SELECT id, name, price_cents, stock FROM products WHERE name LIKE '%{search}%' LIMIT {limit} OFFSET {offset}"
    );
    let found = state.store.borrow().rows(&statement, []);
    match found {
        Ok(rows) => Ok(answer(StatusCode::OK, &Value::Array(rows))),
        Err(error) => Err(Failure::Sql { error, statement }),
    }
}

pub(super) fn product(state: &State, id: &str) -> Outcome {
    let columns = "SELECT id, name, price_cents, stock FROM products WHERE id = ?1";
    Ok(answer(StatusCode::OK, &state.store.borrow().row(columns, [id])?.ok_or_else(not_found)?))
}

/// Weakness (guide 5.2): a browser gets the reviews as HTML, their text as it was written.
pub(super) fn reviews(state: &State, call: &Call, id: &str) -> Outcome {
    let rows = state.store.borrow().rows("SELECT id, author, text FROM reviews WHERE product_id = ?1", [id])?;
    if !call.header(ACCEPT.as_str()).is_some_and(|accepted| accepted.starts_with("text/html")) {
        return Ok(answer(StatusCode::OK, &Value::Array(rows)));
    }
    let text = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let items: String =
        rows.iter().map(|row| format!("<li>{}: {}</li>\n", text(row, "author"), text(row, "text"))).collect();
    Ok(reply(
        StatusCode::OK,
        "text/html; charset=utf-8",
        format!("<!doctype html><title>Reviews</title><ul>{items}</ul>"),
    ))
}

pub(super) fn add_review(state: &State, call: &Call, id: &str) -> Outcome {
    let caller = call.caller()?;
    let body = call.json()?;
    let text = body.get("text").and_then(Value::as_str).unwrap_or_default();
    let store = state.store.borrow();
    store.row("SELECT id FROM products WHERE id = ?1", [id])?.ok_or_else(not_found)?;
    store.execute(
        "INSERT INTO reviews(product_id, author, text) SELECT ?1, name, ?2 FROM users WHERE id = ?3",
        (id, text, caller.id),
    )?;
    let id = store.last_id();
    Ok(answer(StatusCode::CREATED, &json!({ "id": id, "text": text })))
}
